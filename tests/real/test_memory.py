# SPDX-License-Identifier: Apache-2.0
"""The one number, kept: what the process takes with very many partitions, topics and open objects.

The bound is the setting `memory`, 32 MiB, and what a bare librdkafka consumer of the same topics takes with the same
fetch and queue settings, measured in the same run (tests/bench/bare_consumer.c).
"""
import json
import os
import random
import re
import signal
import subprocess
import time

import pytest
from confluent_kafka import TopicPartition
from confluent_kafka.admin import NewTopic

import judge
from process import Peak
from rows import HOUR_MS, NOON
from waiting import until

pytestmark = pytest.mark.plain  # a sanitizer's memory is no measure

HERE = os.path.dirname(os.path.abspath(__file__))
BARE_CONSUMER = os.path.join(HERE, "..", "..", "build", "tests", "bench", "bare_consumer")
MIB = 1 << 20
MEMORY = 64 * MIB
ROW_BYTES = 600


def bare_consumer_bytes(broker, topics, records, memory=MEMORY):
    """The client's own share: its properties as the daemon sets them, statistics too, whose histograms take 12 KB a
    topic by themselves."""
    queue = memory // 16 * 3
    out = subprocess.run(
        [BARE_CONSUMER, "-X", f"queued.max.messages.kbytes={queue // 1024}", "-X", f"fetch.max.bytes={queue // 2}",
         "-X", f"queued.min.messages={queue // 2048}",
         "-X", "topic.metadata.refresh.interval.ms=1000", "-X", "statistics.interval.ms=1000",
         broker.bootstrap, f"bare-{time.monotonic_ns()}", str(records), *topics],
        check=True, capture_output=True, text=True, timeout=300).stdout
    answer = json.loads(out)
    assert answer["records"] == records
    return answer["peak_kb"] * 1024


