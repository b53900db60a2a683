# SPDX-License-Identifier: Apache-2.0
"""A broker that is there, and does not do what brokers do."""
import random
import re
import signal
import struct
import threading

import pytest

from kafka_proxy import FETCH, OFFSET_FETCH
from rows import stock_rows
from wire import ANSWER, REQUEST


def delivery(case, daemon):
    before = len(daemon.log())
    daemon.send(signal.SIGUSR1)
    case.until("a report", lambda: "delivery: " in daemon.log()[before:], 10)
    return re.search(r"delivery: (.*)", daemon.log()[before:]).group(1)


def test_a_broker_that_does_not_keep_texts_is_said(case, parts):
    topic = case.topic(2)
    rule = parts.kafka.rule(OFFSET_FETCH, ANSWER, "change", when=lambda r: b" range=" in r.answer, times=None,
                            change=lambda answer: answer.replace(b" range=", b" rang_="))
    d = case.daemon(topic)
    d.wait_says("the group gave 2 partitions")
    assert "exactly once, if the broker keeps the texts of commits" in delivery(case, d)
    case.produce(topic, stock_rows(100), partitions=2)
    case.wait_landed(topic)
    assert rule.hits == 1
    assert delivery(case, d) == "at least once: the broker does not keep the texts of commits"
    case.produce(topic, stock_rows(100, first=100), partitions=2)
    case.wait_landed(topic)
    assert len(re.findall("the broker does not keep the text of a commit", d.log())) == 1
    parts.kafka.remove(rule)
    assert d.terminate() == 0
    d.start()
    case.produce(topic, stock_rows(100, first=200), partitions=2)
    case.wait_landed(topic)
    assert delivery(case, d) == "exactly once"
    assert d.terminate() == 0
    assert case.judge(topic).rows == 300


def heavy_rows(count):
    rng = random.Random(1)
    return [b'{"n":%d,"noise":"%s"}' % (n, rng.randbytes(1000).hex().encode()) for n in range(count)]


@pytest.mark.slow
def test_a_recovery_that_stands_still_lets_the_others_go_on(case, parts):
    """Of two ranges one fits into the memory at a time; the fetches of the first are answered with nothing."""
    counts = {case.topic(1, suffix="-a"): 10007, case.topic(1, suffix="-b"): 12011}
    d = case.daemon(*counts, s3={"part_size": "5MiB"}, roll={"age": "3s"},
                    output={"compression": "none", "max_record": "1MiB"})
    for topic, count in counts.items():
        case.produce(topic, stock_rows(count))
    case.wait_landed(*counts)
    case.gateway.stop()
    for topic in counts:
        case.produce(topic, heavy_rows(4000))
    for topic in counts:
        case.wait_intent(topic, 0)
    d.kill()
    case.gateway.start()
    starved, is_known = [], threading.Event()

    def starve(request):
        is_known.wait(30)
        return request.replace(struct.pack(">q", starved[0]), struct.pack(">q", starved[0] + 4000))
    rule = parts.kafka.rule(FETCH, REQUEST, "change", times=None, change=starve)
    d.write(memory="20MiB")
    d.start()
    d.wait_says(r"partition 0: recovers")
    d.wait_says(r"partition 0: waits for recoveries of other partitions")
    first = re.search(r'.*topic "([^"]*)" partition 0: recovers', d.log(), re.DOTALL).group(1)
    other, = set(counts) - {first}
    starved.append(counts[first])
    is_known.set()
    d.wait_says(rf"{first}.* waits for the broker to serve this partition: neither a record nor the end", 100)
    case.wait_committed(other, {0: counts[other] + 4000})
    assert case.committed(first)[0] == counts[first]
    parts.kafka.remove(rule)
    case.wait_landed(*counts, seconds=60)
    assert d.terminate() == 0
    assert [case.judge(topic, ext="json").rows for topic in counts] == [n + 4000 for n in counts.values()]
