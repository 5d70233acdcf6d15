"""Actions for weir in Python: one function, one decorator.

This package owns the way from a typed function to the contract `weir:action@1.0.0` and back; it knows nothing of the
server.

    from dataclasses import dataclass
    from weir_action import action, to

    @dataclass
    class Config:
        '''How a lead is scored.

        hot: The score from which a lead is hot.
        '''
        hot: int = 60

    @dataclass
    class Lead:
        email: str
        visits: int = 0

    @action(name="lead-score", version="1.0.0", title="Score a lead", branches=("hot", "cold"))
    def score(config: Config, lead: Lead):
        '''Scores a lead by its visits.'''
        points = lead.visits * 10
        return to("hot" if points >= config.hot else "cold", {"score": points})

Lines for the run's log go through Python's own `logging`, with fields in `extra`.

In a component the functions of `http`, `kv`, `payload`, `secrets` and `variables` are weir's; everywhere else, so in
unit tests, the module `weir_action.testing` stands in for it.
"""

from weir_action import http, kv, payload, secrets, variables
from weir_action._action import action
from weir_action._types import Schema
from weir_action.context import Context
from weir_action.errors import Failed, Invalid, Retryable
from weir_action.output import Output, to

__all__ = [
    "Context",
    "Failed",
    "Invalid",
    "Output",
    "Retryable",
    "Schema",
    "action",
    "http",
    "kv",
    "payload",
    "secrets",
    "to",
    "variables",
]
