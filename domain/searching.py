"""What each node is found by: the one text of it that is searched, made of what people know it by.

The texts are folded (`domain.folding.fold`), as queries are.
"""

from collections.abc import Iterable

from domain.categories import CATEGORIES
from domain.folding import fold
from domain.records import Area, Category, DemandOrder, PartyBranch, ResourceOffer, Unit


def search_text(parts: Iterable[str | None]) -> str:
    """Return the parts that say something as one folded text."""
    return fold(" ".join(part for part in parts if part))


def named(node: Area | Unit | PartyBranch) -> tuple[str, ...]:
    """Return what an area or an agent is found by."""
    return (node.name, *node.aliases)


def of_category(category: Category) -> tuple[str, ...]:
    """Return what a category is found by: one of the built-in taxonomy also by its keywords."""
    fact = CATEGORIES.get(category.code)
    return (
        category.name,
        category.name_en,
        *category.aliases,
        *(fact.keywords if fact else ()),
    )


def of_offer(
    offer: ResourceOffer, category: Iterable[str], provider: str
) -> tuple[str | None, ...]:
    """Return what an offer is found by; `category` are the names of its category."""
    return (
        offer.title,
        offer.description,
        *category,
        offer.conditions,
        offer.beneficiaries,
        provider,
    )


def of_order(order: DemandOrder, category: Iterable[str], receiver: str) -> tuple[str | None, ...]:
    """Return what an order is found by; `category` are the names of its category."""
    return (order.title, order.description, *category, order.beneficiaries, receiver)
