# SPDX-License-Identifier: Apache-2.0
"""`kafka2s3 offsets show` and `offsets set`: what a group has; groups that are lost, moved, or not to be touched."""
import json
import os
import random
import re
import subprocess

import pytest
from confluent_kafka import TopicPartition

from daemon import BINARY
from rows import HOUR_MS, NOON, Feeder, stock_rows

SMALL = {"roll": {"records": 200, "age": "1s"}}
BASE = "{topic}+{partition}+{start}+{id}.{ext}"


def offsets(daemon, *arguments, code=0):
    """stdout; stderr is shown when the exit code is another one."""
    clean = {k: v for k, v in os.environ.items() if not k.startswith("AWS_")}
    done = subprocess.run([os.path.abspath(BINARY), "-c", daemon.conf, "offsets", *arguments], env=clean,
                          capture_output=True, text=True, timeout=100, check=False)
    assert "Sanitizer" not in done.stderr and "runtime error" not in done.stderr, done.stderr
    assert done.returncode == code, f"{done.returncode}: {done.stdout}\n{done.stderr}"
    return done.stdout + (done.stderr if code else "")


def show(daemon, *arguments):
    return json.loads(offsets(daemon, "show", "--json", *arguments))["partitions"]


def rows_in_hours(case, topic, count, partitions=1, first=0, hours=3):
    """A record in each hour by turns, so that a range has several objects."""
    case.produce(topic, stock_rows(count, first=first), partitions=partitions,
                 timestamp=lambda i: NOON + i // partitions % hours * HOUR_MS)


def end_session(case):
    """Until a killed daemon is no member any more."""
    case.until("an empty group", lambda: not case.broker.admin.describe_consumer_groups([case.group])[case.group]
               .result(10).members, 20, every=0.3)


def lose_group(case):
    end_session(case)
    case.broker.admin.delete_consumer_groups([case.group])[case.group].result(20)


def objects_by_start(case, topic, partition=0):
    """[(start, [keys])], oldest first"""
    found = {}
    for key in case.keys():
        m = re.search(rf"{re.escape(topic)}\+{partition}\+(\d{{20}})\+", key)
        if m:
            found.setdefault(int(m[1]), []).append(key)
    return sorted(found.items())


def everything_committed(case, *topics):
    return {t: case.broker.committed(case.group, t) for t in topics}


def goes_on(case, topic, d, count=300, partitions=1, first=100000):
    """The daemon lands what is left and what is new, and finds nothing to complain of."""
    case.produce(topic, stock_rows(count, first=first), partitions=partitions)
    d.start()
    case.wait_landed(topic)
    assert d.terminate() == 0
    log = d.log().split("started: ")[-1]
    assert not re.search(r"WARNING|ERROR|set from outside|had when its intent", log), log


def test_a_lost_group_is_rebuilt(case):
    topic = case.topic(2)
    d = case.daemon(topic, **SMALL)
    rows_in_hours(case, topic, 2000, partitions=2)
    case.wait_landed(topic)
    assert d.terminate() == 0
    before = case.committed(topic)
    lose_group(case)
    assert case.committed(topic) == {}
    said = offsets(d, "set", "--from-s3")
    assert said.count("it had none; the chain goes on behind range") == 2 and "\nset: 2 of 2 partitions" in f"\n{said}"
    assert case.committed(topic) == before
    goes_on(case, topic, d, partitions=2)
    assert case.judge(topic).rows == 2300


@pytest.mark.asan
def test_a_tail_that_was_published_in_part_is_completed(case):
    """As a daemon leaves it that is killed while eight ranges are being published."""
    topic = case.topic()
    d = case.daemon(topic, **SMALL)
    values = [*stock_rows(1500), *[None] * 20, *[b"no json"] * 20, *stock_rows(900, first=1500)]
    case.produce(topic, values, timestamp=lambda i: NOON + i % 3 * HOUR_MS)
    case.wait_landed(topic)
    assert d.terminate() == 0
    ranges = objects_by_start(case, topic)
    (_, newest), (_, second), (_, third), (_, fourth), (_, whole), (_, sixth) = ranges[:-7:-1]
    assert len(newest) > 1 and len(third) > 1 and len(sixth) > 1
    for key in (*newest[1:], *second, third[0], *fourth, sixth[1]):
        case.s3.delete_object(Bucket=case.bucket, Key=key)
    kept = set(case.keys())
    lose_group(case)
    dry = offsets(d, "set", "--from-s3", "--dry-run")
    assert "unfinished ranges up to offset" in dry and case.committed(topic) == {}
    offsets(d, "set", "--from-s3")
    (partition,) = show(d)
    assert partition["text"] == "ours" and partition["offset"] == ranges[-6][0]
    assert set(whole) <= kept
    goes_on(case, topic, d)
    assert kept <= set(case.keys())
    j = case.judge(topic)
    assert (j.rows, j.dead) == (2700, 20)


def test_groups_that_die_with_their_daemon(case):
    """Killed at any moment, and the group is deleted too: what S3 and the log hold is enough."""
    topic = case.topic(2)
    d = case.daemon(topic, roll={"records": 50, "age": "500ms"})
    rng = random.Random(5)
    with Feeder(case.broker, topic, 2, per_second=4000, timestamp=lambda i: NOON + i // 2 % 3 * HOUR_MS) as feeder:
        for _ in range(5):
            case.until("objects", lambda: len(case.keys()) > 10, 30)
            case.pause(rng.uniform(0, 1.5))
            d.kill()
            lose_group(case)
            offsets(d, "set", "--from-s3")
            d.start()
            case.wait_progress(topic)
    case.wait_landed(topic, seconds=60)
    assert d.terminate() == 0
    assert case.judge(topic).rows == feeder.sent


def test_nothing_in_s3_begins_where_the_settings_say(case):
    topic = case.topic(2)
    d = case.daemon(topic, start=False, kafka={"start": "latest"})
    case.produce(topic, stock_rows(100), partitions=2)
    said = offsets(d, "set", "--from-s3")
    assert said.count("offset 0, it had none; the chain begins here: first; nothing of it is in S3, and nobody") == 2
    goes_on(case, topic, d, partitions=2)
    assert case.judge(topic).rows == 400


def test_a_log_that_no_longer_reaches_back(case):
    topic = case.topic(2)
    d = case.daemon(topic, roll={"records": 1000, "age": "1s"})
    case.produce(topic, stock_rows(1000), partitions=2)
    case.wait_landed(topic)
    assert d.terminate() == 0
    case.produce(topic, stock_rows(1000, first=1000), partitions=2)
    newest = objects_by_start(case, topic)[-1][0]
    lose_group(case)
    lows = [TopicPartition(topic, 0, newest + 10), TopicPartition(topic, 1, 700)]
    for done in case.broker.admin.delete_records(lows).values():
        done.result(20)
    said = offsets(d, "set", "--from-s3")
    assert case.committed(topic) == {0: 500, 1: 700}
    assert re.search(r"partition 1: offset 700, it had none; the chain begins here: truncated; the log no longer", said)
    assert show(d)[0]["says"]["before"]["records"] > 0
    goes_on(case, topic, d, partitions=2)


def test_a_partition_with_its_text_is_kept(case):
    topic = case.topic(2)
    d = case.daemon(topic, **SMALL)
    case.produce(topic, stock_rows(1000), partitions=2)
    case.wait_landed(topic)
    assert d.terminate() == 0
    end_session(case)
    offsets(d, "set", f"{topic}:1=100")
    before = everything_committed(case, topic)
    assert offsets(d, "set", "--from-s3").count("its text is whole") == 2
    assert everything_committed(case, topic) == before
    offsets(d, "set", "--from-s3", "--replace")
    assert case.committed(topic) == {0: 500, 1: 500}
    goes_on(case, topic, d, partitions=2)
    assert case.judge(topic).rows == 1300


def test_to_a_time(case):
    topic = case.topic(2)
    d = case.daemon(topic, start=False)
    case.produce(topic, stock_rows(1000), partitions=2, timestamp=lambda i: NOON + i * 1000)
    offsets(d, "set", "--to-time", str(NOON + 400_500))
    assert case.committed(topic) == {0: 201, 1: 200}
    assert "the chain begins here: first" in offsets(d, "show")
    d.start()
    case.wait_landed(topic)
    assert d.terminate() == 0
    assert "set from outside" not in d.log()
    assert case.judge(topic, first_offsets={0: 201, 1: 200}).rows == 599
    end_session(case)
    said = offsets(d, "set", "--to-time", "2100-01-01", "--topic", topic)
    assert said.count("stays at offset 500") == 2
    said = offsets(d, "set", "--to-time", str(NOON + 900_000))
    assert "records 450 to 499 are landed a second time" in said
    assert [p["says"]["before"] for p in show(d)] == [{"begins": "moved"}] * 2


def test_a_running_daemon_refuses(case):
    topic = case.topic()
    d = case.daemon(topic, **SMALL)
    case.produce(topic, stock_rows(500))
    case.wait_landed(topic)
    before = everything_committed(case, topic)
    for how in (["--from-s3"], ["--to-time", "2000-01-01"], [f"{topic}:0=0"], ["--from-s3", "--dry-run"]):
        said = offsets(d, "set", *how, code=75)
        assert re.search(rf'group "{case.group}" has 1 member \(kafka2s3 at .*\): stop every daemon', said)
    assert everything_committed(case, topic) == before
    assert show(d)[0]["offset"] == 500
    assert d.terminate() == 0


def test_the_group_of_a_land_is_left_alone(case):
    """Its texts carry where it ends, which nobody could know again."""
    topic = case.topic()
    case.produce(topic, stock_rows(300))
    d = case.daemon(topic, start=False, **SMALL)
    landed = subprocess.run(d.command("land", "--from", str(NOON), "--to", "2200-01-01", "--prefix", "back"),
                            capture_output=True, text=True, timeout=300, check=True)
    case.group = re.search(r'started: group "([^"]+)"', landed.stderr)[1]
    d.write(kafka={"group": case.group}, s3={"prefix": "back"}, output={"dead_letter_prefix": "back-dead-letter"})
    end_session(case)
    before = everything_committed(case, topic)
    assert "a land of offsets [0, 300), which ends there" in offsets(d, "show")
    for how in ([f"{topic}:0=17"], ["--to-time", str(NOON)], ["--from-s3", "--replace"]):
        for force in ([], ["--drop-intents"]):
            said = offsets(d, "set", *how, *force, code=65)
            assert "refused: the group is that of a land" in said
    assert everything_committed(case, topic) == before


@pytest.mark.parametrize("other", [{"partition_by": "day"}, {"compression": "none"}, {"tombstones": "write"},
                                   {"metadata": ["kafka_offset"]},
                                   {"key": "{prefix}/{table}/dt={dt}/hour={hour}/of/" + BASE}],
                         ids=lambda other: next(iter(other)))
def test_a_lost_group_is_not_rebuilt_with_other_settings(case, other):
    """The log does not make what S3 holds: nobody knows what is landed. All partitions are set, or none."""
    topic = case.topic(2)
    d = case.daemon(topic, **SMALL)
    values = [None if n % 5 == 0 else row for n, row in enumerate(stock_rows(500))]
    case.produce(topic, [*values, *stock_rows(1)], timestamp=lambda i: NOON + i % 3 * HOUR_MS)
    case.wait_landed(topic)
    assert d.terminate() == 0
    lose_group(case)
    d.write(output=other)
    said = offsets(d, "set", "--from-s3", code=65)
    assert re.search(r"partition 0: refused: ", said) and "nothing is set: " in said
    assert case.committed(topic) == {}


def test_a_lost_group_is_not_begun_anew_where_another_key_has_landed(case):
    """The folders that another output.key names hold nothing, and what was landed lies in none of them. A partition of
    which nothing was landed is no such case."""
    topic = case.topic(2)
    d = case.daemon(topic, **SMALL)
    case.produce(topic, stock_rows(300))
    case.wait_landed(topic)
    assert d.terminate() == 0
    lose_group(case)
    for folders in ("{table}/of/dt={dt}/hour={hour}", "of/{table}/dt={dt}/hour={hour}"):
        d.write(output={"key": "{prefix}/" + folders + "/" + BASE})
        said = offsets(d, "set", "--from-s3", code=65)
        assert re.search(r'partition 0: refused: S3 holds nothing of it under the keys of these settings, and '
                         r'"raw/[^"]+/dt=[^"]+", which they do not make', said), said
        assert "nothing is set: " in said
    d.write(output={"key": "{prefix}/{table}/dt={dt}/hour={hour}/" + BASE})
    said = offsets(d, "set", "--from-s3")
    assert "nothing of it is in S3" in said
    goes_on(case, topic, d, partitions=2)
    assert case.judge(topic).rows == 600


def test_a_dry_run_changes_nothing(case):
    topic = case.topic(2)
    d = case.daemon(topic, **SMALL)
    case.produce(topic, stock_rows(1000), partitions=2)
    case.wait_landed(topic)
    assert d.terminate() == 0
    end_session(case)
    before, keys = everything_committed(case, topic), case.keys()
    for how in (["--from-s3", "--replace"], ["--to-time", str(NOON)], [f"{topic}:0=17", f"{topic}:1=18"]):
        assert "dry run: nothing is set" in offsets(d, "set", "--dry-run", *how)
    assert everything_committed(case, topic) == before and case.keys() == keys


def test_intents_are_not_thrown_away(case):
    topic = case.topic()
    d = case.daemon(topic, **SMALL)
    case.wait_assigned(topic)
    case.gateway.stop()
    case.produce(topic, stock_rows(500))
    case.wait_intent(topic, 0)
    d.kill()
    end_session(case)
    case.gateway.start()
    before = everything_committed(case, topic)
    said = offsets(d, "set", "--to-time", "2100-01-01", code=65)
    assert re.search(r"refused: its text names range [0-9a-f]{16}, offsets \[0, \d+\)", said)
    assert "nothing is set: 1 of 1 partitions are refused" in said
    assert everything_committed(case, topic) == before
    assert re.search(r"unfinished: range [0-9a-f]{16}, offsets \[0, \d+\), \d+ records", offsets(d, "show"))
    offsets(d, "set", "--to-time", "2100-01-01", "--drop-intents")
    assert case.committed(topic) == {0: 500}


def test_show_says_what_a_text_means(case):
    ours, bare = case.topic(2), case.topic(1, suffix="-bare")
    d = case.daemon(ours, **SMALL)
    case.produce(ours, stock_rows(400), partitions=2)
    case.wait_landed(ours)
    assert d.terminate() == 0
    end_session(case)
    case.produce(bare, stock_rows(10))
    consumer = case.broker.consumer(case.group)
    consumer.commit(offsets=[TopicPartition(bare, 0, 4)], asynchronous=False)
    consumer.close()
    d.write(kafka={"topics": [ours, bare]})
    said = offsets(d, "show")
    assert f'topic "{ours}" partition 0: offset 200, log 0 to 200, lag 0\n  goes to s3://{case.bucket}/raw\n' in said
    assert re.search(r"landed last: range [0-9a-f]{16} from offset \d+, \d+ records in 1 objects", said)
    assert re.search(r"the group met this topic at 20\d\d-.*, with 2 partitions and start earliest", said)
    assert (f'topic "{bare}" partition 0: offset 4, log 0 to 10, lag 6\n'
            "  without a text of kafka2s3") in said
    assert [(p["topic"], p["text"], p["lag"]) for p in show(d)] == [
        (ours, "ours", 0), (ours, "ours", 0), (bare, "absent", 6)]
    assert [p["topic"] for p in show(d, "--topic", bare)] == [bare]
    d.write(s3={"prefix": "else"})
    assert "goes to another bucket or prefix" in offsets(d, "show", "--topic", ours)
    lose_group(case)
    assert [p["offset"] for p in show(d)] == [None, None, None]


def test_what_cannot_be_is_refused(case):
    topic = case.topic()
    d = case.daemon(topic, start=False)
    case.produce(topic, stock_rows(10))
    for place in ("nonsense", f"{topic}:1=5", "other:0=5"):
        offsets(d, "set", place, code=64)
    offsets(d, "set", f"{topic}:0=1", f"{topic}:0=2", code=64)
    offsets(d, "show", "--topic", "other", code=64)
    assert "offset 11 is not in the log, which holds 0 to 10" in offsets(d, "set", f"{topic}:0=11", code=65)
    d.write(s3={"secret_access_key": "wrong"})
    assert "cannot be read" in offsets(d, "set", "--from-s3", code=69)
    d.write(kafka={"brokers": "127.0.0.1:1", "options": ["socket.connection.setup.timeout.ms=1000"]})
    assert case.committed(topic) == {}
