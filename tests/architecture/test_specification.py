"""The tables of docs/spec/ are the program's, and every section that a page or a docstring cites is there."""

from __future__ import annotations

import re
from collections.abc import Iterator
from functools import cache
from itertools import product
from pathlib import Path

import pytest
from google.protobuf.descriptor import Descriptor

from certs.crl import ALARM_AGE, LONGEST_LEAF, MAX_CRL_BYTES, MAX_DAYS
from certs.errors import CrlRefused, StaleCrl
from federation import bundle_codec, channel, charter_codec, entry_codec, fetch_codec, fetching, service
from federation.charter import MAX_PATTERNS
from federation.codec import MAX_MESSAGE_OCTETS, encode_lookup_answer
from federation.documents import DocumentClass, Kind, ListName, TravelDocument
from federation.entry import PHASES
from federation.envelope import PayloadType
from federation.lookup import LookupAnswer, Question, encode_question
from federation.notice import REFRESH_SECONDS
from federation.plain_text import MAX_TEXT_CHARACTERS
from federation.proposal import PROPOSAL_MS
from federation.status import REFUSALS, DocumentCode, Purpose, RefusalCode
from federation.succession import MAX_TIPS
from federation.suspension import SUSPENSION_MS
from federation.v1 import envelope_pb2, peer_pb2, statements_pb2, trust_pb2
from federation.verdict import (
    EXIT_CODES,
    GRAVITY,
    Captured,
    Evidence,
    Failure,
    Judgement,
    Reason,
    Verdict,
    advise,
    judge,
)
from node import trust_room
from node.asking import _VERDICT_NUMBERS as VERDICT_NUMBERS
from node.spool import RECORD_OCTETS, SEGMENT_RECORDS, Entry, Event, Spool

ROOT = Path(__file__).parents[2]
SPEC = ROOT / "docs" / "spec"
PAGES = sorted(SPEC.glob("[1-9]-*.md"))

Row = dict[str, str]


@cache
def _section(number: str) -> str:
    """The text of section ``4.2``, without its heading."""
    page = next(SPEC.glob(f"{number[0]}-*.md")).read_text()
    found = re.search(rf"^## {re.escape(number)} .*?\n(.*?)(?=^## |\Z)", page, re.MULTILINE | re.DOTALL)
    assert found, f"there is no section {number}"
    return found[1]


def _tables(number: str) -> list[list[Row]]:
    """The tables of a section: each row by the headings of its columns, code marks taken off."""
    tables = []
    for block in re.findall(r"(?:^\|.*\n)+", _section(number), re.MULTILINE):
        heads, _, *rows = (
            [cell.strip() for cell in line.strip("|\n").replace("`", "").split("|")] for line in block.splitlines()
        )
        tables.append([dict(zip(heads, row, strict=True)) for row in rows])
    return tables


def test_every_refusal_stands_with_its_number_its_actor_and_its_sentence() -> None:
    (rows,) = _tables("5.4")
    assert [tuple(row.values()) for row in rows] == [
        (str(code.value), code.name, actor.value, sentence) for code, (actor, sentence) in REFUSALS.items()
    ]
    assert list(REFUSALS) == list(RefusalCode)


def test_every_message_has_its_payload_type() -> None:
    (rows,) = _tables("3.2")
    *_, documents = _tables("9.1")
    assert {row["payload_type"] for row in (*rows, *documents)} == {kind.value for kind in PayloadType}
    assert {row["statement"] for row in rows} == set(statements_pb2.DESCRIPTOR.message_types_by_name)
    assert {row["statement"] for row in documents} == {
        name for name in trust_pb2.DESCRIPTOR.message_types_by_name if name.endswith("Statement")
    }


FIELDS = [
    ("3.1", 0, envelope_pb2.Envelope.DESCRIPTOR),
    ("3.4", 0, statements_pb2.OpenSessionStatement.DESCRIPTOR),
    ("3.4", 1, statements_pb2.OpenSessionAnswer.DESCRIPTOR),
    ("4.4", 0, statements_pb2.LookupStatement.DESCRIPTOR),
    ("4.5", 0, statements_pb2.LookupAnswer.DESCRIPTOR),
    ("8.7", 0, peer_pb2.FetchTrustRequest.DESCRIPTOR),
    ("8.7", 1, peer_pb2.FetchTrustResponse.DESCRIPTOR),
    ("9.1", 0, trust_pb2.SignedDocument.DESCRIPTOR),
    ("9.1", 1, trust_pb2.Signature.DESCRIPTOR),
    ("9.2", 0, trust_pb2.CharterStatement.DESCRIPTOR),
    ("9.2", 1, trust_pb2.CharterMember.DESCRIPTOR),
    ("9.2", 2, trust_pb2.CharterRoute.DESCRIPTOR),
    ("9.5", 0, trust_pb2.SuspensionStatement.DESCRIPTOR),
    ("9.6", 0, trust_pb2.WithdrawalStatement.DESCRIPTOR),
    ("9.7", 0, trust_pb2.EntryStatement.DESCRIPTOR),
    ("9.7", 1, trust_pb2.EntryCa.DESCRIPTOR),
    ("9.7", 2, trust_pb2.EntryCoverage.DESCRIPTOR),
    ("9.7", 3, trust_pb2.EntryContact.DESCRIPTOR),
    ("9.9", 0, trust_pb2.NoticeStatement.DESCRIPTOR),
    ("9.9", 1, trust_pb2.NoticeEndpoint.DESCRIPTOR),
    ("9.9", 2, trust_pb2.NoticeMaintenance.DESCRIPTOR),
    ("9.11", 0, trust_pb2.TrustBundle.DESCRIPTOR),
]


