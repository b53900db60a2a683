# SPDX-License-Identifier: Apache-2.0
"""A proxy before the real broker, which tells its clients to come here. It knows of Kafka's protocol the frame, the
header of a request, and that answers carry the request's correlation id; bodies pass as they are.

After a "drop" of a request or an answer the client waits until its own time-out. A "cut" at SENT leaves the request
with the broker: its answer is thrown away. A "change" at REQUEST or ANSWER passes on other bytes, as many as there
were. "say" with a status, an error code: at ANSWER the broker has done the work, and its answer says otherwise for the
partitions that fit `only`; at REQUEST, of an OffsetCommit, the broker refuses them.
"""
import struct
import threading
import time

import kafka_bodies
from wire import ANSWER, ANSWERED, REQUEST, SENT, Connection, Cut, Proxy, pass_on, read

PRODUCE, FETCH, LIST_OFFSETS, METADATA, OFFSET_COMMIT, OFFSET_FETCH = 0, 1, 2, 3, 8, 9
FIND_COORDINATOR, JOIN_GROUP, HEARTBEAT, LEAVE_GROUP, SYNC_GROUP = 10, 11, 12, 13, 14
NAMES = {PRODUCE: "Produce", FETCH: "Fetch", LIST_OFFSETS: "ListOffsets", METADATA: "Metadata",
         OFFSET_COMMIT: "OffsetCommit", OFFSET_FETCH: "OffsetFetch", FIND_COORDINATOR: "FindCoordinator",
         JOIN_GROUP: "JoinGroup", HEARTBEAT: "Heartbeat", LEAVE_GROUP: "LeaveGroup", SYNC_GROUP: "SyncGroup"}
LOOKED_AT = 64 << 10    # longer frames are not held in memory: rules see only their beginning


class Request:
    def __init__(self, head):
        self.op, self.version, self.correlation, length = struct.unpack_from(">hhih", head)
        self.client = head[10:10 + max(length, 0)].decode(errors="replace")
        self.body = head
        self.answer = None
        self.refusal = None    # the rule that has made the broker refuse it


class KafkaConnection(Connection):
    def __init__(self, proxy, client, server):
        super().__init__(proxy, client, server)
        self.pending = {}
        self.orphaned = False    # the client's side has ended, the broker's goes on

    def run(self):
        threading.Thread(target=self._answers, daemon=True).start()
        try:
            while True:
                self._request()
        finally:
            while self.orphaned and self.pending:
                time.sleep(0.01)

    def _request(self):
        frame = read(self.client, 4)
        size = struct.unpack(">i", frame)[0]
        head = read(self.client, min(size, LOOKED_AT))
        request = Request(head)
        self.proxy.count(request.op)
        rule = self.proxy.strike(request, REQUEST)
        if rule is not None and rule.do == "drop":
            read(self.client, size - len(head))
            return
        if rule is not None and rule.do == "change":
            head = rule.change(head)
        if rule is not None and rule.do == "say":
            request.refusal = rule
            head = kafka_bodies.refused(request, rule.only)
        self.pending[request.correlation] = request
        self.server.sendall(frame + head)
        pass_on(self.client, self.server, size - len(head))
        try:
            self.proxy.strike(request, SENT)
        except Cut:
            self._orphan()
            raise

    def _orphan(self):
        self.orphaned = True
        self.client.close()

    def _answers(self):
        try:
            while True:
                self._answer()
        except (OSError, EOFError, Cut):
            self.pending.clear()
            self.end()

    def _answer(self):
        frame = read(self.server, 8)
        size, correlation = struct.unpack(">ii", frame)
        request = self.pending.get(correlation)
        if self.orphaned or request is None or not (request.refusal or self.proxy.wants(request)):
            self._forward(frame, size - 4)
            self.pending.pop(correlation, None)
            return
        rest = read(self.server, size - 4)
        self.pending.pop(correlation)
        request.answer = rest
        rule = request.refusal or self.proxy.strike(request, ANSWER)
        if rule is not None and rule.do == "drop":
            return
        if rule is not None and rule.do == "change":
            rest = rule.change(rest)
        if rule is not None and rule.do == "say":
            rest = kafka_bodies.with_error(request, rest, rule.status, rule.only)
        self.client.sendall(frame + rest)
        self.proxy.strike(request, ANSWERED)

    def _forward(self, frame, size):
        if self.orphaned:
            read(self.server, size)
        else:
            self.client.sendall(frame)
            pass_on(self.server, self.client, size)


class KafkaProxy(Proxy):
    def connection(self, client, server):
        return KafkaConnection(self, client, server)

    def waiting(self, op):
        """How many requests of this operation have no answer yet."""
        with self.lock:
            return sum(r.op == op for c in self.connections for r in list(c.pending.values()))

    def say(self, op, status, only=None, at=ANSWER, **more):
        """The partitions that fit get this error, of requests that have some."""
        return self.rule(op, at, "say", status=status, only=only, when=only and kafka_bodies.holds(only), **more)
