"""One client process of `bench/lookup.py`: holds its channels and runs rounds it is told over standard input.

``python bench/load_client.py HOME LOOKUP_ADDRESS ECHO_ADDRESS CHANNELS IN_FLIGHT``. A line ``echo SECONDS`` or
``lookup SECONDS`` runs one round; the answer is one JSON line: calls, seconds, and latencies in microseconds. With 0
seconds it connects all channels anew, and says ``connected``.
"""

from __future__ import annotations

import asyncio
import json
import sys
import time
from collections.abc import Awaitable, Callable
from pathlib import Path

from federation.channel import ChannelKeys, GrpcChannel
from federation.client import PeerClient, Surroundings
from federation.directory import Node
from federation.documents import Kind, travel_document
from federation.lookup import LOOKUP_METHOD, Question
from federation.status import Purpose
from node import app, config

DEADLINE_SECONDS = 10.0
REQUEST_OCTETS = 620


def _node(name: str, home: Path, address: str) -> tuple[Node, ChannelKeys, app.Node]:
    node = app.load_node(home, config.load(home))
    member = node.directory.members[name]
    from cryptography.hazmat.primitives.serialization import Encoding  # noqa: PLC0415

    cas = b"".join(ca.public_bytes(Encoding.PEM) for ca in member.cas)
    return (
        Node(member.nodes[0].name, frozenset({"answer"}), (address,)),
        ChannelKeys(node.tls_key, node.tls_chain, cas),
        node,
    )


def _questions(count: int = 512) -> list[Question]:
    return [
        Question(
            int(Kind.REPORTED | Kind.ISSUED | Kind.ISSUED_DATES),
            travel_document("AUS", "P", f"N{place:07d}"),
            "600412",
            "310101",
        )
        for place in range(count)
    ]


async def _round(work: Callable[[int], Awaitable[None]], in_flight: int, seconds: float) -> dict[str, object]:
    end = time.perf_counter() + seconds
    latencies: list[float] = []

    async def lane(number: int) -> None:
        while (started := time.perf_counter()) < end:
            await work(number)
            latencies.append(time.perf_counter() - started)

    began = time.perf_counter()
    await asyncio.gather(*(lane(number) for number in range(in_flight)))
    return {
        "calls": len(latencies),
        "seconds": time.perf_counter() - began,
        "latencies_us": sorted(round(latency * 1e6) for latency in latencies),
    }


async def _main() -> None:
    home, lookup_address, echo_address = Path(sys.argv[1]), sys.argv[2], sys.argv[3]
    channels, in_flight = int(sys.argv[4]), int(sys.argv[5])
    target, keys, node = _node("AUS", home, lookup_address)
    echo_target, _, _ = _node("AUS", home, echo_address)
    around = Surroundings(node.clock.instant, node.clock.random, lambda *_: None)

    def new_client() -> PeerClient:
        return PeerClient(target.name.uri, GrpcChannel(target, keys), node.identity, node.trust, around)

    clients = [new_client() for _ in range(channels)]
    echoes = [GrpcChannel(echo_target, keys) for _ in range(channels)]
    loop = asyncio.get_running_loop()
    questions, payload = _questions(), bytes(REQUEST_OCTETS)
    turn = 0

    async def lookup(lane: int) -> None:
        nonlocal turn
        turn += 1
        question = questions[turn % len(questions)]
        await clients[lane % channels].ask(
            [question], Purpose.BORDER_ENTRY, loop.time() + DEADLINE_SECONDS, lambda _: None
        )

    async def echo(lane: int) -> None:
        await echoes[lane % channels].call(LOOKUP_METHOD, payload, loop.time() + DEADLINE_SECONDS)

    async def fresh_lookup(lane: int) -> None:
        await clients[lane].close()
        clients[lane] = new_client()
        await lookup(lane)

    async def fresh_echo(lane: int) -> None:
        await echoes[lane].close()
        echoes[lane] = GrpcChannel(echo_target, keys)
        await echo(lane)

    work = {"lookup": (lookup, fresh_lookup), "echo": (echo, fresh_echo)}
    print("ready", flush=True)
    while line := await asyncio.to_thread(sys.stdin.readline):
        kind, seconds = line.split()
        put, fresh = work[kind]
        if float(seconds) == 0:
            for lane in range(channels):
                await fresh(lane)
            print("connected", flush=True)
            continue
        print(json.dumps(await _round(put, in_flight, float(seconds))), flush=True)
    for client in clients:
        await client.close()


if __name__ == "__main__":
    asyncio.run(_main())
