"""The fields a log line may have: none may ever hold a document number, a date of birth or a name.

A field that is not here is dropped and counted. docs/reference/logs.md is generated from this table.
"""

from __future__ import annotations

from collections.abc import Mapping
from types import MappingProxyType
from typing import Final

ALLOWED_FIELDS: Final[Mapping[str, str]] = MappingProxyType(
    {
        "time": "when, RFC 3339 UTC, by the node's clock",
        "level": "debug, info, warning or error",
        "event": "what happened, a fixed text",
        "accepted": "import lines taken",
        "address": "host and port",
        "age_ms": "milliseconds since",
        "attempt": "which try this is",
        "cause": "why, in words of this program",
        "changed": "records changed by an import",
        "charter": "version of the charter in force",
        "code": "a stable code, as in the reference",
        "count": "how often since it was last said",
        "data_as_of": "when a list was cut",
        "digest": "SHA-256 of a request or file, hexadecimal",
        "duration_ms": "how long it took",
        "economy": "an economy's code",
        "error": "class of an error nobody expected, without its text",
        "exit_code": "with which a process ended",
        "expires": "until when something is good",
        "fields_dropped": "how many fields of this line are not on this list and were withheld",
        "file": "path of a file of the node",
        "generation": "number of a list's generation",
        "key_id": "SHA-256 of a certificate",
        "line": "number of a line of an extract",
        "list": "reported or issued",
        "logger": "which library speaks",
        "message": "a sentence of this program, or a library's template without its values",
        "method": "a gRPC method",
        "node": "full name of a node",
        "peer": "code of a peer, or full name of its node",
        "pid": "a process",
        "process": "supervisor or worker",
        "purpose": "purpose of a lookup",
        "questions": "how many questions",
        "reason": "reason of a NO_ANSWER",
        "refused": "how many were refused",
        "rejected": "import lines rejected",
        "remedy": "what to do",
        "restarts": "how often a worker was restarted",
        "role": "role of a key: tls, message or ca",
        "segment": "number of a spool segment",
        "sequence": "number within a session or spool",
        "signal": "a signal received",
        "source": "source of a list",
        "staged": "name of a staged import",
        "state": "state reached",
        "taken": "trust documents taken in",
        "unchanged": "import lines that changed nothing",
        "verdict": "verdict of a lookup",
        "version": "version of a program, protocol or schema",
        "where": "file, line and function in which an error rose",
        "withdrawn": "records withdrawn by an import",
        "worker": "index of a worker",
        "workers": "how many workers",
    }
)
