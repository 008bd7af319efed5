"""The raw caller leaves nothing open where it is turned away."""

from __future__ import annotations

import socket

import pytest

from tests.raw_h2 import Closed, RawConnection


def test_a_connection_that_is_over_before_the_first_frame_is_closed() -> None:
    ours, theirs = socket.socketpair()
    theirs.close()
    with pytest.raises(Closed):
        RawConnection(ours)
    assert ours.fileno() == -1
