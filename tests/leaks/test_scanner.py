from __future__ import annotations

import base64
from pathlib import Path

import pytest

from tests.leaks.markers import COUNT, marker_numbers
from tests.leaks.scanner import Scanner

NUMBER = marker_numbers()[0]
FORMS = {
    "raw": NUMBER.encode(),
    "lower case": NUMBER.lower().encode(),
    "reversed": NUMBER[::-1].encode(),
    "hexadecimal": NUMBER.encode().hex().encode(),
    "hexadecimal in capitals": NUMBER.encode().hex().upper().encode(),
    "hexadecimal, reversed": NUMBER[::-1].encode().hex().encode(),
    "UTF-16": NUMBER.encode("utf-16-le"),
    "base64": base64.b64encode(NUMBER.encode()),
    "base64, one octet in": base64.b64encode(b"x" + NUMBER.encode() + b"yz"),
    "base64, two octets in": base64.b64encode(b"xy" + NUMBER.lower().encode() + b"z"),
    "base64 for addresses": base64.urlsafe_b64encode(b"\xff\xfe" + NUMBER.encode()),
}


@pytest.fixture(scope="module")
def scanner() -> Scanner:
    return Scanner(marker_numbers())


def test_there_are_200_markers_and_they_stay_the_same() -> None:
    assert len(set(marker_numbers())) == COUNT
    assert marker_numbers()[0] == "QZX971472"


@pytest.mark.parametrize("form", FORMS)
def test_a_number_is_found_in_each_form_at_its_offset(scanner: Scanner, tmp_path: Path, form: str) -> None:
    """N08: raw, base64, hexadecimal and reversed, in either case."""
    lead = b"\x00\xff" * 1_000
    planted = tmp_path / "input" / "planted.log"
    planted.parent.mkdir()
    planted.write_bytes(lead + FORMS[form] + lead)
    (leak,) = scanner.scan_file(planted)
    assert leak.where == str(planted)
    assert len(lead) <= leak.offset < len(lead) + len(FORMS[form])
    assert NUMBER not in str(leak)


def test_every_marker_is_found(scanner: Scanner) -> None:
    assert len(list(scanner.scan_bytes("<".join(marker_numbers()).encode(), "here"))) == COUNT


def test_a_number_that_begins_like_a_longer_one_is_found_too() -> None:
    scanner = Scanner(["N1234567", "N123456"])
    assert len(list(scanner.scan_bytes(b"N1234567 N123456 N12345", "here"))) == 2


def test_other_numbers_and_random_octets_are_no_leak(scanner: Scanner) -> None:
    noise = b"QZX 971472 QZX97147 LA123456 " + bytes(range(256)) * 100
    assert list(scanner.scan_bytes(noise, "here")) == []


def test_input_is_not_searched_and_everything_else_is(scanner: Scanner, tmp_path: Path) -> None:
    root = tmp_path / "input"  # so that the search after this very run passes over what is planted here
    for place in ("t/input/full.csv", "t/specimens.json", "t/store/wal", "t/node.log"):
        (root / place).parent.mkdir(parents=True, exist_ok=True)
        (root / place).write_text(f"<{NUMBER}>")
    (root / "t" / f"reject-{NUMBER}").touch()
    (root / "t" / "empty").touch()
    (root / "t" / "node.log").chmod(0)
    (root / "t" / "link").symlink_to(root / "t" / "input" / "full.csv")
    found = [leak.where.removeprefix(str(root)) for leak in scanner.scan_tree(root)]
    assert found == ["/t/node.log", f"the name of {root}/t/...", "/t/store/wal"]
