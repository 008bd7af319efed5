"""What each line of an extract must be, and that neither a rejection nor what is kept tells the document."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from federation.documents import ListName
from federation.errors import InvalidDocument
from node.extracts.errors import RejectedLine
from node.extracts.forms import FIELDS, form_of
from node.extracts.lines import LineReader, Plausibility
from node.extracts.plain import plain_reader_of
from node.extracts.ranges import number_range
from node.store.keys import NO_DATES, StoreKeys
from node.store.ports import KeyedLine
from tests.node.passport_office import PEPPER, ROUTES, issued, reported

REPORTED, ISSUED = ListName.REPORTED, ListName.ISSUED
KEYS = StoreKeys(PEPPER)
NUMBER = "QZX012345"


def read(list_name: ListName, row: dict[str, str], *, delta: bool = False) -> KeyedLine:
    reader = LineReader(list_name, KEYS, ROUTES, "NZL", delta=delta)
    return reader.read([row.get(name, "") for name in FIELDS[list_name]])


def rejection(list_name: ListName, row: dict[str, str], *, delta: bool = False) -> tuple[str, str]:
    with pytest.raises((RejectedLine, InvalidDocument)) as caught:
        read(list_name, row, delta=delta)
    said = f"{caught.value!r} {caught.value} {caught.value.args}"
    for name in ("document_number", "number_to", "reference"):
        assert not row.get(name) or row[name] not in said
    assert isinstance(caught.value, RejectedLine | InvalidDocument)
    assert caught.value.message.endswith(".")
    return caught.value.code, caught.value.field


def test_of_a_reported_line_a_key_and_facts_that_name_nobody_are_kept() -> None:
    line = read(REPORTED, reported(NUMBER, "P-77", status="Stolen", reported_on="2026-11-01"))
    assert line == KeyedLine("add", "P-77", KEYS.key_of("NZL", "P", NUMBER), NO_DATES, 1, "stolen", "2026-11-01", "")


def test_of_an_issued_line_the_dates_are_kept_as_a_keyed_tag() -> None:
    line = read(ISSUED, issued(NUMBER, "P-77", date_of_birth="1960-00-00", date_of_expiry=""))
    key = KEYS.key_of("NZL", "P", NUMBER)
    assert line == KeyedLine("add", "P-77", key, KEYS.tag(key, "60<<<<", "<<<<<<"), 1, "", "", "")


@pytest.mark.parametrize("number", ["qzx012345", "QZX 012-345", "QZX012345<", " QZX012345<<<"])
@pytest.mark.parametrize("document_class", ["P", "p<", "PN"])
@pytest.mark.parametrize("state", ["NZL", "nzl"])
def test_spellings_of_one_document_have_one_key(number: str, document_class: str, state: str) -> None:
    row = reported(number, "P-77", document_class=document_class, issuing_state=state)
    assert read(REPORTED, row).key == KEYS.key_of("NZL", "P", NUMBER)


REJECTED_REPORTED = [
    ({"issuing_state": "XXB"}, "STATE_IS_NATIONALITY", "issuing_state"),
    ({"issuing_state": "NZLA"}, "STATE_UNKNOWN", "issuing_state"),
    ({"issuing_state": ""}, "STATE_UNKNOWN", "issuing_state"),
    ({"document_class": "X"}, "CLASS_UNKNOWN", "document_class"),
    ({"document_number": ""}, "NUMBER_EMPTY", "document_number"),
    ({"document_number": "QZX01234\u0410"}, "NUMBER_CHARACTER", "document_number"),
    ({"document_number": "QZX01234\uff15"}, "NUMBER_CHARACTER", "document_number"),
    ({"document_number": "QZX\u200d012345"}, "NUMBER_CHARACTER", "document_number"),
    ({"document_number": "\u202e543210XZQ"}, "NUMBER_CHARACTER", "document_number"),
    ({"document_number": "QZX0123\u00b2"}, "NUMBER_CHARACTER", "document_number"),
    ({"document_number": "Q\u030aZX012345"}, "NUMBER_CHARACTER", "document_number"),
    ({"document_number": "QZX\x00012345"}, "NUMBER_CHARACTER", "document_number"),
    ({"document_number": "Q" * 25}, "NUMBER_TOO_LONG", "document_number"),
    ({"issuing_state": "AUS"}, "NOT_OURS", "issuing_state"),
    ({"issuing_state": "UTO"}, "NOT_OURS", "issuing_state"),
    ({"issuing_state": "CHN"}, "NOT_OURS", "issuing_state"),
    ({"document_class": "V"}, "NOT_OURS", "issuing_state"),
    ({"status": ""}, "STATUS", "status"),
    ({"status": "missing"}, "STATUS", "status"),
    ({"reported_on": "01/11/2026"}, "DATE_FORM", "reported_on"),
    ({"reported_on": "2026-02-30"}, "DATE_FORM", "reported_on"),
    ({"reported_on": "20261101"}, "DATE_FORM", "reported_on"),
    ({"reported_on": "2026-W45-1"}, "DATE_FORM", "reported_on"),
    ({"reported_on": "\u0662\u0660\u0662\u0666-11-01"}, "DATE_FORM", "reported_on"),
    ({"reference": "R" * 65}, "REFERENCE_FORM", "reference"),
    ({"reference": "R\u0410"}, "REFERENCE_FORM", "reference"),
    ({"reference": "R\x1b[2J"}, "REFERENCE_FORM", "reference"),
    ({"reference": NUMBER}, "REFERENCE_NUMBER", "reference"),
    ({"reference": "case qzx-012 345/1"}, "REFERENCE_NUMBER", "reference"),
    ({"reason": "recovered"}, "REASON", "reason"),
    ({"number_to": "QZY012399"}, "RANGE_FORM", "number_to"),
    ({"number_to": "QZX0123456"}, "RANGE_FORM", "number_to"),
    ({"number_to": "QZX012344"}, "RANGE_ORDER", "number_to"),
    ({"number_to": "QZX\u00a0012399"}, "NUMBER_CHARACTER", "number_to"),
]


@pytest.mark.parametrize(("altered", "code", "field"), REJECTED_REPORTED)
def test_a_reported_line_that_breaks_a_rule_is_rejected_with_its_code(
    altered: dict[str, str], code: str, field: str
) -> None:
    """I07, I09: look-alikes are refused, codes that are no issuer, and other economies' documents."""
    assert rejection(REPORTED, reported(NUMBER, "P-77") | altered) == (code, field)


