"""Weir's functions as the bindings of `componentize-py` have them, or the stand-in where there is no weir.

It owns the last look at what goes out: the bindings abort the whole action where a value has another type than the
contract says, so values are checked here and become exceptions that name the author's line.
"""

from datetime import timedelta
from typing import Any, Optional

from weir_action.errors import seconds

try:
    from componentize_py_types import Err  # type: ignore[import-not-found]
    from wit_world.imports import (  # type: ignore[import-not-found]
        http,
        kv,
        log,
        payload,
        secrets,
        types,
        variables,
    )

    IN_WEIR = True
except ImportError:
    from weir_action._standin import Err, http, kv, log, payload, secrets, types, variables

    IN_WEIR = False

__all__ = ["IN_WEIR", "Err", "http", "kv", "log", "payload", "secrets", "types", "variables"]


def text(value: Any, what: str) -> str:
    """`value`, if it is a string that UTF-8 has. Raises TypeError or ValueError."""
    if not isinstance(value, str):
        raise TypeError(f"{what} is a string, not {type(value).__name__}")
    try:
        value.encode()
    except UnicodeEncodeError:
        raise ValueError(f"{what} has half a surrogate pair: {value!a}") from None
    return value


def whole(value: Any, what: str, bits: int, signed: bool = False) -> int:
    """`value`, if it is an integer of so many bits. Raises TypeError or ValueError."""
    if isinstance(value, bool) or not isinstance(value, int):
        raise TypeError(f"{what} is an integer, not {type(value).__name__}")
    least, most = (-(1 << bits - 1), (1 << bits - 1) - 1) if signed else (0, (1 << bits) - 1)
    if not least <= value <= most:
        raise ValueError(f"{what} is from {least} to {most}, not {value}")
    return int(value)


def raw(value: Any, what: str) -> bytes:
    """`value` as bytes. Raises TypeError."""
    if not isinstance(value, (bytes, bytearray, memoryview)):
        raise TypeError(f"{what} is bytes, not {type(value).__name__}")
    return bytes(value)


def millis(pause: "float | timedelta | None", what: str, bits: int) -> Optional[int]:
    """A pause in milliseconds, rounded up, at most what the contract carries."""
    if pause is None:
        return None
    value = seconds(pause, what) * 1000
    return min(int(value) + (value % 1 > 0), (1 << bits) - 1)


def reason(error: Any) -> "tuple[str, str]":
    """A case of a variant as its name in the contract and its text, if any: `Error_NotGranted` is `not-granted`."""
    name = type(error).__name__.partition("_")[2]
    kind = "".join(f"-{letter.lower()}" if letter.isupper() else letter for letter in name).lstrip("-")
    return kind, str(getattr(error, "value", ""))
