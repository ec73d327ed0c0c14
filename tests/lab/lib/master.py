# SPDX-License-Identifier: Apache-2.0
"""The master's host: catchment-publish, whose repository nginx serves, and which tells the nodes over the routed network."""
import base64
import secrets

from publisher import Publisher

ADDRESS = "10.2.4.2"
NOTIFY_PORT = 5300


class Master(Publisher):
    def __init__(self, host):
        folder = host.folder / "publisher"
        folder.mkdir()
        super().__init__(folder)
        self.host = host
        self.push_key = self.write("push.key", base64.b64encode(secrets.token_bytes(32)).decode())
        self.serial = 0

    def command(self, *words):
        return self.host.command(super().command(*words))

    def begin(self, zone_text, sites):
        """The first release. zone_text(SERIAL) is the zone, sites the map of redirects."""
        self.zone_text = zone_text
        self.init()
        self.ok("add", "zone", "lab.example", self.write_next())
        self.ok("add", "site", "dl", self.write("sites.yaml", sites))
        self.release()

    def write_next(self):
        self.serial += 1
        return self.write("lab.example.zone", self.zone_text(self.serial))

    @property
    def root(self):
        return self.repo / "metadata/1.root.json"

    def enroll(self, node):
        """What an operator does with a new node: its keys from its own mouth, and where to tell it of releases."""
        status = node.ctl("sync", "status")
        self.ok("add", "node", node.site, "--sign", status["sign_key"], "--box", status["box_key"], "--dns", f"{node.values['unicast']}@53",
                "--notify", f"{node.values['unicast']}@{NOTIFY_PORT}=push.lab:{self.push_key}")
