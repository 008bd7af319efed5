"""What can be wrong with an extract.

OperatorError (node.errors)
└── UnreadableExtract   the file as a whole: nothing of it is taken
RejectedLine            one line: it is left out and reported
"""

from __future__ import annotations

from node.errors import OperatorError


class UnreadableExtract(OperatorError):
    """A file that is no extract of the asked kind; ``message`` quotes nothing of it, for it may hold numbers."""


class RejectedLine(Exception):
    """A line that is not taken: a stable ``code``, the ``field`` at fault (empty for the line as a whole), and a
    ``message`` with cause and remedy that quotes nothing of the line.
    """

    def __init__(self, code: str, field: str, message: str) -> None:
        super().__init__(message)
        self.code = code
        self.field = field
        self.message = message
