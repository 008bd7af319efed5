"""What goes over the desk socket, as values: wire types stop at `node.desk` and `node.desk_client`."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

from federation.verdict import Advice, Verdict
from node.enquiry import Problem


@dataclass(frozen=True, slots=True)
class DeskLookup:
    """How to ask, whatever the documents; what is empty or 0 is the node's own default."""

    purpose: str = ""
    captured: str = ""
    officer: str = ""
    peer: str = ""
    deadline_ms: int = 0
    protect: bool = False


@dataclass(frozen=True, slots=True)
class DeskResult:
    """One document's verdict, as docs/reference/lookup-json.md describes it; what is absent is empty."""

    verdict: Verdict
    advice: Advice
    message: str
    id: str = ""
    reason: str = ""
    code: str = ""
    outcomes: Mapping[str, str] = field(default_factory=dict)
    responder: str = ""
    data_as_of: Mapping[str, str] = field(default_factory=dict)
    stale: tuple[str, ...] = ()
    expired: bool = False
    answered_at: str = ""
    request_digest: str = ""
    case: str = ""
    test: bool = False
    timing_us: Mapping[str, int] = field(default_factory=dict)
    problem: Problem | None = None
