"""Stands in for weir's functions where Python does not run inside weir. It must behave as the contract says, in memory.

The state is `state`; `weir_action.testing` is how tests reach it. Names are those that `componentize-py` generates.
"""

import json as _json
from dataclasses import dataclass, field
from enum import Enum
from typing import Any, Callable, Optional
from urllib.parse import urlsplit


@dataclass
class State:
    """What weir would hold for one run."""

    variables: "dict[str, str]" = field(default_factory=dict)
    secrets: "dict[str, str]" = field(default_factory=dict)
    buckets: "dict[str, dict[str, _Entry]]" = field(default_factory=dict)
    payload: Any = None
    http: "Optional[Callable[[Any], Any]]" = None
    lines: "list[tuple[str, str, dict[str, Any]]]" = field(default_factory=list)
    #: What the running action may use; None outside of a run, where all is granted.
    granted: "Optional[set[tuple[str, str]]]" = None


state = State()


def use(new: State) -> None:
    """Puts another state in charge."""
    global state
    state = new


def _is_granted(kind: str, name: str) -> bool:
    return state.granted is None or (kind, name) in state.granted


class Err(Exception):
    """The error side of a result."""

    def __init__(self, value: Any) -> None:
        super().__init__(value)
        self.value = value


def _case(name: str, *names: str) -> type:
    """A case of a variant: a dataclass with at most one member."""

    def __init__(self: Any, *values: Any) -> None:
        for member, value in zip(names, values):
            setattr(self, member, value)

    return type(name, (), {"__init__": __init__})


class types:
    Level = Enum("Level", ["TRACE", "DEBUG", "INFO", "WARN", "ERROR"], start=0)


class log:
    @staticmethod
    def write(level: Enum, message: str, fields: Optional[str]) -> None:
        state.lines.append((level.name.lower(), message, _json.loads(fields) if fields else {}))


class variables:
    @staticmethod
    def get(name: str) -> Optional[str]:
        return state.variables.get(name)

    @staticmethod
    def set(name: str, value: str) -> None:
        if not name.isidentifier() or not name.isascii():
            raise Err(f"`{name}` is no name of a variable")
        state.variables[name] = value

    @staticmethod
    def remove(name: str) -> None:
        state.variables.pop(name, None)


class secrets:
    Error_NotGranted = _case("Error_NotGranted")
    Error_NotFound = _case("Error_NotFound")

    @staticmethod
    def placeholder(name: str) -> str:
        secrets.reveal(name)
        return f"{{{{secret:{name}}}}}"

    @staticmethod
    def reveal(name: str) -> str:
        if not _is_granted("secret", name):
            raise Err(secrets.Error_NotGranted())
        if name not in state.secrets:
            raise Err(secrets.Error_NotFound())
        return state.secrets[name]


@dataclass
class _Entry:
    value: bytes
    version: int
    expires_at_ms: Optional[int] = None


class kv:
    Error_NotGranted = _case("Error_NotGranted")
    Error_Conflict = _case("Error_Conflict")
    Error_Unavailable = _case("Error_Unavailable", "value")

    @staticmethod
    def _bucket(name: str) -> "dict[str, _Entry]":
        if not _is_granted("kv", name):
            raise Err(kv.Error_NotGranted())
        return state.buckets.setdefault(name, {})

    @staticmethod
    def get(bucket: str, key: str) -> Optional[_Entry]:
        return kv._bucket(bucket).get(key)

    @staticmethod
    def set(bucket: str, key: str, value: bytes, ttl_ms: Optional[int]) -> int:
        old = kv.get(bucket, key)
        entry = _Entry(value, old.version + 1 if old else 1)
        kv._bucket(bucket)[key] = entry
        return entry.version

    @staticmethod
    def compare_and_set(bucket: str, key: str, expected: int, value: bytes, ttl_ms: Optional[int]) -> int:
        old = kv.get(bucket, key)
        if (old.version if old else 0) != expected:
            raise Err(kv.Error_Conflict())
        return kv.set(bucket, key, value, ttl_ms)

    @staticmethod
    def increment(bucket: str, key: str, delta: int, ttl_ms: Optional[int]) -> int:
        old = kv.get(bucket, key)
        try:
            value = int(old.value) + delta if old else delta
        except ValueError:
            raise Err(kv.Error_Unavailable(f"key `{key}` is no counter")) from None
        kv.set(bucket, key, str(value).encode(), ttl_ms)
        return value

    @staticmethod
    def delete(bucket: str, key: str) -> None:
        kv._bucket(bucket).pop(key, None)

    @staticmethod
    def list_keys(bucket: str, prefix: str, cursor: Optional[str], limit: int) -> "tuple[list[str], Optional[str]]":
        keys = sorted(kv._bucket(bucket), key=str.encode)
        found = [key for key in keys if key.startswith(prefix) and (cursor is None or key.encode() > cursor.encode())]
        return found[:limit], found[limit - 1] if len(found) > limit else None


