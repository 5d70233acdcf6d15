"""Why an action failed, as the flow tells failures apart. It must not know how errors travel to the host."""

from datetime import timedelta
from typing import Any


class ActionError(Exception):
    """What the exceptions of this package have in common; catch it, raise one of the others.

    `message` says what happened, for people.
    """

    def __init__(self, message: str) -> None:
        super().__init__(message)
        self.message = str(message)


class Invalid(ActionError):
    """The input or the settings are wrong: the flow never tries again.

        if percent > 100:
            raise Invalid(f"{percent} is more than 100 percent")
    """


class Retryable(ActionError):
    """It may work later: the flow tries again, as the step's `retry` says.

    `after` is the shortest pause before the next attempt, in seconds or as a `timedelta`; without it the flow decides.

        raise Retryable("the service is busy", after=5)
    """

    def __init__(self, message: str, after: "float | timedelta | None" = None) -> None:
        super().__init__(message)
        self.after = None if after is None else seconds(after, "after")


class Failed(ActionError):
    """The action decided that this is a failure: the flow takes the step's `error` exit.

    `detail` is any JSON value for that exit. An object's entries are found below `error.detail`, any other value as
    `error.detail.detail`.

        raise Failed("the card was declined", detail={"reason": "expired"})
    """

    def __init__(self, message: str, detail: Any = None) -> None:
        super().__init__(message)
        self.detail = detail


class ServiceError(ActionError):
    """A service of weir refused or did not answer: the base of the errors in `kv`, `http`, `secrets` and `variables`.

    `kind` names the reason as the contract does, such as `not-granted`. Where nobody catches it, the step fails, or is
    tried again where waiting can help (`passing`).
    """

    #: The kinds that go away by themselves.
    PASSING: "frozenset[str]" = frozenset()

    def __init__(self, kind: str, message: str) -> None:
        super().__init__(message)
        self.kind = kind

    @property
    def passing(self) -> bool:
        """Whether it may work later."""
        return self.kind in self.PASSING


def seconds(value: "float | timedelta", name: str) -> float:
    """A pause in seconds. Raises ValueError for a negative one and TypeError for anything that is no pause."""
    if isinstance(value, timedelta):
        value = value.total_seconds()
    if isinstance(value, bool) or not isinstance(value, (int, float)):
        raise TypeError(f"`{name}` is a number of seconds or a timedelta, not {value!r}")
    if not 0 <= value < float("inf"):
        raise ValueError(f"`{name}` cannot be {value!r} seconds")
    return value
