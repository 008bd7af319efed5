"""What is installed is named by hash, the same version everywhere, from no index that only one machine knows."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

LOCKS = sorted((Path(__file__).parents[2] / "requirements").glob("*.lock"))
PIN = re.compile(r"^([a-z0-9._-]+)==([^ ;\\]+)", re.MULTILINE)


def _pins(lock: Path) -> dict[str, str]:
    return dict(PIN.findall(lock.read_text()))


def _by_name(name: str) -> dict[str, str]:
    return _pins(next(lock for lock in LOCKS if lock.stem == name))


@pytest.mark.parametrize("lock", LOCKS, ids=lambda lock: lock.name)
def test_every_package_of_a_lock_has_a_hash_and_nothing_else_stands_in_it(lock: Path) -> None:
    """P01; and an index or a path would name the machine that wrote the lock."""
    for requirement in re.split(r"(?m)^(?=\S)", lock.read_text())[1:]:
        first, *rest = requirement.replace("\\\n", "\n").splitlines()
        assert PIN.match(first), first
        assert rest, first
        assert all(re.fullmatch(r"    --hash=sha256:[0-9a-f]{64} *", line) for line in rest), first


def test_all_locks_agree_on_every_version() -> None:
    """Or installing one after the other into the same environment would move packages back and forth."""
    versions: dict[str, set[str]] = {}
    for lock in LOCKS:
        for name, version in _pins(lock).items():
            versions.setdefault(name, set()).add(version)
    assert {name: found for name, found in versions.items() if len(found) > 1} == {}


def test_the_dev_lock_holds_all_of_the_runtime_and_the_build_lock() -> None:
    """So that `make demo` after `make test` has nothing to install."""
    assert (_by_name("runtime") | _by_name("build")).items() <= _by_name("dev").items()
