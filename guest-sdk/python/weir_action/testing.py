"""Stands in for weir in an action's own unit tests. It must not be imported by an action.

    from app import score
    from weir_action.testing import Host

    class ScoreTest(unittest.TestCase):
        def test_many_visits_are_hot(self):
            output = Host().run(score, config={"hot": 60}, input={"email": "ada@example.com", "visits": 7})
            self.assertEqual(output.branch, "hot")
"""

import json
from dataclasses import dataclass, field
from typing import Any, Callable, Mapping, Optional

from weir_action import _failure, _host, _json, _log, _standin, http, kv, secrets
from weir_action._action import Action
from weir_action.context import Context
from weir_action.errors import ActionError, Failed, Invalid, Retryable

if _host.IN_WEIR:
    raise ImportError("weir_action.testing is for tests: an action must not import it")


@dataclass(frozen=True)
class Line:
    """A line of the run's log. `level` is trace, debug, info, warn or error."""

    level: str
    message: str
    fields: "dict[str, Any]" = field(default_factory=dict)


@dataclass(frozen=True)
class Output:
    """What a step hands on: `payload` as JSON has it, and the exit (None for `next`)."""

    payload: Any
    branch: Optional[str] = None


@dataclass(frozen=True)
class Request:
    """What the action sent. `timeout` is in seconds."""

    method: str
    url: str
    headers: "dict[str, str]"
    body: bytes
    timeout: Optional[float]


@dataclass(frozen=True)
class Response:
    """What it gets: `body` as bytes, a string, or a value that is sent as JSON."""

    status: int = 200
    body: Any = b""
    headers: Mapping[str, str] = field(default_factory=dict)


class Host:
    """Weir for one test, with no variables, secrets and keys at first. The one that was made last is in charge.

    `answer` gets every HTTP request and returns a `Response`, or raises `http.Error`.

        host = Host(secrets={"token": "abc"}, answer=lambda request: Response(body={"size": 7}))
        host.run(enrich, input={"company": "acme"})
    """

    def __init__(
        self,
        *,
        variables: "Mapping[str, Any] | None" = None,
        secrets: "Mapping[str, str] | None" = None,
        payload: Any = None,
        answer: "Callable[[Request], Response] | None" = None,
    ) -> None:
        self._state = _standin.State(payload=payload, secrets=dict(secrets or {}))
        for name, value in (variables or {}).items():
            self._state.variables[name] = _json.dumps(value, f"variable `{name}`")
        if answer is not None:
            self._state.http = _answering(answer)
        _standin.use(self._state)
        _log.attach()

    def run(self, function: Callable[..., Any], config: Any = None, input: Any = None, context: Any = None) -> Output:
        """Runs an action from JSON to JSON as weir does, with what its `uses` names granted and nothing else.

        Raises what the flow sees: Invalid, Retryable, or Failed with the whole `error.detail` as its detail, also for
        any other exception of the action.
        """
        action = _action(function)
        texts = [_json.dumps(value, name) for name, value in (("the config", config), ("the input", input))]
        self._state.payload = json.loads(texts[1])
        self._state.granted = _granted(action)
        _standin.use(self._state)
        try:
            result = action.run(context or Context(), *texts)
        except Exception as error:
            raise _seen(error) from error
        finally:
            self._state.granted = None
        return Output(json.loads(result.payload), result.branch)

    def validate(self, function: Callable[..., Any], config: Any) -> "list[str]":
        """What is wrong with settings when a flow is published; empty if nothing is."""
        return _action(function).validate(_json.dumps(config, "the config"))

    @property
    def lines(self) -> "list[Line]":
        """The log so far."""
        return [Line(*line) for line in self._state.lines]

    @property
    def variables(self) -> "dict[str, Any]":
        """The run's variables."""
        return {name: json.loads(text) for name, text in self._state.variables.items()}

    def keys(self, bucket: str) -> "dict[str, bytes]":
        """All keys of a bucket and their values."""
        return {key: entry.value for key, entry in self._state.buckets.get(bucket, {}).items()}


def schemas(function: Callable[..., Any]) -> "dict[str, Any]":
    """The JSON Schemas that weir reads at upload: `config`, `input` and `output`; None where anything goes."""
    action = _action(function)
    texts = {"config": action.config_schema, "input": action.input_schema, "output": action.output_schema}
    return {name: None if text is None else json.loads(text) for name, text in texts.items()}


def _action(function: Callable[..., Any]) -> Action:
    found = getattr(function, "__weir__", None)
    if not isinstance(found, Action):
        raise TypeError(f"{function!r} is no action: decorate it with @action(…)")
    return found


def _granted(action: Action) -> "set[tuple[str, str]]":
    granted = {("kv", use.name) for use in action.uses if isinstance(use, kv.Bucket)}
    granted |= {("secret", use.name) for use in action.uses if isinstance(use, secrets.Secret)}
    hosts = [use for use in action.uses if isinstance(use, http.Host)]
    return granted | {("http", f"{method} {host.host}") for host in hosts for method in host.methods}


def _seen(error: Exception) -> ActionError:
    failure = _failure.of(error)
    if failure.kind == "invalid":
        return Invalid(failure.text)
    if failure.kind == "retryable":
        return Retryable(failure.text, None if failure.after_ms is None else failure.after_ms / 1000)
    detail = json.loads(failure.text)
    return Failed(str(detail["message"]), detail)


def _answering(answer: Callable[[Request], Response]) -> Callable[[Any], Any]:
    def send(wire: Any) -> Any:
        headers = {name: value.decode("utf-8", "replace") for name, value in wire.headers}
        timeout = None if wire.timeout_ms is None else wire.timeout_ms / 1000
        found = answer(Request(wire.method, wire.url, headers, wire.body or b"", timeout))
        body = found.body
        if not isinstance(body, bytes):
            body = (body if isinstance(body, str) else _json.dumps(body, "the answer")).encode()
        named = [(name.lower(), value.encode()) for name, value in found.headers.items()]
        return http.Response(found.status, named, body)

    return send
