"""The report of a load and of a matching run, for people and as a document for machines."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import orjson

from domain.inventory import Duplicate
from domain.language import Language, label, text
from domain.measures import written
from domain.run_records import MatchRun
from domain.vocabulary import Initiator, Role
from graph.match_runs import ProposalRow
from graph.reports import ClaimEnds, HistoryLine, Item
from matching.documents import read_certificate, read_reasons, read_unmatched
from matching.explain import (
    LIST_SEPARATORS,
    change_sentence,
    fairness_sentence,
    proof_sentence,
    reason_sentence,
    unmatched_sentence,
)
from matching.memory import read_changes
from matching.plans import Unmatched
from resolvers.loading_report import Change, LoadReport, Outcome
from server.output import Output, error_document

PAIRS_SHOWN = 8
UNMATCHED_SHOWN = 8
PROBLEMS_SHOWN = 50
CHANGES_SHOWN = 40
RIVALS_SHOWN = 3
CLAIM_EVENT = "CLAIM_"


@dataclass(frozen=True, slots=True)
class Findings:
    """A finished run with what a report names of it."""

    run: MatchRun
    proposals: Sequence[ProposalRow]
    orders: Mapping[str, Item]
    offers: Mapping[str, Item]


@dataclass(frozen=True, slots=True)
class Story:
    """A claim that was carried to its verified result."""

    initiator: Initiator
    ends: ClaimEnds
    history: Sequence[HistoryLine]


@dataclass(frozen=True, slots=True)
class SignIn:
    """A token of a sample role."""

    role: Role
    account: str
    token: str


def orders_of(run: MatchRun) -> set[str]:
    """Return the orders that the leftovers of a run name."""
    left_over = read_unmatched(run.unmatched)
    return {left.order_id for left in left_over} | {
        rival for left in left_over for rival in left.rivals
    }


def amount(quantity: int, measure: str, language: Language) -> str:
    """Return a quantity with its unit, as people write it."""
    return f"{written(quantity, measure)} {label('Measure', measure, language)}"


def print_loaded(output: Output, loaded: LoadReport) -> None:
    """Say what a load wrote, and which rows have to be repaired."""
    if loaded.dry_run:
        output.say("loading.report.dry_run")
        for change in loaded.changes[:CHANGES_SHOWN]:
            output.line(change_text(change, output.language))
        if loaded.written > CHANGES_SHOWN:
            output.say("report.more_changes", count=loaded.written - CHANGES_SHOWN)
    output.table(
        ["column.kind", "column.created", "column.updated", "column.unchanged"],
        [
            (output.text(f"kind.{kind}"), counts.created, counts.updated, counts.unchanged)
            for kind, counts in loaded.counts.items()
        ],
    )
    if not loaded.written and (loaded.counts or not loaded.errors):
        output.say("loading.report.nothing")
    for note in loaded.notes:
        output.say(note.key, **note.details)
    if loaded.duplicates:
        output.say("loading.report.duplicates", count=len(loaded.duplicates))
        for duplicate in loaded.duplicates[:PROBLEMS_SHOWN]:
            output.line(duplicate_text(duplicate, output.language))
    print_problems(output, loaded)


def print_problems(output: Output, loaded: LoadReport) -> None:
    """Say what was not loaded: how many whole sheets, how many rows, and what is wrong."""
    if loaded.unread:
        output.say("loading.report.unread", count=loaded.unread)
    if loaded.rejected:
        output.say("loading.report.rejected", count=loaded.rejected)
    for error in loaded.errors[:PROBLEMS_SHOWN]:
        output.line(error.message(output.language))


def change_text(change: Change, language: Language) -> str:
    """Return what a load would make, or change and in which fields."""
    key = "create" if change.outcome is Outcome.CREATED else "update"
    return text(
        f"report.{key}",
        language,
        kind=text(f"kind.{change.label}", language),
        name=change.name,
        fields=LIST_SEPARATORS[language].join(change.fields),
    )


def duplicate_text(duplicate: Duplicate, language: Language) -> str:
    """Return which row says the same as which."""
    row, first = duplicate.origin, duplicate.first
    if (row.file, row.sheet) == (first.file, first.sheet):
        key = "loading.duplicate"
        return text(key, language, file=row.file, sheet=row.sheet, row=row.row, first=first.row)
    return text(
        "loading.duplicate_across",
        language,
        file=row.file,
        sheet=row.sheet,
        row=row.row,
        first_file=first.file,
        first_sheet=first.sheet,
        first=first.row,
    )


def print_matching(output: Output, findings: Findings) -> None:
    """Say what a run reached, the best pairs and why, and what is left over and why."""
    run, language = findings.run, output.language
    certificate = read_certificate(run.certificate)
    reached, practice = certificate.reached, certificate.practice
    output.say(
        "report.summary",
        orders=reached.orders,
        offers=run.offers,
        pairs=run.pairs,
        matched=reached.matched_orders,
        first_come=practice.matched_orders,
    )
    if not reached.orders:
        output.say("report.no_orders")
        return
    output.table(
        [
            "column.measure",
            "column.wanted",
            "column.matched",
            "column.share",
            "column.first_come",
            "column.share",
        ],
        [
            (
                label("Measure", measure, language),
                written(wanted, measure),
                written(matched, measure),
                share(matched, wanted),
                written(practice.quantities[measure][1], measure),
                share(practice.quantities[measure][1], wanted),
            )
            for measure, (wanted, matched) in reached.quantities.items()
        ],
    )
    output.say(
        "report.filled",
        filled=f"{100 * reached.filled:.1f}",
        whole=reached.whole_orders,
        first_come=f"{100 * practice.filled:.1f}",
        first_come_whole=practice.whole_orders,
    )
    if practice.value:
        gain = 100 * (reached.value - practice.value) / practice.value
        output.say("report.value", gain=f"{gain:.1f}")
    output.line(proof_sentence(certificate.components, language))
    if certificate.fairness is not None:
        output.line(fairness_sentence(certificate.fairness, language))
    print_changes(output, findings)
    output.heading("report.best_pairs")
    if not findings.proposals:
        output.say("report.no_pairs")
    output.table(
        ["column.order", "column.offer", "column.quantity", "column.score", "column.reasons"],
        [pair_row(row, findings, language) for row in findings.proposals[:PAIRS_SHOWN]],
    )
    unmatched = read_unmatched(run.unmatched)
    if not unmatched:
        return
    shown = unmatched[:UNMATCHED_SHOWN]
    output.heading("report.unmatched", count=len(unmatched), shown=len(shown))
    output.table(
        ["column.order", "column.missing"],
        [
            (findings.orders[left.order_id].title, why_unmatched(left, findings, language))
            for left in shown
        ],
    )


def print_changes(output: Output, findings: Findings) -> None:
    """Say what changed of the last plan, and why."""
    changes = read_changes(findings.run.changes or "[]")
    if not changes:
        return
    names = {each: item.title for each, item in {**findings.orders, **findings.offers}.items()}
    output.heading("report.changed", count=len(changes), shown=min(len(changes), CHANGES_SHOWN))
    for change in changes[:CHANGES_SHOWN]:
        output.line(change_sentence(change, names, output.language))


def share(part: int, whole: int) -> str:
    """Return a part of a whole in per cent."""
    return f"{100 * part / whole:.0f}%" if whole else "–"


def pair_row(row: ProposalRow, findings: Findings, language: Language) -> tuple[str, ...]:
    """Return the line of a pair: who gets what from whom, how much, how good, and why."""
    order, offer = findings.orders[row.order_id], findings.offers[row.offer_id]
    _, reasons = read_reasons(row.proposal.reasons)
    return (
        f"{order.title}（{order.agent_name}）",
        f"{offer.title}（{offer.agent_name}）",
        amount(row.proposal.quantity, row.proposal.measure, language),
        f"{row.proposal.score:.2f}",
        LIST_SEPARATORS[language].join(reason_sentence(reason, language) for reason in reasons),
    )


def why_unmatched(left: Unmatched, findings: Findings, language: Language) -> str:
    """Return what an order still misses and why."""
    known = [findings.orders[rival].title for rival in left.rivals if rival in findings.orders]
    rivals = known[:RIVALS_SHOWN] + (["…"] if len(known) > RIVALS_SHOWN else [])
    measure = findings.orders[left.order_id].measure
    return unmatched_sentence(left, measure, rivals, language)


def print_claims(output: Output, stories: Sequence[Story]) -> None:
    """Say how a claim of each initiator went from both sides to its verified result."""
    output.heading("report.claims")
    language = output.language
    output.table(
        ["column.initiator", "column.order", "column.quantity", "column.steps"],
        [
            (
                label("Initiator", story.initiator, language),
                f"{story.ends.order_title}\n{story.ends.supplier} → {story.ends.receiver}",
                amount(story.ends.quantity, story.ends.measure, language),
                steps_text(story, language),
            )
            for story in stories
        ],
    )
    missing = [initiator for initiator in Initiator if initiator not in _initiators(stories)]
    if missing:
        names = [label("Initiator", initiator, language) for initiator in missing]
        output.say("report.no_claims", initiators=LIST_SEPARATORS[language].join(names))


def steps_text(story: Story, language: Language) -> str:
    """Return the steps of a claim with who took them, and where it is now."""
    steps = [
        f"{label('ClaimAction', line.action.removeprefix(CLAIM_EVENT), language)}"
        f"（{line.actor or '–'}）"
        for line in story.history
    ]
    return " → ".join([*steps, label("ClaimState", story.ends.state, language)])


def _initiators(stories: Sequence[Story]) -> set[Initiator]:
    return {story.initiator for story in stories}


def print_sign_ins(output: Output, sign_ins: Sequence[SignIn]) -> None:
    """Say the tokens of the sample roles."""
    output.heading("report.sign_in")
    output.say("report.sign_in_hint")
    for sign_in in sign_ins:
        role = label("Role", sign_in.role, output.language)
        output.line(f"{role} · {sign_in.account}\n  {sign_in.token}")


def loaded_document(loaded: LoadReport, language: Language) -> dict[str, Any]:
    """Return a load's report for machines."""
    return {
        "dryRun": loaded.dry_run,
        "written": loaded.written,
        "counts": {
            kind: {
                "created": counts.created,
                "updated": counts.updated,
                "unchanged": counts.unchanged,
            }
            for kind, counts in loaded.counts.items()
        },
        "sheets": [
            {
                "file": sheet.file,
                "sheet": sheet.sheet,
                "kind": sheet.kind,
                "rows": sheet.rows,
                "written": sheet.written,
                "unchanged": sheet.unchanged,
                "duplicates": sheet.duplicates,
                "rejected": sheet.rejected,
            }
            for sheet in loaded.sheets
        ],
        "duplicates": [duplicate_text(duplicate, language) for duplicate in loaded.duplicates],
        "notes": [text(note.key, language, **note.details) for note in loaded.notes],
        "errors": [error_document(error, language) for error in loaded.errors],
        "changes": [
            {
                "type": change.label,
                "id": change.id,
                "name": change.name,
                "outcome": change.outcome,
                "fields": list(change.fields),
            }
            for change in loaded.changes
        ],
    }


