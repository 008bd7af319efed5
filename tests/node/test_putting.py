"""Questions put so that none fails for another's sake."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Sequence

import pytest
from hypothesis import given
from hypothesis import strategies as st

from federation.channel import PeerTooSlow, PeerUnreachable
from federation.documents import Kind
from federation.errors import BadAnswer, Refused
from federation.lookup import MAX_QUESTIONS, Question
from federation.status import BadAnswerCode, RefusalCode
from federation.verdict import Failure, Reason
from node.putting import HALVINGS, Answered, batches, put_all
from tests.caller import ALL_KINDS, question
from tests.fake_lists import passport

REPORTED = int(Kind.REPORTED)
NUMBERS = 200


class Member:
    """Answers each question with a mark of its own, unless ``refuse`` raises; keeps what it was asked."""

    def __init__(self, refuse: Callable[[Sequence[Question]], None] = lambda questions: None) -> None:
        self.refuse = refuse
        self.requests: list[list[Question]] = []

    async def ask(self, questions: Sequence[Question]) -> Sequence[Answered]:
        self.requests.append(list(questions))
        self.refuse(questions)
        return [Answered({Kind.REPORTED: False}, responder=name(one)) for one in questions]

    def put(self, questions: Sequence[Question]) -> list[Answered]:
        return asyncio.run(put_all(questions, self.ask))


def name(one: Question) -> str:
    return f"{one.kinds} {one.document.document_number} {one.birth}"


def refusing(
    code: RefusalCode, causes: Callable[[Question], bool], *, marks: bool
) -> Callable[[Sequence[Question]], None]:
    """Refuse a request that holds a cause; say which, or leave the asker to find out."""

    def refuse(questions: Sequence[Question]) -> None:
        found = [causes(one) for one in questions]
        if any(found):
            raise Refused(code, "no", causes=bytes(found) if marks else b"")

    return refuse


def is_place(*places: int) -> Callable[[Question], bool]:
    return lambda one: one.document in [passport("AUS", place) for place in places]


def reasons(answers: Sequence[Answered]) -> list[RefusalCode | BadAnswerCode | None]:
    return [answer.failure.code if answer.failure else None for answer in answers]


def test_each_question_gets_its_own_answer_in_order() -> None:
    asked = [question("AUS", place) for place in range(10)]
    member = Member()
    assert [one.responder for one in member.put(asked)] == [name(one) for one in asked]
    assert len(member.requests) == 1


class TestBatches:
    @given(st.lists(st.tuples(st.integers(0, 5), st.integers(0, 3), st.sampled_from([1, 3, 7])), max_size=40))
    def test_no_request_has_a_number_with_dates_twice_and_none_is_lost(self, drawn: list[tuple[int, int, int]]) -> None:
        """An issuer sees at most one pair of dates a number and request."""
        asked = [
            Question(kinds, passport("AUS", place), *((f"6{birth}0412", "310102") if kinds & 4 else ()))
            for place, birth, kinds in drawn
        ]
        made = list(batches(asked, range(len(asked))))
        assert sorted(place for batch in made for place in batch) == list(range(len(asked)))
        for batch in made:
            dated = [asked[place].document for place in batch if asked[place].kinds & Kind.ISSUED_DATES]
            assert len(dated) == len(set(dated))

    @pytest.mark.parametrize(("count", "requests"), [(1, 1), (500, 1), (501, 2), (1000, 2), (1001, 3)])
    def test_a_request_carries_at_most_500(self, count: int, requests: int) -> None:
        asked = [question("AUS", place % NUMBERS, REPORTED) for place in range(count)]
        member = Member()
        assert len(member.put(asked)) == count
        assert len(member.requests) == requests
        assert max(map(len, member.requests)) <= MAX_QUESTIONS


class TestMarked:
    def test_what_is_marked_is_dropped_and_the_rest_asked_again_once(self) -> None:
        member = Member(refusing(RefusalCode.NOT_MINE, is_place(1, 3), marks=True))
        answers = member.put([question("AUS", place) for place in range(5)])
        assert reasons(answers) == [None, RefusalCode.NOT_MINE, None, RefusalCode.NOT_MINE, None]
        assert [len(request) for request in member.requests] == [5, 3]

    def test_when_all_are_marked_nobody_is_asked_again(self) -> None:
        member = Member(refusing(RefusalCode.NOT_MINE, lambda one: True, marks=True))
        assert reasons(member.put([question("AUS", place) for place in range(3)])) == [RefusalCode.NOT_MINE] * 3
        assert len(member.requests) == 1

    def test_marks_that_change_from_request_to_request_end_in_halves(self) -> None:
        """A responder that marks one more each time would have us ask for ever."""

        def refuse(questions: Sequence[Question]) -> None:
            if len(questions) > 1:
                raise Refused(RefusalCode.NOT_MINE, "no", causes=b"\x01" + bytes(len(questions) - 1))

        member = Member(refuse)
        answers = member.put([question("AUS", place) for place in range(8)])
        assert reasons(answers) == [RefusalCode.NOT_MINE] + [None] * 7
        assert len(member.requests) < 20


class TestHalves:
    @pytest.mark.parametrize("place", range(8))
    def test_one_question_that_is_refused_without_a_mark_is_found(self, place: int) -> None:
        member = Member(refusing(RefusalCode.MALFORMED, is_place(place), marks=False))
        answers = member.put([question("AUS", one) for one in range(8)])
        expected = [RefusalCode.MALFORMED if one == place else None for one in range(8)]
        assert reasons(answers) == expected

    def test_one_in_five_hundred_is_found_with_twenty_requests(self) -> None:
        """As many as the tree of halves is deep, twice."""
        asked = [question("AUS", place % NUMBERS, REPORTED) for place in range(499)] + [question("NZL", 0, REPORTED)]
        member = Member(refusing(RefusalCode.NOT_MINE, lambda one: one.document.issuing_state == "NZL", marks=False))
        assert reasons(member.put(asked)) == [None] * 499 + [RefusalCode.NOT_MINE]
        assert len(member.requests) <= 20

    @pytest.mark.parametrize(
        "code", [RefusalCode.RATE, RefusalCode.OVERLOADED, RefusalCode.SUSPENDED, RefusalCode.CHARTER_OLD]
    )
    def test_a_refusal_of_the_caller_is_not_asked_again_in_halves(self, code: RefusalCode) -> None:
        member = Member(refusing(code, lambda one: True, marks=False))
        assert reasons(member.put([question("AUS", place) for place in range(8)])) == [code] * 8
        assert len(member.requests) == 1

    def test_a_peer_that_refuses_everything_gets_no_flood(self) -> None:
        member = Member(refusing(RefusalCode.BUDGET, lambda one: True, marks=False))
        asked = [question("AUS", place % NUMBERS, REPORTED) for place in range(500)]
        assert reasons(member.put(asked)) == [RefusalCode.BUDGET] * 500
        assert len(member.requests) <= 2 * HALVINGS + 1


ASK_LESS = [RefusalCode.NO_DATA, RefusalCode.NO_GRANT, RefusalCode.BUDGET]


class TestReduced:
    @pytest.mark.parametrize("marks", [True, False])
    @pytest.mark.parametrize("code", ASK_LESS)
    def test_what_may_not_be_asked_in_full_is_asked_with_reported_alone(self, code: RefusalCode, marks: bool) -> None:
        member = Member(refusing(code, lambda one: one.kinds != REPORTED, marks=marks))
        (answer,) = member.put([question("AUS")])
        assert answer.failure is None
        assert [[one.kinds for one in request] for request in member.requests] == [[ALL_KINDS], [REPORTED]]

    def test_only_what_was_refused_is_asked_with_less(self) -> None:
        member = Member(
            refusing(RefusalCode.BUDGET, lambda one: one.kinds != REPORTED and is_place(1)(one), marks=True)
        )
        answers = member.put([question("AUS", place) for place in range(3)])
        assert reasons(answers) == [None] * 3
        assert [one.responder.split()[0] for one in answers] == ["7", "1", "7"]

    @pytest.mark.parametrize("code", ASK_LESS)
    def test_reported_alone_is_not_asked_twice(self, code: RefusalCode) -> None:
        member = Member(refusing(code, lambda one: True, marks=True))
        assert reasons(member.put([question("AUS", 0, REPORTED)])) == [code]
        assert len(member.requests) == 1

    def test_other_refusals_are_not_asked_with_less(self) -> None:
        member = Member(refusing(RefusalCode.PURPOSE, lambda one: True, marks=False))
        assert reasons(member.put([question("AUS")])) == [RefusalCode.PURPOSE]
        assert len(member.requests) == 1

    def test_what_is_asked_with_less_carries_no_dates_abroad(self) -> None:
        member = Member(refusing(RefusalCode.NO_DATA, lambda one: one.kinds != REPORTED, marks=True))
        member.put([question("AUS")])
        assert {one.kinds for one in member.requests[-1]} == {REPORTED}


@pytest.mark.parametrize(
    ("error", "failure"),
    [
        (PeerUnreachable("gone"), Failure(Reason.PEER_UNREACHABLE)),
        (PeerTooSlow("late"), Failure(Reason.DEADLINE)),
        (BadAnswer(BadAnswerCode.DIGEST, "x"), Failure(Reason.BAD_ANSWER, BadAnswerCode.DIGEST)),
        (Refused(RefusalCode.RATE, "x"), Failure(Reason.REFUSED, RefusalCode.RATE)),
    ],
)
def test_whatever_a_peer_does_becomes_a_failure_of_each_question(error: Exception, failure: Failure) -> None:
    def refuse(questions: Sequence[Question]) -> None:
        raise error

    member = Member(refuse)
    assert [one.failure for one in member.put([question("AUS", place) for place in range(3)])] == [failure] * 3
    assert len(member.requests) == 1


@given(
    st.lists(st.integers(0, 30), min_size=1, max_size=60, unique=True),
    st.sets(st.integers(0, 30)),
    st.sampled_from([RefusalCode.NOT_MINE, RefusalCode.MALFORMED]),
    st.booleans(),
)
def test_exactly_the_refused_questions_fail(places: list[int], bad: set[int], code: RefusalCode, marks: bool) -> None:
    """No question fails for another's sake, whichever and however many are the cause."""
    member = Member(refusing(code, is_place(*bad), marks=marks))
    answers = member.put([question("AUS", place) for place in places])
    assert reasons(answers) == [code if place in bad else None for place in places]
    good = [(answer.responder, name(question("AUS", place))) for answer, place in zip(answers, places, strict=True)]
    assert all(said == meant for said, meant in good if said)


def test_a_wrong_clock_is_told_in_the_peer_s_own_words() -> None:
    def refuse(questions: Sequence[Question]) -> None:
        raise Refused(RefusalCode.CLOCK, "its clock is 600 s ahead of this node's")

    (answer,) = Member(refuse).put([question("AUS")])
    assert answer.failure is not None
    assert answer.failure.detail == "Its clock is 600 s ahead of this node's."
