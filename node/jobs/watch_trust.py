"""Every six hours: what of the trust documents and grants people must see to, before it stops anything."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import datetime, timedelta

from certs.crl import Crl, is_overdue
from node import grants_file
from node.errors import OperatorError
from node.jobs.surroundings import Surroundings
from node.times import rfc3339, to_ms
from node.trusting import open_store

EVERY_SECONDS = 6 * 3600
# A list lives ten days and is made anew every day: two missed are a warning, and three days before its end it is late.
LIST_ALARM = timedelta(days=3)
# Two agencies have to agree on another end: a month, and a week before it is late.
GRANT_NOTICE = timedelta(days=30)
GRANT_ALARM = timedelta(days=7)


def run(around: Surroundings) -> None:
    """Nothing that others must make anew ends unannounced (oracle 10)."""
    node = around.node
    now = node.clock.now()
    try:
        held = open_store(node.layout).survey(to_ms(now))
    except OperatorError as error:
        around.log.error("trust documents cannot be taken up", code=error.code, message=error.message)
        return
    for alarm in held.alarms:
        around.log.error("trust documents need a person", code=alarm.code, message=alarm.message)
    _watch_lists(around, held.documents.crls.values(), now)
    try:
        policy = grants_file.read(node.layout)
    except OperatorError as error:
        around.log.error("trust documents cannot be taken up", code=error.code, message=error.message)
        return
    for grant in policy.grants.values():
        _watch_end(around, grant.to, grant.until_ms, now)
    for asking in policy.ask.values():
        _watch_end(around, asking.economy, asking.until_ms, now)


def _watch_lists(around: Surroundings, lists: Iterable[Crl], now: datetime) -> None:
    members = around.node.directory.members
    owners = {key: member.economy for member in members.values() for key in member.ca_keys}
    for crl in lists:
        economy = owners.get(crl.issuer)
        if economy is None:
            continue
        expires = rfc3339(to_ms(crl.next_update))
        if crl.next_update - now < LIST_ALARM:
            around.log.error("revocation list grows old", economy=economy, expires=expires)
        elif is_overdue(crl, now):
            around.log.warning("revocation list grows old", economy=economy, expires=expires)


def _watch_end(around: Surroundings, peer: str, until_ms: int, now: datetime) -> None:
    left = timedelta(milliseconds=until_ms - to_ms(now))
    if left < GRANT_ALARM:
        around.log.error("grant ends", peer=peer, expires=rfc3339(until_ms))
    elif left < GRANT_NOTICE:
        around.log.warning("grant ends", peer=peer, expires=rfc3339(until_ms))
