"""The specimen list: what lookups with purpose TEST are answered from, and nothing else ever.

A small file beside the node, of documents that no issuer ever issued (issuing state UTO).
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from federation.documents import birth_characters, expiry_characters, normalise_class, normalise_number
from federation.errors import InvalidDocument
from federation.lookup import Question
from node.errors import OperatorError


@dataclass(frozen=True, slots=True)
class Specimen:
    """One specimen: whether it is reported, whether issued, and the six characters of each date."""

    reported: bool
    issued: bool
    birth: str
    expiry: str


class Specimens:
    """Specimens by class and number."""

    def __init__(self, specimens: Mapping[tuple[str, str], Specimen]) -> None:
        self._specimens = dict(specimens)

    def outcome(self, question: Question) -> tuple[bool, bool, bool]:
        """Whether each of REPORTED, ISSUED and ISSUED_DATES is a match."""
        found = self._specimens.get((question.document.document_class, question.document.document_number))
        if found is None:
            return False, False, False
        dates = found.issued and (found.birth, found.expiry) == (question.birth, question.expiry)
        return found.reported, found.issued, dates


def load(path: Path) -> Specimens:
    """The specimens in a file; none when there is no file.

    Raises:
        OperatorError: the file is not a specimen list.
    """
    try:
        items = json.loads(path.read_bytes())
        specimens = {
            (str(normalise_class(item["document_class"])), normalise_number(item["document_number"])): Specimen(
                bool(item["reported"]),
                bool(item["issued"]),
                birth_characters(item["date_of_birth"]),
                expiry_characters(item["date_of_expiry"]),
            )
            for item in items
        }
    except FileNotFoundError:
        return Specimens({})
    except (ValueError, KeyError, TypeError, InvalidDocument) as error:
        message = f"{path.name} is no specimen list ({type(error).__name__}); write it anew with `rmas init`."
        raise OperatorError("SPECIMENS_INVALID", message) from error
    return Specimens(specimens)
