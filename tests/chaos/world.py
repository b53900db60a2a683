# SPDX-License-Identifier: Apache-2.0
"""A group of daemons between the proxies, a producer that never rests, and the story of what happens to them."""
import os
import random
import shutil
import signal
import time

import judge
import steps
from case import Case
from rows import HOUR_MS, NOON, Feeder, produce
from s3_proxy import PUT, S3Proxy

NARROW_PARTITIONS = 3
HOURS = 3
WIDE_ROWS, WIDE_ROW_BYTES = 900, 8000      # a burst of them is more than a part


class Member:
    """A daemon with an S3 proxy of its own; Kafka's proxy knows it by its client id, which is its name."""

    def __init__(self, world, number):
        self.world, self.name = world, f"daemon{number}"
        self.s3 = S3Proxy(world.parts.gateway.port)
        self.frozen = False
        options = world.options + [f"client.id={self.name}"]
        self.daemon = world.case.daemon(
            world.narrow, world.wide, start=False,
            kafka={"brokers": world.parts.proxied, "options": options},
            s3={"endpoint": self.s3.endpoint, "part_size": "5MiB"}, uploaders=world.uploaders,
            roll={"age": world.age}, log={"level": "debug"},
            override=[{"topics": [world.wide], "output": {"compression": "none"},
                       "roll": {"age": "2s", "bytes": "128MiB"}}])

    @property
    def up(self):
        return self.daemon.expected_up

    @property
    def awake(self):
        return self.up and not self.frozen

    def start(self):
        self.daemon.start()

    def kill(self):
        self.daemon.kill()
        self.frozen = False
        self.world.kills += 1

    def freeze(self):
        self.daemon.send(signal.SIGSTOP)
        self.frozen = True

    def thaw(self):
        self.daemon.send(signal.SIGCONT)
        self.frozen = False

    def leave(self):
        """In order, as an operator does it."""
        status = self.daemon.terminate(60)
        assert status == 0, f"{self.name} ended with {status}, {self.daemon.process.tail()}"


