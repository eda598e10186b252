"""Roots that search: the ways between two nodes, and who could serve an order.

They are more than one statement: the search, then the nodes that it found, by the selections that
ask for them, each in one.
"""

from collections.abc import Mapping
from dataclasses import asdict
from typing import Annotated, cast

import strawberry

from domain.language import Language, text
from graph.paths import KINDS, Step, Stop
from matching.cases import Likeness
from matching.explain import reason_sentence, why_sentence
from matching.help import Help
from matching.why import Why
from resolvers.cases import similar_cases
from resolvers.helpers import helpers_of
from resolvers.pair_why import why_pair
from resolvers.paths import Way, shortest_ways
from schema.context import Info
from schema.ids import decode, encode, uid
from schema.together import Together
from schema.types.claims import Claim
from schema.types.common import Node
from schema.types.items import ResourceOffer
from schema.types.plans import Bilingual, MatchReason, ScorePart
from schema.values import Long

DEFAULT_HELPERS = 20
DEFAULT_CASES = 10
FROM, TO = strawberry.argument(name="from"), strawberry.argument(name="to")


@strawberry.type
class PathLink:
    """A relationship on a way, in its own direction."""

    relationship: str
    text: Bilingual
    from_id: strawberry.ID
    to_id: strawberry.ID


@strawberry.type
class Path:
    """A way from one node to another: the nodes in their order, and the link of each two."""

    length: int
    links: list[PathLink]
    stops: strawberry.Private[tuple[tuple[str, str], ...]]
    together: strawberry.Private[Together]

    @strawberry.field
    async def nodes(self, info: Info) -> list[Node]:
        """The nodes on the way, both ends included."""
        return await self.together.read(info, self.stops)


@strawberry.type
class Paths:
    """The shortest ways, and whether all links were looked at."""

    paths: list[Path]
    complete: bool


@strawberry.type
class Helper:
    """An offer that could serve an order, and why."""

    quantity: Long
    score: float
    parts: list[ScorePart]
    reasons: list[MatchReason]
    price: Long | None
    gain: Long | None
    found: strawberry.Private[Help]
    together: strawberry.Private[Together]

    @strawberry.field
    async def offer(self, info: Info) -> ResourceOffer:
        """The offer."""
        (offer,) = await self.together.read(info, [("ResourceOffer", self.found.offer.id)])
        return offer


@strawberry.type
class SimilarCase:
    """A past case like an order: the claim, what was done in it and how it was rated."""

    score: float
    parts: list[ScorePart]
    found: strawberry.Private[Likeness]
    together: strawberry.Private[Together]

    @strawberry.field
    async def claim(self, info: Info) -> Claim:
        """The claim."""
        (claim,) = await self.together.read(info, [("Claim", self.found.id)])
        return claim


@strawberry.type
class PairWhy:
    """Why an order and an offer are, or are not, a pair of the plan."""

    refusal: str | None
    score: float
    parts: list[ScorePart]
    worth: Long
    price: Long | None
    loss: Long | None
    taken: Long
    user_ids: list[strawberry.ID]
    text: Bilingual


