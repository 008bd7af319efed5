"""Keys in files: the one place in this package that touches a disk or draws a key.

A key file is written whole or not at all: temporary file, fsync, link or rename, fsync of the directory. It has mode
0600 from its first byte on, is never overwritten in passing, and is not read when others could read or swap it: a key
that was readable for a moment is a key to replace, not to use.
"""

import fcntl
import os
import re
import stat
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Final

from cryptography import x509
from cryptography.hazmat.primitives.asymmetric import ec

from certs.certificates import MAX_PEM_BYTES, decode_pem, encode_pem
from certs.errors import (
    CertificateMissing,
    KeyDamaged,
    KeyExists,
    KeyExposed,
    KeyMissing,
    KeyNotAllowed,
    KeyStoreError,
    KeyUnwritten,
    MalformedCertificate,
)
from certs.keys import MAX_KEY_BYTES, decode_private, encode_private
from certs.signing import KeySigner, Signer

_KEY_MODE: Final = 0o600
_CERTIFICATE_MODE: Final = 0o644
_NAME: Final = re.compile(r"[a-z0-9][a-z0-9-]{0,31}")


class KeyStore:
    """A directory of private keys, one `<name>.pem` each: `tls`, `message`, `ca`.

    Names are 1 to 32 of a-z, 0-9 and hyphen; another one is ValueError. Safe against other processes that use the
    same directory through this class. Every method raises a KeyStoreError when files are not as they must be.
    """

    def __init__(self, path: Path) -> None:
        self._path = path

    @classmethod
    def create(cls, path: Path) -> "KeyStore":
        """The key store at `path`, its directory made with mode 0700 if there is none. Raises KeyStoreError."""
        try:
            path.mkdir(mode=0o700, exist_ok=True)
        except OSError as failed:
            raise KeyUnwritten(
                f"{path} cannot be made: {failed.strerror}; choose a directory this user may write"
            ) from failed
        return cls(path)

    def file(self, name: str) -> Path:
        """Where the key of this name stands, or would."""
        if _NAME.fullmatch(name) is None:
            raise ValueError("a key's name is 1 to 32 of a-z, 0-9 and hyphen")
        return self._path / f"{name}.pem"

    def generate(self, name: str) -> ec.EllipticCurvePrivateKey:
        """Draw a new P-256 key and return it once it is durable. Raises KeyExists; never replaces a key."""
        key = draw_key()
        self.add(name, key)
        return key

    def add(self, name: str, key: ec.EllipticCurvePrivateKey) -> None:
        """Store a key under a name that is free. Raises KeyExists."""
        _require_private_directory(self._path)
        _write(self.file(name), encode_private(key), _KEY_MODE, replace=False)

    def replace(self, name: str, key: ec.EllipticCurvePrivateKey) -> None:
        """Put `key` in the place of the one that stands there. Raises KeyMissing if none does.

        After a crash the file holds the earlier key or this one, whole.
        """
        # Read first: what may not be read (a link, an open mode) is not to be replaced unseen either.
        self.load(name)
        _write(self.file(name), encode_private(key), _KEY_MODE, replace=True)

    def load(self, name: str) -> ec.EllipticCurvePrivateKey:
        """The key of this name. Raises KeyMissing, KeyExposed, KeyDamaged."""
        file = self.file(name)
        _require_private_directory(self._path)
        pem = _read(file, MAX_KEY_BYTES, forbidden=0o077)
        try:
            return decode_private(pem)
        except KeyNotAllowed as damaged:
            raise KeyDamaged(f"{file}: {damaged}") from damaged

    def signer(self, name: str) -> Signer:
        """A Signer over the key of this name. Raises as `load`."""
        return KeySigner(self.load(name))


def draw_key() -> ec.EllipticCurvePrivateKey:
    """A new P-256 key, in memory alone: for whoever writes it in a form of their own, by `create_key_file`."""
    return ec.generate_private_key(ec.SECP256R1())


def create_key_file(file: Path, pem: bytes) -> None:
    """Write a private key as it is given, durably, into a file of its own that does not exist yet.

    Raises KeyExists; KeyExposed where others may write the directory; KeyUnwritten.
    """
    _require_private_directory(file.absolute().parent)
    _write(file.absolute(), pem, _KEY_MODE, replace=False)


def read_key_file(file: Path) -> bytes:
    """What stands in a private key's file, not yet decoded. Raises KeyMissing, KeyExposed, KeyStoreError."""
    _require_private_directory(file.absolute().parent)
    return _read(file.absolute(), MAX_KEY_BYTES, forbidden=0o077)


def save_certificate(file: Path, certificate: x509.Certificate) -> None:
    """Write one certificate in PEM, atomically, over whatever stood there: certificates are public and renewed often."""
    _write(file, encode_pem(certificate), _CERTIFICATE_MODE, replace=True)


