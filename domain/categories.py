"""The taxonomy of what is offered and needed: two levels, with names, keywords and substitutes.

A sheet may name a category by its code, its name or an alias (`category_named`); where it names
none, the keywords find one in what people wrote (`recognise`).
"""

import re
from dataclasses import dataclass
from functools import cache

from domain.folding import fold, name_key
from domain.vocabulary import CapacityKind

_PATH_SEPARATOR = re.compile(r"[/／>—-]")


@dataclass(frozen=True, slots=True)
class CategoryFact:
    """A node of the taxonomy: stable code, names, the parent's code, and how people write it.

    `aliases` name the category; `keywords` only hint at it inside a longer text.
    """

    code: str
    name: str
    name_en: str
    parent: str | None
    aliases: tuple[str, ...] = ()
    keywords: tuple[str, ...] = ()

    @property
    def path(self) -> str:
        """The codes from the root down to this one, `/venue/hall/`."""
        return f"/{self.code}/" if self.parent is None else f"/{self.parent}/{self.code}/"


def _group(
    code: str, name: str, name_en: str, words: str, *children: tuple[str, str, str, str, str]
) -> tuple[CategoryFact, ...]:
    """Declare a root with its children; aliases and keywords are separated by spaces."""
    root = CategoryFact(code, name, name_en, None, keywords=tuple(words.split()))
    return root, *(
        CategoryFact(child, zh, en, code, tuple(aliases.split()), tuple(keywords.split()))
        for child, zh, en, aliases, keywords in children
    )


