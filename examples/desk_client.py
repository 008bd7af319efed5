"""Asks this economy's own node about one document, as a border system would:

printf '%s\n' "$LINE1" "$LINE2" | python examples/desk_client.py run/desk.sock
"""

import sys

import grpc

from node.v1 import desk_pb2, desk_pb2_grpc

EXIT_CODES = {"CLEAR": 0, "NOT_REPORTED": 5, "ALERT": 10, "MISMATCH": 15, "NOT_RECOGNISED": 20, "NO_ANSWER": 30}


def main(socket: str) -> int:
    """Ask, and print what the officer should see."""
    document = desk_pb2.DocumentInput(mrz=sys.stdin.read().split())
    request = desk_pb2.LookupRequest(documents=[document], purpose="BORDER_ENTRY", officer="counter 7")
    with grpc.insecure_channel(f"unix:{socket}") as channel:
        try:
            # The node has its own deadline of 3 s; ours is for a node that is gone.
            (result,) = desk_pb2_grpc.DeskServiceStub(channel).Lookup(request, timeout=5).results
        except grpc.RpcError as error:
            sys.stdout.write(f"NO_ANSWER ASK_LATER: this economy's own node fails ({error.code().name}).\n")
            return 30
    sys.stdout.write(f"{result.verdict} {result.advice}: {result.message}\n")
    return EXIT_CODES[result.verdict]


if __name__ == "__main__":
    sys.exit(main(sys.argv[1]) if len(sys.argv) > 1 else __doc__)
