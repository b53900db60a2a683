# SPDX-License-Identifier: Apache-2.0
"""`kafka2s3 replay` and a broker that goes away, or whose answers never come: each row is sent once, in its order."""
import os
import time
import uuid

import pytest

import judge
from daemon import BINARY
from kafka_proxy import PRODUCE
from process import Process
from waiting import until
from wire import ANSWER, REQUEST

ROWS = 20000


class Replay:
    """20,000 rows in ten seconds, while something happens to Kafka."""

    def __init__(self, parts, directory):
        self.parts, self.topic = parts, parts.broker.create_topic(f"replay-{uuid.uuid4()}")
        csv, conf = directory / "rows.csv", directory / "replay.conf"
        csv.write_text("n\n" + "".join(f"{n}\n" for n in range(ROWS)))
        conf.write_text(f'kafka = {{ brokers = "{parts.proxied}"; topics = [ "none" ]; group = "none";\n'
                        'options = [ "reconnect.backoff.max.ms=500" ]; };\n'
                        f's3 = {{ bucket = "none"; }};\nreplay = {{ file = "{csv}"; topic = "{self.topic}";\n'
                        f'rate = {ROWS / 10}; order = "sequential"; }};\n')
        self.process = Process([os.path.abspath(BINARY), "-c", str(conf), "replay"], str(directory / "log"))

    def sent(self):
        return self.parts.broker.watermarks(self.topic)[0][1]

    def wait_sent(self, rows):
        until(lambda: f"{rows} rows, {self.process.tail()}", lambda: self.sent() >= rows, 30)

    def assert_each_row_once(self):
        assert self.process.wait_end(60) == 0, self.process.tail()
        found = [r.value for r in judge.read_topic(self.parts.broker, self.topic)[0]]
        assert found == [b'{"n":%d}' % n for n in range(ROWS)]
        self.parts.broker.delete_topic(self.topic)


@pytest.fixture
def replay(parts, tmp_path):
    r = Replay(parts, tmp_path)
    try:
        yield r
    finally:
        parts.kafka.calm()
        r.process.kill()


@pytest.mark.parametrize("at", [REQUEST, ANSWER])
def test_produce_requests_that_are_cut(replay, at):
    cuts = 0
    while cuts < 5 and replay.process.running():
        rule = replay.parts.kafka.rule(PRODUCE, at, "cut")
        until("a request, or the end", lambda rule=rule: rule.hit.is_set() or not replay.process.running(), 60)
        cuts += rule.hit.is_set()
        replay.wait_sent(min(replay.sent() + 1, ROWS))
    assert cuts >= 2
    replay.assert_each_row_once()


@pytest.mark.parametrize("seconds", [5, pytest.param(60, marks=pytest.mark.slow)])
def test_the_broker_is_away(replay, seconds):
    replay.wait_sent(ROWS // 10)
    replay.parts.broker.stop()
    time.sleep(seconds)
    assert replay.process.running()
    replay.parts.broker.start()
    replay.assert_each_row_once()
