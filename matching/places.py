"""How far two places are apart, in whole numbers, and how near that is.

A place is a point in space, in whole metres from the earth's centre. The straight line between two
points is shorter than the way over ground by less than a metre at 40 km. Squares of it are exact,
so the comparison with a limit and the value of nearness are the same on every machine.
"""

import math
from functools import cache

import numpy as np
from numpy.typing import NDArray

EARTH_METRES = 6_371_000
METRES_PER_KM = 1000
KM_SCALE = 3.0
STEP_SCALE = 3.0
"""Nearness falls to 1/e at 3 km, or at 3 steps in the area tree where a place is not known."""
MICRO = 1_000_000

Point = tuple[int, int, int]


def point(place: tuple[float, float]) -> Point:
    """Return the point of a place given as latitude and longitude."""
    latitude, longitude = math.radians(place[0]), math.radians(place[1])
    ring = math.cos(latitude)
    return (
        round(EARTH_METRES * ring * math.cos(longitude)),
        round(EARTH_METRES * ring * math.sin(longitude)),
        round(EARTH_METRES * math.sin(latitude)),
    )


def squared(first: Point, second: Point) -> int:
    """Return the square of the straight distance in metres."""
    return sum((one - other) ** 2 for one, other in zip(first, second, strict=True))


@cache
def squared_limit(kilometres: float) -> int:
    """Return the largest square of a straight distance within so many kilometres of ground."""
    angle = min(math.pi, kilometres * METRES_PER_KM / EARTH_METRES)
    return math.floor((2 * EARTH_METRES * math.sin(angle / 2)) ** 2)


@cache
def nearness_by_metre() -> NDArray[np.int64]:
    """Return nearness in millionths for each whole metre; the last entry, 0, is for all beyond."""
    beyond = math.ceil(KM_SCALE * METRES_PER_KM * math.log(2 * MICRO)) + 1
    values = [
        round(MICRO * math.exp(-metre / (KM_SCALE * METRES_PER_KM))) for metre in range(beyond)
    ]
    return np.array([*values, 0], dtype=np.int64)


@cache
def nearness_by_steps() -> NDArray[np.int64]:
    """Return nearness in millionths for each number of steps in the area tree; the last is 0."""
    beyond = math.ceil(STEP_SCALE * math.log(2 * MICRO)) + 1
    values = [round(MICRO * math.exp(-steps / STEP_SCALE)) for steps in range(beyond)]
    return np.array([*values, 0], dtype=np.int64)


def nearness_at(square: int) -> int:
    """Return nearness in millionths at this square of a distance."""
    values = nearness_by_metre()
    return int(values[min(math.isqrt(square), len(values) - 1)])


def nearness_of_steps(steps: int | None) -> int:
    """Return nearness in millionths of so many steps; 0 without a common ancestor."""
    values = nearness_by_steps()
    return 0 if steps is None else int(values[min(steps, len(values) - 1)])
