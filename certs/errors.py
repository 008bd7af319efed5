"""What can go wrong with names, keys and certificates, split by who must act.

    CertsError
    ├── InvalidName               whoever wrote the name: it is outside the grammar
    ├── BadSignature              the signer: these bytes were not signed by this key
    ├── KeyNotAllowed             whoever made the key: wrong kind, curve or encoding
    ├── CertificateRefused        the peer's operator: one failed step of `certs.verify`, in its order
    │   ├── MalformedCertificate      not one DER certificate of X.509 version 3 within the size limit
    │   ├── WeakCertificate           a key or signature algorithm outside the allowed ones
    │   ├── WrongPurpose              not the profile of the role it is used in
    │   ├── WrongName                 its names are missing, too many or disagree
    │   ├── WrongFederation           a leaf of another federation
    │   ├── LifetimeTooLong           valid for longer than its profile allows
    │   ├── NotYetValid               used before its time
    │   ├── Expired                   used after its time
    │   ├── UnknownIssuer             signed by none of the CAs given
    │   ├── WrongAuthority            its CA is not the CA of the economy it names, or not CA-shaped
    │   ├── AuthorityNotYetValid      its CA is used before its time
    │   ├── AuthorityExpired          its CA is used after its time
    │   ├── SharedKey                 one public key in two roles
    │   └── Revoked                   its CA took it back
    ├── RequestRefused            whoever made the CSR
    │   ├── MalformedRequest          not one PKCS#10 request in PEM, or not the fields of a profile
    │   └── NoPossession              not signed by the key it asks a certificate for
    ├── IssueRefused              the CA's operator: the CA may not sign this
    ├── CrlRefused                the CA's operator, or whoever passed the list on
    │   ├── MalformedCrl              not one DER list of version 2 within the size limit, or a part is missing
    │   ├── WeakCrl                   not signed with the allowed algorithm
    │   ├── PartialCrl                delta, indirect or partitioned: not the whole of what one CA took back
    │   ├── UnknownCrlIssuer          signed by none of the CAs given
    │   ├── CrlLifetimeTooLong        good for longer than a list may be, or ends before it starts
    │   ├── FutureCrl                 made after the clock of whoever verifies
    │   ├── StaleCrl                  its successor is overdue
    │   ├── OlderCrl                  its number is below that of the list held
    │   ├── ConflictingCrl            the number of the list held, and other content
    │   └── DroppedSerial             leaves out, or dates back, what cannot have expired yet
    └── KeyStoreError             our operator: files on this machine
        ├── KeyMissing                no such file
        ├── CertificateMissing        no such file
        ├── KeyExists                 a new key would overwrite one
        ├── KeyExposed                others can read or swap the file
        ├── KeyDamaged                the file holds no key we accept
        └── KeyUnwritten              the disk refused; what stood before still stands

No text below carries more of a foreign certificate than names that passed the grammar: what a stranger puts
into a certificate does not reach a log.
"""

from typing import ClassVar


class CertsError(Exception):
    """Base of the package. `code` is stable: scripts, logs and the specification use it."""

    code: ClassVar[str] = "CERTS"


class InvalidName(CertsError):
    """A federation, economy, node, URI or DNS name is outside the grammar of spec 2.1."""

    code = "NAME_INVALID"


class BadSignature(CertsError):
    """The signature is not 64 bytes r‖s in range, or does not verify."""

    code = "SIGNATURE_BAD"


class KeyNotAllowed(CertsError):
    """The key is not an ECDSA key on P-256, or its encoding is not the one we write."""

    code = "KEY_NOT_ALLOWED"


class CertificateRefused(CertsError):
    """A certificate failed one numbered step of path verification (spec 2.4)."""

    code = "CERT_REFUSED"


class MalformedCertificate(CertificateRefused):
    """Not exactly one DER certificate of version 3, or larger than the limit."""

    code = "CERT_MALFORMED"


class WeakCertificate(CertificateRefused):
    """Key or signature algorithm is none of the allowed ones."""

    code = "CERT_WEAK"


class WrongPurpose(CertificateRefused):
    """Key usage, extended key usage or basic constraints are not those of the role."""

    code = "CERT_PURPOSE"


class WrongName(CertificateRefused):
    """Not exactly one URI SAN and one DNS SAN that say the same."""

    code = "CERT_NAME"


class WrongFederation(CertificateRefused):
    """The leaf names another federation."""

    code = "CERT_FEDERATION"


class LifetimeTooLong(CertificateRefused):
    """The validity period is longer than the profile allows, or ends before it starts."""

    code = "CERT_LIFETIME"


