from __future__ import annotations

import json
import re
from pathlib import Path
from typing import Any

import pytest

from node import config, installing, member
from node.errors import OperatorError
from node.layout import Layout
from tests.node.command import make_home, run


@pytest.fixture
def homes(tmp_path: Path) -> dict[str, Path]:
    return {economy: make_home(tmp_path / economy, economy) for economy in ("NZL", "AUS")}


def block(homes: dict[str, Path], economy: str) -> dict[str, Any]:
    return member.read(homes[economy] / "member.json")


def built(homes: dict[str, Path], tmp_path: Path) -> Path:
    out = tmp_path / "directory.json"
    done = run("directory", "build", *(home / "member.json" for home in homes.values()), "--out", out)
    assert done.returncode == 0, done.stderr
    return out


def test_whoever_joins_the_same_blocks_gets_the_same_bytes(homes: dict[str, Path]) -> None:
    blocks = [block(homes, economy) for economy in homes]
    assert member.build(blocks) == member.build(reversed(blocks))


def test_both_operators_read_the_same_digest_to_each_other_and_then_pin_it(
    homes: dict[str, Path], tmp_path: Path
) -> None:
    out = built(homes, tmp_path)
    said = set()
    for home in homes.values():
        done = run("directory", "install", out, "-C", home)
        assert done.returncode == 0, done.stderr
        said |= set(re.findall(r"SHA-256 ([0-9a-f]{64})", done.stdout))
        assert config.load(home).directory.sha256 in said
        shown = run("directory", "show", "-C", home)
        assert "NZL: node1 at 127.0.0.1:7443" in shown.stdout
    assert len(said) == 1


def test_whoever_shows_the_directory_sees_who_may_ask_what_until_when(homes: dict[str, Path], tmp_path: Path) -> None:
    until = "2099-01-01T00:00:00Z"
    run(
        "directory", "member", "-C", homes["NZL"], "--grant", "AUS", "--ask", "AUS", "--lists", "reported",
        "--purposes", "VISA,BORDER_ENTRY", "--until", until,
    )  # fmt: skip
    run("directory", "install", built(homes, tmp_path), "-C", homes["NZL"])
    shown = run("directory", "show", "-C", homes["NZL"]).stdout
    assert f"grants AUS reported for BORDER_ENTRY, VISA, until {until}" in shown
    assert "answers for NZL/P/*, NZL/I/*, NZL/V/*\n    asks AUS\n" in shown
    assert "asks nobody\n    grants nobody anything" in shown


def test_grants_are_written_as_they_were_given(homes: dict[str, Path]) -> None:
    done = run(
        "directory", "member", "-C", homes["NZL"], "--grant", "AUS", "--ask", "AUS", "--lists", "reported",
        "--purposes", "BORDER_ENTRY,VISA", "--until", "2027-01-01T00:00:00+13:00", "--reference", "MOU art. 4",
    )  # fmt: skip
    assert done.returncode == 0, done.stderr
    (grant,) = block(homes, "NZL")["grants"]
    assert (grant["to"], grant["lists"], grant["purposes"]) == ("AUS", ["reported"], ["BORDER_ENTRY", "VISA"])
    assert (grant["until"], grant["reference"]) == ("2026-12-31T11:00:00Z", "MOU art. 4")


@pytest.mark.parametrize(
    ("options", "code"),
    [
        (["--purposes", "FUN"], "INVALID_PURPOSE"),
        (["--lists", "blacklist"], "INVALID_LIST"),
        (["--until", "tomorrow"], "INVALID_TIME"),
        (["--until", "2027-01-01T00:00:00"], "INVALID_TIME"),
        (["--until", "2020-01-01T00:00:00Z"], "GRANT_ENDED"),
        (["--grant", "NZL"], "GRANT_SELF"),
        (["--ask", "NZL"], "GRANT_SELF"),
        (["--grant", "aus"], "NAME_INVALID"),
    ],
)
def test_a_grant_that_cannot_be_meant_is_refused_and_the_block_stays(
    homes: dict[str, Path], options: list[str], code: str
) -> None:
    before = block(homes, "NZL")
    done = run("directory", "member", "-C", homes["NZL"], *options)
    assert (done.returncode, done.code) == (2, code)
    assert block(homes, "NZL") == before


