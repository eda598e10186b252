"""The demonstration over the sample inventory, in one process: what it finds and what it writes."""

import io
from pathlib import Path

import orjson
import pytest
from rich.console import Console

from domain.errors import BadInput, NotFound
from domain.language import Language
from domain.vocabulary import ClaimState, Initiator, Role
from graph import reports
from graph.driver import Graph
from server import commands, demonstration
from server.hub import Hub
from server.output import Output
from server.settings import Settings
from server.tokens import Tokens
from tests.graph.builders import dump

pytestmark = pytest.mark.anyio
AREA = "130803"


def quiet(language: Language = Language.ZH) -> Output:
    return Output(language, console=console(), error_console=console())


def console() -> Console:
    return Console(file=io.StringIO(), width=160)


def said(output: Output) -> str:
    assert isinstance(output.console.file, io.StringIO)
    return output.console.file.getvalue()


@pytest.fixture(scope="module")
async def hub(graph: Graph, tmp_path_factory: pytest.TempPathFactory) -> Hub:
    settings = Settings(data_directory=tmp_path_factory.mktemp("hub"))
    opened = Hub(graph, settings, Tokens("k" * 64))
    assert await demonstration.run(quiet(), opened, [], area=None)
    return opened


async def test_a_claim_of_each_initiator_is_verified(hub: Hub) -> None:
    carried = await reports.verified_claims(hub.graph)
    assert set(carried) == set(Initiator)
    for claim_id in carried.values():
        ends = await reports.claim_ends(hub.graph, claim_id)
        history = await reports.claim_history(hub.graph, claim_id)
        assert ends.state is ClaimState.COMPLETED
        assert ends.supplier != ends.receiver
        assert all(line.actor for line in history)
        assert [line.at for line in history] == sorted(line.at for line in history)


@pytest.mark.parametrize("language", list(Language))
async def test_again_it_only_reports(hub: Hub, language: Language) -> None:
    before = await dump(hub.graph)
    output = quiet(language)
    assert await demonstration.run(output, hub, [], area=None)
    assert await dump(hub.graph) == before
    report = said(output)
    for key in ("report.loaded", "report.best_pairs", "report.claims", "report.sign_in"):
        assert output.text(key) in report


async def test_the_tokens_of_the_report_sign_in(
    hub: Hub, capfdbinary: pytest.CaptureFixture[bytes]
) -> None:
    output = quiet()
    output.as_json = True
    await demonstration.run(output, hub, [], area=None)
    document = orjson.loads(capfdbinary.readouterr().out)
    roles = [
        (await hub.viewer(f"Bearer {sign_in['token']}")).grants[0].role
        for sign_in in document["signIns"]
    ]
    assert roles == [Role.ADMIN, Role.COORDINATOR, Role.LIAISON, Role.LIAISON, Role.APP]


async def test_a_run_for_an_area_is_reported(hub: Hub) -> None:
    output = quiet()
    await commands.match(output, hub, area=AREA)
    assert output.text("report.best_pairs") in said(output)


async def test_scopes_are_found_by_code_or_name(hub: Hub) -> None:
    by_code = await reports.areas_called(hub.graph, AREA)
    assert [place.name for place in by_code] == ["双滦区"]
    assert await reports.areas_called(hub.graph, "双滦区") == by_code
    await commands.add_account(quiet(), hub, "联络员", ["LIAISON:御祥园社区"])
    with pytest.raises(NotFound):
        await commands.add_account(quiet(), hub, "联络员", ["LIAISON:nobody"])
    with pytest.raises(BadInput):
        await commands.add_account(quiet(), hub, "联络员", ["KING"])


async def test_a_dump_is_restored_by_the_commands(hub: Hub, tmp_path: Path) -> None:
    await commands.dump(quiet(), hub, tmp_path / "graph.jsonl")
    assert (tmp_path / "graph.jsonl").stat().st_size > 0


async def test_a_dry_run_lists_what_would_change(hub: Hub, tmp_path: Path) -> None:
    sheet = tmp_path / "单位.csv"
    sheet.write_text("单位名称,单位类型,所在区域\n示例新校,学校,御祥园社区\n", encoding="utf-8")
    before = await dump(hub.graph)
    output = quiet()
    assert await commands.load_files(output, hub, [sheet], area=AREA, dry_run=True)
    assert "新增 单位「示例新校」" in said(output)
    assert await dump(hub.graph) == before


async def test_a_row_that_is_wrong_is_reported(hub: Hub, tmp_path: Path) -> None:
    sheet = tmp_path / "单位.csv"
    sheet.write_text("单位名称,单位类型,所在区域\n某校,学校,没有这个区域\n", encoding="utf-8")
    before = await dump(hub.graph)
    output = quiet()
    assert not await commands.load_files(output, hub, [sheet], area=AREA, dry_run=True)
    assert "没有这个区域" in said(output)
    assert await dump(hub.graph) == before
