"""The command `renling`. Every command speaks Chinese or English (`--lang`) or JSON (`--json`)."""

from pathlib import Path
from typing import Annotated

import typer

from domain.language import Language
from server import commands, demonstration, person_commands, token_commands
from server.app import listen
from server.hub import Hub
from server.match_alone import fit_file, match_two_files
from server.match_files import policy_in
from server.output import Output
from server.process import Stop
from server.running import FAILED, run_command

app = typer.Typer(
    name="renling",
    help="认领 renling：社区与驻区单位资源的双向认领 · pairs what is needed with what is offered",
    no_args_is_help=True,
    pretty_exceptions_enable=False,
    add_completion=False,
)

person = typer.Typer(help="个人信息的导出与删除 · a person's data", no_args_is_help=True)
app.add_typer(person, name="person")

Lang = Annotated[
    Language | None, typer.Option("--lang", help="zh 中文 · en English", show_default=False)
]
AsJson = Annotated[bool, typer.Option("--json", help="输出 JSON，供程序读取 · JSON for machines")]
AreaCode = Annotated[
    str | None,
    typer.Option("--area", help="区划代码或名称 · code or name of an area", show_default=False),
]
Host = Annotated[str | None, typer.Option("--host", help="监听地址 · address", show_default=False)]
Port = Annotated[
    int | None,
    typer.Option("--port", help="端口，0 为任意空闲端口 · 0 takes a free one", show_default=False),
]

OrdersFile = Annotated[
    Path | None, typer.Option("--orders", help="需求文件，不用图 · a file instead of the hub")
]
OffersFile = Annotated[Path | None, typer.Option("--offers", help="资源文件 · likewise offers")]
PlanFile = Annotated[Path | None, typer.Option("--out", help="方案写入 JSON · where to write")]
DimacsFile = Annotated[
    Path | None, typer.Option("--dimacs", help="导出 DIMACS 最小费用流 · the instance solved")
]
LastFile = Annotated[
    Path | None, typer.Option("--last", help="上一方案 PLAN.json · the plan before, of two files")
]
PolicyFile = Annotated[Path | None, typer.Option("--policy", help="策略 JSON · the policy")]
PersonId = Annotated[str, typer.Argument(help="人员或账号的全局标识 · global id")]


@app.command()
def demo(
    files: Annotated[
        list[Path] | None, typer.Argument(help="自己的表格 · your own sheets", show_default=False)
    ] = None,
    *,
    area: AreaCode = None,
    no_serve: Annotated[
        bool, typer.Option("--no-serve", help="报告后退出 · exit after the report")
    ] = False,
    host: Host = None,
    port: Port = None,
    lang: Lang = None,
    as_json: AsJson = False,
) -> None:
    """演示全流程，然后提供服务 · the whole loop on an inventory, then serve."""

    async def command(output: Output, hub: Hub, stop: Stop) -> int:
        if no_serve:
            good = await demonstration.run(output, hub, files or [], area=area)
        else:
            with listen(hub.settings.host, hub.settings.port) as listener:
                good = await demonstration.run(output, hub, files or [], area=area)
                await commands.serve(output, hub, listener, stop)
        return 0 if good else FAILED

    run_command(command, lang=lang, as_json=as_json, given={"host": host, "port": port})


@app.command("serve")
def serve_command(
    *,
    host: Host = None,
    port: Port = None,
    trusted_documents: Annotated[
        Path | None,
        typer.Option(
            "--trusted-documents", help="只执行此文件中的查询 · run only the documents of this file"
        ),
    ] = None,
    lang: Lang = None,
    as_json: AsJson = False,
) -> None:
    """提供 GraphQL 与 GraphiQL 服务 · serve GraphQL and GraphiQL."""

    async def command(output: Output, hub: Hub, stop: Stop) -> int:
        with listen(hub.settings.host, hub.settings.port) as listener:
            await commands.serve(output, hub, listener, stop)
        return 0

    given = {"host": host, "port": port, "trusted_documents": trusted_documents}
    run_command(command, lang=lang, as_json=as_json, given=given)


