from __future__ import annotations

from datetime import date

import pytest

from federation.economies import APEC_ECONOMIES
from federation.mrz import parse
from federation.verdict import Verdict
from node.lab_documents import issuing_state, room, synthetic
from node.lab_specimens import RANGE_LENGTH, REPORTED_STATUSES, seeds

TODAY = date(2026, 11, 22)


@pytest.mark.parametrize("economy", APEC_ECONOMIES)
def test_every_specimen_has_the_zone_of_what_it_says(economy: str) -> None:
    for one in seeds(economy, TODAY, vouches=True).specimens:
        mrz = parse(one.mrz)
        document = mrz.travel_document()
        assert document.document_number == one.document.document_number
        assert (document.issuing_state, document.document_class) == (
            one.document.issuing_state,
            one.document.document_class,
        )


def test_there_is_a_specimen_for_every_status_and_every_verdict_but_no_answer() -> None:
    specimens = seeds("NZL", TODAY, vouches=True).specimens
    assert {one.status for one in specimens} >= {*REPORTED_STATUSES, "issued", "expired", "unknown", "date_swapped"}
    assert {one.expected for one in specimens} == {
        Verdict.ALERT, Verdict.CLEAR, Verdict.MISMATCH, Verdict.NOT_RECOGNISED,
    }  # fmt: skip
    silent = seeds("PHL", TODAY, vouches=False)
    assert {one.expected for one in silent.specimens} == {Verdict.ALERT, Verdict.NOT_REPORTED}
    assert silent.issued == []


def test_a_published_specimen_has_the_documented_keys() -> None:
    (published,) = {tuple(one.published()) for one in seeds("NZL", TODAY, vouches=True).specimens}
    assert set(published) == {
        "economy", "issuing_state", "document_class", "document_number", "date_of_birth", "date_of_expiry", "mrz",
        "status", "expected",
    }  # fmt: skip


def test_no_reference_holds_its_document_number() -> None:
    sown = seeds("USA", TODAY, vouches=True)
    for row in (*sown.reported, *sown.issued):
        digits = "".join(filter(str.isdigit, row["document_number"]))
        assert digits not in row["reference"]


def test_the_blanks_of_a_range_differ_in_one_run_of_digits_and_have_no_dates() -> None:
    for economy in APEC_ECONOMIES:
        sown = seeds(economy, TODAY, vouches=True)
        (row,) = [row for row in sown.reported if row["number_to"]]
        first, last = (int("".join(filter(str.isdigit, row[name]))) for name in ("document_number", "number_to"))
        assert last - first + 1 == RANGE_LENGTH
        (member,) = [one for one in sown.specimens if one.status == "stolen_blank_range"]
        assert first < int("".join(filter(str.isdigit, member.document.document_number))) < last
        assert (member.document.date_of_birth, member.document.date_of_expiry) == ("", "")


def test_passports_of_hong_kong_say_what_they_say_in_print() -> None:
    assert issuing_state("HKG") == "CHN"


@pytest.mark.parametrize("economy", APEC_ECONOMIES)
def test_synthetic_documents_all_differ_and_meet_no_specimen(economy: str) -> None:
    made = [document.document_number for document in synthetic(economy, 5000, TODAY)]
    assert len(set(made)) == 5000
    assert not set(made) & {one.document.document_number for one in seeds(economy, TODAY, vouches=True).specimens}


def test_two_labs_hold_the_same_documents() -> None:
    assert list(synthetic("NZL", 20, TODAY)) == list(synthetic("NZL", 20, TODAY))


def test_more_documents_than_there_are_numbers_are_refused() -> None:
    with pytest.raises(ValueError, match="PHL has room for 9000000"):
        next(synthetic("PHL", room("PHL") + 1, TODAY))


@pytest.mark.parametrize("economy", APEC_ECONOMIES)
def test_every_economy_has_room_for_millions(economy: str) -> None:
    assert room(economy) >= 9_000_000
