"""Routes: which member answers for a document (docs/spec/1-documents.md, 1.4).

A route says that documents of an issuing state and class whose numbers match a pattern are answered for by an economy.
A pattern is read from the left: ``#`` is a digit, ``@`` a letter, A-Z and 0-9 stand for themselves; a ``*`` at the
end is any rest, or none. Most specific wins. Whoever could claim another's route could clear stolen passports, so a
table in which two economies might argue over a number is refused as a whole, when it is built and not when it is asked.
"""

from __future__ import annotations

import re
from collections.abc import Collection, Iterable
from dataclasses import dataclass
from itertools import combinations
from typing import Final

from federation.documents import NUMBER_MAX, DocumentClass, TravelDocument
from federation.economies import SPECIMEN_ISSUER, is_issuer
from federation.errors import InvalidDirectory

_PATTERN = re.compile(r"[A-Z0-9#@]*\*?").fullmatch
_ECONOMY = re.compile(r"[A-Z]{3}").fullmatch
_WILDCARDS: Final = {"#": "[0-9]", "@": "[A-Z]"}


@dataclass(frozen=True, slots=True)
class Route:
    """Documents of ``issuing_state`` and ``document_class`` whose number matches ``pattern`` are ``economy``'s."""

    issuing_state: str
    document_class: DocumentClass
    pattern: str
    economy: str

    def __str__(self) -> str:
        return f"{self.issuing_state} {self.document_class} {self.pattern} -> {self.economy}"


class RouteTable:
    """All routes of a federation, most specific first within an issuing state and class."""

    __slots__ = ("_choices", "_single", "routes")

    def __init__(self, routes: Iterable[Route], vacant: Collection[str] = ()) -> None:
        """Nobody answers for what is routed to an economy in ``vacant``, least of all the owner of a wider route.

        Raises InvalidDirectory, naming the routes, when one is not well formed or two leave a number in doubt.
        """
        self.routes: Final = tuple(routes)
        groups: dict[tuple[str, str], list[Route]] = {}
        for route in self.routes:
            _check_form(route)
            groups.setdefault((route.issuing_state, route.document_class), []).append(route)
        # Most issuers have one route, `*`: that answer must not cost a pattern.
        self._single: dict[tuple[str, str], str] = {}
        self._choices: dict[tuple[str, str], tuple[tuple[re.Pattern[str], str | None], ...]] = {}
        for key, group in groups.items():
            _check_unambiguous(group)
            if len(group) == 1 and group[0].pattern == "*" and group[0].economy not in vacant:
                self._single[key] = group[0].economy
            else:
                ordered = sorted(group, key=lambda route: specificity(route.pattern), reverse=True)
                self._choices[key] = tuple(
                    (_compile(route.pattern), None if route.economy in vacant else route.economy) for route in ordered
                )

    def resolve(self, document: TravelDocument) -> str | None:
        """The economy that answers for a document, or None if no route names one."""
        key = (document.issuing_state, document.document_class)
        single = self._single.get(key)
        if single is not None:
            return single
        for pattern, economy in self._choices.get(key, ()):
            if pattern.fullmatch(document.document_number):
                return economy
        return None


def specificity(pattern: str) -> tuple[bool, int, int]:
    """The order of patterns, greater is more specific: without ``*`` first, then more literals, then more positions.

    Whenever every number of one pattern is also one of another, the first ranks above the second.
    """
    positions = pattern.removesuffix("*")
    literals = sum(position not in _WILDCARDS for position in positions)
    return (not pattern.endswith("*"), literals, len(positions))


def _check_form(route: Route) -> None:
    if not _ECONOMY(route.economy):
        raise InvalidDirectory(f"The route {route} names no economy: give its three letters in upper case.")
    if not is_issuer(route.issuing_state):
        raise InvalidDirectory(
            f"The route {route} names no issuing state of ICAO 9303: give the code of the machine readable zone"
            " (D, not DEU)."
        )
    if route.issuing_state == SPECIMEN_ISSUER:
        raise InvalidDirectory(
            f"The route {route} claims specimens: they are asked of a named member and have no route; remove it."
        )
    positions = route.pattern.removesuffix("*")
    if not _PATTERN(route.pattern) or not route.pattern or not isinstance(route.document_class, DocumentClass):
        raise InvalidDirectory(
            f"The route {route} is not well formed: its class is P, I or V, its pattern of # (digit), @ (letter), A-Z,"
            " 0-9 and at most one *, at its end."
        )
    if len(positions) > NUMBER_MAX or (len(positions) == NUMBER_MAX and route.pattern.endswith("*")):
        raise InvalidDirectory(
            f"The route {route} has more places than a document number ({NUMBER_MAX}): shorten its pattern."
        )


def _check_unambiguous(group: list[Route]) -> None:
    """Refuse two routes of one issuing state and class that are equal, or that leave open whose a number is.

    Patterns of two economies may overlap only if one holds every number of the other: then the narrower one wins, and
    no order of precedence has to be believed. One economy's own patterns may overlap as they like.
    """
    for one, other in combinations(group, 2):
        if one.pattern == other.pattern:
            raise InvalidDirectory(f"The routes {one} and {other} are equal: remove one.")
        if one.economy == other.economy or not _overlap(one.pattern, other.pattern):
            continue
        if not (holds(one.pattern, other.pattern) or holds(other.pattern, one.pattern)):
            raise InvalidDirectory(
                f"The routes {one} and {other} share numbers and neither is the narrower one: change a pattern so that"
                " one lies within the other."
            )


def _overlap(one: str, other: str) -> bool:
    """Whether some number matches both patterns."""
    shorter, longer = sorted((one, other), key=lambda pattern: len(pattern.removesuffix("*")))
    if len(shorter.removesuffix("*")) != len(longer.removesuffix("*")) and not shorter.endswith("*"):
        return False
    pairs = zip(shorter.removesuffix("*"), longer.removesuffix("*"), strict=False)
    return all(_position_holds(a, b) or _position_holds(b, a) for a, b in pairs)


def holds(wider: str, narrower: str) -> bool:
    """Whether every number of the pattern ``narrower`` is one of the pattern ``wider`` too."""
    outer, inner = wider.removesuffix("*"), narrower.removesuffix("*")
    if wider.endswith("*"):
        if len(inner) < len(outer):
            return False
    elif narrower.endswith("*") or len(inner) != len(outer):
        return False
    return all(_position_holds(a, b) for a, b in zip(outer, inner, strict=False))


def _position_holds(wider: str, narrower: str) -> bool:
    if wider == "#":
        return narrower == "#" or narrower.isdigit()
    if wider == "@":
        return narrower == "@" or narrower.isalpha()
    return wider == narrower


def _compile(pattern: str) -> re.Pattern[str]:
    places = "".join(_WILDCARDS.get(position, position) for position in pattern.removesuffix("*"))
    return re.compile(places + "[A-Z0-9]*" * pattern.endswith("*"))
