"""An economy's root keys, in files: on an offline machine, or wherever the economy keeps what it signs its word with.

Three files a key: the key itself, `FILE.public` to hand out, and `FILE.signed`, which remembers the charter signed for
each version (node/root_record.py). A root key signs charters, entries, suspensions and withdrawals, and nothing else.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat, load_pem_public_key

from certs.errors import KeyNotAllowed
from certs.keys import admit, decode_private, encode_private, encode_public
from certs.keystore import create_key_file, draw_key, read_key_file
from certs.passphrase import IV_BYTES, SALT_BYTES, decode_locked, encode_locked, is_locked
from certs.signing import KeySigner
from federation.signed import root_key_id
from node import config_file, root_record
from node.clock import Clock
from node.errors import OperatorError

_PUBLIC_LIMIT = 4096


@dataclass(frozen=True, slots=True)
class RootPublic:
    """The public half of a root key; ``spki`` is the DER of its SubjectPublicKeyInfo, which charters list."""

    spki: bytes

    @property
    def key_id(self) -> bytes:
        """SHA-256 of it (32 octets): its name in signatures, and what is read aloud."""
        return root_key_id(self.spki)


def public_file(file: Path) -> Path:
    """Where the public half of the key in ``file`` stands."""
    return file.with_name(f"{file.name}.public")


def create(file: Path, passphrase: str | None, clock: Clock) -> RootPublic:
    """Draw a root key into ``file``, mode 0600, under the passphrase if there is one; its public half beside it.

    Raises OperatorError ROOT_EXISTS when any of the three files is there: a root key is never overwritten, and the record
    of what one has signed is never passed on to another. KeyStoreError as `certs.keystore.create_key_file`.
    """
    for taken in (file, public_file(file), root_record.record_file(file)):
        if taken.exists() or taken.is_symlink():
            message = f"{taken} exists and is not overwritten; give the new key another name."
            raise OperatorError("ROOT_EXISTS", message)
    key = draw_key()
    public = RootPublic(encode_public(key.public_key()))
    pem = (
        encode_private(key)
        if passphrase is None
        else encode_locked(key, passphrase, clock.random(SALT_BYTES), clock.random(IV_BYTES))
    )
    create_key_file(file, pem)
    try:
        pem = key.public_key().public_bytes(Encoding.PEM, PublicFormat.SubjectPublicKeyInfo)
        config_file.replace(public_file(file), pem, mode=0o644)
        # Last: a key that was not finished signs no charter.
        root_record.begin(file, public.key_id)
    except OSError as error:
        message = f"{file} could not be finished: {error.strerror}; remove it, free space or rights, then repeat."
        raise OperatorError("ROOT_UNWRITTEN", message) from None
    return public


def public_of(file: Path) -> RootPublic:
    """The public half: from ``file`` itself, or from the `.public` beside it when ``file`` is the private one.

    No passphrase is needed. Raises OperatorError ROOT_PUBLIC_MISSING, ROOT_PUBLIC_DAMAGED.
    """
    own = file if file.name.endswith(".public") else public_file(file)
    try:
        with own.open("rb") as opened:
            pem = opened.read(_PUBLIC_LIMIT)
    except OSError as error:
        message = f"{own} cannot be read: {error.strerror}; `rmas root new` writes it beside the key."
        raise OperatorError("ROOT_PUBLIC_MISSING", message) from None
    try:
        return RootPublic(encode_public(admit(load_pem_public_key(pem))))
    except (ValueError, KeyNotAllowed):
        message = f"{own} holds no public key on P-256 in PEM; copy it again from the machine that has the root key."
        raise OperatorError("ROOT_PUBLIC_DAMAGED", message) from None


def unlock(file: Path, passphrase: Callable[[], str]) -> KeySigner:
    """A signer over the key in ``file``; ``passphrase`` is called only when the key is under one.

    Raises KeyStoreError as `certs.keystore.read_key_file`; OperatorError ROOT_LOCKED when the passphrase does not open it,
    ROOT_DAMAGED when it is no such key.
    """
    pem = read_key_file(file)
    locked = is_locked(pem)
    try:
        return KeySigner(decode_locked(pem, passphrase()) if locked else decode_private(pem))
    except KeyNotAllowed as error:
        raise OperatorError("ROOT_LOCKED" if locked else "ROOT_DAMAGED", f"{file}: {error}.") from None
