"""A web server with range support that counts: what a file costs to read from afar."""

import contextlib
import http.server
import os
import re
import threading


class Counter:
    def __init__(self):
        self.lock = threading.Lock()
        self.requests = []  # (method, path, range, bytes of body sent)

    def add(self, *request):
        with self.lock:
            self.requests.append(request)

    def take(self):
        """What has been asked since the last call."""
        with self.lock:
            taken, self.requests = self.requests, []
        return taken


class Handler(http.server.BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"

    def do_HEAD(self):
        self.answer(False)

    def do_GET(self):
        self.answer(True)

    def answer(self, with_body):
        path = os.path.join(self.server.folder, os.path.basename(self.path))
        wanted = self.headers.get("Range", "")
        if not os.path.isfile(path):
            self.server.counter.add(self.command, self.path, wanted, 0)
            self.send_response(404)
            self.send_header("Content-Length", "0")
            self.end_headers()
            return
        size = os.path.getsize(path)
        several = re.fullmatch(r"bytes=(\d+-\d+(,\s*\d+-\d+)+)", wanted)
        if several:
            self.answer_parts(path, size, wanted, several[1].split(","))
            return
        first, last = 0, size - 1
        match = re.fullmatch(r"bytes=(\d+)-(\d*)", wanted)
        if match:
            first, last = int(match[1]), min(int(match[2] or last), last)
        self.send_response(206 if match else 200)
        self.send_header("Accept-Ranges", "bytes")
        if match:
            self.send_header("Content-Range", f"bytes {first}-{last}/{size}")
        self.send_header("Content-Length", str(last + 1 - first))
        self.end_headers()
        sent = 0
        if with_body:
            with open(path, "rb") as file:
                file.seek(first)
                body = file.read(last + 1 - first)
            with contextlib.suppress(ConnectionError):  # a client may have seen enough
                self.wfile.write(body)
                sent = len(body)
        self.server.counter.add(self.command, self.path, wanted, sent)

    def answer_parts(self, path, size, wanted, ranges):
        """Several ranges in one answer (RFC 9110, 14.6), as Apache and nginx send them."""
        body = b""
        with open(path, "rb") as file:
            for part in ranges:
                first, last = (int(number) for number in part.split("-"))
                file.seek(first)
                head = f"--PART\r\nContent-Range: bytes {first}-{min(last, size - 1)}/{size}\r\n\r\n"
                body += head.encode() + file.read(last + 1 - first) + b"\r\n"
        body += b"--PART--\r\n"
        self.send_response(206)
        self.send_header("Content-Type", "multipart/byteranges; boundary=PART")
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)
        self.server.counter.add(self.command, self.path, wanted, len(body))

    def log_message(self, *arguments):
        pass


@contextlib.contextmanager
def serve(folder):
    """Serves the files of a folder; yields the address, without a slash at the end, and the counter."""
    server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    server.daemon_threads = True
    server.folder, server.counter = folder, Counter()
    threading.Thread(target=server.serve_forever, daemon=True).start()
    try:
        yield f"http://127.0.0.1:{server.server_port}", server.counter
    finally:
        server.shutdown()
        server.server_close()
