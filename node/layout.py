"""Where everything of one node lies: its directory, and the few paths the settings may move."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

from node.config import CONFIG_FILE, Settings

# Parts of a node's directory that `rmas init` makes; nobody else on the machine has business in any of them.
DIRECTORIES = ("keys", "certs", "store", "spool", "run", "secrets")
MEMBER_FILE = "member.json"
SPECIMENS_FILE = "specimens-test.json"


@dataclass(frozen=True, slots=True)
class Layout:
    """The paths of the node in ``home``, all absolute."""

    home: Path
    desk_socket: Path
    directory: Path
    store: Path
    pepper: Path

    @classmethod
    def of(cls, home: Path, settings: Settings) -> Layout:
        """Relative settings are taken from the node's directory, wherever the command was started."""
        home = home.absolute()
        return cls(
            home=home,
            desk_socket=home / settings.desk.socket,
            directory=home / settings.directory.file,
            store=home / settings.store.path,
            pepper=home / settings.store.pepper,
        )

    @property
    def config(self) -> Path:
        """`rmas.toml`."""
        return self.home / CONFIG_FILE

    @property
    def keys(self) -> Path:
        """Private keys: `tls.pem`, `message.pem`, `ca.pem`."""
        return self.home / "keys"

    @property
    def certs(self) -> Path:
        """Certificates: `tls.pem`, `message.pem`, `ca.pem`."""
        return self.home / "certs"

    @property
    def trust(self) -> Path:
        """The documents that trust rests on; see `node.trust_store`."""
        return self.home / "trust"

    @property
    def trust_key(self) -> Path:
        """Authenticates what this node says of its trust documents; with its other secrets."""
        return self.home / "secrets" / "trust"

    @property
    def grants(self) -> Path:
        """What this economy lets each peer ask, and asks of it; see `node.local_policy`."""
        return self.home / "grants.json"

    @property
    def spool(self) -> Path:
        """One spool of lookup records a process."""
        return self.home / "spool"

    @property
    def run(self) -> Path:
        """Lock, socket and what else lives no longer than the processes."""
        return self.home / "run"

    @property
    def member(self) -> Path:
        """What this economy tells the others about itself, for their directory."""
        return self.home / MEMBER_FILE

    @property
    def officers(self) -> Path:
        """The key of officers' pseudonyms; with the node's other secrets, wherever the pepper is."""
        return self.home / "secrets" / "officers"

    @property
    def specimens(self) -> Path:
        """The list that lookups with purpose TEST are answered from."""
        return self.home / SPECIMENS_FILE
