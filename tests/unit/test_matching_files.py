"""Two files in, a plan out; the instance that was solved, checked by another solver."""

import json
from collections import defaultdict
from pathlib import Path
from typing import Any

import networkx as nx
import numpy as np
import pytest
from typer.testing import CliRunner

from bench.market import market
from matching.columns import Integers
from matching.dimacs import dimacs_lines
from matching.network import network_of
from matching.pairs import find_pairs
from matching.pricing import solve_priced
from server.command_line import app
from tests.unit.matching_cases import POLICY, city_with_groups

HEADINGS = (
    "id,text,category,quantity,measure,receiver,area,deadline,windows,urgency,latitude,longitude"
)
ORDERS = f"""{HEADINGS}
o1,会议室,会议室,20,人,c1,/city/a/,2026-06-30,3 09:00-11:00,HIGH,,
o2,停车,停车,10,个车位,c2,/city/b/,,,,40.95,117.8
o3,书法课,书法课,1.5,小时,c3,/city/b/,,,,,
"""
OFFERS = """id,text,category,capacityKind,capacity,measure,supplier,area,endsOn,windows
f1,会议室开放,会议室,SHARED,15,人,u1,/city/a/,2026-06-30,3 09:00-11:00; 5 14:00-16:00
f2,夜间车位,机动车位,TOTAL,8,个车位,u2,/city/b/,,
"""
NOW = "2026-05-04T00:00+00:00"


def run(*arguments: object) -> tuple[int, str]:
    result = CliRunner().invoke(app, ["match", *map(str, arguments)])
    return result.exit_code, result.output


@pytest.fixture
def files(tmp_path: Path) -> Path:
    (tmp_path / "orders.csv").write_text(ORDERS, encoding="utf-8")
    (tmp_path / "offers.csv").write_text(OFFERS, encoding="utf-8")
    return tmp_path


def both(files: Path) -> list[object]:
    return ["--orders", files / "orders.csv", "--offers", files / "offers.csv"]


def test_two_sheets_make_a_plan_with_its_instance(files: Path) -> None:
    out, instance = files / "plan.json", files / "instance.min"
    code, said = run(*both(files), "--out", out, "--dimacs", instance, "--now", NOW, "--lang", "en")
    assert code == 0, said
    plan = json.loads(out.read_text(encoding="utf-8"))
    assert plan["proven"]
    taken = {(found["order"], found["offer"]): found["quantity"] for found in plan["proposals"]}
    assert taken == {("o1", "f1"): "20", ("o2", "f2"): "8"}
    (hall, parking) = plan["proposals"]
    assert sum(slot["smallestUnits"] for slot in hall["slots"]) == 20
    assert all(slot["slot"].endswith("T01:00Z") for slot in hall["slots"])
    assert parking["slots"] == []
    missing = {found["order"]: found for found in plan["unmatched"]}
    assert missing["o3"]["reason"] == "CATEGORY"
    assert missing["o3"]["missing"] == 90
    assert missing["o2"]["said"].startswith("2 ")
    cost = check(instance.read_text(), Path(f"{instance}.sol").read_text())
    assert cost == -plan["value"] == by_networkx(instance.read_text())


