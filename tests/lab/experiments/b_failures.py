# SPDX-License-Identifier: Apache-2.0
"""Whatever happens to a node, its clients move on: how long they waited, what they lost, when the route was gone."""
import failure


def run(world):
    world.start()
    world.ready()
    for one in failure.failures(world, world.nodes["fra"]):
        failure.show(world, "fra", one)
