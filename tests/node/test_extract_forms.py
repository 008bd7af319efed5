"""Files as passport systems export them, as they should not, and as somebody would who wants the node to fall over."""

from __future__ import annotations

import io
import json
import tracemalloc
from collections.abc import Iterator

import pytest
from hypothesis import given
from hypothesis import strategies as st

from federation.documents import ListName
from node.extracts.errors import RejectedLine, UnreadableExtract
from node.extracts.forms import form_of, read_header
from node.extracts.framing import LINE_MAX, Block, blocks

REPORTED, ISSUED = ListName.REPORTED, ListName.ISSUED
HEADER = b"document_number,issuing_state,document_class,status,reference"


class Endless(io.RawIOBase):
    """A stream made of pieces as it is read, as a pipe is."""

    def __init__(self, pieces: Iterator[bytes]) -> None:
        self._pieces = pieces
        self._rest = b""

    def readable(self) -> bool:
        return True

    def readinto(self, buffer: memoryview) -> int:  # type: ignore[override]
        if not self._rest:
            self._rest = next(self._pieces, b"")
        taken = self._rest[: len(buffer)]
        self._rest = self._rest[len(taken) :]
        buffer[: len(taken)] = taken
        return len(taken)


def lines_of(data: bytes) -> list[tuple[int, bytes]]:
    return [(n, line) for block in blocks(io.BytesIO(data)) for n, line in enumerate(block.lines(), block.first)]


class TestFraming:
    @pytest.mark.parametrize("end", [b"\n", b"\r\n", b"\r"])
    def test_a_line_ends_at_lf_crlf_or_cr(self, end: bytes) -> None:
        """I06: mixed line ends."""
        assert lines_of(end.join([b"a", b"", b"b", b"c"])) == [(1, b"a"), (2, b""), (3, b"b"), (4, b"c")]

    def test_one_file_may_mix_line_ends(self) -> None:
        """I06."""
        assert [line for _, line in lines_of(b"a\rb\r\nc\nd\r\r\ne")] == [b"a", b"b", b"c", b"d", b"", b"e"]

    def test_a_byte_order_mark_is_dropped_at_the_start_alone(self) -> None:
        """I06."""
        assert lines_of(b"\xef\xbb\xbfa\n\xef\xbb\xbfb") == [(1, b"a"), (2, b"\xef\xbb\xbfb")]

    @pytest.mark.parametrize(
        ("start", "kind"),
        [
            ("a,b".encode("utf-16"), "UTF-16"),
            (b"\xfe\xff\x00a", "UTF-16"),
            (b"PK\x03\x04...", "ZIP"),
            (b"\x1f\x8b\x08...", "gzip"),
            (b"<?xml version='1.0'?><!DOCTYPE", "XML"),
        ],
    )
    def test_another_kind_of_file_is_refused_by_its_first_octets(self, start: bytes, kind: str) -> None:
        """I06: UTF-16, ZIP and entity bombs are never unpacked."""
        with pytest.raises(UnreadableExtract, match=kind) as caught:
            lines_of(start)
        assert caught.value.code == "NOT_UTF8"

    def test_a_gigabyte_without_a_line_end_costs_one_cut_line_and_no_memory(self) -> None:
        """I06."""
        mebibyte = b"x" * (1 << 20)
        pieces = (piece for part in ([b"first\n"], (mebibyte for _ in range(1024)), [b"\nlast\n"]) for piece in part)
        tracemalloc.start()
        found = []
        for block in blocks(io.BufferedReader(Endless(pieces))):
            found.extend(block.lines())
        peak = tracemalloc.get_traced_memory()[1]
        tracemalloc.stop()
        assert [found[0], found[-1], len(found)] == [b"first", b"last", 3]
        assert len(found[1]) == LINE_MAX + 1
        assert peak < 8 << 20

    @given(
        st.lists(st.sampled_from([b"a", b"bb", b"", b"x" * 9, b"y" * 20]), max_size=30),
        st.lists(st.sampled_from([b"\n", b"\r\n", b"\r"]), min_size=30, max_size=30),
        st.integers(1, 9),
    )
    def test_where_the_stream_is_cut_into_chunks_does_not_show(
        self, lines: list[bytes], ends: list[bytes], chunk: int
    ) -> None:
        data = b"".join(line + end for line, end in zip(lines, ends, strict=False))
        expected = [line if len(line) <= 12 else line[:13] for line in data.splitlines()]
        with pytest.MonkeyPatch.context() as patch:
            patch.setattr("node.extracts.framing._CHUNK", chunk)
            patch.setattr("node.extracts.framing.LINE_MAX", 12)
            found = lines_of(data)
        assert [line[:13] for _, line in found] == expected
        assert [number for number, _ in found] == list(range(1, len(found) + 1))


