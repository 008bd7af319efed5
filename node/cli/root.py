"""`rmas root`: the keys an economy signs its word with. Needs no node, so it runs on a machine that is offline."""

from __future__ import annotations

import base64
from pathlib import Path
from typing import Annotated

import typer

from node import root_key, root_record
from node.cli import passphrase
from node.cli.options import FLAG, Json
from node.cli.output import print_json, say
from node.clock import Clock
from node.root_key import RootPublic
from node.spoken import groups

_HELP = f"""Root keys: what an economy signs charters and its own entry with.

They need no node and are best kept on a machine without a network. A key under a passphrase asks for it, or takes it
from the file that {passphrase.VARIABLE} names."""

_Key = Annotated[Path, typer.Argument(metavar="FILE", help="The root key.")]


def register(app: typer.Typer) -> None:
    """Add the commands to ``app``."""
    group = typer.Typer(no_args_is_help=True, help=_HELP)
    group.command("new")(new)
    group.command("show")(show)
    app.add_typer(group, name="root")


def new(
    file: Annotated[Path, typer.Argument(metavar="FILE", help="Where to put the key; must not exist yet.")],
    with_passphrase: Annotated[
        bool, typer.Option("--passphrase", metavar=FLAG, help="Put the key under a passphrase, which is asked for.")
    ] = False,
    as_json: Json = False,
) -> None:
    """Make a root key: FILE is secret, FILE.public is to be handed out, FILE.signed remembers what it signed.

    Nothing that exists is overwritten. Keep FILE and FILE.signed together: without its record a key signs no charter.
    """
    public = root_key.create(file, passphrase.for_new_key(with_passphrase), Clock())
    _tell(file, public, as_json)


def show(file: _Key, as_json: Json = False) -> None:
    """Show a root key's fingerprint, from FILE.public, and the charters it has signed; needs no passphrase."""
    public = root_key.public_of(file)
    record = root_record.record_file(file)
    signed = root_record.signed(file, public.key_id) if record.exists() else {}
    _tell(file, public, as_json, signed)


def _tell(file: Path, public: RootPublic, as_json: bool, signed: dict[str, dict[int, bytes]] | None = None) -> None:
    charters = [
        {"federation": federation, "version": version, "digest": digest.hex()}
        for federation, versions in sorted((signed or {}).items())
        for version, digest in sorted(versions.items())
    ]
    if as_json:
        print_json(
            {
                "file": str(file),
                "fingerprint": public.key_id.hex(),
                "public_key": base64.b64encode(public.spki).decode(),
                "signed": charters,
            }
        )
        return
    say(f"{file}\nfingerprint {groups(public.key_id)}")
    for one in charters:
        digest = groups(bytes.fromhex(str(one["digest"])))
        say(f"has signed charter {one['version']} of {one['federation']}, {digest}")
