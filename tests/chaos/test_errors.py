# SPDX-License-Identifier: Apache-2.0
"""Answers that a broker or a store may give: what broke the protocol on paper (H numbers of its review) by them, and
that what waits for another answer is in the log once, then once a minute, and in what SIGUSR1 prints."""
import datetime
import functools
import itertools
import re
import signal
import struct
import time

import pytest

from kafka_bodies import holds
from kafka_proxy import FETCH, HEARTBEAT, JOIN_GROUP, LIST_OFFSETS, OFFSET_COMMIT, OFFSET_FETCH, SYNC_GROUP
from rows import NOON, stock_rows
from s3_proxy import COMPLETE, CREATE, PART, PUT
from staging import both_are_in, burst_until, caught, of_narrow, others_go_on, staged, wait_state, within
from wire import ANSWER, ANSWERED, REQUEST

# Error codes of Kafka's protocol.
UNKNOWN = -1
OFFSET_OUT_OF_RANGE, UNKNOWN_TOPIC, NO_LEADER, REQUEST_TIMED_OUT, METADATA_TOO_LARGE = 1, 3, 5, 7, 12
LOAD_IN_PROGRESS, NOT_AVAILABLE, NOT_COORDINATOR, ILLEGAL_GENERATION = 14, 15, 16, 22
UNKNOWN_MEMBER, REBALANCE_IN_PROGRESS, INVALID_SIZE, TOPIC_REFUSED, GROUP_REFUSED = 25, 27, 28, 29, 30
CLIENT_TRIES = 3    # after so many attempts the client says that a commit failed

WRITES = {PUT, CREATE, PART, COMPLETE}
MINUTE = 60

slow = pytest.mark.slow


def count(daemon, pattern):
    return len(re.findall(pattern, daemon.log()))


def told(daemon, pattern):
    """When it said so, by its own log."""
    return [datetime.datetime.fromisoformat(line.split()[0]).timestamp() for line in daemon.log().splitlines()
            if re.match(r"\d{4}-\d\d-\d\dT", line) and re.search(pattern, line)]


def assert_told_once_a_minute(case, daemon, pattern):
    case.until(f"{pattern} told again", lambda: len(told(daemon, pattern)) >= 2, 2 * MINUTE)
    times = told(daemon, pattern)
    assert all(next_ - time_ >= MINUTE - 1 for time_, next_ in itertools.pairwise(times)), times


@pytest.mark.parametrize("code", [UNKNOWN_TOPIC, pytest.param(TOPIC_REFUSED, marks=slow),
                                  pytest.param(INVALID_SIZE, marks=slow)])
def test_h3_h6_a_partition_is_refused_in_each_commit_and_revoked_while_it_waits(parts, tmp_path, code):
    def play(world):
        first, second = world.members[:2]
        rule = world.parts.kafka.say(OFFSET_COMMIT, code, of_narrow(world, 1), at=REQUEST, times=None)
        assert rule.wait_hit(10)
        wait_state(world, first, world.narrow, 1, "waits for the broker to serve this partition")
        others_go_on(world, 1)
        second.start()
        both_are_in(world)
        others_go_on(world, 1)
        world.parts.kafka.remove(rule)
        world.progress(everywhere=True)
    staged(parts, tmp_path, play)


@slow
@pytest.mark.parametrize("at", [ANSWER, REQUEST])
def test_h3_what_is_said_of_a_commit_is_not_what_became_of_it(parts, tmp_path, at):
    def play(world):
        first = world.members[0]
        for code in (REQUEST_TIMED_OUT, LOAD_IN_PROGRESS, NOT_AVAILABLE, NOT_COORDINATOR, REBALANCE_IN_PROGRESS,
                     UNKNOWN, GROUP_REFUSED):
            rule = world.parts.kafka.say(OFFSET_COMMIT, code, at=at, times=CLIENT_TRIES)
            assert rule.wait_hit(20)
            world.progress()
            world.parts.kafka.remove(rule)
        rule = world.parts.kafka.say(OFFSET_COMMIT, REQUEST_TIMED_OUT, at=at, times=None)
        assert rule.wait_hit(20)
        first.kill()
        world.parts.kafka.remove(rule)
        first.start()
        world.progress(everywhere=True)
    staged(parts, tmp_path, play)


@pytest.mark.parametrize("code", [ILLEGAL_GENERATION, pytest.param(UNKNOWN_MEMBER, marks=slow)])
def test_h5_a_commit_is_told_that_the_group_has_moved_on(parts, tmp_path, code):
    def play(world):
        for at in (REQUEST, ANSWER):
            rule = world.parts.kafka.say(OFFSET_COMMIT, code, at=at)
            assert rule.wait_hit(20)
            world.progress(everywhere=True)
    staged(parts, tmp_path, play)


