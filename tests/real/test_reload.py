# SPDX-License-Identifier: Apache-2.0
"""SIGHUP: what takes effect without a restart, from the next range on, and what a bad file changes."""
import json
import random
import re
import signal
import socket
import socketserver
import threading
import time

import pytest

import gateway
import judge
from rows import HOUR_MS, NOON, Feeder, stock_rows

DEBUG = r"(?m)^\S+Z debug "
NEVER = {"age": "1h", "bytes": "1GiB", "records": 0}


def reload(d, topic, **settings):
    """Write the file anew and have it loaded. The report comes behind it, through all threads."""
    before = len(re.findall(r" reload: ", d.log()))
    d.write(**settings)
    d.send(signal.SIGHUP)
    d.wait_says(r" reload: .*\n", count=before + 1, seconds=60)
    d.state(topic, 0)
    return re.findall(r" reload: (.*)\n", d.log())[before]


def causes(d):
    return re.findall(r": sealed \[\d+, \d+\) as [0-9a-f]{16} by (\w+)", d.log())


def letters(j):
    return [json.loads(line) for o in j.objects if o.prefix == "dead-letter" for line in o.lines()]


@pytest.mark.asan
@pytest.mark.tsan
def test_settings_take_effect_without_a_rebalance(case, tmp_path):
    topic, secret = case.topic(2), tmp_path / "secret"
    secret.write_text(gateway.SECRET_KEY + "\n")
    d = case.daemon(topic, s3={"secret_access_key": f"file:{secret}"}, log={"level": "debug"},
                    roll={**NEVER, "records": 50})
    case.produce(topic, stock_rows(100), partitions=2)
    case.wait_landed(topic, seconds=60)
    given = d.says(r"the group gave .*\n").group()
    assert sorted(causes(d)) == ["records"] * 2

    # A file that does not load, and one that needs a restart.
    good = d.settings
    with open(d.conf, "a", encoding="utf-8") as f:
        f.write("log_ = { };\n")
    line = len(good) + 1
    d.send(signal.SIGHUP)
    d.wait_says(rf"reload: nothing is changed: {re.escape(d.conf)}:{line}: ", seconds=60)
    assert reload(d, topic, memory="300MiB", uploaders=2) == "nothing that is reloadable has changed"
    d.wait_says(r"reload: needs a restart, the running value stays: memory, uploaders\n", seconds=60)
    d.settings = good
    case.produce(topic, stock_rows(100, first=100), partitions=2)
    case.wait_landed(topic, seconds=60)
    assert sorted(causes(d)) == ["records"] * 4

    # Another roll, and records that nobody looks into.
    said = reload(d, topic, roll={**NEVER, "age": "1s"}, kafka={"skip": [f"{topic}:0:102", f"{topic}:1:100"]})
    assert said.endswith(": kafka.skip, roll.records, roll.age")
    case.produce(topic, stock_rows(10, first=200), partitions=2)
    case.wait_landed(topic, seconds=60)
    assert set(causes(d)[4:]) == {"age"}

    # A secret that was changed in its own file.
    case.gateway.restart(secret="another/secret")
    secret.write_text("another/secret\n")
    case.s3 = case.gateway.client()
    assert reload(d, topic).endswith(": s3.secret_access_key")
    case.produce(topic, stock_rows(10, first=210), partitions=2)
    case.wait_landed(topic, seconds=90)

    # A partition that waits for a person is released by the person's word.
    mixed = [b"not json %d" % n if n % 2 == 0 else row for n, row in enumerate(stock_rows(6000, first=1000))]
    case.produce(topic, mixed, partitions=2)
    d.wait_says(r"partition 0: waits for a person: too many of its records cannot be written", seconds=60)
    assert reload(d, topic, output={"dead_letter_limit": "100%"}, log={"level": "info"}
                  ).endswith(": output.dead_letter_limit, log.level")
    reloaded = len(d.log())
    case.wait_landed(topic, seconds=90)
    before, after = d.log()[:reloaded], d.log()[reloaded:]
    assert re.search(DEBUG, before) and not re.search(DEBUG, after) and "Z info " in after

    assert re.findall(r"the group gave .*\n", d.log()) == [given]
    assert not d.says(r"the group takes|lost: what was not committed")
    assert "another/secret" not in d.log() and gateway.SECRET_KEY not in d.log()
    assert d.terminate(60) == 0
    j = case.judge(topic, skip=[(0, 102), (1, 100)])
    case.gateway.restart()
    assert (j.rows, j.dead) == (218 + 3000, 2 + 3000)
    assert sum(letter["reason"] == "skip" for letter in letters(j)) == 2


