# SPDX-License-Identifier: Apache-2.0
"""A real catchmentd for a scenario: free loopback ports, a folder of its own, ready when it says so, and checked when it
stops: exit code 0 and not a word of a sanitizer.

    with Node("node.yaml") as node:
        answer = node.ask("www.example.org", "A")
"""
import json
import os
import pathlib
import random
import re
import shutil
import signal
import socket
import string
import subprocess
import sys
import tempfile
import threading
import time

import check

TOP = pathlib.Path(os.environ.get("CATCHMENT_SOURCE") or pathlib.Path(__file__).resolve().parents[3])
BIN = pathlib.Path(os.environ.get("CATCHMENT_BIN") or TOP / "build-dev")
TSAN_BIN = pathlib.Path(os.environ.get("CATCHMENT_TSAN_BIN") or TOP / "build-tsan")
HERE = pathlib.Path(sys.argv[0]).resolve().parent
KEEP = bool(os.environ.get("CATCHMENT_KEEP"))
IS_ROOT = os.geteuid() == 0

SANITIZER = re.compile(r"(AddressSanitizer|LeakSanitizer|ThreadSanitizer|MemorySanitizer|runtime error:|Assertion .* failed).*")
READY_SECONDS = 60
STOP_SECONDS = 30


def free_port(host="127.0.0.1"):
    """A port nobody has on UDP and TCP, below those the kernel gives to clients."""
    family = socket.AF_INET6 if ":" in host else socket.AF_INET
    while True:
        port = random.randint(10000, 30000)
        try:
            for kind in (socket.SOCK_DGRAM, socket.SOCK_STREAM):
                with socket.socket(family, kind) as s:
                    s.bind((host, port))
            return port
        except OSError:
            continue


def has_ipv6():
    try:
        with socket.socket(socket.AF_INET6, socket.SOCK_DGRAM) as s:
            s.bind(("::1", 0))
        return True
    except OSError:
        return False


def calm(command):
    """The command with a fixed address layout, where the kernel's randomness is more than sanitizers stand."""
    try:
        bits = int(pathlib.Path("/proc/sys/vm/mmap_rnd_bits").read_text())
    except (OSError, ValueError):
        bits = 32
    plain = [str(word) for word in command]
    if bits > 28 and shutil.which("setarch"):
        if subprocess.run(["setarch", "-R", "true"], capture_output=True).returncode == 0:
            return ["setarch", "-R", *plain]
    return plain