class TestHeader:
    @pytest.mark.parametrize(
        "first",
        [HEADER, HEADER.upper(), HEADER.replace(b",", b" , "), b'"document_number",' + HEADER.partition(b",")[2]],
    )
    def test_the_header_row_names_the_fields_in_any_order_and_case(self, first: bytes) -> None:
        header = read_header([first], REPORTED, delta=False)
        assert header.columns == ("document_number", "issuing_state", "document_class", "status", "reference")
        assert (header.as_of, header.lines) == (None, 1)

    def test_the_first_line_may_say_when_it_was_cut(self) -> None:
        header = read_header([b"#as_of=2026-11-22T02:00:00Z", b"", HEADER], REPORTED, delta=False)
        assert (header.as_of, header.lines) == ("2026-11-22T02:00:00Z", 3)
        header = read_header([b'{"as_of": "2026-11-22T02:00:00Z"}', b'{"status": "lost"}'], REPORTED, delta=False)
        assert (header.columns, header.as_of, header.lines) == (None, "2026-11-22T02:00:00Z", 1)
        header = read_header([b'{"status": "lost"}'], REPORTED, delta=False)
        assert (header.columns, header.as_of, header.lines) == (None, None, 0)

    @pytest.mark.parametrize(
        ("lines", "code"),
        [
            ([], "EMPTY_FILE"),
            ([b"", b"  "], "EMPTY_FILE"),
            ([b"# made by hand", HEADER], "HEADER"),
            ([b"#as_of=\xff", HEADER], "HEADER"),
            ([b'{"as_of": 5}'], "HEADER"),
            ([b'{"as_of": "2026-11-22T02:00:00Z", "status": "lost"}'], "HEADER"),
            ([b"QZX012345,NZL,P,lost,R1"], "UNKNOWN_FIELD"),
            ([HEADER.replace(b",", b";")], "UNKNOWN_FIELD"),
            ([HEADER + b",surname"], "UNKNOWN_FIELD"),
            ([HEADER + b",date_of_birth"], "UNKNOWN_FIELD"),
            ([HEADER + b",status"], "HEADER"),
            ([b'"document_number'], "HEADER"),
            ([b"\xff\xfe"], "HEADER"),
            ([b"document_number,issuing_state,status"], "MISSING_FIELD"),
            ([HEADER + b",action"], "DELTA_AS_FULL"),
            ([HEADER + b",reason"], "DELTA_AS_FULL"),
            ([b"," * 1_000_000], "UNKNOWN_FIELD"),
            ([b"a" * LINE_MAX * 2], "UNKNOWN_FIELD"),
        ],
    )
    def test_a_file_that_is_no_extract_of_the_list_is_refused_by_its_header(
        self, lines: list[bytes], code: str
    ) -> None:
        """I06: a million columns; and without a header row, what stands there is somebody's data and is not quoted."""
        with pytest.raises(UnreadableExtract) as caught:
            read_header(lines, REPORTED, delta=False)
        assert caught.value.code == code
        assert "QZX012345" not in str(caught.value)

    def test_a_delta_needs_its_column_of_actions(self) -> None:
        with pytest.raises(UnreadableExtract) as caught:
            read_header([HEADER], REPORTED, delta=True)
        assert caught.value.code == "FULL_AS_DELTA"
        assert read_header([HEADER + b",action,reason"], REPORTED, delta=True).columns is not None

    def test_a_delta_of_withdrawals_needs_no_more_than_their_references(self) -> None:
        assert read_header([b"action,reference,reason"], REPORTED, delta=True).columns is not None
        for columns in (b"action", b"action,reason", b"action,reference,document_number"):
            with pytest.raises(UnreadableExtract) as caught:
                read_header([columns], REPORTED, delta=True)
            assert caught.value.code == "MISSING_FIELD"

    def test_an_issued_extract_is_no_reported_list(self) -> None:
        """Or one wrong word on a command line would put every passport in force on the list of the stolen ones."""
        with pytest.raises(UnreadableExtract):
            read_header(
                [b"document_number,issuing_state,document_class,date_of_birth,date_of_expiry"], REPORTED, delta=False
            )


