# SPDX-License-Identifier: Apache-2.0
"""A group of daemons between the proxies, a producer that never rests, and the story of what happens to them.

One seed in four has its partitions registered in a Glue of the tests' own: none that holds an object below a committed
offset may lack there, at any time.
"""
import os
import random
import shutil
import signal
import time

import clock
import judge
import proof
import steps
from case import Case
from nets import Net
from rows import HOUR_MS, NOON, Feeder, produce
from s3_proxy import PUT, S3Proxy
from scripted_glue import ScriptedGlue
from wire import LOOPBACK

NARROW_PARTITIONS = 3
HOURS = 3
DEFAULT_SESSION_MS = 10000      # the daemon's
HOUR_ROWS = 1000     # of a partition; with a catalog the next ones are an hour later
LAKE = "lake"
WIDE_ROWS, WIDE_ROW_BYTES = 900, 8000      # a burst of them is more than a part


class Member:
    """A daemon with an S3 proxy of its own, and where that can be with a network of its own; Kafka's proxy knows it by
    its client id, which is its name."""

    def __init__(self, world, number):
        self.world, self.name = world, f"daemon{number}"
        self.net = Net() if world.parts.nets else None
        self.s3 = S3Proxy(world.parts.gateway.port, host=self.net.s3.host if self.net else LOOPBACK)
        self.frozen = False
        options = world.options + [f"client.id={self.name}"]
        self.daemon = world.case.daemon(
            world.narrow, world.wide, start=False,
            kafka={"brokers": world.parts.proxied, "options": options},
            s3={"endpoint": self.s3.endpoint, "part_size": "5MiB"}, uploaders=world.uploaders,
            roll={"age": world.age}, log={"level": "debug"}, override=world.override(), **self.catalog())
        self.daemon.binary = world.binary or self.daemon.binary
        self.daemon.before = self.net and self.net.enter
        self.clock = clock.Clock(self.daemon.conf + ".clock")

    def catalog(self):
        """Glue is at the other end of the cable to S3."""
        if not self.world.glue:
            return {}
        host, port = self.net.s3.host if self.net else LOOPBACK, self.world.glue.server.server_port
        return {"catalog": "table",
                "glue": {"database": LAKE, "endpoint": f"http://{host}:{port}", "partitions": "registered"}}

    @property
    def up(self):
        return self.daemon.expected_up

    @property
    def awake(self):
        return self.up and not self.frozen

    def start(self, minutes=None):
        """minutes: how far its clock is off; it goes by the machine's when none are given."""
        if minutes is not None:
            self.clock.set(minutes)
        self.daemon.env = {} if minutes is None else self.clock.env
        self.daemon.start()

    def kill(self):
        self.daemon.kill()
        clock.tidy(self.daemon.process.pid)
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

    def close(self):
        if self.daemon.process:
            self.daemon.kill()
            clock.tidy(self.daemon.process.pid)
        self.s3.close()
        if self.net:
            self.net.close()


