"""Machine readable zones that are not right: what is said of them, and what they may say (ATTACKS I07-I10)."""

import dataclasses
import traceback

import pytest
from hypothesis import assume, given
from hypothesis import strategies as st

from federation.check_digits import LOOK_ALIKES, check_digit, readings
from federation.errors import InvalidDocument
from federation.mrz import Mrz, MrzError, MrzFormat, encode, parse
from federation.mrz_layout import LAYOUTS, Field
from tests.federation.mrz_zones import PRINTED, mrzs

TD1, TD2, TD3 = PRINTED[MrzFormat.TD1], PRINTED[MrzFormat.TD2], PRINTED[MrzFormat.TD3]
MRV_A, MRV_B = PRINTED[MrzFormat.MRV_A], PRINTED[MrzFormat.MRV_B]


def refusal(lines: object) -> InvalidDocument:
    with pytest.raises(InvalidDocument) as refused:
        parse(lines)  # type: ignore[arg-type]
    return refused.value


def with_characters(lines: tuple[str, ...], row: int, place: int, text: str) -> tuple[str, ...]:
    """``text`` from a place on, row and place counted from 1 as ICAO does."""
    line = lines[row - 1]
    changed = line[: place - 1] + text + line[place - 1 + len(text) :]
    return (*lines[: row - 1], changed, *lines[row:])


@pytest.mark.parametrize(
    ("lines", "code"),
    [
        ((), "MRZ_LINES"),
        (TD3[:1], "MRZ_LINES"),
        ((*TD1, TD1[0]), "MRZ_LINES"),
        (TD3[0] + TD3[1], "MRZ_LINES"),
        ((TD3[0][:-1], TD3[1]), "MRZ_LENGTH"),
        ((TD3[0], TD3[1] + "<"), "MRZ_LENGTH"),
        ((TD3[0], TD2[1]), "MRZ_LENGTH"),
        ((TD2[0], TD3[1]), "MRZ_LENGTH"),
        (TD1[:2], "MRZ_LENGTH"),
        ((*TD3, TD1[2]), "MRZ_LENGTH"),
        ((*TD2, ""), "MRZ_LENGTH"),
        ((" " + TD3[0][:-1], TD3[1]), "MRZ_CHARACTER"),
        ((TD3[0].lower(), TD3[1]), "MRZ_CASE"),
        ((TD3[0], TD3[1].replace("L", "l")), "MRZ_CASE"),
        (with_characters(TD3, 2, 3, " "), "MRZ_CHARACTER"),
        (with_characters(TD3, 2, 1, "\u0410"), "MRZ_CHARACTER"),
        (with_characters(TD3, 2, 1, "\uff2c"), "MRZ_CHARACTER"),
        (with_characters(TD3, 1, 10, "\u039f"), "MRZ_CHARACTER"),
        (with_characters(TD3, 1, 10, "\u017f"), "MRZ_CHARACTER"),
        (with_characters(TD3, 1, 10, "\u200d"), "MRZ_CHARACTER"),
        (with_characters(TD3, 1, 10, "\u202e"), "MRZ_CHARACTER"),
        (with_characters(TD3, 2, 1, "\u0661"), "MRZ_CHARACTER"),
        (with_characters(TD3, 1, 10, "\x00"), "MRZ_CHARACTER"),
        (with_characters(TD3, 1, 1, "I"), "DOCUMENT_CODE"),
        (with_characters(TD3, 1, 1, "P1"), "DOCUMENT_CODE"),
        (with_characters(TD3, 1, 1, "<P"), "DOCUMENT_CODE"),
        (with_characters(TD1, 1, 1, "P"), "DOCUMENT_CODE"),
        (with_characters(TD1, 1, 1, "V"), "DOCUMENT_CODE"),
        (with_characters(TD1, 1, 1, "IV"), "DOCUMENT_CODE"),
        (with_characters(TD2, 1, 1, "P"), "DOCUMENT_CODE"),
        (with_characters(TD2, 1, 1, "AV"), "DOCUMENT_CODE"),
        (with_characters(TD3, 1, 3, "XXB"), "STATE_IS_NATIONALITY"),
        (with_characters(TD3, 1, 3, "XXX"), "STATE_IS_NATIONALITY"),
        (with_characters(TD3, 1, 3, "YUG"), "STATE_WITHDRAWN"),
        (with_characters(TD3, 1, 3, "UT0"), "STATE_UNKNOWN"),
        (with_characters(TD3, 1, 3, "<<<"), "STATE_UNKNOWN"),
        (with_characters(TD3, 1, 3, "<<D"), "STATE_UNKNOWN"),
        (with_characters(TD3, 2, 11, "UT0"), "NATIONALITY_UNKNOWN"),
        (with_characters(TD3, 2, 11, "YUG"), "NATIONALITY_UNKNOWN"),
        (with_characters(TD3, 2, 11, "<<<"), "NATIONALITY_UNKNOWN"),
        (with_characters(TD3, 2, 21, "X"), "SEX"),
        (with_characters(TD3, 1, 6, "<"), "NAME"),
        (with_characters(TD3, 1, 6, "3"), "NAME"),
        (with_characters(TD3, 1, 20, "<<<"), "NAME"),
        (with_characters(TD3, 1, 30, "A"), "NAME"),
        (with_characters(TD3, 1, 6, "<" * 39), "NAME"),
        (with_characters(TD3, 2, 1, "L898902C4"), "CHECK_DIGIT"),
        (with_characters(TD3, 2, 10, "<"), "CHECK_DIGIT"),
        (with_characters(MRV_A, 2, 10, "<"), "CHECK_DIGIT"),
        (with_characters(TD2, 2, 10, "<"), "NUMBER_FORM"),
        (with_characters(TD1, 1, 6, "D2314589<<734<"), "NUMBER_FORM"),
        (with_characters(MRV_A, 2, 1, "<<<<<<<<<0"), "NUMBER_FORM"),
        (with_characters(MRV_B, 2, 1, "<A<<<<<<<0"), "NUMBER_FORM"),
    ],
)
def test_each_fault_has_its_code(lines: object, code: str) -> None:
    """ATTACKS I07, I08, I09: homoglyphs, mixed formats, short and long lines, lower case, obsolete codes."""
    assert refusal(lines).code == code


