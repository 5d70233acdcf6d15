"""Python as it is inside weir: no files, no clock, no random source. It must not be imported anywhere else.

A call of what is not there aborts the whole action, without a word on which line of it. So the well-known ways are
replaced by functions that raise; they keep working while the component is built, when modules are imported. What prints
goes to the run's log.
"""

import builtins
import io
import logging
import os
import sys
import time
from types import SimpleNamespace
from typing import Any, NoReturn

from weir_action import _log

_running = False
_printers: "list[_Lines]" = []


def install() -> None:
    """Prepares the interpreter, while the component is built."""
    no_clock = RuntimeError("there is no clock in a Python action; let the flow hand over the time")
    for name in ("time", "monotonic", "perf_counter", "process_time"):
        for variant in (name, f"{name}_ns"):
            _replace(time, variant, no_clock)
    # These ask the clock only where they are given no time, and look for the machine's time zone.
    for name, given in (("gmtime", 1), ("localtime", 1), ("ctime", 1), ("asctime", 1), ("strftime", 2)):
        _replace(time, name, no_clock, given)
    _replace(time, "sleep", RuntimeError("a Python action cannot sleep; raise Retryable(…, after=seconds) instead"))
    _replace(os, "urandom", RuntimeError("there is no random source in a Python action; see its README"))
    no_files = OSError("there are no files in an action; read them while the module is imported")
    for name in ("open", "listdir", "scandir", "stat"):
        _replace(os, name, no_files)
    for module in (builtins, io):
        _replace(module, "open", no_files)
    # weir notes the time of a line itself; `logging` would ask a clock.
    logging.time = SimpleNamespace(time=lambda: 0.0, time_ns=lambda: 0)  # type: ignore[attr-defined]
    logging.logThreads = logging.logProcesses = logging.logMultiprocessing = False
    logging.logAsyncioTasks = False  # type: ignore[attr-defined]
    _log.attach()


def start(seed: str) -> None:
    """Begins a call. `random` would go on from where it was when the component was built, the same in every run."""
    global _running
    _running = True
    sys.meta_path[:] = [_NoMore]
    _printers[:] = [_Lines(logging.INFO), _Lines(logging.WARNING)]
    sys.stdout, sys.stderr = _printers
    linecache: Any = sys.modules.get("linecache")
    if linecache is not None:  # `traceback` would look for sources
        linecache.updatecache, linecache.checkcache = _no_lines, _no_lines
    random = sys.modules.get("random")
    if random is not None:
        random.seed(int.from_bytes(seed.encode(), "big"))  # a text would import a hash


def end() -> None:
    """Ends a call: a line without its end is written."""
    for printer in _printers:
        printer.finish()


class _Lines(io.TextIOBase):
    """Writes what is printed to the run's log, line by line."""

    def __init__(self, level: int) -> None:
        self._level = level
        self._rest = ""

    def writable(self) -> bool:
        return True

    def write(self, text: str) -> int:
        *lines, self._rest = (self._rest + text).split("\n")
        for line in lines:
            _log.write(self._level, line, {})
        return len(text)

    def finish(self) -> None:
        """Writes what has no end of line yet."""
        if self._rest:
            self.write("\n")


def _no_lines(*arguments: Any) -> "list[str]":
    return []


class _NoMore:
    """Finds no module: all that an action imports, it imports while it is built."""

    @staticmethod
    def find_spec(name: str, path: Any = None, target: Any = None) -> NoReturn:
        said = f"`{name}` was not imported while the component was built; import it at the top of a module"
        raise ModuleNotFoundError(said, name=name)


def _replace(module: Any, name: str, error: Exception, enough: int = 1 << 10) -> None:
    """Makes a function raise `error` once the action runs, but for calls with `enough` arguments."""
    original = getattr(module, name, None)
    if original is None:
        return

    def replaced(*arguments: Any, **named: Any) -> Any:
        if _running and len(arguments) < enough:
            raise type(error)(f"{name}: {error}")
        return original(*arguments, **named)

    setattr(module, name, _named(replaced, original))


def _named(replaced: Any, original: Any) -> Any:
    replaced.__name__ = getattr(original, "__name__", "replaced")
    replaced.__doc__ = getattr(original, "__doc__", None)
    return replaced