@pytest.mark.parametrize(
    ("altered", "code", "field"),
    [
        ({"date_of_birth": ""}, "DATE_MISSING", "date_of_birth"),
        ({"date_of_birth": "12.04.1960"}, "DATE_FORM", "date_of_birth"),
        ({"date_of_birth": "1961-02-29"}, "DATE_CALENDAR", "date_of_birth"),
        ({"date_of_birth": "1860-02-28"}, "DATE_YEAR", "date_of_birth"),
        ({"date_of_expiry": "2031-00-00"}, "DATE_PARTIAL", "date_of_expiry"),
        ({"date_of_expiry": "9999-12-31"}, "DATE_YEAR", "date_of_expiry"),
        ({"issuing_state": "AUS"}, "NOT_OURS", "issuing_state"),
        ({"reference": f"x{NUMBER}"}, "REFERENCE_NUMBER", "reference"),
    ],
)
def test_an_issued_line_that_breaks_a_rule_is_rejected_with_its_code(
    altered: dict[str, str], code: str, field: str
) -> None:
    """I10."""
    assert rejection(ISSUED, issued(NUMBER, "P-77") | altered) == (code, field)


@pytest.mark.parametrize(
    ("row", "code", "field"),
    [
        (reported(NUMBER, "P-77", action="remove"), "ACTION", "action"),
        (reported(NUMBER, "P-77"), "ACTION", "action"),
        (reported(NUMBER, "", action="change"), "REFERENCE_MISSING", "reference"),
        ({"action": "withdraw"}, "REFERENCE_MISSING", "reference"),
        ({"action": "withdraw", "reference": "P-77", "reason": "because"}, "REASON", "reason"),
        ({"action": "withdraw", "reference": "P-77", "document_number": NUMBER}, "STATE_UNKNOWN", "issuing_state"),
    ],
)
def test_a_line_of_a_delta_names_what_it_does_and_to_which_record(row: dict[str, str], code: str, field: str) -> None:
    assert rejection(REPORTED, row, delta=True) == (code, field)


def test_a_withdrawal_needs_its_reference_alone_and_may_name_the_document() -> None:
    line = read(REPORTED, {"action": "Withdraw", "reference": "P-77", "reason": "Recovered"}, delta=True)
    assert (line.action, line.reference, line.key, line.reason) == ("withdraw", "P-77", None, "recovered")
    line = read(REPORTED, reported(NUMBER, "P-77", action="withdraw"), delta=True)
    assert line.key == KEYS.key_of("NZL", "P", NUMBER)