@pytest.mark.parametrize(
    ("field", "first", "printed", "code"),
    [
        (Field.BIRTH, 14, "740230", "DATE_CALENDAR"),
        (Field.BIRTH, 14, "990229", "DATE_CALENDAR"),
        (Field.BIRTH, 14, "000000", "DATE_CALENDAR"),
        (Field.BIRTH, 14, "999999", "DATE_CALENDAR"),
        (Field.BIRTH, 14, "7408<2", "DATE_FORM"),
        (Field.EXPIRY, 22, "121301", "DATE_CALENDAR"),
        (Field.EXPIRY, 22, "12<<<<", "DATE_PARTIAL"),
    ],
)
def test_a_date_is_a_date_even_when_its_check_digit_holds(field: Field, first: int, printed: str, code: str) -> None:
    """ATTACKS I10: 00, 99, 29 February."""
    error = refusal(with_characters(MRV_A, 2, first, printed + check_digit(printed)))
    assert (error.code, error.field) == (code, field)


def test_a_letter_in_a_date_that_passes_the_check_digit_is_refused_with_what_it_may_be() -> None:
    """ATTACKS I08: 6 and G are one to the check digit."""
    printed = "74081G"
    assert check_digit(printed) == check_digit("740816")
    error = refusal(with_characters(MRV_A, 2, 14, printed + check_digit(printed)))
    assert isinstance(error, MrzError)
    assert (error.code, error.readings) == ("DATE_FORM", ("740816",))


@pytest.mark.parametrize(
    ("lines", "failed"),
    [
        (with_characters(TD3, 2, 1, "X"), ("document_number", "composite")),
        (with_characters(TD3, 2, 10, "5"), ("document_number", "composite")),
        (with_characters(TD3, 2, 14, "5"), ("date_of_birth", "composite")),
        (with_characters(TD3, 2, 22, "5"), ("date_of_expiry", "composite")),
        (with_characters(TD3, 2, 29, "6"), ("optional_data", "composite")),
        (with_characters(TD3, 2, 43, "<"), ("optional_data", "composite")),
        (with_characters(TD3, 2, 44, "5"), ("composite",)),
        (with_characters(TD3, 2, 44, "<"), ("composite",)),
        (with_characters(TD2, 2, 29, "5"), ("composite",)),
        (with_characters(TD1, 1, 16, "5"), ("composite",)),
        (with_characters(TD1, 2, 19, "5"), ("composite",)),
        (with_characters(MRV_A, 2, 14, "5"), ("date_of_birth",)),
        (with_characters(MRV_B, 2, 28, "5"), ("date_of_expiry",)),
    ],
)
def test_every_check_digit_that_fails_is_named(lines: tuple[str, ...], failed: tuple[str, ...]) -> None:
    """ATTACKS I08."""
    error = refusal(lines)
    assert isinstance(error, MrzError)
    assert (error.code, error.field, error.failed) == ("CHECK_DIGIT", failed[0], failed)


def test_an_empty_personal_number_has_a_filler_or_zero_and_nothing_else() -> None:
    empty = with_characters(TD3, 2, 29, "<" * 14 + "7")
    error = refusal(empty)
    assert isinstance(error, MrzError)
    assert error.failed[0] == "optional_data"


COVERED = [Field.DOCUMENT_NUMBER, Field.BIRTH, Field.EXPIRY]


