"""The table of verdicts, row by row and as a whole, and the advice that follows."""

from __future__ import annotations

from collections.abc import Mapping

import pytest
from hypothesis import given
from hypothesis import strategies as st

from federation.documents import Kind, ListName
from federation.status import BadAnswerCode, Purpose, RefusalCode
from federation.verdict import (
    EXIT_CODES,
    GRAVITY,
    REASON_MESSAGES,
    Advice,
    Captured,
    Evidence,
    Failure,
    Judgement,
    Reason,
    Verdict,
    advise,
    judge,
    message,
    purpose_deadline_ms,
)

R, I, D = Kind.REPORTED, Kind.ISSUED, Kind.ISSUED_DATES  # noqa: E741 - as the columns of the table
ALL = int(R | I | D)
NOT_I = int(R | D)
FRESH = frozenset[ListName]()
OLD_REPORTED, OLD_ISSUED = frozenset({ListName.REPORTED}), frozenset({ListName.ISSUED})
MATCH, NO_MATCH = True, False
Outcomes = Mapping[Kind, bool]


@pytest.mark.parametrize(
    ("promised", "outcomes", "stale", "verdict"),
    [
        # REPORTED match: whatever else is known, however old the list
        (ALL, {R: MATCH, I: MATCH, D: MATCH}, FRESH, Verdict.ALERT),
        (ALL, {R: MATCH, I: NO_MATCH, D: NO_MATCH}, FRESH, Verdict.ALERT),
        (ALL, {R: MATCH}, FRESH, Verdict.ALERT),
        (ALL, {R: MATCH, I: MATCH, D: MATCH}, OLD_REPORTED | OLD_ISSUED, Verdict.ALERT),
        # the number is known, or knowing it is not served, and the dates are others
        (ALL, {R: NO_MATCH, I: MATCH, D: NO_MATCH}, FRESH, Verdict.MISMATCH),
        (NOT_I, {R: NO_MATCH, D: NO_MATCH}, FRESH, Verdict.MISMATCH),
        # the number is unknown
        (ALL, {R: NO_MATCH, I: NO_MATCH, D: NO_MATCH}, FRESH, Verdict.NOT_RECOGNISED),
        (ALL, {R: NO_MATCH, I: NO_MATCH, D: MATCH}, FRESH, Verdict.NOT_RECOGNISED),
        (ALL, {R: NO_MATCH, I: NO_MATCH}, FRESH, Verdict.NOT_RECOGNISED),
        (int(R | I), {R: NO_MATCH, I: NO_MATCH}, FRESH, Verdict.NOT_RECOGNISED),
        # the one way to CLEAR, with and without ISSUED served
        (ALL, {R: NO_MATCH, I: MATCH, D: MATCH}, FRESH, Verdict.CLEAR),
        (NOT_I, {R: NO_MATCH, D: MATCH}, FRESH, Verdict.CLEAR),
        # anything else of the issued list
        (int(R), {R: NO_MATCH}, FRESH, Verdict.NOT_REPORTED),
        (int(R | I), {R: NO_MATCH, I: MATCH}, FRESH, Verdict.NOT_REPORTED),
        (ALL, {R: NO_MATCH}, FRESH, Verdict.NOT_REPORTED),
        (ALL, {R: NO_MATCH, I: MATCH}, FRESH, Verdict.NOT_REPORTED),
        (ALL, {R: NO_MATCH, D: MATCH}, FRESH, Verdict.NOT_REPORTED),
        (ALL, {R: NO_MATCH, D: NO_MATCH}, FRESH, Verdict.NOT_REPORTED),
        (ALL, {R: NO_MATCH, I: MATCH, D: MATCH}, OLD_ISSUED, Verdict.NOT_REPORTED),
        (ALL, {R: NO_MATCH, I: NO_MATCH, D: NO_MATCH}, OLD_ISSUED, Verdict.NOT_REPORTED),
        (NOT_I, {R: NO_MATCH, D: MATCH}, OLD_ISSUED, Verdict.NOT_REPORTED),
        # anything else of the reported list
        (ALL, {}, FRESH, Verdict.NO_ANSWER),
        (ALL, {I: MATCH, D: MATCH}, FRESH, Verdict.NO_ANSWER),
        (ALL, {R: NO_MATCH, I: MATCH, D: MATCH}, OLD_REPORTED, Verdict.NO_ANSWER),
        (ALL, {R: NO_MATCH, I: NO_MATCH, D: NO_MATCH}, OLD_REPORTED, Verdict.NO_ANSWER),
    ],
)
def test_each_row_of_the_table(promised: int, outcomes: Outcomes, stale: frozenset[ListName], verdict: Verdict) -> None:
    assert judge(Evidence(promised, outcomes, stale)).verdict is verdict


