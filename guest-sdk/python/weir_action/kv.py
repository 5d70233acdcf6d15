"""Lasting key-value state of the tenant. It must not retry by itself: the flow's retry rule does."""

from dataclasses import dataclass
from datetime import timedelta
from typing import Any, Iterator, Optional, Union

from weir_action import _host, _json
from weir_action._host import text
from weir_action.errors import Invalid, ServiceError

#: How long a key lives: seconds, a timedelta, or None for ever.
Pause = Union[float, timedelta, None]


class Error(ServiceError):
    """Why the store did not do it.

    `kind` is `not-granted`, `quota-exceeded`, `value-too-large`, `conflict` (the version was another one) or
    `unavailable`. Where nobody catches it, the flow tries again after `quota-exceeded`, `conflict` and `unavailable`.
    """

    PASSING = frozenset({"quota-exceeded", "conflict", "unavailable"})


@dataclass(frozen=True)
class Entry:
    """A stored value: its bytes, a version that grows with every change of the key, and when it goes away, in
    milliseconds since the Unix epoch (None for never)."""

    value: bytes
    version: int
    expires_at_ms: Optional[int] = None


class Bucket:
    """A bucket of keys. Naming it in the decorator's `uses` asks the tenant to grant it.

        visits = kv.Bucket("visits")

        @action(name="count-visits", uses=(visits,))
        def count(lead: Lead) -> int:
            return visits.increment(lead.email, ttl=timedelta(days=30))

    Every method raises `kv.Error`, and TypeError or ValueError for arguments that make no sense. Keys are strings.
    What is written stays even if the step fails afterwards. `ttl` is how long the key lives from now on, in seconds or
    as a timedelta; without it the key stays.
    """

    def __init__(self, name: str) -> None:
        self.name = text(name, "a bucket's name")

    def __repr__(self) -> str:
        return f"kv.Bucket({self.name!r})"

    def get(self, key: str, default: Any = None) -> Any:
        """The value of `key`, read as JSON; `default` where there is none. Raises Invalid if the value is no JSON."""
        entry = self.entry(key)
        if entry is None:
            return default
        try:
            return _json.loads(entry.value)
        except ValueError as error:
            raise Invalid(f"key `{key}` of bucket `{self.name}` is no JSON ({error}); read it with `entry`") from None

    def entry(self, key: str) -> Optional[Entry]:
        """The bytes, version and expiry of `key`; None where there is none."""
        found = self._call(_host.kv.get, key)
        return found and Entry(found.value, found.version, found.expires_at_ms)

    def set(self, key: str, value: Any, ttl: Pause = None) -> int:
        """Writes `value` as JSON and returns the key's new version."""
        return self.set_bytes(key, self._json(key, value), ttl)

    def set_bytes(self, key: str, value: bytes, ttl: Pause = None) -> int:
        """Writes bytes as they are and returns the key's new version."""
        return self._number(_host.kv.set, key, _host.raw(value, "the value"), _host.millis(ttl, "ttl", 64))

    def compare_and_set(self, key: str, expected: int, value: Any, ttl: Pause = None) -> int:
        """Writes `value` as JSON if the key's version is `expected`, and returns the new version.

        0 expects that the key is absent. Raises the error `conflict` where the version is another.
        """
        version = _host.whole(expected, "the expected version", 64)
        json, millis = self._json(key, value), _host.millis(ttl, "ttl", 64)
        return self._number(_host.kv.compare_and_set, key, version, json, millis)

    def increment(self, key: str, delta: int = 1, ttl: Pause = None) -> int:
        """Adds `delta` to a counter and returns its new value; an absent key counts from 0. Both have 64 bits."""
        by = _host.whole(delta, "delta", 64, signed=True)
        return self._number(_host.kv.increment, key, by, _host.millis(ttl, "ttl", 64))

    def delete(self, key: str) -> None:
        """Deletes a key, if it is there."""
        self._call(_host.kv.delete, key)

    def keys(self, prefix: str = "", page: int = 100) -> Iterator[str]:
        """All keys with a prefix, in order; every `page` keys are one operation of the step's quota."""
        cursor, size = None, _host.whole(page, "page", 32)
        while True:
            found, cursor = self._call(_host.kv.list_keys, prefix, cursor, size)
            yield from found
            if cursor is None:
                return

    def _json(self, key: str, value: Any) -> bytes:
        return _json.dumps(value, f"the value of key `{key}`").encode()

    def _number(self, function: Any, key: str, *arguments: Any) -> int:
        found: int = self._call(function, key, *arguments)
        return found

    def _call(self, function: Any, key: str, *arguments: Any) -> Any:
        try:
            return function(self.name, text(key, "a key"), *arguments)
        except _host.Err as error:
            kind, more = _host.reason(error.value)
            said = f"bucket `{self.name}`: {_SAID.get(kind, kind)}{f': {more}' if more else ''}"
        raise Error(kind, said)


_SAID = {
    "not-granted": "the tenant has not granted it; the action asks for it with `uses`",
    "quota-exceeded": "the quota of the tenant or of the step is used up",
    "value-too-large": "the value is larger than the limit",
    "conflict": "the version is not the expected one",
    "unavailable": "the store does not answer",
}
