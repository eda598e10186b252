"""Words of the field that mean the same: each line is a concept, its words stand for each other.

A text that names one of them carries the concept as a gram of its own, so that two texts that say
the same in other characters are alike. Words are folded: Simplified, lower case, half width.
"""

import re
from functools import cache

_CONCEPTS = """
会议室 会议厅 会议场地 会客室 开会场地 议事厅 研讨室
礼堂 大厅 多功能厅 报告厅 剧场 大礼堂
教室 课堂 学习室 培训室 机房
活动室 活动场地 活动中心 活动用房
展厅 展馆 展览馆 美术馆 陈列室
球场 操场 运动场 体育场 体育馆 球馆 健身场地
广场 空地 院坝 露天场地
办公用房 办公室 工位 办公场所
停车 车位 停车位 泊位 停车场 泊车 错时停车
车棚 自行车棚 电动车停放 非机动车
充电 充电桩 充电设施
技能培训 职业培训 就业培训 手艺培训 岗前培训
面点 烘焙 烹饪 厨艺 做菜
月嫂 育婴 母婴护理
党课 宣讲 微党课 党史 理论学习
手机 智能机 智能手机 智能设备 微信
作业 课业 功课 课后辅导 四点半课堂 托管班 托管
消防 灭火 火灾 逃生演练
急救 心肺复苏 救护 海姆立克
反诈 防诈骗 电信诈骗 诈骗 防骗
理财 金融知识 存款 银行业务
亲子 家长 家庭教育 育儿
义诊 坐诊 看病 问诊 巡诊 医生上门
体检 健康检查 健康检测 筛查 量血压 测血糖 血压 血糖
中医 针灸 推拿 艾灸 理疗 拔罐
心理 心理咨询 心理疏导 情绪疏导 谈心
口腔 牙齿 牙科 洗牙
视力 眼科 验光 白内障 配镜
健康讲座 养生讲座 健康知识 健康宣教 慢病管理
法律咨询 律师 法律顾问 法律援助 打官司 维权
调解 纠纷 矛盾化解 劝和
普法 法治宣传 法律讲座 民法典
助餐 送餐 老年餐 食堂 午餐 用餐 做饭 配餐
助浴 洗澡 沐浴
陪伴 探访 探视 看望 走访老人 聊天 陪聊 独居老人 空巢老人
陪诊 陪同就医 挂号 陪护就医 去医院
日间照料 日托 托老
适老化 扶手 防滑 无障碍
维修 修理 修缮 检修 抢修 修复
家电 电器 冰箱 洗衣机 空调
水管 管道 疏通 下水道 漏水 水龙头
门锁 开锁 换锁
磨刀 修鞋 缝补 改衣 修伞
理发 剪发 剪头发 美发 义剪
保洁 清洁 打扫 擦玻璃 大扫除 清洗 卫生清理
跑腿 代办 代购 代缴 帮办 取药
儿童照看 看护 托育 带孩子 托幼
搬运 搬家 拉货 运送 货运 装卸
消杀 消毒 灭鼠 除虫 灭蟑 除四害
绿化 绿地 植树 种树 修剪 花卉 补植 绿植 苗木 花苗
扫雪 除雪 清雪 铲雪
垃圾分类 垃圾清运 废品回收 旧衣回收
路灯 照明 灯具 楼道灯
路面 坑洼 道路修补 地砖 井盖
巡逻 值守 站岗 门岗 治安 夜巡
护学 交通疏导 交通引导 文明交通
演出 表演 文艺节目 晚会 联欢 文艺汇演
书法 毛笔字 春联 写字
绘画 画画 美术 国画
舞蹈 广场舞 跳舞
声乐 合唱 唱歌 歌唱
太极 健身操 八段锦 健身指导
电影 放映 观影 影片
图书 阅读 读书 借阅 绘本 书籍
投影 投影仪 大屏 led屏
音响 话筒 扩音 麦克风
桌椅 桌子 椅子 折叠桌 凳子
帐篷 遮阳棚 雨棚
大巴 客车 面包车 接送 用车 班车
轮椅 拐杖 护理床 助行器 辅具
助学金 奖学金 助学 资助学生
慰问金 困难补助 帮困资金 救助金 现金
赞助 经费 活动经费 资助 配套资金
招聘 岗位 用工 就业岗位 招工
实习 见习 社会实践 勤工
简历 就业指导 职业规划 创业指导
志愿者 义工 帮手 人手 志愿服务
入户 摸排 信息采集 登记
专家 工程师 设计师 技术顾问 规划师
米面 粮油 大米 食用油 慰问品 慰问物资
棉被 衣物 棉衣 被褥 冬衣
文具 书包 学习用品 课桌
口罩 灭火器 应急物资 沙袋 防护
海报 宣传栏 宣传片 公众号 拍摄 视频制作 摄影 照相
医保 社保 公积金 政策咨询 政策解读
网络 宽带 电脑 打印 信息技术
"""


@cache
def concepts() -> dict[str, int]:
    """Return the number of the concept that each word stands for; the first line that has it."""
    found: dict[str, int] = {}
    for number, line in enumerate(_CONCEPTS.split("\n")):
        for word in line.split():
            found.setdefault(word, number)
    return found


@cache
def _words() -> re.Pattern[str]:
    longest_first = sorted(concepts(), key=lambda word: (-len(word), word))
    return re.compile("|".join(map(re.escape, longest_first)))


def concepts_in(folded: str) -> list[tuple[int, int]]:
    """Return where in a folded text which concept is named: words do not overlap, longest first."""
    known = concepts()
    return [(match.start(), known[match.group()]) for match in _words().finditer(folded)]