def test_a_policy_an_earlier_plan_and_a_comparison(files: Path) -> None:
    first, policy = files / "first.json", files / "policy.json"
    policy.write_text(json.dumps({"name": "fair", "floorCost": 0.01}))
    code, said = run(*both(files), "--out", first, "--now", NOW, "--policy", policy, "--lang", "en")
    assert code == 0, said
    assert "worst-served community" in said
    plan = json.loads(first.read_text(encoding="utf-8"))
    assert (plan["policy"], plan["changes"]) == ("fair", [])
    assert plan["fairness"]["floor_after"] >= plan["fairness"]["floor_before"]
    plan["proposals"][0]["pinned"] = True
    first.write_text(json.dumps(plan), encoding="utf-8")
    fewer = [line for line in ORDERS.splitlines() if not line.startswith("o2,")]
    (files / "orders.csv").write_text("\n".join(fewer), encoding="utf-8")
    second = files / "second.json"
    given = ["--out", second, "--last", first, "--now", NOW, "--workers", 1]
    code, said = run(*both(files), *given)
    assert code == 0, said
    again = json.loads(second.read_text(encoding="utf-8"))
    assert [(each["order"], each["pinned"]) for each in again["proposals"]] == [("o1", True)]
    (change,) = again["changes"]
    assert (change["kind"], change["order_id"]) == ("GONE", "o2")
    assert change["causes"][0]["code"] == "ORDER_GONE"
    code, said = run(*both(files), "--dry-run", "--now", NOW, "--json")
    assert code == 0, said
    assert "BEST_WITH_FLOOR" in said
    policy.write_text('{"weights": {"TEXT": 0.5}}')
    assert run(*both(files), "--dry-run", "--policy", policy)[0] == 1
    assert run(*both(files), "--out", second, "--last", policy)[0] == 1


def test_agents_who_each_give_to_the_next_are_shown_as_a_package(files: Path) -> None:
    links = [("hall", "/venue/", "clinic"), ("clinic", "/health/", "hall")]
    orders = [
        {"id": f"o{n}", "text": "x", "category": kind, "quantity": 5, "measure": "PERSON"}
        | {"receiver": receiver, "area": "/city/"}
        for n, (_, kind, receiver) in enumerate(links)
    ]
    offers = [
        {"id": f"f{n}", "text": "x", "category": kind, "capacity": 5, "measure": "PERSON"}
        | {"supplier": giver, "area": "/city/"}
        for n, (giver, kind, _) in enumerate(links)
    ]
    for name, rows in (("orders", orders), ("offers", offers)):
        (files / f"{name}.jsonl").write_text("\n".join(map(json.dumps, rows)), encoding="utf-8")
    policy, out = files / "policy.json", files / "plan.json"
    given = ["--orders", files / "orders.jsonl", "--offers", files / "offers.jsonl"]
    assert run(*given, "--out", out, "--now", NOW, "--lang", "en")[0] == 0
    plain = json.loads(out.read_text(encoding="utf-8"))
    policy.write_text('{"longestCycle": 3}')
    code, said = run(*given, "--out", out, "--now", NOW, "--policy", policy, "--lang", "en")
    assert code == 0, said
    assert "1 packages in which each gives to the next" in said
    plan = json.loads(out.read_text(encoding="utf-8"))
    found = plan.pop("packages")
    assert plan == plain
    (package,) = found["packages"]
    assert (package["agents"], found["proven"]) == (["clinic", "hall"], True)
    assert "clinic gives hall f1 (5 " in package["said"]
    policy.write_text('{"longestCycle": 5}')
    assert run(*given, "--out", out, "--policy", policy)[0] == 1


def test_lines_of_json_are_the_same_as_a_sheet(files: Path) -> None:
    run(*both(files), "--out", files / "sheet.json", "--now", NOW)
    orders = [
        {"id": "o1", "text": "会议室", "category": "/venue/meeting_room/", "quantity": 20}
        | {"measure": "PERSON", "receiver": "c1", "area": "city/a", "deadline": "2026-06-30"}
        | {"windows": ["3 09:00-11:00"], "urgency": "HIGH"},
        {"id": "o2", "text": "停车", "category": "停车", "quantity": 10, "receiver": "c2"}
        | {"measure": "PARKING_SPACE", "area": "/city/b/", "latitude": 40.95, "longitude": 117.8},
        {"id": "o3", "text": "书法课", "quantity": 1.5, "measure": "HOUR", "receiver": "c3"}
        | {"area": "/city/b/"},
    ]
    lines = "\n".join(json.dumps(order, ensure_ascii=False) for order in orders)
    (files / "orders.jsonl").write_text(lines, encoding="utf-8")
    given = ["--orders", files / "orders.jsonl", "--offers", files / "offers.csv"]
    code, said = run(*given, "--out", files / "lines.json", "--now", NOW)
    assert code == 0, said
    assert (files / "lines.json").read_text() == (files / "sheet.json").read_text()