@pytest.mark.parametrize(("number", "place", "message"), FIELDS, ids=lambda value: getattr(value, "name", str(value)))
def test_every_field_of_a_message_stands_with_its_number(number: str, place: int, message: Descriptor) -> None:
    said = {
        name: int(field)
        for row in _tables(number)[place]
        for name, field in zip(row["field"].split(", "), row["number"].split(", "), strict=True)
    }
    assert said == {field.name: field.number for field in message.fields}


def test_every_code_of_a_trust_document_is_in_the_table() -> None:
    (rows,) = _tables("9.13")
    assert [row["code"] for row in rows] == [code.value for code in DocumentCode]


def test_every_code_of_a_revocation_list_is_on_the_page() -> None:
    codes = {kind.code for kind in CrlRefused.__subclasses__()} - {StaleCrl.code}
    assert set(re.findall(r"`(CRL_[A-Z_]+)`", _section("9.8"))) == codes


def test_every_limit_of_a_trust_document_is_that_of_the_program() -> None:
    (rows,) = _tables("9.12")
    assert [int(row["at most"].replace(",", "")) for row in rows] == [
        charter_codec.MAX_CHARTER_OCTETS,
        charter_codec.MAX_DOCUMENT_OCTETS,
        charter_codec.MAX_PART_OCTETS,
        charter_codec.MAX_MEMBERS,
        charter_codec.MAX_ROOT_KEYS,
        charter_codec.MAX_ROUTES,
        MAX_PATTERNS,
        charter_codec.MAX_PREVIOUS,
        charter_codec.MAX_SIGNATURES,
        MAX_TIPS,
        entry_codec.MAX_CAS,
        entry_codec.MAX_COVERAGE,
        entry_codec.MAX_CONTACTS,
        entry_codec.MAX_LANGUAGES,
        MAX_TEXT_CHARACTERS,
        entry_codec.MAX_ENDPOINTS,
        entry_codec.MAX_MAINTENANCE,
        trust_room.MAX_NODES,
        trust_room.MAX_ECONOMY_OCTETS,
        trust_room.MAX_BY_THE_SAME,
        trust_room.MAX_SUSPENSIONS,
        bundle_codec.MAX_BUNDLE_OCTETS,
        bundle_codec.MAX_PARTS,
    ]
    assert {charter_codec.MAX_DOCUMENT_OCTETS, MAX_CRL_BYTES, bundle_codec.MAX_NOTICE_OCTETS} == {
        entry_codec.MAX_STATEMENT_OCTETS
    }


def test_times_of_trust_documents_are_those_of_the_program() -> None:
    said = " ".join("".join(map(_section, ("9.3", "9.5", "9.8", "9.9"))).split())
    least, most = REFRESH_SECONDS
    for words in (
        f"from `starts_at` for {SUSPENSION_MS // 3_600_000} hours",
        f"from {PROPOSAL_MS // 86_400_000} days after `proposed_at` on",
        f"by at most {MAX_DAYS} days and 1 h",
        f"more than {LONGEST_LEAF.days} days and 1 h after that revocation",
        f"older than {int(ALARM_AGE.total_seconds()) // 3600} hours",
        f"from {least} to {most:,}",
    ):
        assert words in said


def test_limits_of_fetching_are_those_of_the_program() -> None:
    said = " ".join(_section("8.7").split())
    for words in (
        f"the {fetch_codec.CHUNK_OCTETS:,} octets from `offset` on",
        f"1 to {bundle_codec.MAX_BUNDLE_OCTETS:,};",
        f"a request at most {fetch_codec.MAX_REQUEST_OCTETS} octets",
        f"a call {fetching.CALL_SECONDS:.0f} s, and a bundle of more than a piece {fetching.FETCH_SECONDS:.0f} s",
        *(f"`{status.name}`" for status in service.FETCH_STATUS.values() if status.name != "UNIMPLEMENTED"),
    ):
        assert words in said