class World:
    def __init__(self, parts, seed, directory, session_ms=3000, per_second=4000, age=None, options=()):
        self.parts, self.seed = parts, seed
        self.rng = random.Random(seed)
        self.began = time.monotonic()
        self.kills, self.frozen, self.steps = 0, 0, {}
        self.objects = 0
        self.story = []
        shutil.rmtree(directory, ignore_errors=True)
        os.makedirs(directory)
        self.case = Case(f"chaos-{seed}", parts.broker, parts.gateway, directory)
        self.session_ms = session_ms
        self.patience = 45 + 3 * session_ms / 1000
        self.options = [f"session.timeout.ms={session_ms}", f"heartbeat.interval.ms={session_ms // 6}",
                        "topic.metadata.refresh.interval.ms=5000", "reconnect.backoff.max.ms=500"]
        self.options += options
        if seed % 4 == 3:
            self.options.append("partition.assignment.strategy=range")
        self.uploaders = self.rng.choice([1, 2])
        self.age = age or self.rng.choice(["1s", "2s"])
        self.narrow = self.case.topic(NARROW_PARTITIONS)
        self.wide = self.case.topic(1, suffix="-wide")
        self.wide_sent = 0
        self.members = [Member(self, n + 1) for n in range(3)]
        self.feeder = Feeder(parts.broker, self.narrow, NARROW_PARTITIONS, per_second=per_second,
                             timestamp=lambda i: NOON + i // NARROW_PARTITIONS % HOURS * HOUR_MS)
        self.say(f"seed {seed}: session {session_ms} ms, roll age {self.age}, {self.uploaders} uploaders, "
                 f"{'eager' if seed % 4 == 3 else 'cooperative'}")

    def say(self, text):
        line = f"{time.monotonic() - self.began:7.1f} s  {text}"
        self.story.append(line)
        print(line, flush=True)

    @property
    def sent(self):
        return self.feeder.sent + self.wide_sent

    def up(self):
        return [m for m in self.members if m.awake]

    def down(self):
        return [m for m in self.members if not m.up]

    def one_up(self):
        """A daemon that is awake; one is started when there is none."""
        if not self.up():
            member = self.rng.choice(self.down())
            self.say(f"{member.name} is started")
            member.start()
        return self.rng.choice(self.up())

    def busy(self):
        """A daemon that puts objects: one that has got partitions with records."""
        self.one_up()
        before = {m: m.s3.counts.get(PUT, 0) for m in self.up()}
        ends = time.monotonic() + 5
        while time.monotonic() < ends:
            found = [m for m in before if m.s3.counts.get(PUT, 0) > before[m]]
            if found:
                return self.rng.choice(found)
            time.sleep(0.2)
        return self.one_up()

    def restart(self, member, within=1.0):
        pause = self.rng.uniform(0, within)
        time.sleep(pause)
        if self.rng.random() < 0.2:
            self.change(member)
        member.start()
        self.say(f"{member.name} is started again after {pause:.1f} s")

    def change(self, member):
        """Settings that may be another's at every start: none of them decides which record goes where."""
        changed = {"uploaders": self.rng.choice([1, 2, 3]), "memory": self.rng.choice(["192MiB", "512MiB"]),
                   "roll": {"age": self.rng.choice(["1s", "3s"]), "bytes": self.rng.choice(["64KiB", "1MiB"])},
                   "s3": {"part_size": self.rng.choice(["5MiB", "6MiB"])}}
        member.daemon.write(**changed)
        self.say(f"    with other settings: {changed}")

    def burst(self):
        """More to the wide topic than fits into a part."""
        noise = self.rng.randbytes(WIDE_ROW_BYTES // 2 + WIDE_ROWS)
        values = [b'{"n":%d,"noise":"%s"}' % (self.wide_sent + i, noise[i:i + WIDE_ROW_BYTES // 2].hex().encode())
                  for i in range(WIDE_ROWS)]
        produce(self.parts.broker, self.wide, values, timestamp=NOON)
        self.wide_sent += WIDE_ROWS

    def committed(self):
        return self.case.committed(self.narrow)

    def known_ids(self):
        """All range ids that the committed texts name."""
        texts = [text for topic in (self.narrow, self.wide)
                 for _offset, text in self.parts.broker.committed(self.case.group, topic).values()]
        return set(steps.ids_in("".join(texts).encode()))

    def progress(self, everywhere=False):
        """Until some partition, or each, has been committed further than it is now."""
        before = self.committed()
        began = time.monotonic()

        def moved():
            now = self.committed()
            further = [now.get(p, 0) > before.get(p, 0) for p in range(NARROW_PARTITIONS)]
            return all(further) if everywhere else any(further)
        self.case.until(lambda: f"progress of {self.narrow} since {before}, now {self.committed()}; "
                        f"{[m.name + ' frozen' * m.frozen for m in self.members if m.up]} are up", moved, self.patience)
        return time.monotonic() - began

    def calm(self):
        self.parts.kafka.calm()
        for member in self.members:
            member.s3.calm()

    def settle(self):
        """All faults end, all records land, all daemons end in order."""
        self.calm()
        for member in self.members:
            if member.frozen:
                member.thaw()
        self.one_up()
        self.say("all is calm; waits until all has landed")
        self.feeder.__exit__(None, None, None)
        self.case.wait_landed(self.narrow, self.wide, seconds=2 * self.patience)
        for member in self.up():
            member.leave()
        self.say("all daemons have ended in order")

    def verdict(self):
        """([problems], the line that says it)"""
        problems, rows, missing, double, misplaced = [], 0, 0, 0, 0
        for topic, ext in ((self.narrow, "json.gz"), (self.wide, "json")):
            j = judge.judge_topic(self.parts.broker, self.case.s3, self.case.bucket, topic, self.case.group,
                                  judge.Rules(ext=ext))
            problems += j.problems()
            rows += j.rows
            self.objects += len(j.objects)
            missing, double = missing + len(j.missing), double + len(j.double)
            misplaced += len(j.misplaced)
        if rows + missing != self.sent:
            problems.append(f"sent {self.sent}, the topics hold {rows + missing}")
        verdict = (f"seed {self.seed}: {self.kills} kills, {self.frozen} freezes, {rows} records: missing {missing}, "
                   f"double {double}, wrong hour {misplaced}, "
                   f"{'the rest is as it should be' if not problems else 'PROBLEMS'}")
        return problems, verdict

    def close(self):
        """Nothing outlives the run; what it took on disk goes when all was well."""
        self.feeder.ending.set()
        self.calm()
        for member in self.members:
            if member.daemon.process:
                member.daemon.kill()
            member.s3.close()

    def forget(self):
        for topic in (self.narrow, self.wide):
            self.parts.broker.delete_topic(topic)
        shutil.rmtree(os.path.join(self.parts.gateway.dir, "buckets", self.case.bucket), ignore_errors=True)
