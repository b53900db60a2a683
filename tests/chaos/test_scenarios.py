# SPDX-License-Identifier: Apache-2.0
"""What broke the protocol on paper (H numbers of its review), staged with the proxies; and what the peace costs."""
import calendar
import re
import time

import pytest

import steps
from kafka_proxy import JOIN_GROUP, OFFSET_COMMIT
from s3_proxy import ABORT, COMPLETE, PART, PROBE, PUT, UPLOADS
from staging import both_are_in, burst_until, cut_off, staged
from wire import ANSWER, ANSWERED, REQUEST


@pytest.mark.parametrize("at", [REQUEST, pytest.param(ANSWER, marks=pytest.mark.slow)])
def test_h1_a_put_ends_that_began_before_the_partition_was_lost_and_got_back(parts, tmp_path, at):
    def play(world):
        first, second = world.members[:2]
        old = first.s3.rule(PUT, at, "hold")
        assert old.wait_hit(10)
        rule = cut_off(world, first)
        second.start()
        world.progress(everywhere=True)
        world.parts.kafka.remove(rule)
        both_are_in(world)
        second.leave()
        world.progress(everywhere=True)
        first.s3.remove(old)
        world.progress(everywhere=True)
        first.kill()
        first.start()
        world.progress(everywhere=True)
    staged(parts, tmp_path, play)


@pytest.mark.slow
@pytest.mark.parametrize("at", [REQUEST, ANSWER])
@pytest.mark.parametrize("do", ["cut", "drop"])
def test_h2_commits_come_late_twice_or_never(parts, tmp_path, at, do):
    def play(world):
        for _ in range(3):
            rule = world.parts.kafka.rule(OFFSET_COMMIT, at, do)
            assert rule.wait_hit(20)
            world.progress()
        world.members[0].kill()
        world.members[0].start()
        world.progress()
    staged(parts, tmp_path, play, options=["socket.timeout.ms=3000"])


@pytest.mark.parametrize("at,status", [
    (REQUEST, 409), pytest.param(REQUEST, 404, marks=pytest.mark.slow),
    pytest.param(ANSWER, 409, marks=pytest.mark.slow), (ANSWER, 404)])
def test_h6_an_upload_dies_while_another_daemon_joins(parts, tmp_path, at, status):
    def play(world):
        first, second = world.members[:2]
        rule = first.s3.rule(COMPLETE, at, "say", status=status)
        burst_until(world, rule)
        second.start()
        both_are_in(world)
        world.progress(everywhere=True)
    world = staged(parts, tmp_path, play)
    assert sum(m.s3.counts.get(COMPLETE, 0) for m in world.members) >= 2


def test_h11_uploads_that_were_left_behind_may_not_be_listed(parts, tmp_path):
    """Said once by each uploader, and all else goes on."""
    def play(world):
        member = world.members[0]
        member.kill()
        asked = member.s3.counts.get(UPLOADS, 0)
        rule = member.s3.rule(UPLOADS, REQUEST, "say", status=403, times=None)
        member.start()
        assert rule.wait_hit(30)
        world.progress(everywhere=True)
        world.progress(everywhere=True)
        asked = member.s3.counts[UPLOADS] - asked
        assert asked <= world.uploaders
        told = member.daemon.log().count("uploads that were left behind are not looked for any more")
        assert 1 <= told <= asked  # what the second says is the same
    staged(parts, tmp_path, play)


def test_h15_an_acknowledgement_grows_old(parts, tmp_path):
    """Frozen between the acknowledgement and the PUT: what wakes asks the group again before it signs."""
    def play(world):
        first, second = world.members[:2]
        known = world.known_ids()
        rule = world.parts.kafka.rule(OFFSET_COMMIT, ANSWER, "hold", when=steps.new_intent(known))
        assert rule.wait_hit(10)
        first.freeze()
        named = steps.new_intent(known)(rule.last)
        signed = first.s3.rule(PUT, REQUEST, "see", when=lambda r: steps.range_of(r.path) in named, times=None)
        world.parts.kafka.remove(rule)     # it finds the acknowledgement when it wakes
        second.start()
        world.progress(everywhere=True)
        asks = world.parts.kafka.rule(JOIN_GROUP, REQUEST, "hold", client=first.name)
        first.thaw()
        assert asks.wait_hit(60)
        assert named and signed.hits == 0
        world.parts.kafka.remove(asks)
        both_are_in(world)
        world.progress(everywhere=True)
    staged(parts, tmp_path, play)


def test_h15_a_connection_dies_in_the_freeze(parts, tmp_path):
    """With a PUT under way on a connection that was used before: a client that sends it again by itself, as curl does,
    sends it under the old signature."""
    def play(world):
        first, second = world.members[:2]
        world.progress(everywhere=True)
        rule = first.s3.rule(PUT, REQUEST, "hold", when=lambda r: world.narrow in r.path)
        assert rule.wait_hit(20)
        first.freeze()
        first.s3.remove(rule, cut=True)
        made = second.s3.rule(PUT, ANSWERED, "see", when=lambda r: r.path == rule.last.path)
        second.start()
        assert made.wait_hit(world.patience)
        world.progress(everywhere=True)
        again = first.s3.rule(PUT, REQUEST, "see", when=lambda r: r.path == rule.last.path, times=None)
        first.thaw()
        world.progress()
        both_are_in(world)
        assert again.hits == 0
    staged(parts, tmp_path, play)


