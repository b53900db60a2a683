# SPDX-License-Identifier: Apache-2.0
"""AWS as the tests here meet it: moto, and a server that answers what a test says."""
import http.server
import os
import pathlib
import signal
import subprocess
import sys
import threading
import time
import urllib.request
from dataclasses import dataclass, field

import pytest

TOP = pathlib.Path(__file__).resolve().parent.parent.parent


def wait_until(condition, what, seconds=120):
    deadline = time.monotonic() + seconds
    while not condition():
        assert time.monotonic() < deadline, f"not within {seconds} s: {what()}"
        time.sleep(0.05)


@pytest.fixture(scope="session")
def moto(tmp_path_factory):
    """Its address; it checks signatures and policies from moto_checks() on."""
    path = tmp_path_factory.mktemp("moto") / "log"
    log = open(path, "w+")
    code = "import sys, moto.server; sys.argv[1:] = ['-H', '127.0.0.1', '-p', '0']; moto.server.main()"
    process = subprocess.Popen([sys.executable, "-c", code], stdout=log, stderr=log, start_new_session=True)

    def address():
        text = path.read_text()
        assert process.poll() is None, text
        return text.partition("Running on ")[2].split("\n")[0].strip()
    try:
        wait_until(address, lambda: path.read_text())
        yield address()
    finally:
        os.killpg(process.pid, signal.SIGKILL)
        process.wait()
        log.close()


def moto_checks(endpoint, after=0):
    """So many requests it takes as they come, and checks the others."""
    request = urllib.request.Request(endpoint + "/moto-api/reset-auth", data=str(after).encode(), method="POST",
                                     headers={"content-type": "text/plain"})
    assert urllib.request.urlopen(request).status == 200


@dataclass
class Said:
    method: str
    path: str
    headers: dict
    body: bytes


@dataclass
class Answers:
    """What the server says, one after the other; the last one for ever. A function is asked for what to say."""
    endpoint: str = ""
    queue: list = field(default_factory=list)   # (status, body, headers), or a function of Said that gives one
    said: list = field(default_factory=list)

    def then(self, status, body="", **headers):
        self.queue.append((status, body, {n.replace("_", "-"): v for n, v in headers.items()}))
        return self


@pytest.fixture
def answers():
    a = Answers()
    lock = threading.Lock()

    class Handler(http.server.BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"

        def do(self):
            body = self.rfile.read(int(self.headers.get("content-length", 0)))
            said = Said(self.command, self.path, {n.lower(): v for n, v in self.headers.items()}, body)
            with lock:
                a.said.append(said)
                now = a.queue.pop(0) if len(a.queue) > 1 else a.queue[0]
            status, text, headers = now(said) if callable(now) else now
            if status == 0:
                self.close_connection = True
                return
            data = text.encode()
            self.send_response_only(status)
            for name, value in {"content-length": str(len(data)), **headers}.items():
                self.send_header(name, value)
            self.end_headers()
            self.wfile.write(data)

        do_POST = do_GET = do_PUT = do

        def log_message(self, *_):
            pass

    server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    server.daemon_threads = True
    a.endpoint = f"http://127.0.0.1:{server.server_port}"
    thread = threading.Thread(target=server.serve_forever, daemon=True)
    thread.start()
    yield a
    server.shutdown()
    server.server_close()
