"""What comes over the wire, and the directory file, under atheris: only typed errors, and signed answers (I01, I02).

``make fuzz`` runs it; ``.venv/bin/python tests/fuzz/fuzz_wire.py -max_total_time=60`` does too.
"""

from __future__ import annotations

import importlib
import sys
import tempfile
from collections.abc import Callable
from functools import partial
from pathlib import Path
from typing import Any

sys.path.insert(0, str(Path(__file__).parents[2]))
atheris: Any = importlib.import_module("atheris")  # not on every machine where the tests run

with atheris.instrument_imports(include=["federation", "certs", "node.answering"]):
    from federation.lookup import LOOKUP_METHOD
    from federation.service import OPEN_SESSION_METHOD
    from tests.wire_targets import (
        FORMS,
        Wire,
        as_json,
        check_directory,
        check_form,
        check_questions,
        edited,
    )

Target = tuple[str, Callable[[bytes], object]]


def targets(wire: Wire) -> list[Target]:
    """Whoever takes octets from a stranger, with the name of a right example."""
    read: list[Target] = [(name, partial(check_form, name)) for name in FORMS]
    return [
        *read,
        ("LookupRequest", partial(wire.respond, LOOKUP_METHOD)),
        ("OpenSessionRequest", partial(wire.respond, OPEN_SESSION_METHOD)),
        ("LookupStatement", lambda octets: wire.respond_to_member(octets, octets[:57])),
        ("OpenSessionStatement", wire.respond_to_opening),
        ("Response", lambda octets: believed(wire, octets)),
        ("LookupAnswer", wire.believe_responder),
        ("directory", check_directory),
        ("Question", lambda octets: check_questions(octets[32:], octets[:32])),
    ]


def believed(wire: Wire, octets: bytes) -> None:
    """What is believed in the place of an answer is that answer."""
    assert wire.believe(octets) in (None, wire.answer)


def main() -> None:
    """Fuzz until the options say stop."""
    with tempfile.TemporaryDirectory() as directory:
        wire = Wire(Path(directory) / "world")
        examples = {**wire.examples(), "directory": as_json(wire.directory())}
        every = targets(wire)

        def one_input(data: bytes) -> None:
            """The first octet picks who is handed the others, the second whether they are edits to a right example."""
            if len(data) < 2:
                return
            name, act = every[data[0] % len(every)]
            act(data[2:] if data[1] & 1 else edited(examples[name], data[2:]))

        atheris.Setup(sys.argv, one_input)
        atheris.Fuzz()


if __name__ == "__main__":
    main()