class Node:
    def __init__(self, template="node.yaml", bin=None, env=None, folder=None, wrap=(), **values):
        self.bin = pathlib.Path(bin or BIN)
        self.folder = pathlib.Path(folder or tempfile.mkdtemp(prefix=f"{HERE.name}."))
        self.own_folder = folder is None
        self.env = {**os.environ, **(env or {})}
        self.wrap = list(wrap)
        self.dns_port, self.http_port = free_port(), free_port()
        self.values = {
            "dns": self.dns_port, "http": self.http_port, "dir": self.folder, "here": HERE, "top": TOP,
            "state": self.folder / "state", "socket": self.folder / "control.sock", **values,
        }
        self.dns_port, self.http_port = self.values["dns"], self.values["http"]
        self.socket_path = self.values["socket"]
        self.config = self.folder / "node.yaml"
        self.log_path = self.folder / "node.log"
        self.process = None
        self.notifications = []
        self.notified = threading.Condition()
        (self.folder / "state").mkdir(exist_ok=True)
        if template:
            self.write_config((HERE / template).read_text())

    # -- files -----------------------------------------------------------------------------------------------------

    def write_config(self, text):
        self.config.write_text(string.Template(text).safe_substitute(self.values))

    def write(self, name, text):
        """Replaces a file in the node's folder; its time of change is never the old one."""
        path = self.folder / name
        path.parent.mkdir(parents=True, exist_ok=True)
        fresh = path.with_name(path.name + ".new")
        fresh.write_text(text) if isinstance(text, str) else fresh.write_bytes(text)
        fresh.rename(path)
        return path

    def log(self):
        return self.log_path.read_text(errors="replace") if self.log_path.exists() else ""

    # -- life ------------------------------------------------------------------------------------------------------

    def launch(self, *args):
        """Starts it without waiting for anything."""
        self.notifications = []
        self.notify = socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM | socket.SOCK_CLOEXEC)
        path = self.folder / "notify.sock"
        path.unlink(missing_ok=True)
        self.notify.bind(str(path))
        path.chmod(0o666)
        self.env["NOTIFY_SOCKET"] = str(path)
        threading.Thread(target=self.read_notifications, daemon=True).start()
        command = [*self.wrap, *calm([self.bin / "catchmentd", "-c", self.config, *args])]
        with self.log_path.open("ab") as log:
            self.process = subprocess.Popen(command, stdin=subprocess.DEVNULL, stdout=log, stderr=log, env=self.env)
        return self

    def start(self, *args, seconds=READY_SECONDS):
        self.launch(*args)
        self.wait_notification("READY=1", seconds)
        return self

    def read_notifications(self):
        """In a thread: a service manager that did not read would hold the node up."""
        while True:
            try:
                lines = self.notify.recv(65536).decode().splitlines()
            except OSError:
                return
            if not lines:       # stop() sends an empty one
                return
            with self.notified:
                self.notifications += lines
                self.notified.notify_all()

    def wait_notification(self, line, seconds=READY_SECONDS, after=None):
        """Waits until the service manager would have been told this line, behind another one when that is given."""
        end = time.monotonic() + seconds

        def told():
            lines = self.notifications
            return line in (lines if after is None else lines[lines.index(after) + 1:] if after in lines else [])

        with self.notified:
            while not told():
                self.notified.wait(0.1)
                if not told() and self.process.poll() is not None:
                    self.die(f"the node ended with {self.process.returncode} instead of {line}")
                if time.monotonic() > end:
                    self.die(f"no {line} within {seconds} s")

    def die(self, why):
        check.fail(why, "its log:\n" + self.log()[-6000:])
        if self.process and self.process.poll() is None:
            self.process.kill()
            self.process.wait()
        sys.exit(1)

    def signal(self, number):
        self.process.send_signal(number)

    def wait_end(self, seconds=STOP_SECONDS):
        try:
            return self.process.wait(seconds)
        except subprocess.TimeoutExpired:
            self.process.kill()
            self.process.wait()
            return "killed: it did not stop"

    def stop(self, want=0):
        if self.process is None:
            return
        if self.process.poll() is None:
            self.signal(signal.SIGTERM)
        if not check.equal("exit code of the node", self.wait_end(), want):
            print(self.log()[-6000:])
        self.check_sanitizers()
        self.process = None
        with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as last:
            last.sendto(b"", self.notify.getsockname())
        self.notifications = []

    def restart(self, *args):
        self.stop()
        return self.start(*args)

    def check_sanitizers(self):
        log = self.log()
        found = SANITIZER.search(log)
        check.true("no sanitizer report", found is None, found and log[found.start():][:8000])

    def __enter__(self):
        return self.start()

    def __exit__(self, kind, value, trace):
        if kind is not None and kind is not SystemExit:
            check.fail(f"the scenario broke off: {kind.__name__}: {value}")
            print(self.log()[-6000:])
        self.stop()
        if self.own_folder and not KEEP:
            shutil.rmtree(self.folder, ignore_errors=True)
        return False

    # -- control ---------------------------------------------------------------------------------------------------

    def ctl_run(self, *words, seconds=60):
        command = calm([self.bin / "catchmentctl", "-s", self.socket_path, *words])
        return subprocess.run(command, capture_output=True, text=True, timeout=seconds, env=self.env)

    def ctl(self, *words):
        """The JSON a command prints; it must succeed."""
        done = self.ctl_run("--json", *words)
        if not check.equal(f"catchmentctl {' '.join(words)}: exit code", done.returncode, 0):
            print(done.stdout, done.stderr)
            return {}
        return json.loads(done.stdout)

    def counter(self, name):
        return find_key(self.ctl("stats"), name)

    # -- DNS -------------------------------------------------------------------------------------------------------

    def ask(self, name, type="A", host="127.0.0.1", tcp=False, rdclass="IN", want_nsid=False, timeout=10, **edns):
        """One question with dnspython; edns: use_edns, payload, want_dnssec, options, ednsflags."""
        import dns.edns
        import dns.message
        import dns.query
        if want_nsid:
            edns.setdefault("options", []).append(dns.edns.GenericOption(dns.edns.OptionType.NSID, b""))
            edns.setdefault("use_edns", 0)
        query = dns.message.make_query(name, type, rdclass, **edns)
        query.flags &= ~0x0100      # RD
        ask = dns.query.tcp if tcp else dns.query.udp
        return ask(query, host, timeout=timeout, port=self.dns_port)

    @staticmethod
    def nsid(reply):
        """The NSID of a reply, None without one."""
        return next((option.data for option in reply.options if option.otype == 3), None)

    def udp(self, *packets, host="127.0.0.1", seconds=10):
        """Sends packets one behind the other, then a sentinel query; gives what came back before its answer. So silence
        is seen without waiting for it: one socket's packets meet one worker, which answers in order."""
        family = socket.AF_INET6 if ":" in host else socket.AF_INET
        sentinel = b"\xfe\xed\x00\x00\x00\x01\x00\x00\x00\x00\x00\x00\x08sentinel\x00\x00\x01\x00\x01"
        replies = []
        with socket.socket(family, socket.SOCK_DGRAM) as s:
            s.settimeout(seconds)
            s.connect((host, self.dns_port))
            for packet in (*packets, sentinel):
                s.send(packet)
            while True:
                reply = s.recv(65535)
                if reply[:2] == sentinel[:2]:
                    return replies
                replies.append(reply)

    def tcp(self, host="127.0.0.1", port=None, seconds=20):
        s = socket.create_connection((host, port or self.dns_port), timeout=seconds)
        s.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        return s

    # -- HTTP ------------------------------------------------------------------------------------------------------

    def web(self, raw, host="127.0.0.1", half_close=False, seconds=20):
        """Sends bytes as they are on a new connection; gives the responses until the node closes it (so a request that
        leaves it open must be followed by one that does not, or half_close set)."""
        with self.tcp(host, self.http_port, seconds) as s:
            s.sendall(raw)
            if half_close:
                s.shutdown(socket.SHUT_WR)
            return responses(read_all(s), methods=re.findall(rb"(?:^|\r\n\r\n)([A-Z]+) ", raw))

    def get(self, path, host_header, extra=b"", method=b"GET", host="127.0.0.1"):
        raw = b"%s %s HTTP/1.1\r\nHost: %s\r\n%sConnection: close\r\n\r\n" % (method, path, host_header, extra)
        found = self.web(raw, host)
        return found[0] if found else Response(0, [], b"")


