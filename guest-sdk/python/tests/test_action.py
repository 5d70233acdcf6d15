"""Actions under the stand-in: what they get, hand on, and how they fail."""

import logging
import random
import unittest
from dataclasses import dataclass
from datetime import timedelta
from typing import Any

from weir_action import Context, Failed, Invalid, Output, Retryable, action, http, kv, payload, secrets, to, variables
from weir_action.testing import Host, Line, Request, Response, schemas

log = logging.getLogger("test")
visits = kv.Bucket("visits")
token = secrets.Secret("token")
api = http.Host("api.example.com", "POST")


@dataclass
class Config:
    hot: int = 60


@action(branches=("hot", "cold"), check=lambda config: ["hot: too low"] if config.hot < 0 else None)
def lead_score(config: Config, lead: dict[str, int], context: Context) -> Output[int]:
    """Scores
    a lead."""
    log.info("scored", extra={"step": context.step, "fields": {"name": "x"}})
    return to("hot" if lead["visits"] >= config.hot else "cold", lead["visits"])


@action(name="raises")
def raises(what: str) -> Any:
    errors = {
        "invalid": Invalid("no"),
        "retry": Retryable("later", after=timedelta(seconds=1.5)),
        "failed": Failed("no", detail={"reason": "expired"}),
        "list": Failed("no", detail=[1]),
        "half": Invalid("half \ud800"),
    }
    if what in errors:
        raise errors[what]
    return {"branch": to("warm"), "nan": float("nan"), "set": {1}, "zero": None}[what] if what != "zero" else 1 // 0


@action(name="services", uses=(visits, token, api, "variables"))
def services(what: str) -> Any:
    if what == "kv":
        counted = [visits.increment("a", ttl=60), visits.set("b", {"é": 1}), visits.get("b"), list(visits.keys())]
        return [*counted, visits.compare_and_set("b", 1, 2), visits.get("c", 7)]
    if what == "conflict":
        return visits.compare_and_set("b", 9, 2)
    if what == "other":
        return kv.Bucket("other").get("x")
    if what == "http":
        headers = {"authorization": token.placeholder()}
        return http.post("https://api.example.com/x", json={"a": 1}, headers=headers, timeout=2).check().json()
    if what == "denied":
        return http.get("https://api.example.com/x").status
    variables.set("seen", [1])
    return [variables.get("seen"), payload.get(""), payload.kind("/x"), payload.scalar("")]


