"""The decorator, and the way of one call from JSON to JSON. It must not know the bindings: `_world` does."""

import inspect
import sys
import typing
from dataclasses import dataclass
from typing import Any, Callable, Iterable, NoReturn, Optional, Sequence, TypeVar, Union

from weir_action import _failure, _host, _json, http, kv, secrets
from weir_action._types import Reader, Shapes
from weir_action.context import Context
from weir_action.errors import Failed, Invalid
from weir_action.output import Output

#: What the decorator's `uses` takes.
Use = Union[kv.Bucket, secrets.Secret, http.Host, str]

F = TypeVar("F", bound=Callable[..., Any])


def action(
    *,
    name: Optional[str] = None,
    version: str = "0.1.0",
    title: Optional[str] = None,
    branches: Sequence[str] = (),
    uses: Sequence[Use] = (),
    check: Optional[Callable[[Any], Optional[Iterable[str]]]] = None,
) -> Callable[[F], F]:
    """Makes a function the action of this component. The function itself stays as it is, for tests to call.

    Its parameter `config` takes the step's settings, `context` the facts of the call, and any other one the input; each
    may be left out. Types say what is read: dataclasses, `list`, `dict`, `Optional`, `Literal`, enums, `Annotated` with
    a `Schema`, or nothing for any JSON. They become the JSON Schemas of settings, input and output; unknown settings
    are refused. What the function returns is the step's output; `to` adds the branch to leave by. Its docstring is the
    action's description.

    - `name`: a-z, 0-9 and `-`, at most 63 characters; the function's name without it.
    - `version`: such as `1.4.2`.
    - `title`: for people; the name without it.
    - `branches`: the exits besides `next` and `error` that `to` may name.
    - `uses`: what the tenant is asked to grant: `kv.Bucket`, `secrets.Secret`, `http.Host`, or `"variables"`.
    - `check`: gets the settings when a flow is published and returns what is wrong with them, or raises Invalid.

    Raises TypeError for a function that cannot be an action, while the component is built.

        @action(name="lead-score", version="1.0.0", branches=("hot", "cold"))
        def score(config: Config, lead: Lead) -> Output[int]:
            '''Scores a lead by its visits.'''
            return to("hot" if lead.visits >= config.hot else "cold", lead.visits)
    """

    def decorate(function: F) -> F:
        own = name or function.__name__.replace("_", "-").lower()
        made = Action(function, own, version, title or own, list(branches), [_use(use) for use in uses], check)
        function.__weir__ = made  # type: ignore[attr-defined]
        if _host.IN_WEIR:
            from weir_action._world import world

            app: Any = sys.modules.get("app") or sys.modules[function.__module__]
            if hasattr(app, "WitWorld"):
                raise TypeError(f"a component is one action: there is another one besides `{function.__name__}`")
            app.WitWorld = world(made)  # what componentize-py looks for
        return function

    return decorate


@dataclass(frozen=True)
class Result:
    """What a step hands on, as it leaves."""

    payload: str
    branch: Optional[str]


class Action:
    """A function with all that weir has to know of it. It is made once, while the component is built."""

    def __init__(
        self,
        function: Callable[..., Any],
        name: str,
        version: str,
        title: str,
        branches: "list[str]",
        uses: "list[Use]",
        check: Optional[Callable[[Any], Optional[Iterable[str]]]],
    ) -> None:
        self.function, self.name, self.version, self.title = function, name, version, title
        self.branches, self.uses, self.check = branches, uses, check
        self.description = inspect.cleandoc(function.__doc__ or "")
        hints = typing.get_type_hints(function, include_extras=True)
        self._config: Optional[str] = None
        self._input: Optional[str] = None
        self._context: Optional[str] = None
        for parameter in inspect.signature(function).parameters.values():
            self._take(parameter, hints.get(parameter.name))
        config, schema = Shapes(strict=True).root(hints.get(self._config or "", Any))
        self._read_config: Reader = config
        self.config_schema = _json.dumps(schema or {"type": "object"}, "the schema of the settings")
        self._read_input, schema = Shapes(strict=False).root(hints.get(self._input or "", Any))
        self.input_schema = _json.dumps(schema, "the schema of the input") if schema else None
        schema = Shapes(strict=False).root(_returned(hints.get("return", Any)))[1]
        self.output_schema = _json.dumps(schema, "the schema of the output") if schema else None

    def _take(self, parameter: inspect.Parameter, hint: Any) -> None:
        if parameter.kind in (parameter.POSITIONAL_ONLY, parameter.VAR_POSITIONAL, parameter.VAR_KEYWORD):
            raise TypeError(f"`{self.function.__name__}`: `{parameter}` is no parameter for an action; name it plainly")
        if parameter.name == "config":
            self._config = parameter.name
        elif parameter.name == "context" or hint is Context:
            self._context = parameter.name
        elif self._input is None:
            self._input = parameter.name
        else:
            said = f"has two parameters for the input, `{self._input}` and `{parameter.name}`"
            raise TypeError(f"`{self.function.__name__}` {said}; `config` and `context` are the others that there are")

    def validate(self, config: str) -> "list[str]":
        """What is wrong with settings; empty if nothing is."""
        try:
            value = self._config_of(config)
            return [] if self.check is None else list(self.check(value) or ())
        except Invalid as error:
            return error.message.split("\n")
        except BaseException as error:
            return [_failure.told(error)]

    def run(self, context: Context, config: str, input: str) -> Result:
        """Does a step's work. Raises what the author's function does."""
        given: "dict[str, Any]" = {}
        if self._config:
            given[self._config] = self._config_of(config)
        if self._input:
            given[self._input] = _read(self._read_input, input, "input")
        if self._context:
            given[self._context] = context
        value, branch = self.function(**given), None
        if inspect.iscoroutine(value):
            value.close()
            raise TypeError(f"`{self.function.__name__}` is async; an action is a plain function")
        if isinstance(value, Output):
            value, branch = value.value, value.branch
        if branch is not None and branch not in self.branches:
            said = f"the action left by the branch {branch!r}, which its decorator does not name in `branches`"
            raise Failed(said, {"branches": self.branches})
        return Result(_json.dumps(value, "the output"), branch)

    def _config_of(self, text: str) -> Any:
        # A step without `with` has the settings that an empty object stands for.
        return _read(self._read_config, "{}" if text.strip() in ("", "null") else text, "config")


def _read(reader: Reader, text: str, place: str) -> Any:
    try:
        value = _json.loads(text)
    except ValueError as error:
        raise Invalid(f"{place}: it is no JSON that can be read: {error}") from None
    problems: "list[str]" = []
    result = reader(value, place, problems)
    if problems:
        _refuse(problems)
    return result


def _refuse(problems: "list[str]") -> NoReturn:
    more = len(problems) - 20
    raise Invalid("\n".join(problems[:20] + ([f"and {more} more"] if more > 0 else [])))


def _returned(hint: Any) -> Any:
    """The type of the output in a function's return type: Score in Output[Score]."""
    if hint is Output:
        return Any
    if typing.get_origin(hint) is Output:
        return typing.get_args(hint)[0]
    return hint


def _use(use: Any) -> Use:
    if isinstance(use, (kv.Bucket, secrets.Secret, http.Host)) or use == "variables":
        return use  # type: ignore[no-any-return]
    raise TypeError(f"`uses` has {use!r}; it takes kv.Bucket, secrets.Secret, http.Host and \"variables\"")
