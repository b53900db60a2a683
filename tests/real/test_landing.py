# SPDX-License-Identifier: Apache-2.0
"""Every record lands once, byte for byte, under the right key."""
import json
import random

import pyarrow
import pyarrow.dataset
import pyarrow.fs
import pytest

import gateway as s3_parts
import judge
from rows import HOUR_MS, NOON, stock_rows


def as_dataset(case, table):
    """The table as another reader sees it: folders are columns."""
    host = case.gateway.endpoint.removeprefix("http://")
    fs = pyarrow.fs.S3FileSystem(endpoint_override=host, scheme="http", region=s3_parts.REGION,
                                 access_key=s3_parts.ACCESS_KEY, secret_key=s3_parts.SECRET_KEY)
    folders = pyarrow.dataset.partitioning(pyarrow.schema([("dt", pyarrow.string()), ("hour", pyarrow.string())]),
                                           flavor="hive")
    return pyarrow.dataset.dataset(f"{case.bucket}/raw/{table}", filesystem=fs, format="json", partitioning=folders)


def land_rows(case, count, **settings):
    topic = case.topic(4)
    case.produce(topic, stock_rows(count), partitions=4, timestamp=lambda i: NOON + i * 5 * HOUR_MS // count)
    d = case.daemon(topic, **settings)
    case.wait_landed(topic, seconds=240)
    assert d.terminate() == 0
    assert case.judge(topic).rows == count
    return topic


@pytest.mark.tsan
def test_100000_rows_over_4_partitions(case):
    land_rows(case, 100000, roll={"age": "1s", "bytes": "1MiB"})


def test_200000_rows_over_4_partitions(case):
    topic = land_rows(case, 200000, roll={"age": "2s", "bytes": "1MiB"})
    # One file at a time: with more than there are cores, pyarrow's JSON readers wait for each other for ever.
    table = as_dataset(case, topic.replace("-", "_")).to_table(columns=["n", "dt", "hour"], fragment_readahead=1)
    assert sorted(table["n"].to_pylist()) == list(range(200000))
    assert len(table.group_by(["dt", "hour"]).aggregate([])) == 5


@pytest.mark.slow
def test_1000000_rows_over_4_partitions(case):
    land_rows(case, 1000000, roll={"age": "5s", "bytes": "16MiB"})


@pytest.mark.asan
@pytest.mark.parametrize("compression,ext,content_type", [
    ("none", "json", "application/x-ndjson"), ("gzip", "json.gz", "application/gzip"),
    ("zstd", "json.zst", "application/zstd")])
def test_compression(case, compression, ext, content_type):
    topic = case.topic(2)
    case.produce(topic, stock_rows(20000), partitions=2)
    case.daemon(topic, output={"compression": compression})
    case.wait_landed(topic)
    j = case.judge(topic, ext=ext)
    assert j.rows == 20000
    heads = [case.s3.head_object(Bucket=case.bucket, Key=o.key) for o in j.objects]
    assert {h["ContentType"] for h in heads} == {content_type}
    assert not any("ContentEncoding" in h for h in heads)


@pytest.mark.asan
def test_small_objects_are_one_put_and_large_ones_are_multipart(case):
    topic = case.topic()
    rng = random.Random(3)
    small, large = b'{"n":1}', [json.dumps({"x": rng.randbytes(400000).hex()}).encode() for _ in range(20)]
    case.produce(topic, [small], timestamp=NOON)
    case.produce(topic, large, timestamp=NOON + HOUR_MS)
    case.daemon(topic, output={"compression": "none"}, s3={"part_size": "5MiB"},
                roll={"age": "1h", "records": 1 + len(large)})
    case.wait_landed(topic)
    j = case.judge(topic, ext="json")
    tags = {o.hour: case.s3.head_object(Bucket=case.bucket, Key=o.key)["ETag"].strip('"') for o in j.objects}
    one, many = tags[min(tags)], tags[max(tags)]
    assert "-" not in one and int(many.split("-")[1]) >= 3


@pytest.mark.asan
def test_records_of_1_byte_and_of_10_mib(case):
    topic = case.topic(max_message_bytes=20 << 20)
    large = b'{"large":"' + b"0123456789abcdef" * (10 << 16) + b'"}'
    assert len(large) > 10 << 20
    case.produce(topic, [b"7", large, b"8", large.replace(b"cdef", b"CDEF"), b"9"])
    case.daemon(topic)
    case.wait_landed(topic)
    assert case.judge(topic).rows == 5


@pytest.mark.asan
def test_a_record_above_max_record_is_a_dead_letter_without_its_value(case):
    topic = case.topic(max_message_bytes=20 << 20)
    large = b'{"large":"' + b"x" * (2 << 20) + b'"}'
    case.produce(topic, [b'{"n":1}', large, b'{"n":2}'], keys=[b"a", b"b", b"c"])
    case.daemon(topic, output={"max_record": "1MiB"})
    case.wait_landed(topic)
    j = case.judge(topic, max_record=1 << 20)
    assert (j.rows, j.dead) == (2, 1)
    (letter,) = [json.loads(line) for o in j.objects if o.prefix == "dead-letter" for line in o.lines()]
    assert letter["offset"] == 1 and letter["value"] is None and "max_record" in letter["reason"]


@pytest.mark.asan
def test_unicode_escapes_and_nesting(case):
    topic = case.topic()
    nested = b"0"
    for i in range(100):
        nested = b'{ "%d" : [ %b ] }' % (i, nested)
    values = [
        '{"grüße":"żółć 你好 \U0001f600","Ω":"\u2028\u2029\u00a0"}'.encode(),
        rb'{"escapes":"\" \\ \/ \b \f \n \r \t \u00e9 \ud83d\ude00","\u006bey":1}',
        rb'{"lonely":"\ud800"}',
        b'{"space in strings":" a  b\xc2\x85 ", "out" :\r\n\t[ 1 , 2.50 , -0 , 1E+2 , 12345678901234567890123 ] }\n',
        b'{"same":1,"same":2,"Same":3}',
        b"{}",
        b' { } ',
        b"[1, [2, 3]]",
        b'"a string"',
        b"true",
        b" null ",
        nested,
    ]
    case.produce(topic, values)
    case.daemon(topic)
    case.wait_landed(topic)
    assert case.judge(topic).rows == len(values)


@pytest.mark.asan
@pytest.mark.parametrize("tombstones", ["skip", "write", "dead-letter"])
def test_tombstones(case, tombstones):
    topic = case.topic()
    values = [b'{"n":1}', None, b'{"n":2}', None, None, b'{"n":3}']
    case.produce(topic, values, keys=[b"key%d" % i for i in range(6)])
    case.daemon(topic, output={"tombstones": tombstones})
    case.wait_landed(topic)
    j = case.judge(topic, tombstones=tombstones)
    assert (j.rows, j.dead, j.skipped) == {"skip": (3, 0, 3), "write": (6, 0, 0), "dead-letter": (3, 3, 0)}[tombstones]


@pytest.mark.asan
def test_a_stretch_of_tombstones_stands_in_the_chain(case):
    topic = case.topic()
    d = case.daemon(topic)
    for values in ([b'{"n":1}'], [None] * 5, [b'{"n":2}']):
        case.produce(topic, values, keys=[b"k"] * len(values))
        case.wait_landed(topic)
    j = case.judge(topic)
    last = max(j.objects, key=lambda o: o.start)
    assert last.meta["skipped"].startswith("1,6,")
    d.assert_running()


INVALID = [
    b'{"cut":', b"", b"   ", b'{"a":1}{"b":2}', b'{"a":1} x', b"{'a':1}", b'{"a":NaN}', b'{"a":01}', b'{"a":1,}',
    b'{"a":"\x01"}', b'{"a":"\\x"}', b'\xef\xbb\xbf{"a":1}', b'{"a":"\xff"}', b'{"a":"\xed\xa0\x80"}',
    b'{"a":"\xc0\xaf"}', b"[1,]", b"nul", b"-", b"1.", b"\x00", b"[" * 2000 + b"]" * 2000, "żółć".encode(),
]


@pytest.mark.asan
def test_invalid_records_in_between(case):
    topic = case.topic()
    values = []
    for i, row in enumerate(stock_rows(1000)):
        values += [row] + ([INVALID[i // 10 % len(INVALID)]] if i % 10 == 0 else [])
    case.produce(topic, values, keys=[b"k\x00\xff%d" % i for i in range(len(values))],
                 headers=[("h", b"text"), ("\u03a9", b"\xff"), ("h", None)])
    case.daemon(topic)
    case.wait_landed(topic)
    j = case.judge(topic)
    assert (j.rows, j.dead) == (1000, 100)
    letters = [json.loads(line) for o in j.objects if o.prefix == "dead-letter" for line in o.lines()]
    assert len({letter["reason"] for letter in letters}) > 1


@pytest.mark.asan
def test_record_times_of_1970_none_and_2262(case):
    topic = case.topic()
    times = [1, 86399999, -1, 9223372036854, 9223372800000, NOON]
    case.produce(topic, stock_rows(len(times)), timestamp=lambda i: times[i])
    case.daemon(topic)
    case.wait_landed(topic)
    j = case.judge(topic)
    assert j.rows == len(times)
    assert sorted({o.dt for o in j.objects}) == [
        "1970-01-01", "2026-09-21", "2262-04-11", "2262-04-12", "__HIVE_DEFAULT_PARTITION__"]


@pytest.mark.parametrize("partition_by", ["day", "none"])
def test_partitioning(case, partition_by):
    topic = case.topic()
    case.produce(topic, stock_rows(480), timestamp=lambda i: NOON + i * HOUR_MS // 10)
    case.daemon(topic, output={"partition_by": partition_by})
    case.wait_landed(topic)
    j = case.judge(topic, partition_by=partition_by)
    assert len({(o.dt, o.hour) for o in j.objects}) == {"day": 3, "none": 1}[partition_by]


@pytest.mark.asan
def test_metadata_columns(case):
    topic = case.topic(2)
    columns = ["kafka_topic", "kafka_partition", "kafka_offset", "kafka_timestamp", "kafka_key", "kafka_headers"]
    values = [b"{}", b'{ "a" : 1 }', b"17", b'{"Kafka_Offset":3}'] + stock_rows(96)
    keys = [b"key %d" % i if i % 3 else b"\xff" for i in range(99)] + [b"base64:no"]
    case.produce(topic, values, partitions=2, timestamp=lambda i: NOON - i if i % 5 else -1, keys=keys,
                 headers=[("a", b"b"), ("a", None), ("binary", b"\x80")])
    case.daemon(topic, output={"metadata": columns})
    case.wait_landed(topic)
    j = case.judge(topic, metadata=columns)
    assert (j.rows, j.dead) == (99, 1)


@pytest.mark.asan
def test_two_topics_with_settings_of_their_own(case):
    plain, other = case.topic(suffix="-plain"), case.topic(suffix="-other")
    for topic in (plain, other):
        case.produce(topic, stock_rows(500))
    case.daemon(plain, other, override=[{"topics": [other], "table": "clicks", "s3": {"prefix": "web/1"},
                                         "output": {"compression": "none"}}])
    case.wait_landed(plain, other)
    assert case.judge(plain).rows == 500
    assert case.judge(other, table="clicks", prefix="web/1", ext="json").rows == 500


def test_a_topic_created_later_that_matches_the_regex(case):
    first = case.topic(suffix="-first")
    case.produce(first, stock_rows(10))
    case.daemon(f"^t-{case.name}-")
    case.wait_landed(first)
    second = case.topic(partitions=2, suffix="-second")
    case.produce(second, stock_rows(100), partitions=2)
    case.wait_landed(first, second, seconds=40)
    assert case.judge(first).rows == 10
    assert case.judge(second).rows == 100


@pytest.mark.asan
def test_only_committed_records_of_transactions_land(case):
    topic = case.topic()
    producer = case.broker.producer(transactional_id=f"tx-{case.name}")
    producer.init_transactions(20)
    for n, row in enumerate(stock_rows(60)):
        if n % 10 == 0:
            producer.begin_transaction()
        producer.produce(topic, row)
        if n % 10 == 9:
            producer.abort_transaction(20) if n // 10 % 2 else producer.commit_transaction(20)
    case.daemon(topic)
    last = judge.read_topic(case.broker, topic)[0][-1].offset
    case.wait_committed(topic, {0: last + 1})
    assert case.judge(topic).rows == 30
