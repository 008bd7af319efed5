"""What a root key has signed: one charter a version, ever (docs/spec/9-trust.md).

Two charters of one version with enough signatures each are a fork, and it takes keys that sign twice to make one. So the
digest is on disk before the signature exists, and a key without its record signs no charter: where the record is lost,
nobody can say any more what it must not sign.
"""

from __future__ import annotations

import json
import re
from pathlib import Path
from typing import Any

from node import config_file
from node.errors import OperatorError
from node.exclusive import turn
from node.spoken import groups

_LIMIT = 1024 * 1024
_DIGEST = re.compile(r"[0-9a-f]{64}")


def record_file(key: Path) -> Path:
    """Where the record of the key in the file ``key`` stands."""
    return key.with_name(f"{key.name}.signed")


def begin(key: Path, key_id: bytes) -> None:
    """An empty record for a new key. Raises OSError."""
    _write(key, {"key": key_id.hex(), "charters": {}})


def claim(key: Path, key_id: bytes, federation: str, version: int, digest: bytes) -> None:
    """Note durably that the key signs this charter; returning, the signature may be made.

    To claim the same charter again changes nothing, so a crash before the signature loses nothing.

    Raises OperatorError: ROOT_SIGNED_OTHER when the key has signed another charter of this version, ROOT_RECORD_MISSING,
    ROOT_RECORD_DAMAGED, ROOT_RECORD_UNWRITTEN.
    """
    # Two that read the record at once would each find the version free.
    with turn(key):
        record = _read(key, key_id)
        charters = record["charters"].setdefault(federation, {})
        signed = charters.get(str(version))
        if signed == digest.hex():
            return
        if signed is not None:
            message = (
                f"This key has signed another charter of version {version}, {groups(bytes.fromhex(signed))}, and signs "
                "one a version, ever: gather signatures for that one."
            )
            raise OperatorError("ROOT_SIGNED_OTHER", message)
        charters[str(version)] = digest.hex()
        try:
            _write(key, record)
        except OSError as error:
            message = f"{record_file(key)} cannot be written: {error.strerror}; nothing was signed."
            raise OperatorError("ROOT_RECORD_UNWRITTEN", message) from None


def signed(key: Path, key_id: bytes) -> dict[str, dict[int, bytes]]:
    """Digests of the charters the key has signed, by federation and version. Raises OperatorError as `claim`."""
    record = _read(key, key_id)
    return {
        federation: {int(version): bytes.fromhex(digest) for version, digest in charters.items()}
        for federation, charters in record["charters"].items()
    }


def _read(key: Path, key_id: bytes) -> dict[str, Any]:
    file = record_file(key)
    try:
        with file.open("rb") as opened:
            data = opened.read(_LIMIT)
    except FileNotFoundError:
        message = (
            f"{file} is missing, which says what this key has signed; put it back from beside the key's other copies. "
            "If it is lost, make a new root key, and have the charter list that one."
        )
        raise OperatorError("ROOT_RECORD_MISSING", message) from None
    except OSError as error:
        raise OperatorError("ROOT_RECORD_MISSING", f"{file} cannot be read: {error.strerror}.") from None
    try:
        record = json.loads(data)
        whole = record.keys() == {"key", "charters"} and all(
            re.fullmatch(r"[1-9][0-9]*", version) and _DIGEST.fullmatch(digest)
            for charters in record["charters"].values()
            for version, digest in charters.items()
        )
    except (ValueError, AttributeError, TypeError):
        whole = False
        record = {}
    if not whole or record["key"] != key_id.hex():
        message = f"{file} is not the record of this key; put back the one that lay beside it."
        raise OperatorError("ROOT_RECORD_DAMAGED", message)
    return dict(record)


def _write(key: Path, record: dict[str, Any]) -> None:
    config_file.replace(record_file(key), json.dumps(record, indent=1, sort_keys=True).encode() + b"\n")
