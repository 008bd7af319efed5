"""Makes the last line of a run say what it left out and why, so that nothing is skipped in silence."""

from __future__ import annotations

from collections.abc import Iterable, Sequence

import pytest

_RUN: pytest.StashKey[_LeftOut] = pytest.StashKey()


class _LeftOut:
    def __init__(self) -> None:
        self.skipped: list[tuple[str, str]] = []
        self.soak = 0
        self.other = 0

    def pytest_deselected(self, items: Sequence[pytest.Item]) -> None:
        soak = sum(1 for item in items if item.get_closest_marker("soak"))
        self.soak += soak
        self.other += len(items) - soak

    def pytest_runtest_logreport(self, report: pytest.TestReport) -> None:
        if report.skipped and not hasattr(report, "wasxfail"):
            self.skipped.append((report.nodeid, _reason(report.longrepr)))

    def pytest_collectreport(self, report: pytest.CollectReport) -> None:
        if report.skipped:
            self.skipped.append((report.nodeid, _reason(report.longrepr)))


def pytest_configure(config: pytest.Config) -> None:
    config.stash[_RUN] = left_out = _LeftOut()
    config.pluginmanager.register(left_out, "left-out")


@pytest.hookimpl(trylast=True)
def pytest_unconfigure(config: pytest.Config) -> None:
    left_out = config.stash[_RUN]
    print(closing_line(left_out.skipped, left_out.soak, left_out.other))  # noqa: T201  this is the runner's own output


def closing_line(skipped: Iterable[tuple[str, str]], soak: int, other: int) -> str:
    """``skipped: none``, or each reason with the tests it kept from running."""
    by_reason: dict[str, list[str]] = {}
    for test, reason in skipped:
        by_reason.setdefault(reason, []).append(test)
    parts = [f"{', '.join(tests)} ({reason})" for reason, tests in by_reason.items()]
    if soak:
        parts.append(f"{soak} soak tests (minutes to hours each: make soak)")
    if other:
        parts.append(f"{other} tests (not selected on the command line)")
    return "skipped: " + ("; ".join(parts) or "none")


def _reason(longrepr: object) -> str:
    text = str(longrepr[2]) if isinstance(longrepr, tuple) else str(longrepr)
    return " ".join(text.removeprefix("Skipped: ").split())
