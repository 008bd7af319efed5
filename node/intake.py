"""Extracts and single records on their way in, whether the node runs or not.

A running node's supervisor is the one writer, and acknowledges when every worker serves what it wrote. With the node
down, this process takes the node's lock and writes itself; what is durable then is served when the node starts.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import BinaryIO, Final

from node import app, importing, records
from node.acceptance import ImportRequest
from node.clock import Clock
from node.config import Settings
from node.desk_client import Desk, connect
from node.errors import NodeDown, OperatorError, OutcomeUnknown
from node.extracts.reading import Progress
from node.layout import Layout
from node.lock import NodeLock
from node.records import RecordChange
from node.reports import Outcome
from node.secret_file import PEPPER
from node.staged import Register, one_importer
from node.store.keys import StoreKeys
from node.store.ports import Writer
from node.store.sqlite_writer import open_writer
from node.trusted import Trusted

# A node that is starting holds its lock and has no socket yet; one that is stopping, the other way round.
_PATIENCE_SECONDS: Final = 20.0
_PAUSE_SECONDS: Final = 0.25


@dataclass(frozen=True, slots=True)
class Intake:
    """One node's way in: where it lies, and whose lists these are."""

    layout: Layout
    register: Register
    clock: Clock

    @classmethod
    def of(cls, layout: Layout, settings: Settings, clock: Clock) -> Intake:
        """Raises OperatorError when the charter, which says what is the economy's own, or the pepper is missing."""
        directory = Trusted(layout, settings.economy, clock).read()
        register = Register(
            root=layout.store,
            keys=StoreKeys(PEPPER.load(layout.pepper)),
            sources=app.list_sources(settings),
            routes=directory.routes,
            economy=settings.economy,
        )
        return cls(layout, register, clock)

    def take(self, request: ImportRequest, stream: BinaryIO, progress: Progress) -> Outcome:
        """Import an extract. Raises StoreError, OperatorError."""
        with one_importer(self.register.root):
            staged = importing.stage(self.register, request, stream, self.clock.now(), progress)
            name = staged.name
            if name is None:
                return staged.outcome
            return self._write(
                lambda desk: _adopted(desk, name),
                lambda writer: importing.adopt(self.register, writer, name, self.clock.now()),
            )

    def put(self, changes: Sequence[RecordChange]) -> Outcome:
        """Add, change or withdraw records. Raises StoreError, OperatorError."""
        return self._write(
            lambda desk: _put(desk, changes),
            lambda writer: records.put(self.register, writer, changes, self.clock.now()),
        )

    def _write(self, through: Callable[[Desk], Outcome], directly: Callable[[Writer], Outcome]) -> Outcome:
        """By the node if it runs, else by ourselves; both ways may be tried again, for neither changes anything twice.

        Raises OutcomeUnknown when a node was asked, did not say what became of it, and keeps running.
        """
        deadline = self.clock.monotonic() + _PATIENCE_SECONDS
        unanswered = False
        while True:
            try:
                return self._ask(through)
            except _Unanswered:
                if not unanswered:
                    # However long that call took, it is put once more.
                    unanswered, deadline = True, self.clock.monotonic() + _PATIENCE_SECONDS
            except NodeDown:
                pass
            try:
                with NodeLock(self.layout.run / "lock"):
                    return _marked(self._write_directly(directly), served=False)
            except OperatorError as error:
                if error.code != "NODE_RUNNING":
                    raise
                if self.clock.monotonic() > deadline:
                    raise (
                        OutcomeUnknown("The node was given this and did not answer.") if unanswered else error
                    ) from None
            self.clock.pause(_PAUSE_SECONDS)

    def _ask(self, through: Callable[[Desk], Outcome]) -> Outcome:
        """Raises NodeDown when nobody answers, _Unanswered if it was given them, OutcomeUnknown when the node failed."""
        with connect(self.layout.desk_socket) as desk:
            try:
                return _marked(through(desk), served=True)
            except NodeDown as error:
                if error.code == "NODE_DOWN":
                    raise _Unanswered(error.code, error.message) from error
                raise OutcomeUnknown(error.message) from error

    def _write_directly(self, directly: Callable[[Writer], Outcome]) -> Outcome:
        writer = open_writer(self.register.root, self.register.keys)
        try:
            return directly(writer)
        finally:
            writer.close()


class _Unanswered(NodeDown):
    """The node may have heard the request; nothing was heard from it."""


def _marked(outcome: Outcome, *, served: bool) -> Outcome:
    return Outcome({**outcome.document, "served": served and not outcome.refused}, outcome.epoch)


def _adopted(desk: Desk, name: str) -> Outcome:
    return Outcome(desk.adopt_import(name))


def _put(desk: Desk, changes: Sequence[RecordChange]) -> Outcome:
    return Outcome(desk.put_records(changes))
