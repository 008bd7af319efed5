"""Single records: one theft reported at 03:00, and its withdrawal when the passport is found."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from federation.documents import ListName
from node import records
from node.records import RecordChange
from node.store.ports import StoredRecord, Withdrawn
from node.store.sqlite_inspect import SqliteInspector
from tests.node.passport_office import PassportOffice, at, hour, issued, reported

REPORTED, ISSUED = ListName.REPORTED, ListName.ISSUED


@pytest.fixture
def office(tmp_path: Path) -> Iterator[PassportOffice]:
    office = PassportOffice(tmp_path / "store")
    yield office
    office.close()


def test_a_record_is_served_from_the_epoch_of_its_outcome_on(office: PassportOffice, markers: tuple[str, ...]) -> None:
    outcome = office.put("add", reported(markers[0], "DESK-1", status="stolen", reported_on="2026-11-22"))
    assert (outcome.exit_code, outcome.document["changed"]) == (0, 1)
    assert office.reader.view().epoch == outcome.epoch
    assert office.on_list(markers[0])
    record = office.writer.record(REPORTED, "main", "DESK-1")
    assert isinstance(record, StoredRecord)
    assert (record.status, record.reported_on, record.noted_ms) == ("stolen", "2026-11-22", 1795316400000)


def test_a_list_never_imported_in_full_has_no_data_for_all_its_records(
    office: PassportOffice, markers: tuple[str, ...]
) -> None:
    outcome = office.put("add", reported(markers[0], "DESK-1"))
    assert outcome.document["data_as_of"] is None
    assert office.as_of() is None


def test_the_same_call_again_changes_nothing(office: PassportOffice, markers: tuple[str, ...]) -> None:
    row = reported(markers[0], "DESK-1")
    office.put("add", row)
    assert office.put("add", row).document["unchanged"] == 1
    office.put("withdraw", {"reference": "DESK-1"})
    assert office.put("withdraw", {"reference": "DESK-1"}).document["unchanged"] == 1
    assert not office.on_list(markers[0])


def test_a_change_does_not_move_the_as_of(office: PassportOffice, markers: tuple[str, ...]) -> None:
    office.full([reported(markers[0], "P-1")], at(1))
    assert office.put("add", reported(markers[1], "DESK-1")).document["data_as_of"] == "2026-11-22T01:00:00Z"
    assert office.as_of() == hour(1)


def test_a_record_without_a_reference_is_told_the_one_it_got(office: PassportOffice, markers: tuple[str, ...]) -> None:
    outcome = office.put("add", reported(markers[0], ""))
    (told,) = outcome.document["references"]
    assert told["line"] == 1
    assert markers[0] not in outcome.json
    assert office.put("withdraw", {"reference": told["reference"]}).document["withdrawn"] == 1
    assert not office.on_list(markers[0])


@pytest.mark.parametrize(
    ("change", "code", "field"),
    [
        (RecordChange("wanted", "add", "main", {}), "LIST", "list"),
        (RecordChange("reported", "add", "customs", {}), "SOURCE_UNKNOWN", "source"),
        (RecordChange("reported", "", "main", {}), "ACTION", "action"),
        (RecordChange("reported", "add", "main", {"surname": "x"}), "UNKNOWN_FIELD", "surname"),
        (RecordChange("issued", "add", "main", {"status": "lost"}), "UNKNOWN_FIELD", "status"),
        (RecordChange("reported", "add", "main", reported("QZX012345", "P-1", issuing_state="AUS")), "NOT_OURS",
         "issuing_state"),
        (RecordChange("reported", "withdraw", "main", {"reference": "P-9"}), "REFERENCE_UNKNOWN", "reference"),
    ],
)  # fmt: skip
def test_a_change_that_breaks_a_rule_refuses_the_call(
    office: PassportOffice, change: RecordChange, code: str, field: str
) -> None:
    good = RecordChange("reported", "add", "main", reported("QZX000001", "P-1"))
    outcome = records.put(office.register, office.writer, [good, change], office.now)
    assert outcome.refused
    assert (outcome.exit_code, outcome.epoch) == (2, None)
    (line,) = outcome.document["rejected_lines"]
    assert (line["line"], line["code"], line["field"]) == (2, code, field)
    assert not office.on_list("QZX000001")
    assert "QZX012345" not in repr(change)


def test_one_call_may_change_both_lists(office: PassportOffice, markers: tuple[str, ...]) -> None:
    changes = [
        RecordChange("reported", "add", "main", reported(markers[0], "P-1")),
        RecordChange("issued", "add", "main", issued(markers[1], "P-1")),
    ]
    outcome = records.put(office.register, office.writer, changes, office.now)
    assert outcome.document["changed"] == 2
    assert office.on_list(markers[0])
    assert office.on_list(markers[1], ISSUED)
    assert office.reader.view().epoch == outcome.epoch


def test_more_than_a_call_takes_is_refused_and_names_the_import(
    office: PassportOffice, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("node.records.OVERLAY_MAX", 500)
    monkeypatch.setattr("node.store.sqlite_writer.OVERLAY_MAX", 500)
    monkeypatch.setattr("node.importing.FOLD_FROM", 100)
    wide = reported("Q1000X", "BL-1", number_to="Q1500X")
    outcome = office.put("add", wide)
    assert outcome.document["refused"]["code"] == "TOO_MANY_CHANGES"
    assert "rmas import --delta" in outcome.document["refused"]["message"]
    many = [RecordChange("reported", "withdraw", "main", {"reference": "x"})] * (records.CHANGES_MAX + 1)
    outcome = records.put(office.register, office.writer, many, office.now)
    assert outcome.document["refused"]["code"] == "TOO_MANY_CHANGES"
    assert office.delta([{"action": "add", **wide}]).document["changed"] == 1
    assert office.found("Q1000X", "Q1500X", "Q1501X") == [(0,), (0,), ()]
    refused = office.put("withdraw", {"reference": "BL-1"})
    assert refused.document["refused"]["code"] == "TOO_MANY_CHANGES"
    assert office.found("Q1000X") == [(0,)]
    assert not office.delta([{"action": "withdraw", "reference": "BL-1"}]).refused
    assert office.found("Q1000X") == [()]


def test_a_call_that_one_list_cannot_take_leaves_nothing_in_the_other(
    office: PassportOffice, markers: tuple[str, ...], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("node.store.sqlite_writer.OVERLAY_MAX", 5)
    changes = [
        RecordChange("issued", "add", "main", issued(markers[0], "P-1")),
        *(RecordChange("reported", "add", "main", reported(number, f"P-{number[-3:]}")) for number in markers[:6]),
    ]
    outcome = records.put(office.register, office.writer, changes, office.now)
    assert outcome.document["refused"]["code"] == "TOO_MANY_CHANGES"
    assert not office.on_list(markers[0], ISSUED)


class TestFinding:
    @pytest.fixture
    def inspector(self, office: PassportOffice, markers: tuple[str, ...]) -> Iterator[SqliteInspector]:
        office.full(
            [
                *(reported(number, f"P-{n}") for n, number in enumerate(markers[:50])),
                reported("QZX500000", "BL-1", number_to="QZX500099", status="stolen_blank"),
            ],
            at(1),
        )
        office.put("withdraw", {"reference": "P-1", "reason": "recovered"})
        office.put("add", reported(markers[0], "DESK-1", status="stolen"))
        office.put("change", reported(markers[2], "P-2", status="invalid"))
        inspector = SqliteInspector(office.root, office.keys)
        yield inspector
        inspector.close()

    def test_a_reference_finds_its_record_standing_or_withdrawn(self, inspector: SqliteInspector) -> None:
        (found,) = inspector.by_reference(REPORTED, "P-0")
        assert isinstance(found.state, StoredRecord)
        (found,) = inspector.by_reference(REPORTED, "P-1")
        assert isinstance(found.state, Withdrawn)
        assert found.state.reason == "recovered"
        assert inspector.by_reference(REPORTED, "P-999") == []
        assert inspector.by_reference(ISSUED, "P-0") == []

    def test_a_document_finds_every_standing_record_that_names_it(
        self, inspector: SqliteInspector, office: PassportOffice, markers: tuple[str, ...]
    ) -> None:
        def naming(number: str) -> list[str]:
            return sorted(one.reference for one in inspector.by_key(REPORTED, office.keys.key_of("NZL", "P", number)))

        assert naming(markers[0]) == ["DESK-1", "P-0"]
        assert naming(markers[1]) == []
        assert naming(markers[2]) == ["P-2"]
        assert naming("QZX500042") == ["BL-1"]

    def test_records_are_counted_by_status_as_they_stand(self, inspector: SqliteInspector) -> None:
        assert inspector.statistics(REPORTED) == {"invalid": 1, "lost": 48, "stolen": 1, "stolen_blank": 1}
        assert inspector.statistics(ISSUED) == {}
