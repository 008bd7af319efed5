from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from node.printable import escape, mask


@given(st.text())
def test_what_is_escaped_can_be_printed_on_one_line(text: str) -> None:
    assert len(escape(text).splitlines()) <= 1
    assert "\x1b" not in escape(text)


@given(st.text(alphabet="abcXYZ 0189.,-é中"))
def test_plain_text_stays_as_it_is(text: str) -> None:
    assert escape(text) == text


@pytest.mark.parametrize("number", ["N1234567", "123456789", "P1234567A", "A1B2C3D4E5", "n1234567", "L898902C3"])
def test_what_could_be_a_document_number_is_masked(number: str) -> None:
    assert mask(f"Got unexpected extra argument ({number})") == "Got unexpected extra argument (#)"


@pytest.mark.parametrize("text", ["see line 1234", "port 7443", "2026-11-22", "NZL", "No such option: --foo"])
def test_what_could_not_be_one_is_not(text: str) -> None:
    assert mask(text) == text