_TAXONOMY = (
    *_group(
        "venue", "场地", "Venues", "场地 场所 用房 阵地",
        ("meeting_room", "会议室", "Meeting rooms", "会议场地 会议厅", "会议 会客"),
        ("hall", "礼堂大厅", "Halls", "礼堂 大厅 多功能厅 报告厅", "大堂 多功能 排练厅 活动厅"),
        ("classroom", "教室", "Classrooms", "培训教室 课堂", "教室 社区学校 机房"),
        ("activity_room", "活动室", "Activity rooms", "活动场地 党群活动室",
         "活动室 健身房 乒乓室 画室 钢琴房 工作室 棋牌"),
        ("exhibition", "展览场馆", "Exhibition spaces", "展厅 展馆", "美术馆 艺术馆 展览 艺苑"),
        ("sports_ground", "体育场地", "Sports grounds", "运动场 球场 操场",
         "篮球场 足球场 羽毛球 球馆 运动场地 游泳馆"),
        ("open_space", "广场空地", "Open spaces", "广场 空地", "广场 摆摊 集市"),
        ("workspace", "办公经营用房", "Work premises", "办公用房 经营场地", "摊位 工位 门面"),
    ),
    *_group(
        "parking", "停车", "Parking", "停车",
        ("car_parking", "机动车位", "Car parking", "停车位 车位 停车场 错时停车", "停车 泊位"),
        ("bicycle_parking", "非机动车停放", "Bicycle parking", "自行车棚 非机动车位",
         "车棚 电动车停放"),
        ("charging", "充电设施", "Charging", "充电桩 充电", "充电"),
    ),
    *_group(
        "training", "培训教育", "Training", "培训 讲座 课程 教学",
        ("vocational", "职业技能培训", "Vocational training", "技能培训 就业培训",
         "面点 快餐 月嫂 育婴 母婴 电工 焊工 家政培训 技能"),
        ("party_lecture", "党课宣讲", "Party lectures", "党课 宣讲", "党史 理论 宣讲 微党课"),
        ("digital_skills", "智能设备教学", "Digital skills", "手机培训 智能手机教学",
         "手机 电脑 防诈骗操作 智能"),
        ("after_school", "课后辅导", "After-school care", "课业辅导 四点半课堂 托管",
         "作业 辅导 四点半 假期托管 暑期 伴读"),
        ("safety_training", "安全培训", "Safety training", "消防培训 应急培训",
         "消防 急救 逃生 燃气安全 防汛 演练 交通安全"),
        ("finance_literacy", "金融知识", "Financial literacy", "金融宣传 反诈宣传",
         "金融 反诈 理财 存款 诈骗"),
        ("parenting", "家庭教育", "Parenting", "亲子教育", "亲子 家长 育儿"),
    ),
    *_group(
        "health", "医疗健康", "Health", "医疗 健康",
        ("clinic", "义诊", "Free clinics", "健康义诊 巡诊", "义诊 坐诊 问诊"),
        ("health_check", "健康检测", "Health checks", "体检 健康筛查",
         "体检 血压 血糖 骨密度 筛查 检测"),
        ("chinese_medicine", "中医理疗", "Chinese medicine", "中医 理疗", "针灸 推拿 艾灸"),
        ("mental_health", "心理服务", "Mental health", "心理咨询 心理疏导", "心理 情绪"),
        ("eye_dental", "眼科口腔", "Eyes and teeth", "口腔检查 视力检查", "口腔 视力 白内障 验光"),
        ("health_lecture", "健康讲座", "Health lectures", "健康宣教", "养生 慢病 健康知识"),
    ),
    *_group(
        "legal", "法律服务", "Legal services", "法律",
        ("legal_advice", "法律咨询", "Legal advice", "法律顾问 公益律师", "律师 咨询法律 维权"),
        ("mediation", "纠纷调解", "Mediation", "人民调解", "调解 纠纷"),
        ("legal_lecture", "普法宣传", "Legal education", "普法讲座 法治宣传", "普法 民法典 法治"),
    ),
    *_group(
        "elderly", "养老助老", "Elderly care", "养老 助老 老人 老年",
        ("meals", "助餐", "Meals", "老年餐 送餐 助餐服务", "餐 食堂 饭"),
        ("bathing", "助浴", "Bathing", "助浴服务", "洗澡 助浴"),
        ("visiting", "探访陪伴", "Visiting", "走访探视 陪伴 探访",
         "独居 空巢 慰问老人 陪聊 结对老人"),
        ("escort", "陪诊陪同", "Escort", "陪诊 陪同就医", "就医 陪诊 挂号"),
        ("day_care", "日间照料", "Day care", "日间照料服务 托老", "日托 照料"),
        ("adaptation", "适老改造", "Home adaptation", "适老化改造", "扶手 防滑 无障碍"),
    ),
    *_group(
        "household", "便民服务", "Household services", "便民 家政",
        ("repair", "维修", "Repairs", "家电维修 水电维修 小维修",
         "维修 修理 家电 水管 水电 管道 疏通 门锁 磨刀 修鞋 缝补"),
        ("haircut", "理发", "Haircuts", "义剪 免费理发", "理发 剪发 美发"),
        ("cleaning", "保洁", "Cleaning", "清洁 家政保洁", "保洁 擦玻璃 大扫除 油烟机 清洗"),
        ("errands", "代办跑腿", "Errands", "代办 帮办 跑腿", "代办 代购 代缴 取药 送货"),
        ("childcare", "儿童照看", "Childcare", "托幼 儿童托管", "托育 看护 儿童"),
        ("moving", "搬运", "Moving", "搬家 运输", "搬运 货车 运送 拉运"),
        ("pest_control", "消杀", "Pest control", "消毒 除四害", "消杀 消毒 灭鼠 蚊"),
    ),
    *_group(
        "environment", "绿化环境", "Greening and environment", "绿化 环境 卫生",
        ("greening", "绿化养护", "Greening", "绿地认养 绿化认养", "绿地 树木 修剪 花卉 种植 补植"),
        ("tidying", "环境整治", "Tidying up", "清扫 卫生整治", "楼道 清理 小广告 除雪 扫雪 杂物"),
        ("waste", "垃圾分类", "Waste sorting", "垃圾清运 垃圾分类指导", "垃圾 回收 旧衣"),
        ("facility_repair", "公共设施修缮", "Public facilities", "设施维修 基础设施",
         "路灯 路面 围墙 座椅 健身器材维修 护栏 井盖 照明 屋面 防水"),
        ("patrol", "巡逻值守", "Patrols", "治安巡逻 值守", "巡逻 站岗 门岗 护学岗 交通疏导"),
    ),
    *_group(
        "culture", "文化体育", "Culture and sports", "文化 文艺 体育",
        ("performance", "文艺演出", "Performances", "演出 文艺表演",
         "演出 节目 合唱 文艺 晚会 邻里节"),
        ("arts_course", "文艺培训", "Arts courses", "书法课 舞蹈课 声乐课",
         "书法 绘画 舞蹈 声乐 剪纸 摄影 广场舞 葫芦丝 戏曲"),
        ("sports_coaching", "体育指导", "Sports coaching", "体育教练 健身指导",
         "教练 太极 健身操 乒乓球 教球 八段锦"),
        ("film", "电影放映", "Film shows", "露天电影 放映", "电影 放映"),
        ("reading", "阅读推广", "Reading", "图书借阅 流动图书", "图书 阅读 读书 绘本 书籍"),
    ),
    *_group(
        "equipment", "设备物资借用", "Equipment", "设备 器材 借用",
        ("audio_visual", "音响影像设备", "Audio and video", "音响 投影仪", "投影 音响 话筒 LED屏"),
        ("furniture", "桌椅帐篷", "Tables and tents", "桌椅 帐篷", "桌子 椅子 帐篷 折叠"),
        ("vehicles", "车辆", "Vehicles", "用车 车辆支持", "客车 面包车 大巴 接送 通勤"),
        ("tools", "工具机械", "Tools and machines", "工具 机械", "铲车 除雪机 割草机 梯子 工具"),
        ("medical_aids", "康复辅具", "Medical aids", "轮椅 辅具", "轮椅 拐杖 护理床"),
    ),
    *_group(
        "money", "资金", "Money", "资金 经费",
        ("aid_money", "帮困助学资金", "Aid money", "助学金 慰问金 现金", "助学 帮困 慰问金 奖学"),
        ("project_funding", "项目经费", "Project funding", "赞助 活动经费",
         "赞助 资助 经费 配套资金"),
    ),
    *_group(
        "jobs", "就业", "Jobs", "就业 岗位",
        ("vacancy", "就业岗位", "Vacancies", "招聘岗位 岗位", "招聘 用工 岗位"),
        ("internship", "见习实习", "Internships", "实习 见习", "实习 见习 社会实践"),
        ("career_advice", "就业指导", "Career advice", "职业指导 创业指导", "简历 创业 就业指导"),
    ),
    *_group(
        "volunteers", "志愿人力", "Volunteers", "志愿 人手",
        ("general_volunteers", "志愿者", "Volunteers at large", "志愿服务 志愿者队伍",
         "志愿者 帮手 人手"),
        ("event_staff", "活动志愿者", "Event helpers", "活动保障", "活动秩序 引导 保障"),
        ("census", "入户走访", "Door-to-door visits", "入户 信息采集", "入户 摸排 登记 采集"),
        ("experts", "专业人才", "Experts", "专家 技术顾问", "专家 设计师 工程师 顾问 规划"),
    ),
    *_group(
        "goods", "物资", "Goods", "物资 物品 实物",
        ("aid_goods", "帮困慰问物资", "Aid goods", "慰问品 实物", "米面 粮油 慰问 棉被 爱心包"),
        ("study_goods", "学习用品", "School supplies", "文具 书包", "文具 书包 课桌"),
        ("redemption_goods", "积分兑换物品", "Redemption goods", "积分商品 兑换商品",
         "积分 兑换 雷锋超市 日用品"),
        ("protective_goods", "防护应急物资", "Protective goods", "应急物资 防疫物资",
         "灭火器 口罩 沙袋 头盔 应急"),
        ("plants", "花卉苗木", "Plants", "苗木 绿植", "花苗 树苗 盆花"),
    ),
    *_group(
        "information", "信息宣传", "Information", "信息 宣传",
        ("publicity", "宣传推广", "Publicity", "宣传栏 宣传片", "海报 宣传 大屏 公众号 拍摄 视频"),
        ("policy_advice", "政策咨询", "Policy advice", "政务咨询 政策解读",
         "医保 社保 公积金 税务 政策 办证"),
        ("it_support", "信息技术支持", "IT support", "网络支持 技术支持",
         "网络 宽带 监测 系统 打印"),
    ),
)  # fmt: skip

