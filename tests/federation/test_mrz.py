"""Machine readable zones that are right: read, written back, and turned into a document to ask about."""

import dataclasses
import json
from datetime import date
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from federation.documents import DocumentClass, TravelDocument
from federation.errors import InvalidDocument
from federation.mrz import Mrz, MrzError, MrzFormat, encode, expired, parse
from tests.federation.mrz_zones import PRINTED, mrzs

SPECIMENS = json.loads((Path(__file__).parents[1] / "vectors" / "mrz" / "specimens.json").read_text(encoding="utf-8"))
DIGIT_NAMES = {
    "number": "document_number",
    "birth": "date_of_birth",
    "expiry": "date_of_expiry",
    "optional": "optional_data",
    "composite": "composite",
}
# Their check digits hold, or cannot be told: two fillers twice in a name; a long number's end without its rest.
ILL_FORMED = {
    "PETER<<JOHN": "NAME",
    "ANNA<<MARIA": "NAME",
    "<7<<<<<<<<<<<<<<": "NUMBER_FORM",
    "71227<<<<<<8": "NUMBER_FORM",
}


def expected_code(lines: list[str]) -> str | None:
    return next((code for part, code in ILL_FORMED.items() if part in "\n".join(lines)), None)


@pytest.mark.parametrize("specimen", SPECIMENS, ids=lambda value: None)
def test_each_specimen_is_read_and_written_back_or_named_by_what_is_wrong_with_it(specimen: dict) -> None:
    """ATTACKS I08."""
    lines = specimen["lines"]
    wrong = tuple(DIGIT_NAMES[name] for name, holds in specimen["check_digits"].items() if holds is False)
    code = expected_code(lines) or ("CHECK_DIGIT" if wrong else None)
    if code is None:
        mrz = parse(lines)
        assert mrz.format == specimen["format"]
        assert encode(mrz) == tuple(lines)
        return
    with pytest.raises(MrzError) as refused:
        parse(lines)
    assert refused.value.code == code
    if code == "CHECK_DIGIT":
        assert refused.value.failed == wrong
        assert refused.value.field == wrong[0]


def test_the_specimens_are_all_there_and_some_of_each_kind() -> None:
    codes = [expected_code(specimen["lines"]) for specimen in SPECIMENS]
    assert (len(codes), codes.count("NAME"), codes.count("NUMBER_FORM")) == (29, 3, 2)
    assert sum(False not in specimen["check_digits"].values() for specimen in SPECIMENS) >= 10


@given(mrzs())
def test_what_is_written_reads_back(mrz: Mrz) -> None:
    """ATTACKS I11."""
    assert parse(encode(mrz)) == mrz


@given(mrzs(), st.data())
def test_what_is_read_is_written_back_character_for_character(mrz: Mrz, data: st.DataObject) -> None:
    """Any one character changed: either it is refused, or nothing of it is lost."""
    lines = list(encode(mrz))
    row = data.draw(st.integers(0, len(lines) - 1))
    place = data.draw(st.integers(0, len(lines[row]) - 1))
    other = data.draw(st.sampled_from("<0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZ"))
    lines[row] = lines[row][:place] + other + lines[row][place + 1 :]
    try:
        read = parse(lines)
    except InvalidDocument:
        return
    assert encode(read) == tuple(lines)


@pytest.mark.parametrize(("size", "lines"), PRINTED.items())
def test_icaos_own_examples_of_the_five_formats(size: MrzFormat, lines: tuple[str, ...]) -> None:
    mrz = parse(lines)
    assert (mrz.format, mrz.issuing_state, mrz.primary_identifier) == (size, "UTO", "ERIKSSON")
    assert mrz.secondary_identifier == "ANNA MARIA"
    assert encode(mrz) == lines
    assert mrz.captured_ok


def test_a_passport_says_what_icao_says_it_says() -> None:
    assert parse(PRINTED[MrzFormat.TD3]) == Mrz(
        format=MrzFormat.TD3,
        document_code="P",
        issuing_state="UTO",
        primary_identifier="ERIKSSON",
        secondary_identifier="ANNA MARIA",
        document_number="L898902C3",
        nationality="UTO",
        birth="740812",
        sex="F",
        expiry="120415",
        optional_data="ZE184226B",
    )


def test_a_long_number_is_put_together_again_and_leaves_the_rest_of_the_optional_data() -> None:
    lines = ("I<UTOD23145890<7349<AB<1<<<<<<", "3407127M9507122UTO<<<<<<<<<<<", "STEVENSON<<PETER<JOHN<<<<<<<<<")
    composite = next(digit for digit in "0123456789" if not raises((lines[0], lines[1] + digit, lines[2])))
    mrz = parse((lines[0], lines[1] + composite, lines[2]))
    assert mrz.document_number == "D23145890734"
    assert mrz.optional_data == "AB<1"
    assert mrz.travel_document() == TravelDocument("UTO", DocumentClass.I, "D23145890734")


def raises(lines: tuple[str, ...]) -> bool:
    try:
        parse(lines)
    except MrzError:
        return True
    return False


def passport(**changes: str) -> Mrz:
    return dataclasses.replace(parse(PRINTED[MrzFormat.TD3]), **changes)  # type: ignore[arg-type]


@pytest.mark.parametrize(
    ("size", "code", "expected"),
    [
        (MrzFormat.TD3, "PD", "P"),
        (MrzFormat.TD1, "ID", "I"),
        (MrzFormat.TD1, "AC", "I"),
        (MrzFormat.TD2, "C", "I"),
        (MrzFormat.MRV_A, "VN", "V"),
        (MrzFormat.MRV_B, "V", "V"),
    ],
)
def test_a_document_code_names_its_class(size: MrzFormat, code: str, expected: str) -> None:
    mrz = dataclasses.replace(parse(PRINTED[size]), document_code=code)
    assert parse(encode(mrz)).travel_document().document_class == expected


