"""Wherever the components are solved, the plan is the same to the last byte."""

from concurrent.futures import ProcessPoolExecutor
from dataclasses import replace
from multiprocessing import get_context

import distributed
import pytest

from bench.market import market
from matching.matcher import plan_of_solved
from matching.pairs import find_pairs
from matching.solving import solve
from matching.verification import verify
from tests.unit.matching_cases import POLICY

POLICY_HERE = replace(POLICY, effort=0.5, floor_cost=0.01)
CASE = market(120, 5, indivisible=0.05)


@pytest.fixture(scope="module")
def here() -> str:
    plan = plan_of_solved(CASE, solve(find_pairs(CASE, POLICY_HERE)))
    verify(CASE, POLICY_HERE, plan)
    return repr(plan)


def test_a_process_pool_gives_the_same_plan(here: str) -> None:
    with ProcessPoolExecutor(2, mp_context=get_context("spawn")) as pool:
        solved = solve(find_pairs(CASE, POLICY_HERE), executor=pool)
    assert repr(plan_of_solved(CASE, solved)) == here


def test_two_dask_workers_give_the_same_plan(here: str) -> None:
    with (
        distributed.LocalCluster(
            n_workers=2, threads_per_worker=1, processes=False, dashboard_address=""
        ) as cluster,
        distributed.Client(cluster) as client,
    ):
        assert len(client.scheduler_info()["workers"]) == 2
        solved = solve(find_pairs(CASE, POLICY_HERE), executor=client.get_executor())
        assert repr(plan_of_solved(CASE, solved)) == here
