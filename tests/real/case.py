# SPDX-License-Identifier: Apache-2.0
"""One test's own names, topics, bucket and daemons, and what it asks about them."""
import itertools
import os
import re

import gateway as s3_parts
import judge
import rows
from daemon import Daemon, merged
from waiting import until

numbers = itertools.count(1)


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
        for d in self.daemons:
            if d.process:
                d.process.kill()
        if not self.broker.process.running():
            self.broker.start()
        if not self.gateway.process.running() or self.gateway.secret != s3_parts.SECRET_KEY:
            self.gateway.restart()

    def topic(self, partitions=1, suffix="", **config):
        return self.broker.create_topic(f"t-{self.name}{suffix}", partitions, **config)

    def produce(self, topic, values, **kwargs):
        rows.produce(self.broker, topic, values, **kwargs)

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

    def unlanded(self, *topics):
        """{topic:partition: (committed, end)} where something is left to do."""
        left = {}
        for topic in topics:
            committed = self.broker.committed(self.group, topic)
            for p, (_low, high) in self.broker.watermarks(topic).items():
                at = committed.get(p, (-1, ""))[0]
                if at < high and high > 0:
                    left[f"{topic}:{p}"] = (at, high)
        return left

    def wait_landed(self, *topics, seconds=30):
        def done():
            for d in self.daemons:
                if d.expected_up:
                    d.assert_running()
            return not self.unlanded(*topics)
        until(lambda: f"all landed; left {self.unlanded(*topics)}\n{self.tails()}", done, seconds, every=0.2)

    def tails(self):
        return "\n".join(d.process.tail() for d in self.daemons if d.process)

    def judge(self, topic, **kwargs):
        """Asserts that all of the topic is in the bucket once, and the chain whole; returns what was counted."""
        rules = judge.Rules(**{k: kwargs.pop(k) for k in list(kwargs) if k not in ("chain",)})
        j = judge.judge_topic(self.broker, self.s3, self.bucket, topic, self.group, rules, **kwargs)
        assert not j.problems(), "\n".join(j.problems()) + "\n" + self.tails()
        return j

    def keys(self, prefix=""):
        found = []
        for page in self.s3.get_paginator("list_objects_v2").paginate(Bucket=self.bucket, Prefix=prefix):
            found += [o["Key"] for o in page.get("Contents", [])]
        return found
