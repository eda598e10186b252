"""Terms in the chair of an alliance: one after the other, never two at one time. Pure."""

from collections.abc import Iterable
from datetime import date

from domain.errors import TermsOverlap
from domain.identity import NodeReference
from domain.plausible import check_period
from domain.records import ChairTerm


def check_term(term: ChairTerm, others: Iterable[ChairTerm]) -> None:
    """Refuse a term that ends before it starts or shares a day with another.

    A term without an end lasts. Raises BadInput and TermsOverlap.
    """
    check_period("endsOn", term.starts_on, term.ends_on)
    for other in sorted(others, key=lambda each: (each.starts_on, each.id)):
        apart = _end(other) < term.starts_on or _end(term) < other.starts_on
        if other.id != term.id and not apart:
            raise TermsOverlap(
                node=NodeReference("ChairTerm", other.id),
                starts=other.starts_on.isoformat(),
                ends=other.ends_on.isoformat() if other.ends_on else "-",
            )


def _end(term: ChairTerm) -> date:
    return term.ends_on or date.max
