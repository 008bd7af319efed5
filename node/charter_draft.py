"""A charter as people write and read it, before it has a version: JSON in and out.

```json
{"federation": "rmas", "votes": "2/3",
 "members": [{"economy": "NZL", "root_keys": ["<base64 of the DER>"], "signatures_needed": 1}],
 "routes": [{"issuing_state": "NZL", "document_class": "P", "pattern": "*", "economy": "NZL"}]}
```

Here things only have their form; whether they make a charter is for `federation.charter` to say.
"""

from __future__ import annotations

import base64
import binascii
import re
from collections.abc import Iterable
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

from federation.charter import Charter, RootMember
from federation.documents import DocumentClass
from federation.proposal import DEFAULT_VOTES
from federation.routes import Route
from node import carried
from node.carried import count, many, only, text
from node.errors import OperatorError

CODE = "INVALID_DRAFT"
MAX_DRAFT_OCTETS = 16 * 1024 * 1024
_VOTES = re.compile(r"([0-9]{1,4})/([0-9]{1,4})")


@dataclass(frozen=True, slots=True)
class Draft:
    """Members and routes, in any order, and the rule: the share of the members that signs the next charter."""

    federation: str
    members: tuple[RootMember, ...] = ()
    routes: tuple[Route, ...] = ()
    votes: tuple[int, int] = DEFAULT_VOTES

    def with_member(self, member: RootMember, routes: Iterable[Route]) -> Draft:
        """One member more, with its routes. Raises OperatorError MEMBER_ALREADY."""
        if member.economy in (one.economy for one in self.members):
            message = (
                f"{member.economy} is a member already; to change its root keys or routes, write them into a draft "
                "(`rmas charter show --draft`) and propose that."
            )
            raise OperatorError("MEMBER_ALREADY", message)
        return replace(self, members=(*self.members, member), routes=(*self.routes, *routes))

    def without_member(self, economy: str) -> Draft:
        """One member less, and its routes. Raises OperatorError NO_SUCH_MEMBER."""
        members = tuple(one for one in self.members if one.economy != economy)
        if len(members) == len(self.members):
            message = f"{economy} is no member of the charter; `rmas charter show` lists them."
            raise OperatorError("NO_SUCH_MEMBER", message)
        return replace(self, members=members, routes=tuple(one for one in self.routes if one.economy != economy))


def draft_of(charter: Charter) -> Draft:
    """What the next charter starts from."""
    return Draft(charter.federation, tuple(charter.members.values()), charter.routes, charter.votes)


def parse(path: Path, data: bytes) -> Draft:
    """The draft in a file. Raises OperatorError INVALID_DRAFT."""
    value = carried.parse_json(path, data, CODE)
    try:
        item = only(value, "federation votes members routes")
        return Draft(
            text(item["federation"]),
            tuple(_member(one) for one in many(item["members"])),
            tuple(route_in(one) for one in many(item["routes"])),
            votes_in(text(item["votes"])),
        )
    except ValueError as error:
        raise OperatorError(CODE, f"{path}: {error}; correct that place.") from None


def parse_routes(path: Path, data: bytes) -> tuple[Route, ...]:
    """The list of routes in a file. Raises OperatorError INVALID_DRAFT."""
    value = carried.parse_json(path, data, CODE)
    try:
        return tuple(route_in(one) for one in many(value))
    except ValueError as error:
        raise OperatorError(CODE, f"{path}: {error}; correct that place.") from None


def votes_named(written: str) -> tuple[int, int]:
    """The rule an operator named. Raises OperatorError INVALID_DRAFT."""
    try:
        return votes_in(written)
    except ValueError as error:
        raise OperatorError(CODE, f"`--votes`: {error}.") from None


def as_json(draft: Draft) -> dict[str, Any]:
    """The draft as `parse` reads it."""
    return {
        "federation": draft.federation,
        "votes": votes_out(draft.votes),
        "members": [
            {
                "economy": one.economy,
                "root_keys": keys_out(one.root_keys),
                "signatures_needed": one.signatures_needed,
            }
            for one in draft.members
        ],
        "routes": [route_out(route) for route in draft.routes],
    }


def votes_in(written: str) -> tuple[int, int]:
    """A rule such as `2/3`. Raises ValueError with a sentence."""
    found = _VOTES.fullmatch(written)
    if not found:
        raise ValueError("a rule is written as a share of the members, 2/3 for example")
    return int(found[1]), int(found[2])


def votes_out(votes: tuple[int, int]) -> str:
    """A rule as `votes_in` reads it."""
    return f"{votes[0]}/{votes[1]}"


def route_in(item: Any) -> Route:
    """One route. Raises ValueError."""
    only(item, "issuing_state document_class pattern economy")
    return Route(
        text(item["issuing_state"]),
        DocumentClass(text(item["document_class"])),
        text(item["pattern"]),
        text(item["economy"]),
    )


def route_out(route: Route) -> dict[str, str]:
    """One route as `route_in` reads it."""
    return {
        "issuing_state": route.issuing_state,
        "document_class": route.document_class.value,
        "pattern": route.pattern,
        "economy": route.economy,
    }


def keys_in(items: Any) -> tuple[bytes, ...]:
    """Root keys, each the DER of its SubjectPublicKeyInfo, from base64. Raises ValueError."""
    try:
        return tuple(base64.b64decode(text(item), validate=True) for item in many(items))
    except binascii.Error:
        raise ValueError("a root key is not the base64 that `rmas root show --json` prints") from None


def keys_out(keys: Iterable[bytes]) -> list[str]:
    """Root keys as `keys_in` reads them."""
    return [base64.b64encode(key).decode() for key in keys]


def _member(item: Any) -> RootMember:
    only(item, "economy root_keys signatures_needed")
    return RootMember(text(item["economy"]), keys_in(item["root_keys"]), count(item["signatures_needed"]))
