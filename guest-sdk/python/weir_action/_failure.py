"""What the flow sees of an exception. It must not know the bindings."""

import os
from dataclasses import dataclass
from pathlib import PurePosixPath
from typing import Any, Optional

from weir_action import _host, _json
from weir_action.errors import ActionError, Failed, Invalid, Retryable, ServiceError

#: So many lines of a traceback reach the flow.
MOST_LINES = 20

_HERE = __file__.replace("\\", "/").rpartition("/")[0]
#: Where Python's own library is: inside weir, and where tests run.
_LIBRARY = ("/python/", os.__file__.replace("\\", "/").rpartition("/")[0])


@dataclass(frozen=True)
class Failure:
    """`kind` is `invalid`, `retryable` or `failed`; `text` is a message, for `failed` JSON."""

    kind: str
    text: str
    after_ms: Optional[int] = None


def of(error: BaseException) -> Failure:
    """The failure that an exception is."""
    if isinstance(error, Invalid):
        return Failure("invalid", clean(error.message))
    if isinstance(error, Retryable):
        return Failure("retryable", clean(error.message), _host.millis(error.after, "after", 32))
    if isinstance(error, ServiceError) and error.passing:
        return Failure("retryable", clean(error.message))
    if isinstance(error, Failed):
        return Failure("failed", _detail(error.message, error.detail))
    facts: "dict[str, Any]" = {"error": type(error).__name__, "stack": stack(error)}
    if isinstance(error, ServiceError):
        facts["kind"] = error.kind
    return Failure("failed", _detail(told(error), facts))


def told(error: BaseException) -> str:
    """An exception in one line: its type, its message, and where it was raised."""
    if isinstance(error, ActionError):
        return clean(error.message)
    try:
        text = str(error)
    except Exception:
        text = ""
    calls = _calls(error)
    # A line of Python's own library helps less than the author's line that led there.
    where = next((line for file, line in calls if not file.startswith(_LIBRARY)), calls[0][1] if calls else "")
    return clean(f"{type(error).__name__}{f': {text}' if text else ''}{f' in {where}' if where else ''}")


def stack(error: BaseException) -> "list[str]":
    """The author's lines that led to an exception, the last call first, such as `score (app.py:17)`."""
    return [line for _, line in _calls(error)][:MOST_LINES]


def _calls(error: BaseException) -> "list[tuple[str, str]]":
    """The calls that led to an exception, the last first: the file of each, and its line as `stack` has it."""
    calls: "list[tuple[str, str]]" = []
    at = error.__traceback__
    while at is not None:
        code = at.tb_frame.f_code
        file = code.co_filename.replace("\\", "/")
        # This package's own lines help nobody: they are how it calls the author, or how it refuses a call.
        if not file.startswith(_HERE):
            calls.append((file, clean(f"{code.co_qualname} ({PurePosixPath(file).name}:{at.tb_lineno})")))
        at = at.tb_next
    return calls[::-1]


def clean(text: str) -> str:
    """Text that UTF-8 has: half of a surrogate pair becomes a question mark, since the bindings would abort on it."""
    return text.encode("utf-8", "replace").decode()


def _detail(message: str, detail: Any) -> str:
    facts: Any = {}
    if detail is not None:
        try:
            facts = _json.loads(_json.dumps(detail, "the detail"))
        except (TypeError, ValueError) as error:
            facts = clean(str(error))
    if not isinstance(facts, dict):
        facts = {"detail": facts}
    return _json.dumps({"message": clean(message), **facts}, "the detail")
