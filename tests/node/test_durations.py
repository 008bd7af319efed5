from __future__ import annotations

from datetime import timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from node import durations


@pytest.mark.parametrize(
    ("text", "seconds"), [("500ms", 0.5), ("3s", 3), ("10m", 600), ("48h", 172_800), ("8d", 691_200), (" 3s ", 3)]
)
def test_a_length_of_time_is_a_whole_number_and_a_unit(text: str, seconds: float) -> None:
    assert durations.parse(text) == timedelta(seconds=seconds)


@pytest.mark.parametrize(
    "text", ["", "3", "s", "-3s", "+3s", "3 s", "1.5h", "3S", "3sec", "٣s", "1h30m", "9" * 12 + "d"]
)
def test_anything_else_is_refused(text: str) -> None:
    with pytest.raises(ValueError, match="a length of time is"):
        durations.parse(text)


@pytest.mark.parametrize(("text", "seconds"), [("+10m", 600), ("-90s", -90), ("10m", 600)])
def test_an_offset_may_have_a_sign(text: str, seconds: int) -> None:
    assert durations.parse_signed(text) == timedelta(seconds=seconds)


@pytest.mark.parametrize("text", ["++1s", "+-1s", "+"])
def test_an_offset_has_one_sign_at_most(text: str) -> None:
    with pytest.raises(ValueError, match="a length of time is"):
        durations.parse_signed(text)


@given(st.integers(min_value=0, max_value=10**9))
def test_what_is_rendered_is_read_back(milliseconds: int) -> None:
    length = timedelta(milliseconds=milliseconds)
    assert durations.parse(durations.render(length)) == length


@pytest.mark.parametrize(
    ("seconds", "said"),
    [(-5, "0s"), (50, "50s"), (119, "119s"), (120, "2m"), (659, "10m"), (7199, "119m"), (7200, "2h"), (172800, "2d")],
)
def test_an_age_is_as_precise_as_it_matters(seconds: int, said: str) -> None:
    assert durations.render_age(timedelta(seconds=seconds)) == said
