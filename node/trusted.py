"""Whom one process of a node trusts: read from the documents it holds and its own policy, anew whenever either moves."""

from __future__ import annotations

from federation.directory import Directory
from federation.membership import assemble
from node import grants_file
from node.clock import Clock
from node.errors import ConfigError
from node.layout import Layout
from node.trusting import open_store


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
        self._due_ms: int | None = None

    def moved(self) -> bool:
        """Whether there is something to ``read`` anew: a document, the policy, or an end that the policy named."""
        return self._epoch() != self._seen or (self._due_ms is not None and self._clock.now_ms() >= self._due_ms)

    def read(self) -> Directory:
        """Whom to trust now. Raises OperatorError: as `TrustStore.survey` and `grants_file.read`."""
        # The counter before the files: what changes meanwhile makes it move past what was seen.
        self._seen = self._epoch()
        now_ms = self._clock.now_ms()
        policy = grants_file.read(self._layout)
        self._due_ms = policy.next_end(now_ms)
        return assemble(self.store.load(now_ms), self._economy, policy.as_of(now_ms), now_ms)


def require_member(directory: Directory, economy: str) -> None:
    """Raises ConfigError NOT_A_MEMBER when the charter in force does not name this economy."""
    if economy not in directory.members:
        message = f"The charter in force does not name {economy}; take in one that does (`rmas trust take`), or ask to be let in."
        raise ConfigError("NOT_A_MEMBER", message)