class Wire(socketserver.ThreadingTCPServer):
    """Stands before the gateway: keeps what requests say, can let nothing pass, and knows whom it holds."""
    daemon_threads = True

    def __init__(self, port):
        self.behind, self.heads, self.held = port, [], set()
        self.passes = threading.Event()
        self.passes.set()
        super().__init__(("127.0.0.1", 0), Passage)
        self.endpoint = f"http://127.0.0.1:{self.server_address[1]}"
        threading.Thread(target=self.serve_forever, daemon=True).start()

    def seen(self, what):
        return any(re.search(what, head) for head in self.heads)


class Passage(socketserver.BaseRequestHandler):
    def handle(self):
        with socket.create_connection(("127.0.0.1", self.server.behind)) as behind:
            threading.Thread(target=self.move, args=(behind, self.request), daemon=True).start()
            self.move(self.request, behind, self.server.heads)

    def move(self, source, target, heads=None):
        try:
            while data := source.recv(65536):
                if heads is not None:
                    self.server.held.add(self)
                    self.server.passes.wait()
                    self.server.held.discard(self)
                    heads.append(data.decode("latin-1").split("\r\n\r\n")[0])
                target.sendall(data)
            target.shutdown(socket.SHUT_WR)
        except OSError:
            pass


def land(case, topic, count, first, hours=1):
    case.produce(topic, stock_rows(count, first=first), timestamp=lambda i: NOON + i % hours * HOUR_MS)
    case.wait_landed(topic, seconds=90)