@app.command()
def load(
    files: Annotated[list[Path], typer.Argument(help="xlsx 或 csv 表格 · sheets")],
    *,
    area: AreaCode = None,
    dry_run: Annotated[
        bool, typer.Option("--dry-run", help="只报告将有的变化 · only report what would change")
    ] = False,
    lang: Lang = None,
    as_json: AsJson = False,
) -> None:
    """载入清单表格 · load inventories; exit status 1 if a row was rejected."""

    async def command(output: Output, hub: Hub, stop: Stop) -> int:
        del stop
        good = await commands.load_files(output, hub, files, area=area, dry_run=dry_run)
        return 0 if good else FAILED

    run_command(command, lang=lang, as_json=as_json)


@app.command()
def match(
    *,
    area: AreaCode = None,
    orders: OrdersFile = None,
    offers: OffersFile = None,
    out: PlanFile = None,
    dimacs: DimacsFile = None,
    last: LastFile = None,
    policy: PolicyFile = None,
    workers: Annotated[
        int, typer.Option("--workers", min=0, max=64, help="求解进程数 · processes that solve")
    ] = 0,
    dry_run: Annotated[
        bool,
        typer.Option("--dry-run", help="只比较策略，不写入 · compare policies only"),
    ] = False,
    fit: Annotated[
        bool, typer.Option("--fit", help="由已有答复学习权重 · learn weights from past answers")
    ] = False,
    at: Annotated[
        str | None, typer.Option("--now", help="匹配的时刻 · the instant", show_default=False)
    ] = None,
    lang: Lang = None,
    as_json: AsJson = False,
) -> None:
    """匹配需求与资源 · pair orders with offers by the best plan, of the hub or of two files."""
    if fit and (last or orders or offers or dimacs or at or dry_run):
        only_last = not (orders or offers or dimacs or at or dry_run)
        fit_file(Output(lang or Language.ZH, as_json), last if only_last else None, policy, out)
    if not fit and (orders or offers or out or dimacs or at or last):
        named = orders, offers, out, dimacs, last
        out_to = Output(lang or Language.ZH, as_json)
        match_two_files(named, policy, at, out_to, dry_run=dry_run, workers=workers)

    async def command(output: Output, hub: Hub, stop: Stop) -> int:
        del stop
        if fit:
            await commands.fit(output, hub, area=area, policy=policy_in(policy), out=out)
            return 0
        act = commands.compare if dry_run else commands.match
        await act(output, hub, area=area, policy=policy_in(policy))
        return 0

    run_command(command, lang=lang, as_json=as_json)


@app.command()
def dump(
    file: Annotated[Path, typer.Argument(help="JSON 行文件 · JSON lines")],
    *,
    lang: Lang = None,
    as_json: AsJson = False,
) -> None:
    """把整个图写入文件（备份）· write the whole graph to a file."""

    async def command(output: Output, hub: Hub, stop: Stop) -> int:
        del stop
        await commands.dump(output, hub, file)
        return 0

    run_command(command, lang=lang, as_json=as_json)


@app.command()
def restore(
    file: Annotated[Path, typer.Argument(help="JSON 行文件 · JSON lines")],
    *,
    lang: Lang = None,
    as_json: AsJson = False,
) -> None:
    """从文件恢复到空图 · read a whole graph into an empty one."""

    async def command(output: Output, hub: Hub, stop: Stop) -> int:
        del stop
        await commands.restore(output, hub, file)
        return 0

    run_command(command, lang=lang, as_json=as_json, restoring=True)


