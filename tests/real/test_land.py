# SPDX-License-Identifier: Apache-2.0
"""`kafka2s3 land`: a stretch of time, once, into a place of its own, whatever ends it in between."""
import os
import pty
import random
import re
import signal
import subprocess

import pytest
from confluent_kafka import ConsumerGroupTopicPartitions, TopicPartition

import judge
from daemon import Daemon, merged, without_aws
from rows import HOUR_MS, NOON, Feeder, stock_rows
from scripted_glue import ScriptedGlue
from waiting import until

PREFIX = "back/fill"
DEAD = PREFIX + "-dead-letter"
NEVER = "2200-01-01"
LANDED = (r'(?m)^landed (\d+) records of (\d+) partitions in (\d+) objects under "[^"]*"; (\d+) of them dead letters; '
          r"\d+ tombstones skipped$")
# Small ranges, and a memory that does not hold all at once: so a land of some 40 MB takes some seconds.
SMALL = {"roll": {"records": 250, "age": "1s"}, "memory": "20MiB", "s3": {"part_size": "5MiB"},
         "output": {"compression": "none", "max_record": "1MiB"}}
ROWS = 150000


class Land(Daemon):
    """The command: it ends by itself."""

    def run(self, start=NOON, stop=NEVER, prefix=PREFIX):
        self.process = self.runs_as(self.command("land", "--from", str(start), "--to", str(stop), "--prefix", prefix),
                                    self.log_path, env=without_aws())
        return self

    def end(self, seconds=60):
        return self.process.wait_end(seconds)

    def counts(self):
        """(records, partitions, objects, dead letters) as the last run said"""
        return tuple(int(n) for n in re.findall(LANDED, self.log())[-1])

    def group(self):
        found = self.says(r'started: group "([^"]+)"')
        return found and found[1]


def land(case, *topics, **more):
    d = Land(case.dir, f"land{len(case.daemons) + 1}", merged(case.settings(list(topics)), more))
    case.daemons.append(d)
    return d


def produce(case, topic, partition, values, times):
    p = case.broker.producer()
    for value, time in zip(values, times, strict=True):
        p.produce(topic, value, partition=partition, timestamp=NOON + time)
    assert p.flush(60) == 0


def positions(case, d, topic):
    """{partition: (first, stop, committed)} as offsets and texts say"""
    return {p: (*(int(n) for n in re.search(r" land=(\d+),(\d+),", text).groups()), offset)
            for p, (offset, text) in case.broker.committed(d.group(), topic).items()}


def stretches(case, d, topic):
    """{partition: (first, stop)}"""
    return {p: at[:2] for p, at in positions(case, d, topic).items()}


def committed(case, d, topic):
    """Records that the offsets have passed."""
    return sum(offset - first for first, _stop, offset in positions(case, d, topic).values())


def wait_under_way(case, d, topic, least):
    def there():
        assert d.running(), f"it ended before that, {d.process.tail()}"
        return d.group() and committed(case, d, topic) >= least
    until(lambda: f"{least} records landed, {d.process.tail()}", there, 60)


def begin_and_take_s3_away(case, d, topic, *stretch):
    """Until the intent of a partition's only range is acknowledged, and nothing of it is visible."""
    d.run(*stretch)
    until("the start", d.group, 20)
    case.gateway.stop()
    case.group = d.group()
    case.wait_intent(topic, 0, seconds=60)


def assert_landed(case, d, topic, expected, ext="json.gz"):
    """Exactly these offsets are in the bucket, {partition: (first, stop)}, and so it was said."""
    assert stretches(case, d, topic) == expected
    records = {p: [r for r in all_of if expected[p][0] <= r.offset < expected[p][1]]
               for p, all_of in judge.read_topic(case.broker, topic).items()}
    j = judge.judge_topic(case.broker, case.s3, case.bucket, topic, d.group(),
                          judge.Rules(prefix=PREFIX, dead_letter_prefix=DEAD, ext=ext), records)
    assert not j.problems(), "\n".join(j.problems()) + "\n" + case.tails()
    assert d.counts() == (j.rows + j.dead, len(expected), len(j.objects), j.dead)
    return j


