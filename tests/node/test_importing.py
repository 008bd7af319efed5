"""Which imports are taken, what they do to a list and its as-of, and what they report."""

from __future__ import annotations

import io
import json
from collections.abc import Iterator
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest

from federation.documents import ListName
from node import importing
from node.acceptance import ImportRefused, ImportRequest
from node.reports import Outcome
from node.staged import Plan, one_importer
from node.store.errors import StoreDamaged, WrongPepper
from node.store.keys import StoreKeys
from tests.node.passport_office import PassportOffice, as_csv, at, hour, issued, reported

REPORTED, ISSUED = ListName.REPORTED, ListName.ISSUED


@pytest.fixture
def office(tmp_path: Path) -> Iterator[PassportOffice]:
    office = PassportOffice(tmp_path / "store")
    yield office
    office.close()


def counted(outcome: Outcome) -> dict[str, int]:
    names = ("accepted", "changed", "unchanged", "withdrawn", "rejected")
    return {name: outcome.document[name] for name in names if outcome.document[name]}


def refusal(outcome: Outcome) -> str:
    assert outcome.refused
    assert outcome.exit_code == 2
    assert outcome.epoch is None
    message = outcome.document["refused"]["message"]
    assert message.endswith(".")
    assert ": " in message  # cause, and what to do about it
    return str(outcome.document["refused"]["code"])


def rows(numbers: tuple[str, ...], count: int = 100) -> list[dict[str, str]]:
    return [reported(number, f"P-{n}") for n, number in enumerate(numbers[:count])]


