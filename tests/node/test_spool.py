"""The spool keeps what was acknowledged, and shows what was changed."""

from __future__ import annotations

import errno
import os
import signal
import subprocess
import sys
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from hashlib import sha256
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from node.spool import RECORD_OCTETS, Entry, Event, Spool, SpoolDamaged, SpoolFull, read, tail
from node.spool_records import decode, encode, synced_before

SEGMENT = 8
ROOT = Path(__file__).parents[2]


def entry(number: int, event: Event = Event.ASKED) -> Entry:
    digest = sha256(number.to_bytes(4, "big")).digest()
    return Entry(event, 1_800_000_000_000 + number, "AUS", 1, number % 500 + 1, digest)


@contextmanager
def opened(path: Path, records: int = SEGMENT) -> Iterator[Spool]:
    spool = Spool(path, records)
    yield spool
    spool.close()


def fill(path: Path, count: int) -> list[Entry]:
    entries = [entry(number) for number in range(count)]
    with opened(path) as spool:
        for one in entries:
            spool.append(one)
    return entries


def segments(path: Path) -> list[Path]:
    return sorted(path.glob("*.spool"))


def edit(path: Path, at: int, octets: bytes) -> None:
    """Write over octets of the spool as if its segments were one file."""
    segment, within = divmod(at, SEGMENT * RECORD_OCTETS)
    with segments(path)[segment].open("r+b") as file:
        file.seek(within)
        file.write(octets)


