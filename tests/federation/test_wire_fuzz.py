"""Whatever comes over the wire or stands in the directory file: a value or a typed refusal, soon, and in little room."""

from __future__ import annotations

import resource
import subprocess
import sys
from collections.abc import Callable, Iterator
from copy import deepcopy
from pathlib import Path
from time import process_time
from typing import Any

import google.protobuf.internal.api_implementation as protobuf_backend
import pytest
from hypothesis import given
from hypothesis import strategies as st

from federation.codec import MAX_MESSAGE_OCTETS
from federation.lookup import LOOKUP_METHOD
from federation.service import OPEN_SESSION_METHOD
from federation.status import RefusalCode
from tests import wire_targets
from tests.wire_targets import FORMS, Wire, as_json, check_directory, check_form, edited

ANY = st.binary(max_size=400)
EDITS = st.binary(min_size=4, max_size=40)
METHODS = (OPEN_SESSION_METHOD, LOOKUP_METHOD)
SOON_SECONDS = 0.05


@pytest.fixture(scope="module")
def wire(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Wire]:
    wire = Wire(tmp_path_factory.mktemp("wire") / "world")
    yield wire
    wire.close()


@pytest.mark.parametrize("name", FORMS)
class TestForms:
    @given(octets=ANY)
    def test_any_octets_are_read_or_malformed(self, name: str, octets: bytes) -> None:
        """ATTACKS I01."""
        check_form(name, octets)

    @given(edits=EDITS)
    def test_a_right_one_with_a_few_changes_is_read_in_one_way_or_malformed(
        self, name: str, wire: Wire, edits: bytes
    ) -> None:
        """ATTACKS I01, A03."""
        check_form(name, edited(wire.examples()[name], edits))


@given(opened=ANY, digests=ANY)
def test_any_questions_are_opened_or_refused(opened: bytes, digests: bytes) -> None:
    """ATTACKS I01."""
    wire_targets.check_questions(opened, digests)


def test_every_octet_of_outcomes_is_read_or_not_believed() -> None:
    """ATTACKS I01."""
    for octet in range(256):
        for kinds in range(1, 8):
            wire_targets.check_outcome(octet, kinds)


class TestResponder:
    @pytest.mark.parametrize("method", METHODS)
    @given(octets=ANY)
    def test_it_answers_any_octets_with_a_signed_refusal(self, method: str, wire: Wire, octets: bytes) -> None:
        """ATTACKS I01, A02."""
        assert wire.respond(method, octets) is not None

    @given(edits=EDITS)
    def test_it_answers_a_changed_request_with_a_signed_answer(self, wire: Wire, edits: bytes) -> None:
        """ATTACKS I01: the right one was answered before, so whatever is left of it is a replay at best."""
        assert wire.respond(LOOKUP_METHOD, edited(wire.examples()["LookupRequest"], edits)) is not None

    @given(edits=EDITS)
    def test_it_answers_a_changed_opening_with_a_signed_answer(self, wire: Wire, edits: bytes) -> None:
        """ATTACKS I01."""
        wire.respond(OPEN_SESSION_METHOD, edited(wire.examples()["OpenSessionRequest"], edits))

    @given(payload=ANY | EDITS, opened=ANY)
    def test_it_answers_whatever_a_member_signs(self, wire: Wire, payload: bytes, opened: bytes) -> None:
        """ATTACKS I01: with a good signature it gets further."""
        assert wire.respond_to_member(payload, opened) is RefusalCode.MALFORMED
        assert wire.respond_to_member(edited(wire.examples()["LookupStatement"], payload), opened) is not None
        wire.respond_to_opening(payload)
        wire.respond_to_opening(edited(wire.examples()["OpenSessionStatement"], payload))


class TestAsker:
    @given(octets=ANY)
    def test_it_believes_no_octets(self, wire: Wire, octets: bytes) -> None:
        """ATTACKS I01."""
        assert wire.believe(octets) is None
        assert wire.believe_responder(octets) is None
        wire.check_opening(octets)

    @given(edits=EDITS)
    def test_a_changed_answer_says_what_it_said_or_nothing(self, wire: Wire, edits: bytes) -> None:
        """ATTACKS I01, A01: only what no signature covers may differ."""
        assert wire.believe(edited(wire.examples()["Response"], edits)) in (None, wire.answer)

    @given(edits=EDITS)
    def test_whatever_a_responder_signs_is_read_or_not_believed(self, wire: Wire, edits: bytes) -> None:
        """ATTACKS I01."""
        wire.believe_responder(edited(wire.examples()["LookupAnswer"], edits))


JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=20),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=12), inner, max_size=3),
    max_leaves=8,
)
TELLING: list[Any] = [
    "", "NZL", "0001-01-01T00:00:00+23:59", "9999-12-31T23:59:59-23:59", "2031-02-30", "*", "#" * 999, "ISSUED", "\x00",
    "\ud800", "rmas://lab/NZL/node1", "MAA=", 10**400, -1, 1e308, True, [], {}, [[]], [{}], None,
]  # fmt: skip


def places(value: Any, above: tuple[Any, ...] = ()) -> Iterator[tuple[Any, ...]]:
    """The way to every value inside a JSON document."""
    inside: Any = value.items() if isinstance(value, dict) else enumerate(value) if isinstance(value, list) else ()
    for key, one in inside:
        yield (*above, key)
        yield from places(one, (*above, key))


