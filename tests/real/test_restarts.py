# SPDX-License-Identifier: Apache-2.0
"""The daemon ends, in order or not, comes back, or shares its work: nothing is lost, nothing is there twice."""
import random
import signal

import pytest

from case import QUICK
from rows import Feeder, stock_rows


def intents(case, topic):
    """{partition: how many ranges its text names}"""
    return {p: text.count(" range=") for p, (_offset, text) in case.broker.committed(case.group, topic).items()}


@pytest.mark.asan
def test_sigterm_in_mid_flight_and_restart(case):
    topic = case.topic(4)
    d = case.daemon(topic)
    with Feeder(case.broker, topic, 4, per_second=5000) as feeder:
        for _ in range(3):
            case.wait_progress(topic)
            assert d.terminate() == 0
            d.start()
    case.wait_landed(topic)
    assert d.terminate() == 0
    assert case.judge(topic).rows == feeder.sent


def test_sigkill_in_mid_flight_and_restart_ten_times(case):
    topic = case.topic(4)
    rng = random.Random(11)
    d = case.daemon(topic, kafka={"options": QUICK}, roll={"age": "1s", "bytes": "1MiB"})
    with Feeder(case.broker, topic, 4, per_second=5000) as feeder:
        for _ in range(10):
            case.wait_progress(topic)
            case.pause(rng.uniform(0, 1.5))
            d.kill()
            d.start()
    case.wait_landed(topic)
    assert d.terminate() == 0
    assert case.judge(topic).rows == feeder.sent


@pytest.mark.asan
def test_sigkill_between_intent_and_publish(case):
    topic = case.topic(2)
    d = case.daemon(topic, kafka={"options": QUICK})
    case.produce(topic, stock_rows(100), partitions=2)
    case.wait_landed(topic)
    case.gateway.stop()
    case.produce(topic, stock_rows(1000, first=100), partitions=2)
    case.wait_intent(topic, 0)
    d.kill()
    case.produce(topic, stock_rows(1000, first=1100), partitions=2)
    case.gateway.start()
    d.start()
    case.wait_landed(topic)
    assert case.judge(topic).rows == 2100


@pytest.mark.asan
def test_two_daemons_and_one_leaves(case):
    topic = case.topic(4)
    first = case.daemon(topic)
    with Feeder(case.broker, topic, 4) as feeder:
        case.wait_progress(topic)
        second = case.daemon(topic)
        case.until("two members", lambda: len(case.broker.members(case.group) or ()) == 2, 30)
        case.wait_progress(topic)
        assert second.terminate() == 0
        case.wait_progress(topic)
        second.start()
        case.until("two members", lambda: len(case.broker.members(case.group) or ()) == 2, 30)
        case.wait_progress(topic)
        assert first.terminate() == 0
        case.wait_progress(topic)
    case.wait_landed(topic)
    assert second.terminate() == 0
    assert case.judge(topic).rows == feeder.sent


def test_a_revocation_while_s3_is_away(case):
    """What is sealed stays behind as intents, what is open is dropped without a trace; the next owner lands both."""
    topic, roll = case.topic(2), {"records": 100, "age": "1h"}
    first = case.daemon(topic, roll=roll)
    case.wait_assigned(topic)
    case.gateway.stop()
    case.produce(topic, stock_rows(1700), partitions=2)
    case.wait_read(topic)
    # A text names eight ranges: what comes behind them stays open.
    case.until("eight intents of each", lambda: intents(case, topic) == {0: 8, 1: 8}, 30)
    second = case.daemon(topic, roll=roll)
    second.wait_says("recovers 8 sealed ranges, offsets 0 to 800", 60)
    assert first.says("the group takes 1 partition back|partitions? lost")
    assert intents(case, topic) == {0: 8, 1: 8} and case.committed(topic) == {0: 0, 1: 0}
    case.gateway.start()
    case.wait_committed(topic, {0: 800, 1: 800}, 60)
    assert first.terminate() == 0 and second.terminate() == 0
    second.write(roll={"age": "1s"})    # they may have ended while the group was dealing
    second.start()
    case.wait_landed(topic)
    assert second.terminate() == 0
    j = case.judge(topic)
    assert j.rows == 1700
    assert sorted((p, start) for p, start, _id in j.ranges) == [(p, n * 100) for p in (0, 1) for n in range(9)]


def test_two_daemons_and_one_is_killed(case):
    topic = case.topic(4)
    first = case.daemon(topic, kafka={"options": QUICK})
    second = case.daemon(topic, kafka={"options": QUICK})
    with Feeder(case.broker, topic, 4) as feeder:
        case.until("two members", lambda: len(case.broker.members(case.group) or ()) == 2, 30)
        case.wait_progress(topic)
        first.kill()
        case.wait_progress(topic)
    case.wait_landed(topic)
    assert second.terminate() == 0
    assert case.judge(topic).rows == feeder.sent


def test_a_frozen_daemon_does_no_harm(case):
    topic = case.topic(4)
    first = case.daemon(topic, kafka={"options": QUICK})
    with Feeder(case.broker, topic, 4) as feeder:
        case.wait_progress(topic)
        first.send(signal.SIGSTOP)
        second = case.daemon(topic, kafka={"options": QUICK})
        case.wait_progress(topic)
        case.wait_progress(topic)
        first.send(signal.SIGCONT)
        case.until("two members", lambda: len(case.broker.members(case.group) or ()) == 2, 30)
        case.wait_progress(topic)
    case.wait_landed(topic)
    assert first.terminate() == 0 and second.terminate() == 0
    assert case.judge(topic).rows == feeder.sent


def test_start_latest_lands_what_comes_after(case):
    topic = case.topic(2)
    case.produce(topic, stock_rows(100), partitions=2)
    d = case.daemon(topic, kafka={"start": "latest"})
    case.wait_committed(topic, {0: 50, 1: 50})
    case.produce(topic, stock_rows(100, first=100), partitions=2)
    case.wait_landed(topic)
    d.kill()
    case.produce(topic, stock_rows(100, first=200), partitions=2)
    d.start()
    case.wait_landed(topic)
    assert case.judge(topic, first_offsets={0: 50, 1: 50}).rows == 200


def test_sigusr1_prints_the_state_of_every_partition(case):
    topic = case.topic(3)
    d = case.daemon(topic)
    case.produce(topic, stock_rows(30), partitions=3)
    case.wait_landed(topic)
    before = len(d.log())
    d.send(signal.SIGUSR1)

    def told():
        said = [line for line in d.log()[before:].splitlines() if topic in line]
        return all(any(f"partition {p}" in line for line in said) for p in range(3))
    case.until("the state of three partitions", told, 10)
    d.assert_running()


def test_sigint_ends_in_order(case):
    topic = case.topic()
    d = case.daemon(topic, roll={"age": "1h"})
    case.produce(topic, stock_rows(100))
    case.wait_read(topic)
    d.expected_up = False
    d.send(signal.SIGINT)
    assert d.process.wait_end(20) == 0
    assert case.judge(topic).rows == 100


def test_the_group_is_left_at_the_end(case):
    topic = case.topic()
    d = case.daemon(topic)
    case.produce(topic, stock_rows(10))
    case.wait_landed(topic)
    assert d.terminate() == 0
    found = case.broker.admin.describe_consumer_groups([case.group])[case.group].result(10)
    assert found.members == []
