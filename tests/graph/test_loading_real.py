"""The real sheets and the national divisions in the graph; skipped where they are not at hand."""

from pathlib import Path

import pytest

from graph.driver import Graph
from graph.statements import CompiledStatement
from tests.engines.wiping import wipe
from tests.graph.loading_cases import Writes, check_whole_rows, load_files

DATA = Path(__file__).parents[3] / "shared" / "data"
pytestmark = [
    pytest.mark.anyio,
    pytest.mark.skipif(
        not DATA.is_dir(), reason="the real sheets are not part of the project (../shared/data)"
    ),
]

SHEETS = tuple(
    DATA / "lujiazui2017" / name for name in ("venues.xlsx", "co-building.xlsx", "aid-claims.xlsx")
)
DIVISIONS = tuple(DATA / "divisions" / f"{name}.csv" for name in ("provinces", "cities", "areas"))
STREETS = DATA / "divisions" / "streets.csv"

COMMUNITY = CompiledStatement(
    """MATCH (a:Area {name: '崂山一村居民区'})
RETURN a.aliases AS aliases, [(a)-[:PART_OF]->(p:Area) | p.code] AS parents,
    COUNT { (a)-[:OFFERS]->() } AS offers, COUNT { (a)<-[:OF_AREA]-() } AS branches"""
)
CENTRE = CompiledStatement(
    "MATCH (u:Unit {name: '文化中心'}) RETURN COUNT { (u)-[:OFFERS]->() } AS offers"
)
UNSTATED = CompiledStatement(
    "MATCH (o:ResourceOffer) WHERE o.capacity IS NULL RETURN count(o) AS offers"
)
LUJIAZUI = CompiledStatement(
    """MATCH (a:Area {code: '310115005'})
RETURN a.name AS name, COUNT { MATCH (p:Area) WHERE a.path STARTS WITH p.path } AS levels"""
)


async def test_the_three_real_sheets_make_one_graph(graph: Graph) -> None:
    await wipe(graph)
    first = await load_files(graph, SHEETS, area="310115005")
    assert first.ok
    made = {label: count.created for label, count in first.counts.items()}
    assert made["PartyBranch"] == 25
    assert made["Pairing"] == 134
    assert made["ResourceOffer"] == 60 + 44
    assert [(sheet.rows, sheet.duplicates) for sheet in first.sheets] == [
        (61, 1), (134, 2), (44, 0),
    ]  # fmt: skip
    await check_whole_rows(graph)
    (community,) = await graph.read(COMMUNITY)
    assert community == {
        "aliases": ["崂一居民区"], "parents": ["310115005"], "offers": 1, "branches": 1,
    }  # fmt: skip
    assert (await graph.read(CENTRE))[0]["offers"] == 17
    assert (await graph.read(UNSTATED))[0]["offers"] == 44
    for files in (SHEETS, SHEETS[::-1], SHEETS[:1]):
        with Writes(graph) as writes:
            assert (await load_files(graph, files, area="310115005")).written == 0
        assert writes.names == []


async def test_the_divisions_give_the_areas_their_names(graph: Graph) -> None:
    files = [*DIVISIONS]
    progress: list[tuple[str, int, int]] = []
    report = await load_files(
        graph, files, progress=lambda stage, done, total: progress.append((stage, done, total))
    )
    assert report.ok
    assert report.counts["Area"].created + report.counts["Area"].updated == 31 + 342 + 2978
    assert progress[-1][1] == progress[-1][2] == 31 + 342 + 2978
    assert (await load_files(graph, files)).written == 0
    (area,) = await graph.read(LUJIAZUI)
    assert area["levels"] == 4


async def test_streets_find_their_districts_in_the_graph(graph: Graph, tmp_path: Path) -> None:
    lines = STREETS.read_text(encoding="utf-8").splitlines()
    some = tmp_path / "streets.csv"
    some.write_text(
        "\n".join([lines[0], *(line for line in lines if line.startswith(("310115", "130803")))]),
        encoding="utf-8",
    )
    report = await load_files(graph, [some])
    assert report.ok
    (area,) = await graph.read(LUJIAZUI)
    assert area == {"name": "陆家嘴街道", "levels": 4}
