"""What this economy decides alone: its grants, whom it asks, whom it blocks, which suspensions it has lifted for itself.

Being in the charter opens nothing. `grants.json` in the node's directory holds all that does; `node.grants_file` reads
and changes it. Nothing in it ever leaves this economy.
"""

from __future__ import annotations

import unicodedata
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field, replace
from types import MappingProxyType
from typing import Any, Final, TypeVar

from certs.errors import InvalidName
from certs.identity import CaName
from federation.directory import Grant
from federation.documents import ListName
from federation.membership import LocalPolicy
from federation.status import Purpose
from node.errors import OperatorError

MAX_EACH: Final = 1024
MAX_REFERENCE: Final = 200
MAX_LIMIT: Final = 1_000_000_000
# Years 1970 to 9999: what every part of the program, and every operator, can read as a date.
MAX_TIME_MS: Final = 253_402_300_799_999
NAMED_ONLY: Final = frozenset({Purpose.VISA, Purpose.INVESTIGATION})
ROUTINE: Final = frozenset(Purpose) - NAMED_ONLY
_DIGEST_DIGITS: Final = 64


@dataclass(frozen=True, slots=True)
class Asking:
    """We ask ``economy`` until then, milliseconds since 1970, under the agreement ``reference``."""

    economy: str
    until_ms: int
    reference: str


@dataclass(frozen=True, slots=True)
class Block:
    """Nothing is asked of ``economy`` or answered to it, since then and for the reason in ``reference``."""

    economy: str
    since_ms: int
    reference: str


@dataclass(frozen=True, slots=True)
class Lifted:
    """This economy goes on with one that is suspended: ``suspension`` is the document's digest, 64 hexadecimal digits."""

    suspension: str
    economy: str
    at_ms: int
    reference: str


def _empty() -> Mapping[str, Any]:
    return MappingProxyType({})


@dataclass(frozen=True, slots=True)
class OwnPolicy:
    """All of it, by economy, ``lifted`` by suspension. A method gives the policy with one thing changed.

    Each raises OperatorError GRANT_INVALID for a value that cannot be meant, TOO_MANY_GRANTS above 1,024 of a kind.
    """

    grants: Mapping[str, Grant] = field(default_factory=_empty)
    ask: Mapping[str, Asking] = field(default_factory=_empty)
    blocked: Mapping[str, Block] = field(default_factory=_empty)
    lifted: Mapping[str, Lifted] = field(default_factory=_empty)

    def allow(self, grant: Grant) -> OwnPolicy:
        """Let a peer ask as this grant says, in place of an earlier one to it."""
        check_grant(grant)
        return replace(self, grants=_with(self.grants, grant.to, grant))

    def deny(self, economy: str) -> OwnPolicy:
        """Let a peer ask nothing any more. Raises OperatorError NO_SUCH_GRANT."""
        return replace(
            self, grants=_without(self.grants, economy, f"{economy} has no grant; `rmas peer list` shows all.")
        )

    def allow_asking(self, asking: Asking) -> OwnPolicy:
        """Ask a peer, in place of what was said of it earlier."""
        check_economy(asking.economy)
        check_time(asking.until_ms)
        check_reference(asking.reference)
        return replace(self, ask=_with(self.ask, asking.economy, asking))

    def stop_asking(self, economy: str) -> OwnPolicy:
        """Ask a peer no more. Raises OperatorError NO_SUCH_GRANT."""
        message = f"{economy} is not asked as it is; `rmas peer list` shows who is."
        return replace(self, ask=_without(self.ask, economy, message))

    def block(self, block: Block) -> OwnPolicy:
        """Stop answering and asking a peer, whatever else stands here. One that is blocked stays so since it was."""
        check_economy(block.economy)
        check_time(block.since_ms)
        check_reference(block.reference)
        if block.economy in self.blocked:
            return self
        return replace(self, blocked=_with(self.blocked, block.economy, block))

    def unblock(self, economy: str) -> OwnPolicy:
        """Let grants and asking count again. Raises OperatorError NOT_BLOCKED."""
        if economy not in self.blocked:
            raise OperatorError("NOT_BLOCKED", f"{economy} is not blocked here; `rmas peer list` shows who is.")
        return replace(self, blocked=_without(self.blocked, economy, ""))

    def lift(self, lifted: Lifted) -> OwnPolicy:
        """Go on with a suspended member; this one suspension of it counts for nothing here."""
        check_lifted(lifted)
        return replace(self, lifted=_with(self.lifted, lifted.suspension, lifted))

    def unlift(self, suspension: str) -> OwnPolicy:
        """Let a suspension count again. Raises OperatorError NO_SUCH_GRANT."""
        message = "This suspension is not lifted here; `rmas peer list` shows which are."
        return replace(self, lifted=_without(self.lifted, suspension, message))

    def as_of(self, now_ms: int, networks: frozenset[str] = frozenset()) -> LocalPolicy:
        """What counts at ``now_ms`` for a node in these ``networks``.

        A grant says itself until when; asking stops with the next ``as_of`` after its end (`next_end`).
        """
        asked = frozenset(one.economy for one in self.ask.values() if now_ms < one.until_ms)
        return LocalPolicy(self.grants, asked, frozenset(self.blocked), frozenset(self.lifted), networks)

    def next_end(self, now_ms: int) -> int | None:
        """When the next grant or leave to ask ends after ``now_ms``; None when none does."""
        ends = [*(one.until_ms for one in self.grants.values()), *(one.until_ms for one in self.ask.values())]
        return min((end for end in ends if end > now_ms), default=None)


