# SPDX-License-Identifier: Apache-2.0
"""What a daemon finds at an assignment: texts, offsets and logs as someone or something else has left them."""
from confluent_kafka import TopicPartition

from rows import Feeder, stock_rows

QUICK = ["session.timeout.ms=1500", "heartbeat.interval.ms=300", "reconnect.backoff.max.ms=500"]


def commit(case, topic, partition, offset, text=None):
    """As an operator's tool does it, while the group has no members."""
    def tried():
        consumer = case.broker.consumer(case.group)
        try:
            at = TopicPartition(topic, partition, offset, metadata=text) if text else TopicPartition(topic, partition,
                                                                                                     offset)
            return all(p.error is None for p in consumer.commit(offsets=[at], asynchronous=False))
        except Exception:
            return False
        finally:
            consumer.close()
    case.until(f"a commit of {topic}:{partition} from outside", tried, 20, every=0.5)


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
    commit(case, topic, 0, 0, "kafka2s3/2 something=else")
    d = case.daemon(topic)
    case.produce(topic, stock_rows(100), partitions=2)
    case.wait_committed(topic, {1: 50})
    d.wait_says(r"partition 0: waits for a newer kafka2s3.*kafka2s3/2 something=else")
    assert case.committed(topic)[0] == 0
    assert d.terminate() == 0


def test_an_offset_set_from_outside_is_said_and_obeyed(case):
    topic = case.topic(1)
    case.produce(topic, stock_rows(300))
    d = case.daemon(topic)
    case.wait_landed(topic)
    assert d.terminate() == 0
    commit(case, topic, 0, 200)
    d.start()
    d.wait_says(r"its offset was set from outside, or by another program: going on at offset 200")
    case.wait_landed(topic)
    assert d.terminate() == 0
    begins = [case.s3.head_object(Bucket=case.bucket, Key=key)["Metadata"].get("chain-begins")
              for key in case.keys("raw") if "+00000000000000000200+" in key]
    assert begins == ["moved"]


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


def test_of_two_topics_that_share_a_table_one_waits(case):
    first, second = case.topic(1, suffix="-X"), case.topic(1, suffix="-x")
    d = case.daemon(first, second)
    case.produce(first, stock_rows(50))
    case.produce(second, stock_rows(50))
    case.wait_landed(first)
    d.wait_says(r"-x\" partition 0: waits for a table of its own.*-X\" has it already")
    assert case.committed(second) == {}
    assert d.terminate() == 0
    d.write(override=[{"topics": [second], "table": "other"}])
    d.start()
    case.wait_landed(first, second)
    assert d.terminate() == 0
    assert case.judge(second, table="other").rows == 50


def test_too_many_dead_letters_wait_for_a_person(case):
    topic = case.topic(2)
    d = case.daemon(topic, roll={"age": "2s"})
    case.wait_assigned(topic)
    case.produce(topic, [b"not json %d" % n if n % 2 == 0 else row for n, row in enumerate(stock_rows(6000))],
                 partitions=2)
    d.wait_says(r"partition 0: waits for a person: too many of its records cannot be written; raise "
                r"output.dead_letter_limit")
    case.wait_committed(topic, {1: 3000})
    assert case.committed(topic)[0] == 0
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
