"""Whom one process of a node trusts: read from the documents it holds and its own policy, anew whenever either moves."""

from __future__ import annotations

from federation.directory import Directory
from federation.membership import assemble
from node import grants_file
from node.clock import Clock
from node.errors import ConfigError, OperatorError
from node.layout import Layout
from node.local_policy import OwnPolicy
from node.trusting import open_store

# Read again after so long whatever the counter says: a file that was put back, or a disk that failed once, tells nobody.
LONGEST_SECONDS = 60.0
AFTER_FAILURE_SECONDS = 2.0


class Trusted:
    """The documents and the policy of one node, as one process looks at them. Used by one thread at a time."""

    def __init__(self, layout: Layout, economy: str, clock: Clock) -> None:
        """Raises OperatorError TRUST_UNPINNED when this node was never told whom to trust, and as `TrustStore`."""
        self._layout = layout
        self._economy = economy
        self._clock = clock
        self.store = open_store(layout)
        self._epoch = self.store.watch()
        self._seen = -1
        self._read_ms = 0
        self._due_ms: int | None = None
        self._earliest = self._latest = 0.0
        self._policy: OwnPolicy | None = None
        self.policy_problem: OperatorError | None = None

    def moved(self) -> bool:
        """Whether there is something to ``read`` anew: a document, the policy, an end that the policy named, or the clock
        was set back past the last reading.
        """
        now = self._clock.monotonic()
        if not self._earliest <= now < self._latest:
            return now >= self._latest
        now_ms = self._clock.now_ms()
        ended = self._due_ms is not None and now_ms >= self._due_ms
        return self._epoch() != self._seen or ended or now_ms < self._read_ms

    def read(self) -> Directory:
        """Whom to trust now.

        A policy that cannot be read any more stays as it was, and ``policy_problem`` says why: it must not keep out a
        suspension or a revocation. Raises OperatorError: as `TrustStore.survey`; as `grants_file.read`, the first time.
        """
        soon = self._clock.monotonic() + AFTER_FAILURE_SECONDS
        self._earliest = self._latest = soon
        # The counter before the files, and taken as seen only when all was read: what changes or fails meanwhile is
        # looked at again.
        epoch, now_ms = self._epoch(), self._clock.now_ms()
        policy = self._own_policy()
        directory = assemble(self.store.load(now_ms), self._economy, policy.as_of(now_ms), now_ms)
        self._seen, self._read_ms, self._due_ms = epoch, now_ms, policy.next_end(now_ms)
        self._earliest = 0.0
        if self.policy_problem is None:
            self._latest = self._clock.monotonic() + LONGEST_SECONDS
        return directory

    def _own_policy(self) -> OwnPolicy:
        try:
            self._policy, self.policy_problem = grants_file.read(self._layout), None
        except OperatorError as error:
            if self._policy is None:
                raise
            self.policy_problem = error
        return self._policy


def require_member(directory: Directory, economy: str) -> None:
    """Raises ConfigError NOT_A_MEMBER when the charter in force does not name this economy."""
    if economy not in directory.members:
        message = (
            f"The charter in force does not name {economy}; take in one that does (`rmas trust take`), or ask to be let"
            " in."
        )
        raise ConfigError("NOT_A_MEMBER", message)
