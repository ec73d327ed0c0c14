# SPDX-License-Identifier: Apache-2.0
"""A master (catchment-publish, nginx over HTTPS) and nodes that follow it, each through a relay that counts what its
connections carry; what a node costs is read from /proc."""
import base64
import os
import pathlib
import re
import secrets
import socket
import struct
import subprocess
import sys
import threading
import time

TOP = pathlib.Path(__file__).resolve().parents[2]
sys.path.insert(0, str(TOP / "tests/system/lib"))
if "CATCHMENT_BIN" not in os.environ:
    os.environ["CATCHMENT_BIN"] = str(next((TOP / name for name in ("build-rel", "build") if (TOP / name / "catchmentd").exists()),
                                           TOP / "build"))
import check
from nginx import Nginx
from node import BIN, Node, free_port
from publisher import Publisher

CONFIG = """
node: {name: $name}
state-dir: $state
control-socket: $socket
workers: 1
dns: {listen: [127.0.0.1@$dns]}
redirect: {listen: [127.0.0.1@$http]}
tsig-keys: [{name: push.test, secret-file: $secret}]
sync:
  url: https://localhost:$relay/
  ca: $ca
  root: $root
  interval: $interval
  notify: {listen: [127.0.0.1@$notify], tsig-key: push.test}
"""

SERVER = """listen 127.0.0.1:$port ssl http2; ssl_certificate $pem; ssl_certificate_key $pem; ssl_protocols TLSv1.3;
            root $repo; keepalive_timeout 1h; keepalive_requests 1000000; tcp_nodelay on;
            access_log $dir/bytes.log bytes;"""


class Relay:
    """Carries connections on to another port; what went each way, TLS and all, is counted."""

    def __init__(self, to):
        self.to, self.up, self.down, self.connections = to, 0, 0, 0
        self.open = set()
        self.listener = socket.create_server(("127.0.0.1", 0))
        self.port = self.listener.getsockname()[1]
        threading.Thread(target=self.accept, daemon=True).start()

    def accept(self):
        while True:
            client, _ = self.listener.accept()
            server = socket.create_connection(("127.0.0.1", self.to))
            self.connections += 1
            for pair, way in (((client, server), "up"), ((server, client), "down")):
                pair[0].setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
                threading.Thread(target=self.carry, args=(*pair, way), daemon=True).start()
            self.open.add(client)
            self.open.add(server)

    def carry(self, source, sink, way):
        try:
            while piece := source.recv(1 << 18):
                setattr(self, way, getattr(self, way) + len(piece))
                sink.sendall(piece)
        except OSError:
            pass
        for end in (source, sink):
            try:
                end.shutdown(socket.SHUT_RDWR)
            except OSError:
                pass

    def cut(self):
        """The next request begins with a handshake."""
        for end in list(self.open):
            try:
                end.shutdown(socket.SHUT_RDWR)
            except OSError:
                pass
        self.open.clear()

    @property
    def bytes(self):
        return self.up + self.down


def quiet_serial(port, apex, ask=struct.pack(">HHHHHH", 0x5a5a, 0, 1, 0, 0, 0)):
    """The serial a node answers with; None: no such answer."""
    name = b"".join(bytes([len(label)]) + label.encode() for label in apex.rstrip(".").split(".")) + b"\0"
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as s:
        s.settimeout(2)
        s.connect(("127.0.0.1", port))
        try:
            s.send(ask + name + b"\0\6\0\1")
            reply = s.recv(4096)
        except OSError:
            return None
    if reply[3] & 15 or reply[6:8] != b"\0\1":
        return None
    return struct.unpack(">I", reply[-20:-16])[0]


