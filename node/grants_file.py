"""`grants.json`: this economy's own policy on disk, read strictly and changed in one step (docs/reference/grants.md)."""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Callable
from typing import Any, Final

from federation.directory import Grant
from federation.documents import ListName
from federation.status import Purpose
from node import carried, config_file, epoch, plain_file
from node.errors import OperatorError
from node.exclusive import turn
from node.layout import Layout
from node.local_policy import Asking, Block, Lifted, OwnPolicy
from node.times import parse_ms, rfc3339

SCHEMA: Final = 1
MAX_OCTETS: Final = 1024 * 1024
EPOCH_FILE: Final = "epoch"


def read(layout: Layout) -> OwnPolicy:
    """The policy of this node; without a file nothing is granted, nobody asked.

    Raises OperatorError: POLICY_UNREADABLE (no plain file that the node's user alone may write), POLICY_DAMAGED (not
    what this program writes, unknown keys included).
    """
    path = layout.grants
    try:
        data = plain_file.read(path, MAX_OCTETS)
    except FileNotFoundError:
        return OwnPolicy()
    except plain_file.NotPlain as error:
        raise OperatorError("POLICY_UNREADABLE", f"{path} is not taken: {error}.") from None
    try:
        return parse(data)
    except OperatorError as error:
        raise OperatorError("POLICY_DAMAGED", f"{path} is not taken: {error.message}") from None


def change(layout: Layout, alter: Callable[[OwnPolicy], OwnPolicy]) -> OwnPolicy:
    """Let ``alter`` change the policy, durably and in one step, and tell running processes; returns what now stands.

    Raises OperatorError: as `read`, POLICY_UNWRITTEN, and what ``alter`` raises.
    """
    try:
        with turn(layout.home):
            before = read(layout)
            after = alter(before)
            if after != before:
                config_file.replace(layout.grants, render(after))
            # Also when nothing changed: whoever repeats a command that broke off in between wants it told at last.
            if layout.trust.is_dir():
                epoch.move(layout.trust / EPOCH_FILE)
    except OSError as error:
        message = f"{layout.grants} cannot be written: {error.strerror}; free space or rights, then repeat."
        raise OperatorError("POLICY_UNWRITTEN", message) from error
    return after


def render(policy: OwnPolicy) -> bytes:
    """The file of a policy, always the same for the same one."""
    value = {
        "schema": SCHEMA,
        "grants": [_grant_out(grant) for _, grant in sorted(policy.grants.items())],
        "ask": [
            {"economy": one.economy, "until": rfc3339(one.until_ms), "reference": one.reference}
            for _, one in sorted(policy.ask.items())
        ],
        "blocked": [
            {"economy": one.economy, "since": rfc3339(one.since_ms), "reference": one.reference}
            for _, one in sorted(policy.blocked.items())
        ],
        "lifted": [
            {
                "suspension": one.suspension,
                "economy": one.economy,
                "at": rfc3339(one.at_ms),
                "reference": one.reference,
            }
            for _, one in sorted(policy.lifted.items())
        ],
    }
    return json.dumps(value, indent=1, ensure_ascii=True).encode() + b"\n"


def parse(data: bytes) -> OwnPolicy:
    """The policy in these octets. Raises OperatorError POLICY_DAMAGED, GRANT_INVALID or TOO_MANY_GRANTS."""
    if len(data) > MAX_OCTETS:
        raise OperatorError("POLICY_DAMAGED", f"it is larger than {MAX_OCTETS:,} octets.")
    try:
        raw = carried.loads(data)
        _known(raw, "schema grants ask blocked lifted")
        if raw["schema"] != SCHEMA or isinstance(raw["schema"], bool):
            raise ValueError(f"this program reads schema {SCHEMA}; use the version that wrote it")
        return _policy(raw)
    except KeyError as missing:
        raise OperatorError(
            "POLICY_DAMAGED", f"the key {str(missing.args[0])!a} is missing; restore the file."
        ) from None
    except (TypeError, ValueError, RecursionError) as error:
        raise OperatorError("POLICY_DAMAGED", f"{error}; mend the file or restore it.") from None


def _policy(raw: Any) -> OwnPolicy:
    policy = OwnPolicy()
    for item in _each(raw, "grants", "to"):
        policy = policy.allow(_grant_in(item))
    for item in _each(raw, "ask", "economy"):
        _known(item, "economy until reference")
        policy = policy.allow_asking(Asking(_text(item, "economy"), _time(item, "until"), _text(item, "reference")))
    for item in _each(raw, "blocked", "economy"):
        _known(item, "economy since reference")
        policy = policy.block(Block(_text(item, "economy"), _time(item, "since"), _text(item, "reference")))
    for item in _each(raw, "lifted", "suspension"):
        _known(item, "suspension economy at reference")
        texts = (_text(item, "suspension"), _text(item, "economy"))
        policy = policy.lift(Lifted(*texts, _time(item, "at"), _text(item, "reference")))
    return policy


def _grant_out(grant: Grant) -> dict[str, Any]:
    return {
        "to": grant.to,
        "lists": sorted(str(name) for name in grant.lists),
        "purposes": [purpose.name for purpose in sorted(grant.purposes)],
        "until": rfc3339(grant.until_ms),
        "reference": grant.reference,
        "rate_per_second": grant.rate_per_second,
        "questions_per_day": grant.questions_per_day,
    }


def _grant_in(item: Any) -> Grant:
    _known(item, "to lists purposes until reference rate_per_second questions_per_day")
    names = _list(item, "purposes")
    unknown = [name for name in names if name not in Purpose.__members__]
    if unknown:
        raise ValueError(f"{unknown[0]!a} is no purpose")
    return Grant(
        _text(item, "to"),
        frozenset(ListName(str(name)) for name in _list(item, "lists")),
        frozenset(Purpose[str(name)] for name in names),
        _time(item, "until"),
        _text(item, "reference"),
        _count(item, "rate_per_second"),
        _count(item, "questions_per_day"),
    )


def _each(raw: Any, key: str, name: str) -> list[Any]:
    items = _list(raw, key)
    named = [_text(item, name) for item in items if isinstance(item, dict)]
    if len(named) != len(items):
        raise TypeError(f"{key} holds what is no object")
    # Two grants to one peer would leave open which one counts.
    doubled = [one for one, count in Counter(named).items() if count > 1]
    if doubled:
        raise ValueError(f"{key} names {doubled[0]!a} twice")
    return items


def _known(item: Any, keys: str) -> None:
    if not isinstance(item, dict):
        raise TypeError("there is no object where one is expected")
    unknown = set(item) - set(keys.split())
    if unknown:
        # A misspelt key would grant other than what was meant.
        raise ValueError(f"{min(unknown)!a} is no key here; {keys} are")


def _text(item: Any, key: str) -> str:
    if not isinstance(item[key], str):
        raise TypeError(f"{key} is no text")
    return str(item[key])


def _time(item: Any, key: str) -> int:
    return parse_ms(_text(item, key))


def _list(item: Any, key: str) -> list[Any]:
    if not isinstance(item[key], list):
        raise TypeError(f"{key} is no list")
    return list(item[key])


def _count(item: Any, key: str) -> int:
    value = item[key]
    if not isinstance(value, int) or isinstance(value, bool):
        raise TypeError(f"{key} is no whole number")
    return value
