# SPDX-License-Identifier: Apache-2.0
"""One test's own names, topics, bucket and daemons, and what it asks about them."""
import itertools
import os
import re
import time

from confluent_kafka import TopicPartition

import gateway as s3_parts
import judge
import rows
from daemon import Daemon, merged
from waiting import until

numbers = itertools.count(1)
QUICK = ["session.timeout.ms=1500", "heartbeat.interval.ms=300", "reconnect.backoff.max.ms=500"]
SANITIZER = r"(?m)^.*(runtime error: |ERROR: (Address|Leak)Sanitizer|WARNING: ThreadSanitizer)"


class Case:
    def __init__(self, name, broker, gateway, directory):
        self.broker, self.gateway, self.dir = broker, gateway, str(directory)
        self.name = f"{re.sub('[^a-z0-9]+', '-', name.lower()).strip('-')[:30]}-{os.getpid()}-{next(numbers)}"
        self.group = f"group-{self.name}"
        self.bucket = f"b-{self.name}"[:60].rstrip("-")
        self.daemons = []
        self.s3 = gateway.client()
        self.s3.create_bucket(Bucket=self.bucket)

    def close(self):
        """Ends the daemons, each in order if it should be up, and mends the parts for the next test."""
        try:
            if not self.broker.process.running():
                self.broker.start()
            if not self.gateway.process.running() or self.gateway.secret != s3_parts.SECRET_KEY:
                self.gateway.restart()
            for d in self.daemons:
                if d.expected_up:
                    status = d.terminate(30)
                    assert status == 0, f"{d.name} ended with {status}, {d.process.tail()}"
        finally:
            for d in self.daemons:
                if d.process:
                    d.process.kill()
        for d in self.daemons:
            found = d.process and re.search(SANITIZER, d.log())
            assert not found, f"{d.name}: {d.log()[found.start():][:6000]}"

    def topic(self, partitions=1, suffix="", **config):
        return self.broker.create_topic(f"t-{self.name}{suffix}", partitions, **config)

    def produce(self, topic, values, timestamp=rows.NOON, **kwargs):
        """All in one hour where no timestamps are given, so that nothing depends on when a test runs."""
        rows.produce(self.broker, topic, values, timestamp=timestamp, **kwargs)

    def settings(self, topics):
        return {
            "kafka": {"brokers": self.broker.bootstrap, "topics": topics, "group": self.group,
                      "options": ["session.timeout.ms=3000", "heartbeat.interval.ms=500",
                                  "topic.metadata.refresh.interval.ms=1000", "reconnect.backoff.max.ms=500"]},
            "s3": {"bucket": self.bucket, "prefix": "raw", "region": s3_parts.REGION,
                   "endpoint": self.gateway.endpoint, "path_style": True,
                   "access_key_id": s3_parts.ACCESS_KEY, "secret_access_key": s3_parts.SECRET_KEY},
            "roll": {"age": "1s"},
        }

    def daemon(self, *topics, start=True, **more):
        """A daemon on these topics; further keyword arguments are groups of settings."""
        d = Daemon(self.dir, f"daemon{len(self.daemons) + 1}", merged(self.settings(list(topics)), more))
        self.daemons.append(d)
        return d.start() if start else d

    def until(self, what, condition, seconds, every=0.1):
        """Wait while the daemons that should run do run."""
        def checked():
            for d in self.daemons:
                if d.expected_up:
                    d.assert_running()
            return condition()
        return until(lambda: f"{what() if callable(what) else what}\n{self.tails()}", checked, seconds, every)

    def committed(self, topic):
        """{partition: offset}"""
        return {p: offset for p, (offset, _text) in self.broker.committed(self.group, topic).items()}

    def text(self, topic, partition):
        return self.broker.committed(self.group, topic).get(partition, (-1, ""))[1]

    def commit_from_outside(self, topic, partition, offset, text=None):
        """As an operator's tool does it, while the group has no members."""
        at = TopicPartition(topic, partition, offset, **({"metadata": text} if text else {}))

        def tried():
            consumer = self.broker.consumer(self.group)
            try:
                return all(p.error is None for p in consumer.commit(offsets=[at], asynchronous=False))
            except Exception:
                return False
            finally:
                consumer.close()
        self.until(f"a commit of {topic}:{partition} from outside", tried, 20, every=0.5)

    def unlanded(self, *topics):
        """{topic:partition: (committed, end)} where something is left to do."""
        left = {}
        for topic in topics:
            committed = self.committed(topic)
            for p, (_low, high) in self.broker.watermarks(topic).items():
                if committed.get(p, 0) < high:
                    left[f"{topic}:{p}"] = (committed.get(p), high)
        return left

    def wait_landed(self, *topics, seconds=30):
        """Until the committed offsets stand at the ends."""
        self.until(lambda: f"all landed; left {self.unlanded(*topics)}", lambda: not self.unlanded(*topics), seconds)

    def wait_committed(self, topic, least, seconds=30):
        """least: {partition: offset}"""
        def reached():
            now = self.committed(topic)
            return all(now.get(p, -1) >= offset for p, offset in least.items())
        self.until(lambda: f"commits of {least}, there are {self.committed(topic)}", reached, seconds)

    def wait_progress(self, topic, seconds=40):
        """Until every partition's offset has risen since now."""
        self.wait_committed(topic, {p: self.committed(topic).get(p, 0) + 1 for p in self.broker.partitions(topic)},
                            seconds)

    def wait_assigned(self, topic, seconds=20):
        """Until every partition is somebody's: a start is committed before anything is read."""
        partitions = set(self.broker.partitions(topic))
        self.until(f"{topic} assigned", lambda: set(self.committed(topic)) == partitions, seconds)

    def wait_intent(self, topic, partition, seconds=20):
        """Until the partition's text names a sealed range. It stays so only while S3 is away."""
        self.until(f"an intent of {topic}:{partition}", lambda: judge.names_intent(self.text(topic, partition)),
                   seconds)

    def wait_read(self, topic, seconds=20):
        """Until a daemon has read all there is, landed or not."""
        ends = {p: high for p, (_low, high) in self.broker.watermarks(topic).items()}

        def read():
            now = {}
            for d in self.daemons:
                if d.expected_up:
                    now.update(d.next_offsets(topic))
            return all(now.get(p, 0) >= end for p, end in ends.items())
        self.until(f"{topic} read up to {ends}", read, seconds, every=0.3)

    @staticmethod
    def pause(seconds):
        """For a moment that nothing marks: the point where a kill strikes."""
        time.sleep(seconds)

    def tails(self):
        return "\n".join(d.process.tail() for d in self.daemons if d.process)

    def judge(self, topic, first_offsets=None, **rules):
        """Asserts that all of the topic is in the bucket once, and the chain whole; returns what was counted.
        first_offsets: {partition: offset}, what is before them is not asked for."""
        records = judge.read_topic(self.broker, topic)
        for p, first in (first_offsets or {}).items():
            records[p] = [r for r in records[p] if r.offset >= first]
        j = judge.judge_topic(self.broker, self.s3, self.bucket, topic, self.group, judge.Rules(**rules), records)
        assert not j.problems(), "\n".join(j.problems()) + "\n" + self.tails()
        return j

    def keys(self, prefix=""):
        found = []
        for page in self.s3.get_paginator("list_objects_v2").paginate(Bucket=self.bucket, Prefix=prefix):
            found += [o["Key"] for o in page.get("Contents", [])]
        return found
