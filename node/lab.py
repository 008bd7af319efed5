"""A whole federation on one machine: build it, start and stop its nodes, take it down.

A lab's nodes are ordinary nodes: made by `rmas init`'s own steps, filled through the real import, run by `rmas serve`.
What is special is that one person holds all the keys, and that every grant allows everything.
"""

from __future__ import annotations

import fcntl
import json
import os
import shutil
import socket
from collections.abc import Iterator, Sequence
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from certs.identity import NodeName
from federation.documents import DocumentClass, ListName
from federation.economies import is_issuer
from federation.routes import Route
from node import config, config_file, init, lab_seed, lab_trust, member
from node.accession import Joiner
from node.clock import Clock
from node.errors import LabError
from node.lab_documents import ISSUERS, room
from node.lab_trust import Founder
from node.layout import Layout

FEDERATION = "lab"
NODE = "node1"
LAB_FILE = "lab.json"
SPECIMENS_FILE = "specimens.json"
ROOTS = "roots"
# Economies that vouch for no issued documents, so that NOT_REPORTED has somebody to come from.
REPORTED_ONLY = "PHL"
MAX_ECONOMIES = 21
# Below the range from which the kernel takes ports for outgoing connections, which could take a stopped node's away.
PORTS = range(20_000, 32_000)


@dataclass(frozen=True, slots=True)
class Plan:
    """What a new lab is to be: its economies, synthetic records for each, and workers a node."""

    economies: Sequence[str]
    records: int
    workers: int


@dataclass(frozen=True, slots=True)
class Lab:
    """A lab that stands on disk."""

    path: Path
    economies: tuple[str, ...]

    def home(self, economy: str) -> Path:
        """The directory of one economy's node. Raises LabError LAB_NO_ECONOMY."""
        if economy not in self.economies:
            known = ", ".join(self.economies)
            raise LabError("LAB_NO_ECONOMY", f"This lab has no economy of that code; it has {known}.")
        return self.path / economy

    def layout(self, economy: str) -> Layout:
        """The paths of one economy's node."""
        home = self.home(economy)
        return Layout.of(home, config.load(home))


def load(path: Path) -> Lab:
    """The lab in ``path``. Raises LabError NO_LAB."""
    try:
        facts = json.loads((path / LAB_FILE).read_bytes())
        return Lab(path.absolute(), tuple(facts["economies"]))
    except (OSError, ValueError, KeyError, TypeError):
        raise _no_lab(path) from None


@contextmanager
def locked(path: Path, *, make: bool = False) -> Iterator[None]:
    """Keep other lab commands off the lab in ``path``; the kernel lets go if this one dies.

    ``make``: make the directory if there is none, and take it away again if nothing comes of it. Raises LabError NO_LAB.
    """
    made = make and _make_directory(path)
    descriptor = _lock_directory(path)
    try:
        yield
    finally:
        if made:
            with suppress(OSError):
                path.rmdir()
        os.close(descriptor)


def _make_directory(path: Path) -> bool:
    try:
        path.mkdir(mode=0o700, parents=True)
    except FileExistsError:
        return False
    return True


def _lock_directory(path: Path) -> int:
    while True:
        try:
            descriptor = os.open(path, os.O_RDONLY | os.O_DIRECTORY)
        except OSError:
            raise _no_lab(path) from None
        fcntl.flock(descriptor, fcntl.LOCK_EX)
        # Whoever held the lock before may have deleted the lab, and somebody may have begun another.
        with suppress(FileNotFoundError):
            if os.path.samestat(os.fstat(descriptor), path.stat()):
                return descriptor
        os.close(descriptor)


def _no_lab(path: Path) -> LabError:
    return LabError("NO_LAB", f"There is no lab in {path}; `rmas lab up {path}` makes one.")


def build(path: Path, plan: Plan, clock: Clock) -> Lab:
    """Make a lab in ``path``, seeded and stopped. After a crash there is nothing that passes for a lab and is none.

    Raises LabError: LAB_EXISTS (anything but an empty directory is there), LAB_ECONOMIES, LAB_PORTS.
    """
    economies = _economies(plan.economies)
    _check_room(economies, plan.records)
    path = path.absolute()
    if path.exists() and (not path.is_dir() or any(path.iterdir())):
        raise LabError("LAB_EXISTS", f"{path} is there already and is no lab; name another directory.")
    building = path.with_name(f".{path.name}.{os.getpid()}.new")
    try:
        building.mkdir(mode=0o700, parents=True)
        lab = Lab(building, economies)
        _make_nodes(lab, plan, clock)
        specimens = [one for economy in economies for one in _seed(lab, economy, plan.records, clock)]
        _write_json(building / SPECIMENS_FILE, specimens)
        _write_json(building / LAB_FILE, {"version": 1, "economies": list(economies)})
        init.place(building, path, LAB_FILE)
    finally:
        shutil.rmtree(building, ignore_errors=True)
    return Lab(path, economies)


