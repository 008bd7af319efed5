"""Compares our zones with those of PyPI's ``mrz`` 0.6.2 (ATTACKS I08). Run by hand, in an environment of its own:

    python3 -m venv /tmp/oracle && /tmp/oracle/bin/pip install mrz==0.6.2
    PYTHONPATH=. /tmp/oracle/bin/python tests/oracles/compare_mrz.py

``mrz`` is GPL: it is an oracle here, no dependency, and nothing of the project imports it. Whatever the two judge
differently must be one of EXCEPTIONS, or the script fails and prints the kind of difference.
"""

from __future__ import annotations

import collections
import importlib
import json
import random
import re
import sys
from pathlib import Path
from typing import Any

from federation.economies import ISSUERS, NATIONALITIES
from federation.errors import InvalidDocument
from federation.mrz import Mrz, MrzFormat, encode, parse

ZONES = 3_000
LETTERS = "ABCDEFGHIJKLMNOPQRSTUVWXYZ"
CODES = {"TD1": ["I", "ID", "A", "C"], "TD2": ["I", "ID"], "TD3": ["P", "PD"], "MRV-A": ["V"], "MRV-B": ["V"]}
CHECKERS = {"TD1": "TD1", "TD2": "TD2", "TD3": "TD3", "MRV-A": "MRVA", "MRV-B": "MRVB"}

# What `mrz` refuses and ICAO allows, by the name of its failing report; and what it takes and ICAO does not.
EXCEPTIONS = {
    "birth date": "it takes no unknown parts",
    "expiry date": "it takes no document without expiry",
    "document number hash": "it knows no long numbers",
    "valid country code": "its table is older: XCE XDC XES XIM XMP XPO XXK",
    "valid nationality code": "likewise",
    "document type format": "it refuses every AC, also a crew member's",
    "DOCUMENT_CODE": "it takes a digit as second character",
}


def theirs(size: str, lines: tuple[str, ...]) -> list[str] | None:
    """What fails there, or None."""
    module: Any = importlib.import_module(f"mrz.checker.{CHECKERS[size].lower()}")
    try:
        checker = getattr(module, f"{CHECKERS[size]}CodeChecker")("\n".join(lines))
    except ValueError as error:
        return [type(error).__name__]
    return None if checker else [name for name, _ in checker.report.falses]


def ours(lines: tuple[str, ...]) -> str | None:
    """The code, or None."""
    try:
        parse(lines)
    except InvalidDocument as error:
        return error.code
    return None


def a_zone(chance: random.Random) -> Mrz:
    """Any zone without the rarest features; a third of the cards have long numbers."""

    def characters(length: int, alphabet: str = LETTERS + "0123456789") -> str:
        return "".join(chance.choices(alphabet, k=length))

    def day() -> str:
        return f"{chance.randint(0, 99):02}{chance.randint(1, 12):02}{chance.randint(1, 28):02}"

    size = chance.choice(list(MrzFormat))
    number, optional = characters(chance.choice([5, 8, 9])), characters(chance.choice([0, 3, 5]))
    if size in ("TD1", "TD2") and chance.random() < 1 / 3:
        number, optional = characters(9 + chance.randint(1, 3)), ""
    return Mrz(
        format=size,
        document_code=chance.choice(CODES[size]),
        issuing_state=chance.choice(list(ISSUERS)),
        primary_identifier=characters(6, LETTERS),
        secondary_identifier=chance.choice(["", characters(5, LETTERS)]),
        document_number=number,
        nationality=chance.choice(list(NATIONALITIES)),
        birth=chance.choice([day(), day(), "<<<<<<", "60<<<<"]),
        sex=chance.choice("FM<"),
        expiry=chance.choice([day(), day(), "<<<<<<"]),
        optional_data=optional,
    )


def misread(chance: random.Random, lines: tuple[str, ...]) -> tuple[str, ...]:
    """One character changed, anywhere."""
    row, place = chance.randrange(len(lines)), chance.randrange(len(lines[0]))
    line = lines[row]
    changed = line[:place] + chance.choice(LETTERS + "0123456789<") + line[place + 1 :]
    return (*lines[:row], changed, *lines[row + 1 :])


def main() -> int:
    """Count how the two judge the specimens, and zones right and misread."""
    chance = random.Random(9303)
    specimens = Path(__file__).parents[1] / "vectors" / "mrz" / "specimens.json"
    zones = [(row["format"], tuple(row["lines"])) for row in json.loads(specimens.read_text(encoding="utf-8"))]
    for _ in range(ZONES):
        mrz = a_zone(chance)
        lines = encode(mrz)
        zones += [(mrz.format, lines), (mrz.format, misread(chance, lines)), (mrz.format, misread(chance, lines))]
    differences: collections.Counter[str] = collections.Counter()
    for size, lines in zones:
        code, failing = ours(lines), theirs(size, lines)
        if (code is None) != (failing is None):
            differences[", ".join(failing or [str(code)])] += 1
    for kinds, count in differences.most_common():
        print(f"{count:6} {kinds}")  # noqa: T201 - a tool run by hand
    print(f"{len(zones):6} zones compared")  # noqa: T201 - a tool run by hand
    unexplained = {kind for kinds in differences for kind in re.split(", ", kinds)} - set(EXCEPTIONS)
    return 1 if unexplained else 0


if __name__ == "__main__":
    sys.exit(main())
