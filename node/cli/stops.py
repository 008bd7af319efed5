"""What `rmas suspension` and `rmas withdrawal` share: signing, joining and showing."""

from __future__ import annotations

import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Annotated, Any

import typer

from federation.charter import Charter
from federation.charter_codec import encode_document
from federation.suspension import SUSPENSION_MS
from node import carried, chartering, root_key, stopping
from node.cli import passphrase
from node.cli.options import FLAG, Json
from node.cli.output import print_json, say
from node.errors import OperatorError
from node.spoken import groups
from node.stopping import Stop
from node.times import rfc3339

CharterFile = Annotated[
    Path,
    typer.Option(
        "--charter", metavar="CHARTER", help="The charter in force (a node keeps its own in trust/charters/)."
    ),
]
Out = Annotated[Path, typer.Option(metavar="FILE", help="Where to write it; must not exist yet.")]
_File = Annotated[Path, typer.Argument(metavar="FILE", help="The document.")]


def add_shared(group: typer.Typer) -> None:
    """`sign`, `merge` and `show`, which read either kind."""
    group.command("sign")(sign)
    group.command("merge")(merge)
    group.command("show")(show)


def charter_in(file: Path) -> Charter:
    """The charter in a file."""
    return chartering.read(file).charter


def sign(
    file: _File,
    key: Annotated[Path, typer.Option(metavar="ROOT", help="The root key to sign with.")],
    charter: CharterFile,
    yes: Annotated[bool, typer.Option("--yes", metavar=FLAG, help="Do not ask; the document was read.")] = False,
    as_json: Json = False,
) -> None:
    """Sign the document with a root key, after showing it. Needs no node and no network."""
    stop = stopping.read(file, charter_in(charter))
    if not yes:
        _confirm(stop, file, key, as_json)
    signed = stopping.sign(stop, lambda: root_key.unlock(key, lambda: passphrase.for_key(key)))
    carried.write(file, encode_document(signed.document))
    tell(signed, file, as_json)


def merge(
    one: Annotated[Path, typer.Argument(metavar="A", help="A copy of the document.")],
    other: Annotated[Path, typer.Argument(metavar="B", help="Another copy, signed by others.")],
    charter: CharterFile,
    out: Annotated[Path, typer.Option(metavar="FILE", help="Where to write it; may be A or B.")],
    as_json: Json = False,
) -> None:
    """Join the signatures of two copies of one document."""
    if not (carried.is_same(out, one) or carried.is_same(out, other)):
        carried.require_free(out)
    under = charter_in(charter)
    merged = stopping.merge(stopping.read(one, under), stopping.read(other, under))
    carried.write(out, encode_document(merged.document))
    tell(merged, out, as_json)


def show(file: _File, charter: CharterFile, as_json: Json = False) -> None:
    """Show the document, and who must sign it still."""
    tell(stopping.read(file, charter_in(charter)), file, as_json)


def write(stop: Stop, out: Path, as_json: bool) -> None:
    """Put a new document where nothing is, and tell of it."""
    carried.write(out, encode_document(stop.document))
    tell(stop, out, as_json)


def tell(stop: Stop, file: Path, as_json: bool) -> None:
    """Print what stands in it."""
    if as_json:
        print_json(_facts(stop, file))
        return
    for line in _lines(stop, file):
        say(line)


def _confirm(stop: Stop, file: Path, key: Path, as_json: bool) -> None:
    if as_json or not sys.stdin.isatty():
        raise OperatorError(
            "CONFIRMATION_NEEDED", "Nobody is there to read the document and agree; read it, then say --yes."
        )
    for line in _lines(stop, file):
        say(line)
    if not typer.confirm(f"Sign this with {key}?"):
        raise OperatorError("NOT_CONFIRMED", "You did not agree, so nothing was signed.")


def _facts(stop: Stop, file: Path) -> dict[str, Any]:
    times = {"signed_at": rfc3339(stop.at_ms)}
    if stop.is_suspension:
        times = {"starts_at": rfc3339(stop.at_ms), "ends_at": rfc3339(stop.at_ms + SUSPENSION_MS)}
    return {
        "file": str(file),
        "federation": stop.charter.federation,
        "charter": stop.charter.version,
        "economy": stop.economy,
        **times,
        "digest": stop.document.digest.hex(),
        "by": list(stop.by),
        "signed": sorted(stop.signed),
        "missing": list(stop.missing),
    }


def _lines(stop: Stop, file: Path) -> Iterator[str]:
    if stop.is_suspension:
        span = f"from {rfc3339(stop.at_ms)} until {rfc3339(stop.at_ms + SUSPENSION_MS)}"
        yield f"{file}: {stop.economy}'s lookups stop {span}, under {stop.charter}, say {' and '.join(stop.by)}"
    else:
        yield f"{file}: {stop.economy} leaves, at once and under every charter from {stop.charter} on that it does not sign"
    yield f"SHA-256 {groups(stop.document.digest)}"
    if stop.missing:
        yield f"It counts for nothing until these have signed: {', '.join(stop.missing)}."
    else:
        yield "All have signed: it counts wherever it is taken in (`rmas trust take`)."
