"""Offers, orders and the taxonomy as pieces of a load."""

from dataclasses import dataclass
from datetime import date, datetime

from domain.categories import CATEGORIES, SUBSTITUTES
from domain.folding import name_key
from domain.holds import offer_state, order_state
from domain.identity import derived_id
from domain.inventory import OfferRow, OrderRow, Origin
from domain.records import Category, DemandOrder, NeedList, ResourceList, ResourceOffer
from domain.searching import of_offer, of_order
from domain.vocabulary import ListState
from resolvers.loading_pieces import Piece, piece

YEAR_SEPARATOR = "—"


@dataclass(frozen=True, slots=True)
class Ends:
    """What an item is linked with, by id: its agent, where it is, whom it serves."""

    agent: str
    agent_name: str
    place: str
    serves: tuple[str, ...] = ()


def category_id(code: str) -> str:
    """Return the id of a category."""
    return derived_id("Category", code)


def category_pieces(now: datetime) -> list[Piece]:
    """Return the taxonomy, parents first."""
    wanted: dict[str, list[str]] = {}
    for code, substitute in SUBSTITUTES:
        wanted.setdefault(code, []).append(category_id(substitute))
    return [
        piece(
            Category(
                id=category_id(fact.code),
                created_at=now,
                code=fact.code,
                name=fact.name,
                name_en=fact.name_en,
                path=fact.path,
                aliases=fact.aliases,
            ),
            {
                "CHILD_OF": category_id(fact.parent) if fact.parent else None,
                "SUBSTITUTABLE_BY": wanted.get(fact.code, []),
            },
            origin=None,
            search=(fact.name, fact.name_en, *fact.aliases, *fact.keywords),
            whole=True,
        )
        for fact in CATEGORIES.values()
    ]


def offer_pieces(row: OfferRow, ends: Ends, now: datetime) -> tuple[Piece, Piece]:
    """Return the provider's resource list and the offer."""
    listed = _list(ResourceList, "资源清单", ends, row.list_years, row.origin, now)
    offer = ResourceOffer(
        id=_item_id("ResourceOffer", ends.agent, row.number, row.title, row.address),
        created_at=now,
        title=row.title,
        description=row.description,
        capacity_kind=row.capacity_kind,
        capacity=row.capacity,
        measure=row.measure,
        starts_on=row.starts_on,
        ends_on=row.ends_on,
        windows=row.windows,
        slot_minutes=row.slot_minutes,
        partner_limit=row.partner_limit,
        address=row.address,
        latitude=row.latitude,
        longitude=row.longitude,
        conditions=row.conditions,
        beneficiaries=row.beneficiaries,
        skills=row.skills,
    )
    offer.state = offer_state(offer, {}, now)
    fact = CATEGORIES[row.category]
    return listed, piece(
        offer,
        {
            "OFFERS": ends.agent,
            "LISTS_OFFER": listed.id,
            "OFFER_CATEGORY": category_id(row.category),
            "OFFER_AT": ends.place,
            "SERVES": ends.serves,
        },
        origin=row.origin,
        search=of_offer(offer, (fact.name, *fact.aliases), ends.agent_name),
        whole=True,
    )


def order_pieces(row: OrderRow, ends: Ends, now: datetime) -> tuple[Piece, Piece]:
    """Return the receiver's need list and the order."""
    listed = _list(NeedList, "需求清单", ends, row.list_years, row.origin, now)
    order = DemandOrder(
        id=_item_id("DemandOrder", ends.agent, row.number, row.title, None),
        created_at=now,
        title=row.title,
        description=row.description,
        quantity=row.quantity,
        measure=row.measure,
        minimum_lot=row.minimum_lot,
        partner_limit=row.partner_limit,
        contiguous_minutes=row.contiguous_minutes,
        starts_on=row.starts_on,
        deadline=row.deadline,
        windows=row.windows,
        latitude=row.latitude,
        longitude=row.longitude,
        urgency=row.urgency,
        beneficiaries=row.beneficiaries,
        skills=row.skills,
        origin=row.origin_of_order,
    )
    order.state = order_state(order, now)
    fact = CATEGORIES[row.category]
    return listed, piece(
        order,
        {
            "NEEDS": ends.agent,
            "LISTS_ORDER": listed.id,
            "ORDER_CATEGORY": category_id(row.category),
            "ORDER_AT": ends.place,
        },
        origin=row.origin,
        search=of_order(order, (fact.name, *fact.aliases), ends.agent_name),
        whole=True,
    )


def _item_id(kind: str, agent: str, number: str | None, title: str, address: str | None) -> str:
    """Return the id of an item: its agent and its number, else its title and address."""
    if number:
        return derived_id(kind, agent, f"#{name_key(number)}")
    return derived_id(kind, agent, name_key(title), name_key(address or ""))


def _list(
    cls: type[ResourceList] | type[NeedList],
    what: str,
    ends: Ends,
    years: tuple[int, int] | None,
    origin: Origin,
    now: datetime,
) -> Piece:
    first, last = years or (None, None)
    named = YEAR_SEPARATOR.join(dict.fromkeys(str(year) for year in (first, last) if year))
    listed = cls(
        id=derived_id(cls.__name__, ends.agent, named),
        created_at=now,
        title=f"{ends.agent_name}{named}{'年' if named else ''}{what}",
        state=ListState.PUBLISHED,
        starts_on=date(first, 1, 1) if first else None,
        ends_on=date(last, 12, 31) if last else None,
    )
    issues = "ISSUES_RESOURCES" if cls is ResourceList else "ISSUES_NEEDS"
    return piece(listed, {issues: ends.agent}, origin=origin, whole=True)
