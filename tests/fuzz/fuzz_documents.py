"""Documents, dates, zones and routes under atheris: only typed refusals, and what is taken is taken in one way (I01).

``make fuzz`` runs it; ``.venv/bin/python tests/fuzz/fuzz_documents.py -max_total_time=60`` does too.
"""

from __future__ import annotations

import importlib
import json
import sys
from contextlib import suppress
from pathlib import Path
from typing import Any

sys.path.insert(0, str(Path(__file__).parents[2]))
atheris: Any = importlib.import_module("atheris")  # not on every machine where the tests run

with atheris.instrument_imports(include=["federation"]):
    from federation import documents, mrz, routes
    from federation.errors import InvalidDirectory, InvalidDocument


SPECIMENS = json.loads((Path(__file__).parents[1] / "vectors" / "mrz" / "specimens.json").read_text(encoding="utf-8"))


def edited(data: bytes) -> list[str]:
    """A specimen with single characters exchanged: pairs of octets say where and by what."""
    lines: list[str] = list(SPECIMENS[data[0] % len(SPECIMENS)]["lines"]) if data else []
    width = len(lines[0]) if lines else 1
    for place, character in zip(data[1::2], data[2::2], strict=False):
        row, column = divmod(place % (len(lines) * width), width)
        lines[row] = lines[row][:column] + chr(character) + lines[row][column + 1 :]
    return lines


def zone(lines: list[str]) -> None:
    """What is read is written back; the only license is whitespace after a line."""
    with suppress(InvalidDocument):
        assert mrz.encode(mrz.parse(lines)) == tuple(line.rstrip() for line in lines)


def one_input(data: bytes) -> None:
    """The first octet picks what the others are: a number, a state, a class, dates, a zone or a route."""
    text = data[1:].decode("utf-8", "replace")
    match data[0] % 7 if data else 0:
        case 0:
            with suppress(InvalidDocument):
                number = documents.normalise_number(text)
                assert documents.normalise_number(number) == number
        case 1:
            with suppress(InvalidDocument):
                state = documents.normalise_state(text)
                assert documents.normalise_state(state) == state
        case 2:
            with suppress(InvalidDocument):
                documents.normalise_class(text)
        case 3:
            for rule in (documents.birth_characters, documents.expiry_characters):
                with suppress(InvalidDocument):
                    assert len(rule(text)) == 6
        case 4:
            zone(text.split("\n"))
        case 5:
            zone(edited(data[1:]))
        case _:
            rows = [
                routes.Route("CHN", documents.DocumentClass.P, line[:-1], "AU" + line[-1:]) for line in text.split("\n")
            ]
            with suppress(InvalidDirectory):
                routes.RouteTable(rows)


if __name__ == "__main__":
    atheris.Setup(sys.argv, one_input)
    atheris.Fuzz()
