# SPDX-License-Identifier: Apache-2.0
"""The proxies do to a connection what the chaos run asks of them, and nothing else."""
import itertools
import threading
import time

import boto3
import pytest
from botocore.config import Config
from botocore.exceptions import BotoCoreError, ClientError
from confluent_kafka import Consumer, KafkaException, TopicPartition

import gateway as s3_parts
from kafka_proxy import FETCH, OFFSET_COMMIT
from rows import produce
from s3_proxy import ABORT, COMPLETE, CREATE, GET, HEAD, LIST, PART, PUT, UPLOADS, S3Proxy
from wire import ANSWER, ANSWERED, REQUEST, SENT

pytestmark = pytest.mark.plain  # there is no daemon in it

numbers = itertools.count(1)


class Client:
    """A consumer behind the proxy, and what the broker knows of its group."""

    def __init__(self, parts):
        n = next(numbers)
        self.broker, self.group = parts.broker, f"group-{n}"
        self.topic = parts.broker.create_topic(f"proxied-{n}")
        self.consumer = Consumer({
            "bootstrap.servers": parts.proxied, "group.id": self.group, "client.id": "tested", "log_level": 0,
            "enable.auto.commit": False, "auto.offset.reset": "earliest", "socket.timeout.ms": 5000,
            "reconnect.backoff.max.ms": 100, "fetch.message.max.bytes": 8 << 20,
            "queued.max.messages.kbytes": 1 << 20})

    def commit(self, offset):
        self.consumer.commit(offsets=[TopicPartition(self.topic, 0, offset)], asynchronous=False)

    def committing(self, offset):
        thread = threading.Thread(target=self.commit, args=(offset,))
        thread.start()
        return thread

    def committed(self):
        return self.broker.committed(self.group, self.topic).get(0, (None,))[0]


@pytest.fixture
def client(parts):
    c = Client(parts)
    c.commit(1)
    yield c
    parts.kafka.calm()
    c.consumer.close()


@pytest.fixture
def s3(parts):
    proxy = S3Proxy(parts.gateway.port)
    bucket = f"proxied-{next(numbers)}"
    parts.gateway.client().create_bucket(Bucket=bucket)
    yield proxy, s3_client(proxy), bucket
    proxy.close()


def s3_client(proxy):
    return boto3.client("s3", endpoint_url=proxy.endpoint, region_name=s3_parts.REGION,
                        aws_access_key_id=s3_parts.ACCESS_KEY, aws_secret_access_key=s3_parts.SECRET_KEY,
                        config=Config(s3={"addressing_style": "path"}, read_timeout=60,
                                      retries={"total_max_attempts": 1}))


def megabytes_a_second(client, count):
    """Of CPU time, the client's and the proxy's. Read from the beginning; the first message is not in the measure."""
    client.consumer.assign([TopicPartition(client.topic, 0, 0)])
    got, began, deadline = 0, None, time.monotonic() + 120
    while got < count:
        got += len([m for m in client.consumer.consume(100 if began else 1, 0.2) if m.error() is None])
        began = began or (time.process_time() if got else None)
        assert time.monotonic() < deadline
    return (count - 1) / (time.process_time() - began)


def test_100_mb_a_second_pass(parts, client):
    """The best of some, since other tests run at the same time."""
    count = 100
    produce(parts.broker, client.topic, [bytes(10**6)] * count,
            producer=parts.broker.producer(compression_type="none"))
    before = parts.kafka.counts.get(FETCH, 0)
    speeds = []
    while max(speeds, default=0) <= 100 and len(speeds) < 5:
        speeds.append(megabytes_a_second(client, count))
    assert parts.kafka.counts[FETCH] > before
    assert max(speeds) > 100, f"{speeds} MB/s"


def test_a_commit_is_held_before_the_broker(parts, client):
    rule = parts.kafka.rule(OFFSET_COMMIT, REQUEST, "hold", client="tested")
    thread = client.committing(2)
    assert rule.wait_hit(5) and client.committed() == 1
    rule.release()
    thread.join(60)
    assert not thread.is_alive() and client.committed() == 2


def test_the_answer_of_a_commit_is_held(parts, client):
    rule = parts.kafka.rule(OFFSET_COMMIT, ANSWER, "hold", client="tested")
    thread = client.committing(2)
    assert rule.wait_hit(5) and client.committed() == 2
    thread.join(0.3)
    assert thread.is_alive()
    rule.release()
    thread.join(60)
    assert not thread.is_alive()


def test_a_rule_fits_one_client_only(parts, client):
    rule = parts.kafka.rule(OFFSET_COMMIT, REQUEST, "hold", client="another")
    client.commit(2)
    assert rule.hits == 0 and client.committed() == 2