class NotYetValid(CertificateRefused):
    """`notBefore` lies ahead of the clock of whoever verifies."""

    code = "CERT_NOT_YET_VALID"


class Expired(CertificateRefused):
    """`notAfter` has passed."""

    code = "CERT_EXPIRED"


class UnknownIssuer(CertificateRefused):
    """No current CA of the economy signed the leaf: other CA, same-name CA, or a longer chain."""

    code = "CERT_ISSUER_UNKNOWN"


class WrongAuthority(CertificateRefused):
    """The CA certificate is not of the CA profile, or is constrained to another name."""

    code = "CERT_AUTHORITY"


class AuthorityNotYetValid(CertificateRefused):
    """The CA's `notBefore` lies ahead."""

    code = "CERT_AUTHORITY_NOT_YET_VALID"


class AuthorityExpired(CertificateRefused):
    """The CA's `notAfter` has passed."""

    code = "CERT_AUTHORITY_EXPIRED"


class SharedKey(CertificateRefused):
    """One public key stands in two roles; a signature under it could be read as either."""

    code = "CERT_SHARED_KEY"


class Revoked(CertificateRefused):
    """The issuing CA revoked the leaf."""

    code = "CERT_REVOKED"


class RequestRefused(CertsError):
    """A certificate signing request cannot be used."""

    code = "CSR_REFUSED"


class MalformedRequest(RequestRefused):
    """Not one PEM request, or its names, key or extensions are not those of a profile."""

    code = "CSR_MALFORMED"


class NoPossession(RequestRefused):
    """The request's own signature does not verify, so the asker may not hold the key."""

    code = "CSR_NO_POSSESSION"


class IssueRefused(CertsError):
    """The CA may not sign this: name, key, serial or days are outside its profile."""

    code = "ISSUE_REFUSED"


class CrlRefused(CertsError):
    """A certificate revocation list cannot be used, or not in the place of the one held."""

    code = "CRL_REFUSED"


class MalformedCrl(CrlRefused):
    """Not exactly one DER list of version 2 within the size limit, or a field is missing, doubled or out of range."""

    code = "CRL_MALFORMED"


class WeakCrl(CrlRefused):
    """Not signed with ecdsa-with-SHA256."""

    code = "CRL_WEAK"


class PartialCrl(CrlRefused):
    """A delta, indirect or partitioned list, or one with a critical extension, whose meaning we would have to guess."""

    code = "CRL_PARTIAL"


class UnknownCrlIssuer(CrlRefused):
    """None of the CAs given signed the list: other CA, same-name CA, or a leaf."""

    code = "CRL_ISSUER_UNKNOWN"


class CrlLifetimeTooLong(CrlRefused):
    """`nextUpdate` lies further from `thisUpdate` than a list may hold, or not after it."""

    code = "CRL_LIFETIME"


class FutureCrl(CrlRefused):
    """`thisUpdate` lies ahead of the clock of whoever verifies, by more than clocks may differ."""

    code = "CRL_FUTURE"


class StaleCrl(CrlRefused):
    """`nextUpdate` has passed."""

    code = "CRL_STALE"


class OlderCrl(CrlRefused):
    """The number is below that of the list held."""

    code = "CRL_OLDER"


class ConflictingCrl(CrlRefused):
    """Two lists of one number say different things; both are evidence."""

    code = "CRL_CONFLICT"


class DroppedSerial(CrlRefused):
    """A serial number the held list revokes is gone, or revoked from an earlier time, before it must have expired."""

    code = "CRL_DROPPED_SERIAL"


class KeyStoreError(CertsError):
    """Something about key files on this machine."""

    code = "KEY_STORE"


class KeyMissing(KeyStoreError):
    """There is no such key file."""

    code = "KEY_MISSING"


class CertificateMissing(KeyStoreError):
    """There is no such certificate file."""

    code = "CERT_MISSING"


class KeyExists(KeyStoreError):
    """A key of this name exists and is never overwritten in passing."""

    code = "KEY_EXISTS"


class KeyExposed(KeyStoreError):
    """The file or directory is open to other users, or is not a plain file."""

    code = "KEY_EXPOSED"


class KeyDamaged(KeyStoreError):
    """The file does not hold one unencrypted PKCS#8 P-256 key, or not one certificate."""

    code = "KEY_DAMAGED"


class KeyUnwritten(KeyStoreError):
    """The file system refused; the earlier file, if any, is untouched."""

    code = "KEY_UNWRITTEN"