def test_h8_a_topic_that_waits_for_a_person_holds_up_nothing_else(parts, tmp_path):
    def play(world):
        first, second = world.members[:2]
        for member in (first, second):
            member.s3.rule(WRITES, REQUEST, "say", status=403, times=None,
                           when=lambda r: world.wide in r.path)
        world.burst()
        wait_state(world, first, world.wide, 0, "waits for a person to mend what S3 refuses")
        world.progress(everywhere=True)
        second.start()
        both_are_in(world)
        world.progress(everywhere=True)
        assert not world.case.committed(world.wide).get(0, 0)
    staged(parts, tmp_path, play)


@slow
def test_h9_a_fetch_is_refused(parts, tmp_path):
    def play(world):
        for code in (OFFSET_OUT_OF_RANGE, TOPIC_REFUSED, UNKNOWN_TOPIC):
            rule = world.parts.kafka.say(FETCH, code, lambda e: e.partition == 1)
            assert rule.wait_hit(20)
            world.progress(everywhere=True)
    staged(parts, tmp_path, play)


@pytest.mark.parametrize("op", [OFFSET_FETCH, pytest.param(LIST_OFFSETS, marks=slow)])
def test_h9_an_offset_that_cannot_be_read_is_not_an_offset_that_is_not_there(parts, tmp_path, op):
    def play(world):
        first = world.members[0]
        held = first.s3.rule(PUT, REQUEST, "hold", times=None)     # so that there are intents
        world.case.wait_intent(world.narrow, 1)
        first.kill()
        first.s3.remove(held, cut=True)
        rule = world.parts.kafka.say(op, TOPIC_REFUSED, of_narrow(world, 1), times=None)
        first.start()
        assert rule.wait_hit(20)
        wait_state(world, first, world.narrow, 1, "waits for the committed offsets to be read")
        others_go_on(world, 1)
        world.parts.kafka.remove(rule)
        world.progress(everywhere=True)
    staged(parts, tmp_path, play)


@slow
def test_h9_an_answer_about_offsets_that_never_comes(parts, tmp_path):
    """Five seconds of waiting are a turn's: the partitions are parked, the place in the group is kept."""
    def play(world):
        first = world.members[0]
        first.kill()
        lost = world.parts.kafka.rule(OFFSET_FETCH, ANSWER, "drop", client=first.name, times=None)
        first.start()
        assert lost.wait_hit(20)
        wait_state(world, first, world.narrow, 1, "waits for the committed offsets to be read: Local: Timed out")
        assert len(parts.broker.members(world.case.group)) == 1
        world.parts.kafka.remove(lost)
        world.progress(everywhere=True)
    staged(parts, tmp_path, play)


def test_h13_what_is_there_has_other_bytes(parts, tmp_path):
    """Put and not told, then put again by a daemon that compresses otherwise: 412 always means mine."""
    def play(world):
        first = world.members[0]
        rule = first.s3.rule(PUT, ANSWER, "hold")
        assert rule.wait_hit(10)
        first.kill()
        first.s3.remove(rule, cut=True)
        first.daemon.write(output={"level": 1})
        there = first.s3.rule(PUT, ANSWER, "see", when=lambda r: r.path == rule.last.path)
        first.start()
        assert there.wait_hit(20)
        assert there.last.status == 412
        world.progress(everywhere=True)
    staged(parts, tmp_path, play)


@slow
def test_h17_the_broker_takes_short_texts_only(parts, tmp_path):
    def longer_than(ranges):
        return lambda e: e.text.count(" range=") > ranges

    def play(world):
        first = world.members[0]
        rule = world.parts.kafka.say(OFFSET_COMMIT, METADATA_TOO_LARGE, longer_than(2), at=REQUEST, times=None)
        stalled = first.s3.rule(PUT, REQUEST, "hold", times=None)
        assert rule.wait_hit(30)
        first.s3.remove(stalled)
        world.progress(everywhere=True)
        world.parts.kafka.remove(rule)
        rule = world.parts.kafka.say(OFFSET_COMMIT, METADATA_TOO_LARGE, longer_than(0), at=REQUEST, times=None)
        assert rule.wait_hit(30)
        wait_state(world, first, world.narrow, 0, "raise offset.metadata.max.bytes")
        world.parts.kafka.remove(rule)
        world.progress(everywhere=True)
    staged(parts, tmp_path, play)


@slow
def test_h20_an_acknowledgement_comes_with_the_news_that_the_group_has_moved_on(parts, tmp_path):
    def play(world):
        first = world.members[0]

        def comes(code):
            news = world.parts.kafka.say(HEARTBEAT, code, client=first.name, seconds=2.5)
            return news.wait_hit(10) and within(2.5, lambda: parts.kafka.waiting(OFFSET_COMMIT))
        for code in (ILLEGAL_GENERATION, UNKNOWN_MEMBER):
            caught(world, "a commit whose answer comes behind", functools.partial(comes, code))
            world.progress(everywhere=True)
    staged(parts, tmp_path, play)


