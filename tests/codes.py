"""With which code something was refused or not believed, so that a table of cases reads as one."""

from __future__ import annotations

from collections.abc import Callable

from federation.errors import BadAnswer, Refused
from federation.status import BadAnswerCode, RefusalCode


def code_of(act: Callable[[], object]) -> RefusalCode | BadAnswerCode | None:
    """The code that ``act`` ends with; None when it simply returns."""
    try:
        act()
    except (Refused, BadAnswer) as error:
        return error.code
    return None
