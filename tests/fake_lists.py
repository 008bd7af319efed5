"""An economy's two lists in memory, which count how often they are read and break when told to."""

from __future__ import annotations

from collections.abc import Sequence

from federation.documents import (
    DocumentClass,
    ListName,
    TravelDocument,
    birth_characters,
    expiry_characters,
)
from node.enquiry import DocumentInput
from node.specimens import Specimen, Specimens
from node.store.errors import StoreDamaged
from node.store.keys import StoreKeys
from node.store.ports import Tags
from tests.leaks.markers import marker_numbers
from tests.virtual_time import NOW_MS, drawn

HOUR_MS = 3_600_000
BIRTH, EXPIRY = "1960-04-12", "2031-01-02"
_NUMBERS = marker_numbers()


def passport(state: str, place: int = 0) -> TravelDocument:
    """One of 200 passports of a state; their numbers are those that the leak scan looks for."""
    return TravelDocument(state, DocumentClass.P, _NUMBERS[place])


def as_read(document: TravelDocument, birth: str | None = BIRTH, expiry: str | None = EXPIRY) -> DocumentInput:
    """The document as a border system hands it over."""
    return DocumentInput((), document.issuing_state, document.document_class, document.document_number, birth, expiry)


class Register:
    """The two lists of one economy: a ``Reader``, and the one ``View`` it hands out."""

    epoch = 1

    def __init__(self, label: str) -> None:
        self.keys = StoreKeys(drawn(f"{label} pepper", 32))
        self.clear()

    def clear(self) -> None:
        """Both lists empty, and cut an hour ago."""
        self.entries: dict[ListName, dict[bytes, Tags]] = {name: {} for name in ListName}
        self.as_of: dict[ListName, int | None] = dict.fromkeys(ListName, NOW_MS - HOUR_MS)
        self.reads = 0
        self.broken = False

    def report(self, document: TravelDocument) -> None:
        self.entries[ListName.REPORTED][self.keys.key(document)] = (0,)

    def issue(self, document: TravelDocument, birth: str = BIRTH, expiry: str = EXPIRY) -> None:
        key = self.keys.key(document)
        tag = self.keys.tag(key, birth_characters(birth), expiry_characters(expiry))
        self.entries[ListName.ISSUED][key] = (*self.entries[ListName.ISSUED].get(key, ()), tag)

    def view(self) -> Register:
        return self

    def data_as_of(self, list_name: ListName) -> int | None:
        return self.as_of[list_name]

    def find(self, list_name: ListName, keys: Sequence[bytes]) -> list[Tags]:
        self.reads += 1
        if self.broken:
            raise StoreDamaged("STORE_DAMAGED", "A file of the store is damaged; restore it.")
        return [self.entries[list_name].get(key, ()) for key in keys]

    def close(self) -> None:
        pass


SPECIMENS = Specimens(
    {
        ("P", _NUMBERS[0]): Specimen(reported=False, issued=True, birth="600412", expiry="310102"),
        ("P", _NUMBERS[1]): Specimen(reported=True, issued=True, birth="600412", expiry="310102"),
    }
)
