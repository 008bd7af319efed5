from __future__ import annotations

from pathlib import Path

import pytest

from node import config, reference

PAGES = Path(__file__).parents[2] / "docs" / "reference"


@pytest.mark.parametrize("page", sorted(reference.pages()))
def test_the_page_is_what_the_table_in_the_code_says(page: str) -> None:
    assert (PAGES / page).read_text() == reference.pages()[page], "run make docs, and commit"


def test_every_setting_has_an_entry_with_default_and_variable() -> None:
    page = reference.pages()["configuration.md"]
    leaves = [(variable, name) for variable, name in config.variables() if f"\n### {name}\n" in page]
    sections = {"peer", "desk", "store", "store.sources", "asking", "lab"}
    assert {name for _, name in config.variables()} - {name for _, name in leaves} == sections
    assert [variable for variable, _ in leaves if f"`{variable}`" not in page] == []


@pytest.mark.parametrize("name", sorted(config.RESERVED_VARIABLES))
def test_variables_that_are_no_settings_are_listed(name: str) -> None:
    assert f"- `{name}`: " in reference.pages()["configuration.md"]
