"""The supervisor's job that takes up what changed: peers follow, and what cannot be taken up is said once."""

from __future__ import annotations

import asyncio
from types import SimpleNamespace
from typing import cast

import pytest

from node.errors import OperatorError
from node.jobs import renew_trust
from node.jobs.surroundings import Surroundings

DAMAGED = OperatorError("TRUST_FLOOR_DAMAGED", "The floor is damaged; restore it.")
POLICY = OperatorError("POLICY_DAMAGED", "grants.json is damaged; restore it.")


class Office:
    """A node whose next renewals a test names, and what came of them."""

    def __init__(self, *outcomes: bool | OperatorError) -> None:
        self._outcomes = list(outcomes)
        self.policy_problem: OperatorError | None = None
        self.said: list[str] = []
        self.taken_up = 0
        self._told = renew_trust.Told()

    def renew_trust(self) -> bool:
        outcome = self._outcomes.pop(0)
        if isinstance(outcome, OperatorError):
            raise outcome
        return outcome

    def take_up(self, directory: object) -> None:
        del directory
        self.taken_up += 1

    def run(self, times: int) -> list[str]:
        log = SimpleNamespace(
            info=lambda event, **_: self.said.append(event), error=lambda _, code, message: self.said.append(code)
        )
        node = SimpleNamespace(renew_trust=self.renew_trust, trusted=self, directory=SimpleNamespace(charter_version=1))
        around = cast(Surroundings, SimpleNamespace(node=node, peers=self, log=log))

        async def steps() -> None:
            for _ in range(times):
                await renew_trust.renew(around, self._told)

        asyncio.run(steps())
        return self.said


def test_a_change_is_said_and_peers_follow() -> None:
    office = Office(False, True, False)
    assert office.run(3) == ["trust documents taken up"]
    assert office.taken_up == 3


def test_what_cannot_be_taken_up_is_said_once_and_again_when_it_comes_back() -> None:
    office = Office(DAMAGED, DAMAGED, True, DAMAGED)
    assert office.run(4) == ["TRUST_FLOOR_DAMAGED", "trust documents taken up", "TRUST_FLOOR_DAMAGED"]


def test_a_policy_that_is_damaged_is_said_while_documents_are_taken_up() -> None:
    office = Office(True, True)
    office.policy_problem = POLICY
    assert office.run(2) == ["trust documents taken up", "POLICY_DAMAGED", "trust documents taken up"]


def test_peers_that_could_not_follow_do_so_the_next_time(monkeypatch: pytest.MonkeyPatch) -> None:
    office = Office(True, False)
    with monkeypatch.context() as patch:
        patch.setattr(office, "take_up", lambda _: (_ for _ in ()).throw(RuntimeError))
        with pytest.raises(RuntimeError):
            office.run(1)
    office.run(1)
    assert office.taken_up == 1
