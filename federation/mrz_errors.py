"""Why a machine readable zone is not asked about.

InvalidDocument          federation.errors: what was read or typed is no travel document we can ask about
└── MrzError             the lines themselves, or a check digit in them
"""

from __future__ import annotations

from federation.errors import InvalidDocument


class MrzError(InvalidDocument):
    """Lines that are not what ICAO 9303 says (codes: docs/spec/1-documents.md, 1.6).

    ``failed`` names every check digit that does not hold, in the order of the formats' tables. ``readings`` are what the
    first of those fields may say if one character of it was taken for a look-alike. They are document numbers and dates:
    for the caller's screen alone, so they stand in no message and no repr, and must not reach a log.
    """

    def __init__(
        self, code: str, field: str, message: str, readings: tuple[str, ...] = (), failed: tuple[str, ...] = ()
    ) -> None:
        super().__init__(code, field, message)
        self.readings = readings
        self.failed = failed
