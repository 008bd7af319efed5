from __future__ import annotations

from dataclasses import replace

import pytest

from federation.verdict import Advice, Verdict
from node.cli import verdicts
from node.desk_messages import DeskResult
from node.enquiry import DocumentInput, Problem
from node.errors import NodeDown

KEYS = {
    "verdict", "reason", "code", "advice", "message", "outcomes", "responder", "data_as_of", "stale", "expired",
    "answered_at", "request_digest", "case", "test", "timing_us",
}  # fmt: skip
EMPTY = DeskResult(verdict=Verdict.NOT_REPORTED, advice=Advice.CONTINUE, message="It says why.")
FULL = DeskResult(
    verdict=Verdict.ALERT,
    advice=Advice.REFER,
    message="The issuer reports this document.",
    outcomes={"ISSUED_DATES": "MATCH", "REPORTED": "MATCH", "ISSUED": "MATCH"},
    responder="rmas://lab/AUS/node1",
    data_as_of={"reported": "2026-11-22T00:00:00Z", "issued": "2026-11-21T00:00:00Z"},
    stale=("issued",),
    expired=True,
    answered_at="2026-11-22T08:00:00.000Z",
    request_digest="ab" * 32,
    case="0123456789",
    timing_us={"total": 4600, "server": 900},
)


def test_json_has_every_documented_key_and_no_other() -> None:
    assert verdicts.as_json(FULL).keys() == KEYS
    assert verdicts.as_json(EMPTY).keys() == KEYS


def test_what_is_absent_is_null_and_lists_are_empty() -> None:
    value = verdicts.as_json(EMPTY)
    absent = ("reason", "code", "responder", "answered_at", "request_digest", "case")
    assert [value[key] for key in absent] == [None] * len(absent)
    assert (value["outcomes"], value["data_as_of"], value["stale"]) == ({}, {}, [])


def test_an_id_is_echoed_and_a_failed_check_digit_explained() -> None:
    problem = Problem("birth", "CHECK_DIGIT", ("740812",))
    value = verdicts.as_json(replace(EMPTY, id="7", problem=problem))
    assert value.keys() == KEYS | {"id", "mrz_problem"}
    assert value["mrz_problem"] == {"field": "birth", "code": "CHECK_DIGIT", "readings": ["740812"]}


@pytest.mark.parametrize("verdict", Verdict)
def test_a_person_reads_the_verdict_first_and_what_to_do(verdict: Verdict) -> None:
    lines = verdicts.for_person(replace(EMPTY, verdict=verdict, advice=Advice.REFER))
    assert verdict in lines[0]
    assert lines[1:3] == ["  It says why.", "  Advice: refer the traveller to a second officer."]


def test_one_date_alone_is_said_not_to_have_been_compared() -> None:
    """The other way round, a traveller with a changed date would seem to have been checked."""
    birth, expiry = DocumentInput(date_of_birth="1960-04-12"), DocumentInput(date_of_expiry="")
    assert "date of expiry was not given" in verdicts.with_dates_note(EMPTY, birth).message
    assert "date of birth was not given" in verdicts.with_dates_note(EMPTY, expiry).message
    for document in (DocumentInput(), DocumentInput(date_of_birth="1960-04-12", date_of_expiry="")):
        assert verdicts.with_dates_note(EMPTY, document) == EMPTY
    unanswered = replace(EMPTY, verdict=Verdict.NO_ANSWER)
    assert verdicts.with_dates_note(unanswered, birth) == unanswered


def test_beside_the_readings_stands_that_the_check_digit_may_be_wrong() -> None:
    text = verdicts.for_person(replace(EMPTY, problem=Problem("birth", "CHECK_DIGIT", ("740812",))))
    assert "  Reading that would fit: 740812" in text
    assert "  The check digit itself may have been misread as well: read the document again." in text


def test_what_a_test_refused_is_not_called_a_specimen() -> None:
    specimen = verdicts.for_person(replace(EMPTY, test=True))[0]
    refused = verdicts.for_person(replace(EMPTY, test=True, reason="INVALID_DOCUMENT"))[0]
    assert (specimen.partition("  ")[2], refused.partition("  ")[2]) == ("(test, specimen document)", "(test)")


def test_verdicts_differ_by_word_and_sign_not_by_colour_alone() -> None:
    """K14: an officer must not take NO_ANSWER for CLEAR."""
    first = {verdict: verdicts.for_person(replace(EMPTY, verdict=verdict))[0] for verdict in Verdict}
    assert len({line[0] for line in (first[Verdict.CLEAR], first[Verdict.NO_ANSWER], first[Verdict.ALERT])}) == 3


@pytest.mark.parametrize("advice", Advice)
def test_every_advice_has_words(advice: Advice) -> None:
    assert verdicts.for_person(replace(EMPTY, advice=advice))[2].startswith("  Advice: ")


def test_a_person_sees_what_the_verdict_rests_on() -> None:
    text = "\n".join(verdicts.for_person(FULL))
    assert "The document has expired." in text
    assert "on its reported list: yes" in text
    assert "issued list as of 2026-11-21T00:00:00Z (too old)" in text
    assert "answered by rmas://lab/AUS/node1 in 4.6 ms" in text
    assert "case 0123456789" in text


def test_the_own_node_down_is_no_answer_and_says_what_to_do() -> None:
    cause = NodeDown("NODE_DOWN", "Nobody answers; start it.")
    value = verdicts.as_json(verdicts.local_fault(DocumentInput(id="7"), cause))
    assert (value["id"], value["verdict"], value["reason"], value["advice"]) == (
        "7", "NO_ANSWER", "LOCAL_FAULT", "ASK_LATER",
    )  # fmt: skip
    assert value["message"].endswith("Nobody answers; start it.")
