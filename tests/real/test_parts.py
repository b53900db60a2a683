# SPDX-License-Identifier: Apache-2.0
"""The parts themselves: what the other tests rely on."""
import pytest
from botocore.exceptions import ClientError
from confluent_kafka import Consumer, TopicPartition

import judge
from gateway import s3_client
from rows import produce

pytestmark = pytest.mark.plain  # there is no daemon in it


def test_kafka_keeps_records_of_any_time(case):
    topic = case.topic(2)
    times = [1, 9223372800000, 1_000_000_000_000, -1]
    produce(case.broker, topic, [b"a", b"b", b"c", b"d"], partitions=2, timestamp=lambda i: times[i])
    records = judge.read_topic(case.broker, topic)
    assert [[r.timestamp for r in records[p]] for p in (0, 1)] == [[times[0], times[2]], [times[1], times[3]]]


def test_kafka_stops_and_starts_with_what_it_had(case):
    topic = case.topic()
    produce(case.broker, topic, [b"kept"])
    case.broker.stop()
    case.broker.start()
    assert case.broker.watermarks(topic) == {0: (0, 1)}


def test_kafka_keeps_a_commits_text(case):
    topic = case.topic()
    produce(case.broker, topic, [b"x"])
    consumer = Consumer({"bootstrap.servers": case.broker.bootstrap, "group.id": case.group})
    text = "a text of some length, " * 40
    consumer.commit(offsets=[TopicPartition(topic, 0, 1, text)], asynchronous=False)
    consumer.close()
    offset, kept = case.broker.committed(case.group, topic)[0]
    assert (offset, kept.rstrip("\0")) == (1, text)  # confluent-kafka sends the C string's end too


def test_gateway_refuses_a_wrong_secret(case):
    with pytest.raises(ClientError) as e:
        s3_client(case.gateway.endpoint, secret="wrong").put_object(Bucket=case.bucket, Key="a", Body=b"b")
    assert e.value.response["Error"]["Code"] == "SignatureDoesNotMatch"


def test_gateway_answers_412_to_the_second_put(case):
    case.s3.put_object(Bucket=case.bucket, Key="a/b", Body=b"1", IfNoneMatch="*")
    with pytest.raises(ClientError) as e:
        case.s3.put_object(Bucket=case.bucket, Key="a/b", Body=b"2", IfNoneMatch="*")
    assert e.value.response["ResponseMetadata"]["HTTPStatusCode"] == 412
    assert case.s3.get_object(Bucket=case.bucket, Key="a/b")["Body"].read() == b"1"


def test_gateway_answers_412_to_the_second_complete(case):
    def upload():
        made = case.s3.create_multipart_upload(Bucket=case.bucket, Key="m", Metadata={"range-id": "17"})
        part = case.s3.upload_part(Bucket=case.bucket, Key="m", UploadId=made["UploadId"], PartNumber=1, Body=b"part")
        case.s3.complete_multipart_upload(
            Bucket=case.bucket, Key="m", UploadId=made["UploadId"], IfNoneMatch="*",
            MultipartUpload={"Parts": [{"PartNumber": 1, "ETag": part["ETag"]}]})
    upload()
    with pytest.raises(ClientError) as e:
        upload()
    assert e.value.response["ResponseMetadata"]["HTTPStatusCode"] == 412
    assert case.s3.head_object(Bucket=case.bucket, Key="m")["Metadata"] == {"range-id": "17"}


def test_gateway_takes_another_secret_after_a_restart(case):
    case.gateway.restart(secret="another")
    case.gateway.client().put_object(Bucket=case.bucket, Key="a", Body=b"b")
    with pytest.raises(ClientError):
        case.s3.head_object(Bucket=case.bucket, Key="a")
