"""The English catalogue, by topic."""

from domain.language.en import (
    accounts,
    agents,
    changes,
    claims,
    commands,
    computed,
    errors,
    fields,
    groups,
    history,
    labels,
    limits,
    loading,
    matching,
    pages,
    reads,
)

CATALOGUE: dict[str, str] = {
    **labels.TEXTS,
    **accounts.TEXTS,
    **fields.TEXTS,
    **groups.TEXTS,
    **reads.TEXTS,
    **errors.TEXTS,
    **claims.TEXTS,
    **agents.TEXTS,
    **computed.TEXTS,
    **changes.TEXTS,
    **matching.TEXTS,
    **loading.TEXTS,
    **commands.TEXTS,
    **limits.TEXTS,
    **pages.TEXTS,
    **history.TEXTS,
}
