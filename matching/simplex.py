"""The network simplex method: from any flow to one of least cost, and what each node is worth.

A flow that cannot be improved hangs on a spanning tree of arcs; all others are empty or full. The
levels of the nodes follow from the tree: along its arcs they differ by the arc's cost. An arc
beside the tree that the levels price below nothing enters, what it gains is pushed around the cycle
that it closes, and the arc that has no more room leaves. Of several the last one on the cycle, from
its top on, leaves: then every node can always send something towards the root, and the method ends
(Cunningham, A network simplex method, Mathematical Programming 11, 1976).

It begins where one likes. That is what it is for: after a change, or with arcs that join, few
pivots lead from the last plan to the best one.
"""

from math import isqrt
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from matching.circuit import Circuit, SolverFailed
from matching.columns import Integers, Numbers
from matching.compiled import compiled

SAFE_BITS = 62
"""Levels, sums of costs along the tree, stay below 2^62."""
LEAST_CANDIDATES = 4
NOBODY = -1
FREE, TIGHT, OTHER = 0, 1, 2
FULL, INSIDE, EMPTY, LOOSE = -1, 0, 1, 2
"""Where an arc is: in the tree, or beside it, empty, full, or neither to begin with."""

Sides = NDArray[np.int8]


class _Tree(NamedTuple):
    """Each node's parent and the arc to it, its depth, and its children as a linked list."""

    parents: Numbers
    links: Numbers
    depths: Numbers
    children: Numbers
    nexts: Numbers
    befores: Numbers


def improved(
    circuit: Circuit, nodes: int, flow: Integers, levels: Integers | None = None
) -> tuple[Integers, Integers]:
    """Return a flow of least cost with the same excess at each node, and the nodes' levels.

    With the levels every arc costs, `cost + level of its tail - level of its head`, nothing or more
    where it has room left, nothing or less where it carries something; the root's is 0. `levels`
    near to those save pivots. Every node has to be able to send a unit towards the root. Raises
    SolverFailed where it cannot, and for costs that are too large.
    """
    highest = int(np.abs(circuit.costs).max(initial=0))
    if highest * (nodes + 1) >= 1 << SAFE_BITS:
        raise SolverFailed("costs are too large for 64 bits")
    if levels is None:
        levels = np.zeros(nodes, dtype=np.int64)
    gaps = circuit.costs + levels[circuit.tails] - levels[circuit.heads]
    best = flow.copy()
    # What is smaller is nearer to the processor.
    circuit = circuit._replace(
        tails=circuit.tails.astype(np.int32), heads=circuit.heads.astype(np.int32)
    )
    tree, reached = _spanning(circuit, best, gaps, nodes)
    if reached < nodes:
        raise SolverFailed("nodes cannot send anything to the root")
    candidates = max(LEAST_CANDIDATES, isqrt(len(best)))
    return best, _improve(circuit, best, tree, candidates)


@compiled
def _kinds(circuit: Circuit, flow: Integers, gaps: Integers) -> Integers:
    kinds = np.full(len(flow), OTHER)
    for arc in range(len(flow)):
        if 0 < flow[arc] < circuit.capacities[arc]:
            kinds[arc] = FREE
        elif gaps[arc] == 0:
            kinds[arc] = TIGHT
    return kinds


@compiled
def _incident(circuit: Circuit, kinds: Integers, nodes: int) -> tuple[Integers, Integers]:
    """Return the free and tight arcs of each node, one node after the other, and where."""
    starts = np.zeros(nodes + 1, np.int64)
    for arc in range(len(kinds)):
        if kinds[arc] != OTHER:
            starts[circuit.tails[arc] + 1] += 1
            starts[circuit.heads[arc] + 1] += 1
    starts = np.cumsum(starts)
    places, arcs = starts.copy(), np.empty(starts[-1], np.int64)
    for arc in range(len(kinds)):
        if kinds[arc] != OTHER:
            for node in (circuit.tails[arc], circuit.heads[arc]):
                arcs[places[node]] = arc
                places[node] += 1
    return starts, arcs


