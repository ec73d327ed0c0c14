# SPDX-License-Identifier: Apache-2.0
"""The same with OSPF alone: nearest by its costs, and clients move on when their node is killed, drained or cut off."""
import failure
from experiments import a_nearest

WORLD = {"between": "OSPF"}
SHOWN = ("SIGKILL", "drain", "pulled cable")


def run(world):
    a_nearest.run(world)
    for one in failure.failures(world, world.nodes["fra"]):
        if one.name in SHOWN:
            failure.show(world, "fra", one)