@pytest.mark.parametrize("strategy", ["range", pytest.param("cooperative-sticky", marks=pytest.mark.slow)])
def test_a_revocation_that_runs_out_of_time_aborts_its_own_uploads(case, strategy):
    """What was sealed is the next owner's to make again. That one aborts what it finds only when all that it recovers
    is published, which the stalled store keeps it from."""
    topic = case.topic(2)
    options = ["session.timeout.ms=6000", "heartbeat.interval.ms=500", "reconnect.backoff.max.ms=500",
               f"partition.assignment.strategy={strategy}"]
    more = {"kafka": {"options": options}, "roll": {"age": "1h"}, "s3": {"part_size": "5MiB"},
            "output": {"compression": "none", "partition_by": "none"}}
    first = case.daemon(topic, **more)
    rows = [b'{"n":%d,"text":"%s"}' % (n, b"x" * 4000) for n in range(3200)]
    case.produce(topic, rows, partitions=2)
    case.wait_read(topic)
    case.until("a part of each", lambda: case.proxy.counts.get(PART, 0) >= 2, 30)
    stalled = case.proxy.rule(COMPLETE, REQUEST, "hold", times=None)
    second = case.daemon(topic, **more)
    gone = 1 if strategy == "cooperative-sticky" else 2
    case.until("its uploads aborted", lambda: case.proxy.counts.get(ABORT, 0) >= gone, 30)
    case.proxy.remove(stalled)
    assert first.terminate(60) == 0 and second.terminate(60) == 0
    second.write(roll={"age": "1s"})    # they may have ended while the group was dealing
    second.start()
    case.wait_landed(topic, seconds=60)
    assert second.terminate(60) == 0
    assert case.judge(topic, ext="json", partition_by="none").rows == len(rows)


@pytest.mark.plain  # the false clock is a library that comes before the sanitizer's
def test_a_clock_that_is_20_minutes_off_is_corrected_for_signing(parts, tmp_path):
    """In either direction, and set right while the daemon runs."""
    def play(world):
        first, second = world.members[:2]
        first.kill()
        first.start(minutes=20)
        second.start(minutes=-20)
        both_are_in(world)
        world.progress(everywhere=True)
        for member, sign in ((first, ""), (second, "-")):
            member.daemon.wait_says(rf"this clock is {sign}1(19|20)\d s off the store's")
        first.clock.set(0)
        second.clock.set(0)
        for member in (first, second):
            member.daemon.wait_says("off the store's", count=2)
        world.progress(everywhere=True)
    staged(parts, tmp_path, play)


def test_a_store_that_blames_the_clock_is_believed(parts, tmp_path):
    """Its Date counts for signing from its first answer on; the store itself then corrects it."""
    def play(world):
        first = world.members[0]
        rule = first.s3.rule(PUT, REQUEST, "say", status=403, code="RequestTimeTooSkewed", clock=1200)
        signed = first.s3.rule(PUT, REQUEST, "see", when=lambda r: rule.hits and minutes_off(r) > 18)
        assert signed.wait_hit(20)
        world.progress(everywhere=True)
    staged(parts, tmp_path, play)


def minutes_off(request):
    """By how much the time that a request was signed with is ahead."""
    at = re.search(rb"\r\nx-amz-date: *(\d{8}T\d{6})Z", request.head, re.IGNORECASE).group(1).decode()
    return (calendar.timegm(time.strptime(at, "%Y%m%dT%H%M%S")) - time.time()) / 60


@pytest.mark.parametrize("what", ["kafka", "s3"])
def test_one_daemon_is_cut_off_by_its_cable(parts, tmp_path, what):
    """Neither end hears of it. From Kafka: the others have its partitions, and it has them back later."""
    assert parts.nets, "needs root, for network namespaces"

    def play(world):
        first, second = world.members[:2]
        second.start()
        both_are_in(world)
        world.progress(everywhere=True)
        cable = getattr(first.net, what)
        cable.pull()
        if what == "kafka":
            world.case.until("the group without it", lambda: len(parts.broker.members(world.case.group) or ()) == 1, 30)
            world.progress(everywhere=True)
        else:
            time.sleep(5)
        cable.plug()
        both_are_in(world)
        world.progress(everywhere=True)
    staged(parts, tmp_path, play)


@pytest.mark.slow
def test_a_lost_answer_to_a_commit_holds_commits_for_as_long_as_the_client_waits(parts, tmp_path):
    def play(world):
        rule = world.parts.kafka.rule(OFFSET_COMMIT, ANSWER, "drop")
        assert rule.wait_hit(20)
        took = world.progress()
        world.say(f"the next commit came {took:.1f} s after the one whose answer was lost")
        assert took < 45   # by itself the client would wait a minute
    staged(parts, tmp_path, play, session_ms=None)


def test_a_steady_state_costs_a_put_an_object_and_a_commit_a_second(parts, tmp_path):
    def play(world):
        member, seconds = world.members[0], 12
        world.progress(everywhere=True)    # what a start and an assignment cost once is over
        world.case.until("the start's probe", lambda: member.s3.counts.get(PROBE, 0) == 2, 30)
        before = dict(member.s3.counts)
        commits, began = parts.kafka.counts.get(OFFSET_COMMIT, 0), time.monotonic()
        time.sleep(seconds)
        asked = {op: n - before.get(op, 0) for op, n in member.s3.counts.items() if n > before.get(op, 0)}
        commits, took = parts.kafka.counts[OFFSET_COMMIT] - commits, time.monotonic() - began
        world.say(f"in {took:.1f} s: {asked}, {commits} commits")
        assert set(asked) == {PUT}
        assert commits <= took + 1
    world = staged(parts, tmp_path, play, session_ms=None)
    assert world.members[0].s3.counts[PUT] == world.objects
