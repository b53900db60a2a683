# SPDX-License-Identifier: Apache-2.0
"""What a daemon finds at an assignment: texts, offsets and logs as someone or something else has left them: moved,
deleted, mirrored, cut short, made again (H numbers of the protocol's review)."""
import collections
import json
import re
import signal

from confluent_kafka import TopicPartition

import judge
from case import QUICK
from rows import NOON, Feeder, stock_rows


def test_eager_assignment(case):
    eager = {"options": ["partition.assignment.strategy=range", *QUICK, "topic.metadata.refresh.interval.ms=1000"]}
    topic = case.topic(4)
    first = case.daemon(topic, kafka=eager)
    with Feeder(case.broker, topic, 4) as feeder:
        case.wait_progress(topic)
        second = case.daemon(topic, kafka=eager)
        case.until("two members", lambda: len(case.broker.members(case.group) or ()) == 2, 30)
        case.wait_progress(topic)
        second.kill()
        case.wait_progress(topic)
    case.wait_landed(topic)
    assert first.terminate() == 0
    assert case.judge(topic).rows == feeder.sent


def test_two_uploaders_share_the_partitions(case):
    topic = case.topic(5)
    d = case.daemon(topic, uploaders=2, roll={"age": "1s", "bytes": "1MiB"}, kafka={"options": QUICK})
    with Feeder(case.broker, topic, 5, per_second=5000) as feeder:
        for _ in range(3):
            case.wait_progress(topic)
            d.kill()
            d.start()
    case.wait_landed(topic)
    assert d.terminate() == 0
    assert case.judge(topic).rows == feeder.sent


def test_a_text_of_a_newer_version_waits_and_the_others_go_on(case):
    topic = case.topic(2)
    case.commit_from_outside(topic, 0, 0, "kafka2s3/2 something=else")
    d = case.daemon(topic)
    case.produce(topic, stock_rows(100), partitions=2)
    case.wait_committed(topic, {1: 50})
    d.wait_says(r"partition 0: waits for a newer kafka2s3.*kafka2s3/2 something=else")
    assert re.search("waits for a newer kafka2s3.*kafka2s3/2 something=else", d.state(topic, 0))
    assert case.committed(topic)[0] == 0
    assert d.terminate() == 0


def test_an_offset_set_from_outside_is_said_and_obeyed(case):
    topic = case.topic(1)
    case.produce(topic, stock_rows(300))
    d = case.daemon(topic)
    case.wait_landed(topic)
    assert d.terminate() == 0
    case.commit_from_outside(topic, 0, 200)
    d.start()
    d.wait_says(r"its offset was set from outside, or by another program: going on at offset 200")
    case.wait_landed(topic)
    assert "the chain began anew at offset 200 (moved)" in d.state(topic, 0)
    assert d.terminate() == 0
    assert len(re.findall("set from outside", d.log())) == 1
    begins = [case.s3.head_object(Bucket=case.bucket, Key=key)["Metadata"].get("chain-begins")
              for key in case.keys("raw") if "+00000000000000000200+" in key]
    assert begins == ["moved"]


def test_another_destination_begins_the_chain_anew(case):
    topic = case.topic(1)
    case.produce(topic, stock_rows(100))
    d = case.daemon(topic)
    case.wait_landed(topic)
    assert d.terminate() == 0
    d.write(s3={"prefix": "other"})
    for starts in (2, 3):
        d.start()
        d.wait_says("the group gave 1 partition", count=starts)
        case.until("a text that says so", lambda: "before=begins:destination" in case.text(topic, 0), 20)
        assert d.terminate() == 0
    assert len(re.findall("the destination has changed since the last commit: going on at offset 100", d.log())) == 1
    case.produce(topic, stock_rows(100, first=100))
    d.start()
    case.wait_landed(topic)
    assert d.terminate() == 0
    assert [(case.s3.head_object(Bucket=case.bucket, Key=key)["Metadata"].get("chain-begins"), key.split("+")[2])
            for key in case.keys("other")] == [("destination", "00000000000000000100")]


