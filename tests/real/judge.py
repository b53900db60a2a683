# SPDX-License-Identifier: Apache-2.0
"""The judge: is every record of a topic in the bucket, once, where and as it should be, and is the chain whole?

Knows nothing of the daemon's code: it reads the topic with confluent-kafka and the bucket with boto3, says for each
record what should have become of it, and compares. Producers make their records unlike each other: so a line leads
to its offset, and of equal ones it does not matter which is which.
"""
import base64
import collections
import concurrent.futures
import datetime
import gzip
import json
import re
import urllib.parse

import zstandard
from confluent_kafka import KafkaError, TopicPartition

# User metadata of each object: the only place in the tests that knows these names and forms.
META_ID = "range-id"
META_GROUP = "group"
META_CLUSTER = "cluster"
META_PREVIOUS = "previous"         # "start,id,objects,records" of the newest range before it that has objects
META_SKIPPED = "skipped"           # "first,next,counts" of a stretch without objects between the two
META_BEGINS = "chain-begins"       # why nothing comes before

# The committed text: the facts of the newest range, and a word for each sealed range that is not committed.
TEXT_BEFORE = re.compile(r"(?:^| )before=(\d+),([0-9a-f]{16}),(\d+),(\d+)(?: |$)")
TEXT_INTENT = re.compile(r"(?:^| )range=")

NO_TIME = "__HIVE_DEFAULT_PARTITION__"
COLUMN = "kafka_"
BINARY = "base64:"
LAST_MS = 253402300799999          # 9999-12-31T23:59:59.999Z
SPACE = re.compile(rb'("(?:[^"\\]|\\.)*")|[ \t\r\n]+', re.DOTALL)
KEY = re.compile(r"(?:(?P<prefix>.+?)/)?(?P<table>[^/]+)(?:/dt=(?P<dt>[^/]+))?(?:/hour=(?P<hour>[^/]+))?/"
                 r"(?P<topic>[^/+]+)\+(?P<partition>\d+)\+(?P<start>\d{20})\+(?P<id>[0-9a-f]{16})\.(?P<ext>[a-z.]+)$")

Record = collections.namedtuple("Record", "offset timestamp key value headers")


class Rules:
    """What the settings ask for."""

    def __init__(self, prefix="raw", table=None, ext="json.gz", tombstones="skip", dead_letter_prefix="dead-letter",
                 max_record=32 << 20, metadata=(), partition_by="hour", skip=()):
        self.prefix, self.table, self.ext = prefix, table, ext
        self.tombstones, self.dead_letter_prefix = tombstones, dead_letter_prefix
        self.max_record, self.metadata, self.partition_by = max_record, tuple(metadata), partition_by
        self.skip = set(skip)      # of (partition, offset)

    def table_of(self, topic):
        return self.table or re.sub(r"^_", "t_", re.sub(r"[^a-z0-9_]", "_", topic.lower()))


def refuse_constant(name):
    raise ValueError(f"{name} is no JSON")


def same(text):
    return text


def parse(value):
    """The document, numbers as their text; ValueError unless it is one JSON document in UTF-8."""
    return json.loads(value.decode("utf-8"), parse_int=same, parse_float=same, parse_constant=refuse_constant)


def minified(value):
    if b" " in value or b"\n" in value or b"\t" in value or b"\r" in value:
        return SPACE.sub(lambda m: m.group(1) or b"", value)
    return value


def text_of(data):
    """Keys and header values in JSON: text as it is, anything else marked."""
    if data is None:
        return None
    try:
        text = data.decode()
    except UnicodeDecodeError:
        text = BINARY
    return BINARY + base64.b64encode(data).decode() if text.startswith(BINARY) else text


def time_text(timestamp):
    """As Athena reads it; None where there is none."""
    if not 0 <= timestamp <= LAST_MS:
        return None
    at = datetime.datetime(1970, 1, 1) + datetime.timedelta(milliseconds=timestamp)
    return at.isoformat(" ", "milliseconds")


def about(topic, partition, record):
    """What columns and dead letters say of a record besides its value."""
    return {"topic": topic, "partition": partition, "offset": record.offset,
            "timestamp": time_text(record.timestamp), "key": text_of(record.key),
            "headers": [{"key": k, "value": text_of(v)} for k, v in record.headers or ()]}