def test_credentials_expire_in_mid_upload(parts, tmp_path):
    """The upload goes on with the next ones: nothing of it is sent twice."""
    def play(world):
        first = world.members[0]
        middle = first.s3.rule(PART, ANSWERED, "see")
        burst_until(world, middle)
        expired = first.s3.rule(WRITES, REQUEST, "say", status=400, times=None)
        first.daemon.wait_says(r"waits for S3: 400 ExpiredToken")
        first.daemon.send(signal.SIGUSR1)
        first.daemon.wait_says(r"uploader: .* 400 ExpiredToken, \d+ attempts")
        time.sleep(5)
        assert count(first.daemon, r"waits for S3: ") <= world.uploaders
        first.s3.remove(expired)
        first.daemon.wait_says(r"S3 takes again what it did not take")
        world.progress(everywhere=True)
    world = staged(parts, tmp_path, play, session_ms=None)
    assert world.members[0].s3.counts[CREATE] == 1


@pytest.mark.parametrize("status", [503, 400])
def test_a_store_that_refuses_for_ever_does_not_hold_up_a_stop(case, status):
    """What is sent again is no progress, nor is an intent that is sent again under it. So many objects that one of
    them is tried at any time."""
    partitions = 16
    topic = case.topic(partitions)
    d = case.daemon(topic)
    case.produce(topic, stock_rows(160), partitions=partitions)
    case.wait_landed(topic)
    refused = case.proxy.rule(WRITES, REQUEST, "say", status=status, times=None)
    case.produce(topic, stock_rows(1600, first=160), partitions=partitions)
    for partition in range(partitions):
        case.wait_intent(topic, partition)
    began = time.monotonic()
    assert d.terminate(60) == 0
    assert time.monotonic() - began < 60    # one with progress has 80 s
    case.proxy.remove(refused)
    d.start()
    case.wait_landed(topic, seconds=60)
    assert d.terminate(60) == 0
    assert case.judge(topic).rows == 1760


def test_h4_killed_between_an_object_and_its_dead_letters(case):
    topic = case.topic(1)
    dead = case.proxy.rule(PUT, REQUEST, "hold", when=lambda r: "/dead-letter/" in r.path)
    there = case.proxy.rule(PUT, ANSWERED, "see", when=lambda r: "/raw/" in r.path)
    d = case.daemon(topic)
    case.produce(topic, [b"no json %d" % n if n % 3 == 0 else row for n, row in enumerate(stock_rows(300))],
                 timestamp=NOON)
    assert dead.wait_hit(20) and there.wait_hit(20)
    d.kill()
    case.proxy.remove(dead, cut=True)
    d.start()
    case.wait_landed(topic)
    assert d.terminate() == 0
    judged = case.judge(topic)
    assert (judged.rows, judged.dead) == (200, 100)


def test_h12_the_end_of_the_log_is_where_it_was_when_the_group_began(parts, case):
    """Killed before anything was sealed: what came in the meantime is not skipped."""
    topic = case.topic(1)
    case.produce(topic, stock_rows(100))
    d = case.daemon(topic, kafka={"start": "latest"}, roll={"age": "1h"})
    case.wait_assigned(topic)
    case.produce(topic, stock_rows(100, first=100))
    case.wait_read(topic)
    d.kill()
    case.produce(topic, stock_rows(100, first=200))
    d.write(roll={"age": "1s"})
    d.start()
    case.wait_landed(topic)
    assert d.terminate() == 0
    assert case.judge(topic, first_offsets={0: 100}).rows == 200


@pytest.mark.parametrize("code", [NO_LEADER, REQUEST_TIMED_OUT])
def test_h9_an_offset_at_a_time_that_is_refused_at_first_is_not_the_end_of_the_log(parts, case, code):
    """The client asks again by itself, is answered, and tells the first answer as a success: no offset."""
    topic = case.topic(1)
    case.produce(topic, stock_rows(100), timestamp=lambda i: NOON + i)
    every_other = itertools.cycle((True, False))
    rule = parts.kafka.rule(LIST_OFFSETS, ANSWER, "say", status=code, times=None, chance=lambda: next(every_other),
                            when=lambda r: struct.pack(">q", NOON + 50) in r.body)
    d = case.daemon(topic, kafka={"start": str(NOON + 50)})
    case.until("it was asked for again", lambda: rule.hits >= 3 or case.committed(topic), 30)
    parts.kafka.remove(rule)
    case.wait_landed(topic)
    assert d.terminate() == 0
    assert case.judge(topic, first_offsets={0: 50}).rows == 50


