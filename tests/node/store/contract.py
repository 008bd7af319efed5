"""What every store must do, whatever it is made of: subclass `StoreContract` and give it a `store` fixture."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from typing import Protocol

import pytest

from federation.documents import ListName
from node.store.errors import StoreError, StoreLimit, WrongPepper
from node.store.keys import StoreKeys
from node.store.ports import Reader, RecordPut, SourcePuts, SourceState, StoredRecord, Taken, Withdrawn, Writer

REPORTED, ISSUED = ListName.REPORTED, ListName.ISSUED
BOTH = {REPORTED: ("main",), ISSUED: ("main",)}
KEYS = StoreKeys(b"k" * 32)


def key(n: int) -> bytes:
    return n.to_bytes(16, "big")


def record(reference: str, n: int, tag: int = 0) -> RecordPut:
    return RecordPut(reference, StoredRecord(key(n), tag, status="lost", noted_ms=5), (key(n),))


def of_range(reference: str, numbers: Sequence[int]) -> RecordPut:
    return RecordPut(reference, StoredRecord(key(numbers[0]), 77, len(numbers)), tuple(map(key, numbers)))


def withdrawn(reference: str) -> RecordPut:
    return RecordPut(reference, Withdrawn("recovered", 6), ())


def put(store: Store, list_name: ListName, source: str, puts: Sequence[RecordPut], taken: Taken | None = None) -> int:
    return store.writer.put([SourcePuts(list_name, source, puts)], taken)


class Store(Protocol):
    """A store under test; made empty, under KEYS."""

    writer: Writer

    def open_reader(self, sources: Mapping[ListName, Sequence[str]], keys: StoreKeys = KEYS) -> Reader: ...

    def reopen(self, keys: StoreKeys = KEYS) -> None:
        """Close the writer and open another on what is on the disk."""

    def stage(self, list_name: ListName, source: str, puts: Sequence[RecordPut], as_of_ms: int) -> Staging:
        """Begin a full import on the list as it is now."""


class Staging(Protocol):
    def switch(self) -> int:
        """Put it into service."""


class StoreContract:
    @pytest.fixture
    def store(self) -> Store:
        raise NotImplementedError

    def test_an_empty_store_has_no_data_and_finds_nothing(self, store: Store) -> None:
        view = store.open_reader(BOTH).view()
        assert [view.data_as_of(name) for name in ListName] == [None, None]
        assert view.find(REPORTED, [key(1), key(2)]) == [(), ()]

    def test_what_is_put_is_found_from_its_epoch_on(self, store: Store) -> None:
        reader = store.open_reader(BOTH)
        before = reader.view()
        epoch = put(store, REPORTED, "main", [record("A", 1)])
        view = reader.view()
        assert view.epoch == epoch > before.epoch
        assert view.find(REPORTED, [key(1), key(2)]) == [(0,), ()]
        assert view.find(ISSUED, [key(1)]) == [()]

    def test_a_view_does_not_change_while_it_is_held(self, store: Store) -> None:
        store.stage(REPORTED, "main", [record("A", 1)], 1).switch()
        reader = store.open_reader(BOTH)
        held = reader.view()
        put(store, REPORTED, "main", [record("B", 2), withdrawn("A")])
        reader.view()
        store.stage(REPORTED, "main", [record("C", 3)], 2).switch()
        reader.view()
        assert held.find(REPORTED, [key(1), key(2), key(3)]) == [(0,), (), ()]
        assert held.data_as_of(REPORTED) == 1

    def test_a_reader_is_given_the_same_view_until_something_moves(self, store: Store) -> None:
        reader = store.open_reader(BOTH)
        assert reader.view() is reader.view()

    def test_a_withdrawn_record_is_found_no_more(self, store: Store) -> None:
        store.stage(REPORTED, "main", [record("A", 1), record("B", 2)], 1).switch()
        put(store, REPORTED, "main", [withdrawn("A")])
        assert store.open_reader(BOTH).view().find(REPORTED, [key(1), key(2)]) == [(), (0,)]

    @pytest.mark.parametrize("staged", [True, False])
    def test_a_document_stays_listed_while_any_record_names_it(self, store: Store, staged: bool) -> None:
        puts = [record("A", 1), record("B", 1), of_range("R", range(1, 4))]
        if staged:
            store.stage(REPORTED, "main", puts, 1).switch()
        else:
            put(store, REPORTED, "main", puts)
        reader = store.open_reader(BOTH)
        for reference in ("A", "R"):
            put(store, REPORTED, "main", [withdrawn(reference)])
            assert reader.view().find(REPORTED, [key(1)]) == [(0,)]
        assert reader.view().find(REPORTED, [key(2), key(3)]) == [(), ()]
        put(store, REPORTED, "main", [withdrawn("B")])
        assert reader.view().find(REPORTED, [key(1)]) == [()]

    def test_a_record_may_come_back_after_it_was_withdrawn(self, store: Store) -> None:
        store.stage(REPORTED, "main", [record("A", 1)], 1).switch()
        for told, expected in (
            (withdrawn("A"), ()),
            (record("A", 1), (0,)),
            (withdrawn("A"), ()),
            (record("A", 2), ()),
        ):
            put(store, REPORTED, "main", [told])
            assert store.open_reader(BOTH).view().find(REPORTED, [key(1)]) == [expected]
        assert store.open_reader(BOTH).view().find(REPORTED, [key(2)]) == [(0,)]

    def test_each_pair_of_dates_of_a_document_is_found_once(self, store: Store) -> None:
        store.stage(ISSUED, "main", [record("A", 1, 11), record("B", 1, 12), record("C", 1, 12)], 1).switch()
        put(store, ISSUED, "main", [record("D", 1, 13), withdrawn("B")])
        (tags,) = store.open_reader(BOTH).view().find(ISSUED, [key(1)])
        assert sorted(tags) == [11, 12, 13]
        put(store, ISSUED, "main", [withdrawn("C")])
        (tags,) = store.open_reader(BOTH).view().find(ISSUED, [key(1)])
        assert sorted(tags) == [11, 13]

    def test_the_same_name_in_two_sources_is_two_records(self, store: Store) -> None:
        put(store, REPORTED, "main", [record("A", 1)])
        put(store, REPORTED, "police", [record("A", 1)])
        put(store, REPORTED, "main", [withdrawn("A")])
        assert store.open_reader(BOTH).view().find(REPORTED, [key(1)]) == [(0,)]

    def test_many_keys_are_answered_in_order_as_one_by_one(self, store: Store) -> None:
        store.stage(ISSUED, "main", [record(f"R{n}", n % 300, n) for n in range(600)], 1).switch()
        put(store, ISSUED, "main", [withdrawn(f"R{n}") for n in range(0, 600, 7)])
        view = store.open_reader(BOTH).view()
        asked = [key(n * 37 % 500) for n in range(500)]
        assert view.find(ISSUED, []) == []
        assert [sorted(tags) for tags in view.find(ISSUED, asked)] == [
            sorted(view.find(ISSUED, [one])[0]) for one in asked
        ]

    def test_several_threads_ask_while_the_list_moves(self, store: Store) -> None:
        store.stage(REPORTED, "main", [record(f"R{n}", n) for n in range(100)], 1).switch()
        reader = store.open_reader(BOTH)

        def ask(_: int) -> set[bool]:
            return {reader.view().find(REPORTED, [key(n), key(1_000)])[0] == (0,) for n in range(100)}

        with ThreadPoolExecutor(4) as pool:
            answers = [pool.submit(ask, n) for n in range(20)]
            for n in range(20):
                put(store, REPORTED, "main", [record(f"N{n}", 200 + n)])
                if n % 5 == 0:
                    store.stage(REPORTED, "main", [record(f"R{n}", n) for n in range(100)], 2 + n).switch()
            assert set().union(*(answer.result() for answer in answers)) == {True}

    def test_a_full_import_replaces_its_source_alone(self, store: Store) -> None:
        store.stage(REPORTED, "main", [record("A", 1)], 1).switch()
        store.stage(REPORTED, "police", [record("A", 2), of_range("R", range(20, 23))], 2).switch()
        store.stage(REPORTED, "main", [record("B", 3)], 3).switch()
        view = store.open_reader(BOTH).view()
        assert view.find(REPORTED, [key(1), key(2), key(3), key(21)]) == [(), (0,), (0,), (0,)]

    def test_what_was_put_while_an_import_was_staged_stands_on_top_of_it(self, store: Store) -> None:
        store.stage(REPORTED, "main", [record("A", 1), record("B", 2)], 1).switch()
        staging = store.stage(REPORTED, "main", [record("A", 1), record("B", 2), record("C", 3)], 2)
        put(store, REPORTED, "main", [withdrawn("B"), record("D", 4), record("C", 5)])
        staging.switch()
        view = store.open_reader(BOTH).view()
        assert view.find(REPORTED, [key(n) for n in range(1, 6)]) == [(0,), (), (), (0,), (0,)]
        state = store.writer.state(REPORTED)
        assert (state.records, state.numbers) == (3, 3)

    def test_an_import_staged_on_a_list_that_moved_on_is_refused(self, store: Store) -> None:
        first = store.stage(REPORTED, "main", [record("A", 1)], 1)
        store.stage(REPORTED, "main", [record("B", 2)], 2).switch()
        with pytest.raises(StoreError, match="moved on"):
            first.switch()
        assert store.open_reader(BOTH).view().find(REPORTED, [key(1), key(2)]) == [(), (0,)]

    def test_a_list_is_as_old_as_its_oldest_source_and_has_no_data_before_each_was_imported(self, store: Store) -> None:
        reader = store.open_reader({REPORTED: ("main", "police"), ISSUED: ("main",)})
        store.stage(REPORTED, "main", [record("A", 1)], 100).switch()
        assert reader.view().data_as_of(REPORTED) is None
        store.stage(REPORTED, "police", [record("A", 1)], 50).switch()
        assert reader.view().data_as_of(REPORTED) == 50
        store.stage(REPORTED, "police", [record("A", 1)], 200).switch()
        assert reader.view().data_as_of(REPORTED) == 100
        assert reader.view().data_as_of(ISSUED) is None

    def test_as_of_and_records_move_together(self, store: Store) -> None:
        reader = store.open_reader(BOTH)
        put(store, REPORTED, "main", [record("A", 1)], Taken("reported-x", "{}", SourceState(as_of_ms=9)))
        view = reader.view()
        assert (view.data_as_of(REPORTED), view.find(REPORTED, [key(1)])) == (9, [(0,)])

    def test_records_are_known_by_name_as_they_stand(self, store: Store) -> None:
        store.stage(REPORTED, "main", [record("A", 1), record("B", 2)], 1).switch()
        put(store, REPORTED, "main", [withdrawn("B"), record("C", 3)])
        names = [store.writer.record(REPORTED, "main", name) for name in ("A", "B", "C", "D")]
        assert isinstance(names[0], StoredRecord)
        assert names[0].key == key(1)
        assert names[1] == Withdrawn("recovered", 6)
        assert isinstance(names[2], StoredRecord)
        assert names[3] is None
        assert store.writer.record(REPORTED, "police", "A") is None

    def test_a_list_counts_its_records_and_numbers(self, store: Store) -> None:
        store.stage(REPORTED, "main", [record("A", 1), of_range("R", range(5))], 1).switch()
        put(store, REPORTED, "main", [record("B", 1), withdrawn("A"), withdrawn("A"), withdrawn("R")])
        put(store, REPORTED, "main", [of_range("S", range(3)), record("B", 2)])
        state = store.writer.state(REPORTED)
        assert (state.records, state.numbers) == (2, 4)

    def test_an_import_taken_once_is_known_by_its_name(self, store: Store) -> None:
        taken = Taken("reported-x", '{"told": 1}', SourceState(as_of_ms=9))
        epoch = put(store, REPORTED, "main", [record("A", 1)], taken)
        assert store.writer.adopted("reported-x") == (epoch, '{"told": 1}')
        assert store.writer.adopted("reported-y") is None

    def test_more_changes_than_readers_can_hold_are_refused_and_change_nothing(self, store: Store) -> None:
        epoch = put(store, REPORTED, "main", [record("A", 1)])
        with pytest.raises(StoreLimit):
            put(store, REPORTED, "main", [record("B", 2), of_range("R", range(10, 200_011))])
        view = store.open_reader(BOTH).view()
        assert view.epoch == epoch
        assert view.find(REPORTED, [key(1), key(2), key(11)]) == [(0,), (), ()]

    def test_changes_to_several_lists_are_taken_together_or_not_at_all(self, store: Store) -> None:
        issued = SourcePuts(ISSUED, "main", [record("A", 1)])
        police = SourcePuts(REPORTED, "police", [record("A", 2)])
        epoch = store.writer.put([issued, police])
        view = store.open_reader(BOTH).view()
        assert view.epoch == epoch
        assert (view.find(ISSUED, [key(1)]), view.find(REPORTED, [key(2)])) == ([(0,)], [(0,)])
        half = SourcePuts(REPORTED, "main", [of_range("R", range(10, 100_011))])
        rest = SourcePuts(REPORTED, "police", [of_range("R", range(200_000, 300_001))])
        with pytest.raises(StoreLimit):
            store.writer.put([SourcePuts(ISSUED, "main", [record("B", 3)]), half, rest])
        view = store.open_reader(BOTH).view()
        assert view.epoch == epoch
        assert (view.find(ISSUED, [key(3)]), view.find(REPORTED, [key(10)])) == ([()], [()])

    def test_what_was_acknowledged_stands_after_a_restart(self, store: Store) -> None:
        store.stage(REPORTED, "main", [record("A", 1)], 1).switch()
        epoch = put(store, REPORTED, "main", [record("B", 2), withdrawn("A")])
        store.reopen()
        view = store.open_reader(BOTH).view()
        assert view.epoch == epoch
        assert (view.data_as_of(REPORTED), view.find(REPORTED, [key(1), key(2)])) == (1, [(), (0,)])

    def test_another_pepper_is_refused_by_reader_and_writer(self, store: Store) -> None:
        put(store, REPORTED, "main", [record("A", 1)])
        with pytest.raises(WrongPepper):
            store.open_reader(BOTH, StoreKeys(b"x" * 32))
        with pytest.raises(WrongPepper):
            store.reopen(StoreKeys(b"x" * 32))
