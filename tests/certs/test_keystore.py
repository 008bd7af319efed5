"""Key files: whole or absent, readable by nobody else, never overwritten in passing."""

import os
import threading
from pathlib import Path
from typing import Any

import pytest
from cryptography.hazmat.primitives.asymmetric import ec

from certs.errors import KeyDamaged, KeyExists, KeyExposed, KeyMissing, KeyUnwritten
from certs.keys import encode_private
from certs.keystore import KeyStore, load_certificate, save_certificate
from certs.signing import verify
from tests.certs.forge import Economy, new_key


@pytest.fixture
def store(tmp_path: Path) -> KeyStore:
    return KeyStore.create(tmp_path / "keys")


def same(one: ec.EllipticCurvePrivateKey, other: ec.EllipticCurvePrivateKey) -> bool:
    return one.private_numbers() == other.private_numbers()


def test_a_generated_key_is_in_a_file_of_its_own_that_only_its_owner_reads(store: KeyStore) -> None:
    key = store.generate("tls")
    file = store.file("tls")
    assert file.stat().st_mode & 0o7777 == 0o600
    assert file.parent.stat().st_mode & 0o7777 == 0o700
    assert [entry.name for entry in file.parent.iterdir()] == ["tls.pem"]
    assert same(store.load("tls"), key)


def test_the_mode_does_not_depend_on_the_umask(store: KeyStore) -> None:
    before = os.umask(0o777)
    try:
        store.generate("tls")
    finally:
        os.umask(before)
    assert store.file("tls").stat().st_mode & 0o7777 == 0o600


def test_the_file_is_private_from_its_first_byte_on(store: KeyStore, monkeypatch: pytest.MonkeyPatch) -> None:
    modes = []
    real = os.open

    def watched(path: Any, flags: int, mode: int = 0o777, **more: Any) -> int:
        descriptor = real(path, flags, mode, **more)
        if flags & os.O_CREAT:
            modes.append(os.fstat(descriptor).st_mode & 0o7777)
        return descriptor

    monkeypatch.setattr(os, "open", watched)
    before = os.umask(0)
    try:
        store.generate("tls")
    finally:
        os.umask(before)
    assert modes == [0o600]


def test_a_signer_signs_with_the_stored_key(store: KeyStore) -> None:
    key, digest = store.generate("message"), bytes(32)
    verify(key.public_key(), store.signer("message").sign(digest), digest)


def test_a_key_is_never_overwritten_in_passing(store: KeyStore) -> None:
    key = store.generate("ca")
    with pytest.raises(KeyExists, match="not overwritten"):
        store.generate("ca")
    assert same(store.load("ca"), key)
    assert [entry.name for entry in store.file("ca").parent.iterdir()] == ["ca.pem"]


def test_replacing_is_a_call_of_its_own_and_needs_a_key_to_replace(store: KeyStore) -> None:
    with pytest.raises(KeyMissing):
        store.replace("tls", new_key())
    store.generate("tls")
    key = new_key()
    store.replace("tls", key)
    assert same(store.load("tls"), key)
    assert store.file("tls").stat().st_mode & 0o7777 == 0o600


@pytest.mark.parametrize("mode", [0o640, 0o604, 0o620, 0o602, 0o610, 0o601, 0o644, 0o666, 0o777])
def test_a_key_others_can_reach_is_not_used(store: KeyStore, mode: int) -> None:
    store.generate("tls")
    store.file("tls").chmod(mode)
    with pytest.raises(KeyExposed, match=f"{mode:04o}.*0[67]00"):
        store.load("tls")
    with pytest.raises(KeyExposed):
        store.replace("tls", new_key())


@pytest.mark.parametrize("mode", [0o770, 0o707, 0o720])
def test_a_directory_others_can_write_is_not_used(store: KeyStore, mode: int) -> None:
    store.generate("tls")
    store.file("tls").parent.chmod(mode)
    with pytest.raises(KeyExposed):
        store.load("tls")
    with pytest.raises(KeyExposed):
        store.generate("message")


def test_a_read_only_key_is_as_good(store: KeyStore) -> None:
    """Credentials handed to a service are often 0400."""
    key = store.generate("tls")
    store.file("tls").chmod(0o400)
    assert same(store.load("tls"), key)


