# SPDX-License-Identifier: Apache-2.0
"""`kafka2s3 replay` as its user sees it: what each setting makes of a file, a bar or lines, bad rows by their lines,
and memory that does not grow with the file. Kafka is librdkafka's mock cluster."""
import json
import os
import pathlib
import pty
import re
import subprocess
import sys
import time

import pytest
from confluent_kafka import Consumer, KafkaError, TopicPartition

TOP = pathlib.Path(__file__).resolve().parents[2]
sys.path.insert(0, str(TOP / "tests" / "real"))

from process import Peak  # noqa: E402

PROGRAM = os.environ.get("KAFKA2S3_BIN", TOP / "build" / "kafka2s3")
MOCK_KAFKA = TOP / "build" / "tests" / "demo" / "mock_kafka"
TOPIC = "rows"
MIB = 1 << 20


@pytest.fixture
def brokers():
    kafka = subprocess.Popen([MOCK_KAFKA, TOPIC, "1"], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True)
    yield kafka.stdout.readline().strip()
    kafka.stdin.close()
    kafka.wait(60)


@pytest.fixture
def conf(tmp_path, brokers):
    """A function that writes rows and settings; libconfig reads the values as JSON writes them."""
    def write(rows, **replay):
        (tmp_path / "rows.csv").write_bytes(rows)
        given = {"file": str(tmp_path / "rows.csv"), "topic": TOPIC, "rate": 0.0, "order": "sequential", **replay}
        path = tmp_path / "replay.conf"
        path.write_text(f'kafka = {{ brokers = "{brokers}"; topics = [ "{TOPIC}" ]; group = "none"; }};\n'
                        's3 = { bucket = "none"; };\nreplay = {\n'
                        + "".join(f"{name} = {json.dumps(value)};\n" for name, value in given.items()) + "};\n")
        return path
    return write


def command(conf):
    return [PROGRAM, "-c", conf, "replay"]


def replay(conf, code=0):
    """What it says."""
    done = subprocess.run(command(conf), capture_output=True, text=True, timeout=300, check=False)
    assert done.returncode == code, done.stderr
    return done.stderr


def records(brokers):
    """All of the topic, in order."""
    consumer = Consumer({"bootstrap.servers": brokers, "group.id": "reader", "enable.partition.eof": True})
    consumer.assign([TopicPartition(TOPIC, 0, 0)])
    found = []
    try:
        while True:
            m = consumer.poll(60)
            assert m is not None, "the mock cluster does not answer"
            if m.error() is None:
                found.append(m)
            elif m.error().code() == KafkaError._PARTITION_EOF:
                return found
    finally:
        consumer.close()


def values(brokers):
    return [m.value().decode() for m in records(brokers)]


def test_columns(conf, brokers):
    replay(conf(b'id;code;at;text\n1;007;2026-01-02 03:04:05;x\n2;5;1767323046;"y;z"\n',
                delimiter=";", strings=["code"], key_column="id", timestamp_column="at"))
    found = records(brokers)
    assert [m.value() for m in found] == [b'{"id":1,"code":"007","at":"2026-01-02 03:04:05","text":"x"}',
                                          b'{"id":2,"code":"5","at":1767323046,"text":"y;z"}']
    assert [m.key() for m in found] == [b"1", b"2"]
    assert [m.timestamp()[1] for m in found] == [1767323045000, 1767323046000]


def test_without_a_header_again_and_again_to_a_limit(conf, brokers):
    replay(conf(b"1,x\n2,y\n", header=False, loop=True, limit=5))
    assert values(brokers) == [f'{{"column1":{n},"column2":"{text}"}}' for n, text in
                               [(1, "x"), (2, "y"), (1, "x"), (2, "y"), (1, "x")]]


def test_the_seed_makes_the_order(conf, brokers):
    rows = b"n\n" + b"".join(b"%d\n" % n for n in range(200))
    for seed in (7, 7, 8):
        replay(conf(rows, order="random", seed=seed))
    found = values(brokers)
    first, same, other = found[:200], found[200:400], found[400:]
    assert first == same != other
    assert sorted(first) == sorted(other) == sorted(f'{{"n":{n}}}' for n in range(200)) != first


