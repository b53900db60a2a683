# SPDX-License-Identifier: Apache-2.0
"""Kafka or S3 goes away, or was never right: the daemon waits, says why, and goes on by itself."""
import pathlib
import re
import signal
import time

import pytest
from botocore.exceptions import ClientError

import gateway
import judge
from rows import Feeder, stock_rows

AWAY = 20


def test_broker_away_for_20_s(case):
    topic = case.topic(4)
    d = case.daemon(topic)
    with Feeder(case.broker, topic, 4) as feeder:
        case.wait_committed(topic, {0: 500})
        case.broker.stop()
        time.sleep(AWAY)
        d.assert_running()
        case.broker.start()
        case.wait_committed(topic, {0: 2000}, seconds=60)
    case.wait_landed(topic, seconds=60)
    assert d.terminate() == 0
    assert case.judge(topic).rows == feeder.sent


def test_s3_away_for_20_s(case):
    topic = case.topic(4)
    d = case.daemon(topic)
    with Feeder(case.broker, topic, 4, per_second=4000) as feeder:
        case.wait_committed(topic, {0: 500})
        case.gateway.stop()
        time.sleep(AWAY)
        d.assert_running()
        case.gateway.start()
        case.wait_committed(topic, {0: 22000}, seconds=60)
    case.wait_landed(topic, seconds=60)
    assert d.terminate() == 0
    assert case.judge(topic).rows == feeder.sent


@pytest.mark.asan
def test_sigterm_while_s3_is_away(case):
    topic = case.topic(2)
    d = case.daemon(topic)
    case.produce(topic, stock_rows(1000), partitions=2)
    case.wait_landed(topic)
    case.gateway.stop()
    case.produce(topic, stock_rows(1000, first=1000), partitions=2)
    case.wait_intent(topic, 0)
    began = time.monotonic()
    assert d.terminate(25) == 0
    assert time.monotonic() - began < 40
    assert judge.names_intent(case.text(topic, 0))
    case.gateway.start()
    d.start()
    case.wait_landed(topic)
    assert case.judge(topic).rows == 2000


def test_sigterm_goes_on_with_a_body_that_leaves_slowly(case):
    """One object, no answer in between: what leaves is the only sign that it is not in vain."""
    topic = case.topic()
    d = case.daemon(topic, s3={"bandwidth": "100kB"}, output={"compression": "none"}, roll={"age": "1h"})
    case.produce(topic, stock_rows(4500))
    case.wait_read(topic)
    assert d.terminate(120) == 0
    assert not case.unlanded(topic)
    assert case.judge(topic, ext="json").rows == 4500


def test_sigterm_while_kafka_is_away(case):
    """What is open cannot be named any more, and leaves nothing behind."""
    topic = case.topic(2)
    d = case.daemon(topic, roll={"age": "1h", "records": 500})
    case.produce(topic, stock_rows(1000), partitions=2)
    case.wait_landed(topic)
    landed = case.keys()
    case.produce(topic, stock_rows(200, first=1000), partitions=2)
    case.wait_read(topic)
    case.broker.stop()
    began = time.monotonic()
    assert d.terminate(25) == 0
    assert time.monotonic() - began < 40
    case.broker.start()
    assert case.keys() == landed
    assert case.committed(topic) == {0: 500, 1: 500} and not judge.names_intent(case.text(topic, 0))
    d.start()
    case.produce(topic, stock_rows(800, first=1200), partitions=2)
    case.wait_landed(topic)
    assert case.judge(topic).rows == 2000


def test_second_sigterm_ends_at_once(case):
    """Killed by it: the first one alone would have ended it in order."""
    topic = case.topic()
    d = case.daemon(topic)
    case.produce(topic, stock_rows(10))
    case.wait_landed(topic)
    case.gateway.stop()
    case.produce(topic, stock_rows(1000, first=10))
    case.wait_intent(topic, 0)
    d.expected_up = False
    lines = len(d.log().splitlines())
    d.send(signal.SIGTERM)
    case.until("a word about the signal", lambda: len(d.log().splitlines()) > lines, 10)
    d.send(signal.SIGTERM)
    status = d.process.wait_end(5)
    assert status == -signal.SIGTERM


