"""Batches of pieces into the graph: compared first, then only what differs is written.

Each batch is one transaction that holds whole rows with all their relationships, and one event
that lists every node it changed. A batch that changes nothing writes nothing. So a load that is
killed leaves whole rows, and loading again completes it.
"""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime
from typing import cast

from domain.claims import ClaimAction, ClaimPolicy
from domain.edits import check_offer_edit, check_order_edit
from domain.errors import BadInput, HeldByClaims, SheetError
from domain.holds import SlotUse, offer_hold, offer_state, order_hold, order_state, slot_holds
from domain.records import Category, DemandOrder, ResourceOffer, Slot, Versioned
from domain.vocabulary import ItemState
from graph import claims_on, events, items, items_named_after, loading, match_runs
from graph.accounts import Run
from graph.driver import Graph, Transaction
from graph.events import Changes
from graph.loading import Pairs, Properties
from graph.records import record, with_following_keys
from resolvers.claims_common import LapsedHoldsError, system_step
from resolvers.loading_pieces import SEARCH, Piece
from resolvers.loading_report import Outcome

ACTION = "LOAD"
ITEMS = ("DemandOrder", "ResourceOffer")
ATTEMPTS = 10


@dataclass(frozen=True, slots=True)
class Batch:
    """Pieces that are written together, with the ids and times made before."""

    pieces: Sequence[Piece]
    now: datetime
    actor: str
    event_id: str
    token: str


@dataclass(slots=True)
class Written:
    """What became of a batch: the outcome and the changed fields of each piece, by id."""

    outcomes: dict[str, tuple[Outcome, tuple[str, ...]]] = field(
        default_factory=dict[str, tuple[Outcome, tuple[str, ...]]]
    )
    errors: list[SheetError] = field(default_factory=list[SheetError])
    events: int = 0


@dataclass(slots=True)
class _Difference:
    """What a batch would change: new nodes, changed properties, links to make and to cut."""

    make: dict[str, Piece] = field(default_factory=dict[str, Piece])
    change: dict[str, Properties] = field(default_factory=dict[str, Properties])
    join: dict[str, Pairs] = field(default_factory=dict[str, Pairs])
    cut: dict[str, Pairs] = field(default_factory=dict[str, Pairs])
    links: dict[str, dict[str, tuple[list[str], list[str]]]] = field(
        default_factory=dict[str, dict[str, tuple[list[str], list[str]]]]
    )

    @property
    def empty(self) -> bool:
        """Whether all is as it should be."""
        return not (self.make or self.change or self.links)


class _RollBack(Exception):
    """Carries what a dry run found out of the transaction, of which nothing is kept."""

    def __init__(self, written: Written) -> None:
        super().__init__()
        self.written = written


async def compare(graph: Graph, batch: Batch) -> Written:
    """Return what writing a batch would do, without writing.

    Whether live claims forbid an edit is only known under its lock: such a batch is looked at in
    a transaction that is rolled back.
    """
    nodes, links = await _read(graph.read, batch.pieces)
    difference = _difference(batch.pieces, nodes, links)
    if not _edited_items(batch, difference):
        return _report(batch, difference, [])

    async def look(transaction: Transaction) -> Written:
        await _lock(transaction, batch, difference)
        lapsed = await _lapsed(transaction, batch, difference)
        errors = await _guard(transaction, batch, difference, nodes, lapsed)
        raise _RollBack(_report(batch, difference, errors))

    try:
        return await graph.write(look)
    except _RollBack as found:
        return found.written


async def write(graph: Graph, batch: Batch) -> Written:
    """Write a batch: nothing at all where the graph already says the same."""

    async def work(transaction: Transaction) -> Written:
        nodes, links = await _read(transaction.run, batch.pieces)
        difference = _difference(batch.pieces, nodes, links)
        if difference.empty:
            return _report(batch, difference, [])
        if await _lock(transaction, batch, difference):
            # Somebody may have claimed them between the first look and the lock.
            nodes, links = await _read(transaction.run, batch.pieces)
            difference = _difference(batch.pieces, nodes, links)
            if lapsed := await _lapsed(transaction, batch, difference):
                raise LapsedHoldsError(lapsed)
        errors = await _guard(transaction, batch, difference, nodes, frozenset())
        if not difference.empty:
            await _write(transaction, batch, difference, nodes)
        return _report(batch, difference, errors)

    for _ in range(ATTEMPTS - 1):
        try:
            return await graph.write(work, repeatable=True)
        except loading.OvertakenError:
            continue
        except LapsedHoldsError as found:
            # Each expiry is an event of its own, as wherever holds past their time are met.
            for claim_id in sorted(found.claim_ids):
                await system_step(graph, claim_id, ClaimAction.EXPIRE, batch.now, ClaimPolicy())
    return await graph.write(work, repeatable=True)


