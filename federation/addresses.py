"""Where a node is reached: ``host:port`` as a notice may say it (docs/spec/9-trust.md).

An address is handed to a library that reads more into some texts than a host and a port (``unix:443`` is a file to
gRPC), so only what can be nothing else passes: a name with a dot in it, ``localhost``, or the one spelling of a number.
"""

from __future__ import annotations

import re
from ipaddress import AddressValueError, IPv4Address, IPv6Address
from typing import Final

from federation.errors import BadDocument
from federation.status import DocumentCode

MAX_HOST_CHARACTERS: Final = 253

_ADDRESS: Final = re.compile(r"(?:\[([0-9a-f:]{2,39})\]|([a-z0-9.-]{1,253})):([1-9][0-9]{0,4})", re.ASCII)
_LABEL: Final = "[a-z0-9](?:[a-z0-9-]{0,61}[a-z0-9])?"
# The last label begins with a letter, so that no number in another spelling (0x7f.1) is one.
_NAME: Final = re.compile(rf"(?:{_LABEL}\.)+(?=[a-z]){_LABEL}", re.ASCII)
_NETWORK: Final = re.compile(r"[a-z0-9](?:[a-z0-9-]{0,30}[a-z0-9])?", re.ASCII)


def require_address(text: str) -> str:
    """The address itself: a name in lower case or an address of IPv4, ``[address of IPv6]``, then a port.

    Raises BadDocument INVALID_NAME, which does not repeat the text.
    """
    found = _ADDRESS.fullmatch(text)
    if found is None or int(found[3]) > 65535 or not (_is_v6(found[1]) if found[1] else _is_host(found[2])):
        message = "An endpoint is no host:port or [IPv6]:port; write it such as rmas.border.example.nz:443."
        raise BadDocument(DocumentCode.INVALID_NAME, message)
    return text


def require_network(text: str) -> str:
    """The label of a network itself, or the empty text for everywhere. Raises BadDocument INVALID_NAME."""
    if text and _NETWORK.fullmatch(text) is None:
        message = "The network of an endpoint is no label; take up to 32 of a-z, 0-9 and hyphen."
        raise BadDocument(DocumentCode.INVALID_NAME, message)
    return text


def _is_host(host: str) -> bool:
    if host == "localhost" or _NAME.fullmatch(host):
        return True
    try:
        address = IPv4Address(host)
    except AddressValueError:
        return False
    return not (address.is_unspecified or address.is_multicast or address == IPv4Address("255.255.255.255"))


def _is_v6(host: str) -> bool:
    try:
        address = IPv6Address(host)
    except AddressValueError:
        return False
    # An address of IPv4 in IPv6 has several spellings, and versions of Python prefer different ones.
    usable = not (address.is_unspecified or address.is_multicast or address.ipv4_mapped)
    return usable and address.compressed == host