class World:
    def __init__(self, parts, seed, directory, session_ms=3000, per_second=4000, age=None, options=(), binary=None,
                 catalog=None):
        """session_ms: None for what the daemon asks for by itself. binary: another daemon. catalog: None, the seed
        says."""
        self.parts, self.seed, self.binary = parts, seed, binary
        self.rng = random.Random(seed)
        self.began = time.monotonic()
        self.kills, self.frozen, self.steps = 0, 0, {}
        self.objects = 0
        self.story = []
        shutil.rmtree(directory, ignore_errors=True)
        os.makedirs(directory)
        self.case = Case(f"chaos-{seed}", parts.broker, parts.gateway, directory)
        self.session_ms = session_ms or DEFAULT_SESSION_MS
        self.patience = 45 + 3 * self.session_ms / 1000
        self.options = ["topic.metadata.refresh.interval.ms=5000", "reconnect.backoff.max.ms=500", *options]
        if session_ms:
            self.options += [f"session.timeout.ms={session_ms}", f"heartbeat.interval.ms={session_ms // 6}"]
        if seed % 4 == 3:
            self.options.append("partition.assignment.strategy=range")
        self.uploaders = self.rng.choice([1, 2])
        self.age = age or self.rng.choice(["1s", "2s"])
        self.narrow = self.case.topic(NARROW_PARTITIONS)
        self.wide = self.case.topic(1, suffix="-wide")
        self.wide_sent = 0
        self.glue = None
        if seed % 4 == 2 if catalog is None else catalog:
            self.glue = ScriptedGlue(host="" if parts.nets else LOOPBACK).__enter__()
        self.members = [Member(self, n + 1) for n in range(3)]
        self.auditor = self.case.daemon(self.narrow, self.wide, start=False, override=self.override())
        self.feeder = Feeder(parts.broker, self.narrow, NARROW_PARTITIONS, per_second=per_second,
                             timestamp=self.timestamp)
        self.say(f"seed {seed}: session {self.session_ms} ms, roll age {self.age}, {self.uploaders} uploaders, "
                 f"{'eager' if seed % 4 == 3 else 'cooperative'}{', with Glue' if self.glue else ''}")

    def timestamp(self, i):
        """i: which one of those that are sent together."""
        hours = self.feeder.sent // NARROW_PARTITIONS // HOUR_ROWS if self.glue else 0
        return NOON + (hours + i // NARROW_PARTITIONS % HOURS) * HOUR_MS

    def override(self):
        return [{"topics": [self.wide], "output": {"compression": "none"}, "roll": {"age": "4s", "bytes": "128MiB"}}]

    def say(self, text):
        line = f"{self.seed:3} {time.monotonic() - self.began:7.1f} s  {text}"
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
            if member.net:
                member.net.kafka.plug()
                member.net.s3.plug()
        if self.glue:
            self.glue.clear()

    def unregistered(self):
        """[objects below the committed offsets in folders that Glue does not know of], as of now."""
        found = []
        for topic in (self.narrow, self.wide) if self.glue else ():
            committed, table = self.case.committed(topic), judge.Rules().table_of(topic)
            known = self.glue.partitions(LAKE, table)
            for key in self.case.keys(f"raw/{table}/"):
                o = judge.KEY.match(key)
                place = known.get((o["dt"], o["hour"]), {}).get("StorageDescriptor", {}).get("Location")
                if int(o["start"]) < committed.get(int(o["partition"]), 0) and \
                        place != f"s3://{self.case.bucket}/{key.rpartition('/')[0]}/":
                    found.append(f"{key} lies at {place} in Glue, and {o['partition']} is committed up to "
                                 f"{committed.get(int(o['partition']))}")
        return found

    def empty_folders(self):
        """[partitions in Glue of which nothing lies in the bucket]; for the end."""
        if not self.glue:
            return []
        tables = {topic: judge.Rules().table_of(topic) for topic in (self.narrow, self.wide)}
        there = {key.rpartition("/")[0] for key in self.case.keys("raw/")}
        return [f"nothing lies in dt={dt}/hour={hour} of {table}, which Glue has" for table in tables.values()
                for dt, hour in self.glue.partitions(LAKE, table)
                if f"raw/{table}/dt={dt}/hour={hour}" not in there]

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
        content = judge.read_bucket(self.case.s3, self.case.bucket)
        records = judge.read_topic(self.parts.broker, self.narrow)
        narrow = self.judged(self.narrow, "json.gz", content, records)
        both = [narrow, self.judged(self.wide, "json", content)]
        problems = [p for j in both for p in j.problems()]
        rows = sum(j.rows for j in both)
        missing, double, misplaced = (sum(len(getattr(j, kind)) for j in both)
                                      for kind in ("missing", "double", "misplaced"))
        self.objects = sum(len(j.objects) for j in both)
        if rows + missing != self.sent:
            problems.append(f"sent {self.sent}, the topics hold {rows + missing}")
        problems += self.unregistered() + self.empty_folders() + proof.agree(self.auditor, both)
        if not problems:
            problems += self.harmed(narrow, records)
        verdict = (f"seed {self.seed}: {self.kills} kills, {self.frozen} freezes, {rows} records in {self.objects} "
                   f"objects: missing {missing}, double {double}, wrong hour {misplaced}, "
                   f"{'and so says verify --deep' if not problems else 'PROBLEMS'}")
        return problems, verdict

    def judged(self, topic, ext, content=None, records=None):
        return judge.judge_topic(self.parts.broker, self.case.s3, self.case.bucket, topic, self.case.group,
                                 judge.Rules(ext=ext), records, content)

    def harmed(self, narrow, records):
        """[problems] when three objects are taken away, doubled and cut short."""
        harmed = proof.harm(self.case, narrow, self.rng)
        return proof.unseen(self.auditor, self.judged(self.narrow, "json.gz", records=records), harmed)

    def close(self):
        """Nothing outlives the run; what it took on disk goes when all was well."""
        self.feeder.ending.set()
        self.calm()
        for member in self.members:
            member.close()
        if self.glue:
            self.glue.__exit__()

    def forget(self):
        for topic in (self.narrow, self.wide):
            self.parts.broker.delete_topic(topic)
        shutil.rmtree(os.path.join(self.parts.gateway.dir, "buckets", self.case.bucket), ignore_errors=True)
