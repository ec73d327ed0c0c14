# SPDX-License-Identifier: Apache-2.0
"""catchment-publish for a scenario, and what it publishes read with nothing of ours: json, cryptography, dnspython, libzstd.

    publisher = Publisher()
    publisher.init()
    publisher.ok("add", "zone", "example.org", path)
    repository = publisher.read()          # every signature, version, hash and digest is checked
    repository.zone("example.org")         # the set of its records
"""
import ctypes
import ctypes.util
import hashlib
import json
import os
import pathlib
import re
import shutil
import struct
import subprocess
import tempfile
import time

import dns.name
import dns.rdata
import dns.rdataclass
import dns.rdatatype
from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PublicKey
from cryptography.hazmat.primitives.ciphers import Cipher, algorithms

import check
from node import BIN, HERE, SANITIZER, calm

_zstd = ctypes.CDLL(ctypes.util.find_library("zstd") or "libzstd.so.1")
_zstd.ZSTD_decompress.restype = ctypes.c_size_t
_zstd.ZSTD_decompress.argtypes = [ctypes.c_char_p, ctypes.c_size_t, ctypes.c_char_p, ctypes.c_size_t]


def unpack(packed, raw_length):
    out = ctypes.create_string_buffer(raw_length + 1)
    length = _zstd.ZSTD_decompress(out, raw_length + 1, packed, len(packed))
    if length != raw_length:
        raise ValueError(f"unpacks to {length}, not {raw_length}")
    return out.raw[:length]


def canonical(value):
    """OLPC's dialect: sorted, dense, only the quotation mark and the backslash escaped."""
    if isinstance(value, dict):
        return "{" + ",".join(canonical(k) + ":" + canonical(value[k]) for k in sorted(value)) + "}"
    if isinstance(value, list):
        return "[" + ",".join(map(canonical, value)) + "]"
    if isinstance(value, str):
        return '"' + value.replace("\\", "\\\\").replace('"', '\\"') + '"'
    if isinstance(value, bool) or value is None:
        return json.dumps(value)
    if isinstance(value, int):
        return str(value)
    raise ValueError(f"no place for {value!r}")


def sha256(content):
    return hashlib.sha256(content).hexdigest()


class LtHash:
    def __init__(self):
        self.lanes = [0] * 1024

    def add(self, wire, sign=1):
        key = hashlib.blake2b(b"catchment rr 1\0" + wire, digest_size=32).digest()
        stream = Cipher(algorithms.ChaCha20(key, bytes(16)), mode=None).encryptor().update(bytes(2048))
        self.lanes = [(a + sign * b) & 0xffff for a, b in zip(self.lanes, struct.unpack("<1024H", stream))]

    def sum(self):
        return hashlib.blake2b(struct.pack("<1024H", *self.lanes), digest_size=32).hexdigest()


def wire(line):
    """A line of rr-text/1 as canonical wire form (RFC 4034, 6.2)."""
    owner, ttl, kind, text = line.split(" ", 3)
    rdtype = dns.rdatatype.from_text(kind)
    rdata = dns.rdata.from_text(dns.rdataclass.IN, rdtype, text, origin=dns.name.root).to_digestable(dns.name.root)
    return dns.name.from_text(owner).canonicalize().to_wire() + struct.pack("!HHIH", rdtype, 1, int(ttl), len(rdata)) + rdata


class Refused(Exception):
    pass


def need(fact, what):
    if not fact:
        raise Refused(what)