class TestKeeping:
    @pytest.mark.parametrize("count", [0, 1, SEGMENT - 1, SEGMENT, SEGMENT + 1, 3 * SEGMENT])
    def test_what_was_appended_is_read_in_order(self, tmp_path: Path, count: int) -> None:
        entries = fill(tmp_path, count)
        assert list(read(tmp_path)) == list(enumerate(entries))

    @given(
        st.builds(
            Entry,
            st.sampled_from(Event),
            st.integers(0, 2**63),
            st.sampled_from(["", "AUS", "NZL"]),
            st.integers(0, 6),
            st.integers(0, 500),
            st.binary(min_size=32, max_size=32),
            st.binary(min_size=32, max_size=32),
            st.integers(0, 20),
            st.integers(0, 6),
            st.binary(min_size=16, max_size=16),
        )
    )
    def test_every_entry_comes_back_from_its_record(self, one: Entry) -> None:
        octets = encode(one, 7, 5, bytes(32))
        assert len(octets) == RECORD_OCTETS
        assert decode(octets) == (7, one)
        assert synced_before(octets) == 5

    @pytest.mark.parametrize("start", range(2 * SEGMENT + 3))
    def test_reading_begins_where_it_is_told(self, tmp_path: Path, start: int) -> None:
        entries = fill(tmp_path, 2 * SEGMENT + 2)
        assert list(read(tmp_path, start)) == list(enumerate(entries))[start:]

    @pytest.mark.parametrize("count", [0, 1, SEGMENT - 1, SEGMENT, SEGMENT + 1])
    def test_a_spool_goes_on_where_it_ended(self, tmp_path: Path, count: int) -> None:
        before = fill(tmp_path, count)
        with opened(tmp_path) as spool:
            assert spool.index == count
            spool.append(entry(1000))
            assert spool.index == count + 1
        assert list(read(tmp_path)) == list(enumerate([*before, entry(1000)]))

    def test_a_record_can_be_read_before_it_is_synced(self, tmp_path: Path) -> None:
        with opened(tmp_path) as spool:
            spool.append(entry(0))
            assert list(read(tmp_path)) == [(0, entry(0))]

    def test_it_is_synced_soon_after(self, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
        """A power cut costs at most the last 50 ms."""
        synced = threading.Event()
        monkeypatch.setattr(os, "fdatasync", lambda file: synced.set())
        with opened(tmp_path) as spool:
            spool.append(entry(0))
            assert synced.wait(5)

    def test_many_threads_append_each_record_once(self, tmp_path: Path) -> None:
        with opened(tmp_path, 64) as spool:

            def append(base: int) -> None:
                for number in range(base, base + 50):
                    spool.append(entry(number))

            threads = [threading.Thread(target=append, args=(base,)) for base in range(0, 400, 50)]
            for thread in threads:
                thread.start()
            for thread in threads:
                thread.join()
        times = [one.at_ms for _, one in read(tmp_path)]
        assert sorted(times) == [entry(number).at_ms for number in range(400)]

    def test_files_are_for_their_owner_alone(self, tmp_path: Path) -> None:
        fill(tmp_path / "spool", 1)
        assert (tmp_path / "spool").stat().st_mode & 0o077 == 0
        assert all(path.stat().st_mode & 0o077 == 0 for path in segments(tmp_path / "spool"))

    def test_nothing_in_a_record_can_be_searched_for_a_number(self) -> None:
        """Oracle 4: counts, codes and digests; no text but three letters of an economy."""
        texts = [name for name, kind in Entry.__annotations__.items() if kind == "str"]
        assert texts == ["other"]


class TestTorn:
    """The writer was killed within a record: what it stood for never left."""

    @pytest.mark.parametrize("kept", [0, 1, 4, 60, RECORD_OCTETS - 1])
    @pytest.mark.parametrize("count", [1, 3, SEGMENT, SEGMENT + 1])
    def test_the_last_record_cut_short_is_not_there(self, tmp_path: Path, count: int, kept: int) -> None:
        entries = fill(tmp_path, count)
        edit(tmp_path, (count - 1) * RECORD_OCTETS + kept, bytes(RECORD_OCTETS - kept))
        assert list(read(tmp_path)) == list(enumerate(entries[:-1]))
        with opened(tmp_path) as spool:
            spool.append(entry(1000))
        assert list(read(tmp_path)) == list(enumerate([*entries[:-1], entry(1000)]))

    @pytest.mark.parametrize("size", [0, 1, RECORD_OCTETS, 3 * RECORD_OCTETS + 7])
    @pytest.mark.parametrize("count", [0, SEGMENT])
    def test_a_segment_that_was_being_made_is_made_again(self, tmp_path: Path, count: int, size: int) -> None:
        """Killed, or out of room, between the file's name and its blocks."""
        entries = fill(tmp_path, count) if count else []
        unfinished = tmp_path / f"{count // SEGMENT:012d}.new"
        unfinished.write_bytes(bytes(size))
        with opened(tmp_path) as spool:
            spool.append(entry(1000))
        assert list(read(tmp_path)) == list(enumerate([*entries, entry(1000)]))
        assert not unfinished.exists()

    @pytest.mark.parametrize("follow", [read, tail])
    def test_a_reader_that_meets_a_record_half_way_sees_all_before_it(
        self, tmp_path: Path, follow: Callable[[Path, int], Iterator[tuple[int, Entry]]]
    ) -> None:
        """The writer goes on while the counting job reads: never a false alarm, never a record left out for good."""
        with opened(tmp_path, 4096) as spool:
            stop = threading.Event()

            def write() -> None:
                for number in range(4000):
                    spool.append(entry(number))
                stop.set()

            writer = threading.Thread(target=write)
            writer.start()
            seen = 0
            while not stop.is_set():
                for index, one in follow(tmp_path, seen):
                    assert one == entry(index)
                    seen = index + 1
            writer.join()
            assert [index for index, _ in follow(tmp_path, seen)] == list(range(seen, 4000))

    @pytest.mark.parametrize("follow", [read, tail])
    def test_a_record_torn_in_the_reader_s_eye_alone_is_read_again(
        self,
        tmp_path: Path,
        monkeypatch: pytest.MonkeyPatch,
        follow: Callable[[Path, int], Iterator[tuple[int, Entry]]],
    ) -> None:
        """What was read before the writer had finished is no damage, though records follow it by now."""
        entries = fill(tmp_path, 5)
        monkeypatch.setattr(Path, "open", torn_at(2 * RECORD_OCTETS))
        assert list(follow(tmp_path, 0)) == list(enumerate(entries))


def torn_at(position: int) -> Any:
    """``Path.open`` of files of which the record at ``position`` is half there when it is first read."""
    really_open = Path.open

    def opened(path: Path, *arguments: Any, **named: Any) -> Any:
        file = really_open(path, *arguments, **named)
        really_read, pending = file.read, [True]

        class Torn:
            def __enter__(self) -> Torn:
                return self

            def __exit__(self, *error: object) -> None:
                file.close()

            def __getattr__(self, name: str) -> Any:
                return getattr(file, name)

            def read(self, size: int = -1) -> bytes:
                at = file.tell()
                data: bytes = really_read(size)
                if pending and at <= position < at + len(data):
                    pending.clear()
                    within = position - at
                    return data[: within + 50] + bytes(RECORD_OCTETS - 50) + data[within + RECORD_OCTETS :]
                return data

        return Torn()

    return opened


class TestTampering:
    @pytest.mark.parametrize("index", [0, 1, SEGMENT - 1, SEGMENT, SEGMENT + 2])
    def test_a_changed_record_is_found_with_its_index(self, tmp_path: Path, index: int) -> None:
        """Oracle 8."""
        fill(tmp_path, SEGMENT + 4)
        edit(tmp_path, index * RECORD_OCTETS + 30, b"\xff\xff")
        with pytest.raises(SpoolDamaged, match=f"record {index} ") as damaged:
            list(read(tmp_path))
        assert damaged.value.code == "SPOOL_DAMAGED"

    @settings(max_examples=60, deadline=None)
    @given(position=st.integers(0, 5 * RECORD_OCTETS * 8 - 1))
    def test_any_changed_bit_is_found(self, tmp_path_factory: pytest.TempPathFactory, position: int) -> None:
        path = tmp_path_factory.mktemp("spool")
        fill(path, 6)
        at, bit = divmod(position, 8)
        octet = segments(path)[0].read_bytes()[at]
        edit(path, at, bytes([octet ^ 1 << bit]))
        with pytest.raises(SpoolDamaged, match=f"record {at // RECORD_OCTETS} "):
            list(read(path))

    def test_two_records_that_changed_places_are_found(self, tmp_path: Path) -> None:
        fill(tmp_path, 5)
        data = segments(tmp_path)[0].read_bytes()
        second, third = (data[n * RECORD_OCTETS : (n + 1) * RECORD_OCTETS] for n in (1, 2))
        edit(tmp_path, RECORD_OCTETS, third + second)
        with pytest.raises(SpoolDamaged, match="record 1 "):
            list(read(tmp_path))

    @pytest.mark.parametrize("records", [1, 2])
    def test_records_taken_out_of_the_middle_are_found(self, tmp_path: Path, records: int) -> None:
        fill(tmp_path, 6)
        edit(tmp_path, 2 * RECORD_OCTETS, bytes(records * RECORD_OCTETS))
        with pytest.raises(SpoolDamaged, match="record 2 "):
            list(read(tmp_path))

    @pytest.mark.parametrize("segment", [0, 1])
    def test_a_segment_taken_away_is_found(self, tmp_path: Path, segment: int) -> None:
        fill(tmp_path, 3 * SEGMENT)
        segments(tmp_path)[segment].unlink()
        with pytest.raises(SpoolDamaged) as damaged:
            list(read(tmp_path))
        assert damaged.value.code == "SPOOL_GAP"

    def test_a_segment_cut_short_is_found(self, tmp_path: Path) -> None:
        fill(tmp_path, 2 * SEGMENT + 1)
        os.truncate(segments(tmp_path)[0], 3 * RECORD_OCTETS)
        with pytest.raises(SpoolDamaged):
            list(read(tmp_path))

    def test_a_damaged_spool_is_not_written_on(self, tmp_path: Path) -> None:
        with opened(tmp_path) as spool:
            for number in range(5):
                spool.append(entry(number))
                spool._sync()
        edit(tmp_path, RECORD_OCTETS + 30, b"\xff")
        before = segments(tmp_path)[0].read_bytes()
        with pytest.raises(SpoolDamaged):
            Spool(tmp_path, SEGMENT)
        assert segments(tmp_path)[0].read_bytes() == before


class TestPowerCut:
    """A disk writes what was not synced in any order: behind a record that is lost, others may stand."""

    def test_what_was_not_synced_may_be_lost_and_the_spool_goes_on(self, tmp_path: Path) -> None:
        """Oracle 7: at most the last 50 ms, and never the node."""
        with opened(tmp_path) as spool:
            spool.append(entry(0))
            spool.append(entry(1))
            spool._sync()
            for number in range(2, 7):
                spool._synced = 2
                spool.append(entry(number))
        lost = segments(tmp_path)[0].read_bytes()[4 * RECORD_OCTETS : 7 * RECORD_OCTETS]
        edit(tmp_path, 3 * RECORD_OCTETS, bytes(RECORD_OCTETS))
        with opened(tmp_path) as spool:
            assert spool.index == 3
            spool.append(entry(1000))
        assert [one for _, one in read(tmp_path)] == [entry(0), entry(1), entry(2), entry(1000)]
        (aside,) = tmp_path.glob("*.lost-3")
        assert aside.read_bytes() == bytes(RECORD_OCTETS) + lost
        assert aside.stat().st_mode & 0o077 == 0

    @pytest.mark.parametrize("index", [0, 1])
    def test_a_record_that_was_durable_was_not_lost_but_changed(self, tmp_path: Path, index: int) -> None:
        """Oracle 8: what follows says that it had been synced."""
        with opened(tmp_path) as spool:
            spool.append(entry(0))
            spool.append(entry(1))
            spool._sync()
            spool.append(entry(2))
        edit(tmp_path, index * RECORD_OCTETS, bytes(RECORD_OCTETS))
        with pytest.raises(SpoolDamaged, match=f"record {index} "):
            Spool(tmp_path, SEGMENT)
        assert list(tmp_path.glob("*.lost-*")) == []

    def test_before_it_is_resumed_it_reads_as_damaged(self, tmp_path: Path) -> None:
        """Whoever verifies is told of every gap; only the writer may decide what explains it."""
        fill(tmp_path, 5)
        edit(tmp_path, 3 * RECORD_OCTETS, bytes(RECORD_OCTETS))
        with pytest.raises(SpoolDamaged, match="record 3 "):
            list(read(tmp_path))

    def test_a_lost_record_in_an_older_segment_is_damage(self, tmp_path: Path) -> None:
        """Each segment is synced before the next is begun."""
        fill(tmp_path, SEGMENT + 2)
        edit(tmp_path, 3 * RECORD_OCTETS, bytes(RECORD_OCTETS))
        with pytest.raises(SpoolDamaged, match="record 3 "):
            list(read(tmp_path))

    def test_a_segment_is_synced_before_the_next_has_a_record(
        self, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        with opened(tmp_path) as spool:
            for number in range(SEGMENT):
                spool.append(entry(number))
            synced: list[int] = []
            monkeypatch.setattr(os, "fdatasync", lambda file: synced.append(spool.index))
            spool.append(entry(SEGMENT))
            assert SEGMENT in synced


def refuse(number: int) -> Any:
    def refused(*arguments: object) -> None:
        raise OSError(number, os.strerror(number))

    return refused


class TestNoRoom:
    @pytest.mark.parametrize("call", ["posix_fallocate", "fsync", "open"])
    @pytest.mark.parametrize("number", [errno.ENOSPC, errno.EIO, errno.EMFILE])
    def test_a_segment_that_cannot_be_made_refuses_the_record_and_nothing_is_lost(
        self, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, call: str, number: int
    ) -> None:
        """H05: no room means no answer; when there is room again, it goes on."""
        with opened(tmp_path) as spool:
            for place in range(SEGMENT):
                spool.append(entry(place))
            with monkeypatch.context() as patch:
                patch.setattr(os, call, refuse(number))
                for _ in range(3):
                    with pytest.raises(SpoolFull):
                        spool.append(entry(999))
            assert spool.index == SEGMENT
            if not spool.failed:
                spool.append(entry(SEGMENT))
        kept = [one for _, one in read(tmp_path)]
        assert kept == [entry(place) for place in range(len(kept))]
        assert len(kept) >= SEGMENT

    def test_a_spool_that_cannot_begin_says_so(self, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
        with monkeypatch.context() as patch:
            patch.setattr(os, "posix_fallocate", refuse(errno.ENOSPC))
            with pytest.raises(SpoolFull, match="ENOSPC"):
                Spool(tmp_path / "spool", SEGMENT)
        assert fill(tmp_path / "spool", 1) == [one for _, one in read(tmp_path / "spool")]

    @pytest.mark.parametrize("call", ["fdatasync", "dup"])
    def test_a_disk_that_refuses_a_sync_ends_all_appending(
        self, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, call: str
    ) -> None:
        """H04: no silent retry; what was said to be durable may not be."""
        with opened(tmp_path) as spool:
            failed = threading.Event()

            def fails(*arguments: object) -> None:
                failed.set()
                raise OSError(errno.EIO, "I/O error")

            with monkeypatch.context() as patch:
                patch.setattr(os, call, fails)
                spool.append(entry(0))
                assert failed.wait(5)
                wait_until(lambda: spool.failed)
            with pytest.raises(SpoolFull):
                spool.append(entry(1))
            assert spool.index == 1


def wait_until(condition: Any) -> None:
    for _ in range(500):
        if condition():
            return
        threading.Event().wait(0.01)
    raise AssertionError("it never came to pass")


WRITER = """
import sys
from hashlib import sha256
from pathlib import Path
from node.spool import Entry, Event, Spool
spool = Spool(Path(sys.argv[1]), 64)
number = spool.index
print("ready", flush=True)
while True:
    spool.append(Entry(Event.ASKED, number, "AUS", 1, 1, sha256(number.to_bytes(4, "big")).digest()))
    number += 1
    sys.stdout.buffer.write(number.to_bytes(4, "big"))
    sys.stdout.buffer.flush()
"""


def test_kill_9_loses_nothing_that_was_acknowledged(tmp_path: Path) -> None:
    """H01, H02 for records: again and again on one spool, across segments, at whatever moment the kill falls."""
    total = 0
    for _ in range(6):
        writer = subprocess.Popen([sys.executable, "-c", WRITER, str(tmp_path)], cwd=ROOT, stdout=subprocess.PIPE)
        assert writer.stdout is not None
        assert writer.stdout.readline() == b"ready\n"
        acknowledged = writer.stdout.read(4 * 97)
        writer.send_signal(signal.SIGKILL)
        acknowledged += writer.stdout.read()
        writer.wait()
        writer.stdout.close()
        last = int.from_bytes(acknowledged[-(len(acknowledged) % 4) - 4 :][:4], "big")
        entries = [one for _, one in read(tmp_path)]
        assert len(entries) >= last
        assert all(one.request_digest == sha256(n.to_bytes(4, "big")).digest() for n, one in enumerate(entries))
        assert len(entries) > total
        total = len(entries)
