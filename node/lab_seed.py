"""Filling a lab's stores: specimens and synthetic records as extracts, through the same import as any other."""

from __future__ import annotations

import csv
from collections.abc import Iterator
from dataclasses import asdict
from datetime import date
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

from federation.documents import ListName
from node import config
from node.acceptance import ImportRequest
from node.clock import Clock
from node.errors import LabError
from node.intake import Intake
from node.lab_documents import LabDocument, synthetic
from node.lab_specimens import Seeds, seeds
from node.layout import Layout
from node.reports import EXIT_TAKEN

Row = dict[str, str]

# One synthetic document in so many is reported as well.
REPORTED_EVERY = 20
_REPORTED_FIELDS = (
    "document_number", "number_to", "issuing_state", "document_class", "status", "reported_on", "reference",
)  # fmt: skip
_ISSUED_FIELDS = (
    "document_number", "issuing_state", "document_class", "date_of_birth", "date_of_expiry", "reference",
)  # fmt: skip


def seed(layout: Layout, economy: str, records: int, vouches: bool, clock: Clock) -> list[dict[str, Any]]:
    """Import the specimens of ``economy`` and ``records`` synthetic documents into the stopped node at ``layout``.

    The issued list is filled only when the economy ``vouches`` for it. Returns the specimens as `specimens.json` has
    them.
    """
    today = clock.now().date()
    sown = seeds(economy, today, vouches)
    # In the node's own directory: the extracts hold numbers, and nobody else may read them while they are there.
    with TemporaryDirectory(dir=layout.run) as directory:
        reported, issued = Path(directory) / "reported.csv", Path(directory) / "issued.csv"
        _write(reported, _REPORTED_FIELDS, _reported(sown, economy, records, today))
        _import(layout, reported, ListName.REPORTED, clock)
        if vouches:
            _write(issued, _ISSUED_FIELDS, _issued(sown, economy, records, today))
            _import(layout, issued, ListName.ISSUED, clock)
    return [specimen.published() for specimen in sown.specimens]


def _reported(sown: Seeds, economy: str, records: int, today: date) -> Iterator[Row]:
    yield from sown.reported
    for position, document in enumerate(synthetic(economy, records, today)):
        if position % REPORTED_EVERY == 0:
            yield {
                "document_number": document.document_number,
                "number_to": "",
                "issuing_state": document.issuing_state,
                "document_class": document.document_class,
                "status": "stolen" if position % (2 * REPORTED_EVERY) else "lost",
                "reported_on": today.isoformat(),
                "reference": _reference(economy, position),
            }


def _issued(sown: Seeds, economy: str, records: int, today: date) -> Iterator[Row]:
    yield from sown.issued
    for position, document in enumerate(synthetic(economy, records, today)):
        yield {**_fields(document), "reference": _reference(economy, position)}


def _fields(document: LabDocument) -> Row:
    return asdict(document)


def _reference(economy: str, position: int) -> str:
    return f"LAB-{economy}-{position}"


def _write(path: Path, fields: tuple[str, ...], rows: Iterator[Row]) -> None:
    with path.open("w", encoding="utf-8", newline="") as file:
        writer = csv.DictWriter(file, fields)
        writer.writeheader()
        writer.writerows(rows)


def _import(layout: Layout, path: Path, list_name: ListName, clock: Clock) -> None:
    now = clock.now().isoformat(timespec="seconds")
    request = ImportRequest(list_name=list_name, full=True, as_of=now)
    with path.open("rb") as stream:
        outcome = Intake.of(layout, config.load(layout.home), clock).take(request, stream, lambda _: None)
    if outcome.exit_code != EXIT_TAKEN:
        raise LabError("LAB_SEED", f"The {list_name} list could not be filled: {outcome.json}")
