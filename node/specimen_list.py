"""The specimen list a new node starts with: made-up documents of the state UTO, for lookups with purpose TEST.

They stand in a small file of their own, never in a list: a test must not be able to touch live data, nor live data look
like a test.
"""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

from node import config_file

SPECIMENS: tuple[dict[str, Any], ...] = (
    # The specimen passport and identity card of ICAO Doc 9303 parts 4 and 5, as printed in every manual.
    {
        "document_class": "P",
        "document_number": "L898902C3",
        "date_of_birth": "1974-08-12",
        "date_of_expiry": "2012-04-15",
        "reported": False,
        "issued": True,
    },
    {
        "document_class": "I",
        "document_number": "D23145890",
        "date_of_birth": "1974-08-12",
        "date_of_expiry": "2012-04-15",
        "reported": False,
        "issued": True,
    },
    {
        "document_class": "P",
        "document_number": "T22000129",
        "date_of_birth": "1988-02-29",
        "date_of_expiry": "2034-07-01",
        "reported": True,
        "issued": True,
    },
)


def write(path: Path) -> None:
    """Write the list to ``path``, atomically, in the form that `node.specimens.load` reads."""
    lines = ",\n ".join(json.dumps(specimen) for specimen in SPECIMENS)
    config_file.replace(path, f"[{lines}]\n".encode())
