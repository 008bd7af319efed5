"""New certificates for a node that goes on with its keys."""

from __future__ import annotations

import json
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from certs.keystore import load_certificate
from certs.profiles import Role
from certs.verify import verify_leaf
from tests.node.command import make_home, run


@pytest.fixture
def home(tmp_path: Path) -> Path:
    return make_home(tmp_path / "nzl", "NZL")


@pytest.mark.parametrize("role", [Role.TLS, Role.MESSAGE])
def test_a_renewed_leaf_keeps_its_key_and_holds(home: Path, role: Role) -> None:
    file = home / "certs" / f"{role.value}.pem"
    before = load_certificate(file)
    done = run("cert", "renew", "-C", home, "--json")
    assert done.returncode == 0
    after = load_certificate(file)
    assert after.serial_number != before.serial_number
    assert after.public_key() == before.public_key()
    ca = load_certificate(home / "certs/ca.pem")
    verified = verify_leaf(after, [ca], role, "rmas", datetime.now(UTC))
    assert verified.not_after.isoformat().replace("+00:00", "Z") == json.loads(done.stdout)["certificates_end"]
    assert verified.not_after > datetime.now(UTC) + timedelta(days=29)


def test_without_the_ca_key_nothing_is_renewed_and_the_sentence_says_what_is_missing(home: Path) -> None:
    before = (home / "certs/tls.pem").read_bytes()
    (home / "keys/ca.pem").rename(home / "elsewhere.pem")
    done = run("cert", "renew", "-C", home)
    assert done.returncode == 2
    assert done.code == "KEY_MISSING"
    assert (home / "certs/tls.pem").read_bytes() == before


def test_a_leaf_that_cannot_be_issued_leaves_the_other_as_it_was(home: Path) -> None:
    before = (home / "certs/tls.pem").read_bytes()
    (home / "keys/message.pem").unlink()
    assert run("cert", "renew", "-C", home).returncode == 2
    assert (home / "certs/tls.pem").read_bytes() == before