def test_records_that_retention_took_are_said_to_be_lost(case):
    topic = case.topic(1)
    case.produce(topic, stock_rows(100))
    d = case.daemon(topic)
    case.wait_landed(topic)
    assert d.terminate() == 0
    case.produce(topic, stock_rows(100, first=100))
    at = TopicPartition(topic, 0, 150)
    case.broker.admin.delete_records([at])[at].result(20)
    d.start()
    d.wait_says(r"records 100 to 149 are lost: retention removed them")
    case.wait_landed(topic)
    d.send(signal.SIGUSR1)
    d.wait_says("partition 0: .*, 50 records were lost to retention before they were landed")
    assert d.terminate() == 0
    assert len([key for key in case.keys("raw") if "+00000000000000000150+" in key]) == 1


def test_an_intent_that_retention_has_cut_into_lands_what_is_left(case):
    topic = case.topic(1)
    d = case.daemon(topic, kafka={"options": QUICK})
    case.produce(topic, stock_rows(100))
    case.wait_landed(topic)
    case.gateway.stop()
    case.produce(topic, stock_rows(100, first=100))
    case.wait_intent(topic, 0)
    d.kill()
    at = TopicPartition(topic, 0, 150)
    case.broker.admin.delete_records([at])[at].result(20)
    case.gateway.start()
    d.start()
    case.wait_landed(topic)
    assert d.says(r"are gone from the log: what is left of their ranges is landed")
    assert len([key for key in case.keys("raw") if "+00000000000000000100+" in key]) == 1
    assert d.terminate() == 0


def test_settings_that_route_otherwise_are_said_and_nothing_is_lost(case):
    topic = case.topic(1)
    d = case.daemon(topic, kafka={"options": QUICK})
    case.produce(topic, stock_rows(100))
    case.wait_landed(topic)
    case.gateway.stop()
    case.produce(topic, stock_rows(100, first=100))
    case.wait_intent(topic, 0)
    d.kill()
    case.gateway.start()
    d.write(output={"partition_by": "day"})
    d.start()
    case.wait_landed(topic)
    assert d.says(r"the settings that decide keys have changed since the intents of offsets 100 to 200 were written")
    begins = [case.s3.head_object(Bucket=case.bucket, Key=key)["Metadata"].get("chain-begins")
              for key in case.keys("raw") if "/hour=" not in key]
    assert begins == ["settings"]
    assert d.terminate() == 0


def test_another_skip_inside_of_an_intent_is_said_and_nothing_is_lost(case):
    topic = case.topic(2)
    d = case.daemon(topic, kafka={"options": QUICK, "skip": [f"{topic}:1:50"]}, roll={"age": "1h", "records": 100})
    case.produce(topic, stock_rows(200), partitions=2)
    case.wait_landed(topic, seconds=60)
    case.gateway.stop()
    case.produce(topic, stock_rows(200, first=200), partitions=2)
    for partition in (0, 1):
        case.wait_intent(topic, partition, seconds=60)
    d.kill()
    case.gateway.start()
    d.write(kafka={"skip": [f"{topic}:0:150", f"{topic}:1:99", f"{topic}:1:200"]})
    d.start()
    case.wait_landed(topic, seconds=60)
    said = "the settings that decide keys have changed since the intents of offsets"
    assert d.says(rf"partition 0: {said} 100 to 200 were written, or kafka.skip has")
    assert not d.says(rf"partition 1: {said}")
    assert d.terminate() == 0
    j = judge.judge_topic(case.broker, case.s3, case.bucket, topic, case.group, judge.Rules(skip=[(1, 50), (0, 150)]))
    assert (j.rows, j.dead, len(j.chain)) == (398, 2, 1), j.problems()
    assert not (j.missing or j.double or j.unexpected), j.problems()


