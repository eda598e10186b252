"""Texts: what is computed of a node, and what may be done with it."""

TEXTS: dict[str, str] = {
    "type.FreeSlot": "A slot that still has room",
    "field.ResourceOffer.freeSlots": "The slots that still have room between two dates (both included, 62 days at most); claims that have lapsed do not count",
    "field.FreeSlot.startsAt": "When the slot begins",
    "field.FreeSlot.endsAt": "When it ends",
    "field.FreeSlot.left": "What is left, in the smallest unit of the offer's measure; of a TOTAL offer all that is left; null where the capacity is not stated",
    "argument.from": "From this date on (included)",
    "argument.to": "Until this date (included)",
}