def verdict(record, rules):
    """("landed", line), ("dead", None) or ("skipped", None)"""
    if record.value is None:
        if rules.tombstones == "write":
            return "landed", b'{"value":null}'
        return ("skipped" if rules.tombstones == "skip" else "dead"), None
    if len(record.value) > rules.max_record:
        return "dead", None
    try:
        document = parse(record.value)
    except (ValueError, RecursionError):
        return "dead", None
    if not isinstance(document, dict):
        return "landed", b'{"value":' + minified(record.value) + b"}"
    if rules.metadata and {k.lower() for k in document} & set(rules.metadata):
        return "dead", None
    return "landed", minified(record.value)


class Slots(dict):
    """Hour since 1970 -> ("2026-09-21", "14"), of which the partitioning takes both, the first, or none."""

    def __init__(self, partition_by):
        super().__init__()
        self.depth = {"hour": 2, "day": 1, "none": 0}[partition_by]

    def cut(self, dt, hour):
        return (dt, hour)[:self.depth] + (None,) * (2 - self.depth)

    def __missing__(self, hour):
        at = datetime.datetime(1970, 1, 1) + datetime.timedelta(hours=hour)
        self[hour] = self.cut(at.date().isoformat(), f"{at.hour:02}")
        return self[hour]

    def of(self, timestamp):
        return self[timestamp // 3600000] if 0 <= timestamp <= LAST_MS else self.cut(NO_TIME, NO_TIME)


def read_topic(broker, topic):
    """{partition: [Record]} as a reader that sees only what is committed."""
    consumer = broker.consumer("judge")
    partitions = broker.partitions(topic)
    records = {p: [] for p in partitions}
    open_partitions = set(partitions)
    consumer.assign([TopicPartition(topic, p, 0) for p in partitions])
    try:
        while open_partitions:
            for m in consumer.consume(50000, 0.05):
                if m.error() is None:
                    records[m.partition()].append(
                        Record(m.offset(), m.timestamp()[1], m.key(), m.value(), m.headers()))
                elif m.error().code() == KafkaError._PARTITION_EOF:
                    open_partitions.discard(m.partition())
                elif m.error().retriable() is False:
                    raise AssertionError(f"reading {topic}: {m.error()}")
    finally:
        consumer.close()
    return records


class Landed:
    """An object of the bucket."""

    def __init__(self, key, place, meta, body):
        self.key, self.meta, self.body = key, meta, body
        self.table, self.dt, self.hour, self.ext = place["table"], place["dt"], place["hour"], place["ext"]
        self.topic, self.partition = place["topic"], int(place["partition"])
        self.start, self.id, self.prefix = int(place["start"]), place["id"], place["prefix"] or ""

    def lines(self):
        return lines_of(self.body, self.ext)


def lines_of(body, ext):
    """Raises ValueError when it is cut short or damaged."""
    if ext.endswith(".gz"):
        try:
            text = gzip.decompress(body)
        except (EOFError, OSError) as e:
            raise ValueError(str(e)) from None
    elif ext.endswith(".zst"):
        try:
            text = zstd_frames(body)
        except zstandard.ZstdError as e:
            raise ValueError(str(e)) from None
    else:
        text = body
    if text and not text.endswith(b"\n"):
        raise ValueError("the last line has no end")
    return text.split(b"\n")[:-1]


def zstd_frames(body):
    out = []
    while body:
        d = zstandard.ZstdDecompressor().decompressobj()
        out.append(d.decompress(body))
        if not d.eof:
            raise ValueError("a zstd frame is cut short")
        body = d.unused_data
    return b"".join(out)


def read_bucket(s3, bucket):
    """([Landed], keys that no rule explains)"""
    keys, strangers = [], []
    for page in s3.get_paginator("list_objects_v2").paginate(Bucket=bucket):
        keys += [o["Key"] for o in page.get("Contents", [])]

    def fetch(key):
        place = KEY.match(key)
        if place is None:
            strangers.append(key)
            return None
        answer = s3.get_object(Bucket=bucket, Key=key)
        meta = {k: urllib.parse.unquote(v) for k, v in answer["Metadata"].items()}
        return Landed(key, place, meta, answer["Body"].read())

    with concurrent.futures.ThreadPoolExecutor(8) as pool:
        return [o for o in pool.map(fetch, keys) if o], strangers


class Judgement:
    def __init__(self):
        self.missing, self.double, self.unexpected, self.misplaced = [], [], [], []
        self.chain, self.damaged = [], []
        self.rows = self.dead = self.skipped = 0
        self.objects = []
        self.ranges = {}           # (partition, start, id) -> [objects]

    KINDS = ("missing", "double", "unexpected", "misplaced", "damaged", "chain")

    def problems(self):
        found = []
        for kind in self.KINDS:
            of_kind = getattr(self, kind)
            if of_kind:
                found.append(f"{len(of_kind)} {kind}: " + "; ".join(str(p) for p in of_kind[:5]))
        return found

    def assert_whole(self):
        assert not self.problems(), "\n".join(self.problems())
        return self


class Expected:
    """What should be there of one partition."""

    def __init__(self, partition, records, rules, slots):
        self.at = {}               # line -> [(offset, slot)], not found yet
        self.slot_of_dead = {}     # offset -> (record, slot), not found yet
        self.found = {}            # line or offset -> how often
        self.skipped = 0
        self.records = {r.offset: r for r in records} if rules.metadata else None
        for r in records:
            kind, line = ("dead", None) if (partition, r.offset) in rules.skip else verdict(r, rules)
            slot = slots.of(r.timestamp)
            if kind == "landed":
                self.at.setdefault(line, []).append((r.offset, slot))
            elif kind == "dead":
                self.slot_of_dead[r.offset] = (r, slot)
            else:
                self.skipped += 1


def columns_off(line, rules):
    """(the line as it was before the metadata columns were appended, the columns in their order)"""
    if not rules.metadata:
        return line, None
    columns = {k: v for k, v in json.loads(line).items() if k.startswith(COLUMN)}
    cut = line.rfind(f'"{next(iter(columns), "none")}":'.encode())
    return line[:cut].rstrip(b",") + b"}", columns


def judge_object(j, o, expected, slot, rules):
    last = -1
    try:
        lines = o.lines()
    except ValueError as e:
        j.damaged.append(f"{o.key}: {e}")
        return
    if not lines:
        j.damaged.append(f"{o.key}: has no line")
    for n, line in enumerate(lines):
        line, columns = columns_off(line, rules)
        waiting = expected.at.get(line)
        if waiting is None:
            j.unexpected.append(f"{o.key} line {n}: {line[:100]!r}")
            continue
        if not waiting:
            j.double.append(f"{o.key} line {n}: {line[:100]!r}")
            continue
        if len(waiting) == 1:
            i = 0
        else:
            i = next((i for i, (offset, s) in enumerate(waiting) if s == slot and offset >= max(o.start, last)), 0)
        offset, right = waiting.pop(i)
        j.rows += 1
        if right != slot:
            j.misplaced.append(f"{o.key} line {n}: offset {offset} belongs to {right}")
        if offset < o.start or offset <= last:
            j.misplaced.append(f"{o.key} line {n}: offset {offset} comes after {max(last, o.start)}")
        last = max(last, offset)
        if columns is not None:
            told = about(o.topic, o.partition, expected.records[offset])
            if list(columns.items()) != [(c, told[c.removeprefix(COLUMN)]) for c in rules.metadata]:
                j.damaged.append(f"{o.key} line {n}: says {columns}, is {told}")


def judge_dead_letters(j, o, expected, slot, rules):
    for n, line in enumerate(o.lines()):
        letter = json.loads(line)
        offset = letter["offset"]
        where = f"{o.key} line {n}: offset {offset}"
        record, right = expected.slot_of_dead.get(offset, (None, None))
        if record is None:
            j.unexpected.append(f"{where} is no dead letter")
            continue
        if offset in expected.found:
            j.double.append(where)
            continue
        expected.found[offset] = True
        j.dead += 1
        if right != slot:
            j.misplaced.append(f"{where} belongs to {right}")
        told = about(o.topic, o.partition, record)
        if {k: letter.get(k) for k in told} != told:
            j.damaged.append(f"{where} says {letter}, is {told}")
        if not letter.get("reason"):
            j.damaged.append(f"{where} has no reason")
        if len(record.value or b"") <= rules.max_record:
            value = letter.get("value")
            if (None if value is None else base64.b64decode(value, validate=True)) != record.value:
                j.damaged.append(f"{where} has another value")


def judge_topic(broker, s3, bucket, topic, group, rules=None, records=None, content=None):
    """Compare one topic with a bucket, with the group's offsets and texts, and with the chain in the objects.
    records, content: what read_topic and read_bucket gave, when it has been read already."""
    rules = rules or Rules()
    j = Judgement()
    records = records or read_topic(broker, topic)
    objects, strangers = content or read_bucket(s3, bucket)
    j.unexpected += strangers
    j.objects = sorted((o for o in objects if o.topic == topic), key=lambda o: (o.partition, o.start, o.id, o.key))
    slots = Slots(rules.partition_by)
    table = rules.table_of(topic)
    expected = {p: Expected(p, r, rules, slots) for p, r in records.items()}
    for o in j.objects:
        j.ranges.setdefault((o.partition, o.start, o.id), []).append(o)
        dead = o.prefix == rules.dead_letter_prefix
        if o.table != table or o.ext != rules.ext or not (dead or o.prefix == rules.prefix):
            j.misplaced.append(f"{o.key}: not in {rules.prefix}/{table} with .{rules.ext}")
        if o.partition not in expected:
            j.unexpected.append(o.key)
        elif dead:
            judge_dead_letters(j, o, expected[o.partition], (o.dt, o.hour), rules)
        else:
            judge_object(j, o, expected[o.partition], (o.dt, o.hour), rules)
    for p, e in sorted(expected.items()):
        j.skipped += e.skipped
        j.missing += [f"{topic}:{p}:{offset}" for waiting in e.at.values() for offset, _ in waiting]
        j.missing += [f"{topic}:{p}:{offset} (dead letter)" for offset in e.slot_of_dead if offset not in e.found]
    j.chain = chain_problems(j, broker, topic, group, records)
    return j


def lines_in(objects):
    return sum(len(o.lines()) for o in objects)


def chain_problems(j, broker, topic, group, records):
    problems = []
    committed = broker.committed(group, topic)
    for p in sorted(records):
        ranges = sorted((start, id_) for partition, start, id_ in j.ranges if partition == p)
        problems += partition_chain(j, p, ranges, group, broker.cluster_id)
        end = records[p][-1].offset + 1 if records[p] else 0
        offset, text = committed.get(p, (None, ""))
        if records[p] and (offset is None or offset < end):
            problems.append(f"{p}: committed {offset}, the log ends at {end}")
        if offset is not None and not text:
            problems.append(f"{p}: committed {offset} without our text")
        elif ranges and offset is not None:
            problems += text_problems(j, p, ranges[-1], text)
    return problems


def names_intent(text):
    return bool(TEXT_INTENT.search(text))


def text_problems(j, p, last, text):
    """The text names the last range that is there, whole."""
    if names_intent(text):
        return [f"{p}: the committed text still names an intent: {text!r}"]
    before = TEXT_BEFORE.search(text)
    if not before:
        return [f"{p}: the committed text names no range: {text!r}"]
    return link_problems(j, p, f"{p}: the committed text", last, ",".join(before.groups()))


def partition_chain(j, p, ranges, group, cluster):
    """Each range names the one before it, which is there whole."""
    problems = []
    before = None
    for start, id_ in ranges:
        objects = j.ranges[p, start, id_]
        name = f"{p}: range {start} {id_}"
        facts = {tuple(o.meta.get(k) for k in (META_ID, META_GROUP, META_CLUSTER, META_PREVIOUS, META_SKIPPED,
                                               META_BEGINS)) for o in objects}
        if len(facts) != 1:
            problems.append(f"{name}: its objects differ in metadata: {facts}")
        said_id, said_group, said_cluster, previous, skipped, begins = next(iter(facts))
        if (said_id, said_group, said_cluster) != (id_, group, cluster):
            problems.append(f"{name}: metadata of {said_id} {said_group} {said_cluster}")
        if before is None:
            if not begins:
                problems.append(f"{name}: nothing comes before it, and it names {previous}")
        elif begins:
            problems.append(f"{name}: the chain begins anew: {begins}")
        else:
            problems += link_problems(j, p, name, before, previous)
        if skipped and not re.match(r"\d+,\d+", skipped):
            problems.append(f"{name}: skipped is {skipped!r}")
        before = (start, id_)
    return problems


def link_problems(j, p, name, before, previous):
    said = (previous or "").split(",")
    if len(said) != 4:
        return [f"{name}: previous is {previous!r}"]
    start, id_, objects, rows = int(said[0]), said[1], int(said[2]), int(said[3])
    if (start, id_) != before:
        return [f"{name}: follows {start} {id_}, and {before[0]} {before[1]} is there"]
    there = j.ranges[(p, *before)]
    try:
        found = (len(there), lines_in(there))
    except ValueError:
        return [f"{name}: the range before it is damaged"]
    if found != (objects, rows):
        return [f"{name}: before it {objects} objects with {rows} records, found {found[0]} with {found[1]}"]
    return []
