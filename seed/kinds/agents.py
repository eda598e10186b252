"""Sheets of those who give and receive: units, Party organisations, members."""

from collections.abc import Iterable

from domain.inventory import BranchRow, MemberRow, Row, UnitRow
from domain.vocabulary import BranchKind, MemberKind, UnitKind
from seed import cells
from seed.kinds.base import CONTACTS, COORDINATES, ORDINAL, Fields, SheetKind, column
from seed.words import BRANCH_KINDS, MEMBER_KINDS, UNIT_KINDS, branch_kind_of, word_table

_UNIT_KINDS = word_table(UNIT_KINDS)
_BRANCH_KINDS = word_table(BRANCH_KINDS)
_MEMBER_KINDS = word_table(MEMBER_KINDS)
_UNIT_WORDS = "、".join(words.split()[0] for words in UNIT_KINDS.values())
_BRANCH_WORDS = "、".join(words.split()[0] for words in BRANCH_KINDS.values())
_MEMBER_WORDS = "、".join(words.split()[0] for words in MEMBER_KINDS.values())


def _read_unit(fields: Fields) -> Iterable[Row]:
    kind = fields.read("kind", lambda text: cells.chosen(text, _UNIT_KINDS, _UNIT_WORDS))
    fields.required("kind")
    yield UnitRow(
        origin=fields.origin,
        name=fields.required("name"),
        kind=kind or UnitKind.OTHER,
        credit_code=fields.read("credit_code", cells.checked_credit_code),
        aliases=fields.listed("aliases"),
        area=fields.text("area"),
        address=fields.text("address"),
        **fields.contacts(),
        **fields.degrees(),
    )


def _read_branch(fields: Fields) -> Iterable[Row]:
    name = fields.required("name")
    kind = fields.read("kind", lambda text: cells.chosen(text, _BRANCH_KINDS, _BRANCH_WORDS))
    kind = kind or branch_kind_of(name)
    if kind is None:
        fields.required("kind")
    yield BranchRow(
        origin=fields.origin,
        name=name,
        kind=kind or BranchKind.BRANCH,
        parent=fields.text("parent"),
        unit=fields.text("unit"),
        area=fields.text("area"),
        aliases=fields.listed("aliases"),
        **fields.contacts(),
    )


def _read_member(fields: Fields) -> Iterable[Row]:
    kind = fields.read("kind", lambda text: cells.chosen(text, _MEMBER_KINDS, _MEMBER_WORDS))
    fields.required("kind")
    yield MemberRow(
        origin=fields.origin,
        number=fields.required("number"),
        name=fields.required("name"),
        kind=kind or MemberKind.VOLUNTEER,
        skills=fields.listed("skills"),
        branch=fields.text("branch"),
        unit=fields.text("unit"),
        area=fields.text("area"),
        **fields.contacts(),
    )


UNITS = SheetKind(
    "units",
    (
        ORDINAL,
        column("name", "单位名称 单位 名称", required=True),
        column("kind", "单位类型 单位性质 类型 性质", required=True),
        column("credit_code", "统一社会信用代码 信用代码 社会信用代码"),
        column("area", "所在社区 所属社区 所在区域 所属区域 所在地 社区 驻地"),
        column("address", "地址 单位地址 详细地址"),
        column("aliases", "简称 别名 曾用名"),
        *CONTACTS,
        *COORDINATES,
    ),
    _read_unit,
)
BRANCHES = SheetKind(
    "branches",
    (
        ORDINAL,
        column("name", "党组织名称 党组织", required=True),
        column("kind", "党组织类型 党组织类别 类型"),
        column("parent", "上级党组织"),
        column("unit", "所属单位 依托单位 单位"),
        column("area", "所属社区 所属区域 所在社区 所在区域 社区"),
        column("aliases", "简称 别名"),
        column("contact_name", "书记 党组织书记 负责人 联系人"),
        *CONTACTS[1:],
    ),
    _read_branch,
)
MEMBERS = SheetKind(
    "members",
    (
        column("ordinal", "序号", ordinal=True),
        column("number", "编号 人员编号 登记编号", required=True),
        column("name", "姓名 称呼", required=True),
        column("kind", "身份 类别 人员类别", required=True),
        column("skills", "特长 技能 服务特长 服务技能"),
        column("branch", "所在党组织 所属党组织 党组织"),
        column("unit", "工作单位 所在单位 单位"),
        column("area", "报到社区 居住社区 所在社区 社区"),
        *CONTACTS[1:],
    ),
    _read_member,
)
