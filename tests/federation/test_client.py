"""One node of a peer as the asker holds it: what is put again after a loss, and over which connection."""

from __future__ import annotations

import asyncio
from dataclasses import replace

from federation.channel import PeerUnreachable
from federation.exchange import Answer, Sent
from federation.status import Purpose
from federation.verdict import Verdict
from tests.caller import question
from tests.fake_lists import passport
from tests.world import Carriage, Deliver, Link, World


class BrokenConnection:
    """The connection in use breaks, and so do the next few: what is on them is lost, and whatever else is sent."""

    def __init__(self, link: Link, more: int = 0) -> None:
        self._last_broken = link._connection + more

    async def __call__(self, carriage: Carriage, deliver: Deliver) -> bytes:
        if carriage.link._connection <= self._last_broken:
            await asyncio.sleep(0.001)  # so that all who use it are on their way
            raise PeerUnreachable("UNAVAILABLE: Stream removed")
        return await deliver(carriage.data)


def test_a_question_lost_with_its_connection_is_put_again_over_a_fresh_one(world: World) -> None:
    """ATTACKS J06: the old connection may take a while to notice that it is gone, and lose the second one as well."""
    world.aus.register.issue(passport("AUS"))
    assert world.ask("NZL", passport("AUS")).judgement.verdict is Verdict.CLEAR
    link = world.nzl.links["AUS"]
    link.faults.append(BrokenConnection(link))
    assert world.ask("NZL", passport("AUS")).judgement.verdict is Verdict.CLEAR


def test_a_fresh_connection_that_meets_the_end_of_a_worker_is_replaced_once(world: World) -> None:
    """ATTACKS B09: a worker that is killed takes connections for a moment longer, and answers nobody."""
    world.aus.register.issue(passport("AUS"))
    world.ask("NZL", passport("AUS"))
    link = world.nzl.links["AUS"]
    link.faults.append(BrokenConnection(link, more=1))
    assert world.ask("NZL", passport("AUS")).judgement.verdict is Verdict.CLEAR
    link.faults.append(BrokenConnection(link, more=2))
    assert world.ask("NZL", passport("AUS")).judgement.verdict is Verdict.NO_ANSWER


def test_questions_lost_with_one_connection_replace_it_once(world: World) -> None:
    """Else the second to notice would take the fresh connection away from the first."""
    client, link = world.nzl.clients["AUS"], world.nzl.links["AUS"]

    async def ask(place: int) -> tuple[Answer, Sent]:
        deadline = world.loop.time() + 3
        return await client.ask([question(place=place)], Purpose.BORDER_ENTRY, deadline, lambda sent: None)

    async def ask_all() -> None:
        await asyncio.gather(*(ask(place) for place in range(5)))

    world.run(ask_all())
    before = link._connection
    link.faults.append(BrokenConnection(link))
    world.run(ask_all())
    assert link._connection == before + 1
    link.faults.append(BrokenConnection(link, more=1))
    world.run(ask_all())
    assert link._connection == before + 3


def test_a_session_with_one_that_holds_other_trust_documents_is_a_hint_to_fetch_them(world: World) -> None:
    world.ask("NZL", passport("AUS"))
    client = world.nzl.clients["AUS"]
    assert not client.holds_others
    world.aus.trust.adopt(replace(world.aus.trust.directory, others_digest=b"\x01" * 32))
    world.ask("NZL", passport("AUS"))
    assert not client.holds_others  # a lookup's answer does not say what its responder holds
    world.aus.restart()
    world.ask("NZL", passport("AUS"))
    assert client.holds_others


def test_one_that_has_a_newer_charter_is_a_hint_to_fetch_it(world: World) -> None:
    world.ask("NZL", passport("AUS"))
    client = world.nzl.clients["AUS"]
    world.aus.trust.adopt(replace(world.aus.trust.directory, charter_version=2))
    world.ask("NZL", passport("AUS"))
    assert client.holds_others
    client.holds_others = False
    world.aus.restart()
    world.ask("NZL", passport("AUS"))
    assert client.holds_others
