"""What may be set, and what each setting means; `docs/reference/configuration.md` is generated from here."""

from __future__ import annotations

import re
from collections.abc import Callable
from datetime import timedelta
from typing import Annotated, Any

from pydantic import AfterValidator, BaseModel, BeforeValidator, ConfigDict, Field, PlainSerializer
from pydantic_settings import BaseSettings, PydanticBaseSettingsSource, SettingsConfigDict

from certs.errors import InvalidName
from certs.identity import CaName, NodeName
from federation.status import Purpose
from federation.verdict import Advice, Captured, Reason, Verdict
from node import durations

ENV_PREFIX = "RMAS_"


def _duration(value: object) -> object:
    return durations.parse(value) if isinstance(value, str) else value


Duration = Annotated[timedelta, BeforeValidator(_duration), PlainSerializer(durations.render, return_type=str)]


def _label(text: str) -> str:
    return _named(text, lambda: NodeName(text, "AAA", "node"))


def _economy(text: str) -> str:
    return _named(text, lambda: CaName("lab", text))


def _named(text: str, build: Callable[[], object]) -> str:
    # One grammar for names: a name that no certificate can carry is no setting either.
    try:
        build()
    except InvalidName as error:
        raise ValueError(str(error)) from None
    return text


def _advice_key(text: str) -> str:
    rest, at, purpose = text.partition("@")
    if at and purpose not in Purpose.__members__:
        raise ValueError(f"after @ stands a purpose: {', '.join(Purpose.__members__)}")
    situation, _, captured = rest.partition("/")
    verdict, _, reason = situation.partition(":")
    if verdict not in set(Verdict) or (captured and captured not in set(Captured)):
        raise ValueError(
            "a key is a verdict, or NO_ANSWER: and a reason, then perhaps /mrz, /chip or /typed, then perhaps @ and a purpose"
        )
    if reason and (verdict != Verdict.NO_ANSWER or reason not in set(Reason)):
        raise ValueError("only NO_ANSWER takes a reason, and only one that docs/reference/lookup-json.md lists")
    return text


AdviceKey = Annotated[str, AfterValidator(_advice_key)]
Label = Annotated[str, AfterValidator(_label)]
EconomyCode = Annotated[str, AfterValidator(_economy)]
IssuingState = Annotated[str, Field(pattern=r"^[A-Z]{1,3}$")]
_ADDRESS = re.compile(r"(\[[0-9a-fA-F:.]+\]|[^:\[\]\s]+):([0-9]{1,5})")


def _address(text: str) -> str:
    found = _ADDRESS.fullmatch(text)
    if not found or not 1 <= int(found[2]) <= 65535:
        raise ValueError("an address is host:port or [v6]:port, with a port from 1 to 65535")
    return text


Address = Annotated[str, AfterValidator(_address)]
SourceName = Annotated[str, Field(pattern=r"^[a-z0-9][a-z0-9_-]{0,31}$")]


def setting(default: object, *, what: str, without: str, make: str = "", **limits: Any) -> Any:
    """One documented setting; ``default`` of ``...`` means it must be given."""
    return Field(default, description=what, json_schema_extra={"without": without, "make": make}, **limits)


