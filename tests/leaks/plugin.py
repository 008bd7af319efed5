"""After a run: no document number in anything it left behind (ATTACKS N08).

Tests take their document numbers from the fixture ``markers``. When the last test is over, whatever the run left in
pytest's temporary directory (stores, spools, logs, write-ahead logs, configuration) and whatever it printed is searched
for them; finding one fails the run and names the file and the offset. What goes in (import files, manifests) belongs in
a directory named ``input`` and is not searched.

The run's default temporary directory is moved below pytest's, so that what the code under test leaves in it is seen.
"""

from __future__ import annotations

import os
import tempfile
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.leaks.markers import marker_numbers
from tests.leaks.scanner import Leak, Scanner

_SHOWN = 50
_SEARCH: pytest.StashKey[_Search] = pytest.StashKey()


class _Search:
    def __init__(self) -> None:
        self.root: Path | None = None
        self.scanner = Scanner(marker_numbers())
        self.printed: list[Leak] = []

    def pytest_runtest_logreport(self, report: pytest.TestReport) -> None:
        for title, text in report.sections:
            if title.startswith("Captured log"):  # pytest's own copy, made before node/logs.py masks; see stderr
                continue
            where = f"{title} of {report.nodeid}"
            self.printed.extend(self.scanner.scan_bytes(text.encode(errors="replace"), where))

    def leaks(self) -> list[Leak]:
        left_behind = self.scanner.scan_tree(self.root) if self.root else ()
        return [*self.printed, *left_behind]


def pytest_configure(config: pytest.Config) -> None:
    config.stash[_SEARCH] = search = _Search()
    config.pluginmanager.register(search, "leak-search")


@pytest.fixture(scope="session")
def markers() -> tuple[str, ...]:
    """200 document numbers to test with; none may be found in what the run leaves behind."""
    return marker_numbers()


@pytest.fixture(scope="session", autouse=True)
def _searched(tmp_path_factory: pytest.TempPathFactory, request: pytest.FixtureRequest) -> Iterator[None]:
    root = tmp_path_factory.getbasetemp()
    request.config.stash[_SEARCH].root = root
    scratch = root / "tmp"
    scratch.mkdir(exist_ok=True)
    with pytest.MonkeyPatch.context() as patch:
        patch.setitem(os.environ, "TMPDIR", str(scratch))
        patch.setattr(tempfile, "tempdir", str(scratch))
        yield


# First, so that the verdict is in before the terminal counts; by then the last fixture has been torn down.
@pytest.hookimpl(tryfirst=True)
def pytest_sessionfinish(session: pytest.Session) -> None:
    leaks = session.config.stash[_SEARCH].leaks()
    if not leaks:
        return
    lines = [str(leak) for leak in leaks[:_SHOWN]]
    if len(leaks) > _SHOWN:
        lines.append(f"and {len(leaks) - _SHOWN} more")
    _add_error(session.config, "\n".join(lines))
    session.exitstatus = pytest.ExitCode.TESTS_FAILED


def _add_error(config: pytest.Config, text: str) -> None:
    """An error of no test: counted in the closing line, shown among the errors."""
    report = pytest.TestReport(
        nodeid="leak scan",
        location=("tests/leaks/plugin.py", None, "what the run left behind (N08)"),
        keywords={},
        outcome="failed",
        longrepr=text,
        when="teardown",
    )
    terminal = config.pluginmanager.get_plugin("terminalreporter")
    if terminal is not None:
        terminal.stats.setdefault("error", []).append(report)
