"""The asking half of a lab's node in the test's own process, put together as its supervisor does."""

from __future__ import annotations

import asyncio
from contextlib import ExitStack
from dataclasses import replace
from pathlib import Path
from typing import Any

from node import app
from node.asking import Asker, Enquiry, Result, Rules
from node.responders import Ages, Peer
from node.spool import Spool
from node.state import State
from tests.foreign_node import ForeignNode, handed_over


def ask_at(asking: ForeignNode, economy: str, port: int, specimen: dict[str, Any], scratch: Path) -> Result:
    """What a border is told about a specimen when the economy's port is said to be ``port`` of this machine."""
    node = asking.node
    member = node.directory.members[economy]
    moved = replace(member, nodes=tuple(replace(one, addresses=(f"127.0.0.1:{port}",)) for one in member.nodes))

    async def ask() -> Result:
        clients = app.build_clients(node, moved, lambda name, up, why: None)
        peer = Peer(economy, clients, Ages(), state, spool, node.clock)
        asker = Asker(node.trust, {economy: peer}, Rules(node.economy), spool, node.clock, print)
        try:
            return (await asker.ask(Enquiry((handed_over(specimen),))))[0]
        finally:
            for client in clients:
                await client.close()

    with ExitStack() as stack:
        state = State(scratch / "state.db")
        stack.callback(state.close)
        spool = Spool(scratch / "desk", 4096)
        stack.callback(spool.close)
        return asyncio.run(ask())