def test_of_two_topics_that_share_a_table_one_waits(case):
    first, second = case.topic(1, suffix="-X"), case.topic(1, suffix="-x")
    d = case.daemon(first, second)
    case.produce(first, stock_rows(50))
    case.produce(second, stock_rows(50))
    case.wait_landed(first)
    d.wait_says(r"-x\" partition 0: waits for a table of its own.*-X\" has it already")
    assert re.search(r"waits for a table of its own.*-X\" has it already", d.state(second, 0))
    assert case.committed(second) == {}
    assert d.terminate() == 0
    d.write(override=[{"topics": [second], "table": "other"}])
    d.start()
    case.wait_landed(first, second)
    assert d.terminate() == 0
    assert case.judge(second, table="other").rows == 50


def test_too_many_dead_letters_wait_for_a_person(case):
    topic = case.topic(2)
    d = case.daemon(topic, roll={"age": "1h", "records": 3000})
    case.wait_assigned(topic)
    case.produce(topic, [b"not json %d" % n if n % 2 == 0 else row for n, row in enumerate(stock_rows(6000))],
                 partitions=2)
    d.wait_says(r"partition 0: waits for a person: too many of its records cannot be written; raise "
                r"output.dead_letter_limit")
    said = r"(waits for a person: too many .*|tries again after): 3000 of the 3000 records"
    assert re.search(said, d.state(topic, 0))
    case.wait_committed(topic, {1: 3000})
    assert case.committed(topic)[0] == 0 and not judge.names_intent(case.text(topic, 0))
    assert d.terminate() == 0
    d.write(output={"dead_letter_limit": "100%"})
    d.start()
    case.wait_landed(topic)
    assert d.terminate() == 0
    assert case.judge(topic).dead == 3000


def test_the_ends_of_transactions_are_no_records(case):
    topic = case.topic(1)
    producer = case.broker.producer(transactional_id=case.name)
    producer.init_transactions()
    d = case.daemon(topic, kafka={"options": QUICK})
    for n in range(4):
        producer.begin_transaction()
        case.produce(topic, stock_rows(50, first=n * 50), producer=producer)
        if n % 2:
            producer.abort_transaction()
        else:
            producer.commit_transaction()
        if n == 1:
            d.kill()
            d.start()
    case.until("both transactions that were committed", lambda: case.committed(topic).get(0, 0) >= 152, 30)
    assert d.terminate() == 0
    assert case.judge(topic).rows == 100


def landed(case, topic):
    """{number of a row: how often it is in the bucket}"""
    objects, _strangers = judge.read_bucket(case.s3, case.bucket)
    return collections.Counter(json.loads(line)["n"] for o in objects if o.topic == topic for line in o.lines())


def once(*ranges):
    return collections.Counter(n for r in ranges for n in r)


def begins(case, start):
    """Why the chain begins at the objects of this start."""
    keys = [key for key in case.keys("raw") if f"+{start:020}+" in key]
    return {case.s3.head_object(Bucket=case.bucket, Key=key)["Metadata"].get("chain-begins") for key in keys}


def leave_an_intent(case, topic, rows, **more):
    """A daemon that landed something, and was killed between the acknowledgement of an intent and its PUT."""
    d = case.daemon(topic, kafka={"options": QUICK, **more})
    case.produce(topic, rows[:100], timestamp=NOON)
    case.wait_landed(topic)
    case.gateway.stop()
    case.produce(topic, rows[100:], timestamp=NOON)
    case.wait_intent(topic, 0)
    d.kill()
    case.gateway.start()
    return d


def made_again(case, topic):
    """Deleted, and made with the same name and nothing in it."""
    case.broker.delete_topic(topic)

    def tried():
        try:
            return case.broker.create_topic(topic)
        except Exception:
            return None     # the old one has not gone yet
    case.until(f"{topic} made again", tried, 20, every=0.3)


def test_h7_more_recoveries_than_fit_into_the_memory(case):
    """They are let in one after the other."""
    topic = case.topic(16)
    d = case.daemon(topic, kafka={"options": QUICK}, output={"max_record": "4MiB"}, s3={"part_size": "5MiB"})
    case.produce(topic, stock_rows(1600), partitions=16)
    case.wait_landed(topic)
    case.gateway.stop()
    case.produce(topic, stock_rows(1600, first=1600), partitions=16)
    for partition in range(16):
        case.wait_intent(topic, partition)
    d.kill()
    case.gateway.start()
    d.write(memory="20MiB")
    d.start()
    d.wait_says(r"waits for recoveries of other partitions to give memory back")
    case.wait_landed(topic)
    assert d.terminate() == 0
    assert case.judge(topic, max_record=4 << 20).rows == 3200


