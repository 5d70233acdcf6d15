"""Outgoing HTTP. Allow-list, address checks, quotas and secret stand-ins are weir's business, not this module's.

    crm = http.Host("api.example.com", "GET")

    @action(name="find-company", uses=(crm,))
    def find(lead: Lead):
        answer = http.get(f"https://api.example.com/companies/{lead.company}", timeout=2)
        return answer.json() if answer.ok else None
"""

from dataclasses import dataclass
from datetime import timedelta
from typing import Any, Mapping, Optional, Union

from weir_action import _host, _json
from weir_action._host import text
from weir_action.errors import Failed, Invalid, Retryable, ServiceError


class Error(ServiceError):
    """Why there is no answer.

    `kind` is `denied`, `quota-exceeded`, `timeout`, `too-large`, `dns`, `connect`, `tls`, `protocol` or `invalid`.
    Where nobody catches it, the flow tries again after `quota-exceeded`, `timeout`, `dns`, `connect` and `protocol`.
    """

    PASSING = frozenset({"quota-exceeded", "timeout", "dns", "connect", "protocol"})


class Host:
    """A host that the action sends requests to, and by which methods; for the decorator's `uses`."""

    def __init__(self, host: str, *methods: str) -> None:
        self.host = text(host, "a host's name")
        self.methods = [text(method, "a method").upper() for method in methods or ("GET",)]

    def __repr__(self) -> str:
        return f"http.Host({', '.join(map(repr, (self.host, *self.methods)))})"


@dataclass(frozen=True)
class Response:
    """An answer. Names in `headers` are in lower case, values are bytes; `truncated` says that `body` was cut to the
    step's limit."""

    status: int
    headers: "list[tuple[str, bytes]]"
    body: bytes
    truncated: bool = False

    @property
    def ok(self) -> bool:
        """Whether the status is one of 200 to 299."""
        return 200 <= self.status <= 299

    def header(self, name: str) -> Optional[str]:
        """The first value of a header; None where there is none."""
        values = (value for known, value in self.headers if known == name.lower())
        value = next(values, None)
        return None if value is None else value.decode("latin-1")

    def text(self) -> str:
        """The body as UTF-8; what is no UTF-8 becomes U+FFFD."""
        return self.body.decode("utf-8", "replace")

    def json(self) -> Any:
        """The body as JSON. Raises Invalid if it is none."""
        try:
            return _json.loads(self.body)
        except ValueError as error:
            cut = "; it was cut to the step's limit" if self.truncated else ""
            raise Invalid(f"the answer with status {self.status} is no JSON: {error}{cut}") from None

    def check(self) -> "Response":
        """The answer itself if it is `ok`. Raises Retryable for 408, 425, 429 and 500 and above, Failed for any other,
        with `status` in its detail."""
        if self.ok:
            return self
        if self.status in (408, 425, 429) or self.status >= 500:
            after = self.header("retry-after") or ""
            raise Retryable(f"the answer has status {self.status}", after=int(after) if after.isdecimal() else None)
        raise Failed(f"the answer has status {self.status}", detail={"status": self.status})


def request(
    method: str,
    url: str,
    *,
    json: Any = None,
    body: "bytes | str | None" = None,
    headers: Optional[Mapping[str, "str | bytes"]] = None,
    timeout: Union[float, timedelta, None] = None,
) -> Response:
    """Sends a request and waits for its answer, whatever its status.

    `url` is an absolute `http` or `https` URL. `json` becomes the body, with its content type; `body` is sent as it is,
    a string as UTF-8. `timeout` is in seconds or a timedelta, and never longer than the step's own time. Raises
    `http.Error`, and TypeError or ValueError for arguments that make no sense.
    """
    named = [(text(name, "a header's name"), _value(value, name)) for name, value in (headers or {}).items()]
    if json is not None:
        if body is not None:
            raise TypeError("a request has `json` or `body`, not both")
        body = _json.dumps(json, "the request's body")
        if not any(name.lower() == "content-type" for name, _ in named):
            named.append(("content-type", b"application/json"))
    if body is not None:
        body = text(body, "the body").encode() if isinstance(body, str) else _host.raw(body, "the body")
    verb, millis = text(method, "a method").upper(), _host.millis(timeout, "timeout", 32)
    try:
        found = _host.http.send(_host.http.Request(verb, text(url, "a URL"), named, body, millis))
    except _host.Err as error:
        kind, more = _host.reason(error.value)
        said = f"{verb} {url}: {_SAID.get(kind, kind)}{f': {more}' if more else ''}"
    else:
        return Response(found.status, found.headers, found.body, found.truncated)
    raise Error(kind, said)


def get(url: str, **options: Any) -> Response:
    """`request("GET", url, …)`."""
    return request("GET", url, **options)


def post(url: str, **options: Any) -> Response:
    """`request("POST", url, …)`."""
    return request("POST", url, **options)


def _value(value: "str | bytes", name: str) -> bytes:
    return text(value, f"header `{name}`").encode() if isinstance(value, str) else _host.raw(value, f"header `{name}`")


_SAID = {
    "denied": "it is not allowed",
    "quota-exceeded": "the step's requests or bytes are used up",
    "timeout": "no answer in time",
    "too-large": "the request is larger than the limit",
    "dns": "the host's name was not resolved",
    "connect": "no connection",
    "tls": "the TLS handshake failed",
    "protocol": "the other side does not speak HTTP properly",
    "invalid": "the request makes no sense",
}