CATEGORIES: dict[str, CategoryFact] = {fact.code: fact for fact in _TAXONOMY}
"""All categories by code, each parent before its children."""

SUBSTITUTES: tuple[tuple[str, str], ...] = (
    ("meeting_room", "classroom"),
    ("meeting_room", "activity_room"),
    ("classroom", "meeting_room"),
    ("activity_room", "classroom"),
    ("activity_room", "hall"),
    ("hall", "exhibition"),
    ("open_space", "sports_ground"),
    ("clinic", "health_check"),
    ("health_lecture", "clinic"),
    ("legal_lecture", "legal_advice"),
    ("mediation", "legal_advice"),
    ("visiting", "general_volunteers"),
    ("event_staff", "general_volunteers"),
    ("census", "general_volunteers"),
    ("patrol", "general_volunteers"),
    ("general_volunteers", "event_staff"),
    ("tidying", "general_volunteers"),
    ("arts_course", "performance"),
    ("vacancy", "internship"),
    ("moving", "vehicles"),
)
"""Pairs (wanted, offered): an order for the first may also be met by an offer of the second."""

_CAPACITY_BY_ROOT = {"venue": CapacityKind.EXCLUSIVE, "parking": CapacityKind.SHARED}


def usual_capacity_kind(code: str) -> CapacityKind:
    """Return how capacity of this category is used up where a sheet does not say it."""
    root = CATEGORIES[code].parent or code
    return _CAPACITY_BY_ROOT.get(root, CapacityKind.TOTAL)


@cache
def _names() -> dict[str, str]:
    named: dict[str, str] = {}
    for fact in CATEGORIES.values():
        for name in (fact.code, fact.name, fact.name_en, *fact.aliases):
            named.setdefault(name_key(name), fact.code)
    return named


@cache
def _keywords() -> tuple[tuple[str, str], ...]:
    """All that hints at a category: longest first, children before roots, then as declared."""
    hints = {
        (fold(word), fact.code)
        for fact in CATEGORIES.values()
        for word in (fact.name, *fact.aliases, *fact.keywords)
    }
    order = {code: place for place, code in enumerate(CATEGORIES)}
    return tuple(
        sorted(
            hints,
            key=lambda hint: (-len(hint[0]), CATEGORIES[hint[1]].parent is None, order[hint[1]]),
        )
    )


def category_named(text: str) -> str | None:
    """Return the code of the category that is called so, or None.

    A path of names is taken by its last part: `场地/会议室`.
    """
    if (whole := _names().get(name_key(text))) is not None:
        return whole
    return _names().get(name_key(_PATH_SEPARATOR.split(text)[-1]))


def recognise(text: str) -> str | None:
    """Return the category that a free text speaks of, by its longest keyword, or None."""
    folded = fold(text)
    return next((code for word, code in _keywords() if word in folded), None)