def load_certificate(file: Path) -> x509.Certificate:
    """The one certificate in `file`. Raises CertificateMissing, KeyExposed if anyone may write it, KeyDamaged."""
    try:
        pem = _read(file, MAX_PEM_BYTES, forbidden=0o002)
    except KeyMissing as missing:
        raise CertificateMissing(str(missing)) from missing
    try:
        return decode_pem(pem)
    except MalformedCertificate as damaged:
        raise KeyDamaged(f"{file}: {damaged}") from damaged


def _read(file: Path, limit: int, forbidden: int) -> bytes:
    """The bytes of a plain file none of whose mode bits are `forbidden`."""
    try:
        # Not through a link, and not waiting on a FIFO; judged by the open file, so a swap after the check gains nothing.
        descriptor = os.open(file, os.O_RDONLY | os.O_NOFOLLOW | os.O_NONBLOCK | os.O_CLOEXEC)
    except FileNotFoundError as missing:
        raise KeyMissing(f"{file} does not exist; make it, or name the right directory") from missing
    except OSError as refused:
        if file.is_symlink():
            raise KeyExposed(f"{file} is a symbolic link; put the file itself there") from refused
        raise KeyStoreError(f"{file} cannot be opened: {refused.strerror}; run as the user that owns it") from refused
    try:
        _require_plain(file, os.fstat(descriptor).st_mode, forbidden)
        with open(descriptor, "rb", closefd=False) as opened:
            data = opened.read(limit + 1)  # one more than may be, so that the decoder refuses what is longer
    except OSError as failed:
        raise KeyStoreError(f"{file} cannot be read: {failed.strerror}; look after the disk") from failed
    finally:
        os.close(descriptor)
    return data


def _require_plain(file: Path, status: int, forbidden: int) -> None:
    """Raise KeyExposed unless `status` is the mode of a plain file without any `forbidden` bit."""
    if not stat.S_ISREG(status):
        raise KeyExposed(f"{file} is not a plain file; put the file itself there")
    mode = stat.S_IMODE(status)
    if mode & forbidden:
        raise KeyExposed(
            f"{file} is open to other users (mode {mode:04o}); replace it if they may have used that, "
            f"else `chmod {mode & ~forbidden:04o}` it"
        )


def _require_private_directory(path: Path) -> None:
    try:
        mode = path.stat().st_mode
    except FileNotFoundError as missing:
        raise KeyMissing(f"{path} does not exist; make the key store first") from missing
    if mode & 0o022:
        # Whoever may write the directory may put another key under the name.
        raise KeyExposed(f"{path} can be written by other users; `chmod 0700` it")


def _write(file: Path, data: bytes, mode: int, *, replace: bool) -> None:
    """Make `file` hold `data`, durably. After a crash or error it holds `data`, or what it held before, or nothing."""
    try:
        with _locked(file.parent) as directory:
            temporary = file.with_name(f".{file.name}.new")
            # Only a crash leaves one behind: the lock is held, so nobody else is half way through.
            temporary.unlink(missing_ok=True)
            _write_new(temporary, data, mode)
            # The bytes are durable before the name is: a name that points at an empty file would be a lost key.
            if replace:
                temporary.rename(file)
            else:
                _link_new(temporary, file)
            # The name is durable before the caller acts on the key: no certificate is issued for a key a crash forgets.
            os.fsync(directory)
    except OSError as failed:
        raise KeyUnwritten(
            f"{file} could not be written: {failed.strerror}; free space or rights, then repeat"
        ) from failed


def _link_new(temporary: Path, file: Path) -> None:
    """Give `temporary` the name `file` instead of its own. Raises KeyExists when that name is taken."""
    try:
        # A link, unlike a rename, fails when the name is taken, whoever took it and when.
        file.hardlink_to(temporary)
    except FileExistsError as taken:
        raise KeyExists(f"{file} exists and is not overwritten; move it away, or replace the key on purpose") from taken
    finally:
        temporary.unlink()


def _write_new(file: Path, data: bytes, mode: int) -> None:
    descriptor = os.open(file, os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_NOFOLLOW | os.O_CLOEXEC, mode)
    with os.fdopen(descriptor, "wb") as opened:
        os.fchmod(descriptor, mode)  # whatever the umask took away
        opened.write(data)
        opened.flush()
        os.fsync(descriptor)


@contextmanager
def _locked(directory: Path) -> Iterator[int]:
    """A descriptor of `directory` under an exclusive lock, which ends with the process if not before."""
    descriptor = os.open(directory, os.O_RDONLY | os.O_DIRECTORY | os.O_CLOEXEC)
    try:
        fcntl.flock(descriptor, fcntl.LOCK_EX)
        yield descriptor
    finally:
        os.close(descriptor)
