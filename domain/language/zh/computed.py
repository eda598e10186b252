"""Texts: what is computed of a node, and what may be done with it."""

TEXTS: dict[str, str] = {
    "type.FreeSlot": "仍有空余的时段",
    "field.ResourceOffer.freeSlots": "两个日期之间（含首尾，最多 62 天）仍有空余的时段；已过期的认领不占用",
    "field.FreeSlot.startsAt": "时段开始",
    "field.FreeSlot.endsAt": "时段结束",
    "field.FreeSlot.left": "剩余数量，以资源计量单位的最小单位计；总量型为全部剩余；未说明容量时为 null",
    "argument.from": "从这个日期起（含）",
    "argument.to": "到这个日期止（含）",
}
