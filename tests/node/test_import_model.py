"""Any sequence of imports, deltas and changes by hand leaves the lists as a few dictionaries say (Hypothesis)."""

from __future__ import annotations

import io
import shutil
import tempfile
from collections.abc import Mapping
from dataclasses import dataclass, replace
from datetime import timedelta
from pathlib import Path

import pytest
from hypothesis import HealthCheck, settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, invariant, precondition, rule

from federation.documents import ListName
from node import importing
from node.acceptance import ImportRequest
from node.staged import one_importer
from node.store.ports import StoredRecord, Withdrawn
from node.times import to_ms
from tests.node.passport_office import MIDNIGHT, PassportOffice, as_csv

NUMBERS = [f"QZX00000{n}" for n in range(8)]
BIRTHS = ["1960-04-12", "1999-00-00"]
SOURCES = ("main", "police")
LISTS = st.sampled_from(list(ListName))
SOURCE = st.sampled_from(SOURCES)
REFERENCE = st.sampled_from(["A", "B", "C", "D"])


@dataclass(frozen=True)
class Stands:
    """A record: the first and last of its numbers, and the fact that is told of it."""

    first: int
    last: int
    fact: str
    noted_ms: int = 0


@dataclass(frozen=True)
class Gone:
    noted_ms: int = 0


State = Stands | Gone
Told = tuple[str, str, Stands]
"""Action, reference, and what the line says (unused in a withdrawal)."""


@st.composite
def stands(draw: st.DrawFn) -> Stands:
    first = draw(st.integers(0, 7))
    return Stands(
        first, draw(st.sampled_from([first, first, draw(st.integers(first, 7))])), draw(st.sampled_from("xy"))
    )


RECORDS = st.dictionaries(REFERENCE, stands(), max_size=4)
LINES = st.lists(st.tuples(st.sampled_from(["add", "change", "withdraw"]), REFERENCE, stands()), max_size=4)


class Rejected(Exception):
    """The model rejects a line, and with so few lines that means the file."""


def row_of(list_name: ListName, reference: str, told: Stands) -> dict[str, str]:
    row = {
        "document_number": NUMBERS[told.first],
        "issuing_state": "NZL",
        "document_class": "P",
        "reference": reference,
    }
    if list_name is ListName.ISSUED:
        return row | {"date_of_birth": BIRTHS["xy".index(told.fact)], "date_of_expiry": ""}
    number_to = NUMBERS[told.last] if told.last != told.first else ""
    return row | {"status": {"x": "lost", "y": "stolen"}[told.fact], "number_to": number_to}


def only_one_number(list_name: ListName, told: Stands) -> Stands:
    """The issued list has no ranges."""
    return replace(told, last=told.first) if list_name is ListName.ISSUED else told


def rows_of_delta(list_name: ListName, lines: list[Told]) -> list[dict[str, str]]:
    rows = []
    for action, reference, told in lines:
        row = {"reference": reference} if action == "withdraw" else row_of(list_name, reference, told)
        rows.append({"action": action, **row})
    return rows


class Model:
    """One list of one source, by reference."""

    def __init__(self) -> None:
        self.records: dict[str, State] = {}
        self.as_of_ms: int | None = None

    def full(self, records: Mapping[str, Stands], as_of_ms: int) -> None:
        later = {name: state for name, state in self.records.items() if state.noted_ms > as_of_ms}
        self.records = {**records, **later}
        self.as_of_ms = as_of_ms

    def apply(self, lines: list[Told], noted_ms: int, cut_ms: int | None) -> None:
        records = dict(self.records)
        for action, reference, told in lines:
            before = records.get(reference)
            if before is not None and cut_ms is not None and before.noted_ms > cut_ms:
                continue
            records[reference] = self._after(action, before, replace(told, noted_ms=noted_ms))
        self.records = records

    def _after(self, action: str, before: State | None, told: Stands) -> State:
        if action == "withdraw":
            if before is None:
                raise Rejected
            if isinstance(before, Gone):
                return Gone(max(before.noted_ms, told.noted_ms))
            return Gone(told.noted_ms)
        if isinstance(before, Stands):
            if replace(before, noted_ms=told.noted_ms) == told:
                return replace(before, noted_ms=max(before.noted_ms, told.noted_ms))
            if action == "add":
                raise Rejected
        elif action == "change":
            raise Rejected
        return told


