"""Solving leaves the signals of the process as they are: a service has to end cleanly."""

import subprocess
import sys
from pathlib import Path

SOLVED_THEN_INTERRUPTED = """
import signal
from ortools.sat.python import cp_model
from matching.exact import deterministic_solver

interrupted = []
signal.signal(signal.SIGINT, lambda *_: interrupted.append(True))
model = cp_model.CpModel()
model.maximize(model.new_int_var(0, 9, "x"))
assert deterministic_solver(1.0, presolve=False).solve(model) == cp_model.OPTIMAL
signal.raise_signal(signal.SIGINT)
assert interrupted
"""


def test_an_exact_plan_leaves_ctrl_c_to_the_process() -> None:
    done = subprocess.run(
        [sys.executable, "-c", SOLVED_THEN_INTERRUPTED],
        cwd=Path(__file__).parents[2],
        capture_output=True,
        timeout=60,
        check=False,
    )
    assert done.returncode == 0, done.stderr.decode()
