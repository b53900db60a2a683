# SPDX-License-Identifier: Apache-2.0
"""One Apache Kafka, a KRaft node that is broker and controller, on loopback."""
import base64
import glob
import os
import signal
import subprocess
import uuid

from confluent_kafka import Consumer, KafkaException, Producer, TopicPartition
from confluent_kafka.admin import AdminClient, NewTopic

import offsets
from process import Process, free_port
from waiting import until

HEAP = "-Xmx768m"
# C1 alone: a broker that lives for minutes starts in half the time.
QUICK = ["-XX:TieredStopAtLevel=1", "-XX:+UseSerialGC", "-Xshare:auto", "-XX:-UsePerfData"]

LOG4J = """
rootLogger.level = warn
rootLogger.appenderRef.out.ref = out
appender.out.type = Console
appender.out.name = out
appender.out.layout.type = PatternLayout
appender.out.layout.pattern = %d %p %c{1}: %m%n
"""


class Broker:
    def __init__(self, directory, libs, properties=None, proxy=None, listeners=()):
        """proxy, "host:port": clients that come by proxied_port are told to come by that one from then on.
        listeners: more of them, as (name, protocol, where it listens, where clients are told to come)."""
        self.dir = str(directory)
        self.port, self.proxied_port, controller = free_port(), free_port(), free_port()
        self.bootstrap = f"127.0.0.1:{self.port}"
        self.log_path = os.path.join(self.dir, "kafka.log")
        self.cluster_id = base64.urlsafe_b64encode(uuid.uuid4().bytes).decode().rstrip("=").replace("-", "A", 1)
        self.process = None
        self.admin_client = None
        self.class_path = ":".join(sorted(glob.glob(os.path.join(libs, "*.jar"))))
        if not self.class_path:
            raise RuntimeError(f"no Kafka in {libs}: run tools/testbed-setup")
        self.conf = os.path.join(self.dir, "server.properties")
        values = {
            "process.roles": "broker,controller",
            "node.id": "1",
            "controller.quorum.voters": f"1@127.0.0.1:{controller}",
            "listeners": f"PLAINTEXT://127.0.0.1:{self.port},CONTROLLER://127.0.0.1:{controller}",
            "advertised.listeners": f"PLAINTEXT://127.0.0.1:{self.port}",
            "controller.listener.names": "CONTROLLER",
            "log.dirs": os.path.join(self.dir, "data"),
            "auto.create.topics.enable": "false",
            "offsets.topic.replication.factor": "1",
            "offsets.topic.num.partitions": "4",
            "transaction.state.log.replication.factor": "1",
            "transaction.state.log.min.isr": "1",
            "transaction.state.log.num.partitions": "1",
            "group.initial.rebalance.delay.ms": "0",
            "group.min.session.timeout.ms": "1000",
            "message.max.bytes": str(48 << 20),
            "socket.request.max.bytes": str(128 << 20),
            # Records of 1970 stay, and those of 2262 are taken.
            "log.retention.ms": "-1",
            "log.message.timestamp.before.max.ms": str(2**63 - 1),
            "log.message.timestamp.after.max.ms": str(2**63 - 1),
        }
        if proxy:
            listeners = [*listeners, ("PROXIED", "PLAINTEXT", f"127.0.0.1:{self.proxied_port}", proxy)]
        values["listener.security.protocol.map"] = "PLAINTEXT:PLAINTEXT,CONTROLLER:PLAINTEXT"
        for name, protocol, here, told in listeners:
            values["listeners"] += f",{name}://{here}"
            values["advertised.listeners"] += f",{name}://{told}"
            values["listener.security.protocol.map"] += f",{name}:{protocol}"
        values.update(properties or {})
        with open(self.conf, "w") as f:
            f.writelines(f"{k}={v}\n" for k, v in values.items())
        with open(os.path.join(self.dir, "log4j2.properties"), "w") as f:
            f.write(LOG4J)
        subprocess.run(self._java("kafka.tools.StorageTool", "format", "-t", self.cluster_id, "-c", self.conf),
                       check=True, capture_output=True, timeout=240)

    def _java(self, *args):
        return ["java", HEAP, *QUICK, f"-Dlog4j2.configurationFile={self.dir}/log4j2.properties",
                "-cp", self.class_path, *args]

    def start(self):
        self.process = Process(self._java("kafka.Kafka", self.conf), self.log_path)
        until(lambda: f"Kafka, {self.process.tail()}", self._answers, 180, every=0.2)
        until("the group coordinator", self._coordinates, 60, every=0.2)

    def _answers(self):
        if not self.process.running():
            raise AssertionError(f"Kafka ended, {self.process.tail()}")
        probe = AdminClient({"bootstrap.servers": self.bootstrap, "log_level": 0})
        try:
            return probe.list_topics(timeout=1).brokers
        except Exception:
            return None

    def _coordinates(self):
        consumer = self.consumer("first")
        try:
            return consumer.committed([TopicPartition("none", 0)], timeout=5)
        except KafkaException:
            return None
        finally:
            consumer.close()

    def stop(self):
        """As an orderly stop; what clients see is a broker that went away."""
        self.process.stop(15)

    def kill(self):
        self.process.kill()

    def send(self, sig):
        """SIGSTOP and SIGCONT: a broker that hangs."""
        assert sig in (signal.SIGSTOP, signal.SIGCONT)
        self.process.send(sig)

    @property
    def admin(self):
        if self.admin_client is None:
            self.admin_client = AdminClient({"bootstrap.servers": self.bootstrap, "log_level": 0})
        return self.admin_client

    def create_topic(self, name, partitions=1, **config):
        """Settings with "_" for ".": retention_ms=1000."""
        topic = NewTopic(name, partitions, 1, config={k.replace("_", "."): str(v) for k, v in config.items()})
        self.admin.create_topics([topic])[name].result(60)
        until(f"topic {name}", lambda: self._led(name, partitions), 20)
        return name

    def _led(self, name, partitions):
        found = self.admin.list_topics(name, timeout=60).topics[name].partitions
        return len(found) == partitions and all(p.leader == 1 for p in found.values())

    def delete_topic(self, name):
        self.admin.delete_topics([name])[name].result(60)

    def partitions(self, topic):
        return sorted(self.admin.list_topics(topic, timeout=60).topics[topic].partitions)

    def producer(self, **config):
        return Producer({"bootstrap.servers": self.bootstrap, "log_level": 0, "linger.ms": 20,
                         "enable.idempotence": True,  # a broker that is killed must not double what a test counts
                         "compression.type": "lz4", "message.max.bytes": 40 << 20,
                         "queue.buffering.max.messages": 1000000, "queue.buffering.max.kbytes": 1 << 20,
                         **{k.replace("_", "."): v for k, v in config.items()}})

    def consumer(self, group):
        """One that only asks: it never joins the group."""
        return Consumer({"bootstrap.servers": self.bootstrap, "group.id": group, "log_level": 0,
                         "enable.auto.commit": False, "enable.auto.offset.store": False,
                         "isolation.level": "read_committed", "enable.partition.eof": True,
                         "auto.offset.reset": "earliest", "fetch.message.max.bytes": 8 << 20,
                         "queued.max.messages.kbytes": 256 << 10})

    def watermarks(self, topic):
        """{partition: (low, high)}"""
        partitions = self.partitions(topic)

        def answer():
            try:
                return offsets.logs(self.port, topic, partitions)
            except offsets.NotYet:
                return None
        return until(f"watermarks of {topic}", answer, 20)

    def committed(self, group, topic):
        """{partition: (offset, text)}, without those that have none."""
        partitions = self.partitions(topic)

        def answer():
            try:
                return [offsets.committed(self.port, group, topic, partitions)]
            except offsets.NotYet:
                return None
        return until(f"the offsets of {group}", answer, 20)[0]

    def members(self, group):
        """The client ids of the group's members once it is stable, else None."""
        found = self.admin.describe_consumer_groups([group])[group].result(60)
        return sorted(m.client_id for m in found.members) if found.state.name == "STABLE" else None