def test_h12_a_record_comes_while_the_start_is_asked_for(parts, case):
    """Its time is behind that of the start, which no record had when it was asked for."""
    topic = case.topic(1)
    case.produce(topic, stock_rows(100), timestamp=lambda i: NOON + i)
    held = parts.kafka.rule(LIST_OFFSETS, ANSWER, "hold", when=holds(lambda e: e.topic == topic))
    d = case.daemon(topic, kafka={"start": str(NOON + 1000)})
    assert held.wait_hit(30)
    case.produce(topic, stock_rows(50, first=100), timestamp=NOON + 2000)
    parts.kafka.remove(held)
    case.wait_landed(topic)
    assert d.terminate() == 0
    assert case.judge(topic, first_offsets={0: 100}).rows == 50


def test_h14_an_open_transaction_is_no_end_of_the_log(parts, case):
    """The offset lies behind its start, since a daemon has read what was not committed; the broker calls it out of
    range, so that the log is asked."""
    topic = case.topic(1)
    producer = case.broker.producer(transactional_id=case.name)
    producer.init_transactions()
    case.produce(topic, stock_rows(50), timestamp=NOON)
    producer.begin_transaction()
    case.produce(topic, stock_rows(20, first=50), producer=producer, timestamp=NOON)
    options = case.settings([topic])["kafka"]["options"]
    d = case.daemon(topic, kafka={"options": [*options, "isolation.level=read_uncommitted"]})
    case.wait_committed(topic, {0: 70})
    assert d.terminate() == 0
    rule = parts.kafka.say(FETCH, OFFSET_OUT_OF_RANGE, lambda e: e.topic == topic)
    d.write(kafka={"options": options})
    d.start()
    assert rule.wait_hit(30)
    waits = r"waits for an open transaction to end: records up to offset 50 can be read, and it stands at 70"
    d.wait_says(waits)
    assert re.search(waits, d.state(topic, 0))
    producer.commit_transaction()
    case.until("the transaction's end in the log", lambda: case.broker.watermarks(topic)[0][1] > 70, 60)
    case.produce(topic, stock_rows(30, first=70), timestamp=NOON)
    case.wait_landed(topic, seconds=60)
    assert d.terminate() == 0
    assert case.judge(topic).rows == 100


@slow
def test_each_wait_is_told_once_then_once_a_minute(parts, case):
    """A person is needed for ranges that are sealed and for one that is open, whose object has another name each time;
    then S3 is away; then Kafka."""
    sealed, wide = case.topic(2), case.topic(1, suffix="-wide")
    d = case.daemon(sealed, wide, s3={"part_size": "5MiB"}, output={"compression": "none"},
                    override=[{"topics": [wide], "roll": {"age": "1h", "bytes": "1GiB"}}])
    refused = case.proxy.rule(WRITES, REQUEST, "say", status=403, times=None)
    case.produce(sealed, stock_rows(100), partitions=2, timestamp=NOON)
    case.produce(wide, [b'{"n":"%d%s"}' % (n, bytes(99000).replace(b"\0", b"x")) for n in range(60)], timestamp=NOON)
    for topic, partition in ((sealed, 0), (sealed, 1), (wide, 0)):
        assert_told_once_a_minute(
            case, d, rf'"{topic}" partition {partition}: waits for a person to mend what S3 refuses: .*403')
        assert re.search(r"(waits for a person .*|tries again after: ).*403", d.state(topic, partition))
    case.proxy.remove(refused)
    case.wait_landed(sealed, seconds=90)
    case.proxy.go_away()
    case.produce(sealed, stock_rows(100, first=100), partitions=2, timestamp=NOON)
    assert_told_once_a_minute(case, d, r"waits for S3: ")
    case.proxy.calm()
    case.wait_landed(sealed)
    before = len(told(d, ""))
    parts.kafka.go_away()
    time.sleep(MINUTE + 10)
    times = told(d, "")[before:]
    parts.kafka.calm()
    assert 2 <= sum(t < times[0] + MINUTE + 10 for t in times) <= 6, d.process.tail()
    assert d.terminate() == 0
    case.judge(sealed, ext="json")


@pytest.mark.parametrize("op", [JOIN_GROUP, SYNC_GROUP])
def test_stopped_before_it_was_ever_assigned_anything(parts, case, op):
    """Where the client before 2.3.0 aborts when it is destroyed: behind its join, before its assignment."""
    held = parts.kafka.rule(op, ANSWER, "hold", client="kafka2s3", times=None)
    d = case.daemon(case.topic(2))
    assert held.wait_hit(20)
    assert d.terminate() == 0
