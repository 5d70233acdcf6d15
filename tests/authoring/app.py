"""Goes wrong in the way that its input says."""

from datetime import datetime
from typing import Any

from weir_action import Invalid, Output, action, to
from dataclasses import dataclass


@dataclass
class Config:
    hot: int = 0


@dataclass
class Input:
    what: str


@action(name="wrong-python", version="1.0.0", branches=("hot", "cold"))
def wrong(config: Config, input: Input) -> Output[int]:
    """An action that goes wrong."""
    if input.what == "branch":
        return to("warm", 1)
    if input.what == "hot":
        return to("hot", 1)
    if input.what == "kind":
        return to("hot", "one")
    if input.what == "no JSON":
        return to("hot", {1, 2})
    if input.what not in WORK:
        raise Invalid(f"nobody knows how to {input.what}")
    return to("hot", WORK[input.what]())


def first(leads: list[int]) -> int:
    return leads[0]


def recurse(depth: int = 1) -> int:
    return recurse(depth + 1) + 1


def turn() -> int:
    while True:
        pass


def hog() -> int:
    blocks = []
    while True:
        blocks.append(bytearray(1 << 20))


def leave() -> int:
    raise SystemExit(3)


def clock() -> str:
    return datetime.now().isoformat()


def parse() -> str:
    return datetime.fromisoformat("2026-11-29T06:00:00+01:00").strftime("%d.%m.%Y %H:%M")


def late() -> Any:
    import decimal

    return decimal


def files() -> Any:
    return open("/etc/passwd").read()


WORK: dict[str, Any] = {
    "raise": lambda: first([]),
    "recurse": recurse,
    "loop": turn,
    "hog": hog,
    "exit": leave,
    "clock": clock,
    "parse": parse,
    "late": late,
    "files": files,
}