def test_a_file_other_than_the_one_expected_is_not_installed(homes: dict[str, Path], tmp_path: Path) -> None:
    before = (homes["NZL"] / "rmas.toml").read_text()
    done = run("directory", "install", built(homes, tmp_path), "-C", homes["NZL"], "--sha256", "0" * 64)
    assert done.code == "DIRECTORY_DIFFERS"
    assert (homes["NZL"] / "rmas.toml").read_text() == before


def test_a_directory_that_lists_another_ca_for_this_economy_is_not_installed(
    homes: dict[str, Path], tmp_path: Path
) -> None:
    """Whoever joined the blocks could have slipped in a CA of their own under our name."""
    impostor = tmp_path / "impostor"
    make_home(impostor, "NZL")
    data = member.build([member.read(impostor / "member.json"), block(homes, "AUS")])
    (tmp_path / "forged.json").write_bytes(data)
    done = run("directory", "install", tmp_path / "forged.json", "-C", homes["NZL"])
    assert done.code == "DIRECTORY_FOREIGN"


def test_a_directory_changed_after_it_was_pinned_is_not_read(homes: dict[str, Path], tmp_path: Path) -> None:
    run("directory", "install", built(homes, tmp_path), "-C", homes["NZL"])
    settings = config.load(homes["NZL"])
    layout = Layout.of(homes["NZL"], settings)
    assert installing.pinned(layout, settings.directory.sha256).members.keys() == {"NZL", "AUS"}
    layout.directory.write_bytes(layout.directory.read_bytes().replace(b"7443", b"7444"))
    with pytest.raises(OperatorError) as caught:
        installing.pinned(layout, settings.directory.sha256)
    assert caught.value.code == "DIRECTORY_DIFFERS"


def test_at_no_moment_of_an_installation_does_the_pin_meet_other_bytes(
    homes: dict[str, Path], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A crash between the copy and the pin leaves the node with the directory it had."""
    run("directory", "install", built(homes, tmp_path), "-C", homes["NZL"])
    run("directory", "member", "-C", homes["AUS"], "--grant", "NZL")
    data = member.build([block(homes, economy) for economy in homes])
    settings = config.load(homes["NZL"])
    layout = Layout.of(homes["NZL"], settings)
    before = installing.pinned(layout, settings.directory.sha256).digest

    def crash(*_: object) -> None:
        raise KeyboardInterrupt

    monkeypatch.setattr("node.config_file.change", crash)
    with pytest.raises(KeyboardInterrupt):
        installing.install(layout, settings.name, data, None)
    settings = config.load(homes["NZL"])
    assert installing.pinned(Layout.of(homes["NZL"], settings), settings.directory.sha256).digest == before


@pytest.mark.parametrize(
    ("content", "code"),
    [
        ("{", "MEMBER_BLOCK"),
        ("[]", "MEMBER_BLOCK"),
        ("{}", "MEMBER_BLOCK"),
        ('{"nodes": [{"name": "x"}]}', "NAME_INVALID"),
    ],
)
def test_a_file_that_is_no_member_block_is_refused(tmp_path: Path, content: str, code: str) -> None:
    (tmp_path / "m.json").write_text(content)
    done = run("directory", "build", tmp_path / "m.json", "--out", tmp_path / "d.json")
    assert (done.returncode, done.code) == (2, code)
    assert not (tmp_path / "d.json").exists()


def test_two_federations_do_not_make_one_directory(homes: dict[str, Path], tmp_path: Path) -> None:
    make_home(tmp_path / "usa", "USA", "other")
    blocks = [block(homes, "NZL"), member.read(tmp_path / "usa/member.json")]
    with pytest.raises(OperatorError, match="other and rmas"):
        member.build(blocks)


def test_one_member_twice_makes_no_directory(homes: dict[str, Path], tmp_path: Path) -> None:
    file = homes["NZL"] / "member.json"
    done = run("directory", "build", file, file, "--out", tmp_path / "d.json", "--json")
    assert done.returncode == 2
    assert json.loads(done.stdout)["error"]["code"] == "INVALID_DIRECTORY"
