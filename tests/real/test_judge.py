# SPDX-License-Identifier: Apache-2.0
"""The judge in both directions: what a faultless daemon would write passes, and each fault is found."""
import base64
import gzip
import json
import time

import pytest
import zstandard
from confluent_kafka import Consumer, TopicPartition

import judge
from rows import HOUR_MS, NOON, stock_rows

pytestmark = pytest.mark.plain  # there is no daemon in it

RANGE = 100


def times(i):
    return NOON + i * HOUR_MS // 200


class Faultless:
    """Lands a topic in ranges of 100 records, in plain Python."""

    def __init__(self, case, topic, ext="json.gz"):
        self.case, self.topic, self.ext = case, topic, ext
        self.rules = judge.Rules(ext=ext)
        self.keys = []
        for p, records in judge.read_topic(case.broker, topic).items():
            self.commit(p, records, f"some/1 before={self.partition(p, records)} x")

    def partition(self, p, records):
        before = None
        for first in range(0, len(records), RANGE):
            stretch = records[first:first + RANGE]
            start = stretch[0].offset
            id_ = f"{0xabcd:04x}{p:04x}{start:08x}"
            meta = {"range-id": id_, "group": self.case.group, "cluster": self.case.broker.cluster_id}
            meta.update({"chain-begins": "first commit"} if before is None else {"previous": before})
            objects = {}
            for r in stretch:
                kind, line = judge.verdict(r, self.rules)
                root = "raw" if kind == "landed" else "dead-letter"
                slot = time.strftime("dt=%Y-%m-%d/hour=%H", time.gmtime(r.timestamp / 1000))
                key = f"{root}/{self.topic.replace('-', '_')}/{slot}/{self.topic}+{p}+{start:020}+{id_}.{self.ext}"
                objects.setdefault(key, []).append(line if kind == "landed" else self.letter(p, r))
            for key, lines in objects.items():
                self.put(key, lines, meta)
            before = f"{start},{id_},{len(objects)},{len(stretch)}"
        return before

    def letter(self, p, r):
        return json.dumps({**judge.about(self.topic, p, r),
                           "value": base64.b64encode(r.value).decode(), "reason": "not a JSON document"}).encode()

    def put(self, key, lines, meta):
        body = b"".join(line + b"\n" for line in lines)
        packed = {"json.gz": gzip.compress, "json.zst": zstandard.compress, "json": bytes}[self.ext]
        self.case.s3.put_object(Bucket=self.case.bucket, Key=key, Body=packed(body), Metadata=meta)
        self.keys.append(key)

    def commit(self, p, records, text):
        consumer = Consumer({"bootstrap.servers": self.case.broker.bootstrap, "group.id": self.case.group})
        at = TopicPartition(self.topic, p, records[-1].offset + 1, *([text] if text else []))
        consumer.commit(offsets=[at], asynchronous=False)
        consumer.close()

    def judge(self):
        return judge.judge_topic(self.case.broker, self.case.s3, self.case.bucket, self.topic, self.case.group,
                                 self.rules)

    def change(self, key, lines=None, to=None, meta=None):
        """Rewrite an object: other lines, another key, other metadata."""
        found = self.case.s3.get_object(Bucket=self.case.bucket, Key=key)
        body = found["Body"].read() if lines is None else gzip.compress(b"".join(line + b"\n" for line in lines))
        self.case.s3.put_object(Bucket=self.case.bucket, Key=to or key, Body=body,
                                Metadata={**found["Metadata"], **(meta or {})})

    def lines(self, key):
        body = self.case.s3.get_object(Bucket=self.case.bucket, Key=key)["Body"].read()
        return gzip.decompress(body).splitlines()


@pytest.fixture
def landed(case):
    topic = case.topic(2)
    values = stock_rows(1000)
    values[500] = b'{"cut'
    case.produce(topic, values, partitions=2, timestamp=times)
    return Faultless(case, topic)


@pytest.mark.parametrize("ext", ["json", "json.gz", "json.zst"])
def test_what_is_right_passes(case, ext):
    topic = case.topic(2)
    case.produce(topic, stock_rows(900) + [b'{ "white" :\n"a \\" b" }', b"17", b"nope"], partitions=2, timestamp=times)
    j = Faultless(case, topic, ext).judge().assert_whole()
    assert (j.rows, j.dead, j.skipped) == (902, 1, 0)


def test_an_object_taken_away(landed):
    key = landed.keys[3]
    lines = len(landed.lines(key))
    landed.case.s3.delete_object(Bucket=landed.case.bucket, Key=key)
    j = landed.judge()
    assert len(j.missing) == lines
    assert j.chain


