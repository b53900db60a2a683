# SPDX-License-Identifier: Apache-2.0
"""What the log says of a landing, for programs: as JSON here; the journal gets the same fields."""
import json
import os

import gateway
from rows import NOON, stock_rows


def events(d, name):
    """Its lines with this event, in order. Every line must be an object that says when, how grave and what."""
    said = [json.loads(line) for line in d.log().splitlines()]
    assert said and all({"time", "level", "message"} <= set(line) for line in said)
    return [line for line in said if line.get("event") == name]


def test_fields_of_a_landing(case):
    topic = case.topic(2)
    case.produce(topic, [b"no document", *stock_rows(300)], timestamp=NOON, partitions=2)
    d = case.daemon(topic, log={"level": "debug", "format": "json"}, start=False)
    os.chmod(d.conf, 0o644)  # which is warned of before all else
    d.start()
    case.wait_landed(topic, seconds=60)
    assert d.terminate(60) == 0
    assert gateway.SECRET_KEY not in d.log()
    assert events(d, "assigned")
    assert [len(events(d, name)) for name in ("started", "stopping", "stopped")] == [1, 1, 1]
    assert events(d, "started")[0]["s3_bucket"] == case.bucket
    assert "others can read" in events(d, "settings-doubtful")[0]["message"]
    landed = events(d, "range-landed")
    for partition, (low, high) in case.broker.watermarks(topic).items():
        mine = [e for e in landed if (e["topic"], e["partition"]) == (topic, partition)]
        assert [e["offset_first"] for e in mine] == [low] + [e["offset_next"] for e in mine[:-1]]
        assert mine[-1]["offset_next"] == high
    assert sum(e["records"] for e in landed) == 301
    assert [e["dead"] for e in events(d, "dead-letters")] == [1]
    objects = events(d, "object-published")
    assert sorted(e["s3_key"] for e in objects) == sorted(case.keys())
    sizes = {o["Key"]: o["Size"] for o in case.s3.list_objects_v2(Bucket=case.bucket)["Contents"]}
    assert {e["s3_key"]: e["bytes"] for e in objects} == sizes
    for e in landed:
        of_range = [o for o in objects if o["range_id"] == e["range_id"]]
        assert all(e["range_id"] in o["s3_key"] for o in of_range)
        assert (e["objects"], e["bytes"]) == (len(of_range), sum(o["bytes"] for o in of_range))
