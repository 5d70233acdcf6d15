"""Tests of the action {{name}}, without a server."""

import sys
import unittest
from pathlib import Path

PROJECT = Path(__file__).resolve().parent.parent
sys.path[:0] = [str(PROJECT / "src"), str(PROJECT / "weir-sdk")]

from app import score  # noqa: E402

from weir_action import Invalid  # noqa: E402
from weir_action.testing import Host, Line  # noqa: E402


class ScoreTest(unittest.TestCase):
    def test_a_lead_of_many_visits_is_hot(self) -> None:
        host = Host()
        output = host.run(score, {"hot": 60}, {"email": "ada@example.com", "visits": 7})
        self.assertEqual((output.branch, output.payload), ("hot", {"value": 70}))
        self.assertEqual(host.lines, [Line("info", "ada@example.com is scored", {"score": 70, "attempt": 1})])

    def test_what_is_wrong_is_said(self) -> None:
        with self.assertRaisesRegex(Invalid, "input at `visits`: expected an integer"):
            Host().run(score, {}, {"email": "ada@example.com", "visits": "many"})
        self.assertEqual(Host().validate(score, {"hot": -1}), ["hot: a score is never below 0"])


if __name__ == "__main__":
    unittest.main()
