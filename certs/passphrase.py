"""A private key under a passphrase: PKCS#8 in PEM, PBES2 (RFC 8018 6.2), as OpenSSL's `pkcs8` reads it.

For root keys alone, which people unlock by hand. PBKDF2 with HMAC-SHA-256 and AES-256-CBC; the library's own writer
stretches a passphrase by 2,048 rounds, which a graphics card undoes, so the few octets around are written here.
"""

import base64
from typing import Final

from cryptography.exceptions import UnsupportedAlgorithm
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.ciphers import Cipher, algorithms, modes
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.kdf.pbkdf2 import PBKDF2HMAC
from cryptography.hazmat.primitives.padding import PKCS7
from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat, load_pem_private_key

from certs.errors import KeyNotAllowed
from certs.keys import MAX_KEY_BYTES, admit

SALT_BYTES: Final = 16
IV_BYTES: Final = 16
# What OWASP's Password Storage Cheat Sheet asks of PBKDF2 with HMAC-SHA-256.
ROUNDS: Final = 600_000

_LABEL: Final = "ENCRYPTED PRIVATE KEY"
# OBJECT IDENTIFIERs in DER: PBES2 and PBKDF2 (RFC 8018), hmacWithSHA256 (RFC 8018 B.1.2), aes256-CBC (NIST).
_PBES2: Final = bytes.fromhex("06092a864886f70d01050d")
_PBKDF2: Final = bytes.fromhex("06092a864886f70d01050c")
_HMAC_SHA256: Final = bytes.fromhex("06082a864886f70d0209")
_AES256_CBC: Final = bytes.fromhex("060960864801650304012a")
_NULL: Final = b"\x05\x00"
_INTEGER, _OCTETS, _SEQUENCE = 0x02, 0x04, 0x30


def is_locked(pem: bytes) -> bool:
    """Whether a key file needs a passphrase; says nothing of whether it is a key at all."""
    return f"-----BEGIN {_LABEL}-----".encode() in pem


def encode_locked(key: ec.EllipticCurvePrivateKey, passphrase: str, salt: bytes, iv: bytes) -> bytes:
    """One PEM block that `decode_locked` opens with the same passphrase; `salt` and `iv` are 16 random bytes each."""
    if len(salt) != SALT_BYTES or len(iv) != IV_BYTES:
        raise ValueError("salt and iv are 16 random bytes each")
    admit(key.public_key())
    padder = PKCS7(algorithms.AES.block_size).padder()
    plain = padder.update(key.private_bytes(Encoding.DER, PrivateFormat.PKCS8, NoEncryption())) + padder.finalize()
    stretched = PBKDF2HMAC(SHA256(), 32, salt, ROUNDS).derive(passphrase.encode())
    cipher = Cipher(algorithms.AES(stretched), modes.CBC(iv)).encryptor()
    der = _tagged(_SEQUENCE, _scheme(salt, iv), _tagged(_OCTETS, cipher.update(plain) + cipher.finalize()))
    text = base64.b64encode(der).decode()
    lines = [text[at : at + 64] for at in range(0, len(text), 64)]
    return "\n".join([f"-----BEGIN {_LABEL}-----", *lines, f"-----END {_LABEL}-----", ""]).encode()


def decode_locked(pem: bytes, passphrase: str) -> ec.EllipticCurvePrivateKey:
    """The key in a locked PEM block. Raises KeyNotAllowed: another passphrase, or no such key."""
    if len(pem) > MAX_KEY_BYTES:
        raise KeyNotAllowed(f"a private key file has at most {MAX_KEY_BYTES} bytes; give the key alone")
    try:
        key = load_pem_private_key(pem, passphrase.encode())
    except (ValueError, TypeError, UnsupportedAlgorithm):
        # Without "from": the library's text may describe the key's insides.
        raise KeyNotAllowed("the passphrase does not open this key; type it again, or name the right file") from None
    if not isinstance(key, ec.EllipticCurvePrivateKey):
        raise KeyNotAllowed("the private key is not an ECDSA key on P-256; make a new one on P-256")
    admit(key.public_key())
    return key


def _scheme(salt: bytes, iv: bytes) -> bytes:
    """AlgorithmIdentifier of PBES2 with these parameters (RFC 8018 A.4)."""
    rounds = _tagged(_INTEGER, ROUNDS.to_bytes(3, "big"))
    stretching = _tagged(_SEQUENCE, _tagged(_OCTETS, salt), rounds, _tagged(_SEQUENCE, _HMAC_SHA256, _NULL))
    cipher = _tagged(_SEQUENCE, _AES256_CBC, _tagged(_OCTETS, iv))
    return _tagged(_SEQUENCE, _PBES2, _tagged(_SEQUENCE, _tagged(_SEQUENCE, _PBKDF2, stretching), cipher))


def _tagged(tag: int, *content: bytes) -> bytes:
    """One DER value of at most 255 bytes of content, which all of the above are."""
    joined = b"".join(content)
    length = len(joined).to_bytes(1, "big")
    return bytes([tag]) + (length if len(joined) < 0x80 else b"\x81" + length) + joined
