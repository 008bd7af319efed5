"""What a Markdown page links to, and what can be linked to in it."""

from __future__ import annotations

import re
from collections.abc import Iterator
from pathlib import Path

_FENCED = re.compile(r"^```.*?^```", re.MULTILINE | re.DOTALL)
_CODE = re.compile(r"`[^`\n]*`")
_LINK = re.compile(r"!?\[[^\]]*\]\(([^)\s]+)\)")
_HEADING = re.compile(r"^#+ +(.*)$", re.MULTILINE)


def broken_links(page: Path) -> Iterator[str]:
    """Relative links of ``page`` that lead to no file, or to no heading of the file they name."""
    text = _CODE.sub("", _FENCED.sub("", page.read_text()))
    for target in _LINK.findall(text):
        if re.match(r"[a-z]+:", target):
            continue
        file, _, heading = target.partition("#")
        place = page.parent / file if file else page
        if not place.exists() or (heading and heading not in anchors(place.read_text())):
            yield target


def anchors(text: str) -> set[str]:
    """The fragment of each heading, as GitHub makes it."""
    found: set[str] = set()
    for heading in _HEADING.findall(_FENCED.sub("", text)):
        base = re.sub(r"[^\w\- ]", "", heading.strip().lower()).replace(" ", "-")
        again = 0
        anchor = base
        while anchor in found:
            again += 1
            anchor = f"{base}-{again}"
        found.add(anchor)
    return found
