"""The machine under the node: clock, ports, disk, and what an earlier run left."""

from __future__ import annotations

import errno
import os
import socket
from collections.abc import Iterator
from datetime import datetime, timedelta
from pathlib import Path

from node import desk_client
from node.config import Settings
from node.doctor.finding import Finding, fault, fine, warn
from node.errors import OperatorError
from node.layout import DIRECTORIES, Layout

RTC = Path("/sys/class/rtc/rtc0/since_epoch")
# Peers refuse a request issued more than 60 s ahead of their clock; half of that leaves room for theirs.
CLOCK_TOLERANCE = timedelta(seconds=30)
DISK_FULL_OCTETS = 256 << 20
DISK_LOW_OCTETS = 2 << 30


def check(layout: Layout, settings: Settings, now: datetime, rtc: Path = RTC) -> Iterator[Finding]:
    """Directories, clock, ports, disk and stale files, in the order in which a start would trip over them."""
    yield from _directories(layout)
    yield from _clock(settings, now, rtc)
    running = _running(layout)
    yield from _ports(settings, running)
    yield from _disk(layout)
    yield _run_files(layout, running)


def _directories(layout: Layout) -> Iterator[Finding]:
    missing = [name for name in DIRECTORIES if not (layout.home / name).is_dir()]
    if missing:
        remedy = "Restore it from the backup; `rmas init` makes a new node and does not mend an old one."
        yield fault("DIRECTORY_MISSING", f"There is no {' and no '.join(missing)} in {layout.home}.", remedy)
    exposed = [name for name in ("keys", "secrets", "run") if _open_to_others(layout.home / name)]
    if exposed:
        remedy = "`chmod 0700` it; replace what others may have read."
        yield fault("DIRECTORY_EXPOSED", f"{' and '.join(exposed)} can be written by other users.", remedy)
    if not missing and not exposed:
        yield fine("DIRECTORIES", f"{layout.home} has all its parts, closed to other users.")


def _open_to_others(path: Path) -> bool:
    return path.is_dir() and bool(path.stat().st_mode & 0o022)


def _clock(settings: Settings, now: datetime, rtc: Path) -> Iterator[Finding]:
    if settings.lab.clock_offset_seconds:
        seconds = settings.lab.clock_offset_seconds
        remedy = "Take `lab.clock_offset_seconds` out of rmas.toml, unless this is a lab."
        yield warn("CLOCK_OFFSET", f"The node's clock is set off by {seconds} s on purpose.", remedy)
    hardware = _hardware_seconds(rtc)
    machine = now - timedelta(seconds=settings.lab.clock_offset_seconds)
    off = timedelta(0) if hardware is None else machine - datetime.fromtimestamp(hardware, now.tzinfo)
    # A hardware clock in local time is off by whole quarters of an hour; that says nothing about ours.
    apart = abs((off + timedelta(minutes=7.5)) % timedelta(minutes=15) - timedelta(minutes=7.5))
    if apart > CLOCK_TOLERANCE:
        sentence = f"The clock says {machine:%Y-%m-%dT%H:%M:%SZ}, {apart.total_seconds():.0f} s off the hardware clock."
        yield warn("CLOCK_DIFFERS", sentence, "Find out which is right; keep the clock by NTP (chrony).")
        return
    beside = "no hardware clock to compare with" if hardware is None else "in step with the hardware clock"
    yield fine("CLOCK", f"The clock says {machine:%Y-%m-%dT%H:%M:%SZ} (UTC, whatever the time zone), {beside}.")


def _hardware_seconds(rtc: Path) -> int | None:
    try:
        return int(rtc.read_text())
    except (OSError, ValueError):
        return None


def _running(layout: Layout) -> bool:
    try:
        with desk_client.connect(layout.desk_socket) as desk:
            desk.status(timeout=3)
    except OperatorError:
        return False
    return True


def _ports(settings: Settings, running: bool) -> Iterator[Finding]:
    for address in settings.peer.listen:
        cause = _bind(address)
        if cause is None:
            yield fine("PORT", f"{address} is free.")
        elif running and cause == errno.EADDRINUSE:
            yield fine("PORT", f"{address} is in use, and this node is running.")
        elif cause == errno.EADDRINUSE:
            remedy = "`ss -ltnp` shows who has it; stop that, or set `peer.listen`."
            yield fault("ADDRESS_TAKEN", f"Another program listens on {address}.", remedy)
        else:
            sentence = f"{address} cannot be listened on: {os.strerror(cause)}."
            yield fault(
                "ADDRESS_UNUSABLE", sentence, "Set `peer.listen` to an address of this machine and a port over 1023."
            )


def _bind(address: str) -> int | None:
    host, _, port = address.rpartition(":")
    try:
        found = socket.getaddrinfo(host.strip("[]"), int(port), type=socket.SOCK_STREAM, flags=socket.AI_PASSIVE)
    except OSError:
        return errno.EADDRNOTAVAIL
    family, kind, protocol, _, target = found[0]
    with socket.socket(family, kind, protocol) as probe:
        # Plainly, without SO_REUSEPORT: with it a port that somebody else serves would look free.
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind(target)
        except OSError as error:
            return error.errno
    return None


def _disk(layout: Layout) -> Iterator[Finding]:
    for path in (layout.store, layout.spool):
        if not path.is_dir():
            continue
        free = os.statvfs(path).f_bavail * os.statvfs(path).f_frsize
        said = f"{free >> 20} MiB are free under {path}"
        if free < DISK_FULL_OCTETS:
            yield fault("DISK_FULL", f"{said}; the node refuses when it cannot record.", "Free space, or move it.")
        elif free < DISK_LOW_OCTETS:
            yield warn("DISK_LOW", f"{said}.", "Free space: a full import needs room for the list beside the live one.")
        else:
            yield fine("DISK", f"{said}.")


def _run_files(layout: Layout, running: bool) -> Finding:
    if layout.desk_socket.exists() and not running:
        remedy = "Start the node, which replaces it; or look why a running one does not answer."
        return warn("STALE_SOCKET", f"{layout.desk_socket} is there and nobody answers on it.", remedy)
    return fine("RUN_FILES", "The node is running." if running else "The node is not running, and left nothing behind.")
