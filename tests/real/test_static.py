# SPDX-License-Identifier: Apache-2.0
"""Static members of the group: a place that belongs to a group.instance.id, whatever process has it."""
import re
import signal

import pytest

from rows import Feeder


def static(case, topic, instance):
    options = ["session.timeout.ms=30000", "heartbeat.interval.ms=500", "topic.metadata.refresh.interval.ms=1000",
               "reconnect.backoff.max.ms=500", f"group.instance.id={instance}"]
    return case.daemon(topic, kafka={"options": options})


def rebalances(daemon):
    return len(re.findall(r"the group (gave|takes)|partitions? lost", daemon.log()))


def owned(case, daemon, topic):
    """The partitions that it answers for now."""
    before = len(daemon.log())
    daemon.send(signal.SIGUSR1)
    case.until("a report", lambda: "uploader: " in daemon.log()[before:], 10)
    return set(re.findall(rf'topic "{re.escape(topic)}" partition (\d+): \w+, committed', daemon.log()[before:]))


def start_again(case, daemon):
    before = len(daemon.log())
    daemon.start()
    case.until("its two partitions", lambda: "the group gave 2 partitions" in daemon.log()[before:], 10)


def test_a_restart_within_the_session_time_out_moves_no_partition(case):
    topic = case.topic(4)
    first, second = static(case, topic, "one"), static(case, topic, "two")
    with Feeder(case.broker, topic, 4) as feeder:
        case.until("two members", lambda: len(case.broker.members(case.group) or ()) == 2, 30)
        case.until("two partitions each",
                   lambda: [len(owned(case, d, topic)) for d in (first, second)] == [2, 2], 30, every=0.5)
        case.wait_progress(topic)
        place, before = owned(case, second, topic), rebalances(first)
        assert second.terminate() == 0
        start_again(case, second)
        case.wait_progress(topic)
        second.kill()
        start_again(case, second)
        case.wait_progress(topic)
        assert owned(case, second, topic) == place
        assert rebalances(first) == before
    case.wait_landed(topic)
    assert first.terminate() == 0 and second.terminate() == 0
    assert case.judge(topic).rows == feeder.sent


@pytest.mark.asan
@pytest.mark.tsan
def test_two_daemons_with_one_instance_id_are_told(case):
    told = r'two daemons share the group.instance.id "same", and the other one has the place now: give each its own'
    topic = case.topic(4)
    first = static(case, topic, "same")
    with Feeder(case.broker, topic, 4) as feeder:
        case.wait_progress(topic)
        second = static(case, topic, "same")
        first.wait_says(told, 30)
        second.wait_says(told, 30)
        first.wait_says(told, 30, count=2)
        case.wait_progress(topic)
        assert second.terminate() == 0
        case.wait_progress(topic)
    case.wait_landed(topic, seconds=60)
    assert first.terminate() == 0
    assert case.judge(topic).rows == feeder.sent