async def _read(
    run: Run, pieces: Sequence[Piece]
) -> tuple[dict[str, Properties], dict[str, dict[str, set[str]]]]:
    """Return the properties of the nodes that are there, and the links that rows state."""
    nodes: dict[str, Properties] = {}
    for kind in _kinds(pieces):
        ids = sorted(piece.id for piece in pieces if piece.kind == kind)
        nodes |= await loading.read_nodes(run, kind, ids)
    links: dict[str, dict[str, set[str]]] = {}
    for name in sorted({name for piece in pieces for name in piece.links}):
        owners = sorted(p.id for p in pieces if name in p.links and p.id in nodes)
        links[name] = await loading.read_relation(run, name, owners)
    return nodes, links


def _difference(
    pieces: Sequence[Piece],
    nodes: Mapping[str, Properties],
    links: Mapping[str, Mapping[str, set[str]]],
) -> _Difference:
    found = _Difference()
    for piece in pieces:
        before, edited = nodes.get(piece.id), False
        if before is None:
            found.make[piece.id] = piece
        else:
            # A category that an administrator has changed stays as it is.
            edited = isinstance(piece.node, Category) and before.get("version", 0) > 0
            changes = {
                name: value
                for name, value in piece.stated.items()
                if before.get(name) != value and not edited
            }
            if changes:
                found.change[piece.id] = changes
        bare = before is not None and (piece.mentioned or edited)
        for name, others in () if bare else piece.links.items():
            there = links.get(name, {}).get(piece.id, set())
            if there == set(others):
                continue
            found.join.setdefault(name, set()).update((piece.id, end) for end in others - there)
            found.cut.setdefault(name, set()).update((piece.id, end) for end in there - others)
            if before is not None:
                found.links.setdefault(piece.id, {})[name] = (sorted(there), sorted(others))
        if before is not None:
            _finish(found, piece, before)
    return found


def _finish(found: _Difference, piece: Piece, before: Properties) -> None:
    """Raise the version of what is changed; that an item is found otherwise alone is no change.

    Who has it may be called otherwise by now than the sheet says.
    """
    changes, linked = found.change.get(piece.id, {}), piece.id in found.links
    if piece.kind in ITEMS and changes.keys() == {SEARCH} and not linked:
        del found.change[piece.id]
    elif _counted(piece) and (changes or linked):
        found.change[piece.id] = changes | {"version": before.get("version", 0) + 1}


def _counted(piece: Piece) -> bool:
    """Whether a load raises the version here; that of a category is of people's changes only."""
    versioned = isinstance(piece.node, Versioned) and not isinstance(piece.node, Category)
    return versioned and piece.kind not in ITEMS


def _edited_items(batch: Batch, difference: _Difference) -> list[list[str]]:
    """Return the ids of the orders and of the offers that will change; [] where none will."""
    touched = difference.change.keys() | difference.links.keys()
    found = [
        sorted(p.id for p in batch.pieces if p.kind == kind and p.id in touched) for kind in ITEMS
    ]
    return found if any(found) else []


async def _lock(transaction: Transaction, batch: Batch, difference: _Difference) -> bool:
    """Lock the orders and offers that will change, in the order of all use cases."""
    edited = _edited_items(batch, difference)
    if not edited:
        return False
    locks = (match_runs.LOCK_ORDERS, match_runs.LOCK_OFFERS)
    for statement, ids in zip(locks, edited, strict=True):
        if ids:
            await transaction.run(statement, ids=ids, token=batch.token)
    return True


async def _guard(
    transaction: Transaction,
    batch: Batch,
    difference: _Difference,
    nodes: Mapping[str, Properties],
    lapsed: frozenset[str],
) -> list[SheetError]:
    """Take out of the difference the edits that live claims forbid, and say which claims.

    So with edits that make no sense. Claims in `lapsed` do not hold (on a dry run: written
    EXPIRED they are not).
    An edit of an item also brings its version and its derived state up to date.
    """
    errors: list[SheetError] = []
    for piece in batch.pieces:
        if piece.kind not in ITEMS or not (
            piece.id in difference.change or piece.id in difference.links
        ):
            continue
        changes = difference.change.setdefault(piece.id, {})
        before, after = nodes[piece.id], {**nodes[piece.id], **changes}
        try:
            if piece.kind == "DemandOrder":
                state = await _order_after(transaction, before, after, batch, lapsed)
            else:
                state = await _offer_after(transaction, before, after, batch, lapsed)
        except HeldByClaims as held:
            _take_out(difference, piece.id)
            named = "、".join(map(str, cast("list[str]", held.details["claims"])))
            if piece.origin is not None:
                errors.append(piece.origin.error("held_by_claims", value=piece.name, claims=named))
            continue
        except BadInput as wrong:
            _take_out(difference, piece.id)
            if piece.origin is not None:
                said = wrong.details
                errors.append(
                    piece.origin.error(
                        "edit_not_possible",
                        value=said["value"],
                        field=said["field"],
                        expected=said["expected"],
                    )
                )
            continue
        changes["version"] = before["version"] + 1
        if state.value != before["state"]:
            changes["state"] = state.value
    return errors


