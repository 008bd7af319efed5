"""Every second: what the health service says is what the workers do, never what was true at start."""

from __future__ import annotations

from grpc_health.v1 import health_pb2

from node.jobs.surroundings import Surroundings

EVERY_SECONDS = 1
SERVICES = ("", "federation.v1.PeerService", "node.v1.DeskService")


async def run(around: Surroundings) -> None:
    """SERVING only while every worker answers."""
    ready = around.workers.ready()
    state = health_pb2.HealthCheckResponse.SERVING if ready else health_pb2.HealthCheckResponse.NOT_SERVING
    for service in SERVICES:
        await around.health.set(service, state)
