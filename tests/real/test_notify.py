# SPDX-License-Identifier: Apache-2.0
"""What a service manager hears of the daemon."""
import json
import re
import signal
import socket
import threading

from asking import ask
from rows import stock_rows


class Manager:
    """The other end of NOTIFY_SOCKET: all that came, in order."""

    def __init__(self, case):
        name = f"kafka2s3-{case.name}"
        self.address = "@" + name
        self.messages = []
        self.socket = socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM)
        self.socket.bind("\0" + name)
        threading.Thread(target=self._hear, daemon=True).start()

    def _hear(self):
        while True:
            try:
                text = self.socket.recv(4096).decode()
            except OSError:
                return
            self.messages.append(dict(line.split("=", 1) for line in text.splitlines()))

    def heard(self, since=0, **wanted):
        """The first message, from that number on, whose fields match these patterns."""
        return next((m for m in self.messages[since:]
                     if all(re.search(pattern, m.get(field, "")) for field, pattern in wanted.items())), None)

    def wait(self, case, since=0, **wanted):
        return case.until(lambda: f"{wanted}, heard {self.messages[since:]}", lambda: self.heard(since, **wanted), 90)


def test_ready_alive_reloaded_and_stopping(case):
    manager = Manager(case)
    topic = case.topic()
    case.produce(topic, stock_rows(100))
    first = case.daemon(topic, start=False, roll={"age": "1s"}, start_timeout="60s")
    first.env = {"NOTIFY_SOCKET": manager.address, "WATCHDOG_USEC": "2000000"}
    first.start()
    assert "waits for" not in manager.wait(case, READY="^1$")["STATUS"]
    case.wait_landed(topic)
    manager.wait(case, STATUS="^lands 1 partition, 0 records behind")
    since = len(manager.messages)
    for _ in range(2):
        manager.wait(case, since, WATCHDOG="^1$")
        since = len(manager.messages)
    first.send(signal.SIGHUP)
    assert int(manager.wait(case, since, RELOADING="^1$")["MONOTONIC_USEC"]) > 0
    manager.wait(case, since, READY="^1$", STATUS="^the settings are loaded anew")

    standby = case.daemon(topic, start=False)
    standby.env = first.env
    since = len(manager.messages)
    standby.start()
    assert manager.wait(case, since, READY="^1$")
    manager.wait(case, since, STATUS=f'^stands by: the group "{case.group}" has no partitions|^lands 1 partition')
    since = len(manager.messages)
    assert standby.terminate(60) == 0
    assert manager.wait(case, since, STOPPING="^1$")
    assert first.terminate(60) == 0
    assert case.judge(topic).rows == 100


def health(place, path):
    code, _headers, body = ask(place, path)
    return code, json.loads(body)


def test_ready_by_the_timeout_while_s3_is_away(case, place):
    """And it says so, before and after, to whoever asks, gives signs of life for longer than the watchdog waits, and
    goes on when S3 is back."""
    manager = Manager(case)
    topic = case.topic()
    case.produce(topic, stock_rows(100))
    case.gateway.stop()
    d = case.daemon(topic, start=False, start_timeout="2s", status={"socket": place})
    d.env = {"NOTIFY_SOCKET": manager.address, "WATCHDOG_USEC": "3000000"}
    d.start()
    port = str(case.gateway.port)
    assert port in manager.wait(case, READY="^1$", STATUS="^waits for S3: ")["STATUS"]
    since = len(manager.messages)
    manager.wait(case, since, STATUS="^waits for S3: ")
    case.until("signs of life, a quarter of the watchdog's time between them",
               lambda: sum("WATCHDOG" in m for m in manager.messages[since:]) > 5, 60)
    manager.wait(case, len(manager.messages), STATUS="^waits for S3: ")
    code, said = health(place, "/readyz")
    assert (code, said["live"], said["ready"]) == (503, True, False) and said["why"].startswith("starting: waits for ")
    code, said = health(place, "/healthz")
    assert (code, said["live"], said["ready"]) == (200, True, False)
    since = len(manager.messages)
    case.gateway.start()
    manager.wait(case, since, STATUS="^lands 1 partition")
    case.wait_landed(topic, seconds=90)
    case.until("it to say that it is ready", lambda: health(place, "/readyz")[0] == 200, 60)
    assert sum("READY" in m for m in manager.messages) == 1
    assert d.terminate(60) == 0
    assert case.judge(topic).rows == 100
