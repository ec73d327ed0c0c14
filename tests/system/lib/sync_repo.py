# SPDX-License-Identifier: Apache-2.0
"""A repository as the node follows it: zones with checkpoints and changesets, sites, files, secrets, policy, written as a
plain folder. Made from the description of the format alone (lthash, rr-text), on top of tests/system/lib/tuf_repo.py."""
import base64
import hashlib
import json
import os
import pathlib
import subprocess

import check
import tuf_repo

try:
    import dns.name
    import dns.rdata
    import dns.rdataclass
    import dns.rdatatype
    import dns.zone
except ImportError:
    check.skip("python3-dnspython is not installed")

LANES = 1024


def chacha20(key, size):
    from cryptography.hazmat.primitives.ciphers import Cipher, algorithms
    return Cipher(algorithms.ChaCha20(key, bytes(16)), mode=None).encryptor().update(bytes(size))


def pack(raw):
    """A zstd frame, through the command, which has no other library to agree with."""
    return subprocess.run(["zstd", "-q", "-3", "--single-thread", f"--stream-size={len(raw)}", "-c"], input=raw, capture_output=True,
                          check=True).stdout


class Record:
    def __init__(self, owner, ttl, rdata):
        self.owner, self.ttl, self.rdata = owner, ttl, rdata

    def wire(self):
        data = self.rdata.to_digestable()
        return (self.owner.to_digestable() + self.rdata.rdtype.to_bytes(2, "big") + b"\0\1" + self.ttl.to_bytes(4, "big")
                + len(data).to_bytes(2, "big") + data)

    def text(self):
        kind = self.rdata
        return f"{self.owner.to_text().lower()} {self.ttl} {dns.rdatatype.to_text(kind.rdtype)} {kind.to_text()}"

    def key(self):
        covers = self.rdata.covers() if self.rdata.rdtype == 46 else 0
        return ([label.lower() for label in reversed(self.owner.labels)], (int(covers or self.rdata.rdtype), bool(covers)),
                self.rdata.to_digestable())


def records_of(text, origin):
    zone = dns.zone.from_text(text, origin=origin, relativize=False, check_origin=False)
    found = [Record(name, rdataset.ttl, rdata) for name, node in zone.nodes.items() for rdataset in node for rdata in rdataset]
    return sorted(found, key=Record.key)


def serial_of(records):
    return next(record.rdata.serial for record in records if record.rdata.rdtype == 6)


def state_of(records):
    lanes = [0] * LANES
    for record in records:
        key = hashlib.blake2b(b"catchment rr 1\0" + record.wire(), digest_size=32).digest()
        stream = chacha20(key, 2 * LANES)
        for i in range(LANES):
            lanes[i] = (lanes[i] + int.from_bytes(stream[2 * i:2 * i + 2], "little")) & 0xffff
    state = b"".join(lane.to_bytes(2, "little") for lane in lanes)
    return {"alg": "lthash16-1024-b2b-cc20/1", "sum": hashlib.blake2b(state, digest_size=32).hexdigest()}


