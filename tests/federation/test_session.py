"""Sequence numbers, times and the table of sessions, each at its edges."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta
from hashlib import sha256

import pytest
from hypothesis import given
from hypothesis import strategies as st

from certs.identity import NodeName
from certs.keys import encode_public
from certs.profiles import Role
from certs.verify import VerifiedLeaf
from federation.errors import Refused
from federation.session import (
    IDLE_MS,
    MAX_SEQUENCE,
    SESSIONS_PER_PEER,
    WINDOW,
    SequenceWindow,
    Session,
    SessionTable,
    check_times,
)
from federation.status import RefusalCode
from tests.codes import code_of
from tests.virtual_time import NOW, NOW_MS
from tests.world import drawn_key

KEY = drawn_key("session").public_key()


def leaf(economy: str, node: str = "node1", fingerprint: str = "") -> VerifiedLeaf:
    name = NodeName("lab", economy, node)
    return VerifiedLeaf(
        name,
        Role.MESSAGE,
        KEY,
        sha256((fingerprint or name.uri).encode()).digest(),
        NOW,
        NOW + timedelta(days=30),
        encode_public(KEY),
        bytes(32),
        7,
    )


def session(economy: str, number: int, node: str = "node1", connection: str = "", used_ms: int = 0) -> Session:
    session_id = sha256(f"{economy} {node} {number}".encode()).digest()[:16]
    return Session(session_id, leaf(economy, node), bytes(32), 1, connection or f"{economy} {node} {number}", used_ms)


def accepted(window: SequenceWindow, sequence: int) -> bool:
    code = code_of(lambda: window.accept(sequence))
    assert code in (None, RefusalCode.REPLAY)
    return code is None


class TestSequenceWindow:
    """B02."""

    @pytest.mark.parametrize(
        ("taken_before", "sequence", "fresh"),
        [
            ((), 0, False),
            ((), -1, False),
            ((), 1, True),
            ((), MAX_SEQUENCE, True),
            ((), MAX_SEQUENCE + 1, False),
            ((), 2**64 - 1, False),
            ((1,), 1, False),
            ((1,), 2, True),
            ((5,), 4, True),
            ((5, 4), 4, False),
            ((WINDOW + 1,), 2, True),  # the last place inside
            ((WINDOW + 1,), 1, False),  # the first place behind
            ((WINDOW + 1, 2), 2, False),
            ((1, WINDOW), 1, False),
            ((1, WINDOW + 1), 1, False),  # pushed out, and still refused
            ((1, 2, WINDOW + 1), 2, False),  # at the edge, and still known
            ((1, MAX_SEQUENCE), MAX_SEQUENCE - WINDOW + 1, True),
            ((1, MAX_SEQUENCE), MAX_SEQUENCE - WINDOW, False),
            ((1, MAX_SEQUENCE), MAX_SEQUENCE, False),
            ((MAX_SEQUENCE,), 1, False),  # wrapping is no way back
        ],
    )
    def test_the_table_holds_at_every_edge(self, taken_before: tuple[int, ...], sequence: int, fresh: bool) -> None:
        """B02: out of order, both edges of the window, far ahead, zero, negative, wrapped."""
        window = SequenceWindow()
        for before in taken_before:
            window.accept(before)
        assert accepted(window, sequence) is fresh

    @given(st.lists(st.integers(1, 4 * WINDOW), max_size=200))
    def test_it_agrees_with_one_that_remembers_everything(self, sequences: list[int]) -> None:
        """B02: against a model that keeps every number."""
        window, used, highest = SequenceWindow(), set[int](), 0
        for sequence in sequences:
            fresh = sequence not in used and sequence > highest - WINDOW
            assert accepted(window, sequence) is fresh
            if fresh:
                used.add(sequence)
                highest = max(highest, sequence)

    def test_a_jump_across_all_numbers_costs_no_memory(self) -> None:
        window = SequenceWindow()
        window.accept(1)
        window.accept(MAX_SEQUENCE)
        assert window._seen.bit_length() <= WINDOW

    def test_a_refused_number_changes_nothing(self) -> None:
        window = SequenceWindow()
        window.accept(10)
        before = (window._highest, window._seen)
        for sequence in (0, 10, MAX_SEQUENCE + 1):
            assert not accepted(window, sequence)
        assert (window._highest, window._seen) == before


SECOND = 1000


class TestTimes:
    @pytest.mark.parametrize(
        ("issued_at", "not_after", "fits"),
        [
            (0, 10 * SECOND, True),
            (0, 0, True),
            (0, 10 * SECOND + 1, False),
            (0, -1, False),
            (59 * SECOND, 69 * SECOND, True),
            (60 * SECOND, 70 * SECOND, True),
            (60 * SECOND + 1, 70 * SECOND, False),
            (61 * SECOND, 71 * SECOND, False),
            (-69 * SECOND, -59 * SECOND, True),
            (-70 * SECOND, -60 * SECOND, True),
            (-70 * SECOND, -60 * SECOND - 1, False),
            (-71 * SECOND, -61 * SECOND, False),
        ],
    )
    def test_clocks_bound_validity_at_these_edges(self, issued_at: int, not_after: int, fits: bool) -> None:
        """B03: issued at most 60 s ahead, ended at most 60 s ago, valid for at most 10 s."""
        code = code_of(lambda: check_times(NOW_MS + issued_at, NOW_MS + not_after, NOW_MS))
        assert code is (None if fits else RefusalCode.CLOCK)

    @pytest.mark.parametrize("issued_at", [0, 2**64 - 1])
    def test_the_ends_of_the_field_are_refused(self, issued_at: int) -> None:
        with pytest.raises(Refused, match="CLOCK"):
            check_times(issued_at, issued_at, NOW_MS)


def unknown(table: SessionTable, session_id: bytes, now_ms: int = 0) -> bool:
    code = code_of(lambda: table.find(session_id, now_ms))
    assert code in (None, RefusalCode.SESSION_UNKNOWN)
    return code is not None


class TestSessionTable:
    def test_a_session_is_found_by_its_id_and_its_message_key(self) -> None:
        table, one = SessionTable(), session("NZL", 1)
        table.add(one)
        assert table.find(one.session_id, 0) is one
        assert table.key(one.caller.fingerprint) is one.caller

    def test_what_was_never_added_is_unknown(self) -> None:
        table = SessionTable()
        assert unknown(table, bytes(16))
        with pytest.raises(Refused, match="SESSION_UNKNOWN"):
            table.key(bytes(32))

    def test_at_its_cap_a_member_loses_its_own_oldest_and_nobody_elses(self) -> None:
        """B07: X opens sessions without end; Y keeps every one of its own."""
        table = SessionTable()
        theirs = [session("NZL", number) for number in range(SESSIONS_PER_PEER)]
        for one in theirs:
            table.add(one)
        greedy = [session("AUS", number) for number in range(10 * SESSIONS_PER_PEER)]
        for one in greedy:
            table.add(one)
        assert not any(unknown(table, one.session_id) for one in theirs)
        assert [unknown(table, one.session_id) for one in greedy] == (
            [True] * (9 * SESSIONS_PER_PEER) + [False] * SESSIONS_PER_PEER
        )
        assert len(table) == 2 * SESSIONS_PER_PEER

    def test_a_node_at_the_cap_loses_its_own_session_before_a_sister_nodes(self) -> None:
        """B07: within one member too, the one that opens without end is the one that loses."""
        table = SessionTable()
        sister = session("AUS", 0, "node2")
        table.add(sister)
        for number in range(10 * SESSIONS_PER_PEER):
            table.add(session("AUS", number, "node1"))
        assert not unknown(table, sister.session_id)
        assert len(table) == SESSIONS_PER_PEER

    def test_new_names_without_end_stay_within_the_member_s_cap(self) -> None:
        """B07: a member's CA can make as many node names as it likes."""
        table = SessionTable()
        for number in range(3 * SESSIONS_PER_PEER):
            table.add(session("AUS", 0, f"node{number}"))
        assert len(table) == SESSIONS_PER_PEER
        assert len(table._keys) == SESSIONS_PER_PEER

    def test_a_connection_has_one_session(self) -> None:
        table = SessionTable()
        first, second = session("NZL", 1, connection="here"), session("NZL", 2, connection="here")
        table.add(first)
        table.add(second)
        assert unknown(table, first.session_id)
        assert not unknown(table, second.session_id)

    def test_ten_idle_minutes_are_kept_and_one_millisecond_more_is_not(self) -> None:
        table, one = SessionTable(), session("NZL", 1)
        table.add(one)
        assert not unknown(table, one.session_id, IDLE_MS)
        assert unknown(table, one.session_id, IDLE_MS + 1)
        assert len(table) == 0

    def test_use_keeps_a_session(self) -> None:
        table, one = SessionTable(), session("NZL", 1)
        table.add(one)
        table.find(one.session_id, IDLE_MS).take(1, IDLE_MS)
        assert not unknown(table, one.session_id, 2 * IDLE_MS)

    def test_the_sweep_forgets_the_idle_alone(self) -> None:
        table, idle, live = SessionTable(), session("NZL", 1), session("AUS", 1, used_ms=2 * IDLE_MS)
        table.add(idle)
        table.add(live)
        table.forget_idle(2 * IDLE_MS)
        assert unknown(table, idle.session_id)
        assert not unknown(table, live.session_id)

    def test_a_key_is_known_as_long_as_one_of_its_sessions(self) -> None:
        table, first, second = SessionTable(), session("NZL", 1), session("NZL", 2, used_ms=IDLE_MS)
        key_id = first.caller.fingerprint
        table.add(first)
        table.add(second)
        table.forget_idle(IDLE_MS + 1)
        assert table.key(key_id) == first.caller
        table.forget_idle(3 * IDLE_MS)
        with pytest.raises(Refused, match="SESSION_UNKNOWN"):
            table.key(key_id)

    def test_a_renewed_key_stands_beside_the_old_one(self) -> None:
        table, old = SessionTable(), session("NZL", 1)
        new = replace(session("NZL", 2), caller=leaf("NZL", fingerprint="renewed"))
        table.add(old)
        table.add(new)
        assert table.key(old.caller.fingerprint) is old.caller
        assert table.key(new.caller.fingerprint) is new.caller