@pytest.mark.parametrize(
    ("line", "where"),
    [
        ('{"id": "x", "text": "a", "quantity": 1, "measure": "furlong"}', "orders.jsonl:1:measure"),
        ('{"id": "x", "text": "会议室", "quantity": "1.5", "measure": "人"}', ":1:quantity"),
        ('{"id": "x", "text": "a", "quantity": 1, "measure": "人"}', ":1:category"),
        ('{"id": "x", "text": "会议室", "quantity": 1, "measure": "人", "size": 3}', ":1:size"),
        ('{"text": "会议室", "quantity": 1, "measure": "人"}', ":1:id"),
        (
            '{"id": "x", "text": "会议室", "quantity": 1, "measure": "人", "windows": "8"}',
            ":windows",
        ),
        (
            '{"id": "x", "text": "会议室", "quantity": 1, "measure": "人", "deadline": "8"}',
            ":deadline",
        ),
        (
            '{"id": "x", "text": "会议室", "quantity": 1, "measure": "人", "latitude": 95}',
            ":latitude",
        ),
        (
            '{"id": "x", "text": "会议室", "quantity": 1, "measure": "人", "timeZone": "X/Y"}',
            ":timeZone",
        ),
        (
            '{"id": "x", "text": "会议室", "quantity": 1, "measure": "人", "urgency": "!"}',
            ":urgency",
        ),
        ('["x"]', "orders.jsonl:1"),
        ("{", "orders.jsonl:1"),
    ],
)
def test_what_is_wrong_is_said_with_file_row_and_field(files: Path, line: str, where: str) -> None:
    (files / "orders.jsonl").write_text(line, encoding="utf-8")
    given = ["--orders", files / "orders.jsonl", "--offers", files / "offers.csv"]
    code, said = run(*given, "--out", files / "plan.json", "--json")
    assert code == 1
    assert where in json.loads(said)["error"]["field"]
    assert not (files / "plan.json").exists()


def test_an_id_twice_a_missing_file_and_a_missing_option(files: Path) -> None:
    (files / "orders.csv").write_text(ORDERS + ORDERS.splitlines()[1] + "\n", encoding="utf-8")
    code, said = run(*both(files), "--out", files / "plan.json", "--json")
    assert (code, "orders.csv:5:id" in said) == (1, True)
    code, said = run(
        "--orders", files / "none.jsonl", "--offers", files / "offers.csv", "--out", "x"
    )
    assert (code, "none.jsonl" in said) == (1, True)
    assert run("--orders", files / "orders.csv")[0] == 1
    assert run(*both(files), "--out", files / "plan.json", "--now", "yesterday")[0] == 1
    assert run(*both(files)[2:], "--orders", files / "offers.csv", "--out", "x")[0] == 1


@pytest.mark.parametrize("seed", range(3))
def test_the_exported_instance_has_the_stated_optimum(seed: int) -> None:
    network = network_of(find_pairs(market(120, seed), POLICY))
    flow = solve_priced(network)
    lines = dimacs_lines(network, None, flow)
    instance, plan = "".join(lines.instance), "".join(lines.plan)
    assert check(instance, plan) == by_networkx(instance) == -flow.value
    with pytest.raises(AssertionError):
        check(instance, plan.replace("\nf ", "\nf 1", 1))


@pytest.mark.parametrize("seed", range(2))
def test_the_exported_instance_with_groups_has_the_stated_optimum(seed: int) -> None:
    case, policy = city_with_groups(120, seed)
    network = network_of(find_pairs(case, policy))
    flow = solve_priced(network)
    lines = dimacs_lines(network, None, flow)
    instance, plan = "".join(lines.instance), "".join(lines.plan)
    assert "c group" in instance
    (said,) = [line for line in instance.splitlines() if line.startswith("c the cost")]
    cost = int(said.split()[7]) - flow.value
    assert check(instance, plan) == by_networkx(instance) == cost


