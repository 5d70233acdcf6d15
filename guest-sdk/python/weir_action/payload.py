"""Parts of the input by JSON Pointer (RFC 6901), without parsing all of it. It must not copy more than was asked for.

Worth it where the input is larger than a few kilobytes and little of it is needed: leave the parameter for the input
out of the function and ask here.

    payload.get("/order/lines/0/sku")  # "A1"
    payload.length("/order/lines")     # 1

The empty pointer leads to the whole input. A pointer that leads nowhere is no error.
"""

from typing import Any, Optional

from weir_action import _host, _json
from weir_action._host import text


def get(pointer: str, default: Any = None) -> Any:
    """The part that `pointer` leads to, parsed; `default` where there is nothing."""
    json = _host.payload.slice(text(pointer, "a pointer"))
    return default if json is None else _json.loads(json)


def scalar(pointer: str, default: Any = None) -> Any:
    """A single value, without JSON in between; `default` where there is nothing, or a list or an object."""
    found = _host.payload.scalar(text(pointer, "a pointer"))
    return default if found is None else getattr(found, "value", None)


def kind(pointer: str) -> Optional[str]:
    """`null`, `boolean`, `number`, `text`, `array` or `object`; None where there is nothing."""
    found = _host.payload.kind_of(text(pointer, "a pointer"))
    return None if found is None else found.name.lower()


def length(pointer: str) -> Optional[int]:
    """The number of items of a list, of entries of an object, or of bytes of a string; None for anything else."""
    found: Optional[int] = _host.payload.len(text(pointer, "a pointer"))
    return found


def keys(pointer: str = "") -> "list[str]":
    """The keys of an object in their order; empty for anything else."""
    found: "list[str]" = _host.payload.keys(text(pointer, "a pointer"))
    return found


def raw() -> bytes:
    """The whole input as bytes of JSON text."""
    found: bytes = _host.payload.raw()
    return found