@pytest.mark.asan
def test_a_stretch_of_time(case):
    """Partition 2 has nothing in it, partition 3 nothing at all."""
    topic = case.topic(4)
    case.produce(topic, stock_rows(3000), partitions=2, timestamp=lambda i: NOON + i)
    produce(case, topic, 2, stock_rows(100, first=5000), [i if i < 50 else 9000 + i for i in range(100)])
    d = land(case, topic).run(NOON + 1000, NOON + 2500)
    assert d.end() == 0, d.process.tail()
    j = assert_landed(case, d, topic, {0: (500, 1250), 1: (500, 1250), 2: (50, 50), 3: (0, 0)})
    assert j.rows == 1500
    assert d.run(NOON + 1000, NOON + 2500).end() == 0, "again there is nothing to do"
    assert_landed(case, d, topic, {0: (500, 1250), 1: (500, 1250), 2: (50, 50), 3: (0, 0)})


def test_the_offsets_count_where_times_are_out_of_order(case):
    topic = case.topic()
    times = [10, 50, 20, 99, 60, 30, 100, 40, 70, 200]
    produce(case, topic, 0, stock_rows(len(times)), times)
    d = land(case, topic).run(NOON + 45, NOON + 100)
    assert d.end() == 0, d.process.tail()
    assert_landed(case, d, topic, {0: (1, 6)})


def test_an_empty_stretch_lands_nothing(case):
    topic = case.topic(2)
    case.produce(topic, stock_rows(100), partitions=2, timestamp=lambda i: NOON + i)
    for start, stop in ((NOON - 10000, NOON), (NOON + 100, NOON + 10000)):
        d = land(case, topic).run(start, stop)
        assert d.end() == 0, d.process.tail()
        assert d.counts() == (0, 2, 0, 0)
    assert case.keys() == []


def test_the_log_as_it_is_when_it_begins(case):
    """Whoever goes on writing keeps no land from its end."""
    topic = case.topic(2)
    case.produce(topic, stock_rows(1000), partitions=2)
    with Feeder(case.broker, topic, 2):
        before = case.broker.watermarks(topic)
        d = land(case, topic).run()
        assert d.end() == 0, d.process.tail()
        after = case.broker.watermarks(topic)
    found = stretches(case, d, topic)
    assert all(before[p][1] <= found[p][1] <= after[p][1] for p in (0, 1)), (before, found, after)
    assert_landed(case, d, topic, {p: (0, found[p][1]) for p in (0, 1)})


def test_tombstones_and_dead_letters(case):
    topic = case.topic()
    values = stock_rows(20) + [b"no json", None] + stock_rows(20, first=20) + [None]
    produce(case, topic, 0, values, range(len(values)))
    d = land(case, topic).run()
    assert d.end() == 0, d.process.tail()
    j = assert_landed(case, d, topic, {0: (0, 43)})
    assert (j.rows, j.dead) == (40, 1)
    assert d.says("; 2 tombstones skipped")
    assert len([k for k in case.keys() if k.startswith(DEAD + "/")]) == 1


