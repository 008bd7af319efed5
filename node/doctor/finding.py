"""What a check found."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum


class Level(StrEnum):
    """OK: nothing to do. WARNING: works today. FAULT: does not work, or must not be relied on."""

    OK = "ok"
    WARNING = "warning"
    FAULT = "fault"


@dataclass(frozen=True, slots=True)
class Finding:
    """One finding: a stable code, a sentence, and what to do (empty when nothing is)."""

    code: str
    level: Level
    sentence: str
    remedy: str = ""


def fine(code: str, sentence: str) -> Finding:
    """A check that found nothing wrong."""
    return Finding(code, Level.OK, sentence)


def warn(code: str, sentence: str, remedy: str) -> Finding:
    """Something that works today."""
    return Finding(code, Level.WARNING, sentence, remedy)


def fault(code: str, sentence: str, remedy: str) -> Finding:
    """Something that does not work, or must not be relied on."""
    return Finding(code, Level.FAULT, sentence, remedy)


def raised(error: Exception, otherwise: str) -> Finding:
    """A fault in the words of the error that says it: the cause, then a semicolon or colon, then the remedy."""
    text = str(error)
    sentence, _, remedy = text.partition("; ") if "; " in text else text.rpartition(": ")
    if not sentence:
        sentence, remedy = text, ""
    return fault(getattr(error, "code", otherwise), _sentence(sentence), _sentence(remedy))


def _sentence(text: str) -> str:
    """``text`` with a capital, unless it starts with a path or a command, and a full stop, unless there is nothing."""
    text = text.rstrip(".") + "." if text else ""
    first = text.partition(" ")[0].rstrip(".,:")
    return text[:1].upper() + text[1:] if first.isalpha() else text
