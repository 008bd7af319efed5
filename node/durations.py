"""Lengths of time as people write them: `500ms`, `3s`, `10m`, `48h`, `8d`."""

from __future__ import annotations

import re
from datetime import timedelta

_UNITS = {
    "ms": timedelta(milliseconds=1),
    "s": timedelta(seconds=1),
    "m": timedelta(minutes=1),
    "h": timedelta(hours=1),
    "d": timedelta(days=1),
}
_FORM = re.compile(r"([0-9]{1,9})(ms|s|m|h|d)", re.ASCII)


def parse(text: str) -> timedelta:
    """Read one length of time. Raises ValueError with a sentence when it is not a whole number and a unit."""
    found = _FORM.fullmatch(text.strip())
    if not found:
        raise ValueError("a length of time is a whole number and a unit: 500ms, 3s, 10m, 48h or 8d")
    return int(found[1]) * _UNITS[found[2]]


def parse_signed(text: str) -> timedelta:
    """As ``parse``, with a sign before it: `+10m`, `-90s`; without a sign it is ahead. Raises ValueError."""
    text = text.strip()
    length = parse(text[1:] if text[:1] in ("+", "-") else text)
    return -length if text.startswith("-") else length


def render(length: timedelta) -> str:
    """The shortest form ``parse`` reads back; anything below a millisecond is dropped."""
    milliseconds = length // timedelta(milliseconds=1)
    for unit in ("d", "h", "m", "s"):
        in_unit = _UNITS[unit] // timedelta(milliseconds=1)
        if milliseconds and milliseconds % in_unit == 0:
            return f"{milliseconds // in_unit}{unit}"
    return f"{milliseconds}ms" if milliseconds else "0s"


def render_age(age: timedelta) -> str:
    """An age as precisely as it matters: whole seconds below two minutes, then whole minutes, from two hours on hours.

    An age below zero, of a clock that is a little behind, is 0s.
    """
    age = max(age, timedelta(0))
    step = "s" if age < timedelta(minutes=2) else "m" if age < timedelta(hours=2) else "h"
    return render(age // _UNITS[step] * _UNITS[step])