def test_quotas_and_segments_of_files(files: Path) -> None:
    rows = OFFERS.splitlines()
    within = [f"{rows[0]},within", *(f"{row},b1; b2" for row in rows[1:])]
    (files / "offers.csv").write_text("\n".join(within), encoding="utf-8")
    policy, out = files / "policy.json", files / "plan.json"
    policy.write_text(
        json.dumps(
            {
                "quotas": [{"agentId": "b2", "measure": "PERSON", "most": 12}],
                "diminishing": {"community": [{"share": 0.5, "bonus": 0.2}]},
            }
        )
    )
    given = ["--out", out, "--now", NOW, "--policy", policy, "--lang", "en"]
    code, said = run(*both(files), *given, "--dimacs", files / "instance.min")
    assert code == 0, said
    plan = json.loads(out.read_text(encoding="utf-8"))
    assert plan["proven"]
    taken = {found["order"]: found["quantity"] for found in plan["proposals"]}
    assert taken == {"o1": "12", "o2": "8"}
    missing = {found["order"]: found for found in plan["unmatched"]}
    assert missing["o1"]["reason"] == "QUOTA"
    assert "quota" in missing["o1"]["said"]
    assert plan["counted"]["early"] == 200_000 * (10 + 5)
    instance = (files / "instance.min").read_text()
    plain = check(instance, Path(f"{files / 'instance.min'}.sol").read_text())
    assert plain == by_networkx(instance) == plan["counted"]["early"] - plan["value"]
    other = [*within[:2], within[2].replace("b1; b2", "b1; b3")]
    (files / "offers.csv").write_text("\n".join(other), encoding="utf-8")
    assert run(*both(files), *given)[0] == 1


def test_partner_limits_and_runs_of_files(files: Path) -> None:
    orders = [
        {
            "id": "hall",
            "text": "会议室",
            "quantity": 3,
            "measure": "SESSION",
            "contiguousMinutes": 180,
        },
        {
            "id": "few",
            "text": "停车位",
            "quantity": 9,
            "measure": "PARKING_SPACE",
            "partnerLimit": 1,
        },
        {
            "id": "told",
            "text": "停车位",
            "quantity": 9,
            "measure": "PARKING_SPACE",
            "partnerLimit": 1,
            "partners": ["elsewhere"],
        },
    ]
    hall = {
        "id": "room",
        "text": "会议室",
        "measure": "SESSION",
        "capacityKind": "EXCLUSIVE",
        "capacity": 1,
        "windows": "3 09:00-12:00",
        "slotMinutes": 60,
    }
    spaces = [
        {
            "id": f"lot{n}",
            "text": "停车位",
            "measure": "PARKING_SPACE",
            "capacity": 5,
            "partnerLimit": 1,
        }
        for n in (1, 2)
    ]
    for name, rows in (("orders", orders), ("offers", [hall, *spaces])):
        lines = "\n".join(json.dumps(row, ensure_ascii=False) for row in rows)
        (files / f"{name}.jsonl").write_text(lines, encoding="utf-8")
    out = files / "plan.json"
    given = ["--orders", files / "orders.jsonl", "--offers", files / "offers.jsonl"]
    code, said = run(*given, "--out", out, "--now", NOW, "--lang", "en")
    assert code == 0, said
    plan = json.loads(out.read_text(encoding="utf-8"))
    assert {found["order"]: found["quantity"] for found in plan["proposals"]} == {
        "hall": "3",
        "few": "5",
    }
    missing = {found["order"]: found for found in plan["unmatched"]}
    assert {missing["few"]["reason"], missing["told"]["reason"]} == {"PARTNERS"}
    assert "partners" in missing["told"]["said"]
    orders[1]["partnerLimit"] = 0
    lines = "\n".join(json.dumps(row, ensure_ascii=False) for row in orders)
    (files / "orders.jsonl").write_text(lines, encoding="utf-8")
    code, said = run(*given, "--out", out, "--now", NOW)
    assert code == 1
    assert "orders.jsonl:2:partnerLimit" in said