@pytest.mark.asan
def test_killed_again_and_again(case):
    topic = case.topic(3)
    case.produce(topic, stock_rows(ROWS), partitions=3, timestamp=lambda i: NOON + i)
    stretch = NOON + 3000, NOON + ROWS - 3000
    rng = random.Random(5)
    d = land(case, topic, **SMALL)
    for n in range(5):
        d.run(*stretch)
        wait_under_way(case, d, topic, 1 + n * 15000)
        case.pause(rng.uniform(0, 0.7))
        d.kill()
    assert d.run(*stretch).end(120) == 0, d.process.tail()
    assert_landed(case, d, topic, {p: (1000, ROWS // 3 - 1000) for p in range(3)}, ext="json")


def test_killed_between_the_last_intent_and_its_publish(case):
    topic = case.topic(2)
    case.produce(topic, stock_rows(5000), partitions=2, timestamp=lambda i: NOON + i)
    d = land(case, topic)
    begin_and_take_s3_away(case, d, topic, NOON, NOON + 4000)
    d.kill()
    case.gateway.start()
    assert d.run(NOON, NOON + 4000).end() == 0, d.process.tail()
    assert_landed(case, d, topic, {p: (0, 2000) for p in (0, 1)})


def test_a_range_larger_than_the_memory(case):
    """All of the land is one range, left as an intent by a kill; with the smallest memory it is made again in passes,
    in one of which the daemon is killed once more. Each record is counted once."""
    hours, count, rng = 40, 30000, random.Random(1)
    topic = case.topic()
    values = [None if n % 97 == 0 else b"no JSON %d" % n if n % 89 == 0
              else b'{"n":%d,"noise":"%s"}' % (n, rng.randbytes(500).hex().encode()) for n in range(count)]
    case.produce(topic, values, timestamp=lambda n: NOON + n % hours * HOUR_MS)
    d = land(case, topic, memory="256MiB", roll={"age": "1h"}, s3={"part_size": "5MiB"},
             output={"compression": "none", "max_record": "4MiB"})
    begin_and_take_s3_away(case, d, topic)
    assert re.findall(r" range=(\d+),", case.text(topic, 0)) == [str(count)]
    d.kill()
    case.gateway.start()
    d.write(memory="20MiB")
    d.run()
    again = "waits for another pass over a range that is larger than the memory"
    until(lambda: f"a pass, {d.process.tail()}", lambda: d.says(again), 60)
    d.kill()
    killed = len(d.log())
    assert d.run().end(120) == 0, d.process.tail()
    assert again in d.log()[killed:]
    j = assert_landed(case, d, topic, {0: (0, count)}, ext="json")
    assert (j.dead, j.skipped) == (sum(1 for v in values if v and v[0] != 123), values.count(None))
    assert d.says(f"; {j.skipped} tombstones skipped")
    assert not d.says("when its intent was written")


@pytest.mark.parametrize("name", ["SIGTERM", "SIGINT"])
def test_stopped_in_between_it_says_so(case, name):
    topic = case.topic(2)
    case.produce(topic, stock_rows(5000), partitions=2, timestamp=lambda i: NOON + i)
    d = land(case, topic)
    begin_and_take_s3_away(case, d, topic)
    d.send(getattr(signal, name))
    assert d.end() == 75
    assert d.says("stopped before its end; the same command goes on")
    case.gateway.start()
    assert d.run().end() == 0, d.process.tail()
    assert_landed(case, d, topic, {p: (0, 2500) for p in (0, 1)})


def test_two_at_once_share_the_partitions(case):
    topic = case.topic(4)
    case.produce(topic, stock_rows(ROWS), partitions=4, timestamp=lambda i: NOON + i)
    first, second = (land(case, topic, **SMALL).run() for _ in range(2))
    assert first.end(120) == 0, first.process.tail()
    assert second.end(30) == 0, second.process.tail()
    for d in first, second:
        assert_landed(case, d, topic, {p: (0, ROWS // 4) for p in range(4)}, ext="json")
    given = re.findall(r"the group gave (\d) partitions?", first.log() + second.log())
    assert "2" in given, given


def test_one_of_two_dies_and_the_other_ends_it(case):
    topic = case.topic(4)
    case.produce(topic, stock_rows(ROWS), partitions=4, timestamp=lambda i: NOON + i)
    first, second = (land(case, topic, **SMALL).run() for _ in range(2))
    wait_under_way(case, first, topic, 1)
    first.kill()
    assert second.end(120) == 0, second.process.tail()
    assert_landed(case, second, topic, {p: (0, ROWS // 4) for p in range(4)}, ext="json")


@pytest.mark.parametrize("key", [PREFIX + "/readme", DEAD + "/a/b"])
def test_a_prefix_that_is_not_empty_is_refused(case, key):
    topic = case.topic()
    case.produce(topic, stock_rows(10))
    case.s3.put_object(Bucket=case.bucket, Key=key, Body=b"something")
    d = land(case, topic).run()
    assert d.end() == 65
    assert d.says(rf'is not empty, it holds "{key}" of someone else')
    assert case.keys() == [key]
    case.s3.delete_object(Bucket=case.bucket, Key=key)
    case.s3.put_object(Bucket=case.bucket, Key=PREFIX + "-2/a", Body=b"beside it")
    assert d.run().end() == 0, d.process.tail()


def test_what_another_land_wrote_is_refused(case):
    topic = case.topic()
    case.produce(topic, stock_rows(10), timestamp=lambda i: NOON + i)
    d = land(case, topic).run()
    assert d.end() == 0, d.process.tail()
    keys = case.keys()
    assert d.run(NOON + 1).end() == 65
    assert d.says("of someone else")
    assert case.keys() == keys


def test_a_group_that_was_lost_is_not_begun_anew(case):
    topic = case.topic()
    case.produce(topic, stock_rows(10))
    d = land(case, topic).run()
    assert d.end() == 0, d.process.tail()
    keys = case.keys()
    case.broker.admin.delete_consumer_groups([d.group()])[d.group()].result(20)
    assert d.run().end() == 65
    assert d.says("holds objects of this very land, but its group .* has no offsets any more")
    assert case.keys() == keys


def test_offsets_that_were_set_from_outside_are_not_believed(case):
    topic = case.topic()
    case.produce(topic, stock_rows(1000), timestamp=lambda i: NOON + i)
    d = land(case, topic)
    begin_and_take_s3_away(case, d, topic)
    d.kill()
    case.gateway.start()
    case.until("the group to be empty", lambda: case.broker.members(d.group()) is None, 20)
    moved = ConsumerGroupTopicPartitions(d.group(), [TopicPartition(topic, 0, 5)])
    case.broker.admin.alter_consumer_group_offsets([moved])[d.group()].result(20)
    d.run()
    until(lambda: d.process.tail(), lambda: d.says("offsets of this land's group were set from outside"), 20)
    d.send(signal.SIGTERM)
    assert d.end() == 75
    assert case.keys() == []


def test_retention_takes_some_before_they_are_landed(case):
    topic = case.topic()
    case.produce(topic, stock_rows(1000), timestamp=lambda i: NOON + i)
    d = land(case, topic)
    begin_and_take_s3_away(case, d, topic, NOON, NOON + 500)
    d.kill()
    case.gateway.start()
    case.broker.admin.delete_records([TopicPartition(topic, 0, 600)])[TopicPartition(topic, 0)].result(20)
    assert d.run(NOON, NOON + 500).end() == 0, d.process.tail()
    assert d.says("records 0 to 499 are lost")
    assert d.counts() == (0, 1, 0, 0)


@pytest.mark.parametrize("first", [0, 300])
def test_a_topic_that_was_made_again_is_not_waited_for(case, first):
    """Its log ends at 100, behind where the land began or before that."""
    topic = case.topic()
    case.produce(topic, stock_rows(1000), timestamp=lambda i: NOON + i)
    d = land(case, topic)
    begin_and_take_s3_away(case, d, topic, NOON + first, NOON + 500)
    d.kill()
    case.gateway.start()
    offset, text = case.broker.committed(d.group(), topic)[0]
    case.broker.admin.delete_topics([topic])[topic].result(20)
    case.until("the group to be empty", lambda: case.broker.members(d.group()) is None, 20)
    case.broker.create_topic(topic)
    case.produce(topic, stock_rows(100), timestamp=lambda i: NOON + i)
    kept = ConsumerGroupTopicPartitions(d.group(), [TopicPartition(topic, 0, offset, text)])
    case.broker.admin.alter_consumer_group_offsets([kept])[d.group()].result(20)
    assert d.run(NOON + first, NOON + 500).end() == 0, d.process.tail()
    assert d.says("the log ends at 100, before offset 500 where this land was to end")
    assert d.counts() == (0, 1, 0, 0)


def test_a_transaction_that_is_open_is_waited_for(case):
    """A land that reads what is not committed has its end behind it, and goes on as one that does not."""
    topic = case.topic()
    producer = case.broker.producer(transactional_id=case.name)
    producer.init_transactions()
    case.produce(topic, stock_rows(50), timestamp=NOON)
    producer.begin_transaction()
    case.produce(topic, stock_rows(20, first=50), timestamp=NOON, producer=producer)
    options = case.settings([topic])["kafka"]["options"]
    d = land(case, topic, kafka={"options": [*options, "isolation.level=read_uncommitted"]})
    begin_and_take_s3_away(case, d, topic)
    d.kill()
    case.gateway.start()
    d.write(kafka={"options": options})
    d.run()
    wait_under_way(case, d, topic, 50)
    assert not d.says("the log ends at")
    producer.commit_transaction()
    assert d.end() == 0, d.process.tail()
    assert_landed(case, d, topic, {0: (0, 70)})


def test_progress_on_a_terminal(case):
    """A line that is drawn over, and log lines that go over it; the result alone on standard output."""
    topic = case.topic()
    case.produce(topic, stock_rows(1000))
    d = land(case, topic)
    ours, theirs = pty.openpty()
    command = d.command("land", "--from", str(NOON), "--to", NEVER, "--prefix", PREFIX)
    with subprocess.Popen(command, stdout=subprocess.PIPE, stderr=theirs, text=True) as process:
        os.close(theirs)
        seen = b""
        try:
            while data := os.read(ours, 65536):
                seen += data
        except OSError:
            pass  # the other side is closed
        said = process.stdout.read()
    os.close(ours)
    assert process.returncode == 0, seen
    assert re.search(rb"\r\x1b\[K\[[#.]{24}\]   0 %  0 of 1 partitions done", seen), seen
    assert re.search(rb"\r\x1b\[K\d{4}-\d\d-\d\dT\S+ info    ", seen), seen
    assert re.fullmatch(LANDED + r"\n", said), said


def test_a_topic_that_is_not_there(case):
    topic = case.topic()
    case.produce(topic, stock_rows(10))
    d = land(case, topic, topic + "-not").run()
    assert d.end() == 69
    assert d.says(f'the cluster has no topic "{topic}-not"')
    assert case.keys() == []


def test_a_kafka_that_is_not_there(case):
    d = land(case, "t", kafka={"brokers": "127.0.0.1:1"}).run()
    assert d.end() == 69
    assert d.says('land: no broker of "127.0.0.1:1" answers')


def test_with_a_catalog_it_asks_nothing_of_glue(case):
    """Its prefix is no place of the tables: what is in Glue stays as it is, and what the daemon keeps goes on."""
    topic = case.topic(2)
    with ScriptedGlue() as glue:
        catalog = {"catalog": "table", "glue": {"database": "lake", "endpoint": glue.endpoint,
                                                "partitions": "registered"}}
        keeper = case.daemon(topic, **catalog)
        case.produce(topic, stock_rows(2000), partitions=2, timestamp=lambda i: NOON + i % 2 * HOUR_MS)
        case.wait_landed(topic, seconds=90)
        name = next(iter(glue.databases["lake"]))
        assert len(glue.partitions("lake", name)) == 2
        assert keeper.terminate() == 0
        asked, there = len(glue.log), (glue.table("lake", name), glue.partitions("lake", name))
        d = land(case, topic, **catalog).run()
        assert d.end() == 0, d.process.tail()
        assert d.counts()[0] == 2000
        assert len(glue.log) == asked and (glue.table("lake", name), glue.partitions("lake", name)) == there
        d.write(kafka={"group": d.group()}, s3={"prefix": PREFIX}, output={"dead_letter_prefix": DEAD})
        code, said = d.verify("--deep")
        assert code == 0 and sum(p["records"] for p in said["partitions"]) == 2000


def test_verify_proves_it(case):
    """With the land's group and prefix in the settings."""
    topic = case.topic(2)
    case.produce(topic, stock_rows(5000), partitions=2, timestamp=lambda i: NOON + i)
    d = land(case, topic, **SMALL).run(NOON + 1000, NOON + 4000)
    assert d.end() == 0, d.process.tail()
    d.write(kafka={"group": d.group()}, s3={"prefix": PREFIX}, output={"dead_letter_prefix": DEAD})
    code, said = d.verify("--deep")
    assert (code, said["result"], said["findings"]) == (0, "whole", [])
    assert sum(p["records"] for p in said["partitions"]) == 3000
