"""Every second: ask the peers whose turn it is for their trust documents (`node.trust_fetching`)."""

from __future__ import annotations

from node.jobs.surroundings import Surroundings

EVERY_SECONDS = 1


async def run(around: Surroundings) -> None:
    """On the event loop, where its tasks belong; each peer within a minute, at once when it names other documents."""
    around.fetch.start_due()
