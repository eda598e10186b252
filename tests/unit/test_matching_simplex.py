"""The network simplex finds what other solvers find, from wherever it begins."""

from typing import Any, cast

import numba
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from ortools.graph.python.min_cost_flow import SimpleMinCostFlow

from matching.circuit import UNBOUNDED, Circuit, SolverFailed
from matching.columns import Integers
from matching.compiled import compiled
from matching.simplex import improved


def at_random(seed: int) -> tuple[Circuit, int, Integers]:
    """Return a circuit in which every node has a dear way out, and a flow that takes only those."""
    chance = np.random.default_rng(seed)
    nodes = int(chance.integers(2, 9))
    root, count = nodes - 1, int(chance.integers(0, 4 * nodes))
    tails = chance.integers(0, nodes, count)
    heads = (tails + chance.integers(1, nodes, count)) % nodes
    every = np.arange(root)
    circuit = Circuit(
        np.concatenate([tails, every]),
        np.concatenate([heads, np.full(root, root)]),
        np.concatenate([chance.integers(1, 6, count), np.full(root, UNBOUNDED)]),
        np.concatenate([chance.integers(-9, 10, count), np.full(root, 30)]),
    )
    supplies = chance.integers(0, 8, root)
    return circuit, nodes, np.concatenate([np.zeros(count, dtype=np.int64), supplies])


def excesses(circuit: Circuit, nodes: int, flow: Integers) -> list[int]:
    found = np.zeros(nodes, dtype=np.int64)
    np.add.at(found, circuit.tails, flow)
    np.subtract.at(found, circuit.heads, flow)
    return found.tolist()


def least_cost(circuit: Circuit, nodes: int, flow: Integers) -> int:
    """Return what OR-Tools finds."""
    solver = cast("Any", SimpleMinCostFlow())
    solver.add_arcs_with_capacity_and_unit_cost(
        circuit.tails.astype(np.int32),
        circuit.heads.astype(np.int32),
        np.minimum(circuit.capacities, 1000),
        circuit.costs,
    )
    solver.set_nodes_supplies(
        np.arange(nodes, dtype=np.int32), np.array(excesses(circuit, nodes, flow))
    )
    assert solver.solve() == SimpleMinCostFlow.OPTIMAL
    return int(solver.optimal_cost())


def assert_best(circuit: Circuit, nodes: int, begin: Integers, levels: Integers | None) -> None:
    before = begin.copy()
    flow, found = improved(circuit, nodes, begin, levels)
    assert (begin == before).all()
    assert excesses(circuit, nodes, flow) == excesses(circuit, nodes, begin)
    assert ((flow >= 0) & (flow <= circuit.capacities)).all()
    costs = circuit.costs + found[circuit.tails] - found[circuit.heads]
    assert (costs[flow < circuit.capacities] >= 0).all()
    assert (costs[flow > 0] <= 0).all()
    assert found[-1] == 0
    assert int(flow @ circuit.costs) == least_cost(circuit, nodes, begin)


@settings(deadline=None, max_examples=300)
@given(seed=st.integers(0, 10**9))
def test_the_flow_costs_the_least_and_its_levels_prove_it(seed: int) -> None:
    circuit, nodes, begin = at_random(seed)
    assert_best(circuit, nodes, begin, None)


@settings(deadline=None, max_examples=300)
@given(seed=st.integers(0, 10**9))
def test_it_begins_from_any_flow_and_any_levels(seed: int) -> None:
    circuit, nodes, begin = at_random(seed)
    chance = np.random.default_rng(seed)
    some = chance.integers(-9, 10, len(begin))
    other = circuit._replace(costs=np.where(circuit.capacities < UNBOUNDED, some, circuit.costs))
    best, levels = improved(other, nodes, begin)
    assert_best(circuit, nodes, best, levels)
    assert_best(circuit, nodes, best, chance.integers(-50, 50, nodes))
    flow, found = improved(circuit, nodes, best)
    assert_best(circuit, nodes, flow, found)


@pytest.mark.parametrize("places", [5, 40])
def test_large_circuits_in_blocks(places: int) -> None:
    """Everybody to everybody, more arcs than the search looks at in one go."""
    chance = np.random.default_rng(places)
    root = 2 * places
    tails, heads = np.divmod(np.arange(places * places), places)
    ends = np.arange(root)
    circuit = Circuit(
        np.concatenate([tails, ends]),
        np.concatenate([places + heads, np.full(root, root)]),
        np.concatenate(
            [np.full(places * places + places, UNBOUNDED), chance.integers(1, 30, places)]
        ),
        np.concatenate([-chance.integers(1, 1000, places * places), np.zeros(root, np.int64)]),
    )
    wanted = chance.integers(1, 30, places)
    nothing = np.zeros(places * places, np.int64), np.zeros(places, np.int64)
    assert_best(circuit, root + 1, np.concatenate([nothing[0], wanted, nothing[1]]), None)


def test_a_node_without_a_way_out_is_a_fault() -> None:
    one, two = np.array([0]), np.array([1])
    nothing, some = np.array([0]), np.array([5])
    with pytest.raises(SolverFailed, match="cannot send"):
        improved(Circuit(two, one, some, nothing), 2, nothing)
    improved(Circuit(one, two, some, nothing), 2, nothing)
    with pytest.raises(SolverFailed, match="too large"):
        improved(Circuit(one, two, some, np.array([1 << 61])), 2, nothing)


def test_what_cannot_be_kept_on_disk_is_compiled_all_the_same(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    made = numba.njit

    def without_disk(*, cache: bool = False, **options: Any) -> Any:
        if cache:
            raise RuntimeError("cannot cache function: no locator available")
        return made(**options)

    monkeypatch.setattr(numba, "njit", without_disk)

    def twice(number: int) -> int:
        return 2 * number

    assert compiled(twice)(21) == 42
