# SPDX-License-Identifier: Apache-2.0
"""The daemon's page in a browser: Chromium without a screen, wide and on a phone. Installs it where it is missing."""
import http.server
import os
import shutil
import subprocess
import tempfile
import threading

import pytest

from asking import Page, ask, status

pytestmark = [pytest.mark.slow, pytest.mark.plain]
QUIET = ["--headless", "--no-sandbox", "--disable-gpu", "--disable-quic", "--no-first-run",
         "--disable-background-networking", "--disable-component-update", "--disable-sync", "--hide-scrollbars"]
SHOTS = os.path.join(os.path.dirname(os.path.abspath(__file__)), "..", "..", "build", "page")
PNG = b"\x89PNG\r\n\x1a\n"


@pytest.fixture(scope="module")
def chromium():
    if shutil.which("chromium") is None:
        env = {**os.environ, "DEBIAN_FRONTEND": "noninteractive"}
        subprocess.run(["apt-get", "-qq", "update"], check=True, env=env, timeout=600)
        subprocess.run(["apt-get", "-qq", "-y", "--no-install-recommends", "install", "chromium"], check=True, env=env,
                       timeout=1200)
    return shutil.which("chromium")


@pytest.fixture
def front():
    """A server before the daemon's socket, which counts how often the page is asked for. Set .socket first."""
    class Handler(http.server.BaseHTTPRequestHandler):
        def do_GET(self):
            self.server.asked.append(self.path)
            code, headers, body = ask(self.server.socket_path, self.path)
            self.send_response(code)
            for name, value in headers.items():
                if name not in ("Date", "Connection"):
                    self.send_header(name, value)
            self.end_headers()
            self.wfile.write(body)

        def log_message(self, *_args):
            pass

    server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    server.asked = []
    thread = threading.Thread(target=server.serve_forever)
    thread.start()
    yield server
    server.shutdown()
    thread.join()
    server.server_close()


def browse(chromium, url, *options):
    """What it prints, with a new and empty profile."""
    with tempfile.TemporaryDirectory() as profile:
        done = subprocess.run([chromium, *QUIET, f"--user-data-dir={profile}", *options, url], capture_output=True,
                              timeout=300, check=False)
    assert done.returncode == 0, done.stderr[-2000:]
    return done.stdout.decode()


def test_the_page_in_a_browser(case, chromium, front):
    topic = case.topic(2)
    case.produce(topic, [b'{"n":%d}' % n for n in range(200)], partitions=2)
    with tempfile.TemporaryDirectory(prefix="k2s-") as directory:
        front.socket_path = os.path.join(directory, "d.sock")
        case.daemon(topic, status={"socket": front.socket_path})
        case.wait_landed(topic, seconds=60)
        case.until("a page that knows it", lambda: status(front.socket_path)["kafka"]["lag"] == 0 and
                   status(front.socket_path)["totals"]["objects"] == 2, 60)
        url = f"http://127.0.0.1:{front.server_address[1]}/"

        # Timers run at once, so that the script has asked again before the page is printed.
        page = Page(browse(chromium, url, "--dump-dom", "--virtual-time-budget=12000"))
        assert page.texts["group"] == case.group and page.texts["health"] == "ready"
        assert len(page.tables["last"]) == 3 and len(page.tables["partitions"]) == 3
        assert front.asked.count("/") >= 2 and set(front.asked) == {"/"}, front.asked

        # Without scripts the browser asks again by itself; that all is in what it gets is seen in test_status.py.
        front.asked.clear()
        with tempfile.TemporaryDirectory(ignore_cleanup_errors=True) as profile, subprocess.Popen(
                [chromium, *QUIET, f"--user-data-dir={profile}", "--remote-debugging-port=0",
                 "--blink-settings=scriptEnabled=false", url], stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL
        ) as browser:
            try:
                case.until("it to ask again", lambda: front.asked.count("/") >= 2, 60)
            finally:
                browser.terminate()

        os.makedirs(SHOTS, exist_ok=True)
        for name, size in (("wide", "1280,900"), ("phone", "390,844")):
            shot = os.path.join(SHOTS, f"{name}.png")
            browse(chromium, url, f"--screenshot={shot}", f"--window-size={size}")
            with open(shot, "rb") as f:
                head = f.read(24)
            assert head.startswith(PNG) and int.from_bytes(head[16:20], "big") == int(size.split(",")[0])
            print(f"\nlook at {os.path.relpath(shot)}")
