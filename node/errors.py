"""What can go wrong inside a node, by who must act.

NodeError
└── OperatorError        our operator: a setting, a file, a command line; one sentence with cause and remedy
    ├── ConfigError      rmas.toml or an RMAS_* variable
    ├── NodeDown         the node does not answer on its desk socket, or fails on a request
    ├── OutcomeUnknown   the node was told to change its lists, and did not say whether it did
    └── LabError         the lab on this machine is not in the state a command needs
"""

from __future__ import annotations


class NodeError(Exception):
    """Anything this package raises on purpose."""


class OperatorError(NodeError):
    """Something the operator of this node can put right.

    ``code`` is stable, in capitals; ``message`` is one sentence naming cause and remedy and never holds a document
    number. The command line prints the message and ends with 2.
    """

    def __init__(self, code: str, message: str) -> None:
        super().__init__(message)
        self.code = code
        self.message = message


class ConfigError(OperatorError):
    """A setting that is missing, unknown or impossible; the message names the file or variable and the setting."""


class NodeDown(OperatorError):
    """No node answers on the desk socket (NODE_DOWN), or it fails on what it was asked (DESK_FAULT)."""


class OutcomeUnknown(OperatorError):
    """A change may have been taken or not; to tell it again is safe. The command line ends with 1, not 2."""

    def __init__(self, cause: str) -> None:
        """``cause``: a sentence."""
        super().__init__("OUTCOME_UNKNOWN", f"{cause} It may have been taken: repeat the command, which is safe.")


class LabError(OperatorError):
    """The lab on this machine is not in the state the command needs."""