class TestFullImport:
    def test_it_replaces_the_list_and_moves_the_as_of(self, office: PassportOffice, markers: tuple[str, ...]) -> None:
        first = office.full(rows(markers), at(1))
        assert (first.exit_code, counted(first)) == (0, {"accepted": 100, "changed": 100})
        assert office.as_of() == hour(1)
        assert office.found(*markers[98:102]) == [(0,), (0,), (), ()]
        second = office.full([*rows(markers)[1:], reported(markers[100], "P-100")], at(2))
        assert counted(second) == {"accepted": 100, "changed": 1, "unchanged": 99, "withdrawn": 1}
        assert office.as_of() == hour(2)
        assert office.found(markers[0], markers[1], markers[100]) == [(), (0,), (0,)]

    def test_the_same_file_again_changes_nothing(self, office: PassportOffice, markers: tuple[str, ...]) -> None:
        extract = [*rows(markers), reported("QZX100000", "BL-1", number_to="QZX100099"), reported(markers[150], "")]
        office.full(extract, at(1))
        again = office.full(extract, at(1))
        assert (again.exit_code, counted(again)) == (0, {"accepted": 102, "unchanged": 102})

    def test_what_a_line_says_differently_is_a_change(self, office: PassportOffice, markers: tuple[str, ...]) -> None:
        office.full(rows(markers), at(1))
        altered = rows(markers)
        altered[0]["status"] = "stolen"
        altered[1]["document_number"] = markers[150]
        outcome = office.full(altered, at(2))
        assert counted(outcome) == {"accepted": 100, "changed": 2, "unchanged": 98}
        assert office.found(markers[0], markers[1], markers[150]) == [(0,), (), (0,)]

    def test_both_lists_are_imported_alike_and_apart(self, office: PassportOffice, markers: tuple[str, ...]) -> None:
        office.full([issued(number, f"P-{n}") for n, number in enumerate(markers)], at(1), list_name=ISSUED)
        assert (office.as_of(ISSUED), office.as_of(REPORTED)) == (hour(1), None)
        key = office.keys.key_of("NZL", "P", markers[0])
        assert office.found(markers[0], list_name=ISSUED) == [(office.keys.tag(key, "600412", "310102"),)]
        assert office.found(markers[0]) == [()]

    def test_a_number_may_have_been_issued_more_than_once(
        self, office: PassportOffice, markers: tuple[str, ...]
    ) -> None:
        twice = [issued(markers[0], "P-1"), issued(markers[0], "P-2", date_of_birth="1999-01-01")]
        office.full(twice, at(1), list_name=ISSUED)
        assert len(office.found(markers[0], list_name=ISSUED)[0]) == 2

    def test_json_lines_and_csv_say_the_same(self, office: PassportOffice, markers: tuple[str, ...]) -> None:
        office.full(rows(markers), at(1))
        lines = [json.dumps({"as_of": at(2)}), *(json.dumps(row) for row in rows(markers))]
        outcome = office.take("\r\n".join(lines).encode())
        assert counted(outcome) == {"accepted": 100, "unchanged": 100}
        assert office.as_of() == hour(2)

    def test_an_extract_as_systems_export_them(self, office: PassportOffice, markers: tuple[str, ...]) -> None:
        """BOM, CRLF, quotes, fillers, lower case, blank lines at the end."""
        head = '"Document_Number","ISSUING_STATE","document_class","status","reported_on","reference"'
        body = [f'"{number.lower()}<<","nzl","p<","LOST","2026-11-01","no, {n}"' for n, number in enumerate(markers)]
        text = "\ufeff#as_of=2026-11-22T01:00:00+00:00\r\n" + "\r\n".join([head, *body, "", ""])
        outcome = office.take(text.encode())
        assert counted(outcome) == {"accepted": 200, "changed": 200}
        assert office.found(*markers) == [(0,)] * 200
        assert office.as_of() == hour(1)

    def test_later_lines_with_a_reference_already_told_are_rejected(self, office: PassportOffice) -> None:
        many = [reported(f"QZX{n:06}", f"P-{n}") for n in range(2_000)]
        many[1_500]["reference"] = "P-3"
        outcome = office.full(many, at(1))
        assert (outcome.exit_code, counted(outcome)) == (3, {"accepted": 1_999, "changed": 1_999, "rejected": 1})
        (line,) = outcome.document["rejected_lines"]
        assert (line["line"], line["field"], line["code"]) == (1_502, "reference", "REFERENCE_TWICE")
        assert office.found("QZX000003", "QZX001500") == [(0,), ()]

    def test_the_lookups_of_a_file_of_many_blocks_find_all_of_it(
        self, office: PassportOffice, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        """Read by several processes, whose lines are told apart by their place in the file."""
        monkeypatch.setattr("node.extracts.framing._CHUNK", 20_000)
        many = [reported(f"QZX{n:06}", f"P-{n % 2_999}") for n in range(3_000)]
        many[2_000]["reference"] = ""
        outcome = office.full(many, at(1))
        assert counted(outcome) == {"accepted": 2_999, "changed": 2_999, "rejected": 1}
        assert outcome.document["rejected_lines"][0]["line"] == 3_001
        assert [one["line"] for one in outcome.document["references"]] == [2_002]
        assert office.found(*(f"QZX{n:06}" for n in range(3_000))) == [(0,)] * 2_999 + [()]

    def test_a_reading_process_that_fails_says_why(
        self, office: PassportOffice, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        monkeypatch.setattr("node.extracts.framing._CHUNK", 200)
        nowhere = Path("/proc/nowhere/lines.db")
        monkeypatch.setattr("node.extracts.reading._staging_files", lambda _directory, _readers: (nowhere, nowhere))
        assert refusal(office.full([reported(f"QZX{n:06}", f"P-{n}") for n in range(50)], at(1))) == "STORE_DAMAGED"

    def test_ranges_of_one_file_name_a_bounded_count_of_numbers(
        self, office: PassportOffice, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        monkeypatch.setattr("node.extracts.staging.RANGE_NUMBERS_MAX", 299)
        lines = [reported(f"QZX{n}00000", f"BL-{n}", number_to=f"QZX{n}00099") for n in range(3)]
        assert not office.full(lines[:2], at(1)).refused
        assert refusal(office.full(lines, at(1))) == "TOO_MANY_NUMBERS"

    def test_the_bound_is_the_file_s_and_not_each_reading_process_s(
        self, office: PassportOffice, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        monkeypatch.setattr("node.extracts.framing._CHUNK", 200)
        # In this process alone; those that read know the real bound.
        monkeypatch.setattr("node.extracts.staging.RANGE_NUMBERS_MAX", 1_999)
        lines = [reported(f"QZX{n:02}0000", f"BL-{n}", number_to=f"QZX{n:02}0099") for n in range(20)]
        assert refusal(office.full(lines, at(1))) == "TOO_MANY_NUMBERS"
        assert not office.full(lines[1:], at(1)).refused

    def test_of_a_file_that_repeats_itself_no_more_is_told_than_refuses_it(self, office: PassportOffice) -> None:
        outcome = office.full([reported(f"QZX{n:06}", "P-1") for n in range(3_000)], at(1))
        assert refusal(outcome) == "REJECTED"
        assert [one["line"] for one in outcome.document["rejected_lines"]] == [3, 4, 5, 6]


def test_the_path_of_the_store_may_hold_any_character(tmp_path: Path, markers: tuple[str, ...]) -> None:
    office = PassportOffice(tmp_path / "a b?c#d%41é" / "store")
    assert office.full(rows(markers), at(1)).exit_code == 0
    assert office.delta([{"action": "withdraw", "reference": "P-1"}]).exit_code == 0
    assert office.found(markers[0], markers[1]) == [(0,), ()]
    office.close()


class TestAsOf:
    def test_an_extract_that_does_not_say_when_it_was_cut_is_refused(
        self, office: PassportOffice, markers: tuple[str, ...]
    ) -> None:
        outcome = office.take(as_csv(rows(markers)))
        assert refusal(outcome) == "AS_OF_MISSING"
        assert "--as-of" in outcome.document["refused"]["message"]

    @pytest.mark.parametrize("as_of", ["yesterday", "2026-11-22", "2026-11-22T02:00:00", "2026-13-22T02:00:00Z"])
    def test_a_time_without_its_zone_is_refused(
        self, office: PassportOffice, markers: tuple[str, ...], as_of: str
    ) -> None:
        assert refusal(office.full(rows(markers), as_of)) == "TIME_FORM"

    def test_a_flag_that_contradicts_the_file_is_refused(
        self, office: PassportOffice, markers: tuple[str, ...]
    ) -> None:
        extract = b"#as_of=2026-11-22T01:00:00Z\n" + as_csv(rows(markers))
        assert refusal(office.take(extract, as_of=at(2))) == "AS_OF_CONFLICT"
        assert not office.take(extract, as_of="2026-11-22T02:00:00+01:00").refused

    def test_up_to_a_minute_ahead_is_now_and_more_is_refused(
        self, office: PassportOffice, markers: tuple[str, ...]
    ) -> None:
        late = (office.now + timedelta(seconds=61)).isoformat()
        assert refusal(office.full(rows(markers), late)) == "AS_OF_FUTURE"
        assert not office.full(rows(markers), (office.now + timedelta(seconds=60)).isoformat()).refused
        assert office.as_of() == office.now

    @pytest.mark.parametrize("as_of", ["1969-12-31T23:59:59Z", "1970-01-01T00:00:00Z", "1999-12-31T23:59:59Z"])
    def test_a_time_from_a_clock_that_was_never_set_is_refused(
        self, office: PassportOffice, markers: tuple[str, ...], as_of: str
    ) -> None:
        """Answers could not carry it, and 0 would read as no time at all."""
        assert refusal(office.full(rows(markers), as_of)) == "AS_OF_TOO_OLD"
        in_file = f"#as_of={as_of}\n".encode() + as_csv([{"action": "add", **reported(markers[0], "P-0")}])
        assert refusal(office.take(in_file, full=False)) == "AS_OF_TOO_OLD"
        assert not office.full(rows(markers), "2000-01-01T00:00:00Z").refused

    def test_an_older_extract_than_the_list_has_is_refused(
        self, office: PassportOffice, markers: tuple[str, ...]
    ) -> None:
        office.full(rows(markers), at(2))
        outcome = office.full(rows(markers, 99), at(1), allow_drop=9)
        assert refusal(outcome) == "AS_OF_OLDER"
        assert outcome.document["data_as_of"] == "2026-11-22T02:00:00Z"
        assert office.found(markers[99]) == [(0,)]

    def test_a_list_is_as_old_as_its_oldest_source(self, tmp_path: Path, markers: tuple[str, ...]) -> None:
        office = PassportOffice(tmp_path / "store", {REPORTED: ("main", "police"), ISSUED: ("main",)})
        assert office.full(rows(markers), at(2)).document["data_as_of"] is None
        outcome = office.full([reported(markers[150], "P-1")], at(1), source="police")
        assert outcome.document["data_as_of"] == "2026-11-22T01:00:00Z"
        assert office.found(markers[0], markers[150]) == [(0,), (0,)]
        assert refusal(office.full([], at(2), source="customs")) == "SOURCE_UNKNOWN"
        office.close()

    def test_a_source_that_takes_the_list_back_behind_what_peers_have_seen_warns(
        self, tmp_path: Path, markers: tuple[str, ...]
    ) -> None:
        office = PassportOffice(tmp_path / "store")
        assert office.full(rows(markers), at(2)).document["warnings"] == []
        office.close()
        office = PassportOffice(tmp_path / "store", {REPORTED: ("main", "police"), ISSUED: ("main",)})
        police = [reported(markers[150], "P-1")]
        tried = office.full(police, at(1), source="police", dry_run=True)
        outcome = office.full(police, at(1), source="police")
        assert [one["code"] for one in outcome.document["warnings"]] == ["AS_OF_GOES_BACK"]
        assert tried.document["warnings"] == outcome.document["warnings"]
        assert "DATA_REGRESSION" in outcome.document["warnings"][0]["message"]
        assert office.as_of() == hour(1)
        assert office.full(police, at(2.5), source="police").document["warnings"] == []
        office.close()


class TestBrakes:
    @pytest.fixture(autouse=True)
    def _full(self, office: PassportOffice, markers: tuple[str, ...]) -> None:
        office.full(rows(markers), at(1))

    def test_a_truncated_extract_is_refused_by_what_it_drops(
        self, office: PassportOffice, markers: tuple[str, ...]
    ) -> None:
        assert counted(office.full(rows(markers, 98), at(2)))["withdrawn"] == 2
        outcome = office.full(rows(markers, 90), at(2))
        assert refusal(outcome) == "DROP"
        assert "--allow-drop 8" in outcome.document["refused"]["message"]
        assert office.found(markers[97]) == [(0,)]
        assert refusal(office.full(rows(markers, 90), at(2), allow_drop=7)) == "DROP"
        assert counted(office.full(rows(markers, 90), at(2), allow_drop=8))["withdrawn"] == 8

    def test_dropping_one_large_range_is_dropping_much(self, office: PassportOffice, markers: tuple[str, ...]) -> None:
        office.full([*rows(markers), reported("QZX700000", "BL-1", number_to="QZX709999")], at(2))
        assert refusal(office.full(rows(markers), at(3))) == "DROP"

    def test_other_documents_under_the_same_references_are_dropped_ones(self, office: PassportOffice) -> None:
        """An export that lost its leading zeros withdraws nobody, and takes everybody off the list."""
        numbers = [f"00{n:05}" for n in range(70_000, 70_100)]
        office.full([reported(number, f"P-{n}") for n, number in enumerate(numbers)], at(2), allow_drop=100)
        stripped = [reported(number.lstrip("0"), f"P-{n}") for n, number in enumerate(numbers)]
        outcome = office.full(stripped, at(3))
        assert refusal(outcome) == "DROP"
        assert "--allow-drop 100" in outcome.document["refused"]["message"]
        assert office.on_list(numbers[0])
        forced = office.full(stripped, at(3), allow_drop=100)
        assert counted(forced) == {"accepted": 100, "changed": 100}

    def test_a_range_cut_short_drops_all_that_it_named(self, office: PassportOffice, markers: tuple[str, ...]) -> None:
        blank = reported("QZX700000", "BL-1", number_to="QZX709999")
        office.full([*rows(markers), blank], at(2))
        outcome = office.full([*rows(markers), blank | {"number_to": "QZX700001"}], at(3))
        assert refusal(outcome) == "DROP"
        assert "10,000 of 10,100 numbers" in outcome.document["refused"]["message"]
        told = office.put("change", blank | {"number_to": "QZX709998"})
        assert told.document["changed"] == 1
        office.now += timedelta(hours=2)
        assert refusal(office.full([*rows(markers), blank | {"number_to": "QZX700001"}], at(4))) == "DROP"
        assert office.on_list("QZX709998")

    def test_a_file_that_has_not_the_lines_expected_is_refused(
        self, office: PassportOffice, markers: tuple[str, ...]
    ) -> None:
        assert refusal(office.full(rows(markers), at(2), expect=101)) == "EXPECT"
        assert not office.full(rows(markers), at(2), expect=100).refused

    def test_an_empty_full_extract_needs_to_be_expected(self, office: PassportOffice) -> None:
        extract = as_csv([], columns=reported("x", "y"))
        assert refusal(office.take(extract, as_of=at(2))) == "NO_LINES"
        assert refusal(office.take(extract, as_of=at(2), expect=0)) == "DROP"
        assert not office.take(extract, as_of=at(2), expect=0, allow_drop=100).refused
        assert refusal(office.take(b"", as_of=at(2))) == "EMPTY_FILE"

    def test_more_than_one_line_in_a_thousand_rejected_refuses_the_file(
        self, office: PassportOffice, markers: tuple[str, ...]
    ) -> None:
        bad = [*rows(markers), reported("????????", "P-200")]
        outcome = office.full(bad, at(2))
        assert refusal(outcome) == "REJECTED"
        assert outcome.document["rejected"] == 1
        assert outcome.document["rejected_lines"][0]["line"] == 102
        assert office.as_of() == hour(1)

    def test_a_dry_run_reports_and_changes_nothing(self, office: PassportOffice, markers: tuple[str, ...]) -> None:
        outcome = office.full(rows(markers, 99), at(2), dry_run=True)
        assert counted(outcome) == {"accepted": 99, "unchanged": 99, "withdrawn": 1}
        assert outcome.document["dry_run"]
        assert office.as_of() == hour(1)
        assert office.on_list(markers[99])
        delta = office.delta([{"action": "withdraw", "reference": "P-1"}], dry_run=True)
        assert counted(delta) == {"accepted": 1, "withdrawn": 1}
        assert office.on_list(markers[1])
        assert list((office.root / "incoming").iterdir()) == []

    def test_a_second_importer_is_turned_away(self, office: PassportOffice) -> None:
        with (
            one_importer(office.root),
            pytest.raises(ImportRefused, match="Another import is running"),
            one_importer(office.root),
        ):
            pass

    def test_where_no_store_was_ever_made_a_sentence_says_so(self, tmp_path: Path) -> None:
        with pytest.raises(StoreDamaged, match="There is no store"), one_importer(tmp_path / "nowhere"):
            pass

    def test_the_wrong_pepper_is_refused_before_anything_is_read(
        self, office: PassportOffice, markers: tuple[str, ...]
    ) -> None:
        office.register = type(office.register)(
            office.root, StoreKeys(b"x" * 32), office.sources, office.register.routes, "NZL"
        )
        with pytest.raises(WrongPepper):
            office.full(rows(markers), at(2))


class TestFewRejectedLines:
    """One line in a thousand or fewer: the rest is taken, and a reported list does not become newer."""

    @pytest.fixture
    def many(self) -> list[dict[str, str]]:
        return [reported(f"QZX{n:06}", f"P-{n}") for n in range(2_000)]

    def spoilt(self, many: list[dict[str, str]]) -> list[dict[str, str]]:
        return [*many[:-1], many[-1] | {"status": "?"}]

    def test_the_as_of_of_a_reported_list_is_held_until_they_are_corrected(
        self, office: PassportOffice, many: list[dict[str, str]]
    ) -> None:
        office.full(many[:-1], at(1))
        outcome = office.full(self.spoilt(many), at(2))
        assert (outcome.exit_code, outcome.document["rejected"], outcome.document["accepted"]) == (3, 1, 1_999)
        assert (outcome.document["data_as_of"], outcome.document["held_as_of"]) == (
            "2026-11-22T01:00:00Z",
            "2026-11-22T02:00:00Z",
        )
        state = office.writer.state(REPORTED).sources["main"]
        assert (state.held_rejected, state.held_since_ms) == (1, round(office.now.timestamp() * 1000))
        assert office.as_of() == hour(1)
        office.now += timedelta(hours=1)
        assert office.full(many, at(2)).exit_code == 0
        assert office.as_of() == hour(2)
        assert office.writer.state(REPORTED).sources["main"].held_as_of_ms is None

    def test_or_until_they_are_accepted(self, office: PassportOffice, many: list[dict[str, str]]) -> None:
        office.full(self.spoilt(many), at(2))
        assert office.as_of() is None
        outcome = office.full(self.spoilt(many), at(2), accept_rejected=True)
        assert (outcome.exit_code, outcome.document["held_as_of"]) == (3, None)
        assert office.as_of() == hour(2)

    def test_the_alarm_counts_from_the_first_import_that_was_held(
        self, office: PassportOffice, many: list[dict[str, str]]
    ) -> None:
        office.full(self.spoilt(many), at(1))
        since = office.writer.state(REPORTED).sources["main"].held_since_ms
        office.now += timedelta(hours=1)
        office.full(self.spoilt(many), at(2))
        assert office.writer.state(REPORTED).sources["main"].held_since_ms == since

    def test_nothing_older_than_what_is_held_is_taken(self, office: PassportOffice, many: list[dict[str, str]]) -> None:
        office.full(many[:-1], at(1))
        office.full(self.spoilt(many), at(2))
        assert refusal(office.full(many, at(1.5))) == "AS_OF_OLDER"

    def test_a_refusal_says_that_references_were_not_compared_yet(self, office: PassportOffice) -> None:
        twice = [reported("QZX000001", "P-1"), reported("QZX000002", "P-1")]
        outcome = office.full([*twice, reported("QZX000003", "P-3", status="?")], at(1))
        assert [one["code"] for one in outcome.document["rejected_lines"]] == ["STATUS"]
        assert "References that stand twice are looked for" in outcome.document["refused"]["message"]
        outcome = office.full(twice, at(1))
        assert [one["code"] for one in outcome.document["rejected_lines"]] == ["REFERENCE_TWICE"]
        assert "twice" not in outcome.document["refused"]["message"]

    def test_the_next_delta_waits_and_says_why(self, office: PassportOffice, many: list[dict[str, str]]) -> None:
        office.full(many[:-1], at(1))
        office.full(self.spoilt(many), at(2))
        outcome = office.delta([{"action": "withdraw", "reference": "P-1"}], since=at(2), as_of=at(2.5))
        assert refusal(outcome) == "SINCE_MISMATCH"
        assert "correct them first" in outcome.document["refused"]["message"]

    def test_the_issued_list_moves_all_the_same(self, office: PassportOffice) -> None:
        many = [issued(f"QZX{n:06}", f"P-{n}") for n in range(1_000)]
        outcome = office.full([*many[:-1], many[-1] | {"date_of_birth": "?"}], at(2), list_name=ISSUED)
        assert outcome.exit_code == 3
        assert office.as_of(ISSUED) == hour(2)

    def test_a_report_shows_a_thousand_rejected_lines_and_counts_the_rest(self, office: PassportOffice) -> None:
        outcome = office.full([reported("?", f"P-{n}") for n in range(1_500)], at(1))
        assert (len(outcome.document["rejected_lines"]), outcome.document["rejected_lines_left_out"]) == (1_000, 500)
        assert [one["line"] for one in outcome.document["rejected_lines"]] == list(range(2, 1_002))


class TestDoubts:
    """Dates that break no rule and cannot be meant: the line is taken, and named."""

    def warned(self, outcome: Outcome) -> list[tuple[str, str]]:
        assert (outcome.refused, outcome.document["rejected"]) == (False, 0)
        return [(one["code"], one["message"].partition("(lines: ")[2]) for one in outcome.document["warnings"]]

    def test_a_report_of_a_day_that_has_not_come_anywhere(self, office: PassportOffice) -> None:
        # Behind plain lines, so that each way of reading has its part.
        days = [*[""] * 2_000, "2026-11-22", "2026-02-11", "2026-11-23", "2027-01-01"]
        extract = [reported(f"QZX{n:06}", f"P-{n}", reported_on=day) for n, day in enumerate(days)]
        assert self.warned(office.full(extract, at(1))) == [("REPORTED_ON_FUTURE", "2004, 2005).")]
        office.now = hour(10)  # from here on it is the 23rd in Kiribati
        assert self.warned(office.full(extract, at(2))) == [("REPORTED_ON_FUTURE", "2005).")]

    def test_a_birth_after_the_expiry_or_in_the_future(self, office: PassportOffice) -> None:
        extract = [
            issued("QZX000001", "P-1", date_of_expiry=""),
            issued("QZX000002", "P-2", date_of_birth="0000-00-00"),
            issued("QZX000003", "P-3", date_of_birth="2026-00-00"),
            issued("QZX000004", "P-4", date_of_birth="2031-01-02", date_of_expiry=""),
            issued("QZX000005", "P-5", date_of_birth="2020-01-02", date_of_expiry="2019-01-01"),
        ]
        outcome = office.full(extract, at(1), list_name=ISSUED)
        assert self.warned(outcome) == [("BIRTH_AFTER_EXPIRY", "6)."), ("BIRTH_FUTURE", "5).")]
        assert outcome.exit_code == 0
        assert office.on_list("QZX000004", ISSUED)

    def test_many_are_counted_and_the_first_ten_named(self, office: PassportOffice) -> None:
        extract = [reported(f"QZX{n:06}", f"P-{n}", reported_on="2027-01-01") for n in range(1_500)]
        assert self.warned(office.full(extract, at(1))) == [
            ("REPORTED_ON_FUTURE", "2, 3, 4, 5, 6, 7, 8, 9, 10, 11 and 1,490 more).")
        ]

    def test_a_delta_and_a_record_told_by_hand_are_doubted_as_well(self, office: PassportOffice) -> None:
        row = reported("QZX000001", "P-1", reported_on="2027-01-01")
        assert self.warned(office.delta([{"action": "add", **row}])) == [("REPORTED_ON_FUTURE", "")]
        assert self.warned(office.put("add", row)) == [("REPORTED_ON_FUTURE", "")]


class TestDelta:
    @pytest.fixture(autouse=True)
    def _full(self, office: PassportOffice, markers: tuple[str, ...]) -> None:
        office.full(rows(markers), at(1))

    @pytest.fixture(params=["beside", "folded"])
    def size(self, request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> str:
        """Kept beside the list, or so large that it becomes part of the next generation: no difference is to be seen."""
        if request.param == "folded":
            monkeypatch.setattr(importing, "FOLD_FROM", -1)
        return str(request.param)

    @pytest.mark.usefixtures("size")
    def test_it_adds_changes_and_withdraws_by_reference(self, office: PassportOffice, markers: tuple[str, ...]) -> None:
        delta: list[dict[str, str]] = [
            {"action": "add", **reported(markers[150], "P-150")},
            {"action": "change", **reported(markers[151], "P-1", status="stolen")},
            {"action": "withdraw", "reference": "P-2", "reason": "recovered"},
            {"action": "add", **reported("QZX500000", "BL-1", number_to="QZX500009")},
        ]
        outcome = office.delta(delta, since=at(1), as_of=at(2))
        assert counted(outcome) == {"accepted": 4, "changed": 3, "withdrawn": 1}
        assert office.as_of() == hour(2)
        assert office.found(markers[150], markers[151], markers[1], markers[2]) == [(0,), (0,), (), ()]
        assert office.found("QZX500000", "QZX500009", "QZX500010") == [(0,), (0,), ()]
        office.delta([{"action": "withdraw", "reference": "BL-1"}], since=at(2), as_of=at(2))
        assert office.found("QZX500000", "QZX500009") == [(), ()]

    @pytest.mark.usefixtures("size")
    def test_without_since_its_records_take_effect_and_the_as_of_stays(
        self, office: PassportOffice, markers: tuple[str, ...]
    ) -> None:
        delta = [{"action": "add", **reported(markers[150], "P-150")}, {"action": "withdraw", "reference": "P-2"}]
        assert counted(office.delta(delta)) == {"accepted": 2, "changed": 1, "withdrawn": 1}
        assert office.as_of() == hour(1)
        assert office.found(markers[150], markers[2]) == [(0,), ()]
        assert counted(office.delta(delta)) == {"accepted": 2, "unchanged": 2}

    def test_a_lost_delta_is_noticed_and_both_times_are_named(
        self, office: PassportOffice, markers: tuple[str, ...]
    ) -> None:
        outcome = office.delta([{"action": "withdraw", "reference": "P-2"}], since=at(1.5), as_of=at(2))
        assert refusal(outcome) == "SINCE_MISMATCH"
        assert "01:30:00Z" in outcome.document["refused"]["message"]
        assert "01:00:00Z" in outcome.document["refused"]["message"]
        assert office.on_list(markers[2])

    @pytest.mark.usefixtures("size")
    def test_one_whose_answer_got_lost_is_taken_again_and_changes_nothing(
        self, office: PassportOffice, markers: tuple[str, ...]
    ) -> None:
        delta: list[dict[str, str]] = [
            {"action": "add", **reported(markers[150], "P-150")},
            {"action": "change", **reported(markers[1], "P-1", status="stolen")},
            {"action": "withdraw", "reference": "P-2"},
        ]
        office.delta(delta, since=at(1), as_of=at(2))
        again = office.delta(delta, since=at(1), as_of=at(2))
        assert (again.exit_code, counted(again)) == (0, {"accepted": 3, "unchanged": 3})
        assert office.as_of() == hour(2)

    @pytest.mark.usefixtures("size")
    def test_another_one_of_the_same_times_is_not_that_one(
        self, office: PassportOffice, markers: tuple[str, ...]
    ) -> None:
        office.delta([{"action": "withdraw", "reference": "P-2"}], since=at(1), as_of=at(2))
        for other in ({"action": "withdraw", "reference": "P-3"}, {"action": "add", **reported(markers[150], "P-150")}):
            assert refusal(office.delta([other], since=at(1), as_of=at(2))) == "SINCE_MISMATCH"
        assert office.found(markers[3], markers[150]) == [(0,), ()]

    def test_an_old_one_is_not_taken_again_once_the_list_moved_on(self, office: PassportOffice) -> None:
        first, second = ([{"action": "withdraw", "reference": f"P-{n}"}] for n in (2, 3))
        office.delta(first, since=at(1), as_of=at(2))
        office.delta(second, since=at(2), as_of=at(2.5))
        assert refusal(office.delta(first, since=at(1), as_of=at(2))) == "SINCE_MISMATCH"

    def test_with_lines_that_would_hold_the_list_it_is_not_that_one_either(self, office: PassportOffice) -> None:
        office.delta([{"action": "withdraw", "reference": "P-2"}], since=at(1), as_of=at(2))
        lines = [{"action": "withdraw", "reference": "P-2"}] * 1_000 + [{"action": "withdraw", "reference": "?" * 65}]
        assert refusal(office.delta(lines, since=at(1), as_of=at(2))) == "SINCE_MISMATCH"
        assert office.writer.state(REPORTED).sources["main"].held_as_of_ms is None

    def test_a_delta_needs_a_full_import_to_build_on(self, office: PassportOffice) -> None:
        rows = [{"action": "add", **issued("QZX000001", "P-1")}]
        assert refusal(office.delta(rows, since=at(1), as_of=at(2), list_name=ISSUED)) == "NEVER_FULL"

    def test_a_delta_older_than_the_list_is_refused(self, office: PassportOffice) -> None:
        rows = [{"action": "withdraw", "reference": "P-2"}]
        assert refusal(office.delta(rows, since=at(1), as_of=at(0.5))) == "AS_OF_OLDER"

    @pytest.mark.usefixtures("size")
    @pytest.mark.parametrize(
        ("line", "code"),
        [
            ({"action": "withdraw", "reference": "P-999"}, "REFERENCE_UNKNOWN"),
            ({"action": "change", **reported("QZX000001", "P-999")}, "REFERENCE_UNKNOWN"),
            ({"action": "add", **reported("QZX000001", "P-1")}, "REFERENCE_TAKEN"),
            ({"action": "withdraw", **reported("QZX999999", "P-1")}, "REFERENCE_MISMATCH"),
        ],
    )
    def test_a_line_that_does_not_fit_its_record_is_rejected(
        self, office: PassportOffice, line: dict[str, str], code: str
    ) -> None:
        """Or a mistyped reference would take a stolen passport off the list."""
        outcome = office.delta([line])
        assert refusal(outcome) == "REJECTED"
        assert outcome.document["rejected_lines"][0]["code"] == code

    def test_the_drop_brake_is_not_for_deltas(self, office: PassportOffice) -> None:
        assert not office.delta([{"action": "withdraw", "reference": f"P-{n}"} for n in range(50)]).refused

    @pytest.mark.usefixtures("size")
    def test_a_staged_import_is_taken_once(self, office: PassportOffice) -> None:
        """The command may ask again when the answer got lost."""
        extract = as_csv([{"action": "withdraw", "reference": "P-2"}])
        request = ImportRequest(REPORTED, full=False, since=at(1), as_of=at(2))
        with one_importer(office.root):
            staged = importing.stage(office.register, request, io.BytesIO(extract), office.now, lambda _octets: None)
            assert staged.name is not None
            first = importing.adopt(office.register, office.writer, staged.name, office.now)
            assert importing.adopt(office.register, office.writer, staged.name, office.now) == first
        assert office.reader.view().epoch == first.epoch

    @pytest.mark.parametrize("full", [True, False])
    def test_the_next_importer_leaves_alone_what_is_being_taken(
        self, office: PassportOffice, markers: tuple[str, ...], full: bool, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        """An importer that was killed lets go of its lock while the node still takes what it had staged."""
        extract = as_csv(rows(markers, 99) if full else [{"action": "withdraw", "reference": "P-99"}])
        request = ImportRequest(REPORTED, full=full, since=None if full else at(1), as_of=at(2))
        with one_importer(office.root):
            staged = importing.stage(office.register, request, io.BytesIO(extract), office.now, lambda _octets: None)
        assert staged.name is not None
        read = Plan.read
        turned = []

        def another_comes(directory: Path) -> Plan:
            plan = read(directory)
            with one_importer(office.root):
                turned.append(directory.exists())
            return plan

        monkeypatch.setattr(Plan, "read", another_comes)
        assert importing.adopt(office.register, office.writer, staged.name, office.now).exit_code == 0
        assert turned == [True]
        office.reopen()
        assert office.found(markers[98], markers[99]) == [(0,), ()]

    @pytest.mark.parametrize("name", ["reported-nothing", "../main", "", "/etc", "reported-", "reported-a/../b"])
    def test_only_what_is_staged_can_be_taken(self, office: PassportOffice, name: str) -> None:
        outcome = importing.adopt(office.register, office.writer, name, office.now)
        assert refusal(outcome) == "STAGED_UNKNOWN"


class TestHandBeforeExtract:
    """An extract cut at two neither erases a theft told at three nor brings back what was withdrawn then."""

    @pytest.fixture(autouse=True)
    def _told_at_three(self, office: PassportOffice, markers: tuple[str, ...]) -> None:
        office.full(rows(markers), at(1))
        assert office.now == hour(3)
        assert office.put("add", reported(markers[150], "DESK-1")).exit_code == 0
        assert office.put("withdraw", {"reference": "P-2", "reason": "recovered"}).exit_code == 0
        office.now = hour(5)

    @pytest.mark.parametrize("folded", [False, True])
    def test_what_was_told_later_stands_over_an_extract_cut_earlier(
        self, office: PassportOffice, markers: tuple[str, ...], folded: bool, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        if folded:
            monkeypatch.setattr(importing, "FOLD_FROM", -1)
            office.delta([{"action": "add", **reported(markers[160], "P-160")}], since=at(1), as_of=at(1.5))
        outcome = office.full(rows(markers), at(2))
        assert (outcome.document["kept"], outcome.document["unchanged"]) == (1, 100)
        assert office.as_of() == hour(2)
        assert office.found(markers[150], markers[2]) == [(0,), ()]
        office.full(rows(markers), at(2.5))
        assert office.found(markers[150], markers[2]) == [(0,), ()]

    def test_and_an_extract_cut_later_knows_better(self, office: PassportOffice, markers: tuple[str, ...]) -> None:
        office.full(rows(markers), at(2))
        office.full(rows(markers), at(4))
        assert office.found(markers[150], markers[2]) == [(), (0,)]

    @pytest.mark.parametrize("folded", [False, True])
    @pytest.mark.parametrize("since", [at(1), None])
    def test_a_delta_cut_earlier_does_not_undo_it_either(
        self,
        office: PassportOffice,
        markers: tuple[str, ...],
        since: str | None,
        folded: bool,
        monkeypatch: pytest.MonkeyPatch,
    ) -> None:
        if folded:
            monkeypatch.setattr(importing, "FOLD_FROM", -1)
        line = {"action": "change", **reported(markers[2], "P-2", status="stolen")}
        outcome = office.delta([line], since=since, as_of=at(2))
        assert (outcome.document["kept"], counted(outcome)) == (1, {"accepted": 1, "unchanged": 1})
        assert not office.on_list(markers[2])

    def test_a_delta_that_does_not_say_when_it_was_cut_knows_better(
        self, office: PassportOffice, markers: tuple[str, ...]
    ) -> None:
        assert counted(office.delta([{"action": "add", **reported(markers[2], "P-2")}])) == {
            "accepted": 1,
            "changed": 1,
        }
        assert office.on_list(markers[2])

    def test_told_again_at_three_it_was_so_at_three(self, office: PassportOffice, markers: tuple[str, ...]) -> None:
        """What an extract had told before is noted once more, so that one cut in between does not drop it."""
        office.now = hour(3)
        assert office.put("add", rows(markers)[5]).document["unchanged"] == 1
        office.full([row for row in rows(markers) if row["reference"] != "P-5"], at(2))
        assert office.on_list(markers[5])


def test_no_report_names_a_document(office: PassportOffice, markers: tuple[str, ...]) -> None:
    spoilt: list[dict[str, Any]] = [
        reported(markers[0], "P-1", status="?"),
        reported(markers[1], markers[1]),
        reported(markers[2], "P-3", issuing_state=markers[2]),
        reported(markers[3], "P-3", document_class=markers[3]),
        reported(f"{markers[4]}\u0410", "P-4"),
        reported(markers[5], "P-5", reported_on=markers[5]),
        reported(markers[6], "P-6", number_to=f"{markers[6]}0"),
        reported("", "P-7", status=markers[7]),
    ]
    outcome = office.full(spoilt, at(1))
    assert outcome.document["rejected"] == len(spoilt)
    for marker in markers[:8]:
        assert marker not in outcome.json
    headless = "\n".join(f"{number},NZL,P,lost" for number in markers).encode()
    assert markers[0] not in office.take(headless, as_of=at(1)).json
