"""What stands of this economy: whom it lets ask, whom it asks, what is routed to it."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import datetime, timedelta

from federation.directory import Directory, Member
from node.doctor.finding import Finding, warn
from node.times import rfc3339

# A new end has to be agreed on by two agencies: a month, not a day.
GRANT_NOTICE = timedelta(days=30)
_ANEW = "agree on it and say so with `rmas peer allow`."


def check(directory: Directory, economy: str, now: datetime) -> Iterator[Finding]:
    """What a directory that holds together still leaves undone for ``economy``, which is a member of it."""
    own = directory.members[economy]
    unknown = sorted((set(own.grants) | own.ask) - directory.members.keys())
    if unknown:
        remedy = "Correct the code, or wait until that economy is a member."
        yield warn("PEER_UNKNOWN", f"{', '.join(unknown)} may ask or is asked, and is no member here.", remedy)
    if not own.routes:
        remedy = "Have a charter proposed that routes documents here: `rmas charter propose --routes`."
        yield warn("NO_ROUTES", "Nothing is routed to this economy, so nobody asks it about its documents.", remedy)
    yield from _grants(own, round(now.timestamp() * 1000))


def _grants(own: Member, now_ms: int) -> Iterator[Finding]:
    if not own.grants:
        remedy = f"If a peer shall be answered, {_ANEW}"
        yield warn("NO_GRANTS", "This economy grants nobody anything, so it refuses every peer's question.", remedy)
    notice_ms = now_ms + GRANT_NOTICE // timedelta(milliseconds=1)
    for grant in own.grants.values():
        if grant.until_ms <= now_ms:
            sentence = f"The grant to {grant.to} ended at {rfc3339(grant.until_ms)}; its questions are refused."
            yield warn("GRANT_ENDED", sentence, f"If it shall go on, {_ANEW}")
        elif grant.until_ms <= notice_ms:
            sentence = (
                f"The grant to {grant.to} ends at {rfc3339(grant.until_ms)}; from then on its questions are refused."
            )
            yield warn("GRANT_ENDS", sentence, f"If it shall go on, {_ANEW}")