outcomes_of_some_kinds = st.dictionaries(st.sampled_from([R, I, D]), st.booleans())
lists = st.frozensets(st.sampled_from(ListName))
failures = st.one_of(st.none(), st.builds(Failure, st.sampled_from(Reason)))
evidences = st.builds(Evidence, st.integers(0, ALL), outcomes_of_some_kinds, lists, failures)


@given(evidences)
def test_clear_means_all_of_it_and_nothing_else_does(evidence: Evidence) -> None:
    """Oracle 1, over every combination: on neither side is there another way to CLEAR."""
    outcomes, promised = evidence.outcomes, evidence.promised
    not_reported = outcomes.get(R) is NO_MATCH and ListName.REPORTED not in evidence.stale
    issued_is_fresh = ListName.ISSUED not in evidence.stale
    issued = not promised & I or (outcomes.get(I) is MATCH and issued_is_fresh)
    dated = bool(promised & D) and outcomes.get(D) is MATCH and issued_is_fresh
    assert (judge(evidence).verdict is Verdict.CLEAR) == (not_reported and issued and dated)


@given(evidences)
def test_a_reported_document_is_an_alert_whatever_else_is_known(evidence: Evidence) -> None:
    assert (judge(evidence).verdict is Verdict.ALERT) == (evidence.outcomes.get(R) is MATCH)


@given(evidences)
def test_only_no_answer_has_a_reason_and_only_not_reported_says_what_is_unconfirmed(evidence: Evidence) -> None:
    judgement = judge(evidence)
    assert (judgement.failure is not None) == (judgement.verdict is Verdict.NO_ANSWER)
    assert bool(judgement.unconfirmed) == (judgement.verdict is Verdict.NOT_REPORTED)


@given(evidences)
def test_without_a_fresh_answer_on_the_reported_list_there_is_no_answer(evidence: Evidence) -> None:
    known = R in evidence.outcomes and (evidence.outcomes[R] or ListName.REPORTED not in evidence.stale)
    assert (judge(evidence).verdict is Verdict.NO_ANSWER) == (not known)


def test_the_reason_is_the_failure_that_came_back() -> None:
    failure = Failure(Reason.REFUSED, RefusalCode.NO_GRANT)
    assert judge(Evidence(ALL, failure=failure)).failure == failure


def test_a_stale_no_match_says_so() -> None:
    judgement = judge(Evidence(ALL, {R: NO_MATCH}, OLD_REPORTED))
    assert judgement.failure == Failure(Reason.DATA_STALE)


def test_no_outcome_and_no_failure_is_our_own_fault() -> None:
    assert judge(Evidence(ALL)).failure == Failure(Reason.LOCAL_FAULT)


@pytest.mark.parametrize(
    ("promised", "outcomes", "stale", "unconfirmed"),
    [
        (ALL, {R: NO_MATCH, I: MATCH}, FRESH, "dates"),
        (int(R | I), {R: NO_MATCH, I: MATCH}, FRESH, "dates"),
        (int(R), {R: NO_MATCH}, FRESH, "issued"),
        (ALL, {R: NO_MATCH, I: MATCH, D: MATCH}, OLD_ISSUED, "issued"),
    ],
)
def test_not_reported_says_what_is_unconfirmed(
    promised: int, outcomes: Outcomes, stale: frozenset[ListName], unconfirmed: str
) -> None:
    judgement = judge(Evidence(promised, outcomes, stale))
    assert judgement == Judgement(Verdict.NOT_REPORTED, unconfirmed=unconfirmed)
    assert ("issued this document" in message(judgement)) == (unconfirmed == "issued")


def test_every_verdict_has_its_exit_code_and_gravity_orders_them() -> None:
    assert EXIT_CODES == {
        Verdict.CLEAR: 0,
        Verdict.NOT_REPORTED: 5,
        Verdict.ALERT: 10,
        Verdict.MISMATCH: 15,
        Verdict.NOT_RECOGNISED: 20,
        Verdict.NO_ANSWER: 30,
    }
    assert GRAVITY == (10, 30, 20, 15, 5, 0)


