"""Root keys in files: made once, read by nobody else, and one charter a version."""

from __future__ import annotations

import json
import shutil
import stat
import subprocess
from collections.abc import Callable
from pathlib import Path

import pytest

from certs.passphrase import ROUNDS
from certs.signing import verify
from node import config_file, root_key, root_record
from node.errors import OperatorError
from node.spoken import groups, parse
from tests.node.command import run

DIGEST = bytes(range(32))
OTHER = bytes(32)


def unneeded() -> str:
    raise AssertionError("nobody is asked for a passphrase here")


@pytest.fixture
def key(tmp_path: Path) -> Path:
    tmp_path.chmod(0o700)
    file = tmp_path / "nzl.root"
    assert run("root", "new", file).returncode == 0
    return file


@pytest.fixture
def passphrase(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    tmp_path.chmod(0o700)
    file = tmp_path / "passphrase"
    file.write_text("fünf Kiwis\n")
    file.chmod(0o600)
    monkeypatch.setenv("RMAS_ROOT_PASSPHRASE_FILE", str(file))
    return file


def code_of(act: Callable[[], object]) -> str:
    with pytest.raises(OperatorError) as caught:
        act()
    return caught.value.code


def claim(key: Path, version: int, digest: bytes, federation: str = "rmas") -> None:
    root_record.claim(key, root_key.public_of(key).key_id, federation, version, digest)


def test_the_key_is_secret_and_its_public_half_is_what_is_shown(key: Path) -> None:
    shown = run("root", "show", key, "--json")
    public = json.loads(shown.stdout)
    assert stat.S_IMODE(key.stat().st_mode) == 0o600
    signer = root_key.unlock(key, unneeded)
    verify(signer.public_key, signer.sign(DIGEST), DIGEST)
    assert root_key.public_of(key).key_id.hex() == public["fingerprint"]
    assert root_key.public_of(root_key.public_file(key)) == root_key.public_of(key)
    assert groups(bytes.fromhex(public["fingerprint"])) in run("root", "show", key).stdout


def test_a_fingerprint_read_aloud_is_the_one_that_was_printed() -> None:
    assert parse(groups(DIGEST)) == DIGEST
    assert parse(groups(DIGEST).upper().replace(" ", "")) == DIGEST
    assert code_of(lambda: parse(groups(DIGEST)[:-1])) == "INVALID_FINGERPRINT"


@pytest.mark.parametrize("suffix", ["", ".public", ".signed"])
def test_nothing_that_is_there_is_overwritten(tmp_path: Path, suffix: str) -> None:
    tmp_path.chmod(0o700)
    taken = tmp_path / f"nzl.root{suffix}"
    taken.write_text("here")
    done = run("root", "new", tmp_path / "nzl.root")
    assert (done.returncode, done.code) == (2, "ROOT_EXISTS")
    assert [(path.name, path.read_text()) for path in tmp_path.iterdir()] == [(taken.name, "here")]


def test_a_key_that_others_could_read_signs_nothing(key: Path) -> None:
    key.chmod(0o640)
    with pytest.raises(Exception, match="open to other users"):
        root_key.unlock(key, unneeded)


def test_a_key_under_a_passphrase_opens_with_it_alone(tmp_path: Path, passphrase: Path) -> None:
    file = tmp_path / "nzl.root"
    assert run("root", "new", file).returncode == 0
    assert b"ENCRYPTED PRIVATE KEY" in file.read_bytes()
    signer = root_key.unlock(file, lambda: "fünf Kiwis")
    verify(signer.public_key, signer.sign(DIGEST), DIGEST)
    assert code_of(lambda: root_key.unlock(file, lambda: "six kiwis")) == "ROOT_LOCKED"


@pytest.mark.skipif(shutil.which("openssl") is None, reason="no openssl on this machine")
def test_openssl_opens_it_too_and_sees_how_often_it_is_stretched(tmp_path: Path, passphrase: Path) -> None:
    """Whoever loses this program must not lose the key."""
    file = tmp_path / "nzl.root"
    run("root", "new", file)
    plain = subprocess.run(
        ["openssl", "pkey", "-in", file, "-passin", f"file:{passphrase}", "-pubout"], capture_output=True, check=True
    )
    assert plain.stdout == root_key.public_file(file).read_bytes()
    seen = subprocess.run(["openssl", "asn1parse", "-in", file], capture_output=True, check=True, text=True).stdout
    assert f":{ROUNDS:06X}" in seen


def test_a_passphrase_file_that_others_may_read_is_not_used(tmp_path: Path, passphrase: Path) -> None:
    passphrase.chmod(0o644)
    assert run("root", "new", tmp_path / "nzl.root").code == "ROOT_PASSPHRASE_FILE"
    passphrase.chmod(0o600)
    passphrase.write_text("\n")
    assert run("root", "new", tmp_path / "nzl.root").code == "ROOT_PASSPHRASE_FILE"
    assert not (tmp_path / "nzl.root").exists()


def test_where_nobody_sits_a_passphrase_is_not_waited_for(tmp_path: Path) -> None:
    tmp_path.chmod(0o700)
    done = run("root", "new", tmp_path / "nzl.root", "--passphrase")
    assert (done.returncode, done.code) == (2, "ROOT_PASSPHRASE_NEEDED")


def test_one_charter_a_version_and_the_same_one_again(key: Path) -> None:
    claim(key, 3, DIGEST)
    claim(key, 3, DIGEST)
    claim(key, 4, OTHER)
    claim(key, 3, OTHER, federation="lab")
    assert code_of(lambda: claim(key, 3, OTHER)) == "ROOT_SIGNED_OTHER"
    shown = json.loads(run("root", "show", key, "--json").stdout)["signed"]
    assert [(one["federation"], one["version"]) for one in shown] == [("lab", 3), ("rmas", 3), ("rmas", 4)]


def test_a_key_without_its_record_signs_no_charter(key: Path, tmp_path: Path) -> None:
    """A copy of the key elsewhere, or a record that was removed to sign again."""
    record = root_record.record_file(key)
    record.rename(tmp_path / "aside")
    assert code_of(lambda: claim(key, 1, DIGEST)) == "ROOT_RECORD_MISSING"


@pytest.mark.parametrize(
    "content", ["", "{", "[]", '{"key": "00", "charters": {}}', '{"key": "KEY", "charters": {"rmas": {"1": "xx"}}}']
)
def test_a_record_that_is_not_this_keys_is_not_believed(key: Path, content: str) -> None:
    key_id = root_key.public_of(key).key_id
    root_record.record_file(key).write_text(content.replace("KEY", key_id.hex()))
    assert code_of(lambda: claim(key, 1, DIGEST)) == "ROOT_RECORD_DAMAGED"


def test_where_the_record_cannot_be_written_nothing_is_claimed(key: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def full(*_: object, **__: object) -> None:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(config_file, "replace", full)
    assert code_of(lambda: claim(key, 1, DIGEST)) == "ROOT_RECORD_UNWRITTEN"
    monkeypatch.undo()
    claim(key, 1, OTHER)
