from __future__ import annotations

import os
import tomllib
from pathlib import Path

import pytest

from node import config_file
from node.errors import ConfigError

TEXT = """\
# by hand
federation = "lab"  # ours

[peer]
workers = 2

[directory]   # pinned
# sha256 = "not this one"
sha256 = ""
"""


@pytest.fixture
def file(tmp_path: Path) -> Path:
    path = tmp_path / "rmas.toml"
    path.write_text(TEXT)
    return path


def test_a_change_keeps_every_comment_and_every_other_line(file: Path) -> None:
    config_file.change(file, "directory", {"sha256": "ab", "file": "certs/x.json"})
    assert file.read_text() == TEXT.replace(
        '[directory]   # pinned\n# sha256 = "not this one"\nsha256 = ""',
        '[directory]   # pinned\nfile = "certs/x.json"\n# sha256 = "not this one"\nsha256 = "ab"',
    )


def test_a_section_that_is_missing_is_added(file: Path) -> None:
    config_file.change(file, "lab", {"clock_offset_seconds": 600})
    assert tomllib.loads(file.read_text())["lab"] == {"clock_offset_seconds": 600}


@pytest.mark.parametrize(
    "text",
    [
        'directory = { sha256 = "" }\n',
        'directory.sha256 = ""\n',
        '[directory]\nsha256 = """\n"""\n',
        'note = """\n[directory]\nsha256 = 1\n"""\n[directory]\nsha256 = ""\n',
    ],
)
def test_a_layout_that_cannot_be_edited_safely_is_left_alone(file: Path, text: str) -> None:
    file.write_text(text)
    with pytest.raises(ConfigError) as caught:
        config_file.change(file, "directory", {"sha256": "ab"})
    assert caught.value.code == "CONFIG_EDIT"
    assert 'sha256 = "ab"' in caught.value.message
    assert file.read_text() == text


@pytest.mark.parametrize("value", ['say "so"', "back\\slash", "Aotearoa ā", "line\nbreak", "\U0001f6c2", "\x7f\x1f"])
def test_any_text_is_read_back_as_it_was_given(value: str) -> None:
    text = config_file.render({"name": value}, {"s": {"list": [value, value], "flag": True, "count": 3}})
    assert tomllib.loads(text) == {"name": value, "s": {"list": [value, value], "flag": True, "count": 3}}


def test_a_replacement_that_fails_leaves_the_old_file_and_nothing_else(
    file: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """ENOSPC at the worst moment: after the bytes were handed over, before they are durable."""

    def full(_: int) -> None:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(os, "fsync", full)
    with pytest.raises(OSError, match="No space"):
        config_file.replace(file, b"new")
    assert file.read_text() == TEXT
    assert [path.name for path in file.parent.iterdir()] == ["rmas.toml"]


def test_a_replacement_does_not_write_through_a_link_laid_in_its_way(file: Path, tmp_path: Path) -> None:
    victim = tmp_path / "victim"
    victim.write_text("precious")
    (tmp_path / f".rmas.toml.{os.getpid()}.new").symlink_to(victim)
    with pytest.raises(OSError):  # noqa: PT011  which errno differs by kernel
        config_file.replace(file, b"new")
    assert victim.read_text() == "precious"
