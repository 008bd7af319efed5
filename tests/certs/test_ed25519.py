"""Which octets are an Ed25519 key: one encoding of a point that not everybody can sign for (ATTACKS A12)."""

from __future__ import annotations

from itertools import product

import pytest
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from hypothesis import given
from hypothesis import strategies as st

from certs.ed25519 import require_point
from certs.errors import KeyNotAllowed

P = 2**255 - 19
D = -121665 * pow(121666, -1, P) % P
Point = tuple[int, int]
NEUTRAL: Point = (0, 1)


def add(one: Point, other: Point) -> Point:
    """The group law of RFC 8032 5.1.4, in affine coordinates and without any care for time."""
    (x1, y1), (x2, y2) = one, other
    product = D * x1 * x2 * y1 * y2
    return (
        (x1 * y2 + x2 * y1) * pow(1 + product, -1, P) % P,
        (y1 * y2 + x1 * x2) * pow(1 - product, -1, P) % P,
    )


def times_eight(point: Point) -> Point:
    for _ in range(3):
        point = add(point, point)
    return point


def points_with(y: int) -> list[Point]:
    """Both points of the curve with this y (RFC 8032 5.1.3), or none."""
    square = (y * y - 1) * pow(D * y * y + 1, -1, P) % P
    root = pow(square, (P + 3) // 8, P)
    for x in (root, root * pow(2, (P - 1) // 4, P) % P):
        if x * x % P == square:
            return [(x, y), (-x % P, y)]
    return []


def encode(y: int, sign: int = 0) -> bytes:
    return (y | sign << 255).to_bytes(32, "little")


ORDER_8 = int.from_bytes(bytes.fromhex("26e8958fc2b227b045c3f489f2ef98f0d5dfac05d3c63339b13802886d53fc05"), "little")
SMALL_ORDER_Y = (0, 1, P - 1, ORDER_8, P - ORDER_8)
# Either sign bit, and the other spellings of 0 and 1 that fit into 255 bits: the fourteen, and the two whose sign bit says
# that zero is negative.
SMALL_ORDER = [encode(y, sign) for y, sign in product((*SMALL_ORDER_Y, P, P + 1), (0, 1))]


def test_the_points_of_small_order_are_those_of_order_eight_and_its_divisors() -> None:
    points = {point for y in SMALL_ORDER_Y for point in points_with(y)}
    assert len(points) == 8
    assert all(times_eight(point) == NEUTRAL for point in points)


@pytest.mark.parametrize("key", SMALL_ORDER, ids=bytes.hex)
def test_a_point_of_small_order_is_refused_in_every_spelling(key: bytes) -> None:
    """ATTACKS A12."""
    with pytest.raises(KeyNotAllowed):
        require_point(key)


@pytest.mark.parametrize("y", range(P, 2**255))
@pytest.mark.parametrize("sign", [0, 1])
def test_no_number_has_a_second_spelling(y: int, sign: int) -> None:
    """ATTACKS A12: not canonical."""
    with pytest.raises(KeyNotAllowed):
        require_point(encode(y, sign))


@given(st.binary(min_size=32, max_size=32))
def test_what_is_accepted_is_a_point_that_eight_times_itself_is_not_the_neutral_one(key: bytes) -> None:
    y = int.from_bytes(key, "little") & (1 << 255) - 1
    try:
        require_point(key)
    except KeyNotAllowed:
        assert y >= P or all(times_eight(point) == NEUTRAL for point in points_with(y))
    else:
        assert all(times_eight(point) != NEUTRAL for point in points_with(y))
        assert len(points_with(y)) == 2


@given(st.binary(min_size=32, max_size=32))
def test_every_key_that_is_made_is_taken(seed: bytes) -> None:
    key = Ed25519PrivateKey.from_private_bytes(seed).public_key().public_bytes_raw()
    assert require_point(key) == key


@pytest.mark.parametrize("width", [0, 31, 33, 44])
def test_another_width_is_refused(width: int) -> None:
    with pytest.raises(KeyNotAllowed):
        require_point(bytes([9]) * width)