class _Section(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid")


class PeerSettings(_Section):
    """The port other economies reach, and the answering workers behind it."""

    listen: tuple[Address, ...] = setting(
        ("127.0.0.1:7443",),
        what="Addresses on which peers are answered, `host:port` or `[v6]:port`. Every worker listens on all of them.",
        without="Only programs on this machine reach the node.",
        min_length=1,
    )
    workers: int = setting(
        0,
        what="Answering processes; `0` is one a processor core.",
        without="One a core.",
        ge=0,
        le=256,
    )
    threads: int = setting(
        4, what="Threads in each worker.", without="Four, which is what was measured best.", ge=1, le=64
    )
    pin: bool = setting(
        True,
        what="Bind each worker to one core.",
        without="Workers are bound, which is faster; switch off where something else places processes.",
    )
    drain_seconds: int = setting(
        30,
        what="How long a stopping node goes on answering what it has already taken.",
        without="Thirty seconds.",
        ge=0,
        le=600,
    )


class DeskSettings(_Section):
    """The local socket through which the economy's own systems and this command line reach the node."""

    socket: str = setting(
        "run/desk.sock",
        what="Path of the Unix socket. Linux allows 107 bytes for the whole path.",
        without="`run/desk.sock` in the node's directory.",
        min_length=1,
    )
    mode: Annotated[str, Field(pattern=r"^0[0-7]{3}$")] = setting(
        "0600",
        what="Permissions of the socket: whoever may write to it may ask.",
        without="Only the user who runs the node may ask. `0660` opens it to the group, which must also be let into `run`.",
    )


class SourceSettings(_Section):
    """Who feeds each list; a list is as old as its oldest source."""

    reported: tuple[SourceName, ...] = setting(
        ("main",),
        what="Sources of the reported list (police, passport office, …).",
        without="One source named `main`.",
        min_length=1,
    )
    issued: tuple[SourceName, ...] = setting(
        ("main",),
        what="Sources of the issued list.",
        without="One source named `main`.",
        min_length=1,
    )


class StoreSettings(_Section):
    """Where the two lists lie and what keys them."""

    path: str = setting(
        "store", what="Directory of the lists.", without="`store` in the node's directory.", min_length=1
    )
    pepper: str = setting(
        "secrets/pepper",
        what="File with the 32 secret bytes under which document numbers are keyed, in hexadecimal. Best on a volume or "
        "credential of its own, and in no backup of the store.",
        without="`secrets/pepper` in the node's directory. If the file is lost, both lists must be imported in full again.",
        make="`rmas init` makes it; nodes that share a store share it by hand.",
        min_length=1,
    )
    sources: SourceSettings = SourceSettings()


class AskingSettings(_Section):
    """How this node asks its peers on behalf of the economy's own systems."""

    reported_max_age: Duration = setting(
        timedelta(hours=48),
        what="Age from which a peer's reported list is too old for its no-match to count.",
        without="48 hours.",
    )
    issued_max_age: Duration = setting(
        timedelta(days=8),
        what="Age from which a peer's issued list is too old for its match to count.",
        without="8 days.",
    )
    withhold: tuple[IssuingState, ...] = setting(
        (),
        what="Issuing states that are never asked, because asking would tell them where a person is.",
        without="Every state that has a route is asked.",
    )
    advice: dict[AdviceKey, Advice] = setting(
        {},
        what="What to advise where it shall differ from the built-in table: a verdict, or `NO_ANSWER:` and a reason, either "
        "followed by `/mrz`, `/chip` or `/typed` where it matters how the data were captured, and by `@VISA` or another "
        "purpose where it matters why they are asked. The most exact key wins.",
        without="The built-in table of docs/reference/lookup-json.md.",
        make='`"MISMATCH/typed" = "REFER"` under `[asking.advice]`.',
    )


class LabSettings(_Section):
    """Only for a federation on one machine."""

    clock_offset_seconds: int = setting(
        0,
        what="Seconds by which this node's clock is set off, to show what a wrong clock does.",
        without="The machine's clock.",
        ge=-10_000_000,
        le=10_000_000,
    )
    log_mib: int = setting(
        0,
        what="Size in MiB at which the file that standard error goes to is cut, keeping the part before as `.1`.",
        without="`0`: never cut; what runs the node keeps its logs.",
        ge=0,
        le=1024,
    )


class Settings(BaseSettings):
    """Everything `rmas.toml` may say."""

    model_config = SettingsConfigDict(frozen=True, extra="forbid", env_prefix=ENV_PREFIX, env_nested_delimiter="__")

    federation: Label = setting(
        ..., what="Name of the federation, as in every certificate.", without="The node does not start."
    )
    economy: EconomyCode = setting(..., what="This economy's three-letter code.", without="The node does not start.")
    node: Label = setting("node1", what="This node's name within the economy.", without="`node1`.")
    peer: PeerSettings = PeerSettings()
    desk: DeskSettings = DeskSettings()
    store: StoreSettings = StoreSettings()
    asking: AskingSettings = AskingSettings()
    lab: LabSettings = LabSettings()

    @property
    def name(self) -> NodeName:
        """The full name of this node, as in its certificates."""
        return NodeName(self.federation, self.economy, self.node)

    @classmethod
    def settings_customise_sources(
        cls,
        settings_cls: type[BaseSettings],
        init_settings: PydanticBaseSettingsSource,
        env_settings: PydanticBaseSettingsSource,
        dotenv_settings: PydanticBaseSettingsSource,
        file_secret_settings: PydanticBaseSettingsSource,
    ) -> tuple[PydanticBaseSettingsSource, ...]:
        """Variables before the file; no .env file is ever read, it would be a second configuration file."""
        return env_settings, init_settings
