"""`rmas trust`: the documents by which this node knows whom to trust, carried by hand."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Annotated, Any

import typer
from cryptography import x509

from certs.keys import admit, public_key_id
from federation.membership import TrustDocuments, departed, suspensions_counted
from federation.status import DocumentCode
from node import carried, spoken, trusting
from node.cli.options import HERE, Home, Json, open_node
from node.cli.output import plural, print_json, say
from node.cli.trust_lines import taken_facts, taken_line
from node.spoken import groups
from node.times import rfc3339, to_ms
from node.trust_store import Loaded, Outcome, TrustStore

_HELP = """The documents by which this node knows whom to trust: charters, entries, CRLs, notices, suspensions, withdrawals.

Each proves itself, so they may come from anybody. Only the first charter does not: its digest is read to you by two
members, and pinned."""
PARTLY = 3
REFUSED = 2


def register(app: typer.Typer) -> None:
    """Add the commands to ``app``."""
    group = typer.Typer(no_args_is_help=True, help=_HELP)
    group.command("pin")(pin)
    group.command("take")(take)
    group.command("bundle")(bundle)
    group.command("show")(show)
    app.add_typer(group, name="trust")


def pin(
    digest: Annotated[str, typer.Argument(metavar="DIGEST", help="SHA-256 of the charter, in groups or not.")],
    home: Home = HERE,
    as_json: Json = False,
) -> None:
    """Say which charter this node starts from: the one that lists it, by the digest two members read to you.

    All later charters follow from it by their signatures. It is said once; nothing is trusted before.
    """
    node = open_node(home)
    anchor = spoken.parse(digest)
    TrustStore.create(node.layout, anchor, node.clock)
    if as_json:
        print_json({"anchor": anchor.hex()})
        return
    say(f"Pinned {groups(anchor)}; take that charter in: `rmas trust take FILE`.")


def take(
    files: Annotated[
        list[Path], typer.Argument(metavar="FILE...", help="Bundles, single documents, or joiners' requests.")
    ],
    home: Home = HERE,
    as_json: Json = False,
) -> int:
    """Take in what holds of these files; a running node goes by it at once.

    Nothing is taken below what this node has held before. Ends with 3 when something was refused for another reason, with
    2 when everything was refused.
    """
    node = open_node(home)
    taken = trusting.take_files(trusting.open_store(node.layout), files, node.clock)
    if as_json:
        print_json({"documents": [taken_facts(one) for one in taken]})
    else:
        for line in map(taken_line, taken):
            say(line)
    # What is older than what is held here is in every bundle of somebody who was here before: it is not needed.
    refused = [one for one in taken if one.outcome is Outcome.REFUSED]
    if len(refused) == len(taken):
        return REFUSED
    return PARTLY if any(one.code != DocumentCode.OLDER for one in refused) else 0


def bundle(
    out: Annotated[Path, typer.Option(metavar="FILE", help="Where to write it.")],
    home: Home = HERE,
    as_json: Json = False,
) -> None:
    """Write all documents this node holds into one file for others. Nothing in it is secret."""
    node = open_node(home)
    data = trusting.open_store(node.layout).bundle(node.clock.now_ms())
    carried.write(out, data)
    if as_json:
        print_json({"file": str(out), "octets": len(data)})
        return
    say(f"Wrote {out}, {len(data):,} octets: `rmas trust take` takes it in, at any member's.")


def show(home: Home = HERE, as_json: Json = False) -> None:
    """Show whom this node trusts by the documents it holds, and what people must see to."""
    node = open_node(home)
    store = trusting.open_store(node.layout)
    loaded = store.survey(node.clock.now_ms())
    facts = _facts(loaded, store.anchor(), node.clock.now_ms())
    if as_json:
        print_json(facts)
        return
    for line in _lines(facts):
        say(line)


def _facts(loaded: Loaded, anchor: bytes, now_ms: int) -> dict[str, Any]:
    documents = loaded.documents
    membership = documents.succession.effective()
    tips = [
        {"version": one.version, "digest": one.digest.hex(), "proposed_at": rfc3339(one.proposed_at)}
        for one in documents.succession.tips
    ]
    return {
        "federation": membership.federation,
        "anchor": anchor.hex(),
        "charters": tips,
        "members": [_member(documents, economy, now_ms) for economy in sorted(membership.members)],
        "alarms": [{"code": alarm.code, "message": alarm.message} for alarm in loaded.alarms],
    }


def _member(documents: TrustDocuments, economy: str, now_ms: int) -> dict[str, Any]:
    entry = documents.entries.get(economy)
    keys = [] if entry is None else [_key(ca.certificate) for ca in entry.cas]
    lists = [documents.crls[key] for key in keys if key in documents.crls]
    current = [one for one in suspensions_counted(documents).get(economy, ()) if now_ms < one.ends_at]
    return {
        "economy": economy,
        "withdrawn": economy in departed(documents),
        "entry": entry and entry.number,
        "cas": [
            {
                "key": _key(ca.certificate).hex(),
                "phase": ca.phase,
                "until": rfc3339(to_ms(ca.certificate.not_valid_after_utc)),
            }
            for ca in (entry.cas if entry else ())
        ],
        "crls": [
            {
                "number": one.number,
                "revoked": len(one.revoked),
                "until": rfc3339(to_ms(one.next_update)),
                "fresh": now_ms <= to_ms(one.next_update),
            }
            for one in lists
        ],
        "nodes": [
            {
                "name": notice.node.uri,
                "notice": notice.number,
                "roles": sorted(notice.roles),
                "addresses": [endpoint.address for endpoint in notice.endpoints],
            }
            for _, notice in sorted(documents.notices.items())
            if notice.node.economy == economy
        ],
        "suspensions": [
            {
                "digest": one.digest.hex(),
                "by": list(one.by),
                "from": rfc3339(one.starts_at),
                "until": rfc3339(one.ends_at),
            }
            for one in current
        ],
    }


def _key(certificate: x509.Certificate) -> bytes:
    return public_key_id(admit(certificate.public_key()))


def _lines(facts: dict[str, Any]) -> Iterator[str]:
    for tip in facts["charters"]:
        yield f"charter {tip['version']} of {facts['federation']}, proposed {tip['proposed_at']}"
        yield f"  SHA-256 {groups(bytes.fromhex(tip['digest']))}"
    for member in facts["members"]:
        yield f"{member['economy']}: {', '.join(_said(member))}"
        for node in member["nodes"]:
            yield f"  {node['name']}, {' and '.join(node['roles'])}, at {', '.join(node['addresses']) or 'no address'}"
        for one in member["suspensions"]:
            yield f"  suspended by {' and '.join(one['by'])} from {one['from']} until {one['until']}"
            yield f"    {groups(bytes.fromhex(one['digest']))}"
    for alarm in facts["alarms"]:
        yield f"! {alarm['message']} [{alarm['code']}]"


def _said(member: dict[str, Any]) -> Iterator[str]:
    if member["withdrawn"]:
        yield "has left"
    yield f"entry {member['entry']}" if member["entry"] else "no entry yet"
    for one in member["crls"]:
        ended = "" if one["fresh"] else " (ended: no lookups until there is a new one)"
        yield f"CRL {one['number']} with {plural(one['revoked'], 'certificate')} until {one['until']}{ended}"
    if member["entry"] and not member["crls"]:
        yield "no CRL yet: no lookups"
