"""The records of one source as the writer has them, with what a delta makes of them until it is put."""

from __future__ import annotations

from federation.documents import ListName
from node.store.ports import KeyedLine, RecordPut, SourcePuts, StoredRecord, Withdrawn, Writer


class WriterBook:
    """See `node.deltas.Book`; ``puts`` is what to hand to the writer."""

    def __init__(self, writer: Writer, list_name: ListName, source: str) -> None:
        self._writer = writer
        self._list_name = list_name
        self._source = source
        self._puts: dict[str, RecordPut] = {}

    @property
    def puts(self) -> SourcePuts:
        """One a record, as the last line about it left it."""
        return SourcePuts(self._list_name, self._source, tuple(self._puts.values()))

    def record(self, reference: str) -> StoredRecord | Withdrawn | None:
        """See `node.deltas.Book`."""
        put = self._puts.get(reference)
        return put.state if put is not None else self._writer.record(self._list_name, self._source, reference)

    def write(self, reference: str, state: StoredRecord | Withdrawn, line: KeyedLine) -> None:
        """See `node.deltas.Book`."""
        keys: tuple[bytes, ...] = ()
        if isinstance(state, StoredRecord):
            keys = tuple(line.keys) or (state.key,)
        self._puts[reference] = RecordPut(reference, state, keys)
