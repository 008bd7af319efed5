"""From spools to the day's totals: what `node.budget` tells the workers (docs/architecture.md, budgets)."""

from __future__ import annotations

from collections import Counter
from pathlib import Path

from node import budget, spool
from node.spool import Event
from node.state import State


def count_questions(spools: Path, state: State, published: Path, now_ms: int) -> None:
    """Count what the workers admitted since last time, and publish today's totals.

    A crash after ``State.count`` and before ``publish`` only delays the telling; none is counted twice.
    """
    for directory in sorted(spools.glob("worker-*")):
        _count_spool(directory, state)
    today = now_ms // budget.DAY_MS
    budget.publish(published, today, state.day_totals(today))


def _count_spool(directory: Path, state: State) -> None:
    start = state.counted(directory.name)
    questions: Counter[tuple[int, str]] = Counter()
    records = start
    for index, entry in spool.tail(directory, start):
        records = index + 1
        if entry.event is Event.ASKED:
            questions[entry.at_ms // budget.DAY_MS, entry.other] += entry.questions
    if records != start:
        state.count(directory.name, records, questions)