def exchanged(document: Any, place: tuple[Any, ...], value: Any) -> Any:
    """A copy of ``document`` with another value in that place."""
    copy = inside = deepcopy(document)
    for key in place[:-1]:
        inside = inside[key]
    inside[place[-1]] = value
    return copy


class TestDirectory:
    @given(octets=st.binary(max_size=200) | JSON.map(as_json))
    def test_anything_is_a_directory_or_refused_with_a_sentence(self, octets: bytes) -> None:
        """ATTACKS I01, I05."""
        check_directory(octets)

    @given(data=st.data())
    def test_a_right_one_with_a_value_exchanged_is_taken_or_refused_with_a_sentence(
        self, wire: Wire, data: st.DataObject
    ) -> None:
        """ATTACKS I01, I05."""
        document = wire.directory()
        place = data.draw(st.sampled_from(list(places(document))))
        check_directory(as_json(exchanged(document, place, data.draw(JSON))))

    @pytest.mark.parametrize("value", TELLING, ids=lambda value: repr(value)[:30])
    def test_a_telling_value_in_each_place_is_taken_or_refused_with_a_sentence(self, wire: Wire, value: Any) -> None:
        """ATTACKS I01, I05."""
        document = wire.directory()
        for place in places(document):
            check_directory(as_json(exchanged(document, place, value)))

    @pytest.mark.parametrize(
        "bomb", ["[" * 200_000, '{"a":' * 100_000, "9" * 1_000_000, '"' + "\\u0000" * 100_000 + '"']
    )
    def test_what_is_made_to_choke_a_reader_is_refused(self, bomb: str) -> None:
        """ATTACKS I05, I06."""
        check_directory(bomb.encode())
        check_directory(b'{"federation":"lab","members":' + bomb.encode() + b"}")


def varint(number: int) -> bytes:
    octets = b""
    while number > 0x7F:
        octets += bytes((number & 0x7F | 0x80,))
        number >>= 7
    return octets + bytes((number,))


def field(number: int, octets: bytes) -> bytes:
    """A length-delimited field."""
    return varint(number << 3 | 2) + varint(len(octets)) + octets


def nested(depth: int) -> bytes:
    octets = b""
    for _ in range(depth):
        octets = field(1, octets)
    return octets


# Each as large as gRPC lets through.
BOMBS: dict[str, bytes] = {
    "messages nested 10,000 deep": nested(10_000),
    "groups nested 10,000 deep": b"\x0b" * 10_000 + b"\x0c" * 10_000,
    "groups that never end": b"\x0b" * MAX_MESSAGE_OCTETS,
    "one field again and again": field(1, b"") * (MAX_MESSAGE_OCTETS // 2),
    "unknown fields, each with another number": b"".join(varint(number << 3) + b"\x01" for number in range(16, 60_000)),
    "a repeated field, packed": field(1, b"\x01" * (MAX_MESSAGE_OCTETS - 8)),
    "a repeated field, one by one": b"\x08\x01" * (MAX_MESSAGE_OCTETS // 2),
    "a length of four gigabytes": b"\x0a\xff\xff\xff\xff\x0f",
    "a length of minus one": b"\x0a" + b"\xff" * 9 + b"\x01",
    "a number of eleven octets": b"\x08" + b"\xff" * 10 + b"\x01",
    "text that is no UTF-8": field(1, field(1, b"\xc3\x28\xff" * 1000)),
    "an overlong NUL": field(1, field(1, b"\xc0\x80")),
    "a surrogate": field(1, field(1, b"\xed\xa0\x80")),
    "wire types that do not exist": b"\x0e\x0f" * (MAX_MESSAGE_OCTETS // 2),
    "field number 0": b"\x02\x00" * (MAX_MESSAGE_OCTETS // 2),
    "zeros": bytes(MAX_MESSAGE_OCTETS),
    "an envelope of everything": field(1, field(2, b"\x00" * (MAX_MESSAGE_OCTETS - 16))),
}


def test_protobuf_is_the_implementation_that_was_measured() -> None:
    """ATTACKS I02: another is twenty times slower, and refuses other things."""
    assert protobuf_backend.Type() == "upb"


@pytest.mark.parametrize("name", BOMBS)
def test_a_bomb_is_refused_soon(name: str, wire: Wire) -> None:
    """ATTACKS I02: by every form and both methods; the processor's time is what counts, not this machine's."""
    octets = BOMBS[name]
    assert len(octets) <= MAX_MESSAGE_OCTETS
    acts: list[Callable[[], object]] = [lambda form=form: check_form(form, octets) for form in FORMS]  # type: ignore[misc]
    acts += [lambda method=method: wire.respond(method, octets) for method in METHODS]  # type: ignore[misc]
    acts += [lambda: wire.respond_to_member(octets, b""), lambda: wire.believe(octets)]
    for act in acts:
        assert min(took(act) for _ in range(2)) < SOON_SECONDS


def took(act: Callable[[], object]) -> float:
    before = process_time()
    act()
    return process_time() - before


def test_all_bombs_together_take_little_room() -> None:
    """ATTACKS I02: in a process of its own, whose peak says what they took."""
    command = [sys.executable, "-m", "tests.federation.test_wire_fuzz"]
    done = subprocess.run(command, capture_output=True, text=True, check=True, cwd=Path(__file__).parents[2])
    assert int(done.stdout) < 16 * 1024


if __name__ == "__main__":
    check_form("Response", b"")
    before = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    for bomb in BOMBS.values():
        for form in FORMS:
            check_form(form, bomb)
    sys.stdout.write(str(resource.getrusage(resource.RUSAGE_SELF).ru_maxrss - before))
