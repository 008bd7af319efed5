"""A verdict for a script and for the person at the counter."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

from federation.verdict import REASON_MESSAGES, Advice, Reason, Verdict
from node.cli.output import paint
from node.desk_messages import DeskResult
from node.enquiry import DocumentInput
from node.errors import NodeDown

_COLOURS = {
    Verdict.CLEAR: "green",
    Verdict.NOT_REPORTED: "blue",
    Verdict.ALERT: "red",
    Verdict.MISMATCH: "yellow",
    Verdict.NOT_RECOGNISED: "yellow",
    Verdict.NO_ANSWER: "yellow",
}
# A word is told apart by its sign as well: colour alone is lost on a printer, and on one officer in twelve.
_SIGNS = {
    Verdict.CLEAR: "+",
    Verdict.NOT_REPORTED: "-",
    Verdict.ALERT: "!",
    Verdict.MISMATCH: "~",
    Verdict.NOT_RECOGNISED: "~",
    Verdict.NO_ANSWER: "?",
}
_ADVICE = {
    Advice.CONTINUE: "go on as without this lookup",
    Advice.READ_AGAIN: "read the document again",
    Advice.REFER: "refer the traveller to a second officer",
    Advice.ASK_LATER: "ask again in a moment; until then treat the document as not checked",
}
_KINDS = {"REPORTED": "on its reported list", "ISSUED": "issued by it", "ISSUED_DATES": "issued with these dates"}


def as_json(result: DeskResult) -> dict[str, Any]:
    """The keys that docs/reference/lookup-json.md lists, each always there but `id` and `mrz_problem`."""
    value: dict[str, Any] = {"id": result.id} if result.id else {}
    value |= {
        "verdict": result.verdict,
        "reason": result.reason or None,
        "code": result.code or None,
        "advice": result.advice,
        "message": result.message,
        "outcomes": {kind: result.outcomes[kind] for kind in _KINDS if kind in result.outcomes},
        "responder": result.responder or None,
        "data_as_of": dict(sorted(result.data_as_of.items(), reverse=True)),
        "stale": list(result.stale),
        "expired": result.expired,
        "answered_at": result.answered_at or None,
        "request_digest": result.request_digest or None,
        "case": result.case or None,
        "test": result.test,
        "timing_us": dict(sorted(result.timing_us.items())),
    }
    if result.problem is not None:
        problem = result.problem
        value["mrz_problem"] = {"field": problem.field, "code": problem.code, "readings": list(problem.readings)}
    return value


def sign(verdict: Verdict) -> str:
    """The word with its sign, in its colour: `! ALERT`."""
    return paint(f"{_SIGNS[verdict]} {verdict}", "bold", _COLOURS[verdict])


def for_person(result: DeskResult) -> list[str]:
    """The verdict first, what it means, what to do, and then what it rests on."""
    test = f"  ({_test(result)})" if result.test else ""
    lines = [sign(result.verdict) + test, f"  {result.message}"]
    lines.append(f"  Advice: {_ADVICE[result.advice]}.")
    if result.expired:
        lines.append("  The document has expired.")
    if result.problem is not None:
        lines += [f"  Reading that would fit: {reading}" for reading in result.problem.readings]
        if result.problem.code == "CHECK_DIGIT":
            lines.append("  The check digit itself may have been misread as well: read the document again.")
    return lines + [paint(f"  {line}", "dim") for line in _grounds(result)]


def _test(result: DeskResult) -> str:
    # TEST refuses whatever is no specimen: what was refused so may be a real document.
    unknown = result.reason in (Reason.INVALID_DOCUMENT, Reason.LOCAL_FAULT)
    return "test" if unknown else "test, specimen document"


def with_dates_note(result: DeskResult, document: DocumentInput) -> DeskResult:
    """``result``, saying that its dates were not compared when only one of the two was given with a document."""
    given = (document.date_of_birth is not None, document.date_of_expiry is not None)
    if result.verdict is Verdict.NO_ANSWER or given not in ((True, False), (False, True)):
        return result
    lacks = "expiry" if given[0] else "birth"
    note = f"The dates were not compared: both are needed, and the date of {lacks} was not given."
    return replace(result, message=f"{result.message} {note}")


def _grounds(result: DeskResult) -> list[str]:
    lines = [
        f"{meaning}: {'yes' if result.outcomes[kind] == 'MATCH' else 'no'}"
        for kind, meaning in _KINDS.items()
        if kind in result.outcomes
    ]
    for name, as_of in sorted(result.data_as_of.items(), reverse=True):
        lines.append(f"{name} list as of {as_of}" + (" (too old)" if name in result.stale else ""))
    if result.responder:
        lines.append(f"answered by {result.responder}{_milliseconds(result)}")
    if result.case:
        lines.append(f"case {result.case}")
    return lines


def _milliseconds(result: DeskResult) -> str:
    total = result.timing_us.get("total")
    return f" in {total / 1000:.1f} ms" if total else ""


def local_fault(document: DocumentInput, cause: NodeDown) -> DeskResult:
    """The verdict when this economy's own node gives none: no answer, never clear."""
    return DeskResult(
        id=document.id,
        verdict=Verdict.NO_ANSWER,
        reason=Reason.LOCAL_FAULT,
        advice=Advice.ASK_LATER,
        message=f"{REASON_MESSAGES[Reason.LOCAL_FAULT]} {cause.message}",
    )