def test_h10_no_record_marks_the_end_of_a_recovery(case):
    """An aborted transaction is all that comes behind the intent."""
    topic = case.topic(1)
    d = leave_an_intent(case, topic, stock_rows(200))
    producer = case.broker.producer(transactional_id=case.name)
    producer.init_transactions()
    producer.begin_transaction()
    case.produce(topic, stock_rows(50, first=200), producer=producer)
    producer.abort_transaction()
    d.start()
    case.wait_committed(topic, {0: 200})
    assert d.terminate() == 0
    assert landed(case, topic) == once(range(200))


def test_h10_retention_has_passed_an_intent(case):
    topic = case.topic(1)
    d = leave_an_intent(case, topic, stock_rows(200))
    case.produce(topic, stock_rows(100, first=200), timestamp=NOON)
    at = TopicPartition(topic, 0, 250)
    case.broker.admin.delete_records([at])[at].result(20)
    d.start()
    d.wait_says(r"records 100 to 249 are lost: retention removed them")
    case.wait_landed(topic)
    assert d.terminate() == 0
    assert landed(case, topic) == once(range(100), range(250, 300))
    assert begins(case, 250) == {"truncated"}


def test_h10_the_log_ends_inside_of_an_intent(case):
    """The topic was made again, and the broker has kept offset and text: the intent is of another log."""
    topic = case.topic(1)
    d = leave_an_intent(case, topic, stock_rows(200))
    text = case.text(topic, 0)
    made_again(case, topic)
    case.produce(topic, stock_rows(150, first=1000), timestamp=NOON)
    case.commit_from_outside(topic, 0, 100, text)
    d.start()
    d.wait_says(r"the log ends at 150, before offset 200 that was read already: .* going on at 0")
    case.wait_landed(topic)
    assert d.terminate() == 0
    assert landed(case, topic) == once(range(100), range(1000, 1150))
    assert begins(case, 0) == {"first", "truncated"}


def test_h14_a_topic_is_made_again_while_no_daemon_looks(case):
    """The broker has kept the offsets: the log ends before what was read."""
    topic = case.topic(1)
    d = case.daemon(topic)
    case.produce(topic, stock_rows(100))
    case.wait_landed(topic)
    assert d.terminate() == 0
    text = case.text(topic, 0)
    made_again(case, topic)
    case.produce(topic, stock_rows(50, first=100), timestamp=NOON)
    case.commit_from_outside(topic, 0, 100, text)
    d.start()
    d.wait_says(r"the log ends at 50, before offset 100 that was read already: .* going on at 0")
    case.wait_landed(topic)
    case.until("the new rows", lambda: landed(case, topic) == once(range(150)), 20)
    assert d.terminate() == 0


def test_h14_a_topic_is_seen_absent_and_made_again(case):
    topic, other = case.topic(1), case.topic(1, suffix="-other")
    d = case.daemon(topic, other)
    case.produce(topic, stock_rows(100))
    case.wait_landed(topic)
    case.broker.delete_topic(topic)
    d.wait_says(rf"{topic}.*Unknown topic")
    case.produce(other, stock_rows(100))
    case.wait_landed(other)
    case.broker.create_topic(topic)
    case.produce(topic, stock_rows(50, first=100))
    case.until("the new rows", lambda: landed(case, topic) == once(range(150)), 40, every=0.5)
    assert d.terminate() == 0


def test_h14_a_topic_is_made_again_unseen(case):
    """The assumption of a client before 2.3: what is below the old position is taken for what was read there. What is
    above is landed once."""
    topic = case.topic(1)
    d = case.daemon(topic, kafka={"options": ["session.timeout.ms=20000"]})
    case.produce(topic, stock_rows(100))
    case.wait_landed(topic)
    d.send(signal.SIGSTOP)
    made_again(case, topic)
    case.produce(topic, stock_rows(300, first=1000))
    d.send(signal.SIGCONT)
    case.until("the end of the new topic", lambda: case.committed(topic).get(0) == 300, 60)
    assert d.terminate() == 0
    there = landed(case, topic)
    assert set(there.values()) == {1}
    assert set(range(1100, 1300)) <= set(there)


