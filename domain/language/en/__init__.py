"""The English catalogue, by topic."""

from domain.language.en import (
    claims,
    commands,
    computed,
    errors,
    fields,
    labels,
<<<<<<< HEAD
    limits,
    loading,
    matching,
=======
    loading,
    matching,
    pages,
>>>>>>> 583d61f (Sign in with a browser: by a code or through the issuer, with sessions that refresh)
)

CATALOGUE: dict[str, str] = {
    **labels.TEXTS,
    **fields.TEXTS,
    **errors.TEXTS,
    **claims.TEXTS,
    **computed.TEXTS,
    **matching.TEXTS,
    **loading.TEXTS,
    **commands.TEXTS,
<<<<<<< HEAD
    **limits.TEXTS,
=======
    **pages.TEXTS,
>>>>>>> 583d61f (Sign in with a browser: by a code or through the issuer, with sessions that refresh)
}