def _economies(codes: Sequence[str]) -> tuple[str, ...]:
    if not 2 <= len(codes) <= MAX_ECONOMIES or len(set(codes)) != len(codes):
        message = f"A lab has from 2 to {MAX_ECONOMIES} economies, each once: --economies NZL,AUS,USA,PHL."
        raise LabError("LAB_ECONOMIES", message)
    strange = [code for code in codes if not is_issuer(code) or len(code) != 3]
    if strange:
        raise LabError("LAB_ECONOMIES", f"{strange[0][:8]} is no three-letter code of an issuer; NZL is one.")
    return tuple(codes)


def _check_room(economies: Sequence[str], records: int) -> None:
    fewest = min(economies, key=room)
    if records > room(fewest):
        raise LabError("LAB_RECORDS", f"{fewest} has numbers for {room(fewest)} synthetic documents; ask for fewer.")


def _make_nodes(lab: Lab, plan: Plan, clock: Clock) -> None:
    roots = lab.path / ROOTS
    roots.mkdir(mode=0o700)
    layouts: dict[str, Layout] = {}
    joiners: list[Joiner] = []
    for economy, port in zip(lab.economies, _free_ports(len(lab.economies), clock), strict=True):
        name = NodeName(FEDERATION, economy, NODE)
        listen = [f"127.0.0.1:{port}"]
        sections: dict[str, dict[str, config_file.Value]] = {
            # Unpinned: the nodes of a lab share one machine, and each would pin its first worker to the same core.
            "peer": {"workers": plan.workers, "pin": False, "drain_seconds": 5},
            "lab": {"clock_offset_seconds": 0, "log_mib": 16},
        }
        created = init.create(lab.path / economy, init.Plan(name, listen, sections), clock)
        kinds = tuple(member.kinds_of(lists_of(lab.economies, economy)))
        founder = Founder(created.layout, name, tuple(_routes(economy)), kinds, tuple(listen))
        layouts[economy] = created.layout
        joiners.append(lab_trust.request(founder, roots, clock)[1])
    lab_trust.found(FEDERATION, layouts, joiners, roots, clock)


def lists_of(economies: Sequence[str], economy: str) -> tuple[ListName, ...]:
    """The lists an economy of a lab serves: one of them, PHL where it takes part, vouches for nothing."""
    silent = REPORTED_ONLY if REPORTED_ONLY in economies else economies[-1]
    return (ListName.REPORTED,) if economy == silent else tuple(ListName)


def _routes(economy: str) -> list[Route]:
    own = member.own_routes(economy)
    if economy not in ISSUERS:
        return own
    state, pattern = ISSUERS[economy]
    passports = Route(state, DocumentClass.P, pattern, economy)
    return [passports, *(route for route in own if route.document_class is not DocumentClass.P)]


def _seed(lab: Lab, economy: str, records: int, clock: Clock) -> list[dict[str, Any]]:
    vouches = ListName.ISSUED in lists_of(lab.economies, economy)
    return lab_seed.seed(lab.layout(economy), economy, records, vouches, clock)


def _free_ports(count: int, clock: Clock) -> list[int]:
    first = int.from_bytes(clock.random(4), "big") % len(PORTS)
    ports: list[int] = []
    for step in range(len(PORTS)):
        port = PORTS[(first + step) % len(PORTS)]
        if _is_free(port):
            ports.append(port)
        if len(ports) == count:
            return ports
    raise LabError("LAB_PORTS", "This machine has no free ports left between 20000 and 32000; stop other labs.")


def _is_free(port: int) -> bool:
    with socket.socket() as probe:
        try:
            probe.bind(("127.0.0.1", port))
        except OSError:
            return False
    return True


def _write_json(path: Path, value: object) -> None:
    path.write_text(json.dumps(value, indent=1, ensure_ascii=True) + "\n", encoding="ascii")


def some_specimens(lab: Lab, economy: str) -> list[dict[str, Any]]:
    """A few documents of one economy that show most, for people to try."""
    telling = ("stolen", "issued", "date_swapped", "unknown")
    items = json.loads((lab.path / SPECIMENS_FILE).read_bytes())
    return [one for one in items if one["economy"] == economy and one["status"] in telling]


def take_down(lab: Lab) -> None:
    """Remove a stopped lab from the disk."""
    # What says that this is a lab goes last: a removal that was cut short can be repeated.
    for child in lab.path.iterdir():
        if child.name != LAB_FILE:
            shutil.rmtree(child) if child.is_dir() and not child.is_symlink() else child.unlink()
    shutil.rmtree(lab.path)
