"""Reading blocks of lines into a staging file, and keeping count."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import asdict, dataclass, field, replace
from pathlib import Path
from typing import Any, Final

from federation.errors import InvalidDocument
from node.extracts.errors import RejectedLine, UnreadableExtract
from node.extracts.forms import Form
from node.extracts.framing import Block
from node.extracts.lines import LineReader, Plausibility
from node.extracts.plain import BATCH, INSERT_PLAIN, PlainReader
from node.store.connect import open_building, our_errors, rows
from node.store.schema import LINES

# What a report shows of each kind; it says how many more there are.
SHOWN_MAX: Final = 1_000
# Of each kind of doubt, so many lines are named in one sentence.
DOUBTFUL_MAX: Final = 10
# Numbers that ranges of one file may name: a short file must not become a list of billions.
RANGE_NUMBERS_MAX: Final = 10_000_000


@dataclass(frozen=True, slots=True)
class Rejection:
    """One line that was not taken; it quotes nothing of it."""

    line: int
    field: str
    code: str
    message: str


@dataclass(slots=True)
class Tally:
    """What was read so far: how many lines, how many of them rejected, how many numbers the others name (and the ranges
    among them), and the first rejections and derived references (line to reference).
    """

    lines: int = 0
    rejected: int = 0
    numbers: int = 0
    range_numbers: int = 0
    rejections: list[Rejection] = field(default_factory=list)
    references: dict[int, str] = field(default_factory=dict)
    derived: int = 0
    #: By code of a warning: how many lines, and the first of them.
    doubted: dict[str, int] = field(default_factory=dict)
    doubtful: dict[str, list[int]] = field(default_factory=dict)

    def add(self, other: Tally) -> None:
        """Count another part of the same file."""
        self.lines += other.lines
        self.rejected += other.rejected
        self.numbers += other.numbers
        self.range_numbers += other.range_numbers
        self.derived += other.derived
        self.rejections = sorted(self.rejections + other.rejections, key=lambda each: each.line)[:SHOWN_MAX]
        self.references = dict(sorted((self.references | other.references).items())[:SHOWN_MAX])
        for code, count in other.doubted.items():
            self.doubted[code] = self.doubted.get(code, 0) + count
            self.doubtful[code] = sorted(self.doubtful.get(code, []) + other.doubtful[code])[:DOUBTFUL_MAX]

    def doubt(self, line: int, code: str | None) -> None:
        """Note what is to be doubted in a line that is taken."""
        if code is not None:
            self.doubted[code] = self.doubted.get(code, 0) + 1
            if self.doubted[code] <= DOUBTFUL_MAX:
                self.doubtful.setdefault(code, []).append(line)

    def check_ranges(self) -> None:
        """Raises UnreadableExtract TOO_MANY_NUMBERS."""
        if self.range_numbers > RANGE_NUMBERS_MAX:
            raise UnreadableExtract(
                "TOO_MANY_NUMBERS", f"The ranges of the file name more than {RANGE_NUMBERS_MAX:,} numbers: split it."
            )

    def copy(self) -> Tally:
        """A tally that may be counted on without changing this one."""
        return replace(self, rejections=list(self.rejections), references=dict(self.references))

    def reject(self, line: int, cause: RejectedLine | InvalidDocument) -> None:
        """Count a line that is not taken."""
        self.rejected += 1
        if len(self.rejections) < SHOWN_MAX:
            self.rejections.append(Rejection(line, cause.field, cause.code, cause.message))

    def to_json(self) -> dict[str, Any]:
        """For another process."""
        return asdict(self)

    @classmethod
    def from_json(cls, found: Mapping[str, Any]) -> Tally:
        """From another process."""
        rejections = [Rejection(**each) for each in found["rejections"]]
        references = {int(line): reference for line, reference in found["references"].items()}
        return cls(**{**found, "rejections": rejections, "references": references})


_INSERT: Final = (
    "INSERT INTO lines (line, action, reference, key, tag, numbers, status, reported_on, reason)"
    " VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?)"
)


class Stager:
    """Reads the lines of blocks into one new staging file, in one transaction that `close` ends."""

    def __init__(
        self,
        path: Path,
        form: Form,
        reader: LineReader,
        plausibility: Plausibility,
        plain: PlainReader | None = None,
    ) -> None:
        """``plain`` reads what it can of a full extract; ``reader`` reads the rest.

        Raises StoreError when the file cannot be made.
        """
        self._path = path
        self._form = form
        self._reader = reader
        self._plausibility = plausibility
        self._plain = plain
        with our_errors(path):
            self._file = open_building(path, cache_mib=8)
            for _ in rows(self._file, LINES):
                pass
            self._file.execute("BEGIN")

    def take(self, block: Block) -> Tally:
        """Read a block. Raises UnreadableExtract TOO_MANY_NUMBERS, StoreFull."""
        tally = Tally()
        lines = block.lines()
        with our_errors(self._path):
            for start in range(0, len(lines), BATCH):
                batch = lines[start : start + BATCH]
                if not self._take_plain(block.first + start, batch, tally):
                    self._file.executemany(_INSERT, self._read(block.first + start, batch, tally))
        return tally

    def close(self) -> None:
        """Finish the file. Raises StoreFull."""
        with our_errors(self._path):
            self._file.execute("COMMIT")
            self._file.close()

    def _take_plain(self, first: int, lines: Sequence[bytes], tally: Tally) -> bool:
        if self._plain is None or (read := self._plain.read(first, lines)) is None:
            return False
        self._file.executemany(INSERT_PLAIN[self._plain.list_name], read)
        tally.lines += len(lines)
        tally.numbers += len(lines)
        return True

    def _read(self, first: int, lines: Sequence[bytes], tally: Tally) -> Iterable[tuple[int | str | bytes | None, ...]]:
        form, read = self._form, self._reader.read
        for number, octets in enumerate(lines, first):
            if not octets or octets.isspace():
                continue
            tally.lines += 1
            try:
                values = form(octets)
                line = read(values)
            except (RejectedLine, InvalidDocument) as cause:
                tally.reject(number, cause)
                continue
            tally.doubt(number, self._plausibility.doubt(values))
            tally.numbers += line.numbers
            if line.derived:
                tally.derived += 1
                if tally.derived <= SHOWN_MAX:
                    tally.references[number] = line.reference
            if line.keys:
                tally.range_numbers += line.numbers
                # Within a block as well: what one names must not fill the disk before it is counted.
                tally.check_ranges()
                self._file.executemany("INSERT INTO line_keys VALUES (?, ?)", ((number, key) for key in line.keys))
            yield (number, *line[:8])