def find_key(tree, name):
    """The value of a key anywhere in a JSON tree; dots in the name may be levels."""
    if isinstance(tree, dict):
        if name in tree:
            return tree[name]
        for key, value in tree.items():
            rest = name[len(key) + 1:] if name.startswith(key + ".") else name
            found = find_key(value, rest)
            if found is not None:
                return found
    if isinstance(tree, list):
        for value in tree:
            found = find_key(value, name)
            if found is not None:
                return found
    return None


def read_all(s):
    data = b""
    try:
        while True:
            piece = s.recv(65536)
            if not piece:
                return data
            data += piece
    except ConnectionResetError:
        return data


def read_exact(s, size):
    data = b""
    while len(data) < size:
        piece = s.recv(size - len(data))
        if not piece:
            return data
        data += piece
    return data


def read_frame(s):
    """One DNS message of a TCP stream, or None when it has ended."""
    length = read_exact(s, 2)
    if len(length) < 2:
        return None
    return read_exact(s, int.from_bytes(length, "big"))


def frame(packet):
    return len(packet).to_bytes(2, "big") + packet


class Response:
    def __init__(self, status, fields, body):
        self.status, self.fields, self.body = status, fields, body

    def field(self, name):
        """The values of a field, joined; None without it."""
        values = [value for key, value in self.fields if key.lower() == name.lower()]
        return ", ".join(values) if values else None

    def __repr__(self):
        return f"<{self.status} {self.fields} {self.body!r}>"


def responses(data, methods=()):
    """Takes a stream of responses apart, strictly: CRLF, Content-Length; HEAD has no body."""
    found = []
    while data:
        head, mark, data = data.partition(b"\r\n\r\n")
        lines = head.split(b"\r\n")
        match = re.fullmatch(rb"HTTP/1\.1 (\d{3}) [\x20-\x7e]*", lines[0])
        if not mark or not match:
            check.fail("a response that is none", repr(head[:200]))
            break
        fields = []
        for line in lines[1:]:
            if not check.true("a field line is printable", re.fullmatch(rb"[A-Za-z-]+: [\x20-\x7e]*", line), repr(line)):
                continue
            key, _, value = line.decode().partition(": ")
            fields.append((key, value))
        response = Response(int(match[1]), fields, b"")
        length = int(response.field("Content-Length") or 0)
        head_only = len(found) < len(methods) and methods[len(found)] == b"HEAD"
        if response.status not in (100, 204, 304) and not head_only:
            response.body, data = data[:length], data[length:]
            check.equal("length of a body", len(response.body), length)
        if response.status != 100:
            found.append(response)
    return found
