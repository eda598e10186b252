"""Measure the matcher against other solvers and today's practice, on the same made-up city.

`python -m bench.matching 10000` measures one size; `--full` hands all pairs to the other solvers
as well (a minute and several GB at 100,000); `--limits` measures orders that cannot be split and
partner limits instead. Times are processor time of this one process, but for LEMON, which says its
own. What counts are ratios within one run.
"""

import argparse
import resource
import shutil
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any, TypeVar, cast

import networkx as nx
import numpy as np
from ortools.graph.python.min_cost_flow import SimpleMinCostFlow
from scipy import optimize  # pyright: ignore[reportMissingTypeStubs]

from bench.market import market, restricted
from matching.baseline import first_come_shares
from matching.dimacs import dimacs_lines
from matching.fairness import with_floor
from matching.flow import batches
from matching.model import Policy
from matching.network import Arcs, Network, network_of
from matching.pairs import Found, find_pairs
from matching.parting import parts_of
from matching.prices import exact_sum, prices_of
from matching.pricing import Solution, repaired, solve_priced
from matching.solving import solve, whole_pairs
from matching.sparse import matrix

Result = TypeVar("Result")
HERE = Path(__file__).parent
NETWORKX_MOST, HIGHS_MOST = 1000, 2000
MOST_COST = 0.006
MIB = 1024


def timed(name: str, work: Callable[[], Result]) -> tuple[Result, float]:
    start = time.process_time()
    result = work()
    seconds = time.process_time() - start
    print(f"| {name} | {seconds:.2f} s |", flush=True)
    return result, seconds


def measure(size: int, seed: int, *, full: bool) -> None:
    case = market(size, seed)
    print(f"\n### {size:,} orders, {size:,} offers, seed {seed}\n\n| what | time |\n|---|---|")
    found, _ = timed("feasible pairs and scores", lambda: find_pairs(case, Policy()))
    network, building = timed("instance, slots", lambda: network_of(found))
    chosen = whole_pairs(network, ~parts_of(network).converted)
    flow, solving = timed("exact plan with certificate", lambda: solve_priced(network, chosen))
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / MIB
    print(f"| memory peak so far | {peak:,.0f} MiB |")
    print(
        f"\n{len(found):,} pairs, {len(network.bins):,} bins, {network.components} components; "
        f"{flow.rounds} rounds, {len(flow.arcs):,} arcs in the solver at last; "
        f"gap {flow.bound - flow.value}.\n"
    )
    after_changes(network, chosen, flow, seed)
    with_fairness(network, chosen, flow)
    if full:
        against_solvers(network, chosen, flow, (building, solving), size)
    against_practice(network, found, flow)


def compile_all() -> None:
    """Let everything be compiled that is compiled when it is first called."""
    network = network_of(find_pairs(market(50, 1), Policy()))
    repaired(network, solve_priced(network))