def sent_after(brokers, began):
    """Milliseconds to each record."""
    return [m.timestamp()[1] - began for m in records(brokers)]


@pytest.mark.parametrize("more, wanted", [
    ({"rate": 2.5}, [0, 400, 800, 1200]),
    ({"pace_column": "at", "pace_factor": 2.0}, [0, 500, 500, 1500]),
])
def test_pace(conf, brokers, more, wanted):
    began = int(time.time() * 1000)
    replay(conf(b"at\n2026-01-01 00:00:00\n2026-01-01 00:00:01\n2026-01-01 00:00:01\n2026-01-01 00:00:03\n", **more))
    found = sent_after(brokers, began)
    assert len(found) == len(wanted)
    assert all(at <= is_at <= at + 30000 for is_at, at in zip(found, wanted, strict=True)), found


BAD_ROWS = b"a,b\n1,2\n1\n\xff,1\n3,4\n"


def test_bad_rows_are_told_by_their_lines_and_skipped(conf, brokers):
    said = replay(conf(BAD_ROWS))
    assert "line 3: 1 fields where 2 are expected; skipped\n" in said
    assert 'line 4: column "a" is not UTF-8; skipped\n' in said
    assert " 2 skipped" in said.splitlines()[-1]
    assert values(brokers) == ['{"a":1,"b":2}', '{"a":3,"b":4}']


def test_strict_ends_at_the_first_bad_row(conf, brokers):
    assert "line 3: 1 fields where 2 are expected" in replay(conf(BAD_ROWS, strict=True), code=65)
    assert values(brokers) == ['{"a":1,"b":2}']


def numbers(n):
    return b"n\n" + b"".join(b"%d\n" % i for i in range(n))


def test_a_bar_on_a_terminal(conf):
    ours, theirs = pty.openpty()
    child = subprocess.Popen(command(conf(numbers(30), rate=20.0)), stdin=subprocess.DEVNULL, stderr=theirs)
    os.close(theirs)
    said = b""
    try:
        while more := os.read(ours, 65536):
            said += more
    except OSError:
        pass  # how a terminal says that nobody holds its other end
    os.close(ours)
    assert child.wait(60) == 0
    bars = re.findall(rb"\r\x1b\[Krows \[(#*)\.*\] +\d+ %", said)
    assert len(bars) >= 3 and len(bars[0]) < len(bars[-1]), said
    assert b'30 rows of "' in said


def test_a_line_every_ten_seconds_elsewhere(conf):
    began = time.monotonic()
    said = replay(conf(numbers(24), rate=2.0))
    took = time.monotonic() - began
    told = re.findall(r' info    replay: (\d+) rows sent to "rows", \d+ %, ', said)
    assert took > 11 and 1 <= len(told) <= took // 10 and 1 <= int(told[0]) <= 24, said
    assert "\r" not in said and "\033" not in said


@pytest.mark.plain  # a sanitizer's memory is no measure
@pytest.mark.parametrize("order", ["sequential", "random"])
def test_memory_does_not_grow_with_the_file(conf, order):
    """The smaller file fills the client's queue too. Random order has an index of 16 bytes a row (and ends to grow at
    32 MiB, tests/replay/test_order.c)."""
    def peak(rows):
        text = b"n,text\n" + b"".join(b"%08d,a text of forty characters for each row\n" % n for n in range(rows))
        child = subprocess.Popen(command(conf(text, order=order)), stderr=subprocess.DEVNULL)
        watch = Peak(child.pid)
        assert child.wait(400) == 0
        watch.join(5)
        return watch.bytes

    small, large = peak(200_000), peak(1_200_000)
    index = 16 * 1_000_000 if order == "random" else 0
    assert large <= small + index + 8 * MIB, f"{small / MIB:.1f} and {large / MIB:.1f} MiB"