@pytest.mark.parametrize("at,arrives", [(REQUEST, False), (SENT, True), (ANSWER, True), (ANSWERED, True)])
def test_a_connection_is_cut_around_a_commit(parts, client, at, arrives):
    """Once, and the client sends it again; for good, and only the broker knows."""
    rule = parts.kafka.rule(OFFSET_COMMIT, at, "cut", times=None)
    try:
        client.commit(2)
    except KafkaException:
        assert at != ANSWERED
    assert rule.wait_hit(5)
    parts.kafka.calm()
    assert (client.committed() == 2) == arrives


def test_an_answer_is_dropped_and_the_client_asks_again(parts, client):
    rule = parts.kafka.rule(OFFSET_COMMIT, ANSWER, "drop")
    began = time.monotonic()
    try:
        client.commit(2)
    except KafkaException:
        pass
    assert rule.hits == 1 and time.monotonic() - began > 1 and client.committed() == 2


def test_away_and_back(parts, client):
    parts.kafka.go_away()
    with pytest.raises(KafkaException):
        client.consumer.committed([TopicPartition(client.topic, 0)], 1)
    parts.kafka.calm()
    assert client.consumer.committed([TopicPartition(client.topic, 0)], 60)[0].offset == 1


def test_each_operation_of_s3_is_known(s3):
    proxy, client, bucket = s3
    client.put_object(Bucket=bucket, Key="a/b c", Body=b"1")
    upload = client.create_multipart_upload(Bucket=bucket, Key="big")["UploadId"]
    part = client.upload_part(Bucket=bucket, Key="big", UploadId=upload, PartNumber=1, Body=bytes(6 << 20))
    client.complete_multipart_upload(Bucket=bucket, Key="big", UploadId=upload,
                                     MultipartUpload={"Parts": [{"ETag": part["ETag"], "PartNumber": 1}]})
    other = client.create_multipart_upload(Bucket=bucket, Key="other")["UploadId"]
    client.list_multipart_uploads(Bucket=bucket)
    client.abort_multipart_upload(Bucket=bucket, Key="other", UploadId=other)
    assert len(client.get_object(Bucket=bucket, Key="big")["Body"].read()) == 6 << 20
    assert client.head_object(Bucket=bucket, Key="a/b c")["ContentLength"] == 1
    assert len(client.list_objects_v2(Bucket=bucket)["Contents"]) == 2
    assert proxy.counts == {PUT: 1, CREATE: 2, PART: 1, COMPLETE: 1, UPLOADS: 1, ABORT: 1, GET: 1, HEAD: 1, LIST: 1}


@pytest.mark.parametrize("at,half,arrives", [
    (REQUEST, False, False), (REQUEST, True, False), (SENT, False, None), (ANSWER, False, True), (ANSWER, True, True)])
def test_a_connection_is_cut_around_a_put(parts, s3, at, half, arrives):
    proxy, client, bucket = s3
    proxy.rule(PUT, at, "cut", half=half)
    try:
        client.put_object(Bucket=bucket, Key="k", Body=bytes(300000))
        assert at == ANSWER and half    # boto3 is content with half a head
    except (BotoCoreError, ClientError):
        pass
    if arrives is not None:
        assert ("Contents" in parts.gateway.client().list_objects_v2(Bucket=bucket)) == arrives
    client.put_object(Bucket=bucket, Key="k", Body=b"again")


@pytest.mark.parametrize("at,arrives", [(REQUEST, False), (ANSWER, True)])
@pytest.mark.parametrize("status", [409, 412, 500, 503])
def test_another_status_is_said(parts, s3, at, status, arrives):
    proxy, client, bucket = s3
    proxy.rule(PUT, at, "say", status=status)
    with pytest.raises(ClientError) as said:
        client.put_object(Bucket=bucket, Key="k", Body=bytes(300000))
    assert said.value.response["ResponseMetadata"]["HTTPStatusCode"] == status
    assert ("Contents" in parts.gateway.client().list_objects_v2(Bucket=bucket)) == arrives
    client.put_object(Bucket=bucket, Key="k", Body=b"again")


@pytest.mark.parametrize("at", [REQUEST, ANSWER])
def test_a_put_is_held(parts, s3, at):
    proxy, client, bucket = s3
    rule = proxy.rule(PUT, at, "hold")
    thread = threading.Thread(target=client.put_object, kwargs={"Bucket": bucket, "Key": "k", "Body": b"1"})
    thread.start()
    assert rule.wait_hit(5)
    assert ("Contents" in parts.gateway.client().list_objects_v2(Bucket=bucket)) == (at == ANSWER)
    rule.release()
    thread.join(60)
    assert not thread.is_alive()
    assert "Contents" in client.list_objects_v2(Bucket=bucket)


def test_a_body_stalls_in_its_middle(s3):
    proxy, client, bucket = s3
    proxy.rule(PUT, REQUEST, "stall", half=True, seconds=0.5)
    began = time.monotonic()
    client.put_object(Bucket=bucket, Key="k", Body=bytes(300000))
    assert time.monotonic() - began >= 0.5
    assert client.head_object(Bucket=bucket, Key="k")["ContentLength"] == 300000
