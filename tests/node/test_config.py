from __future__ import annotations

from datetime import timedelta
from pathlib import Path

import pytest

from federation.verdict import Advice
from node import config
from node.errors import ConfigError

LEAST = 'federation = "lab"\neconomy = "NZL"\n'


def load(home: Path, text: str) -> config.Settings:
    (home / config.CONFIG_FILE).write_text(text)
    return config.load(home)


def refused(home: Path, text: str) -> ConfigError:
    with pytest.raises(ConfigError) as caught:
        load(home, text)
    return caught.value


@pytest.fixture(autouse=True)
def _no_variables_of_ours(monkeypatch: pytest.MonkeyPatch) -> None:
    import os  # noqa: PLC0415

    for name in [name for name in os.environ if name.upper().startswith(config.ENV_PREFIX)]:
        monkeypatch.delenv(name)


def test_two_names_are_enough_and_everything_else_has_a_default(tmp_path: Path) -> None:
    settings = load(tmp_path, LEAST)
    assert settings.name.uri == "rmas://lab/NZL/node1"
    assert settings.peer.listen == ("127.0.0.1:7443",)
    assert settings.asking.reported_max_age == timedelta(hours=48)
    assert settings.asking.issued_max_age == timedelta(days=8)
    assert settings.store.sources.reported == ("main",)


def test_a_variable_comes_before_the_file_and_leaves_its_neighbours_alone(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("RMAS_PEER__WORKERS", "3")
    monkeypatch.setenv("RMAS_ASKING__WITHHOLD", '["SYR"]')
    settings = load(tmp_path, LEAST + '[peer]\nworkers = 1\nlisten = ["[::1]:7000"]\n')
    assert (settings.peer.workers, settings.peer.listen) == (3, ("[::1]:7000",))
    assert settings.asking.withhold == ("SYR",)


@pytest.mark.parametrize(
    ("text", "code", "names"),
    [
        (LEAST + "[peer]\nworker = 3\n", "UNKNOWN_SETTING", "peer.worker"),
        (LEAST + "colour = 1\n", "UNKNOWN_SETTING", "colour"),
        ('federation = "lab"\n', "MISSING_SETTING", "economy"),
        ('federation = "lab"\neconomy = "NZ"\n', "INVALID_SETTING", "economy"),
        ('federation = "la--b"\neconomy = "NZL"\n', "INVALID_SETTING", "federation"),
        (LEAST + 'node = "Node1"\n', "INVALID_SETTING", "node"),
        (LEAST + '[peer]\nlisten = ["127.0.0.1:70000"]\n', "INVALID_SETTING", "peer.listen"),
        (LEAST + "[peer]\nlisten = []\n", "INVALID_SETTING", "peer.listen"),
        (LEAST + '[asking]\nreported_max_age = "48 hours"\n', "INVALID_SETTING", "asking.reported_max_age"),
        (LEAST + '[asking.advice]\n"MISMATCH:CLOCK" = "REFER"\n', "INVALID_SETTING", "asking.advice"),
        (LEAST + '[asking.advice]\nCLEAR = "ARREST"\n', "INVALID_SETTING", "asking.advice"),
        (LEAST + '[desk]\nmode = "777"\n', "INVALID_SETTING", "desk.mode"),
        ("federation = \n", "CONFIG_SYNTAX", "line 1"),
    ],
)
def test_what_cannot_be_meant_is_refused_in_one_sentence_that_names_it(
    tmp_path: Path, text: str, code: str, names: str
) -> None:
    error = refused(tmp_path, text)
    assert error.code == code
    assert names in error.message
    assert "\n" not in error.message


@pytest.mark.parametrize("name", ["RMAS_PEER_WORKERS", "RMAS_PEER__WORKERZ", "rmas_colour"])
def test_a_variable_that_is_no_setting_is_refused_and_named(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, name: str
) -> None:
    """pydantic-settings would ignore it, and the operator would think it took effect."""
    monkeypatch.setenv(name, "3")
    error = refused(tmp_path, LEAST)
    assert error.code == "UNKNOWN_VARIABLE"
    assert name in error.message


def test_a_bad_value_in_a_variable_is_blamed_on_the_variable(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("RMAS_PEER__WORKERS", "many")
    assert "RMAS_PEER__WORKERS" in refused(tmp_path, LEAST).message


def test_variables_of_the_command_line_are_no_settings_and_not_refused(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    for name in config.RESERVED_VARIABLES:
        monkeypatch.setenv(name, "1")
    assert load(tmp_path, LEAST).economy == "NZL"


def test_a_directory_without_a_configuration_says_how_to_make_one(tmp_path: Path) -> None:
    with pytest.raises(ConfigError, match="rmas init") as caught:
        config.load(tmp_path)
    assert caught.value.code == "NO_NODE"


def test_advice_may_be_overridden_by_verdict_reason_and_capture(tmp_path: Path) -> None:
    text = LEAST + '[asking.advice]\n"MISMATCH/typed" = "REFER"\n"NO_ANSWER:DATA_STALE" = "CONTINUE"\n'
    assert load(tmp_path, text).asking.advice == {
        "MISMATCH/typed": Advice.REFER,
        "NO_ANSWER:DATA_STALE": Advice.CONTINUE,
    }


def test_settings_do_not_change_after_they_were_read(tmp_path: Path) -> None:
    settings = load(tmp_path, LEAST)
    with pytest.raises(ValueError, match="frozen"):
        settings.peer.workers = 9
