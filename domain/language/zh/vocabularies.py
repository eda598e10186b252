"""What is said of vocabularies and their labels."""

TEXTS: dict[str, str] = {
    "label.of": "（文字）",
    "type.Label": "一个取值及其名称",
    "type.Vocabulary": "一套取值（枚举或计量单位）及其名称",
    "type.Language": "名称与消息的语言",
    "enum.Language.ZH": "中文",
    "enum.Language.EN": "英文",
    "field.Label.value": "取值",
    "field.Label.label": "名称",
    "field.Label.scale": "计量单位所写的一个单位合多少个最小单位（一小时为 60）；非计量单位为 null",
    "field.Vocabulary.name": "枚举的名称，计量单位为 Measure",
    "field.Vocabulary.values": "各取值，依其次序",
    "field.Query.vocabularies": "各套取值的名称，供界面显示",
    "argument.names": "哪几套；不给则全部",
    "argument.language": "用哪种语言；不给则用请求的语言",
}
