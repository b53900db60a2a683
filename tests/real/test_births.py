# SPDX-License-Identifier: Apache-2.0
"""Where a partition without a committed offset begins: `start` is what it was at the group's birth, and what came later
is read from its beginning, whichever daemon gets it."""
from confluent_kafka.admin import NewPartitions

from rows import stock_rows

SLOW_TO_SEE = {"start": "latest", "options": ["session.timeout.ms=3000", "heartbeat.interval.ms=500",
                                              "topic.metadata.refresh.interval.ms=3000"]}


def test_a_topic_that_came_later_is_read_from_its_beginning(case):
    """By a daemon that has never read a text of this group."""
    old = case.topic(1, suffix="-old")
    case.daemon(old, kafka=SLOW_TO_SEE)
    case.wait_assigned(old)
    second = case.daemon(f"^t-{case.name}-new", kafka=SLOW_TO_SEE)
    second.wait_says("not available")
    new = case.topic(1, suffix="-new")
    case.produce(new, stock_rows(100))
    second.wait_says(rf'{new}" partition 0: begins at offset 0')
    case.wait_landed(new)
    assert case.judge(new).rows == 100


def test_a_partition_that_came_later_is_read_from_its_beginning(case):
    """By the daemon that has the others of its topic, or by one that has none."""
    topic = case.topic(1)
    case.daemon(topic, kafka=SLOW_TO_SEE)
    case.wait_assigned(topic)
    case.daemon(topic, kafka=SLOW_TO_SEE)
    case.until("two members", lambda: len(case.broker.members(case.group) or ()) == 2, 30)
    case.broker.admin.create_partitions([NewPartitions(topic, 2)])[topic].result(30)
    case.until("the new partition", lambda: case.broker.partitions(topic) == [0, 1], 20)
    case.produce(topic, stock_rows(100), partitions=2)
    case.until("its beginning", lambda: any(d.says("partition 1: begins at offset 0") for d in case.daemons), 20)
    case.wait_landed(topic)
    assert case.judge(topic).rows == 100


def test_a_topic_after_another_is_read_from_its_beginning(case):
    """The settings name it in place of the one that the group was born with."""
    old, new = case.topic(1, suffix="-old"), case.topic(1, suffix="-new")
    d = case.daemon(old, kafka={"start": "latest"})
    case.wait_assigned(old)
    assert d.terminate() == 0
    case.produce(new, stock_rows(100))
    d.write(kafka={"topics": [new]})
    d.start()
    case.wait_landed(new)
    assert case.judge(new).rows == 100
