"""`python -m node` is `rmas`, for whoever has the interpreter at hand and not its scripts."""

from node.cli.main import run

if __name__ == "__main__":
    run()
