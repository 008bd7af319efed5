"""A home's request to be let in: its documents, gathered into one file (`node.accession`).

Private keys never travel: root keys sign the entry wherever they are, and only their public halves come here.
"""

from __future__ import annotations

from collections.abc import Sequence

from certs.identity import NodeName
from federation.charter import RootMember
from federation.directory import ROLES
from federation.routes import Route
from federation.trust_statements import Endpoint
from node import accession, announcing, revoking
from node.accession import Joiner, Request
from node.clock import Clock
from node.entering import EntryDraft
from node.errors import OperatorError
from node.layout import Layout
from node.root_key import RootPublic


def request(
    layout: Layout,
    name: NodeName,
    roots: tuple[Sequence[RootPublic], int],
    routes: Sequence[Route],
    entry: EntryDraft,
    endpoints: Sequence[Endpoint],
    clock: Clock,
) -> tuple[bytes, Joiner]:
    """The file of a request, and what stands in it, verified as those will who let the economy in.

    ``roots``: the root public keys, and how many of them sign for the economy. A new CRL and notice are made for it. Raises
    OperatorError REQUEST_FOREIGN when the entry is another economy's; BadDocument and CertsError as `accession.parse`.
    """
    statement = entry.statement
    if (statement.federation, statement.economy) != (name.federation, name.economy):
        message = (
            f"The entry is of {statement.economy} in {statement.federation}, this node is {name}; name its own entry."
        )
        raise OperatorError("REQUEST_FOREIGN", message)
    keys, needed = roots
    made = Request(
        name.federation,
        RootMember(name.economy, tuple(sorted({key.spki for key in keys})), needed),
        tuple(routes),
        entry.document,
        revoking.reissue(layout, (), (), clock).crl.der,
        announcing.announce(layout, name, endpoints, sorted(ROLES), 1, clock)[0],
    )
    data = accession.encode(made)
    return data, accession.verify(made, data, clock.now())