def test_a_symbolic_link_is_refused_wherever_it_points(store: KeyStore, tmp_path: Path) -> None:
    store.generate("tls")
    elsewhere = tmp_path / "elsewhere.pem"
    store.file("tls").rename(elsewhere)
    store.file("tls").symlink_to(elsewhere)
    with pytest.raises(KeyExposed, match="symbolic link"):
        store.load("tls")
    with pytest.raises(KeyExposed):
        store.replace("tls", new_key())
    store.file("message").symlink_to(tmp_path / "nowhere")
    with pytest.raises(KeyExposed):
        store.load("message")
    with pytest.raises(KeyExists):
        store.generate("message")
    assert not (tmp_path / "nowhere").exists()


def test_a_link_in_the_place_of_the_temporary_file_is_not_followed(store: KeyStore, tmp_path: Path) -> None:
    victim = tmp_path / "victim"
    victim.write_text("mine")
    (store.file("tls").parent / ".tls.pem.new").symlink_to(victim)
    key = store.generate("tls")
    assert victim.read_text() == "mine"
    assert same(store.load("tls"), key)


def test_what_is_no_plain_file_is_refused_without_waiting(store: KeyStore) -> None:
    os.mkfifo(store.file("tls"), 0o600)
    with pytest.raises(KeyExposed, match="plain file"):
        store.load("tls")
    store.file("message").mkdir()
    with pytest.raises(KeyExposed, match="plain file"):
        store.load("message")


@pytest.mark.parametrize("content", [b"", b"garbage" * 10, b"A" * 100_000, encode_private(new_key())[:-60]])
def test_a_damaged_file_is_named_and_its_content_is_not(store: KeyStore, content: bytes) -> None:
    file = store.file("tls")
    file.touch(0o600)
    file.write_bytes(content)
    with pytest.raises(KeyDamaged) as damaged:
        store.load("tls")
    assert str(file) in str(damaged.value)
    assert not content or content.decode()[30:60] not in str(damaged.value)


def test_a_missing_key_is_named(store: KeyStore) -> None:
    with pytest.raises(KeyMissing, match=r"tls\.pem"):
        store.load("tls")
    with pytest.raises(KeyMissing):
        KeyStore(store.file("tls").parent / "nowhere").load("tls")


@pytest.mark.parametrize("name", ["", "../tls", "a/b", "TLS", ".tls", "tls\n", "tls.pem", "a" * 33, "a\x00"])
def test_a_name_cannot_leave_the_directory(store: KeyStore, name: str) -> None:
    with pytest.raises(ValueError, match="name"):
        store.load(name)


def test_of_many_that_generate_at_once_one_wins(store: KeyStore) -> None:
    keys: list[ec.EllipticCurvePrivateKey] = []
    refused: list[KeyExists] = []
    start = threading.Barrier(8)

    def generate() -> None:
        start.wait()
        try:
            keys.append(store.generate("tls"))
        except KeyExists as exists:
            refused.append(exists)

    threads = [threading.Thread(target=generate) for _ in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert (len(keys), len(refused)) == (1, 7)
    assert same(store.load("tls"), keys[0])


def test_a_directory_that_cannot_be_made_says_so(tmp_path: Path) -> None:
    (tmp_path / "file").touch()
    for path in (tmp_path / "file", tmp_path / "file" / "keys", tmp_path / "nowhere" / "keys"):
        with pytest.raises(KeyUnwritten, match=str(path)):
            KeyStore.create(path)


def test_a_certificate_is_renewed_in_place_and_readable_by_all(tmp_path: Path) -> None:
    economy, file = Economy(), tmp_path / "tls.pem"
    for leaf in (economy.leaf(), economy.leaf()):
        save_certificate(file, leaf)
        assert load_certificate(file) == leaf
    assert file.stat().st_mode & 0o7777 == 0o644


def test_a_certificate_anyone_may_write_is_not_used(tmp_path: Path) -> None:
    file = tmp_path / "tls.pem"
    save_certificate(file, Economy().ca)
    file.chmod(0o646)
    with pytest.raises(KeyExposed, match="0644"):
        load_certificate(file)


def test_a_key_in_the_place_of_a_certificate_is_damage(tmp_path: Path) -> None:
    file = tmp_path / "tls.pem"
    file.write_bytes(encode_private(new_key()))
    with pytest.raises(KeyDamaged):
        load_certificate(file)