class Read:
    """A repository as it lies there, every rule looked at."""

    def __init__(self, folder, now=None):
        self.folder, self.now = pathlib.Path(folder), now or time.time()
        self.root = None
        for path in sorted(self.folder.glob("metadata/*.root.json"), key=lambda path: int(path.name.split(".")[0])):
            following = json.loads(path.read_bytes())
            body = following["signed"]
            need(body["version"] == (self.root["version"] + 1 if self.root else 1), f"{path.name}: its version")
            for signer in filter(None, (self.root, body)):
                self.signed(following, signer["roles"]["root"], signer["keys"], path.name)
            self.root = body
        need(self.root and self.root["consistent_snapshot"], "no root")
        self.fresh(self.root, "root")
        self.timestamp = self.top("timestamp", "timestamp.json")
        listed = self.timestamp["meta"]["snapshot.json"]
        content = (self.folder / f"metadata/{listed['version']}.snapshot.json").read_bytes()
        need(len(content) == listed["length"] and sha256(content) == listed["hashes"]["sha256"], "snapshot: its hash")
        self.snapshot = self.top("snapshot", f"{listed['version']}.snapshot.json")
        need(self.snapshot["version"] == listed["version"], "snapshot: its version")
        self.roles = {}
        self.targets = {}
        self.take("targets", self.root["roles"]["targets"], self.root["keys"], lambda path: True)
        need(set(self.roles) == {name[:-5] for name in self.snapshot["meta"]}, "the snapshot lists other roles")

    def signed(self, envelope, who, keys, what):
        content = canonical(envelope["signed"]).encode("ascii")
        good = set()
        for signature in envelope["signatures"]:
            if signature["keyid"] not in who["keyids"]:
                continue
            key = keys[signature["keyid"]]
            need(sha256(canonical(key).encode()) == signature["keyid"], f"{what}: a key id is not its key's")
            try:
                Ed25519PublicKey.from_public_bytes(bytes.fromhex(key["keyval"]["public"])).verify(
                    bytes.fromhex(signature["sig"]), content)
                good.add(key["keyval"]["public"])
            except InvalidSignature:
                pass
        need(len(good) >= who["threshold"], f"{what}: {len(good)} of {who['threshold']} signatures")

    def fresh(self, body, what):
        need(re.fullmatch(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\dZ", body["expires"]), f"{what}: expires")
        need(time.mktime(time.strptime(body["expires"], "%Y-%m-%dT%H:%M:%SZ")) - time.timezone > self.now, f"{what}: expired")

    def top(self, role, name):
        envelope = json.loads((self.folder / "metadata" / name).read_bytes())
        self.signed(envelope, self.root["roles"][role], self.root["keys"], role)
        self.fresh(envelope["signed"], role)
        need(envelope["signed"]["_type"] == role, f"{role}: another type")
        return envelope["signed"]

    def take(self, name, who, keys, may):
        version = self.snapshot["meta"][f"{name}.json"]["version"]
        envelope = json.loads((self.folder / f"metadata/{version}.{name}.json").read_bytes())
        body = envelope["signed"]
        self.signed(envelope, who, keys, name)
        self.fresh(body, name)
        need(body["version"] == version and body["_type"] == "targets", f"{name}: version or type")
        self.roles[name] = body
        for path, target in body["targets"].items():
            need(may(path), f"{name} may not sign {path}")
            need(path not in self.targets, f"{path} is there twice")
            self.targets[path] = target
        delegations = body.get("delegations", {"roles": []})
        for role in delegations["roles"]:
            self.take(role["name"], role, delegations["keys"], lambda path, role=role: may(path) and self.is_for(role, path))

    @staticmethod
    def is_for(role, path):
        if "path_hash_prefixes" in role:
            return any(sha256(path.encode()).startswith(prefix) for prefix in role["path_hash_prefixes"])
        return any(re.fullmatch(pattern.replace("*", "[^/]*"), path) for pattern in role["paths"])

    def content(self, path, target=None):
        target = target or self.targets[path]
        folder, name = path.rsplit("/", 1)
        content = (self.folder / "targets" / folder / f"{target['hashes']['sha256']}.{name}").read_bytes()
        need(len(content) == target["length"] and sha256(content) == target["hashes"]["sha256"], f"{path}: its bytes")
        return content

    def json(self, path):
        return json.loads(self.content(path))

    # -- zones -----------------------------------------------------------------------------------------------------

    @staticmethod
    def zone_path(zone):
        return f"zones/{zone}/zone"

    def checkpoint(self, zone):
        """The lines of the checkpoint."""
        target = self.targets[self.zone_path(zone)]
        raw = unpack(self.content(self.zone_path(zone)), target["custom"]["raw"]["length"])
        need(sha256(raw) == target["custom"]["raw"]["sha256"], f"{zone}: the unpacked checkpoint")
        need(raw.endswith(b"\n"), f"{zone}: no newline at the end")
        return raw.decode("ascii").splitlines()

    def changeset(self, zone, step):
        """What goes and what comes."""
        content = (self.folder / f"targets/zones/{zone}/cs" / f"{step['sha256']}.{step['from']}-{step['to']}").read_bytes()
        need(len(content) == step["length"] and sha256(content) == step["sha256"], f"{zone}: a changeset's bytes")
        lines = unpack(content, step["raw"]).decode("ascii").splitlines()
        name = "." if zone == "@" else zone + "."
        need(lines[0] == f"changeset/1 {name} {step['from']} {step['to']}", f"{zone}: {lines[0]}")
        signs = [line[:2] for line in lines[1:]]
        need(signs == sorted(signs, key=lambda sign: sign == "+ ") and set(signs) <= {"- ", "+ "}, f"{zone}: order of a changeset")
        return ({line[2:] for line in lines[1:] if line[0] == "-"}, {line[2:] for line in lines[1:] if line[0] == "+"})

    def apply(self, zone, records, step):
        gone, come = self.changeset(zone, step)
        need(gone <= records, f"{zone} {step['from']}-{step['to']}: removes what is not there")
        need(not come & records, f"{zone} {step['from']}-{step['to']}: adds what is there")
        return (records - gone) | come

    def way(self, zone, begin, end):
        """Steps from one serial to another, the longest that fits first; None: there is no way."""
        steps, at = [], begin
        while at != end:
            fitting = [step for step in self.targets[self.zone_path(zone)]["custom"]["cs"]
                       if step["from"] == at and (end - step["to"]) % 2**32 < 2**31]
            if not fitting:
                return None
            steps.append(max(fitting, key=lambda step: step.get("steps", 1)))
            at = steps[-1]["to"]
        return steps

    def zone(self, zone, digest=True):
        """The records at the head, by every changeset between; both sums are computed anew."""
        custom = self.targets[self.zone_path(zone)]["custom"]
        lines = self.checkpoint(zone)
        records = set(lines)
        need(len(records) == len(lines), f"{zone}: a record twice in the checkpoint")
        need(custom["fmt"] == "rr-text/1" and custom["codec"] == "zstd" and custom["kind"] == "zone", f"{zone}: custom")
        if digest:
            need(self.sum(records) == custom["checkpoint_state"]["sum"], f"{zone}: the checkpoint's digest")
        steps = self.way(zone, custom["serial"], custom["head"])
        need(steps is not None, f"{zone}: no way from {custom['serial']} to {custom['head']}")
        for step in steps:
            records = self.apply(zone, records, step)
        if digest and steps:
            need(self.sum(records) == custom["state"]["sum"], f"{zone}: the digest of the head")
        return records

    @staticmethod
    def sum(records):
        state = LtHash()
        for line in records:
            state.add(wire(line))
        return state.sum()


class Publisher:
    def __init__(self, folder=None):
        self.folder = pathlib.Path(folder or tempfile.mkdtemp(prefix=f"{HERE.name}."))
        self.repo, self.keys = self.folder / "repo", self.folder / "keys"
        self.out = self.err = ""

    def command(self, *words):
        return calm([BIN / "catchment-publish", "--repo", self.repo, *words])

    def run(self, *words, env=None, stdin=None):
        """The exit code."""
        done = subprocess.run(self.command(*words), capture_output=True, text=True, timeout=300, input=stdin,
                              env={**os.environ, **(env or {})})
        self.out, self.err = done.stdout, done.stderr
        check.true("no sanitizer", not SANITIZER.search(done.stderr), done.stderr[-3000:])
        return done.returncode

    def ok(self, *words, **options):
        check.equal(" ".join(map(str, words)), (self.run(*words, **options), self.err if "warning" not in self.err else ""), (0, ""))
        return self.out

    def fails(self, part, *words, code=1, **options):
        """It fails, and says so in a sentence that has this part."""
        check.equal(" ".join(map(str, words)) + ": exit code", self.run(*words, **options), code)
        check.has(" ".join(map(str, words)), self.err, part)
        return self.err

    def init(self, *options):
        done = subprocess.run(calm([BIN / "catchment-publish", "init", self.repo, "--keys", self.keys, "--no-passphrase", *options]),
                              capture_output=True, text=True, timeout=300)
        check.equal("init", (done.returncode, done.stderr), (0, ""))
        return self

    def release(self, *options):
        """What it says, as JSON."""
        return json.loads(self.ok("release", "--no-push", "--json", *options))

    def write(self, name, text):
        """A source, replaced: its time of change is never the old one."""
        path = self.folder / name
        path.parent.mkdir(parents=True, exist_ok=True)
        fresh = path.with_name(path.name + ".new")
        fresh.write_bytes(text if isinstance(text, bytes) else text.encode())
        fresh.rename(path)
        return path

    def read(self):
        return Read(self.repo)

    def remove(self):
        shutil.rmtree(self.folder, ignore_errors=True)