@compiled
def _spanning(circuit: Circuit, flow: Integers, gaps: Integers, nodes: int) -> tuple[_Tree, int]:
    """Return a tree along which every node can send something to the root, and its size.

    Of arcs that are neither empty nor full first, then of those that cost nothing by the levels.
    """
    nobody = np.full((5, nodes), NOBODY, np.int32)
    tree = _Tree(nobody[0], nobody[1], np.zeros(nodes, np.int32), nobody[2], nobody[3], nobody[4])
    kinds = _kinds(circuit, flow, gaps)
    starts, arcs = _incident(circuit, kinds, nodes)
    order, scanned = np.empty(nodes, np.int64), np.zeros(2, np.int64)
    order[0], count, cursor, idle = nodes - 1, 1, 0, 0
    while count < nodes and idle < len(flow):
        kind = FREE if scanned[FREE] < count else TIGHT
        if scanned[kind] < count:
            above = order[scanned[kind]]
            scanned[kind] += 1
            for place in range(starts[above], starts[above + 1]):
                if kinds[arcs[place]] == kind:
                    count += _grow(circuit, flow, tree, arcs[place], order, count)
        else:
            grown = _grow(circuit, flow, tree, cursor, order, count)
            count, idle = count + grown, 0 if grown else idle + 1
            cursor = cursor + 1 if cursor + 1 < len(flow) else 0
    return tree, count


@compiled
def _grow(
    circuit: Circuit, flow: Integers, tree: _Tree, arc: int, order: Integers, count: int
) -> int:
    """Hang one end of an arc on the other if only that is in the tree, and room leads there."""
    root = len(tree.parents) - 1
    tail, head = circuit.tails[arc], circuit.heads[arc]
    new_tail = tree.parents[tail] == NOBODY and tail != root
    new_head = tree.parents[head] == NOBODY and head != root
    if new_tail == new_head:
        return 0
    room = circuit.capacities[arc] - flow[arc] if new_tail else flow[arc]
    if room == 0:
        return 0
    node, above = (tail, head) if new_tail else (head, tail)
    _hang(tree, node, above, arc)
    tree.depths[node] = tree.depths[above] + 1
    order[count] = node
    return 1


@compiled
def _hang(tree: _Tree, node: int, above: int, arc: int) -> None:
    tree.parents[node], tree.links[node] = above, arc
    first = tree.children[above]
    tree.nexts[node], tree.befores[node] = first, NOBODY
    if first != NOBODY:
        tree.befores[first] = node
    tree.children[above] = node


@compiled
def _take_off(tree: _Tree, node: int) -> None:
    before, following = tree.befores[node], tree.nexts[node]
    if before != NOBODY:
        tree.nexts[before] = following
    else:
        tree.children[tree.parents[node]] = following
    if following != NOBODY:
        tree.befores[following] = before


@compiled
def _improve(circuit: Circuit, flow: Integers, tree: _Tree, most: int) -> Integers:
    """Improve the flow until nothing does, by so many candidates at a time; return the levels."""
    nodes = len(tree.parents)
    levels, stack = np.zeros(nodes, np.int64), np.empty(nodes, np.int32)
    _level(circuit, tree, levels, stack)
    sides = np.full(len(flow), EMPTY, np.int8)
    for arc in range(len(flow)):
        if flow[arc] > 0:
            sides[arc] = LOOSE if flow[arc] < circuit.capacities[arc] else FULL
    for node in range(nodes - 1):
        sides[tree.links[node]] = INSIDE
    for arc in range(len(flow)):
        if sides[arc] == LOOSE:
            _pivot(circuit, flow, tree, levels, sides, stack, arc)
    candidates = np.empty(most, np.int64)
    cursor, count = 0, 0
    while True:
        arc, count = _best(circuit, levels, sides, candidates, count)
        if arc == NOBODY:
            count, cursor = _gather(circuit, levels, sides, candidates, cursor)
            if count == 0:
                return levels
            continue
        _pivot(circuit, flow, tree, levels, sides, stack, arc)


@compiled
def _level(circuit: Circuit, tree: _Tree, levels: Integers, stack: Numbers) -> None:
    """Compute the levels from the root on."""
    stack[0], waiting = len(levels) - 1, 1
    while waiting:
        waiting -= 1
        above = stack[waiting]
        node = tree.children[above]
        while node != NOBODY:
            arc = tree.links[node]
            cost = circuit.costs[arc]
            levels[node] = levels[above] - (cost if circuit.tails[arc] == node else -cost)
            stack[waiting] = node
            waiting += 1
            node = tree.nexts[node]


@compiled
def _priced(circuit: Circuit, levels: Integers, arc: int) -> int:
    cost = circuit.costs[arc] + levels[circuit.tails[arc]] - levels[circuit.heads[arc]]
    return int(cost)


