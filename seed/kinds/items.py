"""Sheets of the resource list and the need list: offers and orders."""

from collections.abc import Iterable

from domain.availability import END_OF_DAY
from domain.categories import CATEGORIES, recognise, usual_capacity_kind
from domain.inventory import OfferRow, OrderRow, Row
from domain.plausible import MOST_PARTNERS
from domain.vocabulary import OrderOrigin, Urgency
from seed import cells, dates
from seed.kinds.base import COORDINATES, ORDINAL, Fields, SheetKind, column
from seed.problems import CellProblem
from seed.windows import weekly_windows
from seed.words import CAPACITY_KINDS, ORDER_ORIGINS, URGENCIES, word_table

USUAL_MEASURES = {
    "venue": "PERSON",
    "parking": "PARKING_SPACE",
    "training": "SESSION",
    "health": "PERSON_TIME",
    "legal": "SESSION",
    "elderly": "PERSON_TIME",
    "household": "SESSION",
    "environment": "SESSION",
    "culture": "SESSION",
    "equipment": "PIECE",
    "money": "CNY",
    "jobs": "POST",
    "volunteers": "PERSON_TIME",
    "goods": "PIECE",
    "information": "SESSION",
}
"""In what a category is counted where a sheet states no unit, by its root."""

_CAPACITY_KINDS = word_table(CAPACITY_KINDS)
_URGENCIES = word_table(URGENCIES)
_ORIGINS = word_table(ORDER_ORIGINS)
_CAPACITY_WORDS = "、".join(words.split()[0] for words in CAPACITY_KINDS.values())
_URGENCY_WORDS = "、".join(words.split()[0] for words in URGENCIES.values())
_ORIGIN_WORDS = "、".join(words.split()[0] for words in ORDER_ORIGINS.values())
_EVERYBODY = frozenset({"全区", "不限", "全部", "全体", "所有社区", "面向全区"})
_INDIVISIBLE = frozenset({"不可拆分", "不拆分", "整单", "整体承接", "一次性", "全部"})
_DIVISIBLE = frozenset({"可拆分", "不限", "任意", "可分"})

NUMBER = column("number", "编号 清单编号 项目编号")
CATEGORY = column("category", "类别 分类 资源类别 需求类别 类型")
MEASURE = column("measure", "计量单位 单位量 量词")
SKILLS = column("skills", "所需技能 服务特长 技能要求 特长")


def _category(fields: Fields, *hints: str | None) -> str:
    """Return the category that the sheet names, or else that its words speak of."""
    if fields.text("category") is not None:
        return fields.read("category", cells.category) or next(iter(CATEGORIES))
    found = next((code for hint in hints if hint and (code := recognise(hint))), None)
    if found is None:
        fields.problem("category", CellProblem("no_category"))
    return found or next(iter(CATEGORIES))


def _amount(fields: Fields, category: str) -> tuple[int | None, str]:
    usual = USUAL_MEASURES[CATEGORIES[category].parent or category]
    unit = fields.text("measure")
    if fields.text("quantity") is None:
        return fields.read("measure", lambda text: cells.amount("", text, usual)) or (None, usual)
    return fields.read("quantity", lambda text: cells.amount(text, unit, usual)) or (None, usual)


def _read_offer(fields: Fields) -> Iterable[Row]:
    title = fields.required("title")
    description = fields.text("description")
    category = _category(fields, title, description)
    capacity, measure = _amount(fields, category)
    kind = fields.read(
        "capacity_kind", lambda text: cells.chosen(text, _CAPACITY_KINDS, _CAPACITY_WORDS)
    )
    year = fields.sheet.year
    dated = fields.read("period", lambda text: dates.date_range(text, year)) or (None, None)
    serves = fields.listed("serves")
    yield OfferRow(
        origin=fields.origin,
        number=fields.text("number"),
        provider=fields.required("provider"),
        title=title,
        category=category,
        capacity_kind=kind or usual_capacity_kind(category),
        capacity=capacity,
        measure=measure,
        description=description,
        starts_on=dated[0],
        ends_on=dated[1],
        windows=fields.read("windows", weekly_windows) or (),
        slot_minutes=fields.read("slot_minutes", _minutes),
        partner_limit=fields.read("partner_limit", _partners),
        place=fields.text("place"),
        serves=() if _EVERYBODY.intersection(serves) else serves,
        address=fields.text("address"),
        conditions=fields.text("conditions"),
        beneficiaries=fields.text("beneficiaries"),
        skills=fields.listed("skills"),
        list_years=fields.sheet.years,
        **fields.degrees(),
    )


def _minutes(text: str) -> int:
    """Return how long a slot is, a day at most: `60分钟`, `1.5小时`, or a bare number."""
    bare = text.removesuffix("分钟").removesuffix("分")
    if bare.isdecimal():
        minutes, measure = int(bare) if len(bare) <= len(str(END_OF_DAY)) else None, "HOUR"
    else:
        minutes, measure = cells.amount(text, None, "HOUR")
    if minutes is None or measure != "HOUR" or not 0 < minutes <= END_OF_DAY:
        raise CellProblem("not_a_length", expected="60分钟", largest=END_OF_DAY)
    return minutes


