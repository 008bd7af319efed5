"""Names in certificates, and back (spec 2.1, 2.2).

A node has one name with two spellings: the URI `rmas://lab/NZL/node1`, which statements and records carry, and the
DNS name `node1.nzl.lab`, which a TLS channel asks for and which the CA's name constraint binds. A leaf carries both;
they must agree, because TLS checks the one and the application the other.
"""

import re
from dataclasses import dataclass
from typing import Final

from cryptography import x509

from certs.errors import InvalidName, MalformedCertificate, WrongName

MAX_URI_CHARACTERS: Final = 120

# A DNS label without the reserved forms: a hyphen in places three and four marks an encoded label (RFC 5890 2.3.1),
# and two names that look alike once decoded must not both be possible.
_LABEL: Final = re.compile(r"(?!..--)[a-z0-9](?:[a-z0-9-]{0,30}[a-z0-9])?")
_ECONOMY: Final = re.compile(r"[A-Z]{3}")
_URI: Final = re.compile(r"rmas://([^/]*)/([^/]*)/([^/]*)")


@dataclass(frozen=True, slots=True)
class NodeName:
    """The full name of one node: federation and node are DNS labels of 1-32 characters, economy is three letters.

    Raises InvalidName when a part is outside the grammar, so a NodeName that exists is well formed.
    """

    federation: str
    economy: str
    node: str

    def __post_init__(self) -> None:
        _require_label("federation", self.federation)
        _require_economy(self.economy)
        _require_label("node", self.node)

    @property
    def uri(self) -> str:
        """`rmas://<federation>/<economy>/<node>`, the spelling in statements, records and the URI SAN."""
        return f"rmas://{self.federation}/{self.economy}/{self.node}"

    @property
    def dns(self) -> str:
        """`<node>.<economy>.<federation>` in lower case, the name a channel asks for."""
        return f"{self.node}.{self.economy.lower()}.{self.federation}"

    @property
    def authority(self) -> "CaName":
        """The name of the CAs that may issue for this node."""
        return CaName(self.federation, self.economy)

    def __str__(self) -> str:
        return self.uri


@dataclass(frozen=True, slots=True)
class CaName:
    """What an issuing CA is bound to: one economy in one federation. Raises InvalidName like NodeName."""

    federation: str
    economy: str

    def __post_init__(self) -> None:
        _require_label("federation", self.federation)
        _require_economy(self.economy)

    @property
    def dns(self) -> str:
        """`<economy>.<federation>` in lower case, the one permitted subtree of the CA."""
        return f"{self.economy.lower()}.{self.federation}"

    def __str__(self) -> str:
        return self.dns


def parse_uri(text: str) -> NodeName:
    """The name spelt by `text`; `parse_uri(name.uri) == name`, and nothing else parses.

    Raises InvalidName. The text itself is not repeated in the error: it may come from a stranger.
    """
    # Length first: nothing below may cost more for a longer text.
    matched = _URI.fullmatch(text) if len(text) <= MAX_URI_CHARACTERS else None
    if matched is None:
        raise InvalidName(
            f"this is no node name; write rmas://<federation>/<economy>/<node>, at most {MAX_URI_CHARACTERS} characters"
        )
    return NodeName(*matched.groups())


def name_of(certificate: x509.Certificate) -> NodeName:
    """The one name a leaf carries: exactly one URI SAN and one DNS SAN, nothing else in the extension, in agreement.

    Raises MalformedCertificate when the extensions cannot be read, WrongName otherwise.
    """
    try:
        alternatives = list(certificate.extensions.get_extension_for_class(x509.SubjectAlternativeName).value)
    except x509.ExtensionNotFound as missing:
        raise WrongName(
            "the certificate has no subject alternative name; issue it with one URI and one DNS name"
        ) from (missing)
    except (ValueError, x509.DuplicateExtension, x509.UnsupportedGeneralNameType) as broken:
        raise MalformedCertificate("the certificate's extensions cannot be read; issue it again") from broken
    return name_in(alternatives)


def name_in(alternatives: list[x509.GeneralName]) -> NodeName:
    """The name in the entries of a subject alternative name, under the same rule for certificates and requests.

    Raises WrongName.
    """
    # Counted before read: with two of a kind, two verifiers could each pick another one.
    uris = [entry.value for entry in alternatives if isinstance(entry, x509.UniformResourceIdentifier)]
    hosts = [entry.value for entry in alternatives if isinstance(entry, x509.DNSName)]
    if len(uris) != 1 or len(hosts) != 1 or len(alternatives) != 2:
        raise WrongName("the subject alternative name must hold exactly one URI and one DNS name; issue it again so")
    try:
        name = parse_uri(uris[0])
    except InvalidName as invalid:
        raise WrongName(
            "the certificate's URI is no node name; issue it with rmas://<federation>/<economy>/<node>"
        ) from (invalid)
    if hosts[0] != name.dns:
        raise WrongName(f"the certificate's DNS name differs from its URI; for {name} it must be {name.dns}")
    return name


def _require_label(part: str, text: str) -> None:
    if _LABEL.fullmatch(text) is None:
        raise InvalidName(
            f"the {part} name is not usable; take 1 to 32 of a-z, 0-9 and hyphen, no hyphen first, last or third and fourth"
        )


def _require_economy(text: str) -> None:
    if _ECONOMY.fullmatch(text) is None:
        raise InvalidName("the economy code is not usable; take the three capital letters, NZL for example")
