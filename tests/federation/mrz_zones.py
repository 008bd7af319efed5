"""Machine readable zones to test with: any that the standard allows, and some that are printed somewhere."""

from __future__ import annotations

from datetime import date

from hypothesis import strategies as st

from federation.economies import ISSUERS, NATIONALITIES
from federation.mrz import Mrz, MrzFormat

# ICAO 9303-4, -5, -6 and -7 print these (TD2 with the optional data of the standard's older edition).
PRINTED = {
    MrzFormat.TD1: (
        "I<UTOD231458907<<<<<<<<<<<<<<<",
        "7408122F1204159UTO<<<<<<<<<<<6",
        "ERIKSSON<<ANNA<MARIA<<<<<<<<<<",
    ),
    MrzFormat.TD2: ("I<UTOERIKSSON<<ANNA<MARIA<<<<<<<<<<<", "D231458907UTO7408122F1204159<<<<<<<6"),
    MrzFormat.TD3: (
        "P<UTOERIKSSON<<ANNA<MARIA<<<<<<<<<<<<<<<<<<<",
        "L898902C36UTO7408122F1204159ZE184226B<<<<<10",
    ),
    MrzFormat.MRV_A: (
        "V<UTOERIKSSON<<ANNA<MARIA<<<<<<<<<<<<<<<<<<<",
        "L8988901C4XXX4009078F96121096ZE184226B<<<<<<",
    ),
    MrzFormat.MRV_B: ("V<UTOERIKSSON<<ANNA<MARIA<<<<<<<<<<<", "L8988901C4XXX4009078F9612109<<<<<<<<"),
}

_CODES = {
    MrzFormat.TD1: ["I", "ID", "IP", "A", "AC", "C", "CR"],
    MrzFormat.TD2: ["I", "ID", "A", "C"],
    MrzFormat.TD3: ["P", "PD", "PP", "PV"],
    MrzFormat.MRV_A: ["V", "VN"],
    MrzFormat.MRV_B: ["V", "VS"],
}
_NAME_WIDTHS = {MrzFormat.TD1: 30, MrzFormat.TD2: 31, MrzFormat.TD3: 39, MrzFormat.MRV_A: 39, MrzFormat.MRV_B: 31}
_OPTIONAL_WIDTHS = {MrzFormat.TD1: 15, MrzFormat.TD2: 7, MrzFormat.TD3: 14, MrzFormat.MRV_A: 16, MrzFormat.MRV_B: 8}
_IDENTIFIER = st.from_regex(r"[A-Z]{1,12}( [A-Z]{1,12}){0,2}", fullmatch=True)
_FULL_DATES = st.dates(date(1900, 1, 1), date(2099, 12, 31)).map(lambda day: day.strftime("%y%m%d"))
_BIRTHS = st.one_of(
    _FULL_DATES, st.sampled_from(["<<<<<<", "60<<<<", "6004<<", "60<<12", "<<0412", "<<<<12", "<<0229"])
)
_EXPIRIES = st.one_of(_FULL_DATES, st.just("<<<<<<"))


def _optional(width: int) -> st.SearchStrategy[str]:
    return st.from_regex(rf"([A-Z0-9<]{{0,{width - 1}}}[A-Z0-9])?" if width > 0 else "", fullmatch=True)


@st.composite
def _names(draw: st.DrawFn, width: int) -> tuple[str, str]:
    """Primary and secondary identifier; as long as the field, ending in a letter, is what a truncated name looks like."""
    primary, secondary = draw(_IDENTIFIER), draw(st.one_of(st.just(""), _IDENTIFIER))
    primary = primary[:width].rstrip()
    secondary = secondary[: max(0, width - len(primary) - 2)].rstrip()
    return primary, secondary


@st.composite
def mrzs(draw: st.DrawFn, formats: tuple[MrzFormat, ...] = tuple(MrzFormat)) -> Mrz:
    """Any value that `parse` may return."""
    size = draw(st.sampled_from(formats))
    primary, secondary = draw(_names(_NAME_WIDTHS[size]))
    number = draw(st.from_regex(r"[A-Z0-9]([A-Z0-9<]{0,7}[A-Z0-9])?", fullmatch=True))
    room = _OPTIONAL_WIDTHS[size]
    if size in (MrzFormat.TD1, MrzFormat.TD2) and draw(st.booleans()):
        rest = draw(st.from_regex(rf"[A-Z0-9]{{1,{room - 2}}}", fullmatch=True))
        number, room = number.ljust(9, "X") + rest, room - len(rest) - 2
    optional = draw(_optional(room))
    return Mrz(
        format=size,
        document_code=draw(st.sampled_from(_CODES[size])),
        issuing_state=draw(st.sampled_from([*ISSUERS, "DEU"])),
        primary_identifier=primary,
        secondary_identifier=secondary,
        document_number=number,
        nationality=draw(st.sampled_from([*NATIONALITIES, "DEU"])),
        birth=draw(_BIRTHS),
        sex=draw(st.sampled_from("FM<")),
        expiry=draw(_EXPIRIES),
        optional_data=optional,
        optional_data_2=draw(_optional(11)) if size is MrzFormat.TD1 else "",
        optional_digit_is_filler=bool(optional) or size is not MrzFormat.TD3 or draw(st.booleans()),
    )
