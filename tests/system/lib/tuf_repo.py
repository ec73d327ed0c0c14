# SPDX-License-Identifier: Apache-2.0
"""A TUF repository made from the specification (1.0.34) alone, with python3-cryptography for its keys, served over HTTP, and
the client command under test. Nothing is shared with the C sources: canonical JSON and key ids are made here anew."""
import copy
import datetime
import hashlib
import http.server
import json
import os
import pathlib
import re
import shutil
import socket
import subprocess
import tempfile
import threading
import urllib.parse

import check
from node import BIN, SANITIZER, calm

try:
    from cryptography.hazmat.primitives import hashes, serialization
    from cryptography.hazmat.primitives.asymmetric import ec, ed25519, padding, rsa
except ImportError:
    check.skip("python3-cryptography is not installed")

TOP_LEVEL = ("root", "timestamp", "snapshot", "targets")


def canonical(value):
    """OLPC's canonical JSON as bytes."""
    if isinstance(value, bool) or value is None:
        return json.dumps(value).encode()
    if isinstance(value, int):
        return str(value).encode()
    if isinstance(value, str):
        return b'"' + value.replace("\\", "\\\\").replace('"', '\\"').encode() + b'"'
    if isinstance(value, (list, tuple)):
        return b"[" + b",".join(canonical(item) for item in value) + b"]"
    if isinstance(value, dict):
        return b"{" + b",".join(canonical(name) + b":" + canonical(value[name]) for name in sorted(value)) + b"}"
    raise TypeError(f"no canonical form of {value!r}")


def when(days=0, seconds=0):
    moment = datetime.datetime.now(datetime.timezone.utc) + datetime.timedelta(days=days, seconds=seconds)
    return moment.strftime("%Y-%m-%dT%H:%M:%SZ")


class Key:
    _rsa = None

    def __init__(self, kind="ed25519"):
        self.kind = kind
        if kind == "ed25519":
            self.private = ed25519.Ed25519PrivateKey.generate()
            public = self.private.public_key().public_bytes(serialization.Encoding.Raw, serialization.PublicFormat.Raw).hex()
            self.data = {"keytype": "ed25519", "scheme": "ed25519", "keyval": {"public": public}}
        else:
            if kind == "rsa":
                Key._rsa = Key._rsa or rsa.generate_private_key(65537, 2048)
                self.private = Key._rsa
            else:
                self.private = ec.generate_private_key(ec.SECP256R1())
            public = self.private.public_key().public_bytes(
                serialization.Encoding.PEM, serialization.PublicFormat.SubjectPublicKeyInfo).decode()
            scheme = "rsassa-pss-sha256" if kind == "rsa" else "ecdsa-sha2-nistp256"
            self.data = {"keytype": kind, "scheme": scheme, "keyval": {"public": public}}
        self.id = hashlib.sha256(canonical(self.data)).hexdigest()

    def sign(self, content):
        if self.kind == "ed25519":
            return self.private.sign(content).hex()
        if self.kind == "rsa":
            return self.private.sign(content, padding.PSS(padding.MGF1(hashes.SHA256()), 32), hashes.SHA256()).hex()
        return self.private.sign(content, ec.ECDSA(hashes.SHA256())).hex()