class ActionTest(unittest.TestCase):
    def test_an_action_gets_what_it_asks_for(self) -> None:
        host = Host()
        output = host.run(lead_score, None, {"visits": 60}, Context(step="s"))
        self.assertEqual((output.payload, output.branch), (60, "hot"))
        self.assertEqual(host.lines, [Line("info", "scored", {"step": "s", "name": "x"})])
        self.assertEqual(lead_score(Config(), {"visits": 1}, Context()), Output(1, "cold"))

    def test_it_says_what_it_is(self) -> None:
        found = lead_score.__weir__  # type: ignore[attr-defined]
        self.assertEqual((found.name, found.title, found.description), ("lead-score", "lead-score", "Scores\na lead."))
        self.assertEqual(schemas(lead_score)["output"], {"type": "integer"})
        self.assertEqual(schemas(lead_score)["config"]["properties"], {"hot": {"type": "integer", "default": 60}})
        self.assertIsNone(schemas(services)["output"])

    def test_settings_are_checked(self) -> None:
        host = Host()
        self.assertEqual(host.validate(lead_score, {}), [])
        self.assertEqual(host.validate(lead_score, {"hot": -1}), ["hot: too low"])
        self.assertEqual(host.validate(lead_score, {"warm": 1}), ["config at `warm`: there is no such setting"])

    def test_failures_are_told_apart(self) -> None:
        with self.assertRaisesRegex(Invalid, "^no$"):
            Host().run(raises, input="invalid")
        with self.assertRaisesRegex(Invalid, r"^half \?$"):
            Host().run(raises, input="half")
        with self.assertRaises(Retryable) as retry:
            Host().run(raises, input="retry")
        self.assertEqual(retry.exception.after, 1.5)
        for what, detail in (
            ("failed", {"message": "no", "reason": "expired"}),
            ("list", {"message": "no", "detail": [1]}),
        ):
            with self.assertRaises(Failed) as failed:
                Host().run(raises, input=what)
            self.assertEqual(failed.exception.detail, detail)

    def test_an_exception_says_where(self) -> None:
        with self.assertRaises(Failed) as failed:
            Host().run(raises, input="zero")
        detail = failed.exception.detail
        self.assertRegex(detail["message"], r"^ZeroDivisionError: .* in raises \(test_action\.py:\d+\)$")
        self.assertEqual((detail["error"], len(detail["stack"])), ("ZeroDivisionError", 1))

    def test_outputs_are_checked(self) -> None:
        for what, message in (
            ("branch", "left by the branch 'warm', which its decorator does not name"),
            ("nan", "the output is no JSON"),
            ("set", "the output is no JSON: it has a set"),
        ):
            with self.assertRaisesRegex(Failed, message):
                Host().run(raises, input=what)

    def test_services_answer(self) -> None:
        host = Host(secrets={"token": "t"}, answer=self._answer)
        self.assertEqual(host.run(services, input="kv").payload, [1, 1, {"é": 1}, ["a", "b"], 2, 7])
        self.assertEqual(host.keys("visits"), {"a": b"1", "b": b"2"})
        self.assertEqual(host.run(services, input="http").payload, {"ok": True})
        self.assertEqual(host.run(services, input="rest").payload, [[1], "rest", None, "rest"])
        self.assertEqual(host.variables, {"seen": [1]})

    def _answer(self, request: Request) -> Response:
        self.assertEqual((request.method, request.body, request.timeout), ("POST", b'{"a":1}', 2.0))
        wanted = {"authorization": "{{secret:token}}", "content-type": "application/json"}
        self.assertEqual(request.headers, wanted)
        return Response(body={"ok": True})

    def test_services_refuse(self) -> None:
        with self.assertRaisesRegex(Retryable, "bucket `visits`: the version is not the expected one"):
            Host().run(services, input="conflict")
        with self.assertRaisesRegex(Failed, "bucket `other`: the tenant has not granted it"):
            Host().run(services, input="other")
        with self.assertRaisesRegex(Failed, "`GET api.example.com` is not granted"):
            Host().run(services, input="denied")

    def test_arguments_are_checked_before_they_leave(self) -> None:
        for call in (lambda: visits.get(5), lambda: visits.increment("a", 1.5), lambda: visits.set_bytes("a", "x")):
            self.assertRaises(TypeError, call)
        for key, delta, ttl in (("a", 1 << 63, None), ("\ud800", 1, None), ("a", 1, -1)):
            self.assertRaises(ValueError, visits.increment, key, delta, ttl)

    def test_wrong_functions_are_refused(self) -> None:
        with self.assertRaisesRegex(TypeError, "two parameters for the input, `a` and `b`"):
            action()(lambda a, b: None)
        with self.assertRaisesRegex(TypeError, "`uses` has 'clock'"):
            action(uses=("clock",))(lambda: None)

    def test_any_json_comes_back_as_it_was(self) -> None:
        @action(name="echo")
        def echo(value: Any) -> Any:
            return value

        for seed in range(200):
            made = _any_json(random.Random(seed), 4)
            self.assertEqual(Host().run(echo, input=made).payload, made, f"seed {seed}")


def _any_json(source: random.Random, depth: int) -> Any:
    kind = source.randrange(7 if depth else 5)
    if kind == 0:
        return source.choice([None, True, False])
    if kind == 1:
        return source.choice([0, -1, 1 << 64, -(1 << 70), source.randrange(1 << 40)])
    if kind == 2:
        return source.choice([1e300, -0.5, 1e-7, source.random()])
    if kind in (3, 4):
        letters = [0, 9, 10, 34, 92, 65, 127, 0xE9, 0x2028, 0xFFFF, 0x1F600]
        return "".join(map(chr, source.choices(letters, k=source.randrange(8))))
    if kind == 5:
        return [_any_json(source, depth - 1) for _ in range(source.randrange(4))]
    return {_any_json(source, 0).__repr__(): _any_json(source, depth - 1) for _ in range(source.randrange(4))}


if __name__ == "__main__":
    unittest.main()
