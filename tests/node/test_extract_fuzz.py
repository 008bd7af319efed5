"""Whatever is in a file: a typed refusal of it or of its lines, soon, and nothing quoted (make fuzz goes on from here)."""

from __future__ import annotations

import random
from time import perf_counter

import pytest
from hypothesis import given
from hypothesis import strategies as st

from federation.documents import ListName
from node.extracts.framing import LINE_MAX
from node.store.ports import KeyedLine
from tests.extract_targets import EXAMPLES, check_extract, edited, every_way

LISTS = {"issued": ListName.ISSUED}


@pytest.mark.parametrize("name", EXAMPLES)
def test_the_files_that_are_edited_are_right(name: str) -> None:
    """Or the edits would try nothing but the first check."""
    reading = check_extract(EXAMPLES[name], LISTS.get(name, ListName.REPORTED), delta=name == "delta")
    assert reading.refused is None
    assert all(isinstance(line, KeyedLine) for line in reading.lines)


@given(st.binary(max_size=400))
def test_any_octets_are_lines_or_typed_refusals(octets: bytes) -> None:
    """I01, I12."""
    every_way(octets)


@pytest.mark.parametrize("name", EXAMPLES)
def test_a_thousand_edits_to_each_form_are_lines_or_typed_refusals(name: str) -> None:
    """I01, I12: the form is right, an octet here and there is not."""
    chance = random.Random(2026)
    codes: set[str] = set()
    for _ in range(1_000):
        reading = check_extract(
            edited(EXAMPLES[name], chance.randbytes(4 * chance.choice([1, 1, 2, 8]))),
            LISTS.get(name, ListName.REPORTED),
            delta=name == "delta",
        )
        codes.update(line if isinstance(line, str) else "taken" for line in reading.lines)
        codes.add(reading.refused or "")
    assert {"taken", ""} < codes
    assert len(codes) > 8, codes


@pytest.mark.parametrize("octet", [b"\n", b"\r", b",", b'"', b"{", b"[", b"0", b"\x00", b"\xff", b"<"])
def test_a_megabyte_of_anything_is_read_at_once(octet: bytes) -> None:
    """I01: linear, and a few seconds are twenty times what it takes."""
    started = perf_counter()
    for example in EXAMPLES.values():
        every_way(example + octet * 1_000_000)
        every_way(example[:40] + octet * (LINE_MAX + 1) + example[40:])
    assert perf_counter() - started < 10
