"""JSON text in and out, as strict as weir reads it. It must not know types of actions."""

import json
from dataclasses import Field, fields, is_dataclass
from enum import Enum
from typing import Any


def loads(text: "str | bytes") -> Any:
    """Reads JSON; whole numbers stay exact. Raises ValueError, also for nesting that is too deep."""
    try:
        return json.loads(text, parse_constant=_no_constant)
    except RecursionError:
        raise ValueError("it is nested too deep to be read") from None


def dumps(value: Any, what: str) -> str:
    """Writes JSON. Dataclasses become objects and enums their values.

    Raises TypeError or ValueError, which name `what`, for anything that JSON does not have: other types, NaN and the
    infinities, and half of a surrogate pair.
    """
    try:
        text = _encode(value)
    except RecursionError:
        raise ValueError(f"{what} is nested too deep, or holds itself") from None
    except TypeError as error:
        raise TypeError(f"{what} is no JSON: {error}") from None
    except ValueError as error:
        raise ValueError(f"{what} is no JSON: {error}") from None
    if not text.isascii():
        try:
            text.encode()
        except UnicodeEncodeError as error:
            half = ord(text[error.start])
            raise ValueError(f"{what} is no JSON: a string has half a surrogate pair, \\u{half:04x}") from None
    return text


def name_of(field: "Field[Any]") -> str:
    """The name in JSON of a dataclass's field: its own, or `field(metadata={"json": "other-name"})`."""
    return str(field.metadata.get("json", field.name))


def _plain(value: Any) -> Any:
    if is_dataclass(value) and not isinstance(value, type):
        return {name_of(field): getattr(value, field.name) for field in fields(value)}
    if isinstance(value, Enum):
        return value.value
    raise TypeError(f"it has a {type(value).__name__}; use None, bool, int, float, str, list, dict or a dataclass")


def _no_constant(name: str) -> Any:
    raise ValueError(f"{name} is no JSON")


# Made once, while the component is built: a call does not set an encoder up.
_encode = json.JSONEncoder(ensure_ascii=False, allow_nan=False, separators=(",", ":"), default=_plain).encode
