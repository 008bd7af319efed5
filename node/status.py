"""The document `rmas status --json` prints (docs/reference/status-json.md)."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Any

from federation.documents import ListName
from node.app import Node
from node.responders import Peer
from node.store.ports import ListState, Reader
from node.times import rfc3339
from node.workers import WorkerPool


def describe(
    node: Node,
    workers: WorkerPool,
    lists: Mapping[ListName, ListState],
    reader: Reader,
    peers: Sequence[Peer],
    started_ms: int,
    fetched: Callable[[str], dict[str, Any]] = lambda _: {},
) -> dict[str, Any]:
    """Everything a person or a script asks a running node about itself; times are RFC 3339 UTC.

    ``fetched`` tells of the trust documents of a node, by its full name.
    """
    settings, now_ms = node.settings, node.clock.now_ms()
    return {
        "economy": settings.economy,
        "node": node.identity.name,
        "state": "ready" if workers.ready() else "degraded",
        "now": rfc3339(now_ms),
        "started_at": rfc3339(started_ms),
        "peer_addresses": list(settings.peer.listen),
        "desk_socket": str(node.layout.desk_socket),
        "charter": {"version": node.directory.charter_version, "digest": node.directory.digest.hex()},
        "workers": _workers(workers),
        "worker_restarts": workers.restarts,
        "lists": {name.value: _list(state, reader.view().data_as_of(name), now_ms) for name, state in lists.items()},
        "peers": [_peer(peer, fetched) for peer in peers],
    }


def _workers(workers: WorkerPool) -> list[dict[str, Any]]:
    return [
        {
            "index": index,
            "pid": status.pid if status is not None else None,
            "ready": status is not None and status.ready,
            "answered": status.answered if status is not None else 0,
            "refused": status.refused if status is not None else 0,
            "sessions": status.sessions if status is not None else 0,
            "faults": status.faults if status is not None else 0,
        }
        for index, status in workers.statuses()
    ]


def _list(state: ListState, as_of: int | None, now_ms: int) -> dict[str, Any]:
    return {
        "records": state.records,
        "numbers": state.numbers,
        "changed_records": state.changed_records,
        "data_as_of": rfc3339(as_of) if as_of is not None else None,
        "age_seconds": (now_ms - as_of) // 1000 if as_of is not None else None,
        "sources": {
            source: {
                "data_as_of": rfc3339(known.as_of_ms) if known.as_of_ms is not None else None,
                "held_as_of": rfc3339(known.held_as_of_ms) if known.held_as_of_ms is not None else None,
                "held_since": rfc3339(known.held_since_ms) if known.held_since_ms is not None else None,
                "held_rejected": known.held_rejected,
            }
            for source, known in state.sources.items()
        },
    }


def _peer(peer: Peer, fetched: Callable[[str], dict[str, Any]]) -> dict[str, Any]:
    return {
        "economy": peer.economy,
        "nodes": [
            {
                "node": client.name,
                "state": {True: "reachable", False: "unreachable", None: "unknown"}[client.up],
                "last_error": client.last_error or None,
                "trust": fetched(client.name),
            }
            for client in peer.clients
        ],
    }
