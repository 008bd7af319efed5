"""Every six hours: a certificate of this node that ends within a month is said in the log, and louder near its end."""

from __future__ import annotations

from datetime import timedelta

from certs.errors import CertsError
from certs.keystore import load_certificate
from node.jobs.surroundings import Surroundings
from node.times import rfc3339, to_ms

EVERY_SECONDS = 6 * 3600
SAID_FROM = timedelta(days=14)
ALARM_FROM = timedelta(days=7)
NAMES = ("tls", "message", "ca")


def run(around: Surroundings) -> None:
    """No certificate ends unannounced; a leaf lives 30 days, so two weeks are half of its life."""
    now = around.node.clock.now()
    for name in NAMES:
        file = around.node.layout.certs / f"{name}.pem"
        # The CA certificate may be kept elsewhere; the two leaves were read at start.
        if not file.exists():
            continue
        try:
            ends = load_certificate(file).not_valid_after_utc
        except CertsError as error:
            around.log.error("certificate cannot be read", file=file.name, cause=str(error))
            continue
        left = ends - now
        expires = rfc3339(to_ms(ends))
        if left < ALARM_FROM:
            around.log.error("certificate ends", file=file.name, expires=expires)
        elif left < SAID_FROM:
            around.log.warning("certificate ends", file=file.name, expires=expires)