def row(n, rng):
    """As compressible as such rows are: a third of it is noise."""
    noise = rng.randbytes(ROW_BYTES // 6).hex()
    return f'{{"n":{n},"name":"a name that all rows share","noise":"{noise}","text":"{"lorem ipsum " * 30}"}}'.encode()


def send(producer, places, hours, first, count, rng):
    """Round robin over the places (topic, partition) and the hours, so that each has all its objects open."""
    failures = []

    def delivered(error, _message):
        if error is not None:
            failures.append(error)

    for n in range(first, first + count):
        topic, partition = places[n % len(places)]
        producer.produce(topic, row(n, rng), partition=partition,
                         timestamp=NOON + (n // len(places)) % hours * HOUR_MS, on_delivery=delivered)
        if n % 500 == 0:
            producer.poll(0)
    assert producer.flush(300) == 0 and not failures, failures[:3]


def landed_rows(case):
    """{n: how often}, and the sizes of all objects, read from the gateway's own directory."""
    times, sizes = {}, []
    for folder, _folders, files in os.walk(os.path.join(case.gateway.dir, "buckets", case.bucket)):
        for name in files:
            if not name.endswith(".json.gz"):
                continue
            with open(os.path.join(folder, name), "rb") as f:
                body = f.read()
            sizes.append(len(body))
            for line in judge.lines_of(body, "json.gz"):
                n = int(line[5:line.index(b",")])
                times[n] = times.get(n, 0) + 1
    return times, sizes


def report(daemon):
    """The uploader's own words, asked for by SIGUSR1."""
    pattern = r"uploader: .*? (\d+) open objects, (\d+) seals for memory"
    seen = len(re.findall(pattern, daemon.log()))
    daemon.send(signal.SIGUSR1)
    until("a report", lambda: len(re.findall(pattern, daemon.log())) > seen, 20)
    return tuple(int(n) for n in re.findall(pattern, daemon.log())[-1])


def committed(case, places):
    """Records up to the committed offsets, of all partitions."""
    consumer = case.broker.consumer(case.group)
    try:
        asked = [TopicPartition(topic, partition) for topic, partition in places]
        return sum(max(0, c.offset) for c in consumer.committed(asked, timeout=20))
    finally:
        consumer.close()


def hold_to_the_number(case, topics, places, hours, rounds=10, per_round=20000):
    daemon = case.daemon(*topics, memory="64MiB", s3={"part_size": "5MiB"}, output={"max_record": "8MiB"},
                         roll={"age": "1h"}, log={"level": "debug"})
    peak = Peak(daemon.process.pid)
    daemon.wait_says("begins at offset", count=len(places), seconds=90)
    producer, rng = case.broker.producer(linger_ms=1000), random.Random(1)
    most_open = seals = 0
    for i in range(rounds):
        send(producer, places, hours, i * per_round, per_round, rng)
        is_open, seals = report(daemon)
        most_open = max(most_open, is_open)
    assert daemon.terminate(90) == 0
    peak.join(5)
    # What was not taken before the end is landed now, without changing what is counted.
    _times, sizes = landed_rows(case)
    total = rounds * per_round
    daemon.write(memory="512MiB", roll={"age": "2s"})
    daemon.start()
    until(lambda: f"all committed, {committed(case, places)}; {daemon.process.tail()}",
          lambda: committed(case, places) == total, 60, every=0.5)
    daemon.terminate(60)
    times, _sizes = landed_rows(case)
    bare = bare_consumer_bytes(case.broker, topics, total)
    mean = sum(sizes) / len(sizes)
    least_mean = 0.25 * MEMORY / most_open
    bound = MEMORY + 32 * MIB + bare
    print(f"\n{len(places)} partitions, at most {most_open} open objects seen, {total} records, {len(sizes)} objects: "
          f"peak {peak.bytes / MIB:.1f} of {bound / MIB:.1f} MiB (bare consumer {bare / MIB:.1f}), "
          f"mean object {mean:.0f} bytes (at least {least_mean:.0f}), {seals} seals for memory")
    assert len(times) == total and set(times.values()) == {1}
    assert peak.bytes <= bound
    assert mean >= least_mean
    return most_open, seals


def test_a_thousand_partitions_with_four_objects_each(case):
    topic = case.topic(1000, segment_index_bytes=65536)
    most_open, seals = hold_to_the_number(case, [topic], [(topic, p) for p in range(1000)], hours=4, rounds=15)
    assert most_open == 4000
    assert seals > 0


@pytest.mark.slow
@pytest.mark.timeout(900)
def test_two_thousand_topics_by_regex(case):
    names = [f"t-{case.name}-{i}" for i in range(2000)]
    for made in case.broker.admin.create_topics([NewTopic(n, 1, 1) for n in names], operation_timeout=120,
                                                request_timeout=120).values():
        made.result(120)
    hold_to_the_number(case, [f"^t-{case.name}-"], [(n, 0) for n in names], hours=2)


def test_a_range_larger_than_the_memory(case):
    """Two of them, sealed with 256 MiB and left as intents by a kill; made again with the smallest memory, by passes
    over each, in one of which the daemon is killed once more."""
    memory, hours, count, rng = 20 * MIB, 40, 60000, random.Random(1)
    topic = case.topic(2)

    def value(n):
        if n % 97 == 0:
            return None
        return b"no JSON %d" % n if n % 89 == 0 else b'{"n":%d,"noise":"%s"}' % (n, rng.randbytes(500).hex().encode())
    case.produce(topic, [value(n) for n in range(count)], partitions=2,
                 timestamp=lambda n: NOON + n // 2 % hours * HOUR_MS)
    case.gateway.stop()
    d = case.daemon(topic, memory="256MiB", roll={"age": "1h", "records": count // 2}, s3={"part_size": "5MiB"},
                    output={"compression": "none", "max_record": "4MiB"},
                    kafka={"options": ["session.timeout.ms=1500", "heartbeat.interval.ms=300",
                                       "reconnect.backoff.max.ms=500"]})
    case.wait_intent(topic, 0, seconds=60)
    case.wait_intent(topic, 1, seconds=60)
    d.kill()
    case.gateway.start()
    d.write(memory=f"{memory // MIB}MiB")
    d.start()
    d.wait_says("waits for another pass over a range that is larger than the memory", seconds=60)
    d.kill()
    seen = len(d.log())
    d.start()
    peak = Peak(d.process.pid)
    case.wait_landed(topic, seconds=180)
    assert d.terminate() == 0
    peak.join(5)
    passes = [1 + len(re.findall(rf"partition {p}: waits for another pass", d.log()[seen:])) for p in range(2)]
    bound = memory + 32 * MIB + bare_consumer_bytes(case.broker, [topic], count, memory)
    print(f"\n{passes} passes, peak {peak.bytes / MIB:.1f} of {bound / MIB:.1f} MiB")
    judged = case.judge(topic, ext="json", max_record=4 * MIB)
    assert (judged.rows, judged.dead, judged.skipped) == (
        sum(1 for n in range(count) if n % 97 and n % 89), sum(1 for n in range(count) if n % 97 and not n % 89),
        sum(1 for n in range(count) if not n % 97))
    assert min(passes) >= 2 and max(passes) >= 3
    assert not d.says("when its intent was written")
    assert not d.says("going beyond")
    assert peak.bytes <= bound
