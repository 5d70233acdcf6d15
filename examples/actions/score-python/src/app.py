"""The action score-python: scores a lead from weights, counts in the key-value store how often it was scored, and
leaves by `hot` or `cold`."""

import logging
import re
from dataclasses import dataclass, field
from typing import Annotated, Any, Optional

from weir_action import Invalid, Output, Schema, action, kv, to

CEILING = 1000

log = logging.getLogger(__name__)
seen = kv.Bucket("score-python")
proper = re.compile(r"[A-Za-z0-9-]{1,64}")


@dataclass
class Config:
    """What a flow writes under `with`.

    weights: Points for each signal of the lead.
    hot: The score from which a lead is hot.
    """

    weights: dict[str, Annotated[int, Schema(minimum=0, maximum=CEILING)]] = field(default_factory=dict)
    hot: int = 60


@dataclass
class Reason:
    """One signal that brought points."""

    signal: str
    points: int


@dataclass
class Score:
    """The output.

    value: The sum of all points.
    reasons: Where the points come from.
    depth: How deep the lead is nested.
    name: The lead's name, where it has one.
    seen: How often the lead was scored, this time included.
    """

    value: int
    reasons: list[Reason]
    depth: int
    name: Optional[str]
    seen: int


def check(config: Config) -> list[str]:
    """What is wrong with settings beyond their types."""
    return [
        f"weights.{signal}: {points} is no integer from 0 to {CEILING}"
        for signal, points in config.weights.items()
        if not 0 <= points <= CEILING
    ]


@action(
    name="score-python",
    version="1.0.0",
    title="Score a lead (Python)",
    branches=("hot", "cold"),
    uses=(seen,),
    check=check,
)
def score(config: Config, lead: Any) -> Output[Score]:
    """Scores a lead from weights, counts how often it was scored, and says whether it is hot."""
    if not isinstance(lead, dict):
        raise Invalid("a lead is a JSON object")
    # Python orders strings by code points, which is the order of their UTF-8.
    points = {signal: times(lead.get(signal)) * config.weights[signal] for signal in sorted(config.weights)}
    value = sum(points.values())
    given = lead.get("id")
    key = given if isinstance(given, str) and proper.fullmatch(given) else "unknown"
    name = lead.get("name")
    result = Score(
        value=value,
        reasons=[Reason(signal, found) for signal, found in points.items() if found > 0],
        depth=depth(lead),
        name=name if isinstance(name, str) else None,
        seen=seen.increment(key),
    )
    log.info("%s scores %d", key, value, extra={"score": value})
    return to("hot" if value >= config.hot else "cold", result)


def times(signal: Any) -> int:
    """How many times a signal counts."""
    if isinstance(signal, (int, float)):  # true is 1, false is 0
        return int(min(max(signal, 0), CEILING))
    if isinstance(signal, (str, list, dict)):
        return min(len(signal), CEILING)
    return 0


def depth(value: Any) -> int:
    """How deep a value is nested: a scalar not at all."""
    if isinstance(value, dict):
        return 1 + max(map(depth, value.values()), default=0)
    if isinstance(value, list):
        return 1 + max(map(depth, value), default=0)
    return 0