class Repository:
    """signed: the bodies by role; signers: their keys. publish() signs and serves; what is in files afterwards may be
    changed by the test. A file may be bytes, a status, or a function that is given the request."""

    def __init__(self, kind="ed25519", publish=True):
        self.files, self.artifacts, self.requests = {}, {}, []
        self.with_hashes = False
        self.signed = {role: {"_type": role, "spec_version": "1.0.34", "version": 1, "expires": when(days=30)} for role in TOP_LEVEL}
        self.signed["root"].update(consistent_snapshot=True, keys={}, roles={})
        self.signed["timestamp"]["meta"] = {}
        self.signed["snapshot"]["meta"] = {}
        self.signed["targets"]["targets"] = {}
        self.signers = {}
        for role in TOP_LEVEL:
            self.set_keys(role, [Key(kind)])
        if publish:
            self.publish()
            self.first_root = self.files["1.root.json"]

    def set_keys(self, role, keys, threshold=1):
        root = self.signed["root"]
        for key in keys:
            root["keys"][key.id] = key.data
        root["roles"][role] = {"keyids": [key.id for key in keys], "threshold": threshold}
        self.signers[role] = list(keys)

    def rotate(self, role, kind="ed25519"):
        """A new key instead of the old ones; a root is signed by both from here on."""
        old = self.signers[role]
        self.set_keys(role, [Key(kind)])
        if role == "root":
            self.signers["root"] = old + self.signers["root"]

    def bump(self, *roles):
        for role in roles:
            self.signed[role]["version"] += 1

    def add_target(self, path, content, role="targets", algorithms=("sha256",), **more):
        self.artifacts[path] = content
        self.signed[role]["targets"][path] = {
            "length": len(content), "hashes": {name: hashlib.new(name, content).hexdigest() for name in algorithms}, **more}

    def delegate(self, parent, role, paths=None, terminating=False, key=None, **more):
        key = key or (self.signers[role][0] if role in self.signers else Key())
        delegations = self.signed[parent].setdefault("delegations", {"keys": {}, "roles": []})
        delegations["keys"][key.id] = key.data
        entry = {"name": role, "keyids": [key.id], "threshold": 1, "terminating": terminating, **more}
        if paths is not None or not more:
            entry["paths"] = ["*"] if paths is None else paths
        delegations["roles"].append(entry)
        if role not in self.signed:
            self.signed[role] = {**copy.deepcopy(self.signed["targets"]), "version": 1, "targets": {}}
            self.signed[role].pop("delegations", None)
            self.signers[role] = [key]

    def envelope(self, role):
        body = self.signed[role]
        content = canonical(body)
        return {"signed": copy.deepcopy(body),
                "signatures": [{"keyid": key.id, "sig": key.sign(content)} for key in self.signers[role]]}

    def put(self, role, envelope=None):
        content = envelope if isinstance(envelope, bytes) else json.dumps(envelope or self.envelope(role), indent=1).encode()
        name = urllib.parse.quote(role, "")
        self.files[f"{self.signed[role]['version']}.{name}.json"] = content
        self.files[f"{name}.json"] = content

    def list_in(self, lister, role):
        entry = {"version": self.signed[role]["version"]}
        if self.with_hashes:
            name = urllib.parse.quote(role, "")
            content = self.files[f"{name}.json"]
            entry.update(length=len(content), hashes={"sha256": hashlib.sha256(content).hexdigest()})
        self.signed[lister]["meta"][f"{role}.json"] = entry

    def publish(self, *bumped):
        """After raising the versions of these roles. All is signed anew."""
        self.bump(*bumped)
        self.put("root")
        for role in self.signed:
            if role not in TOP_LEVEL[:3]:
                self.put(role)
                self.list_in("snapshot", role)
        self.put("snapshot")
        self.list_in("timestamp", "snapshot")
        self.put("timestamp")

    def update(self, *more):
        """A new version of timestamp, snapshot and targets."""
        self.publish("timestamp", "snapshot", "targets", *more)

    def write_to(self, folder):
        for name, content in self.files.items():
            (folder / name).write_bytes(content)

    def find(self, path):
        if path.startswith("/metadata/"):
            name = path[len("/metadata/"):]
            self.requests.append(name)
            return self.files.get(name)
        if not path.startswith("/targets/"):
            return None
        path = urllib.parse.unquote(path[len("/targets/"):])
        self.requests.append("target " + path)
        if self.signed["root"]["consistent_snapshot"]:
            folder, slash, name = path.rpartition("/")
            digest, _, name = name.partition(".")
            path = folder + slash + name
            known = [value for role in self.signed.values() if path in role.get("targets", {})
                     for value in role["targets"][path]["hashes"].values()]
            if digest not in known:
                return None
        return self.artifacts.get(path)