def matching_document(findings: Findings, language: Language) -> dict[str, Any]:
    """Return a run's report for machines; quantities in smallest units."""
    run = findings.run
    return {
        "run": run.id,
        "value": run.value,
        "bound": run.bound,
        "certificate": orjson.loads(run.certificate),
        "changes": orjson.loads(run.changes or "[]"),
        "proposals": [
            {
                "order": row.order_id,
                "orderTitle": findings.orders[row.order_id].title,
                "offer": row.offer_id,
                "offerTitle": findings.offers[row.offer_id].title,
                "quantity": row.proposal.quantity,
                "measure": row.proposal.measure,
                "slots": list(row.proposal.slots),
                "score": row.proposal.score,
                "reasons": [
                    reason_sentence(reason, language)
                    for reason in read_reasons(row.proposal.reasons)[1]
                ],
            }
            for row in findings.proposals
        ],
        "unmatched": [
            {
                "order": left.order_id,
                "orderTitle": findings.orders[left.order_id].title,
                "missing": left.missing,
                "reason": left.reason,
                "why": why_unmatched(left, findings, language),
            }
            for left in read_unmatched(run.unmatched)
        ],
    }


def claims_document(stories: Sequence[Story]) -> list[dict[str, Any]]:
    """Return the carried claims for machines."""
    return [
        {
            "initiator": story.initiator,
            "claim": story.ends.id,
            "state": story.ends.state,
            "order": story.ends.order_id,
            "quantity": story.ends.quantity,
            "measure": story.ends.measure,
            "supplier": story.ends.supplier,
            "receiver": story.ends.receiver,
            "steps": [
                {"action": line.action, "at": line.at, "actor": line.actor}
                for line in story.history
            ],
        }
        for story in stories
    ]


def sign_ins_document(sign_ins: Sequence[SignIn]) -> list[dict[str, Any]]:
    """Return the tokens for machines."""
    return [
        {"role": sign_in.role, "account": sign_in.account, "token": sign_in.token}
        for sign_in in sign_ins
    ]