def test_each_other_setting_takes_effect(case, tmp_path):
    """Those of a generation that the test above does not change: each by what can be seen of it."""
    topic, other, keys = case.topic(), case.topic(suffix="-other"), tmp_path / "keys"
    wire = Wire(case.gateway.port)
    d = case.daemon(topic, other, s3={"endpoint": wire.endpoint}, log={"level": "debug"},
                    roll={**NEVER, "records": 60}, override=[{"topics": [other], "roll": {"records": 1000}}])
    land(case, topic, 60, 0)

    # Rolls of all topics, and of one.
    assert reload(d, topic, roll={"records": 0, "bytes": "16KiB", "age": "10s"},
                  override=[{"topics": [other], "roll": {"records": 7, "bytes": 0}}]
                  ).endswith(": roll.bytes, roll.records, roll.age")
    noise = [json.dumps({"noise": random.Random(n).randbytes(3000).hex()}).encode() for n in range(300)]
    case.produce(topic, noise)
    d.wait_says(r"sealed \[60, \d+\) as [0-9a-f]{16} by bytes", seconds=60)
    case.produce(other, stock_rows(7))
    case.wait_landed(other, seconds=60)
    reload(d, topic, roll={"age": "1s", "bytes": 0}, override=[{"topics": [other], "roll": {"age": "1s"}}])
    case.wait_landed(topic, seconds=60)

    # Credentials: a token that goes with them, another key, and another source.
    assert reload(d, topic, s3={"session_token": "a-token"}).endswith(": s3.session_token")
    case.produce(topic, stock_rows(10, first=100), timestamp=NOON)
    case.until("a request with the token, which is refused",
               lambda: wire.seen(r"(?im)^x-amz-security-token: a-token\r?$"), 60)
    assert reload(d, topic, s3={"access_key_id": "AKIANOSUCHKEY", "session_token": ""}
                  ).endswith(": s3.access_key_id, s3.session_token")
    case.produce(topic, stock_rows(10, first=110), timestamp=NOON)
    d.wait_says(r"partition 0: waits for a person to mend what S3 refuses", seconds=60)
    assert wire.seen("Credential=AKIANOSUCHKEY/")
    keys.write_text(f"[default]\naws_access_key_id={gateway.ACCESS_KEY}\n"
                    f"aws_secret_access_key={gateway.SECRET_KEY}\n")
    assert reload(d, topic, s3={"access_key_id": "", "secret_access_key": "", "credentials_file": str(keys)}
                  ).endswith(": s3.access_key_id, s3.secret_access_key, s3.credentials_file")
    case.wait_landed(topic, seconds=90)

    # Connections: as many as there are calls to make, and then two.
    def calls_at_once(expected, first):
        wire.passes.clear()
        case.produce(topic, stock_rows(60, first=first), timestamp=lambda i: NOON + i % 6 * HOUR_MS)
        case.until(lambda: f"{expected} calls at once, there are {len(wire.held)}",
                   lambda: len(wire.held) >= expected, 60)
        time.sleep(1)
        found = len(wire.held)
        wire.passes.set()
        case.wait_landed(topic, seconds=90)
        return found

    assert calls_at_once(6, 200) >= 6
    assert reload(d, topic, s3={"connections": 2}).endswith(": s3.connections")
    assert calls_at_once(2, 300) == 2

    # Bandwidth: what is sent takes its time.
    assert reload(d, topic, s3={"bandwidth": "100KiB"}, roll={"age": "3s"}).endswith(": s3.bandwidth, roll.age")
    bulk = [json.dumps({"bulk": random.Random(n).randbytes(3000).hex()}).encode() for n in range(400)]
    began = time.monotonic()
    case.produce(topic, bulk, timestamp=NOON)
    case.wait_landed(topic, seconds=180)
    assert time.monotonic() - began > 6     # 1.2 MB compressed at 100 KiB/s, but for a burst

    # The log's own form.
    assert reload(d, topic, s3={"bandwidth": 0}, log={"format": "json"})
    case.until("a line in JSON", lambda: d.log().splitlines()[-1].startswith("{"), 60)
    assert json.loads(d.log().splitlines()[-1])["message"]
    assert not d.says(r"lost: what was not committed")
    assert d.terminate(60) == 0
    assert case.judge(other).rows == 7


# An eager client that learns of a new topic joins again without waiting for the answer to its revoke: what was being
# finished must be dropped then, which the leak check sees.
@pytest.mark.parametrize("strategy", ["cooperative-sticky", pytest.param("range", marks=pytest.mark.asan)])
def test_topics_come_and_go(case, strategy):
    """What is taken out is landed and committed before the group has it back, and goes on there when it comes again."""
    stays, goes = case.topic(2, suffix="-stays"), case.topic(2, suffix="-goes")
    options = [f"partition.assignment.strategy={strategy}", *case.settings([])["kafka"]["options"]]
    d = case.daemon(stays, kafka={"options": options}, roll={"age": "2s"}, uploaders=2)
    with Feeder(case.broker, stays, 2, per_second=500) as one, Feeder(case.broker, goes, 2, per_second=500) as two:
        case.wait_progress(stays, seconds=60)
        assert reload(d, stays, kafka={"topics": [stays, goes]}).endswith(": kafka.topics")
        case.wait_progress(goes, seconds=60)
        case.wait_progress(stays, seconds=60)
        told = len(re.findall(r"are subscribed to anew", d.log()))  # a revoke may come for other reasons
        reload(d, stays, kafka={"topics": [stays]})
        d.wait_says(r"are subscribed to anew", count=told + 1, seconds=60)
        for partition in (0, 1):
            assert not judge.names_intent(case.text(goes, partition))
        taken_out = case.committed(goes)
        case.wait_progress(stays, seconds=60)
        assert case.committed(goes) == taken_out
        reload(d, stays, kafka={"topics": [f"^t-{case.name}-"]})
        case.wait_progress(goes, seconds=60)
    case.wait_landed(stays, goes, seconds=90)
    assert not d.says(r"lost: what was not committed|stays so: it goes on there")
    assert d.terminate(60) == 0
    assert case.judge(stays).rows == one.sent
    assert case.judge(goes).rows == two.sent