def test_thresholds_of_files(files: Path) -> None:
    policy, out = files / "policy.json", files / "plan.json"
    given = ["--out", out, "--now", NOW, "--lang", "en"]
    rows = OFFERS.splitlines()
    asking = [f"{rows[0]},leastScore", f"{rows[1]},0.99", f"{rows[2]},"]
    (files / "offers.csv").write_text("\n".join(asking), encoding="utf-8")
    code, said = run(*both(files), *given)
    assert code == 0, said
    plan = json.loads(out.read_text(encoding="utf-8"))
    assert [found["order"] for found in plan["proposals"]] == ["o2"]
    (missing,) = [found for found in plan["unmatched"] if found["order"] == "o1"]
    assert missing["reason"] == "SCORE"
    assert "asks for" in missing["said"]
    policy.write_text('{"leastScore": 1}')
    assert run(*both(files), *given, "--policy", policy)[0] == 0
    assert json.loads(out.read_text(encoding="utf-8"))["proposals"] == []
    (files / "offers.csv").write_text("\n".join([*asking[:2], f"{rows[2]},2"]), encoding="utf-8")
    assert run(*both(files), *given)[0] == 1


def parsed(instance: str) -> tuple[dict[int, int], list[Integers]]:
    supplies: dict[int, int] = defaultdict(int)
    arcs: list[Integers] = []
    declared: list[int] = []
    for line in instance.splitlines():
        kind, *rest = line.split()
        if kind == "p":
            declared = [int(number) for number in rest[1:]]
        elif kind == "n":
            supplies[int(rest[0])] = int(rest[1])
        elif kind == "a":
            arcs.append(np.array([int(number) for number in rest]))
    assert declared[1] == len(arcs)
    assert all(1 <= end <= declared[0] for arc in arcs for end in arc[:2])
    return supplies, arcs


def check(instance: str, plan: str) -> int:
    """Return the plan's cost after checking that it is a flow within the arcs' limits."""
    supplies, arcs = parsed(instance)
    # Of arcs side by side the cheapest carries first, as in every best plan.
    limits: dict[tuple[int, int], list[tuple[int, int]]] = defaultdict(list)
    for tail, head, _, capacity, price in sorted(arcs, key=lambda arc: int(arc[4])):
        limits[int(tail), int(head)].append((int(capacity), int(price)))
    balance: dict[int, int] = defaultdict(int)
    flows: dict[tuple[int, int], int] = defaultdict(int)
    stated, cost = 0, 0
    for line in plan.splitlines():
        kind, *numbers = line.split()
        if kind == "s":
            stated = int(numbers[0])
            continue
        tail, head, amount = map(int, numbers)
        assert amount > 0
        balance[tail] += amount
        balance[head] -= amount
        flows[tail, head] += amount
    for ends, amount in flows.items():
        left = amount
        for capacity, price in limits[ends]:
            part = min(left, capacity)
            cost += part * price
            left -= part
        assert left == 0
    assert {node: amount for node, amount in balance.items() if amount} == {
        node: amount for node, amount in supplies.items() if amount
    }
    assert cost == stated
    return cost


def by_networkx(instance: str) -> int:
    supplies, arcs = parsed(instance)
    graph: Any = nx.MultiDiGraph()
    graph.add_nodes_from((node, {"demand": -amount}) for node, amount in supplies.items())
    for tail, head, _, capacity, cost in arcs:
        graph.add_edge(int(tail), int(head), capacity=int(capacity), weight=int(cost))
    return int(nx.network_simplex(graph)[0])