class Follower(Node):
    def __init__(self, farm, name, interval="1h"):
        self.farm, self.name = farm, name
        self.relay = Relay(farm.port)
        super().__init__(template=None, name=name, notify=free_port(), secret=farm.secret, relay=self.relay.port, ca=farm.pem,
                         root=farm.publisher.repo / "metadata/1.root.json", interval=interval)
        self.write_config(CONFIG)

    def serial(self, apex):
        return quiet_serial(self.dns_port, apex)

    def wait_serial(self, apex, serial, seconds=300, step=0.01):
        """When it answered with it, as time.time()."""
        end = time.time() + seconds
        while self.serial(apex) != serial:
            if self.process.poll() is not None or time.time() > end:
                self.die(f"no serial {serial} of {apex}")
            time.sleep(step)
        return time.time()

    def join(self):
        status = self.ctl("sync", "status")
        self.farm.publisher.ok("add", "node", self.name, "--sign", status["sign_key"], "--box", status["box_key"],
                               "--notify", f"127.0.0.1@{self.values['notify']}=push.test:{self.farm.secret}")

    # -- what it costs ---------------------------------------------------------------------------------------------

    def cpu_ms(self):
        """Of all its threads, none of which ends before it does."""
        total = 0
        for path in pathlib.Path(f"/proc/{self.process.pid}/task").iterdir():
            total += int((path / "schedstat").read_text().split()[0])
        return total / 1e6

    def written(self):
        return int(re.search(r"^write_bytes: (\d+)", pathlib.Path(f"/proc/{self.process.pid}/io").read_text(), re.M)[1])

    def memory(self):
        """MiB: proportional share of all mapped, and how much of it is anonymous."""
        text = pathlib.Path(f"/proc/{self.process.pid}/smaps_rollup").read_text()
        return [int(re.search(rf"^{key}: +(\d+)", text, re.M)[1]) / 1024 for key in ("Pss", "Pss_Anon")]

    def with_cache(self):
        """MiB: anonymous memory and all of its images that the page cache holds, mapped or not."""
        files = [str(path) for path in (self.folder / "state/zones").iterdir()]
        held = subprocess.run(["fincore", "--bytes", "--noheadings", "--output", "RES", *files], capture_output=True, text=True)
        return self.memory()[1] + sum(map(int, held.stdout.split())) / 2**20

    def all_cpu_ms(self):
        """With threads that have ended; in ticks of 10 ms."""
        fields = pathlib.Path(f"/proc/{self.process.pid}/stat").read_text().rsplit(")", 1)[1].split()
        return (int(fields[11]) + int(fields[12])) * 1000 / os.sysconf("SC_CLK_TCK")


class Peak(threading.Thread):
    """Highest memory of a process meanwhile."""

    def __init__(self, follower):
        super().__init__(daemon=True)
        self.follower, self.pss, self.anon, self.over = follower, 0, 0, threading.Event()

    def run(self):
        while not self.over.wait(0.005):
            try:
                pss, anon = self.follower.memory()
            except (OSError, TypeError, AttributeError):
                continue
            self.pss, self.anon = max(self.pss, pss), max(self.anon, anon)

    def __enter__(self):
        self.start()
        return self

    def __exit__(self, *ignored):
        self.over.set()
        self.join()


class Farm:
    def __init__(self):
        self.publisher = Publisher().init()
        self.pem = self.publisher.folder / "web.pem"
        subprocess.run(["openssl", "req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256", "-nodes", "-days", "2",
                        "-subj", "/CN=localhost", "-addext", "subjectAltName=DNS:localhost", "-keyout", self.pem, "-out",
                        str(self.pem) + ".crt"], check=True, capture_output=True)
        self.pem.write_text(self.pem.read_text() + pathlib.Path(str(self.pem) + ".crt").read_text())
        os.chmod(self.pem, 0o644)
        for folder in (self.publisher.folder, self.publisher.repo):
            os.chmod(folder, 0o755)
        self.port = free_port()
        self.nginx = Nginx(SERVER, port=self.port, pem=self.pem, repo=self.publisher.repo)
        conf = self.nginx.folder / "nginx.conf"
        conf.write_text(conf.read_text().replace("access_log", "log_format bytes '$request_length $bytes_sent $status $request';\n"
                                                 "    access_log", 1))
        self.nginx.start()
        self.secret = self.publisher.write("push.key", base64.b64encode(secrets.token_bytes(32)).decode())
        self.nodes = []

    def add(self, name, **options):
        node = Follower(self, name, **options)
        self.nodes.append(node)
        return node

    def log_size(self):
        path = self.nginx.folder / "bytes.log"
        return path.stat().st_size if path.exists() else 0

    def log_lines(self, size):
        with (self.nginx.folder / "bytes.log").open() as log:
            log.seek(size)
            return log.readlines()

    def log_since(self, size):
        """What nginx has logged since: requests, bytes of heads and bodies both ways (TLS left out)."""
        lines = [line.split(" ", 3) for line in self.log_lines(size)]
        return len(lines), sum(int(line[0]) + int(line[1]) for line in lines)

    def release(self, *options, push=True):
        """Publishes; gives when timestamp.json was in its place, and what catchment-publish cost (CPU s, bytes written)."""
        command = self.publisher.command("release", *(() if push else ("--no-push",)), *options)
        process = subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True)
        out = process.stdout.read()
        _, code, usage = os.wait4(process.pid, 0)
        process.returncode = os.waitstatus_to_exitcode(code)
        if not check.equal("exit code of release", process.returncode, 0):
            sys.exit(out)
        at = (self.publisher.repo / "metadata/timestamp.json").stat().st_mtime_ns / 1e9
        return at, usage.ru_utime + usage.ru_stime, usage.ru_oublock * 512

    def close(self):
        for node in self.nodes:
            if node.process is not None:
                node.stop()
        self.nginx.kill()
        self.publisher.remove()

    def __enter__(self):
        return self

    def __exit__(self, kind, value, trace):
        if kind is not None:
            for node in self.nodes:
                print(f"-- {node.name}\n{node.log()[-3000:]}")
        self.close()
        return False
