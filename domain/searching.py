"""What each node is found by: the one text of it that is searched, made of what people know it by.

It is made of terms (`domain.spelling`), as queries are.
"""

from collections.abc import Iterable

from domain.categories import CATEGORIES
from domain.records import Area, Category, DemandOrder, PartyBranch, ResourceOffer, Unit
from domain.spelling import spellings, terms

SHORT_NAME = 12
"""Characters up to which a part is taken for a name: of a category, a provider, another name."""


def search_text(parts: Iterable[str | None]) -> str:
    """Return what is stored for search: the terms of the parts, and how names are typed in pinyin.

    Names are the first part and whatever else is short. Each term stands once, so that a text which
    is made again of its own terms stays as it is.
    """
    given = [part for part in parts if part]
    found = [term for part in given for term in terms(part)]
    names = given[:1] + [part for part in given[1:] if len(part) <= SHORT_NAME]
    found += [spelt for name in names for spelt in spellings(name)]
    return " ".join(dict.fromkeys(found))


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
