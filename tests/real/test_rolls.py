# SPDX-License-Identifier: Apache-2.0
"""A range is sealed by each of its causes, and by no other."""
import random
import re
import time

import pytest

from asking import ask
from rows import HOUR_MS, NOON, stock_rows

DEBUG = {"level": "debug"}
NEVER = {"age": "1h", "bytes": "1GiB", "records": 0}


def ranges(j):
    """[(start, rows, objects)]"""
    return [(start, sum(len(o.lines()) for o in objects), len(objects))
            for (_p, start, _id), objects in sorted(j.ranges.items())]


def causes(d):
    """Why the daemon sealed its ranges, in order."""
    return re.findall(r": sealed \[\d+, \d+\) as [0-9a-f]{16} by (\w+)", d.log())


def random_rows(count, size, seed=5):
    """Rows that no codec makes smaller."""
    rng = random.Random(seed)
    return [b'{"n":%d,"x":"%b"}' % (n, rng.randbytes(size // 2).hex().encode()) for n in range(count)]


def test_by_records(case):
    topic = case.topic()
    case.produce(topic, stock_rows(3500), timestamp=NOON)
    d = case.daemon(topic, log=DEBUG, roll={**NEVER, "records": 1000})
    case.wait_committed(topic, {0: 3000})
    assert d.terminate() == 0
    assert ranges(case.judge(topic)) == [(0, 1000, 1), (1000, 1000, 1), (2000, 1000, 1), (3000, 500, 1)]
    assert causes(d) == ["records"] * 3 + ["shutdown"]


def test_by_bytes(case):
    topic = case.topic()
    case.produce(topic, random_rows(3000, 4000), timestamp=NOON)
    d = case.daemon(topic, log=DEBUG, output={"compression": "none"}, roll={**NEVER, "bytes": "3MiB"})
    case.wait_committed(topic, {0: 2000})
    assert d.terminate() == 0
    sizes = [len(o.body) for o in case.judge(topic, ext="json").objects]
    assert len(sizes) >= 3
    assert all(3 << 20 <= size <= 5 << 20 for size in sizes[:-1]), sizes
    assert causes(d) == ["bytes"] * (len(sizes) - 1) + ["shutdown"]


def test_by_age_on_a_topic_that_went_idle(case):
    topic = case.topic()
    d = case.daemon(topic, log=DEBUG, roll={**NEVER, "age": "2s"})
    case.wait_assigned(topic)
    began = time.time()
    case.produce(topic, stock_rows(10))
    case.wait_landed(topic)
    assert time.time() - began > 1.9
    assert ranges(case.judge(topic)) == [(0, 10, 1)]
    assert causes(d) == ["age"]


@pytest.mark.asan
def test_by_slots(case):
    topic = case.topic()
    case.produce(topic, stock_rows(110), timestamp=lambda i: NOON + i // 10 * HOUR_MS)
    d = case.daemon(topic, log=DEBUG, output={"max_open_slots": 4}, roll=NEVER)
    case.wait_committed(topic, {0: 80})
    assert d.terminate() == 0
    assert ranges(case.judge(topic)) == [(0, 40, 4), (40, 40, 4), (80, 30, 3)]
    assert causes(d) == ["slots", "slots", "shutdown"]


def test_one_late_record_does_not_close_the_file(case):
    topic = case.topic()
    case.produce(topic, stock_rows(100), timestamp=lambda i: NOON - 5 * HOUR_MS if i == 50 else NOON)
    d = case.daemon(topic, log=DEBUG, roll=NEVER)
    case.wait_read(topic)
    assert d.terminate() == 0
    assert ranges(case.judge(topic)) == [(0, 100, 2)]


def test_by_shutdown(case):
    topic = case.topic(3)
    case.produce(topic, stock_rows(300), partitions=3, timestamp=NOON)
    d = case.daemon(topic, log=DEBUG, roll=NEVER)
    case.wait_read(topic)
    assert not case.keys()
    assert d.terminate() == 0
    assert ranges(case.judge(topic)) == [(0, 100, 1)] * 3
    assert causes(d) == ["shutdown"] * 3


@pytest.mark.parametrize("strategy, committed", [("cooperative-sticky", [0, 100]), ("range", [100, 100])])
def test_by_revocation(case, strategy, committed):
    """Of what goes; an eager group takes all back before it deals anew."""
    topic = case.topic(2)
    kafka = {"options": ["session.timeout.ms=6000", "heartbeat.interval.ms=500", "reconnect.backoff.max.ms=500",
                         f"partition.assignment.strategy={strategy}"]}
    case.produce(topic, stock_rows(200), partitions=2, timestamp=NOON)
    first = case.daemon(topic, log=DEBUG, roll=NEVER, kafka=kafka)
    case.wait_read(topic)
    second = case.daemon(topic, log=DEBUG, roll=NEVER, kafka=kafka)
    case.until("what was open of the partitions that go", lambda: sorted(case.committed(topic).values()) == committed,
               30)
    assert causes(first) == ["revoked"] * committed.count(100)
    assert first.terminate() == 0 and second.terminate() == 0
    # They may have ended while the group was dealing: then there is something left to do.
    second.write(roll={"age": "1s"})
    second.start()
    case.wait_landed(topic)
    assert ranges(case.judge(topic)) == [(0, 100, 1)] * 2


@pytest.mark.asan
def test_by_memory(case, place):
    """The status says how much memory would have avoided it: for each of 48 objects what two early parts need."""
    topic = case.topic()
    case.produce(topic, random_rows(12000, 4000), timestamp=lambda i: NOON + i % 48 * HOUR_MS)
    d = case.daemon(topic, log=DEBUG, memory="32MiB", output={"compression": "none", "max_record": "1MiB"}, roll=NEVER,
                    status={"socket": place})
    case.wait_committed(topic, {0: 1000})
    case.until(lambda: f"a word about the memory in {ask(place, '/status.txt')[2].decode()}",
               lambda: b'memory = "640MiB" avoids it' in ask(place, "/status.txt")[2], 60)
    assert d.terminate(40) == 0
    d.write(roll={"age": "1s"})
    d.start()
    case.wait_landed(topic)
    j = case.judge(topic, ext="json", max_record=1 << 20)
    assert j.rows == 12000
    assert len(j.ranges) >= 3
    assert causes(d)[:2] == ["memory"] * 2