def test_a_short_number_may_stand_in_a_reference_by_chance() -> None:
    assert read(REPORTED, reported("1234", "2026-1234")).reference == "2026-1234"
    assert rejection(REPORTED, reported("12345", "2026-12345"))[0] == "REFERENCE_NUMBER"


def test_without_a_reference_a_line_gets_a_keyed_digest_of_the_rest() -> None:
    line = read(REPORTED, reported(NUMBER, ""))
    assert line.derived
    assert line.reference.startswith("K-")
    assert NUMBER not in line.reference
    assert read(REPORTED, reported(f"{NUMBER}<", "")).reference == line.reference
    others = [
        read(REPORTED, reported(NUMBER, "", status="stolen")),
        read(REPORTED, reported(NUMBER, "", reported_on="2026-11-01")),
        read(REPORTED, reported(NUMBER, "", document_class="I")),
        read(REPORTED, reported(NUMBER, "", number_to="QZX012346")),
        read(ISSUED, issued(NUMBER, "")),
    ]
    assert len({line.reference, *(other.reference for other in others)}) == 6


def test_derived_references_need_the_pepper() -> None:
    reader = LineReader(REPORTED, StoreKeys(b"another pepper, also 32 octets.."), ROUTES, "NZL", delta=False)
    row = reported(NUMBER, "")
    values = [row.get(name, "") for name in FIELDS[REPORTED]]
    assert reader.read(values).reference != read(REPORTED, row).reference


class TestRanges:
    def test_a_range_names_every_number_from_first_to_last(self) -> None:
        line = read(REPORTED, reported("QZX012345", "BL-1", number_to="QZX012347"))
        assert list(line.keys) == [KEYS.key_of("NZL", "P", f"QZX01234{n}") for n in (5, 6, 7)]
        assert (line.key, line.numbers) == (KEYS.key_of("NZL", "P", "QZX012345"), 3)

    @pytest.mark.parametrize(
        ("first", "last", "expected"),
        [
            ("A098", "A101", ["A098", "A099", "A100", "A101"]),
            ("7", "9", ["7", "8", "9"]),
            ("A100B", "A102B", ["A100B", "A101B", "A102B"]),
            ("12A009", "12A011", ["12A009", "12A010", "12A011"]),
            ("A09B", "A10B", ["A09B", "A10B"]),
            ("A5", "A5", None),
            ("A1B1", "A2B2", None),
            ("A1", "B1", None),
            ("AB", "AC", None),
            ("A99", "A100", None),
        ],
    )
    def test_one_run_of_digits_differs_and_its_width_is_kept(
        self, first: str, last: str, expected: list[str] | None
    ) -> None:
        if expected is None:
            with pytest.raises(RejectedLine, match="one run of digits"):
                number_range(first, last)
        else:
            found = number_range(first, last)
            assert (list(found), len(found)) == (expected, len(expected))

    def test_a_range_of_a_million_is_taken_and_one_more_is_not(self) -> None:
        assert len(number_range("A0000001", "A1000000")) == 1_000_000
        with pytest.raises(RejectedLine, match="more than 1,000,000"):
            number_range("A0000000", "A1000000")
        with pytest.raises(RejectedLine, match="more than 1,000,000"):
            number_range("0" * 24, "9" * 24)

    def test_every_number_of_a_range_must_be_the_economy_s_own(self) -> None:
        row = reported("K00000001", "BL-1", issuing_state="CHN")
        assert read(REPORTED, row | {"number_to": "K00000003"}).numbers == 3
        assert rejection(REPORTED, row | {"document_number": "L00000001", "number_to": "L00000003"})[0] == "NOT_OURS"

    def test_a_reference_may_name_no_number_of_the_range(self) -> None:
        row = reported("QZX012340", "box 0X QZX 012 344", number_to="QZX012349")
        assert rejection(REPORTED, row)[0] == "REFERENCE_NUMBER"
        assert read(REPORTED, row | {"reference": "box QZX 012 350"}).numbers == 10

    def test_a_range_of_one_is_that_number(self) -> None:
        assert rejection(REPORTED, reported(NUMBER, "BL-1", number_to="QZX012345<"))[0] == "RANGE_FORM"


TEXTS = st.text(st.sampled_from('QZX0159 <-,"\u0410aK'), max_size=12)
COLUMNS = {
    REPORTED: ("document_number", "issuing_state", "document_class", "status", "reported_on", "reference"),
    ISSUED: ("document_number", "issuing_state", "document_class", "date_of_birth", "date_of_expiry", "reference"),
}


