# SPDX-License-Identifier: Apache-2.0
"""What goes away and comes back is in the log, each time in the event's own name."""
from rows import stock_rows


def test_kafka_and_s3_go_away_and_come_back(parts, case):
    topic = case.topic()
    d = case.daemon(topic, log={"format": "json"})
    case.produce(topic, stock_rows(10))
    case.wait_landed(topic, seconds=90)
    parts.kafka.go_away()
    d.wait_says('"event":"kafka-away"', seconds=120)
    assert not d.says('"event":"kafka-back"')
    parts.kafka.calm()
    d.wait_says('"event":"kafka-back"', seconds=120)
    case.proxy.go_away()
    case.produce(topic, stock_rows(10, first=10))
    d.wait_says('"event":"s3-away"', seconds=120)
    assert not d.says('"event":"s3-back"')
    case.proxy.calm()
    d.wait_says('"event":"s3-back"', seconds=120)
    case.wait_landed(topic, seconds=90)
    assert d.terminate(60) == 0
    case.judge(topic)
