"""The house rules that a type checker and a linter cannot see, as data, and a checker over source text.

The table below says what may not be named where, and why. Names are resolved through a module's imports, so
``from time import time as t`` hides nothing; what arrives as an argument is not seen, which is the point: the core may
be *handed* a time, random bytes or a signer.
"""

from __future__ import annotations

import ast
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import PurePosixPath

MAX_LINES = 350
MAX_PORT_METHODS = 6
CORE = ("certs/", "federation/")
PRODUCT = ("certs/", "federation/", "node/")
EVERYWHERE = ("certs/", "federation/", "node/", "tests/", "bench/", "examples/")

_CLOCK = frozenset(
    {
        "datetime.date.today",
        "datetime.datetime.now",
        "datetime.datetime.today",
        "datetime.datetime.utcnow",
        "time",
    }
)
_KEY_MAKING = frozenset(
    {
        "cryptography.hazmat.primitives.asymmetric.dsa.generate_private_key",
        "cryptography.hazmat.primitives.asymmetric.ec.generate_private_key",
        "cryptography.hazmat.primitives.asymmetric.ed25519.Ed25519PrivateKey.generate",
        "cryptography.hazmat.primitives.asymmetric.ed448.Ed448PrivateKey.generate",
        "cryptography.hazmat.primitives.asymmetric.rsa.generate_private_key",
        "cryptography.hazmat.primitives.asymmetric.x25519.X25519PrivateKey.generate",
        "cryptography.x509.random_serial_number",
    }
)
_RANDOMNESS = frozenset({"os.getrandom", "os.urandom", "random", "secrets", "uuid.uuid1", "uuid.uuid4"})
_FILES = frozenset(
    {
        "fileinput", "glob", "io", "mmap", "open", "os", "pathlib", "shutil", "tempfile",
        "apsw", "dbm", "sqlite3",
    }
)  # fmt: skip
_OUTSIDE = frozenset(
    {
        "asyncio", "ctypes", "http", "input", "logging", "multiprocessing", "print", "select", "selectors", "signal",
        "socket", "socketserver", "ssl", "subprocess", "sys", "urllib.request",
        # A lock orders what several threads compute; making a thread, or waiting, does not compute.
        "concurrent", "queue", "sched", "threading.Condition", "threading.Event", "threading.Semaphore",
        "threading.Thread", "threading.Timer",
    }
)  # fmt: skip
_EDGES = {
    "certs/keystore.py": "keys on disk, and the one place that makes them",
    "federation/channel.py": "the gRPC channel",
    "federation/client.py": "the gRPC client",
    "federation/service.py": "the gRPC server",
}
_GRPC = {path: reason for path, reason in _EDGES.items() if path.startswith("federation/")}
_SETTINGS = frozenset({"node.config.Settings", "node.config.from_mapping", "node.config.load", "node.settings"})
_SETTINGS_STOP = {
    "node/app.py": "the composition root",
    "node/cli/": "the door that reads them",
    "node/config.py": "themselves",
    "node/config_file.py": "themselves, on disk",
    "node/doctor/": "judges them",
    "node/init.py": "writes them",
    "node/intake.py": "puts together what a command needs that writes while the node is down",
    "node/lab.py": "sets nodes up as their operators would",
    "node/lab_control.py": "reads where the nodes of a lab are",
    "node/lab_seed.py": "imports into them as their operators would",
    "node/layout.py": "turns them into paths",
    "node/reference.py": "describes them",
    "node/settings.py": "themselves",
    "node/supervisor.py": "its process's part of the composition root",
    "node/worker.py": "its process's part of the composition root",
}
_CODECS = {
    "federation/bundle_codec.py": "the codec of what is carried by hand",
    "federation/charter_codec.py": "the codec of signed documents and charters",
    "federation/codec.py": "the codec of lookups and sessions",
    "federation/entry_codec.py": "the codec of what members say",
    "federation/fetch_codec.py": "the codec of what is fetched in pieces",
    "node/desk.py": "the codec of the desk API",
    "node/desk_client.py": "the codec of the desk API",
    "tests/": "tests break the wire on purpose",
    "bench/": "a bare echo to compare with",
    "examples/desk_client.py": "what a border system writes",
}


@dataclass(frozen=True, slots=True)
class Ban:
    """``names``, and whatever is below them, may not be named in ``where`` except in ``but`` (path to reason)."""

    rule: str
    where: tuple[str, ...]
    names: frozenset[str]
    because: str
    but: Mapping[str, str] = field(default_factory=dict)

    def covers(self, path: str) -> bool:
        return path.startswith(self.where) and not any(path.startswith(spared) for spared in self.but)

    def breached_by(self, name: str) -> str | None:
        """The banned name that ``name`` is, or is below."""
        return next((banned for banned in self.names if name == banned or name.startswith(banned + ".")), None)


