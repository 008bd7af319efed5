"""The documents keep up with the program: undocumented is untested is broken."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Annotated

import pytest
import typer

from node.cli.main import app
from node.cli.reference import PAGE, commands_page
from tests.architecture.markdown import anchors, broken_links

ROOT = Path(__file__).parents[2]
COMMANDS = ROOT / "docs" / "reference" / PAGE
PAGES = sorted(
    [
        *ROOT.glob("*.md"),
        *(page for top in ("docs", "examples", "deploy", "tests") for page in (ROOT / top).rglob("*.md")),
    ]
)
# Directories that only the machine something was written on has.
OWN_PATHS = re.compile(r"(?<![\w.~-])/(work|root|farm)\b")


def test_every_command_and_option_is_in_the_reference() -> None:
    assert COMMANDS.read_text() == commands_page(app), "run make docs, and commit"


def test_every_option_says_what_it_means() -> None:
    assert [
        line for line in commands_page(app).splitlines() if re.fullmatch(r"\| `.*` \|( \[[^]]*\])? *\|", line)
    ] == []


@pytest.mark.parametrize("page", PAGES, ids=lambda page: str(page.relative_to(ROOT)))
class TestPage:
    def test_its_links_lead_somewhere(self, page: Path) -> None:
        assert list(broken_links(page)) == []

    def test_it_names_no_path_of_the_machine_it_was_written_on(self, page: Path) -> None:
        assert OWN_PATHS.findall(page.read_text()) == []


def test_the_changelog_says_what_is_not_released_yet() -> None:
    assert "\n## Unreleased\n" in (ROOT / "CHANGELOG.md").read_text()


def test_a_reference_has_every_command_option_and_argument() -> None:
    made = typer.Typer(name="rmas", help="Top.", add_completion=False)
    group = typer.Typer(help="Records of one list.")
    made.add_typer(group, name="records")

    @made.command("lookup")
    def lookup(number: str, full: Annotated[bool, typer.Option("--full/--delta", help="All | part.")] = True) -> None:
        """Ask.

        More
        words.
        """

    @group.command("add")
    def add() -> None:
        """Add one."""

    page = commands_page(made)
    assert "## rmas lookup\n\nAsk.\n\nMore words.\n\n```\nrmas lookup [OPTIONS] {number}\n```" in page
    assert "| `--full / --delta` | All \\| part. [default: full] |" in page
    assert "## rmas records add\n\nAdd one." in page


def test_a_broken_link_is_seen(tmp_path: Path) -> None:
    (tmp_path / "b.md").write_text("# Here and there\n```\n# no heading\n```\n")
    page = tmp_path / "a.md"
    page.write_text("[1](b.md) [2](b.md#here-and-there) [3](b.md#no-heading) [4](c.md) `[5](d.md)` [6](https://x.y)")
    assert list(broken_links(page)) == ["b.md#no-heading", "c.md"]


def test_headings_become_fragments_as_on_github() -> None:
    assert anchors("# A `rmas lookup`, twice!\n## B\n## B\n") == {"a-rmas-lookup-twice", "b", "b-1"}
