"""What an action hands on. It must not turn values into JSON."""

from dataclasses import dataclass
from typing import Any, Generic, Optional, TypeVar, cast

T = TypeVar("T")


@dataclass
class Output(Generic[T]):
    """A value, and the branch by which the step is left; without one it is left by `next`.

    An action that never branches returns its value alone.
    """

    value: T
    branch: Optional[str] = None


def to(branch: str, value: T = cast(Any, None)) -> "Output[T]":
    """Leaves by `branch`, one of the decorator's `branches`, with `value` as the step's output.

        return to("hot", {"score": 80})
    """
    return Output(value, branch)
