"""Extracts of either list, in either form, under atheris: only typed refusals, and lines read in one way (I01, I12).

``make fuzz`` runs it; ``.venv/bin/python tests/fuzz/fuzz_extracts.py -max_total_time=60`` does too.
"""

from __future__ import annotations

import importlib
import sys
from pathlib import Path
from typing import Any

sys.path.insert(0, str(Path(__file__).parents[2]))
atheris: Any = importlib.import_module("atheris")  # not on every machine where the tests run

with atheris.instrument_imports(include=["node.extracts", "federation.documents", "federation.dates"]):
    from tests.extract_targets import EXAMPLES, edited, every_way

FILES = [b"", *EXAMPLES.values()]


def one_input(data: bytes) -> None:
    """The first octet picks a right file to which the others are edits; with the first of them, they are the file."""
    chosen = FILES[data[0] % len(FILES)] if data else b""
    every_way(edited(chosen, data[1:]) if chosen else data[1:])


if __name__ == "__main__":
    atheris.Setup(sys.argv, one_input)
    atheris.Fuzz()
