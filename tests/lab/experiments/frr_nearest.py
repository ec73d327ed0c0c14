# SPDX-License-Identifier: Apache-2.0
"""The same with FRR on the nodes: nearest by BGP, and clients move on when their node is killed, drained or loses its FRR."""
import failure
from experiments import a_nearest

WORLD = {"daemon": "frr"}
SHOWN = ("SIGKILL", "drain", "killed routing daemon")


def run(world):
    a_nearest.run(world)
    for one in failure.failures(world, world.nodes["fra"]):
        if one.name in SHOWN:
            failure.show(world, "fra", one)
