# SPDX-License-Identifier: Apache-2.0
"""A web server in front of a repository (sync_repo.SyncRepository) that can be as bad as a server can be, and remembers what
it was asked and what it gave.

    a = Mirror(repo); a.mode = "503"; ...; a.asked("targets/")
"""
import hashlib
import http.server
import re
import socket
import threading
import time
import urllib.parse


class Request:
    def __init__(self, path, headers):
        self.path, self.headers, self.status, self.sent = path, headers, 0, 0


class Handler(http.server.BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    disable_nagle_algorithm = True

    def setup(self):
        super().setup()
        self.server.connections.add(self.connection)

    def finish(self):
        self.server.connections.discard(self.connection)
        super().finish()

    def do_GET(self):
        mirror = self.server
        self.request_seen = Request(self.path.lstrip("/"), dict(self.headers))
        mirror.requests.append(self.request_seen)
        try:
            mirror.answer(self)
        except OSError:
            self.close_connection = True

    def head(self, status, **fields):
        self.request_seen.status = status
        self.send_response(status)
        for name, value in fields.items():
            self.send_header(name.replace("_", "-"), str(value))
        self.end_headers()

    def body(self, content):
        self.wfile.write(content)
        self.request_seen.sent += len(content)

    def whole(self, status, content, **fields):
        self.head(status, Content_Length=len(content), **fields)
        self.body(content)

    def log_message(self, *args):
        pass


class Mirror(http.server.ThreadingHTTPServer):
    daemon_threads = True
    request_queue_size = 64
    allow_reuse_address = True

    def __init__(self, repo, host="127.0.0.1", port=0):
        if ":" in host:
            self.address_family = socket.AF_INET6
        self.repo, self.host = repo, host
        self.mode = "well"
        self.frozen = None          # files as they were: freeze()
        self.cut = {}               # part of a path -> bytes after which the connection ends, once
        self.rate = {}              # part of a path -> bytes a second
        self.override = {}          # part of a path -> f(handler, content)
        self.requests, self.connections = [], set()
        self.stopped = threading.Event()
        super().__init__((host, port), Handler)
        self.port = self.server_address[1]
        self.url = f"http://{f'[{host}]' if ':' in host else host}:{self.port}"
        threading.Thread(target=self.serve_forever, args=(0.02,), daemon=True).start()

    def handle_error(self, request, client_address):
        pass

    def refuse(self):
        """Nobody listens any more; again() makes another one at the same port."""
        self.stopped.set()
        self.shutdown()
        self.server_close()
        for connection in list(self.connections):
            try:
                connection.shutdown(socket.SHUT_RDWR)
            except OSError:
                pass

    def again(self):
        return Mirror(self.repo, self.host, self.port)

    def freeze(self):
        """From now on it gives what there is now."""
        self.frozen = dict(self.repo.files)

    def thaw(self):
        self.frozen = None

    def find(self, path):
        if path.startswith("metadata/") and self.frozen is not None:
            return self.frozen.get(path[len("metadata/"):])
        return self.repo.find("/" + path)

    def asked(self, part, since=0):
        return [request for request in self.requests[since:] if part in request.path]

    # -- one answer --------------------------------------------------------------------------------------------------

    def answer(self, handler):
        path = urllib.parse.unquote(handler.path.lstrip("/"))
        if self.mode == "503":
            return handler.whole(503, b"busy\n")
        if self.mode == "hang":
            return self.stopped.wait(30)
        content = self.find(path)
        for part, act in list(self.override.items()):
            if part in path:
                return act(handler, content)
        if content is None:
            return handler.whole(404, b"no such file\n")
        self.give(handler, path, content)

    def give(self, handler, path, content):
        etag = '"' + hashlib.sha256(content).hexdigest()[:16] + '"'
        wanted = re.fullmatch(r"bytes=(\d+)-", handler.headers.get("Range", ""))
        condition = handler.headers.get("If-Range")
        begin = int(wanted[1]) if wanted and condition in (None, etag) else 0
        if wanted and begin >= len(content):
            return handler.whole(416, b"", Content_Range=f"bytes */{len(content)}")
        if begin:
            handler.head(206, Content_Length=len(content) - begin, ETag=etag,
                         Content_Range=f"bytes {begin}-{len(content) - 1}/{len(content)}")
        else:
            handler.head(200, Content_Length=len(content), ETag=etag)
        cut = next((part for part in self.cut if part in path), None)
        end = len(content) if cut is None else min(len(content), begin + self.cut.pop(cut))
        rate = next((self.rate[part] for part in self.rate if part in path), None)
        if rate is None:
            handler.body(content[begin:end])
        else:
            step = max(1, rate // 20)
            for at in range(begin, end, step):
                handler.body(content[at:min(end, at + step)])
                if self.stopped.wait(0.05):
                    break
        if end < len(content):
            handler.close_connection = True


# -- what act may be in override ------------------------------------------------------------------------------------------

def damaged(handler, content):
    """As long as it should be, with another byte in the middle."""
    middle = len(content) // 2
    handler.whole(200, content[:middle] + bytes([content[middle] ^ 1]) + content[middle + 1:])


def short(handler, content):
    """Whole, as its Content-Length says, and a byte shorter than it should be."""
    handler.whole(200, content[:-1])


def too_long(handler, content):
    """Says so before the first byte."""
    handler.head(200, Content_Length=1 << 40)
    for _ in range(1000):
        handler.body(bytes(1 << 16))


def endless(handler, content):
    """Does not say so."""
    handler.head(200, Transfer_Encoding="chunked")
    while True:
        handler.wfile.write(b"10000\r\n" + bytes(1 << 16) + b"\r\n")
        handler.request_seen.sent += 1 << 16


def garbage(handler, content):
    handler.whole(200, b"<html>captive portal</html>\n")


def moved(url):
    def act(handler, content):
        handler.whole(302, b"", Location=url + handler.path)
    return act