class Handler(http.server.BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    disable_nagle_algorithm = True

    def do_GET(self):
        content = self.server.repository.find(self.path)
        if callable(content):
            self.close_connection = True
            content(self)
            return
        if content is None or isinstance(content, int):
            self.send_response(content or 404)
            content = b"an error page\n"
        else:
            self.send_response(200)
        self.send_header("Content-Length", str(len(content)))
        self.end_headers()
        self.wfile.write(content)

    def log_message(self, *args):
        pass


class Server(http.server.ThreadingHTTPServer):
    daemon_threads = True
    repository = None

    def __init__(self, host="127.0.0.1"):
        if ":" in host:
            self.address_family = socket.AF_INET6
        super().__init__((host, 0), Handler)
        shown = f"[{host}]" if ":" in host else host
        self.url = f"http://{shown}:{self.server_address[1]}"
        threading.Thread(target=self.serve_forever, daemon=True).start()

    def handle_error(self, request, client_address):
        pass    # a client that goes away early is no fault


class Client:
    """catchment-fetch with folders of its own, which has been given the first root."""

    def __init__(self, server, repository, init=True):
        self.server, self.repository = server, repository
        server.repository = repository
        self.folder = pathlib.Path(tempfile.mkdtemp(prefix="tuf-client."))
        self.metadata, self.targets = self.folder / "metadata", self.folder / "targets"
        self.metadata_url, self.target_url = server.url + "/metadata", server.url + "/targets/"
        self.stderr = ""
        if init:
            check.equal("init", self.init(repository.first_root), 0)

    def __enter__(self):
        return self

    def __exit__(self, *exception):
        shutil.rmtree(self.folder)

    def command(self, *words, days=0):
        command = [str(BIN / "catchment-fetch"), *map(str, words)]
        return ["faketime", "-f", f"+{days}d", *command] if days else command

    def run(self, *words, days=0):
        """The exit code. A failure is told in one line."""
        self.repository.requests.clear()
        env = dict(os.environ)
        if days:    # faketime is preloaded before the sanitizer
            env["ASAN_OPTIONS"] = env.get("ASAN_OPTIONS", "") + ":verify_asan_link_order=0:detect_leaks=0"
        done = subprocess.run(calm(self.command(*words, days=days)), capture_output=True, text=True, timeout=120, env=env)
        self.stderr = done.stderr
        check.true("no sanitizer", not SANITIZER.search(done.stderr), done.stderr[-3000:])
        check.true("no signal", done.returncode >= 0, done.returncode)
        if done.returncode == 1:
            check.true("one line of reason", re.fullmatch(r"catchment-fetch: [^\n]+\n", done.stderr), done.stderr)
        elif done.returncode == 0:
            check.equal("silence", done.stderr + done.stdout, "")
        return done.returncode

    def init(self, root):
        path = self.folder / "given.json"
        path.write_bytes(root)
        return self.run("--metadata-dir", self.metadata, "init", path)

    def refresh(self, days=0):
        return self.run("--metadata-dir", self.metadata, "--metadata-url", self.metadata_url, "refresh", days=days)

    def download(self, *paths):
        names = [word for path in paths for word in ("--target-name", path)]
        return self.run("--metadata-dir", self.metadata, "--metadata-url", self.metadata_url, *names, "--target-dir", self.targets,
                        "--target-base-url", self.target_url, "download")

    def has(self):
        """What is stored, by role."""
        return {urllib.parse.unquote(path.name[:-len(".json")]): json.loads(path.read_bytes())["signed"]["version"]
                for path in sorted(self.metadata.glob("*.json"))}

    def downloaded(self):
        return {path.name: path.read_bytes() for path in sorted(self.targets.iterdir())} if self.targets.is_dir() else {}
