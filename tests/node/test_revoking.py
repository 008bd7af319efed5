"""The CA's own list: numbered, complete, and made again every day."""

from __future__ import annotations

import json
import shutil
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import pytest

from certs import crl
from certs.crl import Crl
from certs.keystore import KeyStore, load_certificate
from node import config, revoking
from node.clock import Clock
from node.layout import Layout
from tests.node.command import make_home, run


@pytest.fixture
def home(tmp_path: Path) -> Path:
    return make_home(tmp_path / "nzl", "NZL")


def made(home: Path, *arguments: str | Path) -> dict[str, Any]:
    done = run("ca", *arguments, "-C", home, "--json")
    assert done.returncode == 0, done.stderr
    return dict(json.loads(done.stdout))


def held(home: Path) -> Crl:
    return crl.read((home / "certs/ca.crl").read_bytes(), [load_certificate(home / "certs/ca.pem")])


def test_each_list_has_the_next_number_and_all_that_was_revoked(home: Path) -> None:
    leaf = load_certificate(home / "certs/tls.pem")
    assert (made(home, "crl")["number"], held(home).revoked) == (1, {})
    told = made(home, "revoke", home / "certs/tls.pem")
    assert (told["number"], list(told["revoked"]), told["own"]) == (2, [f"{leaf.serial_number:x}"], ["tls"])
    made(home, "revoke", "0x2A", "2b")
    assert made(home, "crl")["number"] == 4
    assert set(held(home).revoked) == {leaf.serial_number, 0x2A, 0x2B}


def test_whoever_revokes_the_nodes_own_leaf_hears_what_to_do_next(home: Path) -> None:
    assert "compromise.md" in run("ca", "revoke", home / "certs/message.pem", "-C", home).stdout


@pytest.mark.parametrize("serial", ["", "0", "xyz", "f" * 41, "certs/none.pem"])
def test_what_is_no_serial_number_revokes_nothing(home: Path, serial: str) -> None:
    done = run("ca", "revoke", serial, "-C", home)
    assert (done.returncode, done.code) == (2, "INVALID_SERIAL")
    assert not (home / "certs/ca.crl").exists()


def test_a_certificate_of_another_ca_is_not_ours_to_take_back(home: Path, tmp_path: Path) -> None:
    other = make_home(tmp_path / "aus", "AUS")
    assert run("ca", "revoke", other / "certs/tls.pem", "-C", home).code == "NOT_OUR_LEAF"


def test_a_list_that_is_damaged_is_not_begun_anew(home: Path, tmp_path: Path) -> None:
    """A list that drops what was revoked would be refused by every peer, and must not be made in silence."""
    made(home, "revoke", "2a")
    other = make_home(tmp_path / "aus", "AUS")
    made(other, "crl")
    shutil.copy(other / "certs/ca.crl", home / "certs/ca.crl")
    assert run("ca", "crl", "-C", home).code == "CRL_DAMAGED"


def test_without_the_ca_key_nothing_is_revoked(home: Path) -> None:
    (home / "keys/ca.pem").unlink()
    assert run("ca", "revoke", "2a", "-C", home).code == "KEY_MISSING"
    assert not (home / "certs/ca.crl").exists()


def test_two_who_revoke_at_once_lose_nothing(home: Path) -> None:
    serials = [f"{serial:x}" for serial in range(0x20, 0x28)]
    layout = Layout.of(home, config.load(home))
    with ThreadPoolExecutor(len(serials)) as pool:
        made = list(pool.map(lambda serial: revoking.reissue(layout, [int(serial, 16)], (), Clock()), serials))
    assert sorted(one.crl.number for one in made) == list(range(1, len(serials) + 1))
    assert set(held(home).revoked) == {int(serial, 16) for serial in serials}


def test_a_key_whose_certificate_was_revoked_gets_no_other(home: Path) -> None:
    run("ca", "revoke", home / "certs/message.pem", "-C", home)
    refused = run("cert", "renew", "-C", home)
    assert (refused.returncode, refused.code) == (2, "KEY_REVOKED")
    (home / "keys/message.pem").unlink()
    KeyStore(home / "keys").generate("message")
    assert run("cert", "renew", "-C", home).returncode == 0