@strawberry.type
class SpecialRoots:
    """What is searched for rather than read."""

    @strawberry.field
    async def connections(
        self,
        info: Info,
        start: Annotated[strawberry.ID, FROM],
        end: Annotated[strawberry.ID, TO],
        max_length: int = 4,
    ) -> Paths | None:
        """Return the shortest ways in which two nodes are linked."""
        context = info.context
        ends = [Stop(*decode(each, *KINDS)) for each in (start, end)]
        found = await shortest_ways(
            context.graph, context.viewer, context.clock, ends[0], ends[1], max_length
        )
        if found is None:
            return None
        together = Together([_named(stop) for way in found.ways for stop in way.stops])
        return Paths(paths=[_path(way, together) for way in found.ways], complete=found.complete)

    @strawberry.field
    async def who_could_help(
        self, info: Info, order: strawberry.ID, first: int = DEFAULT_HELPERS
    ) -> list[Helper] | None:
        """Return the offers that could serve an order now, the best first."""
        return await _helpers(info, order, first, by_price=False)

    @strawberry.field
    async def best_offers(
        self, info: Info, order: strawberry.ID, first: int = DEFAULT_HELPERS
    ) -> list[Helper] | None:
        """Return the offers for an order, first those that are needed least elsewhere."""
        return await _helpers(info, order, first, by_price=True)

    @strawberry.field
    async def similar_cases(
        self, info: Info, order: strawberry.ID, first: int = DEFAULT_CASES
    ) -> list[SimilarCase] | None:
        """Return the completed claims most like an order."""
        context = info.context
        found = await similar_cases(
            context.graph, context.viewer, context.clock, uid(order, "DemandOrder"), first
        )
        if found is None:
            return None
        together = Together([("Claim", each.id) for each in found])
        return [
            SimilarCase(
                score=round(each.score, 6),
                parts=cast("list[ScorePart]", [asdict(part) for part in each.parts]),
                found=each,
                together=together,
            )
            for each in found
        ]

    @strawberry.field
    async def why_pair(
        self, info: Info, order: strawberry.ID, offer: strawberry.ID
    ) -> PairWhy | None:
        """Return why an order and an offer are, or are not, a pair of the plan."""
        context = info.context
        found = await why_pair(
            context.graph,
            viewer=context.viewer,
            order_id=uid(order, "DemandOrder"),
            offer_id=uid(offer, "ResourceOffer"),
            clock=context.clock,
        )
        return None if found is None else _why(found)


async def _helpers(
    info: Info, order: strawberry.ID, first: int, *, by_price: bool
) -> list[Helper] | None:
    context = info.context
    found = await helpers_of(
        context.graph,
        context.viewer,
        context.clock,
        uid(order, "DemandOrder"),
        first,
        by_price=by_price,
    )
    if found is None:
        return None
    together = Together([("ResourceOffer", each.offer.id) for each in found])
    return [_helper(each, together) for each in found]


def _why(found: Why) -> PairWhy:
    return PairWhy(
        refusal=found.refusal,
        score=round(found.score, 6),
        parts=cast("list[ScorePart]", [asdict(part) for part in found.parts]),
        worth=Long(found.worth),
        price=None if found.price is None else Long(found.price),
        loss=None if found.loss is None else Long(found.loss),
        taken=Long(found.taken),
        user_ids=[encode("DemandOrder", user) for user in found.users],
        text=_bilingual({each: why_sentence(found, each) for each in Language}),
    )


def _named(stop: Stop) -> tuple[str, str]:
    return stop.kind, stop.id


def _path(way: Way, together: Together) -> Path:
    return Path(
        length=len(way.steps),
        links=[_link(step) for step in way.steps],
        stops=tuple(_named(stop) for stop in way.stops),
        together=together,
    )


def _link(step: Step) -> PathLink:
    key = f"link.{step.relationship}"
    return PathLink(
        relationship=step.relationship,
        text=_bilingual({each: text(key, each) for each in Language}),
        from_id=encode(step.start.kind, step.start.id),
        to_id=encode(step.end.kind, step.end.id),
    )


# The types of plans are served from dictionaries, as the compiled reads have them.
def _bilingual(texts: Mapping[Language, str]) -> Bilingual:
    return cast("Bilingual", {language.value: said for language, said in texts.items()})


def _helper(found: Help, together: Together) -> Helper:
    parts = [asdict(part) for part in found.parts]
    reasons = [
        {
            "code": reason.code,
            "text": _bilingual({each: reason_sentence(reason, each) for each in Language}),
        }
        for reason in found.reasons
    ]
    return Helper(
        quantity=Long(found.quantity),
        score=round(found.score, 6),
        parts=cast("list[ScorePart]", parts),
        reasons=cast("list[MatchReason]", reasons),
        price=None if found.price is None else Long(found.price),
        gain=None if found.gain is None else Long(found.gain),
        found=found,
        together=together,
    )