def test_phases_of_a_ca_follow_each_other_as_drawn() -> None:
    phases = _tables("9.7")[-1]
    assert [(row["phase"], row["issues leaves"], row["may become"]) for row in phases] == [
        (phase.value, "yes" if rule.issues else "no", ", ".join(rule.then)) for phase, rule in PHASES.items()
    ]


def test_purposes_have_their_numbers() -> None:
    (rows,) = _tables("4.4")
    holds = next(row["holds"] for row in rows if row["field"] == "purpose")
    assert holds == ", ".join(f"{purpose.name} {purpose.value}" for purpose in Purpose)


def test_a_question_is_laid_out_as_drawn() -> None:
    (rows,) = _tables("4.2")
    document = TravelDocument("D", DocumentClass.I, "C01X0006H")
    encoded = encode_question(Question(7, document, "600412", "310102")).decode("latin-1")
    places = [row["octets"].partition("–") for row in rows]
    cut = [encoded[int(first) : int(last or first) + 1] for first, _, last in places]
    assert cut == ["\x07", "I", "D<<", f"{'C01X0006H':<<24}", "600412", "310102"]
    assert sum(map(len, cut)) == len(encoded)


@pytest.mark.parametrize("questions", [1, 127, 128, 500])
def test_an_answer_has_the_size_that_names_and_questions_give(questions: int) -> None:
    answer = LookupAnswer(bytes(32), "a" * 24, "b" * 20, 1, 2, 3, b"\xe9" * questions, server_time=4)
    assert "80 octets, the two names, and the outcomes with their tag and length" in " ".join(_section("4.5").split())
    assert len(encode_lookup_answer(answer)) == 80 + 44 + (2 if questions < 128 else 3) + questions


def _evidence() -> Iterator[tuple[dict[str, str], Evidence]]:
    """Everything that can be known of a document, in the words of the table and as the program has it."""
    said: dict[str, bool | None] = {"MATCH": True, "NO_MATCH": False, "anything else": None, "not served": None}
    for reported, issued, dates in product(list(said)[:3], said, said):
        for stale in product([False, True], repeat=2):
            lists = frozenset(name for name, old in zip(ListName, stale, strict=True) if old)
            words = {"REPORTED": reported, "ISSUED": issued, "ISSUED_DATES": dates}
            known = {Kind[kind]: match for kind, word in words.items() if (match := said[word]) is not None}
            promised = sum(Kind[kind] for kind, word in words.items() if word != "not served")
            if ListName.REPORTED in lists and reported == "NO_MATCH":
                words["REPORTED"] = "anything else"
            if ListName.ISSUED in lists:
                kept = ("not served",)
                words |= {kind: words[kind] if words[kind] in kept else "anything else" for kind in list(words)[1:]}
            yield words, Evidence(promised, known, lists)


def _fits(cell: str, word: str) -> bool:
    return cell == "any" or word in cell.split(" or ")


def test_the_verdict_is_that_of_the_first_row_that_fits() -> None:
    (rows,) = _tables("6.5")
    for words, evidence in _evidence():
        expected = next(row["verdict"] for row in rows if all(_fits(row[kind], words[kind]) for kind in words))
        assert judge(evidence).verdict == expected, words


def test_exit_codes_and_their_order_are_those_of_the_table() -> None:
    (rows,) = _tables("6.5")
    assert {Verdict(row["verdict"]): int(row["exit"]) for row in rows} == EXIT_CODES
    assert f"in the order {', '.join(map(str, GRAVITY))};" in " ".join(_section("6.5").split())


def test_every_reason_is_in_the_table() -> None:
    (rows,) = _tables("6.6")
    assert [row["reason"] for row in rows] == [reason.value for reason in Reason]


def test_the_advice_is_that_of_the_table() -> None:
    (rows,) = _tables("6.7")
    judgements = [Judgement(verdict) for verdict in Verdict if verdict is not Verdict.NO_ANSWER]
    judgements += [Judgement(Verdict.NO_ANSWER, Failure(reason)) for reason in Reason]
    for judgement, captured in product(judgements, Captured):
        reason = judgement.failure.reason.value if judgement.failure else ""
        row = next(
            row
            for row in rows
            if judgement.verdict in row["verdict"].split(", ")
            and (row["reason"] == "any other" or reason in row["reason"].split(", "))
        )
        column = "typed" if captured is Captured.TYPED else "mrz, chip"
        assert advise(judgement, captured) == row[column], (judgement, captured)


