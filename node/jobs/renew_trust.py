"""Every second: take up what has changed in the trust documents and the policy, for whom this node asks."""

from __future__ import annotations

import asyncio

from node.errors import OperatorError
from node.jobs.surroundings import Surroundings

EVERY_SECONDS = 1


class Told:
    """The code of what was said last, so that it is said once; and whose turn it is, for one looks at a time."""

    def __init__(self) -> None:
        self.code = ""
        self.turn = asyncio.Lock()


# Of this process: a node that starts again says it once more.
_TOLD = Told()


async def run(around: Surroundings) -> None:
    """Workers look for themselves; here the peers that are asked follow."""
    async with _TOLD.turn:
        await renew(around, _TOLD)


async def renew(around: Surroundings, told: Told) -> None:
    """Take up what there is, and say what cannot be taken up."""
    problem: OperatorError | None
    try:
        # Verifying takes as long as there are documents; the loop must not wait for it.
        renewed = await asyncio.to_thread(around.node.renew_trust)
        problem = around.node.trusted.policy_problem
    except OperatorError as error:
        renewed, problem = False, error
    # Also when nothing is new: what could not be done the last time is done now, and the same again changes nothing.
    around.peers.take_up(around.node.directory)
    if renewed:
        around.log.info("trust documents taken up", charter=around.node.directory.charter_version)
    if problem is not None and problem.code != told.code:
        around.log.error("trust documents cannot be taken up", code=problem.code, message=problem.message)
    told.code = problem.code if problem is not None else ""
