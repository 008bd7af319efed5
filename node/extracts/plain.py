"""The short way for what most lines of most full extracts are: plain CSV lines that break no rule.

A thousand lines at a time are checked column by column, which costs a third of reading them one by one. Anything out of
the ordinary in any of them, wrong or not, and `plain_lines` returns None: then `node.extracts.lines` reads them, whose
rules are the only ones. A test holds both ways against each other.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from itertools import repeat
from operator import contains, gt
from typing import Final

from federation.documents import (
    DocumentClass,
    ListName,
    TravelDocument,
    birth_characters,
    expiry_characters,
    normalise_class,
    normalise_number,
    normalise_state,
)
from federation.errors import InvalidDocument
from federation.routes import RouteTable
from node.extracts.errors import RejectedLine
from node.extracts.forms import FIELDS
from node.extracts.framing import LINE_MAX
from node.extracts.lines import NEVER, REVEALING, Plausibility, read_day, read_status
from node.store.keys import StoreKeys

# One line out of the ordinary sends so many to the long way.
BATCH: Final = 1_000
_REFERENCES = re.compile(r"(?:[!-~](?:[ -~]{0,62}[!-~])?\n)+").fullmatch
_IN_FORM = re.compile(r"(?:[A-Z0-9]{1,24}\n)+").fullmatch
_NOT_IN_NUMBERS: Final = bytes(set(range(256)) - set(b"ABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789\n"))

# line, reference, key, and what the list keeps beside them: status and reported_on, or the tag
PlainLine = tuple[str | bytes | int, ...]
INSERT_PLAIN: Final = {
    ListName.REPORTED: "INSERT INTO lines (line, reference, key, status, reported_on) VALUES (?, ?, ?, ?, ?)",
    ListName.ISSUED: "INSERT INTO lines (line, reference, key, tag) VALUES (?, ?, ?, ?)",
}


@dataclass(frozen=True, slots=True)
class PlainReader:
    """Reads plain lines of full extracts with these columns."""

    list_name: ListName
    keys: StoreKeys
    routes: RouteTable
    economy: str
    columns: tuple[str, ...]
    plausibility: Plausibility

    def read(self, first: int, lines: Sequence[bytes]) -> Iterable[PlainLine] | None:
        """One tuple a line, numbered from ``first``, or None if the lines must be read one by one."""
        columns = self._columns(lines)
        if columns is None or any(columns.get("number_to", ())):
            return None
        try:
            references = _references(columns["reference"])
            numbers = _numbers(columns["document_number"])
            if references is None or numbers is None or any(map(contains, references.silent, numbers)):
                return None
            named = _named(columns)
            if not self._are_ours(named, numbers) or not self._is_plausible(columns):
                return None
            keys = self.keys.keys_of(named, "\n".join(numbers).encode().split(b"\n"))
            numbered = range(first, first + len(lines))
            return zip(numbered, references.texts, keys, *self._facts(columns, keys), strict=True)
        except (InvalidDocument, RejectedLine):
            return None

    def _columns(self, lines: Sequence[bytes]) -> dict[str, list[str]] | None:
        text = b"\n".join(lines)
        if b'"' in text or not text.isascii() or max(map(len, lines)) > LINE_MAX:
            return None
        width = len(self.columns)
        if {line.count(b",") for line in lines} != {width - 1}:
            return None
        values = text.decode("ascii").replace("\n", ",").split(",")
        return {name: values[place::width] for place, name in enumerate(self.columns)}

    def _are_ours(self, named: Sequence[tuple[str, DocumentClass]], numbers: Sequence[str]) -> bool:
        """Whether all documents are the economy's own; where its route takes every number, that is asked once."""
        wholly = {name for name in set(named) if self._routes_of(name) == [("*", self.economy)]}
        return all(
            self.routes.resolve(TravelDocument(*name, number)) == self.economy
            for name, number in zip(named, numbers, strict=True)
            if name not in wholly
        )

    def _routes_of(self, name: tuple[str, DocumentClass]) -> list[tuple[str, str]]:
        return [
            (route.pattern, route.economy)
            for route in self.routes.routes
            if (route.issuing_state, route.document_class) == name
        ]

    def _is_plausible(self, columns: dict[str, list[str]]) -> bool:
        """Whether there is nothing to doubt in any of the lines."""
        latest = self.plausibility.latest
        if self.list_name is ListName.REPORTED:
            return max(map(str.strip, columns.get("reported_on", [""]))) <= latest
        births = list(map(str.strip, columns["date_of_birth"]))
        expiries = [expiry.strip() or NEVER for expiry in columns["date_of_expiry"]]
        return max(births) <= latest and not any(map(gt, births, expiries))

    def _facts(self, columns: dict[str, list[str]], keys: Sequence[bytes]) -> list[Iterable[str | int]]:
        if self.list_name is ListName.REPORTED:
            days = map(read_day, columns["reported_on"]) if "reported_on" in columns else repeat("", len(keys))
            return [list(map(read_status, columns["status"])), list(days)]
        births = map(birth_characters, map(str.strip, columns["date_of_birth"]))
        expiries = map(expiry_characters, map(str.strip, columns["date_of_expiry"]))
        dates = "\n".join(map("".join, zip(births, expiries, strict=True))).encode().split(b"\n")
        return [self.keys.tags_of(keys, dates)]


def _named(columns: dict[str, list[str]]) -> list[tuple[str, DocumentClass]]:
    """Issuing state and class of each line, normalised; an extract has a handful of pairs."""
    states, classes = columns["issuing_state"], columns["document_class"]
    if len(set(states)) == len(set(classes)) == 1:
        return [(normalise_state(states[0]), normalise_class(classes[0]))] * len(states)
    given = list(zip(states, classes, strict=True))
    names = {pair: (normalise_state(pair[0]), normalise_class(pair[1])) for pair in set(given)}
    return [names[pair] for pair in given]


@dataclass(frozen=True, slots=True)
class _References:
    texts: Sequence[str]
    silent: Sequence[str]
    """The same, with only what could be part of a number."""


def _references(column: Sequence[str]) -> _References | None:
    joined = "\n".join(column) + "\n"
    if not _REFERENCES(joined):
        return None
    silent = joined.upper().encode().translate(None, _NOT_IN_NUMBERS).decode().split("\n")
    silent.pop()
    return _References(column, silent)


def _numbers(column: Sequence[str]) -> Sequence[str] | None:
    numbers = column if _IN_FORM("\n".join(column) + "\n") else list(map(normalise_number, column))
    # A shorter one stands in many a reference by chance, and is not looked for there.
    return numbers if min(map(len, numbers)) >= REVEALING else None


def plain_reader_of(
    list_name: ListName,
    keys: StoreKeys,
    routes: RouteTable,
    economy: str,
    columns: Sequence[str] | None,
    plausibility: Plausibility | None = None,
) -> PlainReader | None:
    """The reader for a full extract of this form; None for one without columns, or without references."""
    if columns is None or "reference" not in columns or not set(columns) <= set(FIELDS[list_name]):
        return None
    return PlainReader(list_name, keys, routes, economy, tuple(columns), plausibility or Plausibility(list_name))
