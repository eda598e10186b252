"""Wherever the components are solved, the plan is the same to the last byte."""

import sys
from concurrent.futures import ProcessPoolExecutor
from dataclasses import replace
from typing import Any

import distributed
import pytest

from bench.market import market
from domain.errors import BadInput
from matching.matcher import plan_of_solved
from matching.pairs import find_pairs
from matching.solving import solve
from matching.verification import verify
from server.solvers import opening
from tests.unit.matching_cases import POLICY

POLICY_HERE = replace(POLICY, effort=0.5, floor_cost=0.01)
CASE = market(120, 5, indivisible=0.05)


@pytest.fixture(scope="module")
def here() -> str:
    plan = plan_of_solved(CASE, solve(find_pairs(CASE, POLICY_HERE)))
    verify(CASE, POLICY_HERE, plan)
    return repr(plan)


def test_a_process_pool_gives_the_same_plan(here: str) -> None:
    with opening("2")() as pool:
        assert isinstance(pool, ProcessPoolExecutor)
        solved = solve(find_pairs(CASE, POLICY_HERE), executor=pool)
    assert repr(plan_of_solved(CASE, solved)) == here


def test_two_dask_workers_give_the_same_plan(here: str) -> None:
    made: Any = distributed.LocalCluster(
        n_workers=2, threads_per_worker=1, processes=False, dashboard_address=""
    )
    with made as cluster, opening(cluster.scheduler_address)() as executor:
        assert len(cluster.workers) == 2
        solved = solve(find_pairs(CASE, POLICY_HERE), executor=executor)
        assert repr(plan_of_solved(CASE, solved)) == here


def test_without_workers_everything_is_solved_here() -> None:
    with opening("0")() as executor:
        assert executor is None


def test_a_cluster_needs_the_extra(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "distributed", None)
    with pytest.raises(BadInput, match="dask"):
        opening("tcp://scheduler:8786")
