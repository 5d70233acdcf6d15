"""Tests of the action score-python, without a server."""

import sys
import unittest
from pathlib import Path

PROJECT = Path(__file__).resolve().parent.parent
sys.path[:0] = [str(PROJECT / "src"), str(PROJECT.parents[2] / "guest-sdk" / "python")]

from app import score  # noqa: E402

from weir_action import Invalid  # noqa: E402
from weir_action.testing import Host, Line  # noqa: E402

CONFIG = {"weights": {"visits": 10, "company": 20, "note": 1, "big": 1, "less": 9}, "hot": 60}


class ScoreTest(unittest.TestCase):
    def test_signals_bring_points_in_the_order_of_their_names(self) -> None:
        host = Host()
        visits = [1, {}, []]
        lead = {"id": "lead-7", "name": "Ada\0<é>", "company": True, "visits": visits, "note": "né😀", "big": 1e300}
        output = host.run(score, CONFIG, {**lead, "less": -0.5})
        reasons = [("big", 1000), ("company", 20), ("note", 3), ("visits", 30)]
        self.assertEqual(
            output.payload,
            {
                "value": 1053,
                "reasons": [{"signal": signal, "points": points} for signal, points in reasons],
                "depth": 3,
                "name": "Ada\0<é>",
                "seen": 1,
            },
        )
        self.assertEqual(output.branch, "hot")
        self.assertEqual(host.lines, [Line("info", "lead-7 scores 1053", {"score": 1053})])

    def test_a_lead_is_counted_each_time(self) -> None:
        host = Host()
        for count in (1, 2):
            output = host.run(score, {}, {"id": "no proper id"})
            self.assertEqual(output.payload, {"value": 0, "reasons": [], "depth": 1, "name": None, "seen": count})
            self.assertEqual(output.branch, "cold")
        self.assertEqual(host.keys("score-python"), {"unknown": b"2"})

    def test_what_is_no_lead_is_refused(self) -> None:
        with self.assertRaisesRegex(Invalid, "^a lead is a JSON object$"):
            Host().run(score, {}, [])

    def test_wrong_settings_are_found(self) -> None:
        for config, finding in (
            ({"weights": {"visits": 1001}}, "weights.visits: 1001 is no integer from 0 to 1000"),
            ({"weights": {"visits": "ten"}}, 'config at `weights.visits`: expected an integer, got a string ("ten")'),
            ({"hot": 1.5}, "config at `hot`: expected an integer, got a number (1.5)"),
            ({"warm": 1}, "config at `warm`: there is no such setting"),
        ):
            self.assertEqual(Host().validate(score, config), [finding])
        self.assertEqual(Host().validate(score, {"weights": {"visits": 1000}, "hot": -1}), [])


if __name__ == "__main__":
    unittest.main()
