"""Ed25519 public keys, of logs and their witnesses: which 32 bytes are one (RFC 8032 5.1.3).

A library takes any 32 bytes for a key and finds out when it first verifies. A point of small order is worse than none:
there are signatures that hold under it for every message. So both are refused when a key is published.
"""

from typing import Final

from certs.errors import KeyNotAllowed

KEY_BYTES: Final = 32

_P: Final = 2**255 - 19
_D: Final = -121665 * pow(121666, -1, _P) % _P
# The y of the points whose order divides 8: the neutral one and those of order 2, 4 and 8 (two, of which one is the
# other's negative).
_Y_OF_ORDER_8: Final = 0x05FC536D880238B13933C6D305ACDFD5F098EFF289F4C345B027B2C28F95E826
_SMALL_ORDER: Final = frozenset({1, _P - 1, 0, _Y_OF_ORDER_8, _P - _Y_OF_ORDER_8})


def require_point(key: bytes) -> bytes:
    """`key` itself, when it is the one encoding of a point of the curve that is of no small order.

    Raises KeyNotAllowed.
    """
    if len(key) != KEY_BYTES:
        raise KeyNotAllowed(f"an Ed25519 public key has {KEY_BYTES} bytes; write it raw, without a wrapping")
    y = int.from_bytes(key, "little") & (1 << 255) - 1
    if y >= _P or not _on_curve(y):
        raise KeyNotAllowed("these bytes are no Ed25519 public key in its one encoding; export the key again")
    if y in _SMALL_ORDER:
        raise KeyNotAllowed("this Ed25519 public key is a point of small order, which anybody can sign for; make a key")
    return key


def _on_curve(y: int) -> bool:
    """Whether some x has -x^2 + y^2 = 1 + d x^2 y^2, by Euler's criterion."""
    square = (y * y - 1) * pow(_D * y * y + 1, -1, _P) % _P
    return square == 0 or pow(square, (_P - 1) // 2, _P) == 1