@pytest.mark.parametrize("code", ["D", "DEU"])
def test_germany_is_asked_about_as_d_and_written_back_as_printed(code: str) -> None:
    """ATTACKS I09: D vs DEU."""
    lines = encode(passport(issuing_state=code, nationality=code))
    assert lines[0][2:5] == code.ljust(3, "<")
    assert parse(lines).travel_document().issuing_state == "D"


def test_fillers_within_a_number_are_no_part_of_the_document() -> None:
    mrz = passport(document_number="AB<12<34")
    assert parse(encode(mrz)).document_number == "AB<12<34"
    assert mrz.travel_document().document_number == "AB1234"


def test_a_refugees_book_is_its_issuers() -> None:
    mrz = parse(encode(passport(issuing_state="AUS", nationality="XXB")))
    assert mrz.travel_document().issuing_state == "AUS"


@pytest.mark.parametrize("birth", ["<<<<<<", "74<<<<", "7408<<", "<<0812", "<<<<12"])
def test_parts_of_a_birth_may_be_unknown(birth: str) -> None:
    """ATTACKS I10."""
    assert parse(encode(passport(birth=birth))).birth == birth


def test_an_empty_personal_number_may_have_either_check_digit() -> None:
    filler = encode(passport(optional_data=""))
    zero = encode(dataclasses.replace(passport(optional_data=""), optional_digit_is_filler=False))
    assert (filler[1][42], zero[1][42]) == ("<", "0")
    assert parse(filler) != parse(zero)
    assert parse(filler).travel_document() == parse(zero).travel_document()


@pytest.mark.parametrize(
    ("primary", "secondary", "truncated"),
    [
        ("ERIKSSON", "ANNA MARIA", False),
        ("ARKFREITH", "", False),
        ("VAN DER MUELLEN", "FELICITAS ANNABEL", False),
        ("NILAVADHANANANDA", "CHAYAPA DEJTHAMRONG K", True),
        ("BENNELONG WOOLOOMOOLOO WARRANDYTE WARNA", "", True),
    ],
)
def test_a_name_that_fills_its_field_may_have_been_cut(primary: str, secondary: str, truncated: bool) -> None:
    mrz = parse(encode(passport(primary_identifier=primary, secondary_identifier=secondary)))
    assert (mrz.primary_identifier, mrz.secondary_identifier) == (primary, secondary)
    assert mrz.name_may_be_truncated is truncated


def test_whitespace_after_a_line_is_not_part_of_it() -> None:
    lines = PRINTED[MrzFormat.TD3]
    assert parse([lines[0] + "\r\n", lines[1] + "  \n"]) == parse(lines)


def test_expiry_is_read_from_the_zone() -> None:
    assert expired(parse(PRINTED[MrzFormat.TD3]).expiry, date(2012, 4, 16))
    assert not expired(parse(PRINTED[MrzFormat.TD3]).expiry, date(2012, 4, 15))


@given(mrzs())
def test_no_printed_form_of_a_zone_shows_what_it_says(mrz: Mrz) -> None:
    printed = f"{mrz} {mrz!r} {[mrz]}"
    assert printed == f"Mrz({mrz.format} {mrz.issuing_state} [fields withheld]) " * 2 + f"[{mrz!r}]"


@pytest.mark.parametrize(
    ("changes", "code", "field"),
    [
        ({"document_number": "L898902C3X"}, "FIELD_TOO_LONG", "document_number"),
        ({"primary_identifier": "X" * 40, "secondary_identifier": ""}, "FIELD_TOO_LONG", "name"),
        ({"optional_data": "X" * 15}, "FIELD_TOO_LONG", "optional_data"),
        ({"document_number": "l898902c3"}, "FIELD_FORM", "document_number"),
        ({"document_number": "L89890\u0410"}, "FIELD_FORM", "document_number"),
        ({"birth": "1974-8"}, "FIELD_FORM", "date_of_birth"),
        ({"birth": "7408<2"}, "DATE_FORM", "date_of_birth"),
        ({"birth": ""}, "FIELD_FORM", "mrz"),
        ({"expiry": "12<<<<"}, "DATE_PARTIAL", "date_of_expiry"),
        ({"document_number": "L898902<<"}, "FIELD_FORM", "mrz"),
        ({"document_number": ""}, "NUMBER_FORM", "document_number"),
        ({"optional_data_2": "1"}, "FIELD_FORM", "mrz"),
        ({"sex": "X"}, "SEX", "sex"),
        ({"sex": ""}, "FIELD_FORM", "mrz"),
        ({"issuing_state": "XXB"}, "STATE_IS_NATIONALITY", "issuing_state"),
        ({"nationality": "QQQ"}, "NATIONALITY_UNKNOWN", "nationality"),
        ({"document_code": "I"}, "DOCUMENT_CODE", "document_class"),
        ({"primary_identifier": "eriksson"}, "MRZ_CASE", "mrz"),
        ({"primary_identifier": "ERIKSSON "}, "NAME", "name"),
    ],
)
def test_what_could_not_be_read_back_is_not_written(changes: dict[str, str], code: str, field: str) -> None:
    with pytest.raises(InvalidDocument) as refused:
        encode(passport(**changes))
    assert (refused.value.code, refused.value.field) == (code, field)
