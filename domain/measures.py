"""Measures: in what a quantity is counted, and the exact rules between them.

Every quantity in the hub is an integer number of the measure's smallest unit; `scale` says how
many of those make the unit that people write (1 hour = 60 minutes, 1 yuan = 100 fen).
"""

from dataclasses import dataclass
from decimal import Decimal, InvalidOperation
from difflib import get_close_matches
from math import gcd


@dataclass(frozen=True, slots=True)
class Measure:
    """A measure: code, units people write, and the scale down to the smallest unit."""

    code: str
    scale: int
    names: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Conversion:
    """A declared exact rule: `numerator` of source are `denominator` of target (smallest units)."""

    source: str
    target: str
    numerator: int
    denominator: int

    def convert(self, quantity: int) -> int | None:
        """Return the quantity in the target's smallest unit, or None if it is not whole."""
        result, rest = divmod(quantity * self.denominator, self.numerator)
        return None if rest else result


MEASURES: dict[str, Measure] = {
    measure.code: measure
    for measure in (
        Measure("PERSON", 1, ("人", "名", "位", "座")),
        Measure("PERSON_TIME", 1, ("人次",)),
        Measure("HOUSEHOLD", 1, ("户", "家")),
        Measure("PARKING_SPACE", 1, ("个车位", "车位", "泊位")),
        Measure("SESSION", 1, ("场", "次", "场次", "节", "课")),
        Measure("HOUR", 60, ("小时", "课时", "时", "钟头")),
        Measure("PIECE", 1, ("件", "个", "份", "只", "本", "册", "台", "把", "张", "盆", "株")),
        Measure("SET", 1, ("套", "组", "副")),
        Measure("DOZEN", 1, ("打",)),
        Measure("CNY", 100, ("元", "块", "人民币")),
        Measure("SQUARE_METRE", 1, ("平方米", "平米", "㎡", "平方")),
        Measure("POST", 1, ("个岗位", "岗位", "岗")),
        Measure("TRIP", 1, ("趟", "车次")),
    )
}

_CONVERSIONS: dict[tuple[str, str], Conversion] = {
    (rule.source, rule.target): rule
    for declared in (Conversion("DOZEN", "PIECE", 1, 12),)
    for rule in (
        declared,
        Conversion(declared.target, declared.source, declared.denominator, declared.numerator),
    )
}

_BY_NAME: dict[str, Measure] = {
    name: measure for measure in MEASURES.values() for name in measure.names
}


def measure_named(name: str) -> Measure | None:
    """Return the measure that people write so (`人次`, `小时`), or None."""
    return _BY_NAME.get(name) or MEASURES.get(name)


def nearest_measures(name: str) -> list[str]:
    """Return the codes of up to three measures that are written most like a name, best first.

    Empty where nothing is alike; what people write (`人次`) is answered with its code.
    """
    known = measure_named(name.strip())
    if known is not None:
        return [known.code]
    alike = get_close_matches(name.strip().upper(), [*MEASURES], 3)
    alike += [_BY_NAME[each].code for each in get_close_matches(name.strip(), [*_BY_NAME], 3)]
    alike += [measure.code for part, measure in _BY_NAME.items() if part in name]
    return list(dict.fromkeys(alike))[:3]


def convert(quantity: int, source: str, target: str) -> int | None:
    """Return a quantity of `source` in `target`, both in smallest units.

    None where no exact rule is declared or the result would not be whole: then the two measures
    do not meet and a claim between them is refused.
    """
    if source == target:
        return quantity
    rule = _CONVERSIONS.get((source, target))
    return rule.convert(quantity) if rule else None


def ratio(source: str, target: str) -> tuple[int, int] | None:
    """Return `(a, b)`, the smallest whole numbers so that `a` of source are `b` of target.

    None where no exact rule is declared; `(1, 1)` for one and the same measure.
    """
    if source == target:
        return 1, 1
    rule = _CONVERSIONS.get((source, target))
    if rule is None:
        return None
    common = gcd(rule.numerator, rule.denominator)
    return rule.numerator // common, rule.denominator // common


def quantity_of(amount: str, measure: Measure) -> int | None:
    """Return a written number (`5000`, `1.5`) in smallest units; None if that is not whole."""
    try:
        scaled = Decimal(amount) * measure.scale
    except InvalidOperation:
        return None
    return int(scaled) if scaled == scaled.to_integral_value() else None


def written(quantity: int, measure: str) -> str:
    """Return a quantity as people write it, without the unit: 90 of HOUR is `1.5`."""
    scale = MEASURES[measure].scale
    return str(quantity // scale) if quantity % scale == 0 else f"{quantity / scale:.10g}"