@given(mrzs(), st.sampled_from(COVERED), st.data())
def test_one_misread_character_is_refused_and_what_was_printed_is_among_the_readings(
    mrz: Mrz, field: Field, data: st.DataObject
) -> None:
    """ATTACKS I08: OCR 0/O, 1/I, 2/Z, 5/S, 8/B. The zone is never repaired, however few the readings."""
    lines = encode(mrz)
    printed = {Field.DOCUMENT_NUMBER: mrz.document_number[:9], Field.BIRTH: mrz.birth, Field.EXPIRY: mrz.expiry}[field]
    places = [place for place, character in enumerate(printed) if character in LOOK_ALIKES]
    assume(places)
    place = data.draw(st.sampled_from(places))
    misread = data.draw(st.sampled_from(LOOK_ALIKES[printed[place]]))
    assume(check_digit(printed[:place] + misread) != check_digit(printed[: place + 1]))
    span = LAYOUTS[mrz.format].spans[field]
    error = refusal(with_characters(lines, span.line, span.first + place, misread))
    assert isinstance(error, MrzError)
    assert (error.code, error.field) == ("CHECK_DIGIT", field)
    assert (mrz.document_number if field is Field.DOCUMENT_NUMBER else printed) in error.readings


@pytest.mark.parametrize("misread", ["O", "Q", "D"])
def test_a_misread_check_digit_leaves_its_field_as_it_is(misread: str) -> None:
    """ATTACKS I08: the digit 0 read as a letter."""
    number = "L89889001"
    assert check_digit(number) == "0"
    assert parse(with_characters(MRV_A, 2, 1, number + "0")).document_number == number
    error = refusal(with_characters(MRV_A, 2, 1, number + misread))
    assert isinstance(error, MrzError)
    assert error.readings[-1] == number


def test_readings_are_whole_fields_each_with_one_look_alike_that_satisfies_the_digit() -> None:
    found = readings("LO1SB2", check_digit("L01SB2"), lambda _text: True)
    assert "L01SB2" in found
    for reading in found:
        assert check_digit(reading) == check_digit("L01SB2")
        assert sum(one != other for one, other in zip(reading, "LO1SB2", strict=True)) == 1


@pytest.mark.parametrize("pair", ["0O", "1I", "2Z", "5S", "8B"])
def test_the_five_common_confusions_are_caught_in_every_place(pair: str) -> None:
    """ATTACKS I08."""
    for place in range(9):
        one, other = (("A" * place + character).ljust(9, "7") for character in pair)
        assert check_digit(one) != check_digit(other)
        assert one in readings(other, check_digit(one), lambda _text: True)


@pytest.mark.parametrize("pair", ["6G", "1L", "8S"])
def test_three_confusions_pass_every_check_digit(pair: str) -> None:
    """ICAO's digit is blind to them; docs/reference/mrz.md says so, because nobody downstream can notice."""
    one, other = (f"7A{character}34" for character in pair)
    assert check_digit(one) == check_digit(other)


@pytest.mark.parametrize("size", [MrzFormat.TD1, MrzFormat.TD2])
def test_when_the_composite_digit_alone_fails_the_readings_are_whole_zones(size: MrzFormat) -> None:
    """Optional data have no digit of their own on cards; each reading can be parsed as it is."""
    printed = encode(dataclasses.replace(parse(PRINTED[size]), optional_data="ABC05"))
    place = LAYOUTS[size].spans[Field.OPTIONAL]
    error = refusal(with_characters(printed, place.line, place.first, "ABCO5"))
    assert isinstance(error, MrzError)
    assert error.failed == ("composite",)
    assert "\n".join(printed) in error.readings
    assert all(encode(parse(reading.split("\n"))) for reading in error.readings)


def test_a_composite_digit_read_as_a_letter_has_its_digit_among_the_readings() -> None:
    """The specimen's last character, 0, read as O."""
    error = refusal(with_characters(TD3, 2, 44, "O"))
    assert isinstance(error, MrzError)
    assert error.readings == ("\n".join(TD3),)


@given(mrzs(), st.data())
def test_no_refusal_says_what_the_zone_says(mrz: Mrz, data: st.DataObject) -> None:
    """Oracle 4: readings are an attribute for the caller, never text."""
    assume(len(mrz.document_number) > 4)
    lines = encode(mrz)
    row = data.draw(st.integers(1, len(lines)))
    place = data.draw(st.integers(1, len(lines[0])))
    error = error_in(with_characters(lines, row, place, data.draw(st.sampled_from("0O1IZ5S8B<9X\u0410x "))))
    assume(error is not None)
    said = f"{error} {error!r} {''.join(traceback.format_exception(error, limit=0))}"
    assert mrz.document_number not in said
    assert lines[-1] not in said
    assert not any(reading in said for reading in getattr(error, "readings", ()))
    assert str(error).endswith(".")


def error_in(lines: tuple[str, ...]) -> InvalidDocument | None:
    try:
        parse(lines)
    except InvalidDocument as error:
        return error
    return None


def test_lengths_and_places_are_named_so_that_the_fault_can_be_found() -> None:
    assert "43 and 44" in refusal((TD3[0][:-1], TD3[1])).message
    assert "Character 3 of line 2" in refusal(with_characters(TD3, 2, 3, "\u0410")).message
    assert "Line 1" in refusal((TD3[0].lower(), TD3[1])).message