@app.command()
def migrate(*, lang: Lang = None, as_json: AsJson = False) -> None:
    """升级图的结构 · bring the graph to this version (every command does it as well)."""

    async def command(output: Output, hub: Hub, stop: Stop) -> int:
        del stop
        commands.migrated(output, hub)
        return 0

    run_command(command, lang=lang, as_json=as_json)


@app.command()
def account(
    name: Annotated[str, typer.Argument(help="账号名称 · name")],
    role: Annotated[
        list[str], typer.Argument(help="ROLE 或 ROLE:代码/名称 · e.g. COORDINATOR:130803")
    ],
    *,
    lang: Lang = None,
    as_json: AsJson = False,
) -> None:
    """建立账号并授权 · add an account with its grants, and print its token."""

    async def command(output: Output, hub: Hub, stop: Stop) -> int:
        del stop
        await commands.add_account(output, hub, name, role)
        return 0

    run_command(command, lang=lang, as_json=as_json)


@app.command()
def token(
    account_id: Annotated[str, typer.Argument(help="账号标识 · account id")],
    *,
    hours: Annotated[
        int | None,
        typer.Option("--hours", min=1, max=24 * 366, help="有效小时数 · hours it is good for"),
    ] = None,
    code: Annotated[
        bool, typer.Option("--code", help="一次性登录码 · a code for the sign-in page instead")
    ] = False,
    lang: Lang = None,
    as_json: AsJson = False,
) -> None:
    """为账号签发登录令牌 · sign a token for an account."""

    async def command(output: Output, hub: Hub, stop: Stop) -> int:
        del stop
        if code:
            await token_commands.make_code(output, hub, account_id)
        else:
            await token_commands.sign_token(output, hub, account_id, hours=hours)
        return 0

    run_command(command, lang=lang, as_json=as_json)


@app.command("revoke-token")
def revoke_token(
    token: Annotated[str, typer.Argument(help="令牌 · the token")],
    *,
    lang: Lang = None,
    as_json: AsJson = False,
) -> None:
    """吊销一个令牌 · end a token at once, for all hubs on this graph."""

    async def command(output: Output, hub: Hub, stop: Stop) -> int:
        del stop
        await token_commands.revoke_token(output, hub, token)
        return 0

    run_command(command, lang=lang, as_json=as_json)


@app.command()
def keys(
    *,
    rotate: Annotated[
        bool, typer.Option("--rotate", help="新增签名密钥 · sign with a new key from now on")
    ] = False,
    revoke: Annotated[
        str | None, typer.Option("--revoke", help="吊销一个密钥 · end what this key signed")
    ] = None,
    lang: Lang = None,
    as_json: AsJson = False,
) -> None:
    """查看、轮换、吊销签名密钥 · list, rotate and revoke the keys that sign tokens."""

    async def command(output: Output, hub: Hub, stop: Stop) -> int:
        del stop
        await token_commands.keys(output, hub, rotate=rotate, revoked=revoke)
        return 0

    run_command(command, lang=lang, as_json=as_json)


@person.command("export")
def export_person(
    person_id: PersonId,
    file: Annotated[
        Path | None, typer.Argument(help="JSON 文件 · JSON file", show_default=False)
    ] = None,
    *,
    lang: Lang = None,
    as_json: AsJson = False,
) -> None:
    """导出系统保存的某人的全部信息 · write all that is held of a person."""

    async def command(output: Output, hub: Hub, stop: Stop) -> int:
        del stop
        await person_commands.export(output, hub, person_id, file)
        return 0

    run_command(command, lang=lang, as_json=as_json)


@person.command("erase")
def erase_person(person_id: PersonId, *, lang: Lang = None, as_json: AsJson = False) -> None:
    """删除某人的个人信息，不可恢复 · erase a person's data for good."""

    async def command(output: Output, hub: Hub, stop: Stop) -> int:
        del stop
        await person_commands.erase(output, hub, person_id)
        return 0

    run_command(command, lang=lang, as_json=as_json)


def main() -> None:
    """Run the command line."""
    app()