def test_the_last_range_taken_away(landed):
    last = [k for k in landed.keys if f"+{400:020}+" in k and "+0+" in k]
    for key in last:
        landed.case.s3.delete_object(Bucket=landed.case.bucket, Key=key)
    j = landed.judge()
    assert len(j.missing) == 100
    assert any("the committed text" in p for p in j.chain)


def test_an_object_doubled(landed):
    key = landed.keys[3]
    landed.change(key, to=key.replace("+abcd", "+abce"))
    j = landed.judge()
    assert len(j.double) == len(landed.lines(key))
    assert j.chain


def test_a_dead_letter_taken_away_and_doubled(landed):
    key = next(k for k in landed.keys if k.startswith("dead-letter/"))
    landed.change(key, to=key.replace("+abcd", "+abce"))
    assert len(landed.judge().double) == 1
    landed.case.s3.delete_object(Bucket=landed.case.bucket, Key=key)
    landed.case.s3.delete_object(Bucket=landed.case.bucket, Key=key.replace("+abcd", "+abce"))
    j = landed.judge()
    assert j.missing == [f"{landed.topic}:0:250 (dead letter)"]


def test_a_body_cut_short(landed):
    key = landed.keys[0]
    body = landed.case.s3.get_object(Bucket=landed.case.bucket, Key=key)["Body"].read()
    landed.case.s3.put_object(Bucket=landed.case.bucket, Key=key, Body=body[:-20])
    assert landed.judge().damaged


def test_the_last_line_left_out(landed):
    key = landed.keys[0]
    landed.change(key, landed.lines(key)[:-1])
    j = landed.judge()
    assert len(j.missing) == 1
    assert any("objects with" in p for p in j.chain)


def test_one_byte_changed(landed):
    key = landed.keys[0]
    lines = landed.lines(key)
    lines[4] = lines[4].replace(b"Date", b"date")
    landed.change(key, lines)
    j = landed.judge()
    assert (len(j.missing), len(j.unexpected)) == (1, 1)


def test_white_space_that_is_left(landed):
    key = landed.keys[0]
    lines = landed.lines(key)
    lines[0] = lines[0].replace(b'","', b'", "')
    landed.change(key, lines)
    assert landed.judge().unexpected


def test_two_lines_in_another_order(landed):
    key = landed.keys[0]
    lines = landed.lines(key)
    landed.change(key, [lines[1], lines[0]] + lines[2:])
    assert landed.judge().misplaced


def test_an_object_in_another_hour(landed):
    key = landed.keys[0]
    hour = key.split("hour=")[1][:2]
    landed.change(key, to=key.replace(f"hour={hour}", f"hour={(int(hour) + 5) % 24:02}"))
    landed.case.s3.delete_object(Bucket=landed.case.bucket, Key=key)
    assert landed.judge().misplaced


def test_an_object_under_another_table(landed):
    key = landed.keys[0]
    landed.change(key, to=key.replace("raw/t_", "raw/u_"))
    landed.case.s3.delete_object(Bucket=landed.case.bucket, Key=key)
    assert landed.judge().misplaced


def test_a_key_that_no_rule_explains(landed):
    landed.case.s3.put_object(Bucket=landed.case.bucket, Key="raw/some-file", Body=b"")
    assert landed.judge().unexpected == ["raw/some-file"]


def test_a_chain_that_names_another(landed):
    key = next(k for k in landed.keys if f"+{200:020}+" in k)
    landed.change(key, meta={"previous": "0,abcd000000000000,1,100"})
    assert landed.judge().chain


def test_a_chain_that_begins_twice(landed):
    for key in landed.keys:
        if f"+{200:020}+" in key:
            landed.change(key, meta={"chain-begins": "moved"})
    assert any("begins anew" in p for p in landed.judge().chain)


def test_offsets_not_committed(landed):
    p0 = judge.read_topic(landed.case.broker, landed.topic)[0]
    landed.commit(0, p0[:-1], "a text")
    assert any("the log ends at" in p for p in landed.judge().chain)
    landed.commit(0, p0, "")
    assert any("without our text" in p for p in landed.judge().chain)


def test_it_judges_200000_rows_in_seconds_of_cpu_time(case):
    topic = case.topic(4)
    case.produce(topic, stock_rows(200000), partitions=4, timestamp=NOON)
    began = time.process_time()
    records = judge.read_topic(case.broker, topic)
    expected = [judge.Expected(0, r, judge.Rules(), judge.Slots("hour")) for r in records.values()]
    took = time.process_time() - began
    assert sum(len(e.at) for e in expected) == 200000
    assert took < 20, f"{took:.1f} s"
