"""Sheets of what ties agents: pairings, agreements, alliances with their chairs, check-ins."""

from collections.abc import Iterable
from datetime import date

from domain.inventory import (
    AgreementRow,
    AllianceRow,
    ChairTermRow,
    CheckInRow,
    PairingRow,
    Row,
)
from domain.vocabulary import AllianceKind, CheckInRole
from seed import cells, dates
from seed.kinds.base import ORDINAL, Fields, SheetKind, column
from seed.problems import CellProblem
from seed.words import ALLIANCE_KINDS, CHECK_IN_ROLES, word_table

_ALLIANCE_KINDS = word_table(ALLIANCE_KINDS)
_ROLES = word_table(CHECK_IN_ROLES)
_ALLIANCE_WORDS = "、".join(words.split()[0] for words in ALLIANCE_KINDS.values())
_ROLE_WORDS = "、".join(words.split()[0] for words in CHECK_IN_ROLES.values())


def _day(fields: Fields, name: str, *, last: bool = False) -> date | None:
    """Return a date; with `last` the last day of a month or a year that stands there."""
    year = fields.sheet.year
    return fields.read(name, lambda text: dates.single_date(text, year, last=last))


def _span(fields: Fields, first: str, last: str) -> tuple[date | None, date | None]:
    """Return the first and the last day; it is a problem when they are the wrong way round."""
    starts, ends = _day(fields, first), _day(fields, last, last=True)
    if starts and ends and ends < starts:
        fields.problem(last, CellProblem("ends_before_it_starts", expected=starts))
    return starts, ends


def _read_pairing(fields: Fields) -> Iterable[Row]:
    yield PairingRow(
        origin=fields.origin,
        one=fields.required("one"),
        other=fields.required("other"),
        since=_day(fields, "since"),
        source=fields.text("source"),
    )


def _read_agreement(fields: Fields) -> Iterable[Row]:
    signed_on, valid_until = _span(fields, "signed_on", "valid_until")
    parties = (fields.required("one"), fields.required("other"), *fields.listed("others"))
    yield AgreementRow(
        origin=fields.origin,
        title=fields.required("title"),
        parties=parties,
        number=fields.text("number"),
        signed_on=signed_on,
        valid_until=valid_until,
        terms=fields.text("terms"),
    )


def _read_alliance(fields: Fields) -> Iterable[Row]:
    kind = fields.read("kind", lambda text: cells.chosen(text, _ALLIANCE_KINDS, _ALLIANCE_WORDS))
    fields.required("kind")
    fields.required("members")
    yield AllianceRow(
        origin=fields.origin,
        name=fields.required("name"),
        kind=kind or AllianceKind.OTHER,
        members=fields.listed("members"),
        supporters=fields.listed("supporters"),
        area=fields.text("area"),
        founded_on=_day(fields, "founded_on"),
        description=fields.text("description"),
    )


def _read_chair_term(fields: Fields) -> Iterable[Row]:
    fields.required("starts_on")
    starts_on, ends_on = _span(fields, "starts_on", "ends_on")
    yield ChairTermRow(
        origin=fields.origin,
        alliance=fields.required("alliance"),
        chair=fields.required("chair"),
        starts_on=starts_on or date.min,
        ends_on=ends_on,
    )


def _read_check_in(fields: Fields) -> Iterable[Row]:
    role = fields.read("role", lambda text: cells.chosen(text, _ROLES, _ROLE_WORDS))
    fields.required("role")
    starts_on, ends_on = _span(fields, "starts_on", "ends_on")
    yield CheckInRow(
        origin=fields.origin,
        agent=fields.required("agent"),
        area=fields.required("area"),
        role=role or CheckInRole.OTHER,
        starts_on=starts_on,
        ends_on=ends_on,
    )


PAIRINGS = SheetKind(
    "pairings",
    (
        ORDINAL,
        column("one", "结对一方 甲方 社区或村", required=True),
        column("other", "结对另一方 乙方 结对单位", required=True),
        column("since", "结对时间 结对日期 开始时间"),
        column("source", "来源 依据 备注"),
    ),
    _read_pairing,
)
AGREEMENTS = SheetKind(
    "agreements",
    (
        ORDINAL,
        column("number", "协议编号 编号"),
        column("title", "协议名称 共建协议名称 协议", required=True),
        column("one", "甲方 社区方", required=True),
        column("other", "乙方 单位方 共建单位", required=True),
        column("others", "其他签约方 丙方 其他方"),
        column("signed_on", "签订日期 签订时间 签约日期"),
        column("valid_until", "有效期至 到期日期 终止日期"),
        column("terms", "协议内容 共建内容 共建事项 主要内容"),
    ),
    _read_agreement,
)
ALLIANCES = SheetKind(
    "alliances",
    (
        ORDINAL,
        column("name", "联盟名称 党建联盟名称 党建联盟", required=True),
        column("kind", "联盟类型 联盟类别 类型", required=True),
        column("area", "所在区域 所属区域 所在街道"),
        column("members", "成员单位 成员党组织", required=True),
        column("supporters", "共促单位 支持单位"),
        column("founded_on", "成立日期 成立时间"),
        column("description", "联盟简介 简介 说明"),
    ),
    _read_alliance,
)
CHAIR_TERMS = SheetKind(
    "chair_terms",
    (
        ORDINAL,
        column("alliance", "联盟名称 党建联盟名称 党建联盟", required=True),
        column("chair", "轮值主席单位 轮值主席", required=True),
        column("starts_on", "任期开始 任期起 开始日期", required=True),
        column("ends_on", "任期结束 任期止 结束日期"),
    ),
    _read_chair_term,
)
CHECK_INS = SheetKind(
    "check_ins",
    (
        ORDINAL,
        column(
            "agent",
            "报到党组织或党员编号 报到方 报到党组织 报到党员编号 报到人员编号",
            required=True,
        ),
        column("area", "报到社区 报到地", required=True),
        column("role", "担任角色 认领岗位 角色 岗位", required=True),
        column("starts_on", "报到日期 报到时间 开始日期"),
        column("ends_on", "结束日期 结束时间"),
    ),
    _read_check_in,
)
