"""The house stands as docs/architecture.md draws it, and the checker that says so can fail."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.architecture.rules import BANS, EVERYWHERE, MAX_LINES, violations

ROOT = Path(__file__).parents[2]
GENERATED = ("federation/v1/", "node/v1/")


def _modules() -> Iterator[str]:
    for top in EVERYWHERE:
        for path in sorted((ROOT / top).rglob("*.py")):
            relative = path.relative_to(ROOT).as_posix()
            if not relative.startswith(GENERATED):
                yield relative


def _breaches(path: str, source: str) -> list[str]:
    return [violation.rule for violation in violations(path, source)]


@pytest.mark.parametrize("path", list(_modules()))
def test_module_keeps_the_house_rules(path: str) -> None:
    found = list(violations(path, (ROOT / path).read_text()))
    assert not found, "\n".join(map(str, found))


@pytest.mark.parametrize(
    ("path", "source", "rule"),
    [
        ("certs/verify.py", "from federation.codec import decode", "layers"),
        ("certs/verify.py", "import node.clock", "layers"),
        ("certs/verify.py", "import grpc", "layers"),
        ("federation/policy.py", "from node import clock", "layers"),
        ("federation/policy.py", "def check():\n    import node", "layers"),
        ("federation/session.py", "import grpc.aio", "layers"),
        ("node/asking.py", "from tests.world import World", "layers"),
        ("node/asking.py", "from node.cli import output", "layers"),
        ("certs/verify.py", "from datetime import datetime\nnow = datetime.now()", "core computes"),
        ("certs/verify.py", "import datetime as d\nnow = d.datetime.utcnow()", "core computes"),
        ("certs/verify.py", "from datetime import date as day\nday.today()", "core computes"),
        ("federation/session.py", "from time import monotonic as tick", "core computes"),
        ("federation/session.py", "import os\nos.urandom(16)", "core computes"),
        ("federation/session.py", "import secrets", "core computes"),
        ("federation/session.py", "from uuid import uuid4\nuuid4()", "core computes"),
        ("certs/authority.py", "from cryptography import x509\nx509.random_serial_number()", "core computes"),
        (
            "certs/authority.py",
            "from cryptography.hazmat.primitives.asymmetric import ec\nec.generate_private_key(ec.SECP256R1())",
            "core computes",
        ),
        (
            "federation/client.py",
            "from cryptography.hazmat.primitives.asymmetric.ec import generate_private_key",
            "core computes",
        ),
        ("federation/directory.py", "open('directory.json')", "core computes"),
        ("federation/directory.py", "from pathlib import Path", "core computes"),
        ("federation/directory.py", "import os", "core computes"),
        ("federation/codec.py", "import socket", "core computes"),
        ("federation/codec.py", "import threading\nthreading.Thread(target=print)", "core computes"),
        ("federation/codec.py", "print('here')", "core computes"),
        ("node/asking.py", "import time\ntime.monotonic()", "one clock"),
        ("node/asking.py", "from datetime import datetime, UTC\ndatetime.now(UTC)", "one clock"),
        ("node/init.py", "import secrets", "one clock"),
        ("node/asking.py", "from node.settings import Settings", "settings stop"),
        ("node/asking.py", "from node import config\nconfig.load(home)", "settings stop"),
        ("federation/lookup.py", "from federation.v1 import statements_pb2", "wire types stop"),
        ("node/answering.py", "import federation.v1.peer_pb2 as wire", "wire types stop"),
        ("tests/node/test_asking.py", "import time\ntime.sleep(1)", "no sleep"),
        ("node/jobs/drain.py", "from time import sleep", "no sleep"),
        ("node/state.py", "import pickle", "no loading of code"),
        ("node/state.py", "import yaml\nyaml.load('x')", "no loading of code"),
        ("bench/lookup.py", "eval('1')", "no loading of code"),
        ("node/long.py", "x = 1\n" * (MAX_LINES + 1), "small modules"),
        ("node/utils.py", "", "a name says what"),
        (
            "node/store/ports.py",
            "class Port(Protocol[T]):\n" + "".join(f"    def m{n}(self): ...\n" for n in range(7)),
            "small ports",
        ),
    ],
)
def test_a_breach_is_seen(path: str, source: str, rule: str) -> None:
    assert rule in _breaches(path, source)


@pytest.mark.parametrize(
    ("path", "source"),
    [
        ("certs/keystore.py", "import os\nfrom pathlib import Path\nopen('key.pem')"),
        ("federation/client.py", "import asyncio\nimport grpc.aio"),
        ("federation/session.py", "import threading\nlock = threading.Lock()"),
        ("federation/session.py", "from datetime import datetime\ndef check(now: datetime): ...\ncheck(datetime.max)"),
        ("node/clock.py", "import os, time\nos.urandom(16), time.monotonic()"),
        ("node/app.py", "from node.config import Settings"),
        ("node/desk.py", "from node.v1 import desk_pb2"),
        ("node/importing.py", "open('full.csv')"),
        ("federation/mrz.py", "def parse(open, time):\n    return open.read(time.now)"),
    ],
)
def test_what_the_rules_allow_is_no_breach(path: str, source: str) -> None:
    assert _breaches(path, source) == []


def test_every_exemption_names_a_module_that_exists() -> None:
    spared = {path for ban in BANS for path in ban.but}
    assert sorted(path for path in spared if not (ROOT / path).exists()) == []


def test_every_exemption_has_a_reason() -> None:
    assert all(reason for ban in BANS for reason in ban.but.values())
