"""What this node says of itself: its notice, under its message key. A later one takes the place of an earlier by number."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

from certs.certificates import encode_der
from certs.identity import NodeName
from certs.keys import fingerprint
from certs.keystore import KeyStore, load_certificate
from certs.profiles import Role
from federation.bundle_codec import MAX_NOTICE_OCTETS, decode_notice_envelope, encode_notice_envelope
from federation.entry_codec import decode_notice
from federation.envelope import Envelope
from federation.errors import BadDocument
from federation.notice import seal_notice
from federation.trust_statements import Endpoint, NoticeStatement
from node import carried
from node.clock import Clock
from node.errors import OperatorError
from node.exclusive import turn
from node.layout import Layout

REFRESH_SECONDS = 300


def notice_file(layout: Layout) -> Path:
    """Where this node's newest notice lies."""
    return layout.certs / "own.notice"


def announce(
    layout: Layout,
    name: NodeName,
    endpoints: Sequence[Endpoint],
    roles: Sequence[str],
    least_number: int,
    clock: Clock,
    refresh_seconds: int = REFRESH_SECONDS,
) -> tuple[Envelope, NoticeStatement]:
    """Make, sign and keep the node's next notice, numbered above the last and not below ``least_number``.

    Raises CertsError: message key or certificate is missing or damaged; BadDocument where nobody would take it;
    OperatorError NOTICE_DAMAGED.
    """
    leaf = load_certificate(layout.certs / f"{Role.MESSAGE.value}.pem")
    signer = KeyStore(layout.keys).signer(Role.MESSAGE.value)
    with turn(layout.certs):
        number = max(_last_number(layout) + 1, least_number)
        statement = NoticeStatement(name.uri, number, clock.now_ms(), tuple(endpoints), tuple(roles), refresh_seconds)
        envelope = seal_notice(statement, signer, fingerprint(leaf), encode_der(leaf))
        carried.write(notice_file(layout), encode_notice_envelope(envelope))
    return envelope, decode_notice(envelope.payload)


def _last_number(layout: Layout) -> int:
    path = notice_file(layout)
    if not path.exists():
        return 0
    try:
        return decode_notice(decode_notice_envelope(carried.read(path, MAX_NOTICE_OCTETS)).payload).number
    except BadDocument as error:
        message = f"{path} is no notice ({error.message}); put it back, or remove it once a peer told you its number."
        raise OperatorError("NOTICE_DAMAGED", message) from None
