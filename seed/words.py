"""The words by which sheets name the values of the vocabularies."""

from collections.abc import Mapping
from typing import TypeVar

from domain.folding import name_key
from domain.vocabulary import (
    AllianceKind,
    AreaLevel,
    BranchKind,
    CapacityKind,
    CheckInRole,
    MemberKind,
    OrderOrigin,
    UnitKind,
    Urgency,
    Vocabulary,
)

ValueT = TypeVar("ValueT", bound=Vocabulary)

AREA_LEVELS: dict[AreaLevel, str] = {
    AreaLevel.PROVINCE: "省 自治区 直辖市",
    AreaLevel.CITY: "市 地级市",
    AreaLevel.DISTRICT: "区县 区 县 市辖区",
    AreaLevel.SUBDISTRICT: "街道 镇 乡 街道/镇/乡 街道镇乡 镇街",
    AreaLevel.COMMUNITY: "社区 村 居民区 社区/村 行政村",
    AreaLevel.GRID: "网格",
    AreaLevel.COMPOUND: "小区",
    AreaLevel.BUILDING: "楼栋 楼",
}
UNIT_KINDS: dict[UnitKind, str] = {
    UnitKind.ORGAN: "机关 行政机关 党政机关 政府部门",
    UnitKind.PUBLIC_INSTITUTION: "事业单位",
    UnitKind.STATE_ENTERPRISE: "国有企业 国企 央企",
    UnitKind.PRIVATE_ENTERPRISE: "民营企业 私营企业 民企 个体工商户 非公企业 两新组织",
    UnitKind.SOCIAL_ORGANISATION: "社会组织 协会 社团 民办非企业",
    UnitKind.SCHOOL: "学校 幼儿园",
    UnitKind.HOSPITAL: "医院 医疗机构",
    UnitKind.PROPERTY_COMPANY: "物业公司 物业 物业企业",
    UnitKind.MILITARY: "部队 驻军",
    UnitKind.OTHER: "其他 其它",
}
BRANCH_KINDS: dict[BranchKind, str] = {
    BranchKind.COMMITTEE: "党委 基层党委",
    BranchKind.WORKING_COMMITTEE: "党工委",
    BranchKind.WIDE_WORKING_COMMITTEE: "大工委",
    BranchKind.WIDE_COMMITTEE: "大党委",
    BranchKind.GENERAL_BRANCH: "党总支 总支",
    BranchKind.BRANCH: "党支部 支部",
    BranchKind.GROUP: "党小组",
    BranchKind.COMPOSITE_BRANCH: "兼合式党支部 兼合式支部 联合党支部",
}
MEMBER_KINDS: dict[MemberKind, str] = {
    MemberKind.PARTY_MEMBER: "党员 在职党员",
    MemberKind.VOLUNTEER: "志愿者",
    MemberKind.COMMUNITY_WORKER: "社区工作者 社工",
    MemberKind.GRID_WORKER: "网格员 网格长",
}
CAPACITY_KINDS: dict[CapacityKind, str] = {
    CapacityKind.TOTAL: "总量 按总量",
    CapacityKind.SHARED: "时段共享 共享",
    CapacityKind.EXCLUSIVE: "时段独占 独占 整场 专用",
}
URGENCIES: dict[Urgency, str] = {
    Urgency.LOW: "不急 低 可缓",
    Urgency.NORMAL: "一般 普通 中 正常",
    Urgency.HIGH: "较急 高 急",
    Urgency.CRITICAL: "紧急 特急 非常紧急",
}
ORDER_ORIGINS: dict[OrderOrigin, str] = {
    OrderOrigin.LIST: "清单 需求清单 社区上报",
    OrderOrigin.RESIDENT: "居民 居民点单 居民反映 随手拍",
    OrderOrigin.MEETING: "会议 联席会议",
}

ALLIANCE_KINDS: dict[AllianceKind, str] = {
    AllianceKind.ADMINISTRATIVE: "机关 行政 机关联盟 行政联盟",
    AllianceKind.COMMUNITY: "社区 社区联盟",
    AllianceKind.BUSINESS: "商圈 商务 楼宇 商圈联盟",
    AllianceKind.CAMPUS: "校园 学校 高校 校园联盟",
    AllianceKind.INDUSTRIAL_PARK: "园区 产业园区 工业园区 园区联盟",
    AllianceKind.OTHER: "其他 其它",
}
CHECK_IN_ROLES: dict[CheckInRole, str] = {
    CheckInRole.ONLINE_BUILDING_HEAD: "网络楼长",
    CheckInRole.BUILDING_HEAD: "楼长 楼栋长",
    CheckInRole.GRID_WORKER: "兼职网格员 网格员",
    CheckInRole.GRID_INSTRUCTOR: "网格指导员 指导员",
    CheckInRole.COMMITTEE_MEMBER: "兼职委员 大党委委员",
    CheckInRole.POLICE: "兼职民警 民警",
    CheckInRole.CITY_MANAGEMENT: "兼职城管员 城管员",
    CheckInRole.DOCTOR: "兼职医生 医生",
    CheckInRole.LAWYER: "兼职律师 律师",
    CheckInRole.ARTS_AND_SPORTS: "兼职文体员 文体员",
    CheckInRole.TEACHER: "兼职教师 教师",
    CheckInRole.SERVICE_TEAM: "服务队员 服务队",
    CheckInRole.VOLUNTEER: "志愿者",
    CheckInRole.CO_BUILDING: "共建党组织 共建单位 共建",
    CheckInRole.OTHER: "其他 其它",
}

_UNIT_ENDINGS: tuple[tuple[str, UnitKind], ...] = (
    ("幼儿园|小学|中学|高中|学校|学院|大学|社区学校|东校", UnitKind.SCHOOL),
    ("医院|卫生服务中心|卫生院|福利院", UnitKind.HOSPITAL),
    ("物业", UnitKind.PROPERTY_COMPANY),
    ("部队|干休所", UnitKind.MILITARY),
    ("派出所|局|署|街道办事处|法院|检察院|人民政府|宣传处|银监会", UnitKind.ORGAN),
    ("基金会|协会|联合会|商会|企联会", UnitKind.SOCIAL_ORGANISATION),
)
_BRANCH_ENDINGS: tuple[tuple[str, BranchKind], ...] = (
    ("大工委", BranchKind.WIDE_WORKING_COMMITTEE),
    ("大党委", BranchKind.WIDE_COMMITTEE),
    ("党工委", BranchKind.WORKING_COMMITTEE),
    ("党总支", BranchKind.GENERAL_BRANCH),
    ("总支部", BranchKind.GENERAL_BRANCH),
    ("党小组", BranchKind.GROUP),
    ("支部", BranchKind.BRANCH),
    ("党委", BranchKind.COMMITTEE),
    ("委员会", BranchKind.COMMITTEE),
)


def word_table(words: Mapping[ValueT, str]) -> dict[str, ValueT]:
    """Return every accepted word of a vocabulary, folded; its own identifiers too."""
    return {
        name_key(word): value
        for value, named in words.items()
        for word in (*named.split(), value.value)
    }


def unit_kind_of(name: str) -> UnitKind:
    """Return what a unit's name says of its kind; OTHER where it says nothing."""
    for words, kind in _UNIT_ENDINGS:
        if any(word in name for word in words.split("|")):
            return kind
    return UnitKind.OTHER


def branch_kind_of(name: str) -> BranchKind | None:
    """Return the kind that a Party organisation's name states, or None."""
    return next((kind for word, kind in _BRANCH_ENDINGS if name.endswith(word)), None)