async def _lapsed(
    transaction: Transaction, batch: Batch, difference: _Difference
) -> frozenset[str]:
    """Return the proposals on what will change that still hold although their time is over."""
    edited = _edited_items(batch, difference)
    if not edited:
        return frozenset()
    orders, offers = edited
    return await claims_on.lapsed_on(transaction, orders, offers, batch.now)


async def _order_after(
    transaction: Transaction,
    before: Properties,
    after: Properties,
    batch: Batch,
    lapsed: frozenset[str],
) -> ItemState:
    """Return the state of an edited order. Raises HeldByClaims and BadInput."""
    old, new = record(DemandOrder, before), record(DemandOrder, after)
    on = await claims_on.claims_on(transaction, old)
    check_order_edit(old, new, [claim for claim in on if claim.id not in lapsed])
    gone = [claim for claim in on if claim.id in lapsed]
    freed = sum(order_hold(claim.state, old.selection, claim.lines) for claim in gone)
    return order_state(replace(new, held=new.held - freed), batch.now)


async def _offer_after(
    transaction: Transaction,
    before: Properties,
    after: Properties,
    batch: Batch,
    lapsed: frozenset[str],
) -> ItemState:
    """Return the state of an edited offer. Raises HeldByClaims and BadInput."""
    old, new = record(ResourceOffer, before), record(ResourceOffer, after)
    on = await claims_on.claims_on(transaction, old)
    check_offer_edit(old, new, [claim for claim in on if claim.id not in lapsed], batch.now)
    item = await items.read_offer(transaction, old.id, None, batch.now, batch.token)
    slots: dict[str, SlotUse | Slot] = dict(item.slots) if item else {}
    freed = 0
    for claim in on:
        if claim.id in lapsed:
            freed += offer_hold(claim.state, old.selection, claim.lines)
            for key, amount in slot_holds(claim.state, old.selection, claim.lines).items():
                if (there := slots.get(key)) is not None:
                    slots[key] = SlotUse(there.held - amount, there.completed)
    return offer_state(replace(new, held=new.held - freed), slots, batch.now)


def _take_out(difference: _Difference, node_id: str) -> None:
    difference.change.pop(node_id, None)
    difference.links.pop(node_id, None)
    for pairs in (*difference.join.values(), *difference.cut.values()):
        pairs.difference_update({pair for pair in pairs if pair[0] == node_id})


async def _write(
    transaction: Transaction,
    batch: Batch,
    difference: _Difference,
    nodes: Mapping[str, Properties],
) -> None:
    for kind in _kinds(batch.pieces):
        of_kind = [piece for piece in batch.pieces if piece.kind == kind]
        made = [difference.make[piece.id].made for piece in of_kind if piece.id in difference.make]
        await loading.make_nodes(transaction, kind, made)
        changed = {
            p.id: with_following_keys(type(p.node), nodes[p.id], difference.change[p.id])
            for p in of_kind
            if difference.change.get(p.id)
        }
        await loading.change_nodes(transaction, kind, changed)
        for node_id, properties in changed.items():
            if items_named_after.NAMES & properties.keys():
                await items_named_after.refresh(transaction, kind, node_id)
    for name in sorted(difference.cut):
        await loading.cut(transaction, name, difference.cut[name])
    for name in sorted(difference.join):
        await loading.join(transaction, name, difference.join[name])
    changes = _changes(batch.pieces, difference, nodes)
    event = events.event(batch.event_id, batch.now, batch.actor, ACTION, changes)
    await events.write_event(transaction, event)


def _changes(
    pieces: Iterable[Piece], difference: _Difference, nodes: Mapping[str, Properties]
) -> Changes:
    """Return what an event tells of a batch; of a changed link both ends before and after."""
    changes: Changes = {}
    for piece in pieces:
        cls = type(piece.node)
        if piece.id in difference.make:
            changes[piece.id] = events.changes_between(
                None, record(cls, piece.made), of_person=piece.of_person
            )
            continue
        before = nodes[piece.id]
        changed = difference.change.get(piece.id)
        links = difference.links.get(piece.id, {})
        if changed or links:
            fields = events.changes_between(
                record(cls, before),
                record(cls, {**before, **(changed or {})}),
                of_person=piece.of_person,
            )
            fields.update({name: [there, here] for name, (there, here) in links.items()})
            changes[piece.id] = fields
    return changes


def _report(batch: Batch, difference: _Difference, errors: list[SheetError]) -> Written:
    written = Written(errors=errors, events=0 if difference.empty else 1)
    for piece in batch.pieces:
        if piece.id in difference.make:
            outcome, names = Outcome.CREATED, tuple(sorted(piece.made))
        elif piece.id in difference.change or piece.id in difference.links:
            changed = difference.change.get(piece.id, {}).keys()
            outcome = Outcome.UPDATED
            names = tuple(sorted(changed | difference.links.get(piece.id, {}).keys()))
        else:
            outcome, names = Outcome.UNCHANGED, ()
        written.outcomes[piece.id] = (outcome, names)
    return written


def _kinds(pieces: Iterable[Piece]) -> list[str]:
    return list(dict.fromkeys(piece.kind for piece in pieces))