def after_changes(network: Network, chosen: Any, flow: Solution, seed: int) -> None:
    """Change 1 % of the orders, half of them gone and half doubled; repair, and make anew."""
    print("| after changes | time |\n|---|---|")
    chance, quantity = np.random.default_rng(seed), network.quantity.copy()
    some = chance.choice(len(quantity), max(2, len(quantity) // 100), replace=False)
    quantity[some[::2]] = 0
    quantity[some[1::2]] *= 2
    changed = replace(network, quantity=quantity)
    plan, _ = timed("repaired, with certificate", lambda: repaired(changed, flow))
    anew, _ = timed("made anew, with certificate", lambda: solve_priced(changed, chosen))
    if not plan.value == plan.bound == anew.value:
        sys.exit(f"repaired to {plan.value}, anew {anew.value}")
    print()


def with_fairness(network: Network, chosen: Any, flow: Solution) -> None:
    print("| floor | time |\n|---|---|")
    fair, _ = timed("found by bisection", lambda: with_floor(network, flow, MOST_COST, chosen))
    print(
        f"\nThe worst community from {fair.figures.floor_before:.1%} "
        f"to {fair.figures.floor_after:.1%} for {fair.figures.cost:.2%} of the value.\n"
    )


def against_solvers(
    network: Network, chosen: Any, flow: Solution, times: tuple[float, float], size: int
) -> None:
    ours = sum(times)
    print("| on all arcs | time | against ours |\n|---|---|---|")
    pairs = np.arange(len(network.found)) if chosen is None else np.flatnonzero(chosen)
    start = time.process_time()
    arcs = network.arcs(pairs)
    making = time.process_time() - start

    def row(name: str, work: Callable[[], int], extra: float = 0.0) -> None:
        start = time.process_time()
        value = work()
        seconds = time.process_time() - start + extra
        if value != flow.value:
            sys.exit(f"{name} found {value}, not {flow.value}")
        print(f"| {name} | {seconds:.2f} s | {seconds / ours:.2f} |", flush=True)

    row("OR-Tools per component, no certificate", lambda: all_arcs(network, arcs), making)
    row(
        "OR-Tools per component, with prices",
        lambda: all_arcs(network, arcs, prices=True),
        making,
    )
    for name, seconds in lemon(network, chosen, flow):
        # It is handed the arcs, and says what it needs for the rest: as our plan alone.
        print(f"| {name} | {seconds:.2f} s | {seconds / times[1]:.2f} |", flush=True)
    if size <= HIGHS_MOST:
        row("HiGHS as LP", lambda: highs(network, arcs))
    if size <= NETWORKX_MOST:
        row("networkx", lambda: by_networkx(network, arcs))
    print(f"\n{len(arcs):,} arcs.\n")


def all_arcs(network: Network, arcs: Arcs, *, prices: bool = False) -> int:
    carried = np.zeros(len(arcs), dtype=np.int64)
    for some in batches(arcs, len(network.quantity), len(network.capacity)):
        carried[some] = or_tools(arcs.take(some), network)
    if prices:
        prices_of(arcs, carried, network.quantity, network.capacity)
    return exact_sum(arcs.worths, carried)


def or_tools(arcs: Arcs, network: Network) -> Any:
    """Return what arcs of one component carry; a way from each order to the sink costs nothing."""
    orders, tails = np.unique(arcs.orders, return_inverse=True)
    bins, heads = np.unique(arcs.bins, return_inverse=True)
    wanted, room = network.quantity[orders], network.capacity[bins]
    first = len(orders) + len(bins)
    nodes = np.arange(first + 1, dtype=np.int32)
    solver = cast("Any", SimpleMinCostFlow())
    solver.add_arcs_with_capacity_and_unit_cost(
        np.concatenate([tails, nodes[:first]]).astype(np.int32),
        np.concatenate([heads + len(orders), np.full(first, first)]).astype(np.int32),
        np.concatenate([np.minimum(wanted[tails], room[heads]), wanted, room]),
        np.concatenate([-arcs.worths, np.zeros(first, dtype=np.int64)]),
    )
    supplies = np.concatenate([wanted, np.zeros(len(bins), np.int64), [-wanted.sum()]])
    solver.set_nodes_supplies(nodes, supplies)
    if solver.solve() != SimpleMinCostFlow.OPTIMAL:
        sys.exit("OR-Tools found no plan")
    return solver.flows(np.arange(len(tails), dtype=np.int32))


def lemon(network: Network, chosen: Any, flow: Solution) -> list[tuple[str, float]]:
    compiler = shutil.which("g++")
    if compiler is None:
        return []
    with tempfile.TemporaryDirectory() as folder:
        program, instance = Path(folder) / "lemon", Path(folder) / "instance.min"
        command = [compiler, "-O3", "-DNDEBUG", str(HERE / "lemon.cpp"), "-o", str(program)]
        built = subprocess.run([*command, "-llemon"], capture_output=True, text=True, check=False)
        if built.returncode:
            print("(no LEMON here: apt-get install liblemon-dev)", file=sys.stderr)
            return []
        with instance.open("w") as out:
            out.writelines(dimacs_lines(network, chosen, flow).instance)
        said = subprocess.run([program, instance], capture_output=True, text=True, check=True)
    cost, by_component, whole = said.stdout.split()
    if int(cost) != -flow.value:
        sys.exit(f"LEMON found {cost}, not {-flow.value}")
    return [
        ("LEMON network simplex per component", float(by_component)),
        ("LEMON network simplex, whole", float(whole)),
    ]


def highs(network: Network, arcs: Arcs) -> int:
    """HiGHS as SciPy brings it: highspy and OR-Tools cannot be loaded into one process."""
    orders, bins = len(network.quantity), len(network.capacity)
    count = np.arange(len(arcs))
    rows = np.concatenate([arcs.orders, orders + arcs.bins])
    entries = np.ones(2 * len(arcs)), (rows, np.concatenate([count, count]))
    found: Any = cast("Any", optimize).linprog(
        -arcs.worths.astype(np.float64),
        A_ub=matrix(entries, (orders + bins, len(arcs))),
        b_ub=np.concatenate([network.quantity, network.capacity]).astype(np.float64),
        method="highs",
    )
    return round(-found.fun)


def by_networkx(network: Network, arcs: Arcs) -> int:
    graph: Any = cast("Any", nx).DiGraph()
    sink = "sink"
    for number, amount in enumerate(network.quantity.tolist()):
        graph.add_node(("order", number), demand=-amount)
        graph.add_edge(("order", number), sink, capacity=amount, weight=0)
    graph.add_node(sink, demand=int(network.quantity.sum()))
    for number, amount in enumerate(network.capacity.tolist()):
        graph.add_edge(("bin", number), sink, capacity=amount, weight=0)
    for order, bin_number, worth in zip(arcs.orders, arcs.bins, arcs.worths, strict=True):
        graph.add_edge(("order", int(order)), ("bin", int(bin_number)), weight=-int(worth))
    return -int(cast("Any", nx).network_simplex(graph)[0])


def against_practice(network: Network, found: Found, flow: Solution) -> None:
    print("| practice | value | loses |\n|---|---|---|")
    rows = [
        ("first come, first served", practised(found, network)),
        ("greedy by value", greedy(network)),
    ]
    for name, value in (*rows, ("the plan", flow.value)):
        print(f"| {name} | {value:,} | {100 * (1 - value / flow.value):.1f} % |", flush=True)


def practised(found: Found, network: Network) -> int:
    """Return what first come, first served reaches."""
    value = 0
    for share in first_come_shares(found):
        numbers = found.order_numbers[share.order_id], found.offer_numbers[share.offer_id]
        pair = found.place(*numbers)
        value += int(network.worths[pair]) * share.quantity if pair is not None else 0
    return value


def greedy(network: Network) -> int:
    """Return the value of taking the pair of the highest worth again and again."""
    left, room = network.quantity.copy(), network.capacity.copy()
    order = np.argsort(-network.worths, kind="stable")
    value = 0
    for begin in range(0, len(order), 100_000):
        some = order[begin : begin + 100_000]
        some = some[left[network.found.orders[some]] > 0]
        arcs = network.arcs(np.sort(some))
        ranked = np.argsort(-arcs.worths, kind="stable")
        rows = zip(
            arcs.orders[ranked].tolist(),
            arcs.bins[ranked].tolist(),
            arcs.worths[ranked].tolist(),
            strict=True,
        )
        for number, bin_number, worth in rows:
            if taken := min(int(left[number]), int(room[bin_number])):
                left[number] -= taken
                room[bin_number] -= taken
                value += worth * taken
    return value


def measure_restricted(size: int, seed: int, share: float, indivisible: float) -> None:
    """Measure a market with indivisible orders and partner limits, from the records to the plan."""
    case = restricted(market(size, seed, indivisible=indivisible), seed, limited=share)
    limits = [
        sum(item.partner_limit is not None for item in of) for of in (case.orders, case.offers)
    ]
    print(f"\n### {size:,} x {size:,}, partner limits and indivisible orders, seed {seed}\n")
    print("| what | time |\n|---|---|")
    found, pairs = timed("feasible pairs and scores", lambda: find_pairs(case, Policy()))
    solved, solving = timed("plan with its proven gap", lambda: solve(found))
    value, bound = (sum(getattr(proof, of) for proof in solved.proofs) for of in ("value", "bound"))
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / MIB
    whole = sum(order.indivisible and order.quantity > 1 for order in case.orders)
    print(
        f"\n{len(found):,} pairs; {whole:,} orders that cannot be split; {limits[0]:,} orders and "
        f"{limits[1]:,} offers with at most 1 to 3 partners. Proven gap "
        f"{100 * (1 - value / bound):.3f} % in {pairs + solving:.1f} s; memory peak so far "
        f"{peak:,.0f} MiB. First come, first served loses "
        f"{100 * (1 - practised(found, solved.network) / value):.1f} % of the plan."
    )


def main() -> None:
    parser = argparse.ArgumentParser(description="Measure the matcher.")
    parser.add_argument("sizes", type=int, nargs="+")
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--full", action="store_true", help="all arcs to the other solvers too")
    parser.add_argument(
        "--limits",
        type=float,
        nargs="?",
        const=0.1,
        help="only the case of partner limits, on this share of orders and offers (0.1)",
    )
    parser.add_argument("--indivisible", type=float, default=0.1, help="with --limits: the share")
    arguments = parser.parse_args()
    compile_all()
    for size in arguments.sizes:
        if arguments.limits is None:
            measure(size, arguments.seed, full=arguments.full)
        else:
            measure_restricted(size, arguments.seed, arguments.limits, arguments.indivisible)


if __name__ == "__main__":
    main()
