"""The variables of this run; they live as long as it does. It must not keep copies: weir has them.

Changes count once the action succeeds. An action that uses them says so: `uses=("variables",)`.

    variables.set("score", 80)
    variables.get("score")  # 80
"""

from typing import Any

from weir_action import _host, _json
from weir_action._host import text
from weir_action.errors import ServiceError


class Error(ServiceError):
    """Why a variable was not set: a bad name, or a value that is too large. `kind` is `refused`."""


def get(name: str, default: Any = None) -> Any:
    """The variable's value; `default` where there is none."""
    json = _host.variables.get(text(name, "a variable's name"))
    return default if json is None else _json.loads(json)


def set(name: str, value: Any) -> None:
    """Sets it to any JSON value. Raises `variables.Error`, and TypeError or ValueError for a value that is no JSON."""
    json = _json.dumps(value, f"variable `{name}`")
    try:
        _host.variables.set(text(name, "a variable's name"), json)
        return
    except _host.Err as error:
        said = str(error.value)
    raise Error("refused", said)


def remove(name: str) -> None:
    """Removes it, if it is there."""
    _host.variables.remove(text(name, "a variable's name"))