class TestMessage:
    @pytest.mark.parametrize("reason", Reason)
    def test_every_reason_has_a_sentence(self, reason: Reason) -> None:
        said = message(Judgement(Verdict.NO_ANSWER, Failure(reason, detail="More.")))
        assert said.startswith(REASON_MESSAGES[reason])
        assert said.endswith("More.")

    @pytest.mark.parametrize("code", [*RefusalCode, *BadAnswerCode])
    def test_every_code_is_named(self, code: RefusalCode | BadAnswerCode) -> None:
        reason = Reason.REFUSED if isinstance(code, RefusalCode) else Reason.BAD_ANSWER
        said = message(Judgement(Verdict.NO_ANSWER, Failure(reason, code)))
        assert code.name in said
        assert said.endswith(".")

    @pytest.mark.parametrize("verdict", [v for v in Verdict if v is not Verdict.NO_ANSWER])
    def test_every_verdict_has_a_sentence(self, verdict: Verdict) -> None:
        unconfirmed = "issued" if verdict is Verdict.NOT_REPORTED else ""
        assert message(Judgement(verdict, unconfirmed=unconfirmed)).endswith(".")

    def test_an_alert_from_an_old_list_says_so(self) -> None:
        alert = Judgement(Verdict.ALERT)
        assert "old" in message(alert, OLD_REPORTED)
        assert "old" not in message(alert, OLD_ISSUED)


MACHINE_READ = (Captured.MRZ, Captured.CHIP)


class TestAdvice:
    @pytest.mark.parametrize("captured", Captured)
    @pytest.mark.parametrize(
        ("verdict", "advice"),
        [
            (Verdict.ALERT, Advice.REFER),
            (Verdict.CLEAR, Advice.CONTINUE),
            (Verdict.NOT_REPORTED, Advice.CONTINUE),
        ],
    )
    def test_most_verdicts_have_one(self, verdict: Verdict, advice: Advice, captured: Captured) -> None:
        assert advise(Judgement(verdict), captured) is advice

    @pytest.mark.parametrize("verdict", [Verdict.MISMATCH, Verdict.NOT_RECOGNISED])
    def test_what_was_typed_is_read_again_and_what_was_machine_read_is_referred(self, verdict: Verdict) -> None:
        assert advise(Judgement(verdict), Captured.TYPED) is Advice.READ_AGAIN
        assert {advise(Judgement(verdict), captured) for captured in MACHINE_READ} == {Advice.REFER}

    @pytest.mark.parametrize("captured", Captured)
    @pytest.mark.parametrize("reason", Reason)
    def test_no_answer_depends_on_its_reason(self, reason: Reason, captured: Captured) -> None:
        exceptions = {
            Reason.NO_ROUTE: Advice.CONTINUE,
            Reason.WITHHELD: Advice.CONTINUE,
            Reason.INVALID_DOCUMENT: Advice.READ_AGAIN,
        }
        judgement = Judgement(Verdict.NO_ANSWER, Failure(reason))
        assert advise(judgement, captured) is exceptions.get(reason, Advice.ASK_LATER)

    @pytest.mark.parametrize(
        ("key", "overridden"),
        [
            ("NO_ANSWER", True),
            ("NO_ANSWER:DEADLINE", True),
            ("NO_ANSWER:DEADLINE/mrz", True),
            ("NO_ANSWER:DEADLINE/typed", False),
            ("NO_ANSWER:DEADLINE@VISA", True),
            ("NO_ANSWER:DEADLINE/mrz@VISA", True),
            ("NO_ANSWER:DEADLINE@BORDER_ENTRY", False),
            ("NO_ANSWER:NO_ROUTE", False),
            ("ALERT", False),
        ],
    )
    def test_an_economy_may_say_otherwise(self, key: str, overridden: bool) -> None:
        judgement = Judgement(Verdict.NO_ANSWER, Failure(Reason.DEADLINE))
        advice = advise(judgement, Captured.MRZ, {key: Advice.REFER}, Purpose.VISA)
        assert advice is (Advice.REFER if overridden else Advice.ASK_LATER)

    def test_the_more_exact_key_wins(self) -> None:
        judgement = Judgement(Verdict.NO_ANSWER, Failure(Reason.DEADLINE))
        situation = "NO_ANSWER:DEADLINE"
        keys = [f"{situation}/mrz@VISA", f"{situation}/mrz", f"{situation}@VISA", situation, "NO_ANSWER"]
        values = (Advice.REFER, Advice.CONTINUE, Advice.READ_AGAIN, Advice.REFER, Advice.CONTINUE)
        overrides = dict(zip(keys, values, strict=True))
        for key in keys:
            assert advise(judgement, Captured.MRZ, overrides, Purpose.VISA) is overrides.pop(key)


@pytest.mark.parametrize("purpose", Purpose)
def test_a_desk_question_has_three_seconds_and_before_departure_four(purpose: Purpose) -> None:
    assert purpose_deadline_ms(purpose) == (4000 if purpose is Purpose.PRE_DEPARTURE else 3000)
