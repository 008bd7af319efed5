"""What the supervisor does by the clock: one file a job, all registered anew at each start (docs/architecture.md)."""

from __future__ import annotations

from apscheduler.schedulers.base import BaseScheduler

from node.jobs import (
    count_questions,
    fetch_trust,
    renew_trust,
    watch_certificates,
    watch_health,
    watch_lists,
    watch_trust,
)
from node.jobs.surroundings import Surroundings

__all__ = ["Surroundings", "register"]


def register(scheduler: BaseScheduler, around: Surroundings) -> None:
    """Give every job to the scheduler."""
    for job in (
        count_questions,
        fetch_trust,
        renew_trust,
        watch_certificates,
        watch_health,
        watch_lists,
        watch_trust,
    ):
        # Once at start, then by the interval: what came due while the node was down is said at once.
        scheduler.add_job(job.run, args=[around])
        scheduler.add_job(job.run, "interval", seconds=job.EVERY_SECONDS, args=[around], id=job.__name__)