class SyncRepository(tuf_repo.Repository):
    """add_zone(), add_file() and the like, then release(); everything is written to folder when that is given."""

    def __init__(self, folder=None, group="default", kind="ed25519"):
        super().__init__(kind, publish=False)
        self.folder = pathlib.Path(folder) if folder else None
        self.group = group
        self.lists = {"v": 1, "zones": [], "sites": [], "files": [], "secrets": [], "nodes": {}}
        self.number = 0
        self.zones, self.steps, self.extra = {}, {}, {}
        for role, paths in (("zones", ["zones/*/zone"]), ("sites", ["sites/*/*"]),
                            ("files", ["files/*/*", "files/*/*/*", "files/*/*/*/*"]), ("secrets", ["secrets/*/*"])):
            self.delegate("targets", role, paths, key=tuf_repo.Key(kind))
        self.put("root")
        self.first_root = self.files["1.root.json"]

    def path_of_zone(self, name):
        return f"zones/{name.rstrip('.').lower() or '@'}/zone"

    def add_zone(self, name, text, changesets=True, checkpoint=True, **custom):
        """checkpoint False: the old one stays, and the new version is reached by changesets."""
        path = self.path_of_zone(name)
        origin = name.rstrip(".") + "."
        records = records_of(text, origin)
        before = self.zones.get(name)
        self.zones[name] = records
        self.lists["zones"] = sorted({*self.lists["zones"], name})
        if before and changesets:
            self.steps.setdefault(name, []).append(self.changeset(path, origin, before, records))
        elif before:
            self.steps[name] = []
        old = self.signed["zones"]["targets"].get(path)
        if checkpoint or not old:
            raw = "".join(record.text() + "\n" for record in records).encode()
            self.add_target(path, pack(raw), role="zones", custom={
                "v": 1, "kind": "zone", "codec": "zstd", "raw": {"length": len(raw), "sha256": hashlib.sha256(raw).hexdigest()},
                "fmt": "rr-text/1", "serial": serial_of(records), "checkpoint_state": state_of(records)})
        target = self.signed["zones"]["targets"][path]
        target["custom"] = {**target["custom"], "head": serial_of(records), "release": self.number + 1, "state": state_of(records),
                            "cs": self.steps.get(name, [])[-16:], **custom}
        return records

    def changeset(self, path, origin, before, after):
        old, new = {record.wire(): record for record in before}, {record.wire(): record for record in after}
        lines = [f"changeset/1 {origin} {serial_of(before)} {serial_of(after)}"]
        lines += ["- " + old[wire].text() for wire in old if wire not in new]
        lines += ["+ " + new[wire].text() for wire in new if wire not in old]
        raw = "".join(line + "\n" for line in lines).encode()
        packed = pack(raw)
        digest = hashlib.sha256(packed).hexdigest()
        step = {"from": serial_of(before), "to": serial_of(after), "length": len(packed), "sha256": digest, "raw": len(raw)}
        self.extra[f"{path.rpartition('/')[0]}/cs/{digest}.{step['from']}-{step['to']}"] = packed
        return step

    def add_site(self, name, yaml, **parts):
        self.lists["sites"] = sorted({*self.lists["sites"], name})
        self.add_target(f"sites/{name}/sites.yaml", yaml.encode(), role="sites",
                        custom={"v": 1, "kind": "sites", "release": self.number + 1})
        for part, content in parts.items():
            self.add_target(f"sites/{name}/{part}", content, role="sites", custom={"v": 1})

    def add_file(self, path, content, **custom):
        self.lists["files"] = sorted({*self.lists["files"], path})
        self.add_target(f"files/{path}", content, role="files",
                        custom={"v": 1, "kind": "file", "release": self.number + 1, **custom})

    def add_secret(self, use, name, sealed):
        self.lists["secrets"] = [*self.lists["secrets"], f"{use}/{name}"]
        content = json.dumps({"v": 1, "sealed": {node: base64.b64encode(box).decode() for node, box in sealed.items()}}).encode()
        self.add_target(f"secrets/{use}/{name}", content, role="secrets",
                        custom={"v": 1, "kind": "secret", "release": self.number + 1})

    def add_policy(self, name, value):
        self.add_target(f"policy/{name}.json", json.dumps(value).encode(), custom={"v": 1})

    def release(self, lifetime_days=30, seconds=0):
        self.number += 1
        self.add_target(f"fleet/{self.group}/subscribe.json", json.dumps(self.lists).encode(),
                        custom={"v": 1, "release": self.number})
        for role in ("timestamp", "snapshot"):
            self.signed[role]["expires"] = tuf_repo.when(days=lifetime_days, seconds=seconds)
        if self.number == 1:
            self.publish()
        else:
            self.update("zones", "sites", "files", "secrets")
        if self.folder:
            self.write()
        return self.number

    def write(self):
        """As a publisher does: what is new first, timestamp.json last, each whole."""
        def put(path, content):
            path = self.folder / path
            if path.exists() and path.read_bytes() == content:
                return
            path.parent.mkdir(parents=True, exist_ok=True)
            fresh = path.with_name(path.name + "#")
            fresh.write_bytes(content)
            fresh.rename(path)
        for path, content in self.extra.items():
            put(f"targets/{path}", content)
        for role in self.signed.values():
            for path, target in role.get("targets", {}).items():
                folder, _, name = path.rpartition("/")
                if path in self.artifacts:
                    put(f"targets/{folder}/{target['hashes']['sha256']}.{name}", self.artifacts[path])
        for name, content in self.files.items():
            if name.split(".")[0].isdigit():
                put(f"metadata/{name}", content)
        put("metadata/timestamp.json", self.files["timestamp.json"])

    def find(self, path):
        found = super().find(path)
        return found if found is not None else self.extra.get(path[len("/targets/"):]) if path.startswith("/targets/") else None
