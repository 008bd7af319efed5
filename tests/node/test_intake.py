"""Changes by way of a running node, or past one that is down, and what is said when nothing is known of them."""

from __future__ import annotations

import io
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest

from federation.documents import ListName
from node import importing
from node.acceptance import ImportRequest
from node.cli import main
from node.clock import Clock
from node.errors import NodeDown, OperatorError, OutcomeUnknown
from node.intake import Intake
from node.layout import Layout
from node.lock import NodeLock
from node.records import RecordChange
from tests.node.passport_office import PassportOffice, as_csv, at, reported

CHANGE = [RecordChange("reported", "add", "main", reported("QZX000001", "P-1"))]
SILENT = NodeDown("NODE_DOWN", "It did not answer in time.")
BROKEN = NodeDown("DESK_FAULT", "The node failed on this request (INTERNAL); its log says more.")


class Waiting(Clock):
    """Time passes when somebody waits for it."""

    waited = 0.0

    def monotonic(self) -> float:
        return self.waited

    def pause(self, seconds: float) -> None:
        self.waited += seconds


class Desk:
    """A desk that says what it is told to, one answer a call; the last one again and again."""

    def __init__(self, clock: Waiting, *answers: Callable[[str], dict[str, Any]] | NodeDown, takes: float = 0) -> None:
        self.clock, self.takes = clock, takes
        self.answers = list(answers)
        self.asked = 0

    def put_records(self, changes: list[RecordChange]) -> dict[str, Any]:
        del changes
        return self.adopt_import("")

    def adopt_import(self, staged: str) -> dict[str, Any]:
        self.asked += 1
        self.clock.waited += self.takes
        answer = self.answers.pop(0) if len(self.answers) > 1 else self.answers[0]
        if isinstance(answer, NodeDown):
            raise answer
        return answer(staged)


class Home:
    """A node's directory, and an intake into it."""

    def __init__(self, root: Path) -> None:
        (root / "run").mkdir()
        self.layout = Layout(root, root / "run" / "desk.sock", root / "store", root / "pepper")
        self.office = PassportOffice(root / "store")
        self.clock = Waiting()
        self.intake = Intake(self.layout, self.office.register, self.clock)

    @contextmanager
    def running(self, monkeypatch: pytest.MonkeyPatch, desk: Desk) -> Iterator[None]:
        @contextmanager
        def connect(_path: Path) -> Iterator[Desk]:
            yield desk

        monkeypatch.setattr("node.intake.connect", connect)
        with NodeLock(self.layout.run / "lock"):
            yield


@pytest.fixture
def home(tmp_path: Path) -> Iterator[Home]:
    home = Home(tmp_path)
    yield home
    home.office.close()


def told(_staged: str) -> dict[str, Any]:
    return {"refused": None, "rejected": 0}


@pytest.mark.parametrize("takes", [0.1, 600])
def test_an_answer_that_got_lost_is_asked_for_once_more(
    home: Home, monkeypatch: pytest.MonkeyPatch, takes: float
) -> None:
    desk = Desk(home.clock, SILENT, told, takes=takes)
    with home.running(monkeypatch, desk):
        assert home.intake.put(CHANGE).document["served"]
    assert desk.asked == 2


def test_an_import_whose_answer_got_lost_is_taken_once(home: Home, monkeypatch: pytest.MonkeyPatch) -> None:
    office = home.office

    def adopted(staged: str) -> dict[str, Any]:
        return importing.adopt(office.register, office.writer, staged, office.now).document

    def unheard(staged: str) -> dict[str, Any]:
        adopted(staged)
        raise SILENT

    request = ImportRequest(ListName.REPORTED, full=True, as_of=at(1))
    with home.running(monkeypatch, Desk(home.clock, unheard, adopted)):
        outcome = home.intake.take(request, io.BytesIO(as_csv([reported("QZX000001", "P-1")])), lambda _octets: None)
    assert (outcome.exit_code, outcome.document["changed"]) == (0, 1)
    assert office.on_list("QZX000001")


def test_a_node_that_never_says_is_not_said_to_have_refused(
    home: Home, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    """Whoever reads "nothing was changed" tells nobody, and the theft is on the list or is not."""
    desk = Desk(home.clock, SILENT, takes=600)
    with home.running(monkeypatch, desk), pytest.raises(OutcomeUnknown, match="may have been taken") as caught:
        home.intake.put(CHANGE)
    assert desk.asked == 2
    assert main._fail(caught.value, as_json=False) == 1
    assert "[OUTCOME_UNKNOWN]" in capsys.readouterr().err


def test_a_node_that_failed_half_way_is_not_said_to_have_refused(home: Home, monkeypatch: pytest.MonkeyPatch) -> None:
    desk = Desk(home.clock, BROKEN)
    with home.running(monkeypatch, desk), pytest.raises(OutcomeUnknown, match="its log says more"):
        home.intake.put(CHANGE)
    assert desk.asked == 1


def test_a_node_that_is_starting_and_was_never_asked_has_refused(home: Home) -> None:
    with NodeLock(home.layout.run / "lock"), pytest.raises(OperatorError, match="Another process runs") as caught:
        home.intake.put(CHANGE)
    assert caught.value.code == "NODE_RUNNING"


def test_with_the_node_down_the_command_writes_itself(home: Home) -> None:
    home.office.writer.close()
    outcome = home.intake.put(CHANGE)
    assert (outcome.exit_code, outcome.document["served"]) == (0, False)
    home.office.reopen()
    assert home.office.on_list("QZX000001")