def purposes_named(names: Iterable[str]) -> frozenset[Purpose]:
    """The purposes an operator named; with none, the routine ones: VISA and INVESTIGATION are granted by name alone.

    Raises OperatorError GRANT_INVALID.
    """
    try:
        return frozenset(Purpose[name.strip().upper()] for name in names) or ROUTINE
    except KeyError as unknown:
        known = ", ".join(purpose.name for purpose in Purpose)
        raise _invalid(f"{str(unknown.args[0])[:MAX_REFERENCE]!a} is no purpose; {known} are.") from None


def lists_named(names: Iterable[str]) -> frozenset[ListName]:
    """The lists an operator named. Raises OperatorError GRANT_INVALID, also when none is named."""
    try:
        found = frozenset(ListName(name.strip().lower()) for name in names)
    except ValueError:
        found = frozenset()
    if not found:
        raise _invalid(f"A grant names its lists: {' or '.join(ListName)}, or both.")
    return found


def check_grant(grant: Grant) -> None:
    """Raises OperatorError GRANT_INVALID unless every part of it can be meant."""
    check_economy(grant.to)
    check_time(grant.until_ms)
    check_reference(grant.reference)
    if not grant.lists or not grant.purposes:
        raise _invalid("A grant names a list and a purpose at least; take it back with `rmas peer deny`.")
    for limit in (grant.rate_per_second, grant.questions_per_day):
        if not 0 <= limit <= MAX_LIMIT:
            raise _invalid(f"A grant's limit is a whole number of 0 to {MAX_LIMIT:,}.")


def check_lifted(lifted: Lifted) -> None:
    """As `check_grant`."""
    check_economy(lifted.economy)
    check_time(lifted.at_ms)
    check_reference(lifted.reference)
    if len(lifted.suspension) != _DIGEST_DIGITS or set(lifted.suspension) - set("0123456789abcdef"):
        raise _invalid("A suspension is named by its digest, 64 hexadecimal digits in lower case.")


def check_economy(economy: str) -> None:
    """As `check_grant`."""
    try:
        CaName("any", economy)
    except InvalidName as invalid:
        raise _invalid(f"That is no economy: {invalid}.") from None


def check_time(ms: int) -> None:
    """As `check_grant`."""
    if not 0 <= ms <= MAX_TIME_MS:
        raise _invalid("A time lies between the years 1970 and 9999.")


def check_reference(text: str) -> None:
    """As `check_grant`. Others may have written it into an agreement; it is shown on terminals."""
    if len(text) > MAX_REFERENCE or any(unicodedata.category(character).startswith("C") for character in text):
        raise _invalid(f"A reference is at most {MAX_REFERENCE} printable characters on one line.")


def _invalid(message: str) -> OperatorError:
    return OperatorError("GRANT_INVALID", message)


_V = TypeVar("_V")


def _with(held: Mapping[str, _V], key: str, added: _V) -> Mapping[str, _V]:
    changed = {**held, key: added}
    if len(changed) > MAX_EACH:
        raise OperatorError("TOO_MANY_GRANTS", f"At most {MAX_EACH:,} of a kind are kept; take back what has ended.")
    return MappingProxyType(changed)


def _without(held: Mapping[str, _V], key: str, message: str) -> Mapping[str, _V]:
    if key not in held:
        raise OperatorError("NO_SUCH_GRANT", message)
    return MappingProxyType({name: one for name, one in held.items() if name != key})