BANS = (
    Ban("layers", ("certs/",), frozenset({"federation", "node"}), "certs knows nothing of peers and lookups"),
    Ban("layers", ("federation/",), frozenset({"node"}), "federation knows nothing of the program around it"),
    Ban("layers", PRODUCT, frozenset({"bench", "examples", "tests"}), "the product does not lean on its tests"),
    Ban("layers", ("node/",), frozenset({"node.cli"}), "the command line is a door; nothing inside leans on a door",
        {"node/__main__.py": "`python -m node` is the door too", "node/cli/": "the door itself"}),
    Ban("layers", ("certs/",), frozenset({"google", "grpc"}), "certs knows nothing of gRPC"),
    Ban("layers", ("federation/",), frozenset({"grpc"}), "gRPC stays at the edge", _GRPC),
    Ban("core computes", CORE, _CLOCK, "take `now` as an argument", _EDGES),
    Ban("core computes", CORE, _RANDOMNESS, "take random bytes as an argument", _EDGES),
    Ban("core computes", CORE, _KEY_MAKING, "keys are made in certs/keystore.py", {"certs/keystore.py": "makes them"}),
    Ban("core computes", CORE, _FILES, "take bytes, return bytes", _EDGES),
    Ban("core computes", CORE, _OUTSIDE, "take values, return a value or raise", _EDGES),
    Ban("one clock", ("node/",), _CLOCK | _RANDOMNESS | _KEY_MAKING, "take a node.clock.Clock",
        {"node/clock.py": "the one place that reads time and randomness"}),
    Ban("settings stop", ("node/",), _SETTINGS, "take plain arguments", _SETTINGS_STOP),
    Ban("wire types stop", EVERYWHERE, frozenset({"federation.v1", "node.v1"}), "see frozen dataclasses", _CODECS),
    Ban("no sleep", EVERYWHERE, frozenset({"time.sleep"}), "wait on an event with a timeout"),
    Ban("no loading of code", EVERYWHERE,
        frozenset({"eval", "exec", "marshal", "os.popen", "os.system", "pickle", "shelve", "yaml.load"}),
        "what is read must not be able to run"),
)  # fmt: skip


@dataclass(frozen=True, slots=True)
class Violation:
    """One breach: which rule, where, and what to do."""

    path: str
    line: int
    rule: str
    message: str

    def __str__(self) -> str:
        return f"{self.path}:{self.line}: {self.rule}: {self.message}"


def violations(path: str, source: str) -> Iterator[Violation]:
    """Every breach in the module ``source``; ``path`` is relative to the repository, with slashes."""
    tree = ast.parse(source, path)
    yield from _banned_names(path, tree)
    yield from _shape(path, source, tree)


def _banned_names(path: str, tree: ast.Module) -> Iterator[Violation]:
    bans = [ban for ban in BANS if ban.covers(path)]
    reported: set[tuple[str, str]] = set()
    for line, name in _named(tree):
        for ban in bans:
            banned = ban.breached_by(name)
            if banned and (ban.rule, banned) not in reported:  # once a module: the import says it all
                reported.add((ban.rule, banned))
                yield Violation(path, line, ban.rule, f"{name}: {ban.because}")


def _named(tree: ast.Module) -> Iterator[tuple[int, str]]:
    """Every name that is imported or reached through an import, in full, and every builtin called by its own name."""
    imported: dict[str, str] = {}
    for node in ast.walk(tree):
        if isinstance(node, ast.Import):
            for name in node.names:
                yield node.lineno, name.name
                imported[name.asname or name.name.partition(".")[0]] = (
                    name.name if name.asname else name.name.partition(".")[0]
                )
        elif isinstance(node, ast.ImportFrom):
            for name in node.names:
                yield node.lineno, f"{node.module}.{name.name}"
                imported[name.asname or name.name] = f"{node.module}.{name.name}"
    for node in ast.walk(tree):
        if isinstance(node, ast.Attribute):
            if dotted := _dotted(node, imported):
                yield node.lineno, dotted
        elif isinstance(node, ast.Call) and isinstance(node.func, ast.Name):
            yield node.lineno, imported.get(node.func.id, node.func.id)


def _dotted(node: ast.Attribute, imported: Mapping[str, str]) -> str | None:
    parts = [node.attr]
    inner = node.value
    while isinstance(inner, ast.Attribute):
        parts.append(inner.attr)
        inner = inner.value
    if not isinstance(inner, ast.Name) or inner.id not in imported:
        return None
    return ".".join([imported[inner.id], *reversed(parts)])


def _shape(path: str, source: str, tree: ast.Module) -> Iterator[Violation]:
    if not path.startswith(PRODUCT):
        return
    lines = len(source.splitlines())
    if lines > MAX_LINES:
        yield Violation(
            path, lines, "small modules", f"{lines} lines, {MAX_LINES} at most: split it along what it does"
        )
    if PurePosixPath(path).stem in {"common", "helpers", "misc", "util", "utils"}:
        yield Violation(path, 1, "a name says what", "name the module for what is in it")
    for node in ast.walk(tree):
        if isinstance(node, ast.ClassDef) and _is_protocol(node):
            methods = sum(isinstance(item, ast.FunctionDef | ast.AsyncFunctionDef) for item in node.body)
            if methods > MAX_PORT_METHODS:
                message = f"{node.name} has {methods} methods, {MAX_PORT_METHODS} at most"
                yield Violation(path, node.lineno, "small ports", message)


def _is_protocol(node: ast.ClassDef) -> bool:
    return any("Protocol" in ast.unparse(base) for base in node.bases)
