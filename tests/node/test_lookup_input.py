from __future__ import annotations

import io
import json
from typing import Any

import pytest

from node.cli import lookup_input
from node.enquiry import DocumentInput
from node.errors import OperatorError

TD3 = ["P<UTOERIKSSON<<ANNA<MARIA<<<<<<<<<<<<<<<<<<<", "L898902C36UTO7408122F1204159ZE184226B<<<<<10"]
TD1 = ["I<UTOD231458907<<<<<<<<<<<<<<<", "7408122F1204159UTO<<<<<<<<<<<6", "ERIKSSON<<ANNA<MARIA<<<<<<<<<<"]


def parse(text: str | bytes) -> list[DocumentInput]:
    return lookup_input.parse(io.BytesIO(text if isinstance(text, bytes) else text.encode()))


def refused(text: str | bytes) -> OperatorError:
    with pytest.raises(OperatorError) as caught:
        parse(text)
    return caught.value


@pytest.mark.parametrize("end", ["\n", "\r\n"])
@pytest.mark.parametrize("mark", ["", "\ufeff"])
def test_zones_are_separated_by_blank_lines_as_any_system_writes_them(end: str, mark: str) -> None:
    text = mark + end + end.join([*TD3, "", "  ", *TD1]) + end + end
    assert [list(document.mrz) for document in parse(text)] == [TD3, TD1]


def test_what_is_no_zone_is_left_for_the_node_to_judge() -> None:
    assert [list(document.mrz) for document in parse("hello\n\n" + TD3[0])] == [["hello"], [TD3[0]]]


def test_a_character_that_only_looks_like_a_line_end_ends_no_line() -> None:
    assert list(parse(f"{TD3[0]}\u2028{TD3[1]}")[0].mrz) == [f"{TD3[0]}\u2028{TD3[1]}"]


def test_octets_that_are_no_utf8_become_a_character_no_document_has() -> None:
    assert "\ufffd" in parse(b"P<UTO\xff\xfe\n")[0].mrz[0]


def test_json_lines_take_fields_or_a_zone_and_echo_an_id() -> None:
    fields = {"issuing_state": "AUS", "document_class": "P", "document_number": "X", "date_of_expiry": ""}
    items: list[dict[str, Any]] = [{"id": 7, **fields}, {"id": "b", "mrz": TD3}, {"mrz": "\n".join(TD3)}]
    first, second, third = parse("\n\n".join(map(json.dumps, items)))
    assert (first.id, first.issuing_state, first.document_number) == ("7", "AUS", "X")
    assert (first.date_of_birth, first.date_of_expiry) == (None, "")
    assert (second.id, list(second.mrz)) == ("b", TD3)
    assert list(third.mrz) == TD3


def test_an_empty_birth_says_that_no_dates_are_known() -> None:
    """As `specimens.json` and extracts have it for documents that were never personalised."""
    (document,) = parse('{"issuing_state": "AUS", "document_number": "X", "date_of_birth": "", "date_of_expiry": ""}')
    assert (document.date_of_birth, document.date_of_expiry) == (None, None)


@pytest.mark.parametrize(
    ("line", "says"),
    [
        ("{", "not one JSON object"),
        ('{"a": 1}{"b": 2}', "not one JSON object"),
        ("[" * 100_000, "not one JSON object"),
        ("[1]", "not a JSON object"),
        ('{"document_nummer": "X"}', "there is no field `document_nummer`"),
        ('{"mrz": ["a"], "issuing_state": "AUS"}', "not both"),
        ('{"document_number": 1234}', "`document_number` is not a text"),
        ('{"mrz": [1]}', "`mrz` is not a list of lines"),
        ('{"id": true}', "`id` is not a text"),
    ],
)
def test_one_wrong_line_asks_nobody_and_is_named(line: str, says: str) -> None:
    error = refused('{"document_number": "X"}\n' + line)
    assert error.code == "INPUT_LINE"
    assert error.message.startswith("Line 2 of the input: ")
    assert says in error.message
    assert error.message.endswith("Nothing was asked.")


def test_no_refusal_quotes_a_number(markers: tuple[str, ...]) -> None:
    for line in (f'{{"document_number": {markers[0]}}}', f'{{"document_number": ["{markers[0]}"]}}'):
        assert markers[0] not in refused('{"id": "1"}\n' + line).message


def test_an_input_without_end_is_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    """I06: a bomb is refused by size, not read into memory."""
    monkeypatch.setattr(lookup_input, "MAX_OCTETS", 100)
    assert refused("x" * 101).code == "INPUT_SIZE"
    monkeypatch.setattr(lookup_input, "MAX_DOCUMENTS", 2)
    assert refused("a\n\nb\n\nc").code == "INPUT_SIZE"


@pytest.mark.parametrize("arguments", [[], ["-"]])
def test_a_zone_is_read_from_standard_input_without_arguments(arguments: list[str]) -> None:
    assert lookup_input.mrz_lines(arguments, io.BytesIO("\r\n".join(TD3).encode())) == tuple(TD3)


@pytest.mark.parametrize("text", ["", "\n\n", "a\n\nb", "a\nb\nc\nd"])
def test_standard_input_holds_one_zone(text: str) -> None:
    with pytest.raises(OperatorError) as caught:
        lookup_input.mrz_lines([], io.BytesIO(text.encode()))
    assert caught.value.code == "INPUT_LINE"


def test_arguments_that_are_no_utf8_do_no_harm() -> None:
    (line,) = lookup_input.mrz_lines(["P<UTO\udcff"], io.BytesIO())
    assert line.encode() == b"P<UTO?"
