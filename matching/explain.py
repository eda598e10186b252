"""Reasons as sentences, from the catalogues; the reasons themselves are codes with data."""

from collections.abc import Mapping, Sequence

from domain.language import Language, label, text
from domain.measures import written
from matching.model import ComponentProof, Json, Proof, Reason, Refusal, Unmatched

LIST_SEPARATORS: Mapping[Language, str] = {Language.ZH: "、", Language.EN: ", "}


def reason_sentence(reason: Reason, language: Language) -> str:
    """Return why a pair is good, as a sentence."""
    return text(f"matching.reason.{reason.code}", language, **_readable(reason.data, language))


def unmatched_sentence(
    unmatched: Unmatched, measure: str, rivals: Sequence[str], language: Language
) -> str:
    """Return how much an order still misses and why; `rivals` are titles of the other orders."""
    count = unmatched.refused.get(unmatched.reason, 0)
    why = text(
        f"matching.unmatched.{unmatched.reason}",
        language,
        count=count,
        rivals=LIST_SEPARATORS[language].join(rivals),
    )
    return text(
        "matching.missing",
        language,
        quantity=written(unmatched.missing, measure),
        measure=label("Measure", measure, language),
        why=why,
    )


def refusal_sentence(code: Refusal, language: Language) -> str:
    """Return which rule forbids a pair."""
    return text(f"matching.refusal.{code}", language)


def proof_sentence(proofs: Sequence[ComponentProof], language: Language) -> str:
    """Return how a plan is proven: how many components by prices, by the solver, with a gap."""
    counts = {kind: sum(proof.proof is kind for proof in proofs) for kind in Proof}
    gaps = [(proof.bound - proof.value) / proof.bound for proof in proofs if proof.bound]
    return text(
        "matching.proof",
        language,
        components=len(proofs),
        duals=counts[Proof.DUALS],
        solver=counts[Proof.SOLVER],
        gap=counts[Proof.GAP],
        percent=f"{100 * max(gaps, default=0.0):.2f}",
    )


def _readable(data: Mapping[str, Json], language: Language) -> dict[str, object]:
    separator = LIST_SEPARATORS[language]
    return {
        name: separator.join(map(str, value)) if isinstance(value, list) else value
        for name, value in data.items()
    }
