# SPDX-License-Identifier: Apache-2.0
"""What the bench stands on: rows, a broker, places to write to, and children whose CPU is counted to the end."""
import json
import os
import pathlib
import random
import re
import shutil
import signal
import subprocess
import sys
import time
import urllib.request

TOP = pathlib.Path(__file__).resolve().parents[2]
sys.path.insert(0, str(TOP / "tests" / "real"))

import broker as broker_module  # noqa: E402
import daemon as daemon_module  # noqa: E402
from broker import Broker  # noqa: E402
from gateway import ACCESS_KEY, REGION, SECRET_KEY, Gateway  # noqa: E402
from process import Peak, Process  # noqa: E402
from waiting import until  # noqa: E402

from confluent_kafka import Consumer, TopicPartition  # noqa: E402

CACHE = pathlib.Path(os.environ.get("KAFKA2S3_CACHE", pathlib.Path.home() / ".cache" / "kafka2s3"))
PROGRAMS = TOP / "build" / "tests" / "bench"
DAEMON = TOP / "build" / "kafka2s3"
TICKS = os.sysconf("SC_CLK_TCK")
MIB = 1 << 20
MEMORY = 256 * MIB
NAMES = ["NYA", "IXIC", "HSI", "000001.SS", "GSPTSE", "399001.SZ", "NSEI", "GDAXI", "KS11", "SSMI", "TWII", "J203.JO"]

# A broker that lives long: let its compiler do all that it can.
broker_module.HEAP = "-Xmx2g"
broker_module.QUICK = ["-XX:+UseG1GC", "-Xshare:auto"]


def row(n, rng):
    price = 500 + 69500 * rng.random()
    return (f'{{"n":{n},"Index":"{NAMES[n % 12]}","Exchange":"stock exchange number {n % 12}",'
            f'"Date":"{1965 + n % 57}-{1 + n % 12:02}-{1 + n % 28:02}","Open":{price:.6f},"High":{price * 1.01:.6f},'
            f'"Low":{price * 0.98:.6f},"Close":{price * 1.003:.6f},"Adj Close":{price * 1.003:.6f},'
            f'"Volume":{int(price * 98765)},"Trades":{n % 9973},"CloseUSD":{price * 0.13:.9f}}}').encode()


def rows_file(directory, count):
    """JSON rows of about 250 bytes, one a line."""
    path = pathlib.Path(directory) / f"rows-{count}.json"
    if not path.exists():
        rng = random.Random(1)
        with open(path.with_suffix(".new"), "wb", buffering=MIB) as f:
            for n in range(count):
                f.write(row(n, rng) + b"\n")
        path.with_suffix(".new").rename(path)
    return path


def lines_of(path):
    with open(path, "rb", buffering=MIB) as f:
        for line in f:
            yield line[:-1]


