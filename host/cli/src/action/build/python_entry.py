"""What becomes the component: prepares the interpreter and hands on the action of the module `app`."""

import sys

# The sources' folders stay as they are.
sys.dont_write_bytecode = True
# `datetime` in C reads a clock that is not there, which aborts the action; the one in Python asks `time`, which says so.
sys.modules["_datetime"] = None

from app import WitWorld  # noqa: E402, F401
