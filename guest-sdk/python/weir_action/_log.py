"""Python's `logging` into the run's log. It must not decide what is worth logging: levels and weir's limits do."""

import logging
from typing import Any

from weir_action import _failure, _host, _json

#: What every record has besides what the author put into `extra`.
_STANDARD = frozenset(vars(logging.makeLogRecord({}))) | {"message", "asctime", "fields", "taskName"}


class Handler(logging.Handler):
    """Sends records to weir. `extra` becomes the line's fields, and so does a dict in `extra={"fields": …}`, for
    names that `logging` keeps for itself, such as `name`. An exception adds `error` and `stack`."""

    def emit(self, record: logging.LogRecord) -> None:
        """Writes one line; it never raises, as every handler of `logging`."""
        try:
            fields = {name: value for name, value in vars(record).items() if name not in _STANDARD}
            extra = getattr(record, "fields", None)
            fields.update(extra if isinstance(extra, dict) else {} if extra is None else {"fields": extra})
            if record.exc_info and record.exc_info[1] is not None:
                fields.setdefault("error", _failure.told(record.exc_info[1]))
                fields.setdefault("stack", _failure.stack(record.exc_info[1]))
            write(record.levelno, record.getMessage(), fields)
        except Exception as error:
            said = f"a line could not be logged: {_failure.told(error)}"
            write(logging.ERROR, said, {"line": f"{record.filename}:{record.lineno}"})


def write(level: int, message: str, fields: "dict[str, Any]") -> None:
    """Writes one line. Fields that are no JSON are written as their `repr`."""
    text = None
    if fields:
        try:
            text = _json.dumps(fields, "the fields")
        except (TypeError, ValueError):
            text = _json.dumps({str(name): _readable(value) for name, value in fields.items()}, "the fields")
    _host.log.write(_level(level), _failure.clean(message), text)


def attach() -> None:
    """Makes the root logger write to weir, from DEBUG on."""
    root = logging.getLogger()
    if not any(isinstance(handler, Handler) for handler in root.handlers):
        root.addHandler(Handler())
    root.setLevel(logging.DEBUG)


def _readable(value: Any) -> Any:
    try:
        return _json.loads(_json.dumps(value, "it"))
    except (TypeError, ValueError):
        return _failure.clean(repr(value))


def _level(number: int) -> Any:
    levels = _host.types.Level
    if number >= logging.ERROR:
        return levels.ERROR
    if number >= logging.WARNING:
        return levels.WARN
    if number >= logging.INFO:
        return levels.INFO
    return levels.DEBUG if number >= logging.DEBUG else levels.TRACE
