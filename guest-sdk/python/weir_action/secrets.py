"""Secrets of the tenant, as far as they are granted to this action. It must not keep a value that it was given."""

from typing import Any

from weir_action import _host
from weir_action._host import text
from weir_action.errors import ServiceError


class Error(ServiceError):
    """Why there is no secret: `kind` is `not-granted` or `not-found`."""


class Secret:
    """A secret by name. Naming it in the decorator's `uses` asks the tenant to grant it.

        token = secrets.Secret("token")

        @action(name="notify", uses=(token, http.Host("api.example.com", "POST")))
        def notify(lead: dict):
            http.post("https://api.example.com/leads", json=lead, headers={"authorization": token.placeholder()})
    """

    def __init__(self, name: str) -> None:
        self.name = text(name, "a secret's name")

    def __repr__(self) -> str:
        return f"secrets.Secret({self.name!r})"

    def placeholder(self) -> str:
        """An opaque stand-in: weir puts the value in its place inside requests to hosts that the secret allows, so the
        value never enters the action's memory. Raises `secrets.Error`."""
        return self._call(_host.secrets.placeholder)

    def reveal(self) -> str:
        """The value itself; needs a grant of its own. Raises `secrets.Error`."""
        return self._call(_host.secrets.reveal)

    def _call(self, function: Any) -> str:
        try:
            value: str = function(self.name)
            return value
        except _host.Err as error:
            kind, _ = _host.reason(error.value)
        raise Error(kind, f"secret `{self.name}`: {_SAID.get(kind, kind)}")


_SAID = {"not-granted": "the tenant has not granted it", "not-found": "there is none by that name"}