@st.composite
def raw_lines(draw: st.DrawFn, list_name: ListName) -> list[bytes]:
    """Lines that are plain for the most part, with anything else strewn in."""
    good = {
        "document_number": st.from_regex(r"[QZX0-9]{5,9}|K[0-9]{8}", fullmatch=True),
        "issuing_state": st.sampled_from(["NZL", "NZL", "nzl", "CHN"]),
        "document_class": st.sampled_from(["P", "P", "P<", "I"]),
        "status": st.sampled_from(["lost", "Stolen", " lost"]),
        "reported_on": st.sampled_from(["", "2026-01-02"]),
        "date_of_birth": st.sampled_from(["1960-04-12", "1960-00-00", " 1999-01-01"]),
        "date_of_expiry": st.sampled_from(["", "2031-01-02"]),
        "reference": st.from_regex(r"R[0-9]{1,6}", fullmatch=True),
    }
    odd = draw(st.sampled_from([None, None, *COLUMNS[list_name]]))
    lines = []
    for _ in range(draw(st.integers(1, 5))):
        values = [draw(TEXTS if name == odd else good[name]) for name in COLUMNS[list_name]]
        lines.append(",".join(values).encode())
    return lines


@pytest.mark.parametrize("list_name", list(ListName))
@given(data=st.data())
def test_plain_lines_are_read_as_they_would_be_one_by_one(list_name: ListName, data: st.DataObject) -> None:
    """The short way gives what the long way gives, or gives way to it."""
    lines = data.draw(raw_lines(list_name))
    plain = plain_reader_of(list_name, KEYS, ROUTES, "NZL", COLUMNS[list_name])
    assert plain is not None
    read_plain = plain.read(7, lines)
    if read_plain is None:
        return
    form = form_of(COLUMNS[list_name], list_name, delta=False)
    reader = LineReader(list_name, KEYS, ROUTES, "NZL", delta=False)
    one_by_one = [reader.read(form(line)) for line in lines]
    for number, (line, one) in enumerate(zip(read_plain, one_by_one, strict=True), 7):
        facts = (one.status, one.reported_on) if list_name is REPORTED else (one.tag,)
        assert line == (number, one.reference, one.key, *facts)
    assert all(one.numbers == 1 and not one.derived and not one.keys for one in one_by_one)


@pytest.mark.parametrize("list_name", list(ListName))
@given(data=st.data(), latest=st.sampled_from(["1950-01-01", "2026-11-22"]))
def test_the_short_way_takes_no_date_that_is_to_be_doubted(
    list_name: ListName, latest: str, data: st.DataObject
) -> None:
    lines = data.draw(raw_lines(list_name))
    doubts = Plausibility(list_name, latest)
    plain = plain_reader_of(list_name, KEYS, ROUTES, "NZL", COLUMNS[list_name], doubts)
    assert plain is not None
    if plain.read(7, lines) is not None:
        form = form_of(COLUMNS[list_name], list_name, delta=False)
        assert [doubts.doubt(form(line)) for line in lines] == [None] * len(lines)


@pytest.mark.parametrize("list_name", list(ListName))
def test_an_ordinary_extract_takes_the_short_way(list_name: ListName) -> None:
    row = reported if list_name is REPORTED else issued
    plain = plain_reader_of(list_name, KEYS, ROUTES, "NZL", COLUMNS[list_name])
    assert plain is not None
    rows = [row(f"QZX{n:06}", f"R{n}", reported_on="2026-01-02", document_class="pi"[n % 2] + "<") for n in range(50)]
    rows += [row(f"K{n:08}", f"S{n}", reported_on="", issuing_state="CHN") for n in range(5)]
    lines = [",".join(one[name] for name in COLUMNS[list_name]).encode() for one in rows]
    assert plain.read(7, lines) is not None


@pytest.mark.parametrize(
    "spoilt",
    [
        {"reference": ""},
        {"reference": "R QZX000001"},
        {"document_number": "1234"},
        {"issuing_state": "AUS"},
        {"issuing_state": "CHN", "document_number": "L00000001"},
        {"status": "gone"},
        {"status": " " * 9_000 + "lost"},
        {"number_to": "QZX000009"},
    ],
)
def test_a_line_out_of_the_ordinary_is_left_to_the_long_way(spoilt: dict[str, str]) -> None:
    columns = (*COLUMNS[REPORTED], "number_to")
    plain = plain_reader_of(REPORTED, KEYS, ROUTES, "NZL", columns)
    assert plain is not None
    rows = [reported("QZX000001", "R1", reported_on="", number_to="") | spoilt]
    assert plain.read(7, [",".join(row[name] for name in columns).encode() for row in rows]) is None