def of_size(size, total_bytes):
    """Messages of that size, made of rows; a multiple of 16, so that the last roll by number is at the end."""
    rng = random.Random(2)
    plain = [row(n, rng) for n in range(4000)]
    longest, filling = max(map(len, plain)) + 1, b"".join(plain[:100]).replace(b'"', b"'")
    for n in range(total_bytes // size // 16 * 16):
        if size < 200:
            yield b'{"n":%d,"text":"' % n + plain[n % 4000][:size - 22].replace(b'"', b"'") + b'"}'
        else:
            at, count = n % 2000, max(1, (size - 64) // longest)
            start = b'{"n":%d,"rows":[%b],"text":"' % (n, b",".join(plain[at:at + count]))
            yield start + filling[:max(0, size - len(start) - 2)] + b'"}'


class Result:
    def __init__(self, cpu=0.0, wall=0.0, peak=0, **more):
        self.cpu, self.wall, self.peak = cpu, wall, peak
        self.__dict__.update(more)


def clock_of(pid):
    """CPU seconds of a process that goes on."""
    with open(f"/proc/{pid}/stat") as f:
        fields = f.read().rsplit(")", 1)[1].split()
    return (int(fields[11]) + int(fields[12])) / TICKS


def run(argv, stdout=subprocess.PIPE, env=None):
    """A program to its end: CPU of it and all it started, wall from start to end, and what it printed."""
    began = time.monotonic()
    p = subprocess.Popen([str(a) for a in argv], stdout=stdout, env={**os.environ, **(env or {})})
    out = p.stdout.read() if p.stdout else b""
    _pid, status, usage = os.wait4(p.pid, 0)
    p.returncode = os.waitstatus_to_exitcode(status)
    if p.returncode != 0:
        raise RuntimeError(f"{argv[0]} ended with {p.returncode}")
    return Result(usage.ru_utime + usage.ru_stime, time.monotonic() - began, out=out)


class Sink:
    """tests/bench/sink.c"""
    name = "sink"

    def __init__(self, delay_ms=0):
        self.popen = subprocess.Popen([PROGRAMS / "sink", str(delay_ms)], stdout=subprocess.PIPE)
        self.pid = self.popen.pid
        self.endpoint = f"http://127.0.0.1:{int(self.popen.stdout.readline())}"
        self.bucket = "bench"

    def totals(self):
        with urllib.request.urlopen(self.endpoint, timeout=10) as answer:
            return json.load(answer)

    def last_published(self):
        return self.totals()["last"]

    def last_part(self):
        return self.totals()["part"]

    def close(self):
        self.popen.kill()
        self.popen.wait()


class Landing:
    """versitygw, which checks signatures and keeps files."""
    name = "versitygw"

    def __init__(self, directory):
        self.dir = pathlib.Path(directory)
        shutil.rmtree(self.dir, ignore_errors=True)
        self.dir.mkdir(parents=True)
        self.gateway = Gateway(self.dir, str(CACHE / "bin" / "versitygw"))
        self.gateway.start()
        self.endpoint, self.pid = self.gateway.endpoint, self.gateway.process.pid
        self.bucket = "bench"
        self.gateway.client().create_bucket(Bucket=self.bucket)

    def objects(self):
        return [p for p in (self.dir / "buckets" / self.bucket / "raw").rglob("*.json*") if p.is_file()]

    def last_part(self):
        return 0

    def last_published(self):
        return max(p.stat().st_mtime for p in self.objects())

    def totals(self):
        found = self.objects()
        return {"objects": len(found), "bytes": sum(p.stat().st_size for p in found)}

    def close(self):
        self.gateway.process.kill()
        shutil.rmtree(self.dir, ignore_errors=True)


class Kafka:
    def __init__(self, directory):
        shutil.rmtree(directory, ignore_errors=True)
        pathlib.Path(directory).mkdir(parents=True)
        self.dir = directory
        self.broker = Broker(directory, CACHE / "kafka" / "libs")
        self.broker.start()
        self.groups = 0

    @property
    def pid(self):
        return self.broker.process.pid

    @property
    def address(self):
        return self.broker.bootstrap

    def fill(self, topic, partitions, values):
        """Round robin, lz4; returns how many went to each partition."""
        self.broker.create_topic(topic, partitions, segment_index_bytes=65536)
        producer = self.broker.producer(linger_ms=100)
        count = [0] * partitions
        for n, value in enumerate(values):
            while True:
                try:
                    producer.produce(topic, value, partition=n % partitions)
                    break
                except BufferError:
                    producer.poll(0.1)
            count[n % partitions] += 1
            if n % 1000 == 0:
                producer.poll(0)
        if producer.flush(300):
            raise RuntimeError("the broker did not take all rows")
        return count

    def new_group(self, topic=None, partitions=0):
        """A group; with a topic, one that stands at its beginning, so that reading begins at once."""
        self.groups += 1
        name = f"bench-{os.getpid()}-{self.groups}"
        if topic:
            consumer = Consumer({"bootstrap.servers": self.address, "group.id": name})
            consumer.commit(offsets=[TopicPartition(topic, p, 0) for p in range(partitions)], asynchronous=False)
            consumer.close()
        return name

    def committed(self, group, topic, partitions):
        consumer = Consumer({"bootstrap.servers": self.address, "group.id": group})
        try:
            found = consumer.committed([TopicPartition(topic, p) for p in range(partitions)], timeout=20)
            return sum(max(0, c.offset) for c in found)
        finally:
            consumer.close()

    def close(self):
        self.broker.kill()
        shutil.rmtree(self.dir, ignore_errors=True)


def when_said(log_path, words):
    """The time of the first line of the daemon's log with these words; None: not yet."""
    with open(log_path, errors="replace") as f:
        for line in f:
            if words in line:
                at = re.match(r"(\d+-\d+-\d+T\d+:\d+:\d+)\.(\d+)Z", line)
                seconds = time.mktime(time.strptime(at.group(1) + " UTC", "%Y-%m-%dT%H:%M:%S %Z")) - time.timezone
                return seconds + int(at.group(2)) / 1000
    return None


def land(kafka, place, topic, counts, directory, roll, memory=MEMORY, uploaders=1, under=(), **output):
    """The daemon over a whole topic. Wall: from when the first partition is read to the last object published."""
    partitions = len(counts)
    group = kafka.new_group(topic, partitions)
    settings = {
        "kafka": {"brokers": kafka.address, "topics": [topic], "group": group},
        "s3": {"bucket": place.bucket, "prefix": "raw", "region": REGION, "endpoint": place.endpoint,
               "path_style": True, "access_key_id": ACCESS_KEY, "secret_access_key": SECRET_KEY},
        "output": output, "roll": roll, "memory": f"{memory // MIB}MiB", "uploaders": uploaders,
        "log": {"level": "debug"},
    }
    d = daemon_module.Daemon(directory, "bench", settings)
    if os.path.exists(d.log_path):
        os.unlink(d.log_path)
    before = clock_of(kafka.pid), clock_of(place.pid)
    process = Process([*under, str(DAEMON), "-c", d.conf, "run"], d.log_path)
    peak = Peak(process.pid)

    def done():
        if os.waitid(os.P_PID, process.pid, os.WEXITED | os.WNOHANG | os.WNOWAIT):
            raise RuntimeError(f"the daemon ended: {process.tail()}")
        return kafka.committed(group, topic, partitions) == sum(counts)

    until(lambda: f"all landed; {process.tail()}", done, 300, every=0.2)
    began = when_said(d.log_path, "is read from offset")
    broker_cpu, place_cpu = clock_of(kafka.pid) - before[0], clock_of(place.pid) - before[1]
    os.kill(process.pid, signal.SIGTERM)
    _pid, _status, usage = os.wait4(process.pid, 0)
    process.popen.returncode = 0
    peak.join(5)
    return Result(usage.ru_utime + usage.ru_stime, place.last_published() - began, peak.bytes, broker=broker_cpu,
                  place=place_cpu, sent=place.last_part() - began)