class TestCsv:
    def read(self, line: bytes, columns: bytes = HEADER) -> list[str]:
        return list(form_of(columns.decode().split(","), REPORTED, delta=False)(line))

    def test_values_stand_in_one_order_whatever_the_columns_are(self) -> None:
        assert self.read(b"QZX012345,NZL,P,lost,R1") == ["", "R1", "NZL", "P", "QZX012345", "", "lost", "", ""]

    def test_quotes_are_read_as_csv_has_them(self) -> None:
        """RFC 4180: a comma and a doubled quote within quotes."""
        assert self.read(b'"QZX012345","NZL",P,"lost","R ""1"", b"')[1:5] == ['R "1", b', "NZL", "P", "QZX012345"]

    @pytest.mark.parametrize(
        ("line", "code"),
        [
            (b"QZX012345,NZL,P,lost", "COLUMNS"),
            (b"QZX012345,NZL,P,lost,R1,", "COLUMNS"),
            (b"," * 4_000, "COLUMNS"),
            (b'"QZX012345,NZL,P,lost,R1', "QUOTING"),
            (b'"QZX"012345,NZL,P,lost,R1', "QUOTING"),
            (b"QZX012345,NZL,P,lost,R1" + b" " * LINE_MAX, "LINE_TOO_LONG"),
            (b"QZX012345,NZL,P,lost,\xe9", "NOT_UTF8"),
            (b"Q\x00Z\x00X\x00", "COLUMNS"),
        ],
    )
    def test_a_row_that_is_not_one_is_rejected_with_its_line(self, line: bytes, code: str) -> None:
        """I06: an unclosed quote swallows its own line only."""
        with pytest.raises(RejectedLine) as caught:
            self.read(line)
        assert caught.value.code == code
        assert "QZX" not in caught.value.message


class TestJsonLines:
    def read(self, text: str | bytes, list_name: ListName = REPORTED, *, delta: bool = False) -> list[str]:
        return list(form_of(None, list_name, delta=delta)(text if isinstance(text, bytes) else text.encode()))

    def test_an_object_a_line_has_the_fields_of_the_csv(self) -> None:
        row = {"document_number": "QZX012345", "issuing_state": "NZL", "document_class": "P", "status": "lost"}
        expected = ["", "", "NZL", "P", "QZX012345", "", "lost", "", ""]
        assert self.read(json.dumps(row)) == expected
        assert self.read(json.dumps(row | {"number_to": None})) == expected

    @pytest.mark.parametrize(
        ("line", "code"),
        [
            ('{"document_number": 12345}', "NOT_TEXT"),
            ('{"document_number": 9223372036854775808}', "NOT_TEXT"),
            ('{"document_number": 1e309}', "NOT_TEXT"),
            ('{"document_number": -0}', "NOT_TEXT"),
            ('{"document_number": 12345.0}', "NOT_TEXT"),
            ('{"document_number": true}', "NOT_TEXT"),
            ('{"document_number": ["QZX012345"]}', "NOT_TEXT"),
            ('{"document_number": {"a": "QZX012345"}}', "NOT_TEXT"),
            ('{"document_number": NaN}', "JSON"),
            ('{"document_number": Infinity}', "JSON"),
            ('{"document_number": ' + "9" * 5_000 + "}", "JSON"),
            ('{"document_number": "QZX012345", "document_number": "QZX012346"}', "JSON"),
            ('{"document_number": "QZX012345"', "JSON"),
            ('{"document_number": "QZX012345"} {}', "JSON"),
            ('["QZX012345"]', "JSON"),
            ('"QZX012345"', "JSON"),
            ("null", "JSON"),
            ("[" * 8_000, "JSON"),
            ('{"surname": "x"}', "UNKNOWN_FIELD"),
            ('{"status": "lost", "reason": "recovered"}', "DELTA_AS_FULL"),
            ('{"status": "lost", "action": "add"}', "DELTA_AS_FULL"),
            ('{"reference": "' + "R" * LINE_MAX + '"}', "LINE_TOO_LONG"),
            (b'{"reference": "\xff"}', "NOT_UTF8"),
        ],
    )
    def test_a_line_that_is_no_flat_object_of_texts_is_rejected(self, line: str | bytes, code: str) -> None:
        """I05: numbers of every kind, NaN, duplicate keys; I06: nesting."""
        with pytest.raises(RejectedLine) as caught:
            self.read(line)
        assert caught.value.code == code
        assert "QZX" not in caught.value.message

    def test_a_document_without_expiry_says_so(self) -> None:
        """Or a forgotten field would read as a passport that never expires, and every true date as a mismatch."""
        row = {"document_number": "QZX012345", "issuing_state": "NZL", "document_class": "P"}
        row["date_of_birth"] = "1960-04-12"
        for absent in (row, row | {"date_of_expiry": None}):
            with pytest.raises(RejectedLine) as caught:
                self.read(json.dumps(absent), ISSUED)
            assert (caught.value.code, caught.value.field) == ("DATE_MISSING", "date_of_expiry")
        assert self.read(json.dumps(row | {"date_of_expiry": ""}), ISSUED)[6] == ""
        assert self.read('{"action": "withdraw", "reference": "R1"}', ISSUED, delta=True)[1] == "R1"


@given(st.binary(max_size=300))
def test_no_octets_make_anything_but_lines_and_typed_errors(data: bytes) -> None:
    """I12."""
    for list_name in ListName:
        try:
            header = read_header(next(blocks(io.BytesIO(data)), Block(1, b"")).lines(), list_name, delta=False)
            form = form_of(header.columns, list_name, delta=False)
            for _, line in lines_of(data)[header.lines :]:
                form(line)
        except (UnreadableExtract, RejectedLine):
            continue
