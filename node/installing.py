"""Which directory of members this node trusts: install one, and read the one that is pinned."""

from __future__ import annotations

from hashlib import sha256
from pathlib import Path

from cryptography import x509

from certs.certificates import encode_der
from certs.identity import NodeName
from certs.keystore import load_certificate
from federation import directory
from federation.directory import Directory
from node import config_file
from node.errors import OperatorError
from node.layout import Layout


def digest(data: bytes) -> str:
    """SHA-256 in 64 hexadecimal digits, as operators read it to each other."""
    return sha256(data).hexdigest()


def read(path: Path) -> bytes:
    """The bytes of a directory file. Raises OperatorError DIRECTORY_MISSING."""
    try:
        with path.open("rb") as file:
            return file.read(directory.MAX_DIRECTORY_OCTETS + 1)
    except OSError as error:
        raise OperatorError("DIRECTORY_MISSING", f"The directory {path} cannot be read: {error.strerror}.") from None


def pinned(layout: Layout, sha256_hex: str) -> Directory:
    """The directory this node trusts, pinned by ``sha256_hex``.

    Raises OperatorError: DIRECTORY_UNPINNED, DIRECTORY_MISSING, DIRECTORY_DIFFERS (another SHA-256 than the pin);
    InvalidDirectory when it does not hold together.
    """
    if not sha256_hex:
        message = "No directory is pinned, so this node trusts nobody; see `rmas directory install`."
        raise OperatorError("DIRECTORY_UNPINNED", message)
    data = read(layout.directory)
    if digest(data) != sha256_hex:
        message = f"{layout.directory} is not the file that rmas.toml pins; install the right one again."
        raise OperatorError("DIRECTORY_DIFFERS", message)
    return directory.parse(data)


def install(layout: Layout, name: NodeName, data: bytes, expected: str | None) -> Path:
    """Copy the directory into the node ``name`` and pin it; returns where it lies now.

    Raises OperatorError DIRECTORY_DIFFERS when its SHA-256 is not ``expected``, DIRECTORY_FOREIGN when this node has no
    place in it under its own CA; InvalidDirectory.
    """
    found = digest(data)
    if expected is not None and expected.lower() != found:
        message = f"This file has SHA-256 {found}, not the one expected; ask its sender again, by another way."
        raise OperatorError("DIRECTORY_DIFFERS", message)
    require_own_place(directory.parse(data), load_certificate(layout.certs / "ca.pem"), name)
    # Under a name of its own, and pinned together with that name in one step: at no moment does the pin meet other bytes.
    path = layout.certs / f"directory-{found[:16]}.json"
    config_file.replace(path, data, mode=0o644)
    config_file.change(layout.config, "directory", {"file": f"certs/{path.name}", "sha256": found})
    return path


def require_own_place(found: Directory, ca: x509.Certificate, name: NodeName) -> None:
    """That the directory lists this node, under its own CA. Raises OperatorError DIRECTORY_FOREIGN."""
    own = found.members.get(name.economy) if found.federation == name.federation else None
    if own is None or name not in {node.name for node in own.nodes}:
        message = f"The directory does not list {name}; hand out `member.json` and build it anew."
        raise OperatorError("DIRECTORY_FOREIGN", message)
    if encode_der(ca) not in {encode_der(one) for one in own.cas}:
        message = f"The directory lists another CA for {name.economy}; hand out `member.json` and build it anew."
        raise OperatorError("DIRECTORY_FOREIGN", message)
