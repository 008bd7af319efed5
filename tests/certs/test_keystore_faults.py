"""Key files under every failing system call: whole or absent, the earlier or the new one, never between."""

import os
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from cryptography.hazmat.primitives.asymmetric import ec

from certs.errors import KeyStoreError
from certs.keystore import KeyStore
from tests.certs.forge import new_key


class PowerCutError(BaseException):
    """The process is gone at this point: nothing catches it, nothing is tidied up by our handlers of OSError."""


def same(one: ec.EllipticCurvePrivateKey, other: ec.EllipticCurvePrivateKey) -> bool:
    return one.private_numbers() == other.private_numbers()


EFFECTS = ["open", "fsync", "link", "rename", "unlink"]


def failing(real: Callable[..., Any], at: int, error: BaseException, *, after: bool) -> Callable[..., Any]:
    """`real`, which fails at its call number `at`: before it happened, or after."""
    calls = 0

    def call(*args: Any, **kwargs: Any) -> Any:
        nonlocal calls
        calls += 1
        if calls != at:
            return real(*args, **kwargs)
        if after:
            real(*args, **kwargs)
        raise error

    return call


@pytest.mark.parametrize("after", [False, True], ids=["before", "after"])
@pytest.mark.parametrize("at", [1, 2])
@pytest.mark.parametrize("effect", EFFECTS)
@pytest.mark.parametrize("error", [OSError(28, "No space left on device"), PowerCutError()], ids=["full", "cut"])
class TestEveryEffectFails:
    """Each system call fails in turn, before and after it took effect, as an error and as the end of the process."""

    def test_a_new_key_is_there_whole_or_not_at_all(
        self, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, error: BaseException, effect: str, at: int, after: bool
    ) -> None:
        store, key = KeyStore.create(tmp_path / "keys"), new_key()
        with monkeypatch.context() as faults:
            faults.setattr(os, effect, failing(getattr(os, effect), at, error, after=after))
            acknowledged = self.attempt(lambda: store.add("tls", key))
        present = store.file("tls").exists()
        assert present or not acknowledged
        if present:
            assert same(store.load("tls"), key)
        else:
            store.add("tls", key)  # the remedy is to repeat, whatever the failure left behind
        self.assert_tidy_after_next(store)

    def test_a_replaced_key_is_the_earlier_or_the_new_one(
        self, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, error: BaseException, effect: str, at: int, after: bool
    ) -> None:
        store, key = KeyStore.create(tmp_path / "keys"), new_key()
        earlier = store.generate("tls")
        with monkeypatch.context() as faults:
            faults.setattr(os, effect, failing(getattr(os, effect), at, error, after=after))
            acknowledged = self.attempt(lambda: store.replace("tls", key))
        stands = store.load("tls")
        assert same(stands, key) or (same(stands, earlier) and not acknowledged)
        store.replace("tls", key)
        assert same(store.load("tls"), key)
        self.assert_tidy_after_next(store)

    @staticmethod
    def attempt(act: Callable[[], None]) -> bool:
        try:
            act()
        except (KeyStoreError, PowerCutError):
            return False
        return True

    @staticmethod
    def assert_tidy_after_next(store: KeyStore) -> None:
        store.replace("tls", store.load("tls"))
        assert [entry.name for entry in store.file("tls").parent.iterdir()] == ["tls.pem"]
        assert store.file("tls").stat().st_mode & 0o7777 == 0o600


def test_bytes_are_durable_before_the_name_and_the_name_before_the_return(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The order is what makes a key survive a power cut, so the order is what is tested."""
    store = KeyStore.create(tmp_path / "keys")
    told: list[str] = []

    def watch(name: str) -> Callable[..., Any]:
        real = getattr(os, name)

        def call(*args: Any, **kwargs: Any) -> Any:
            told.append(name)
            return real(*args, **kwargs)

        return call

    for name in ("fsync", "link", "rename"):
        monkeypatch.setattr(os, name, watch(name))
    store.generate("tls")
    store.replace("tls", new_key())
    assert told == ["fsync", "link", "fsync", "fsync", "rename", "fsync"]