def test_a_record_is_laid_out_as_drawn(tmp_path: Path) -> None:
    (rows,) = _tables("7.2")
    entry = Entry(Event.ANSWERED, 0x0102, "AUS", 6, 500, b"q" * 32, b"a" * 32, code=17, verdict=5, officer=b"o" * 16)
    spool = Spool(tmp_path / "spool", segment_records=8)
    spool.append(entry)
    spool.append(entry)
    spool.close()
    (segment,) = (tmp_path / "spool").glob("*.spool")
    record = segment.read_bytes()[RECORD_OCTETS : 2 * RECORD_OCTETS]
    found, end = {}, 0
    for row in rows:
        first, length = int(row["octet"]), int(row["length"])
        assert first == end
        found[row["field"] or f"unused at {first}"] = record[first : (end := first + length)]
    assert end == RECORD_OCTETS
    assert len(found.pop("chain")) == 32
    assert int.from_bytes(found.pop("synced"), "big") <= 1
    assert found == {
        "magic": b"RMS1",
        "event": b"\x04",
        "purpose": b"\x06",
        "code": b"\x11",
        "unused at 7": b"\0",
        "index": bytes(7) + b"\x01",
        "at_ms": bytes(6) + b"\x01\x02",
        "other": b"AUS",
        "unused at 27": b"\0",
        "questions": b"\x01\xf4",
        "verdict": b"\0\x05",
        "request_digest": b"q" * 32,
        "answer_digest": b"a" * 32,
        "officer": b"o" * 16,
        "unused at 120": bytes(40),
    }


def test_a_segment_has_the_size_that_is_said() -> None:
    assert f"{SEGMENT_RECORDS:,} records of {RECORD_OCTETS} octets" in _section("7.1")
    assert f"{SEGMENT_RECORDS * RECORD_OCTETS:,} octets" in _section("7.1")


def test_every_event_and_verdict_has_its_number_in_a_record() -> None:
    (rows,) = _tables("7.4")
    assert {row["event"]: int(row["number"]) for row in rows} == {event.name: event.value for event in Event}
    holds = next(row["holds"] for row in _tables("7.2")[0] if row["field"] == "verdict")
    assert ", ".join(f"{verdict} {number}" for verdict, number in VERDICT_NUMBERS.items()) in holds


@pytest.mark.parametrize(("place", "options"), [(0, service.SERVER_OPTIONS), (1, channel.CHANNEL_OPTIONS)])
def test_every_option_of_the_transport_is_in_its_table(place: int, options: tuple[tuple[str, int], ...]) -> None:
    assert [(row["option"], int(row["value"])) for row in _tables("8.4")[place]] == list(options)
    assert dict(options)["grpc.max_receive_message_length"] == MAX_MESSAGE_OCTETS


# A section or rule, but no version of TLS, object identifier, duration or size.
_CITED = re.compile(r"(?<![\d.])(?<!TLS )(?<!section )([1-9]\.\d{1,2}(?:\.\d{1,2})?)(?![\d.]*\d|,\d| ms| s\b|×)")
_IN_CODE = re.compile(r"docs/spec/[^\s,)]*, (\d\.\d+(?:\.\d+)?)|\bspec (\d\.\d+(?:\.\d+)?)(?:, (\d\.\d+))?")


def _missing(cited: str) -> bool:
    section, rule = ".".join(cited.split(".")[:2]), cited.split(".")[2:]
    try:
        text = _section(section)
    except (AssertionError, StopIteration):
        return True
    return bool(rule) and not re.search(rf"^{rule[0]}\. ", text, re.MULTILINE)


@pytest.mark.parametrize("page", [SPEC / "README.md", *PAGES], ids=lambda page: page.stem)
def test_every_section_and_rule_that_a_page_cites_is_there(page: Path) -> None:
    assert sorted(cited for cited in set(_CITED.findall(page.read_text())) if _missing(cited)) == []


def test_every_page_and_section_that_the_code_cites_is_there() -> None:
    sources = [path for top in ("certs", "federation", "node") for path in (ROOT / top).rglob("*.py")]
    broken = []
    for path in [*sources, *(ROOT / "proto").rglob("*.proto")]:
        text = path.read_text()
        broken += [
            f"{path}: {page}" for page in re.findall(r"docs/[a-z0-9/-]+\.md", text) if not (ROOT / page).exists()
        ]
        cited = {number for found in _IN_CODE.findall(text) for number in found if number}
        broken += [f"{path}: {number}" for number in cited if _missing(number)]
    assert broken == []


def test_a_section_or_rule_that_is_not_there_is_seen() -> None:
    assert [cited for cited in ("4.2", "4.2.1", "4.99", "4.2.99", "0.1") if _missing(cited)] == [
        "4.99",
        "4.2.99",
        "0.1",
    ]
    assert _CITED.findall("TLS 1.3, 4.2.1 and 3.3; 0.25 s, 1.2.840.10045, 5.1, step 1") == ["4.2.1", "3.3", "5.1"]