@dataclass
class _Request:
    method: str
    url: str
    headers: "list[tuple[str, bytes]]"
    body: Optional[bytes]
    timeout_ms: Optional[int]


class http:
    Request = _Request
    Error_Denied = _case("Error_Denied", "value")

    @staticmethod
    def send(request: _Request) -> Any:
        wanted = f"{request.method} {urlsplit(request.url).hostname or ''}"
        if not _is_granted("http", wanted):
            raise Err(http.Error_Denied(f"`{wanted}` is not granted; the action asks for it with `uses`"))
        if state.http is None:
            raise Err(http.Error_Denied("no answer is set; give weir_action.testing.Host an `answer`"))
        return state.http(request)


_NOTHING = object()


def _at(pointer: str) -> Any:
    value = state.payload
    for part in pointer.split("/")[1:] if pointer else ():
        part = part.replace("~1", "/").replace("~0", "~")
        if isinstance(value, dict) and part in value:
            value = value[part]
        elif isinstance(value, list) and part.isdecimal() and int(part) < len(value):
            value = value[int(part)]
        else:
            return _NOTHING
    return value


class payload:
    ValueKind = Enum("ValueKind", ["NULL", "BOOLEAN", "NUMBER", "TEXT", "ARRAY", "OBJECT"], start=0)
    ScalarValue_Null = _case("ScalarValue_Null")
    ScalarValue_Boolean = _case("ScalarValue_Boolean", "value")
    ScalarValue_Integer = _case("ScalarValue_Integer", "value")
    ScalarValue_Float = _case("ScalarValue_Float", "value")
    ScalarValue_Text = _case("ScalarValue_Text", "value")

    @staticmethod
    def kind_of(pointer: str) -> Optional[Enum]:
        names = {bool: "BOOLEAN", int: "NUMBER", float: "NUMBER", str: "TEXT", list: "ARRAY", dict: "OBJECT"}
        value = _at(pointer)
        if value is _NOTHING:
            return None
        return payload.ValueKind[names.get(type(value), "NULL")]

    @staticmethod
    def scalar(pointer: str) -> Any:
        value = _at(pointer)
        if value is _NOTHING or isinstance(value, (list, dict)):
            return None
        if value is None:
            return payload.ScalarValue_Null()
        if isinstance(value, bool):
            return payload.ScalarValue_Boolean(value)
        if isinstance(value, str):
            return payload.ScalarValue_Text(value)
        if isinstance(value, int) and -(1 << 63) <= value < 1 << 63:
            return payload.ScalarValue_Integer(value)
        return payload.ScalarValue_Float(float(value))

    @staticmethod
    def len(pointer: str) -> Optional[int]:
        value = _at(pointer)
        if isinstance(value, str):
            return len(value.encode())
        return len(value) if isinstance(value, (list, dict)) else None

    @staticmethod
    def keys(pointer: str) -> "list[str]":
        value = _at(pointer)
        return list(value) if isinstance(value, dict) else []

    @staticmethod
    def slice(pointer: str) -> Optional[str]:
        value = _at(pointer)
        return None if value is _NOTHING else _json.dumps(value, ensure_ascii=False)

    @staticmethod
    def raw() -> bytes:
        return _json.dumps(state.payload, ensure_ascii=False).encode()
