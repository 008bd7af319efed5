"""Every second: tell the workers how many questions each peer has put today."""

from __future__ import annotations

from node import app, budget
from node.counting import count_questions
from node.errors import OperatorError
from node.jobs.surroundings import Surroundings

EVERY_SECONDS = 1
KEPT_DAYS = 40


def run(around: Surroundings) -> None:
    """Count and publish; a spool that does not hold together is an alarm, and the rest still counts."""
    now_ms = around.node.clock.now_ms()
    try:
        count_questions(around.node.layout.spool, around.state, around.node.layout.run / app.BUDGET_FILE, now_ms)
    except OperatorError as error:
        around.log.error("questions cannot be counted", code=error.code, cause=error.message)
    if around.state.unwritten:
        around.log.error("state cannot be written", count=around.state.unwritten)
        around.state.unwritten = 0
    around.state.forget_days_before(now_ms // budget.DAY_MS - KEPT_DAYS)
