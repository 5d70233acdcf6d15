"""The action {{name}}: scores a lead by its visits."""

import logging
from dataclasses import dataclass
from typing import Annotated

from weir_action import Context, Invalid, Output, Schema, action, to

log = logging.getLogger(__name__)


@dataclass
class Config:
    """What a flow writes under `with`.

    hot: The score from which a lead is hot.
    """

    hot: Annotated[int, Schema(minimum=0)] = 60


@dataclass
class Lead:
    """The input.

    visits: How often the lead came by.
    """

    email: str
    visits: int = 0


@dataclass
class Score:
    """The output."""

    value: int


def check(config: Config) -> list[str]:
    """What is wrong with settings beyond their types."""
    return ["hot: a score is never below 0"] if config.hot < 0 else []


@action(name="{{name}}", version="0.1.0", title="Score a lead", branches=("hot", "cold"), check=check)
def score(config: Config, lead: Lead, context: Context) -> Output[Score]:
    """Scores a lead by its visits and says whether it is hot."""
    if lead.visits < 0:
        raise Invalid(f"{lead.visits} visits are less than none")
    value = min(lead.visits, 100) * 10
    log.info("%s is scored", lead.email, extra={"score": value, "attempt": context.attempt})
    return to("hot" if value >= config.hot else "cold", Score(value))