def test_a_wrong_secret(case):
    topic = case.topic()
    case.produce(topic, stock_rows(100))
    d = case.daemon(topic, s3={"secret_access_key": "the/secret+that/S3+will/have"})
    d.wait_says(r"SignatureDoesNotMatch")
    assert d.says(rf'"{case.bucket}"|"{gateway.ACCESS_KEY}"')
    assert "the/secret+that/S3+will/have" not in d.log()
    case.gateway.restart(secret="the/secret+that/S3+will/have")
    case.wait_landed(topic, seconds=90)
    case.gateway.restart()
    assert case.judge(topic).rows == 100


def test_an_unknown_access_key(case):
    topic = case.topic()
    case.produce(topic, stock_rows(100))
    d = case.daemon(topic, s3={"access_key_id": "AKIAUNKNOWN"})
    d.wait_says(r"InvalidAccessKeyId|XAdminUserNotFound")  # versitygw has a code of its own
    assert not case.keys()


def test_a_missing_bucket(case):
    topic = case.topic()
    case.produce(topic, stock_rows(100))
    case.bucket += "x"
    with pytest.raises(ClientError):
        case.s3.head_bucket(Bucket=case.bucket)
    d = case.daemon(topic)
    d.wait_says(r"NoSuchBucket")
    assert d.says(rf'"{case.bucket}"')
    case.s3.create_bucket(Bucket=case.bucket)
    case.wait_landed(topic, seconds=90)
    assert case.judge(topic).rows == 100


def test_a_bucket_that_goes_and_comes_back(case):
    """What needs a person is in the log once, however often it is tried."""
    topic = case.topic(2)
    d = case.daemon(topic)
    buckets = pathlib.Path(case.gateway.dir, "buckets")
    with Feeder(case.broker, topic, 2, per_second=500) as feeder:
        case.wait_progress(topic)
        case.gateway.stop()     # one in the middle of a PUT makes the folder anew
        (buckets / case.bucket).rename(buckets / "away")
        case.gateway.start()
        began = time.monotonic()
        d.wait_says(r"waits for a person to mend what S3 refuses: .*NoSuchBucket", count=2)
        case.pause(8)
        for partition in (0, 1):
            said = re.findall(rf"partition {partition}: waits for a person .*{case.bucket}.*NoSuchBucket", d.log())
            assert 1 <= len(said) <= 1 + (time.monotonic() - began) // 60, said
            assert re.search(r"(waits for a person .*|tries again after: ).*NoSuchBucket", d.state(topic, partition))
        (buckets / "away").rename(buckets / case.bucket)
        case.wait_progress(topic)
    case.wait_landed(topic)
    assert d.terminate() == 0
    assert case.judge(topic).rows == feeder.sent


def test_a_secret_that_is_changed_in_mid_flight(case, tmp_path):
    """The file with the credentials is read again; until it is right, a person is asked for."""
    def keys(secret):
        return f"[default]\naws_access_key_id = {gateway.ACCESS_KEY}\naws_secret_access_key = {secret}\n"
    path = tmp_path / "credentials"
    path.write_text(keys(gateway.SECRET_KEY))
    topic = case.topic(2)
    d = case.daemon(topic, s3={"access_key_id": "", "secret_access_key": "", "credentials_file": str(path)})
    with Feeder(case.broker, topic, 2, per_second=500) as feeder:
        case.wait_progress(topic)
        case.gateway.restart(secret="another/secret")
        d.wait_says(r"waits for a person to mend what S3 refuses: .*SignatureDoesNotMatch")
        path.write_text(keys("another/secret"))
        case.wait_progress(topic)
    case.wait_landed(topic)
    assert d.terminate() == 0
    case.gateway.restart()
    assert case.judge(topic).rows == feeder.sent


def test_a_missing_topic(case):
    name = f"t-{case.name}-none"
    d = case.daemon(name)
    d.wait_says(rf"not available: {name}: .*(?i:unknown topic)")
    case.broker.create_topic(name)
    case.produce(name, stock_rows(100))
    case.wait_landed(name, seconds=40)
    assert case.judge(name).rows == 100


def test_a_broker_that_is_not_there_yet(case):
    topic = case.topic()
    case.produce(topic, stock_rows(100))
    case.broker.stop()
    d = case.daemon(topic)
    d.wait_says(case.broker.bootstrap)
    case.broker.start()
    case.wait_landed(topic, seconds=40)
    assert case.judge(topic).rows == 100