def test_h16_settings_that_route_nothing_double_nothing(case):
    topic = case.topic(1)
    d = leave_an_intent(case, topic, stock_rows(1000))
    d.write(output={"level": 1, "dead_letter_limit": "5%", "max_open_slots": 3}, memory="200MiB", uploaders=2,
            roll={"records": 100}, s3={"part_size": "6MiB", "connections": 3})
    d.start()
    case.wait_landed(topic)
    assert not d.says("may stand twice")
    assert d.terminate() == 0
    assert case.judge(topic).rows == 1000


def test_h16_two_daemons_of_other_settings_lose_nothing(case):
    topic = case.topic(4)
    first = case.daemon(topic, kafka={"options": QUICK})
    second = case.daemon(topic, kafka={"options": QUICK}, output={"partition_by": "day"})
    case.until("two members", lambda: len(case.broker.members(case.group) or ()) == 2, 30)
    case.gateway.stop()
    case.produce(topic, stock_rows(1000), partitions=4)
    for partition in range(4):      # either of them may have any
        case.wait_intent(topic, partition)
    first.kill()
    case.gateway.start()
    case.wait_landed(topic)
    assert second.says(r"the settings that decide keys have changed .* these records may stand twice")
    assert second.terminate() == 0
    assert set(landed(case, topic)) == set(range(1000))


def test_h19_the_group_was_deleted(case):
    topic = case.topic(1)
    case.produce(topic, stock_rows(100))
    d = case.daemon(topic)
    case.wait_landed(topic)
    assert d.terminate() == 0
    case.broker.admin.delete_consumer_groups([case.group])[case.group].result(20)
    case.produce(topic, stock_rows(100, first=100))
    d.start()
    d.wait_says(r"begins at offset 0", count=2)
    case.wait_landed(topic)
    assert d.terminate() == 0
    assert landed(case, topic) == once(range(200), range(100))
    assert begins(case, 0) == {"first"}


def test_h19_an_offset_was_reset_to_where_it_stood(case):
    """Which takes the intent away."""
    topic = case.topic(1)
    d = leave_an_intent(case, topic, stock_rows(200))
    case.commit_from_outside(topic, 0, 100)
    d.start()
    d.wait_says(r"its offset was set from outside, or by another program: going on at offset 100")
    case.wait_landed(topic)
    assert d.terminate() == 0
    assert landed(case, topic) == once(range(200))
    assert begins(case, 100) == {"moved"}


def test_h19_offsets_were_mirrored_from_another_cluster(case):
    """Their intents speak of a log that is not this one."""
    topic = case.topic(1)
    d = leave_an_intent(case, topic, stock_rows(200))
    text = case.text(topic, 0)
    mirrored = re.sub(r"cluster=\S+", "cluster=another", text)
    assert judge.names_intent(mirrored) and mirrored != text
    case.commit_from_outside(topic, 0, 100, mirrored)
    d.start()
    d.wait_says(r"its offset was set from outside, or by another program: going on at offset 100")
    case.wait_landed(topic)
    assert d.terminate() == 0
    assert landed(case, topic) == once(range(200))
    assert begins(case, 100) == {"moved"}


def test_h21_a_topic_appears_whose_table_is_taken(case):
    first, later = case.topic(1, suffix="-X"), f"t-{case.name}-x"
    d = case.daemon(f"^t-{case.name}-[xX]$")
    case.produce(first, stock_rows(50))
    case.wait_landed(first)
    case.broker.create_topic(later)
    case.produce(later, stock_rows(50))
    d.wait_says(rf"{later}\" partition 0: waits for a table of its own.*{first}\" has it already")
    case.produce(first, stock_rows(50, first=50))
    case.wait_landed(first)
    assert case.committed(later) == {}
    assert d.terminate() == 0
    case.judge(first)
