"""Codes and names: who may issue a travel document, what a traveller may be, and what APEC calls its members.

Three things that look alike and are not. An *issuing state* is what the machine readable zone says about who made the
document (``D``, ``UNO``, ``XOM`` are some, and no economies). A *nationality* is what it says about the bearer; the
issuing state is never inferred from it. An *economy* is a participant of APEC. Source: ICAO Doc 9303 part 3, section 5.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from enum import StrEnum
from types import MappingProxyType
from typing import Final

from federation import icao_codes
from federation.errors import InvalidDocument


class IssuerKind(StrEnum):
    """What stands behind an issuing state's code."""

    STATE = "state"
    ORGANISATION = "organisation"
    SPECIMEN = "specimen"


@dataclass(frozen=True, slots=True)
class Issuer:
    """A code that may stand in the issuing-state field of a machine readable zone."""

    code: str
    name: str
    kind: IssuerKind


def _table(text: str) -> dict[str, str]:
    return dict(line.split(" ", 1) for line in text.splitlines())


SPECIMEN_ISSUER: Final = "UTO"

# ISO's code for Germany, and the one ICAO kept from before ISO's: the only alias there is.
_ALIASES: Final = {"DEU": "D"}

_ISO = _table(icao_codes.ISO_3166_1)
_ORGANISATIONS = _table(icao_codes.ORGANISATIONS)
_NATIONALITIES_ONLY = _table(icao_codes.NATIONALITIES_ONLY)
_WITHDRAWN = _table(icao_codes.WITHDRAWN)
_STATES = {code: name for code, name in _ISO.items() if code not in _ALIASES} | _table(icao_codes.STATES_OUTSIDE_ISO)

ISSUERS: Final[Mapping[str, Issuer]] = MappingProxyType(
    {code: Issuer(code, name, IssuerKind.STATE) for code, name in _STATES.items()}
    | {code: Issuer(code, name, IssuerKind.ORGANISATION) for code, name in _ORGANISATIONS.items()}
    | {code: Issuer(code, name, IssuerKind.SPECIMEN) for code, name in _table(icao_codes.SPECIMEN).items()}
)

NATIONALITIES: Final[Mapping[str, str]] = MappingProxyType(
    {code: issuer.name for code, issuer in ISSUERS.items()} | _NATIONALITIES_ONLY
)

# APEC's own names for its members (they differ from ISO's on purpose).
APEC_ECONOMIES: Final[Mapping[str, str]] = MappingProxyType(
    {
        "AUS": "Australia",
        "BRN": "Brunei Darussalam",
        "CAN": "Canada",
        "CHL": "Chile",
        "CHN": "China",
        "HKG": "Hong Kong, China",
        "IDN": "Indonesia",
        "JPN": "Japan",
        "KOR": "Republic of Korea",
        "MYS": "Malaysia",
        "MEX": "Mexico",
        "NZL": "New Zealand",
        "PNG": "Papua New Guinea",
        "PER": "Peru",
        "PHL": "The Philippines",
        "RUS": "Russia",
        "SGP": "Singapore",
        "TWN": "Chinese Taipei",
        "THA": "Thailand",
        "USA": "The United States",
        "VNM": "Viet Nam",
    }
)


def is_issuer(code: str) -> bool:
    """Whether ``code`` may stand as the issuing state, exactly as the machine readable zone has it without fillers."""
    return code in ISSUERS


def is_nationality(code: str) -> bool:
    """Whether ``code`` may stand as the bearer's nationality, exactly as printed without fillers."""
    return code in NATIONALITIES


def economy_name(code: str) -> str:
    """The name people read for an economy or issuing state; the code itself where none is known.

    It never fails: a member of a federation need not be one of APEC's, and a name is for display only.
    """
    return APEC_ECONOMIES.get(code) or NATIONALITIES.get(_ALIASES.get(code, code)) or code


def issuer(code: str) -> Issuer:
    """The issuer behind a code in upper case, ``DEU`` read as ``D``.

    Raises InvalidDocument: ``STATE_IS_NATIONALITY`` for XXA, XXB, XXC and XXX, ``STATE_WITHDRAWN`` for a code that ISO
    has withdrawn, ``STATE_UNKNOWN`` for any other text (which is not repeated: it may be anything, a number too).
    """
    found = ISSUERS.get(_ALIASES.get(code, code))
    if found is None:
        raise _no_issuer(code)
    return found


def _no_issuer(code: str) -> InvalidDocument:
    if code in _NATIONALITIES_ONLY:
        return InvalidDocument(
            "STATE_IS_NATIONALITY",
            "issuing_state",
            f"{code} is a nationality and issues no documents: give the issuing state, in the machine readable zone"
            " the three characters after the document code.",
        )
    if code in _WITHDRAWN:
        return InvalidDocument(
            "STATE_WITHDRAWN",
            "issuing_state",
            f"{code} ({_WITHDRAWN[code]}) is no longer an issuing state: give the code that the document itself shows.",
        )
    return InvalidDocument(
        "STATE_UNKNOWN",
        "issuing_state",
        "The issuing state is none of ICAO 9303's codes: give it as in the machine readable zone, such as NZL or D.",
    )