class Lists(RuleBasedStateMachine):
    """Real lists beside modelled ones."""

    @initialize()
    def start(self) -> None:
        self.root = Path(tempfile.mkdtemp()) / "store"
        both = dict.fromkeys(ListName, SOURCES)
        self.office = PassportOffice(self.root, both, MIDNIGHT + timedelta(hours=10))
        self.models = {(name, source): Model() for name in ListName for source in SOURCES}

    def teardown(self) -> None:
        if hasattr(self, "office"):
            self.office.close()
            shutil.rmtree(self.root.parent)

    def now_ms(self) -> int:
        return to_ms(self.office.now)

    @rule(minutes=st.integers(1, 90))
    def time_passes(self, minutes: int) -> None:
        self.office.now += timedelta(minutes=minutes)

    @rule()
    def the_node_restarts(self) -> None:
        self.office.reopen()

    @rule(
        list_name=LISTS,
        source=SOURCE,
        records=RECORDS,
        age=st.integers(0, 120),
        between=st.none() | st.tuples(st.sampled_from(["add", "change", "withdraw"]), SOURCE, REFERENCE, stands()),
    )
    def full(
        self,
        list_name: ListName,
        source: str,
        records: dict[str, Stands],
        age: int,
        between: tuple[str, str, str, Stands] | None,
    ) -> None:
        """A full import; perhaps somebody changes a record by hand while it is being staged."""
        records = {name: only_one_number(list_name, told) for name, told in records.items()}
        cut = self.office.now - timedelta(minutes=age)
        columns = row_of(list_name, "A", Stands(0, 0, "x"))
        extract = as_csv([row_of(list_name, name, told) for name, told in records.items()], columns)
        request = ImportRequest(
            list_name, full=True, source=source, as_of=cut.isoformat(), expect=len(records), allow_drop=99
        )
        model = self.models[list_name, source]
        older = model.as_of_ms is not None and to_ms(cut) < model.as_of_ms
        with one_importer(self.root):
            staged = importing.stage(
                self.office.register, request, io.BytesIO(extract), self.office.now, lambda _octets: None
            )
            assert staged.outcome.refused == older, staged.outcome.document["refused"]
            self.office.now += timedelta(minutes=1)
            if between is not None:
                self._by_hand(list_name, *between)
            if staged.name is not None:
                assert not importing.adopt(
                    self.office.register, self.office.writer, staged.name, self.office.now
                ).refused
        if not older:
            model.full(records, to_ms(cut))

    @rule(list_name=LISTS, source=SOURCE, lines=LINES, fold=st.booleans())
    def delta_told_now(self, list_name: ListName, source: str, lines: list[Told], fold: bool) -> None:
        self._delta(list_name, source, lines, {}, fold=fold)

    @rule(list_name=LISTS, source=SOURCE, lines=LINES, age=st.integers(0, 120), fold=st.booleans())
    def delta_on_as_of(self, list_name: ListName, source: str, lines: list[Told], age: int, fold: bool) -> None:
        model = self.models[list_name, source]
        if model.as_of_ms is not None:
            cut_ms = max(model.as_of_ms, self.now_ms() - age * 60_000)
            since, as_of = (MIDNIGHT + timedelta(milliseconds=ms - to_ms(MIDNIGHT)) for ms in (model.as_of_ms, cut_ms))
            times = {"since": since.isoformat(), "as_of": as_of.isoformat()}
            self._delta(list_name, source, lines, times, fold=fold, cut_ms=cut_ms)

    def _delta(
        self,
        list_name: ListName,
        source: str,
        lines: list[Told],
        times: dict[str, str],
        *,
        fold: bool,
        cut_ms: int | None = None,
    ) -> None:
        lines = [(action, name, only_one_number(list_name, told)) for action, name, told in lines]
        model = self.models[list_name, source]
        columns = row_of(list_name, "A", Stands(0, 0, "x")) | {"action": ""}
        extract = as_csv(rows_of_delta(list_name, lines), columns)
        rejected = False
        try:
            model.apply(lines, 0 if cut_ms is not None else self.now_ms(), cut_ms)
        except Rejected:
            rejected = True
        with pytest.MonkeyPatch.context() as patch:
            patch.setattr(importing, "FOLD_FROM", -1 if fold else 50_000)
            outcome = self.office.take(extract, full=False, list_name=list_name, source=source, **times)
        assert outcome.refused == rejected, outcome.document
        if cut_ms is not None and not rejected:
            model.as_of_ms = cut_ms

    @rule(
        list_name=LISTS,
        action=st.sampled_from(["add", "change", "withdraw"]),
        source=SOURCE,
        name=REFERENCE,
        told=stands(),
    )
    def by_hand(self, list_name: ListName, action: str, source: str, name: str, told: Stands) -> None:
        self._by_hand(list_name, action, source, name, told)

    def _by_hand(self, list_name: ListName, action: str, source: str, name: str, told: Stands) -> None:
        told = only_one_number(list_name, told)
        (row,) = rows_of_delta(list_name, [(action, name, told)])
        del row["action"]
        rejected = False
        try:
            self.models[list_name, source].apply([(action, name, told)], self.now_ms(), None)
        except Rejected:
            rejected = True
        assert self.office.put(action, row, list_name.value, source).refused == rejected

    @precondition(lambda self: hasattr(self, "office"))
    @invariant()
    def lookups_find_what_the_model_says(self) -> None:
        for list_name in ListName:
            expected: list[set[int]] = [set() for _ in NUMBERS]
            for source in SOURCES:
                for state in self.models[list_name, source].records.values():
                    if isinstance(state, Stands):
                        for n in range(state.first, state.last + 1):
                            expected[n].add(self._tag(list_name, n, state.fact))
            found = self.office.found(*NUMBERS, list_name=list_name)
            assert [set(tags) for tags in found] == expected
            assert all(len(set(tags)) == len(tags) for tags in found)
            assert [self.office.found(number, list_name=list_name)[0] for number in NUMBERS] == found

    @precondition(lambda self: hasattr(self, "office"))
    @invariant()
    def as_of_is_the_oldest_source_s(self) -> None:
        for list_name in ListName:
            times = [self.models[list_name, source].as_of_ms for source in SOURCES]
            known = [time for time in times if time is not None]
            expected = min(known) if len(known) == len(times) else None
            assert self.office.reader.view().data_as_of(list_name) == expected

    @precondition(lambda self: hasattr(self, "office"))
    @invariant()
    def records_are_known_and_counted(self) -> None:
        for list_name in ListName:
            standing = []
            for source in SOURCES:
                for name in "ABCD":
                    told = self.models[list_name, source].records.get(name)
                    record = self.office.writer.record(list_name, source, name)
                    assert type(record) is {Stands: StoredRecord, Gone: Withdrawn, type(None): type(None)}[type(told)]
                    if record is not None and told is not None:
                        assert record.noted_ms == told.noted_ms
                    if isinstance(told, Stands):
                        standing.append(told)
            state = self.office.writer.state(list_name)
            assert state.records == len(standing)
            assert state.numbers == sum(told.last - told.first + 1 for told in standing)

    def _tag(self, list_name: ListName, n: int, fact: str) -> int:
        if list_name is ListName.REPORTED:
            return 0
        key = self.office.keys.key_of("NZL", "P", NUMBERS[n])
        return self.office.keys.tag(key, {"x": "600412", "y": "99<<<<"}[fact], "<<<<<<")


TestLists = Lists.TestCase
TestLists.settings = settings(
    max_examples=30, stateful_step_count=20, deadline=None, suppress_health_check=list(HealthCheck)
)
