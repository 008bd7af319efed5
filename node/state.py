"""``state.db``: the little that the supervisor must remember across restarts, apart from the lists.

One writer, the supervisor. Holds the highest as-of seen per answering node and list, so that a peer whose data went
back in time is noticed (DATA_REGRESSION), and the day's counted questions with how far each spool was counted.
"""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path

import apsw

from federation.documents import ListName

_SCHEMA = """
CREATE TABLE IF NOT EXISTS highest_as_of(node TEXT, list TEXT, as_of_ms INTEGER NOT NULL, PRIMARY KEY(node, list))
    WITHOUT ROWID;
CREATE TABLE IF NOT EXISTS counted(spool TEXT PRIMARY KEY, records INTEGER NOT NULL) WITHOUT ROWID;
CREATE TABLE IF NOT EXISTS day_totals(day INTEGER, economy TEXT, questions INTEGER NOT NULL, PRIMARY KEY(day, economy))
    WITHOUT ROWID;
"""


class State:
    """The supervisor's memory; durable when a method returns."""

    def __init__(self, path: Path) -> None:
        self._db = apsw.Connection(str(path))
        self._db.set_busy_timeout(5000)
        for pragma in ("journal_mode = WAL", "synchronous = FULL"):
            list(self._db.execute(f"PRAGMA {pragma}"))
        for statement in _SCHEMA.split(";"):
            if statement.strip():
                self._db.execute(statement)
        #: How often the disk refused what was to be remembered; an alarm follows from it.
        self.unwritten = 0
        self._highest: dict[tuple[str, str], int] = {
            (str(node), str(name)): int(str(as_of))
            for node, name, as_of in self._db.execute("SELECT node, list, as_of_ms FROM highest_as_of")
        }

    def highest_as_of(self, node: str, name: ListName) -> int:
        """The latest as-of (ms) this node ever answered from for that list; 0 for none."""
        return self._highest.get((node, name), 0)

    def raise_as_of(self, node: str, as_of: Mapping[ListName, int]) -> None:
        """Remember later as-ofs; written only when one has risen, which is when the peer imported."""
        risen = {name: ms for name, ms in as_of.items() if ms > self.highest_as_of(node, name)}
        if not risen:
            return
        # In memory first: it guards from now on, and an answer in hand must not be lost for want of a disk.
        self._highest.update({(node, str(name)): ms for name, ms in risen.items()})
        try:
            with self._db:
                for name, ms in risen.items():
                    self._db.execute(
                        "INSERT INTO highest_as_of VALUES (?, ?, ?) "
                        "ON CONFLICT DO UPDATE SET as_of_ms = excluded.as_of_ms",
                        (node, str(name), ms),
                    )
        except apsw.Error:
            self.unwritten += 1

    def counted(self, spool: str) -> int:
        """How many records of a spool have been counted into the day's totals."""
        rows = list(self._db.execute("SELECT records FROM counted WHERE spool = ?", (spool,)))
        return int(str(rows[0][0])) if rows else 0

    def count(self, spool: str, records: int, questions: Mapping[tuple[int, str], int]) -> None:
        """Add questions by day and economy, and how far the spool is counted, in one step: none is counted twice."""
        with self._db:
            for (day, economy), number in questions.items():
                self._db.execute(
                    "INSERT INTO day_totals VALUES (?, ?, ?) "
                    "ON CONFLICT DO UPDATE SET questions = questions + excluded.questions",
                    (day, economy, number),
                )
            self._db.execute(
                "INSERT INTO counted VALUES (?, ?) ON CONFLICT DO UPDATE SET records = excluded.records",
                (spool, records),
            )

    def day_totals(self, day: int) -> dict[str, int]:
        """Questions of that day by economy."""
        rows = self._db.execute("SELECT economy, questions FROM day_totals WHERE day = ?", (day,))
        return {str(economy): int(str(number)) for economy, number in rows}

    def forget_days_before(self, day: int) -> None:
        """Drop totals nobody needs any more; nothing is written when there are none."""
        if list(self._db.execute("SELECT 1 FROM day_totals WHERE day < ? LIMIT 1", (day,))):
            self._db.execute("DELETE FROM day_totals WHERE day < ?", (day,))

    def close(self) -> None:
        """Let go of the file."""
        self._db.close()
