"""Reasons as sentences, from the catalogues; the reasons themselves are codes with data."""

from collections.abc import Mapping, Sequence

from domain.language import Language, label, text
from domain.measures import written
from matching.changes import Cause, PlanChange
from matching.cycles import Package
from matching.plans import ComponentProof, Fairness, Json, Proof, Reason, Refusal, Unmatched
from matching.why import Why

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


def change_sentence(change: PlanChange, names: Mapping[str, str], language: Language) -> str:
    """Return what changed of the last plan, and why; `names` are titles of orders and offers."""

    def named(each: str | None, kind: str) -> str:
        return names.get(each or "", text(f"matching.change.{kind}", language))

    causes = [cause_sentence(cause, change, names, language) for cause in change.causes]
    return text(
        f"matching.change.{change.kind}",
        language,
        order=named(change.order_id, "order"),
        offer=named(change.offer_id, "offer"),
        source=named(change.from_offer_id, "offer"),
        why=LIST_SEPARATORS[language].join(causes),
    )


def package_sentence(package: Package, names: Mapping[str, str], language: Language) -> str:
    """Return who gives whom what; `names` are those of agents, and titles of offers, if known."""
    receivers = (*package.agents[1:], package.agents[0])
    links = [
        text(
            "matching.package.link",
            language,
            giver=names.get(giver, giver),
            receiver=names.get(receiver, receiver),
            offer=names.get(link.offer_id, link.offer_id),
            quantity=written(link.quantity, link.measure),
            measure=label("Measure", link.measure, language),
        )
        for giver, receiver, link in zip(package.agents, receivers, package.proposals, strict=True)
    ]
    return text("matching.package", language, links=LIST_SEPARATORS[language].join(links))


def cause_sentence(
    cause: Cause, change: PlanChange, names: Mapping[str, str], language: Language
) -> str:
    """Return a cause of a change."""
    kind = "other_order" if cause.code.startswith("ORDER") else "other_offer"
    own = {
        change.order_id: "order",
        change.offer_id: "offer",
        change.from_offer_id: "source",
    }.get(cause.id, kind)
    return text(
        f"matching.cause.{cause.code}",
        language,
        name=names.get(cause.id, text(f"matching.change.{own}", language)),
        rule=refusal_sentence(cause.refusal, language) if cause.refusal else "",
    )


def fairness_sentence(fairness: Fairness, language: Language) -> str:
    """Return what the floor between communities did, and what it cost."""
    return text(
        "matching.fairness",
        language,
        before=f"{100 * fairness.floor_before:.1f}",
        after=f"{100 * fairness.floor_after:.1f}",
        cost=f"{100 * fairness.cost:.2f}",
        most=f"{100 * fairness.most_cost:.2f}",
    )


def why_sentence(why: Why, language: Language) -> str:
    """Return why a pair is or is not in the plan."""
    if why.refusal is not None:
        return text("matching.why.REFUSED", language, rule=refusal_sentence(why.refusal, language))
    if why.taken:
        code = "TAKEN"
    elif why.loss is None:
        code = "UNKNOWN"
    else:
        code = "LOSES" if why.loss else "EQUAL"
    return text(
        f"matching.why.{code}",
        language,
        score=f"{why.score:.2f}",
        percent=f"{100 * (why.loss or 0) / why.worth:.1f}",
        users=len(why.users),
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