def _partners(text: str) -> int:
    """Return how many partners there may be: `2`, `最多2家`."""
    count = cells.whole_number(text.removeprefix("最多").removesuffix("家").removesuffix("个"))
    if not 0 < count <= MOST_PARTNERS:
        raise CellProblem("no_partners", largest=MOST_PARTNERS)
    return count


def _read_order(fields: Fields) -> Iterable[Row]:
    title = fields.required("title")
    description = fields.text("description")
    category = _category(fields, title, description)
    quantity, measure = _amount(fields, category)
    if quantity is None and not fields.problems:
        fields.problem("quantity", CellProblem("quantity_unstated", expected="50人"))
    year = fields.sheet.year
    starts_on = fields.read("starts_on", lambda text: dates.single_date(text, year))
    deadline = fields.read("deadline", lambda text: dates.single_date(text, year, last=True))
    if starts_on and deadline and deadline < starts_on:
        fields.problem("deadline", CellProblem("ends_before_it_starts", expected=starts_on))
    yield OrderRow(
        origin=fields.origin,
        number=fields.text("number"),
        receiver=fields.required("receiver"),
        title=title,
        category=category,
        quantity=quantity or 1,
        measure=measure,
        minimum_lot=_lot(fields, quantity or 1, measure),
        partner_limit=fields.read("partner_limit", _partners),
        contiguous_minutes=fields.read("contiguous_minutes", _minutes),
        description=description,
        starts_on=starts_on,
        deadline=deadline,
        windows=fields.read("windows", weekly_windows) or (),
        place=fields.text("place"),
        urgency=fields.read("urgency", lambda text: cells.chosen(text, _URGENCIES, _URGENCY_WORDS))
        or Urgency.NORMAL,
        beneficiaries=fields.text("beneficiaries"),
        skills=fields.listed("skills"),
        origin_of_order=fields.read(
            "origin", lambda text: cells.chosen(text, _ORIGINS, _ORIGIN_WORDS)
        )
        or OrderOrigin.LIST,
        list_years=fields.sheet.years,
        **fields.degrees(),
    )


def _lot(fields: Fields, quantity: int, measure: str) -> int:
    """Return the least that one claim may take, in the smallest unit of the order's measure."""
    text = fields.text("minimum_lot")
    if text is None or text in _DIVISIBLE:
        return 1
    if text in _INDIVISIBLE:
        return quantity

    def read(text: str) -> int:
        bare = text.removeprefix("每次").removeprefix("不少于").removeprefix("至少")
        lot, lot_measure = cells.amount(bare, None, measure)
        if lot is None or lot_measure != measure or lot > quantity:
            raise CellProblem("lot_too_large", expected=fields.text("quantity") or "")
        return lot

    return fields.read("minimum_lot", read) or 1


OFFERS = SheetKind(
    "offers",
    (
        ORDINAL,
        NUMBER,
        column("provider", "提供单位 资源单位 供给单位 供给方 提供方", required=True),
        column("title", "资源名称 资源项目 服务项目 资源", required=True),
        CATEGORY,
        column("description", "资源说明 资源内容 说明 内容"),
        column("quantity", "数量 资源数量 可提供数量 容量"),
        MEASURE,
        column("capacity_kind", "使用方式 容量方式 占用方式"),
        column("windows", "开放时间 服务时间 时间 每周时间"),
        column("slot_minutes", "时段长度 每段时长"),
        column("partner_limit", "最多服务家数 服务家数上限"),
        column("period", "有效期 起止日期 提供期限 日期"),
        column("place", "所在社区 服务社区"),
        column("serves", "服务范围 面向社区"),
        column("address", "地点 地址 使用地点"),
        column("conditions", "使用条件 条件 备注"),
        column("beneficiaries", "服务对象 受益对象"),
        SKILLS,
        *COORDINATES,
    ),
    _read_offer,
)
ORDERS = SheetKind(
    "orders",
    (
        ORDINAL,
        NUMBER,
        column("receiver", "需求单位 需求方 提出单位 需求社区", required=True),
        column("title", "需求名称 需求项目 需求", required=True),
        CATEGORY,
        column("description", "需求说明 需求内容 说明 内容"),
        column("quantity", "数量 需求数量", required=True),
        MEASURE,
        column("minimum_lot", "最小承接量 最小批量 是否可拆分"),
        column("partner_limit", "最多供给家数 供给家数上限"),
        column("contiguous_minutes", "连续时长 最短连续时长"),
        column("windows", "时间要求 服务时间 时间"),
        column("starts_on", "开始日期 起始日期"),
        column("deadline", "截止日期 完成期限 期限"),
        column("urgency", "紧急程度 紧急度"),
        column("place", "所在社区 服务社区"),
        column("beneficiaries", "受益对象 服务对象"),
        column("origin", "来源 需求来源"),
        SKILLS,
        *COORDINATES,
    ),
    _read_order,
)
