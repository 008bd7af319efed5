from __future__ import annotations

import json
import os
import stat
from pathlib import Path

import pytest

from certs.identity import NodeName
from certs.keystore import KeyStore, load_certificate
from certs.profiles import Role
from certs.verify import verify_leaf
from node import init
from node.clock import Clock
from node.errors import OperatorError
from node.secret_file import PEPPER, Secret
from tests.node.command import run
from tests.running import rmas

PLAN = init.Plan(NodeName("lab", "NZL", "node1"), ["127.0.0.1:7443"])


@pytest.fixture
def home(tmp_path: Path) -> Path:
    done = run("init", tmp_path / "nzl", "--economy", "NZL", "--federation", "lab", "--json")
    assert (done.returncode, done.stderr) == (0, "")
    assert json.loads(done.stdout)["dir"] == str(tmp_path / "nzl")
    return tmp_path / "nzl"


def test_a_new_node_has_leaves_of_its_own_ca_that_every_peer_would_take(home: Path) -> None:
    ca = load_certificate(home / "certs" / "ca.pem")
    for role in (Role.TLS, Role.MESSAGE):
        leaf = load_certificate(home / "certs" / f"{role.value}.pem")
        verified = verify_leaf(leaf, [ca], role, "lab", Clock().now())
        assert verified.name.uri == "rmas://lab/NZL/node1"
        assert (leaf.not_valid_after_utc - Clock().now()).days < 30
        assert KeyStore(home / "keys").load(role.value).public_key() == leaf.public_key()


def test_three_uses_have_three_keys(home: Path) -> None:
    keys = [KeyStore(home / "keys").load(role.value).public_key().public_numbers() for role in Role]
    assert len(set(keys)) == 3


def test_nothing_secret_is_open_to_others(home: Path) -> None:
    for path in [home, *home.rglob("*")]:
        mode = stat.S_IMODE(path.stat().st_mode)
        if path.is_dir():
            assert mode & 0o007 == 0, path
        elif path.parent.name in ("keys", "secrets"):
            assert mode == 0o600, path
    assert not any(path.is_symlink() for path in home.rglob("*"))


def test_two_nodes_have_different_keys_and_peppers(home: Path, tmp_path: Path) -> None:
    init.create(tmp_path / "other", PLAN, Clock())
    assert PEPPER.load(home / "secrets/pepper") != PEPPER.load(tmp_path / "other/secrets/pepper")
    assert (home / "keys/tls.pem").read_bytes() != (tmp_path / "other/keys/tls.pem").read_bytes()


def test_what_is_there_is_not_overwritten(home: Path) -> None:
    before = {path: path.read_bytes() for path in home.rglob("*") if path.is_file()}
    done = run("init", home, "--economy", "NZL")
    assert (done.returncode, done.stdout) == (2, "")
    assert done.code == "HOME_EXISTS"
    assert {path: path.read_bytes() for path in home.rglob("*") if path.is_file()} == before


def test_an_empty_directory_may_become_a_node(tmp_path: Path) -> None:
    (tmp_path / "n").mkdir()
    assert init.create(tmp_path / "n", PLAN, Clock()).layout.config.exists()


def test_whoever_stands_in_the_empty_directory_stands_in_the_node(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    inode = tmp_path.stat().st_ino
    assert run("init", ".", "--economy", "NZL").returncode == 0
    assert tmp_path.stat().st_ino == inode
    assert Path("rmas.toml").exists()


def test_a_node_that_was_not_told_whom_to_trust_does_not_start_and_says_why(home: Path) -> None:
    done = rmas("serve", "-C", home)
    assert (done.returncode, done.stdout, done.stderr.count("\n")) == (2, "", 1)
    assert done.stderr.endswith("[TRUST_UNPINNED]\n")


def test_a_link_in_its_place_is_refused(tmp_path: Path) -> None:
    (tmp_path / "elsewhere").mkdir()
    (tmp_path / "n").symlink_to(tmp_path / "elsewhere")
    with pytest.raises(OperatorError) as caught:
        init.create(tmp_path / "n", PLAN, Clock())
    assert caught.value.code == "HOME_EXISTS"
    assert list((tmp_path / "elsewhere").iterdir()) == []


def test_a_node_that_could_not_be_finished_leaves_nothing_behind(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def full(*_: object) -> None:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(Secret, "create", full)
    with pytest.raises(OperatorError, match="No space left") as caught:
        init.create(tmp_path / "n", PLAN, Clock())
    assert caught.value.code == "HOME_UNWRITTEN"
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize("economy", ["nz", "NZ", "NZLL", "N/L", "../"])
def test_a_name_no_certificate_can_carry_is_refused(tmp_path: Path, economy: str) -> None:
    done = run("init", tmp_path / "n", "--economy", economy)
    assert (done.returncode, done.stderr.count("\n")) == (2, 1)
    assert done.code == "NAME_INVALID"
    assert not (tmp_path / "n").exists()


def test_the_pepper_is_refused_when_others_could_read_it(home: Path) -> None:
    file = home / "secrets" / "pepper"
    file.chmod(0o640)
    with pytest.raises(OperatorError) as caught:
        PEPPER.load(file)
    assert caught.value.code == "PEPPER_EXPOSED"


@pytest.mark.parametrize("content", [b"", b"ab" * 31, b"ab" * 33, b"zz" * 32, b"ab" * 32 + b" x"])
def test_a_pepper_that_is_not_64_hexadecimal_digits_is_refused(tmp_path: Path, content: bytes) -> None:
    file = tmp_path / "pepper"
    file.write_bytes(content)
    file.chmod(0o600)
    with pytest.raises(OperatorError) as caught:
        PEPPER.load(file)
    assert caught.value.code == "PEPPER_DAMAGED"
    assert content.decode() == "" or content.decode() not in caught.value.message


def test_a_pepper_is_not_read_through_a_link_nor_waited_for(home: Path, tmp_path: Path) -> None:
    (tmp_path / "link").symlink_to(home / "secrets/pepper")
    os.mkfifo(tmp_path / "fifo", 0o600)
    for name in ("link", "fifo"):
        with pytest.raises(OperatorError) as caught:
            PEPPER.load(tmp_path / name)
        assert caught.value.code == "PEPPER_EXPOSED"


def test_a_pepper_is_never_replaced(home: Path) -> None:
    before = (home / "secrets/pepper").read_bytes()
    with pytest.raises(OperatorError) as caught:
        PEPPER.create(home / "secrets/pepper", Clock())
    assert caught.value.code == "PEPPER_EXISTS"
    assert (home / "secrets/pepper").read_bytes() == before


def test_the_next_steps_name_another_economy_and_this_node(tmp_path: Path) -> None:
    for economy, peer in (("AUS", "NZL"), ("NZL", "AUS")):
        home = tmp_path / economy
        said = run("init", home, "--economy", economy).stdout
        assert f"rmas peer allow {peer} " in said
        assert f"rmas charter request --entry {economy.lower()}.entry " in said
        assert f"-C {home}" in said
