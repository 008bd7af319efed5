"""Whatever is thrown at the parsers of documents: a typed refusal or a value, soon, and nothing repeated."""

import random
from collections.abc import Callable
from contextlib import suppress
from time import perf_counter

import pytest
from hypothesis import given
from hypothesis import strategies as st

from federation import documents
from federation.dates import check_birth_characters, check_expiry_characters
from federation.errors import InvalidDirectory, InvalidDocument
from federation.mrz import encode, parse
from federation.routes import Route, RouteTable
from tests.federation.mrz_zones import PRINTED

TEXT_RULES: list[Callable[[str], object]] = [
    documents.normalise_number,
    documents.normalise_state,
    documents.normalise_class,
    documents.birth_characters,
    documents.expiry_characters,
    check_birth_characters,
    check_expiry_characters,
]
ANY_TEXT = st.one_of(st.text(max_size=60), st.binary(max_size=60).map(lambda octets: octets.decode("latin-1")))


def refused_or_taken(rule: Callable[[], object]) -> InvalidDocument | None:
    try:
        rule()
    except InvalidDocument as error:
        return error
    return None


@given(ANY_TEXT)
def test_any_text_is_taken_or_refused_with_a_code_and_a_sentence(text: str) -> None:
    """ATTACKS I01, I05: no other exception, whatever the text."""
    for rule in TEXT_RULES:
        error = refused_or_taken(lambda rule=rule: rule(text))  # type: ignore[misc]
        if error is not None:
            assert error.code.isupper()
            assert error.message.endswith(".")


@given(st.lists(ANY_TEXT, max_size=4))
def test_any_lines_are_a_zone_or_refused(lines: list[str]) -> None:
    """ATTACKS I01, I08."""
    error = refused_or_taken(lambda: parse(lines))
    if error is None:
        assert encode(parse(lines)) == tuple(line.rstrip() for line in lines)


def test_a_hundred_changes_to_each_printed_zone_are_zones_or_refused() -> None:
    """ATTACKS I01, I08: the shapes are right, the characters are not."""
    chance = random.Random(9303)
    alphabet = "<<<<0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZ"
    for lines in PRINTED.values():
        for _ in range(100):
            changed = [list(line) for line in lines]
            for _ in range(chance.randint(1, 12)):
                row = chance.choice(changed)
                row[chance.randrange(len(row))] = chance.choice(alphabet)
            zone = tuple("".join(row) for row in changed)
            if refused_or_taken(lambda zone=zone: parse(zone)) is None:  # type: ignore[misc]
                assert encode(parse(zone)) == zone


@given(st.text(max_size=30), st.text(max_size=4), st.text(max_size=4))
def test_any_route_is_taken_or_refused(pattern: str, state: str, economy: str) -> None:
    """ATTACKS I01."""
    with suppress(InvalidDirectory):
        RouteTable([Route(state, documents.DocumentClass.P, pattern, economy)])


@pytest.mark.parametrize("character", ["<", "A", "0", " ", "\u0410", "\x00"])
def test_a_megabyte_of_anything_is_answered_at_once(character: str) -> None:
    """ATTACKS I01: linear, and a second is twenty times what it takes."""
    text = character * 1_000_000
    started = perf_counter()
    for rule in TEXT_RULES:
        refused_or_taken(lambda rule=rule: rule(text))  # type: ignore[misc]
    refused_or_taken(lambda: parse([text, text]))
    refused_or_taken(lambda: parse([text[:44]] * 100_000))
    assert perf_counter() - started < 1.0
