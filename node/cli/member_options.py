"""What several commands say about a member."""

ADDRESS_HELP = "Where peers reach this node, if that differs from where it listens."