@compiled
def _gather(
    circuit: Circuit, levels: Integers, sides: Sides, candidates: Integers, cursor: int
) -> tuple[int, int]:
    """Gather the next arcs that gain something; return how many, and where the search ended."""
    count = 0
    for _ in range(len(sides)):
        if sides[cursor] * _priced(circuit, levels, cursor) < 0:
            candidates[count] = cursor
            count += 1
        cursor = cursor + 1 if cursor + 1 < len(sides) else 0
        if count == len(candidates):
            break
    return count, cursor


@compiled
def _best(
    circuit: Circuit, levels: Integers, sides: Sides, candidates: Integers, count: int
) -> tuple[int, int]:
    """Return the candidate that gains most, -1 where none does, and how many still do."""
    best, most, kept = NOBODY, 0, 0
    for place in range(count):
        arc = int(candidates[place])
        gain = -sides[arc] * _priced(circuit, levels, arc)
        if gain > 0:
            candidates[kept] = arc
            kept += 1
            if gain > most:
                best, most = arc, gain
    return best, kept


@compiled
def _pivot(
    circuit: Circuit,
    flow: Integers,
    tree: _Tree,
    levels: Integers,
    sides: Sides,
    stack: Numbers,
    arc: int,
) -> None:
    """Push what an arc gains around its cycle, and let it take the place of the arc that stops it.

    One that gains nothing is emptied.
    """
    ahead = _priced(circuit, levels, arc) < 0
    tail, head = int(circuit.tails[arc]), int(circuit.heads[arc])
    source, target = (tail, head) if ahead else (head, tail)
    top = _meeting(tree, source, target)
    amount, leaving, below = circuit.capacities[arc] - flow[arc] if ahead else flow[arc], NOBODY, 0
    node = source
    while node != top:
        room = _room_from(circuit, flow, tree, node, int(tree.parents[node]))
        if room < amount:
            amount, leaving, below = room, node, source
        node = int(tree.parents[node])
    node = target
    while node != top:
        room = _room_from(circuit, flow, tree, node, node)
        if room <= amount:
            amount, leaving, below = room, node, target
        node = int(tree.parents[node])
    if amount > 0:
        flow[arc] += amount if ahead else -amount
        _push(circuit, flow, tree, source, top, -amount)
        _push(circuit, flow, tree, target, top, amount)
    stopped = arc if leaving == NOBODY else int(tree.links[leaving])
    if leaving != NOBODY:
        sides[arc] = INSIDE
        _rehang(tree, below, target if below == source else source, arc, leaving)
        cost = _priced(circuit, levels, arc)
        _shift(tree, levels, stack, below, -cost if tail == below else cost)
    sides[stopped] = EMPTY if flow[stopped] == 0 else FULL


@compiled
def _meeting(tree: _Tree, one: int, other: int) -> int:
    """Return the lowest node above both, or one of them."""
    while one != other:
        if tree.depths[one] >= tree.depths[other]:
            one = int(tree.parents[one])
        else:
            other = int(tree.parents[other])
    return one


@compiled
def _room_from(circuit: Circuit, flow: Integers, tree: _Tree, node: int, end: int) -> int:
    """Return how much more can be sent from one end of a node's arc to its parent, to the other."""
    arc = tree.links[node]
    if circuit.tails[arc] == end:
        return int(circuit.capacities[arc] - flow[arc])
    return int(flow[arc])


@compiled
def _push(circuit: Circuit, flow: Integers, tree: _Tree, node: int, top: int, amount: int) -> None:
    """Send an amount from a node up to the top."""
    while node != top:
        arc = tree.links[node]
        flow[arc] += amount if circuit.tails[arc] == node else -amount
        node = int(tree.parents[node])


@compiled
def _rehang(tree: _Tree, node: int, above: int, arc: int, leaving: int) -> None:
    """Hang a node with all that hangs together with it on another; the way to `leaving` turns."""
    while True:
        parent, link = tree.parents[node], tree.links[node]
        _take_off(tree, node)
        _hang(tree, node, above, arc)
        if node == leaving:
            return
        above, arc, node = node, int(link), int(parent)


@compiled
def _shift(tree: _Tree, levels: Integers, stack: Numbers, node: int, by: int) -> None:
    """Raise a node and all below it; count their depths anew."""
    stack[0], waiting = node, 1
    while waiting:
        waiting -= 1
        node = stack[waiting]
        levels[node] += by
        tree.depths[node] = tree.depths[tree.parents[node]] + 1
        child = tree.children[node]
        while child != NOBODY:
            stack[waiting] = child
            waiting += 1
            child = tree.nexts[child]
