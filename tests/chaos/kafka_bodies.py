# SPDX-License-Identifier: Apache-2.0
"""Where partitions and their error codes stand in bodies of Kafka's protocol, for a proxy that says what a broker may.

Knows the versions from Kafka 2.4's to today's. Codes and places are written over in place: no
body changes its length. Source: the message formats of the protocol guide.
"""
import struct
import uuid

FETCH, LIST_OFFSETS, OFFSET_COMMIT, OFFSET_FETCH, HEARTBEAT = 1, 2, 8, 9, 12
FLEXIBLE_FROM = {FETCH: 12, LIST_OFFSETS: 6, OFFSET_COMMIT: 8, OFFSET_FETCH: 6, HEARTBEAT: 4}
NOWHERE = 1_000_000     # added to a partition, it is one that no broker has


class Entry:
    """A partition in a body: number_at and error_at say where; text: a committed one, of requests only."""

    def __init__(self, topic, partition, number_at, error_at=None, text=""):
        self.topic, self.partition, self.number_at, self.error_at, self.text = (topic, partition, number_at, error_at,
                                                                                text)


class Reader:
    def __init__(self, data, op, version, at=0):
        self.data, self.at, self.flexible = data, at, version >= FLEXIBLE_FROM[op]

    def take(self, form):
        value = struct.unpack_from(">" + form, self.data, self.at)[0]
        self.at += struct.calcsize(">" + form)
        return value

    def skip(self, n):
        at = self.at
        self.at += n
        return at

    def varint(self):
        value, shift = 0, 0
        while True:
            byte = self.take("B")
            value |= (byte & 0x7f) << shift
            if byte < 0x80:
                return value
            shift += 7

    def count(self, form="i"):
        """Of an array, or the length of a string (form h) or of bytes; of null it is 0."""
        return max(self.varint() - 1 if self.flexible else self.take(form), 0)

    def string(self):
        n = self.count("h")
        return bytes(self.data[self.skip(n):self.at]).decode(errors="replace")

    def tags(self):
        if self.flexible:
            for _ in range(self.varint()):
                self.varint()
                self.skip(self.varint())

    def uuid(self):
        return str(uuid.UUID(bytes=bytes(self.data[self.skip(16):self.at])))

    def topics(self, partition, name=None):
        """The entries of all topics; partition(topic) reads one."""
        found = []
        for _ in range(self.count()):
            topic = (name or self.string)()
            for _ in range(self.count()):
                found.append(partition(topic))
                self.tags()
            self.tags()
        return found


def commit_request(request):
    """The entries of an OffsetCommit request."""
    client = struct.unpack_from(">h", request.body, 8)[0]
    r = Reader(request.body, OFFSET_COMMIT, request.version, 10 + max(client, 0))
    r.tags()
    r.string()                      # group
    r.skip(4)                       # generation
    r.string()                      # member
    if request.version >= 7:
        r.string()                  # instance
    elif request.version <= 4:
        r.skip(8)                   # retention

    def partition(topic):
        at = r.at
        number = r.take("i")
        r.skip(8 + (4 if request.version >= 6 else 0))
        return Entry(topic, number, at, text=r.string())
    return r.topics(partition)


def answer_entries(request, body):
    """The entries of an answer, from behind its correlation id."""
    op, version = request.op, request.version
    r = Reader(body, op, version)
    r.tags()
    r.skip(4)                       # throttle time
    if op == HEARTBEAT:
        return [Entry("", 0, None, r.at)]
    if op == FETCH and version >= 7:
        r.skip(2 + 4)               # error, session
    if op == OFFSET_FETCH and version >= 8:
        return [e for _ in range(r.count()) for e in group_of_offsets(r)]
    return r.topics({OFFSET_COMMIT: commit_partition, OFFSET_FETCH: offset_partition,
                     LIST_OFFSETS: list_partition, FETCH: fetch_partition}[op](r, version),
                    name=r.uuid if op == FETCH and version >= 13 else None)


def group_of_offsets(r):
    r.string()
    found = r.topics(offset_partition(r, 8))
    r.skip(2)
    r.tags()
    return found


def commit_partition(r, _version):
    return lambda topic: Entry(topic, r.take("i"), r.at - 4, r.skip(2))


def offset_partition(r, version):
    def partition(topic):
        at = r.at
        number = r.take("i")
        r.skip(8 + (4 if version >= 5 else 0))
        r.string()
        return Entry(topic, number, at, r.skip(2))
    return partition


def list_partition(r, version):
    def partition(topic):
        entry = Entry(topic, r.take("i"), r.at - 4, r.skip(2))
        r.skip(16 + (4 if version >= 4 else 0))
        return entry
    return partition


def fetch_partition(r, version):
    def partition(topic):
        entry = Entry(topic, r.take("i"), r.at - 4, r.skip(2))
        r.skip(24)                  # high watermark, last stable offset, log start
        for _ in range(r.count()):
            r.skip(16)              # an aborted transaction
            r.tags()
        if version >= 11:
            r.skip(4)               # preferred replica
        r.skip(r.count())
        return entry
    return partition


def holds(only):
    """What fits a request, or an answer, that has a partition that fits."""
    def fits(request):
        entries = commit_request(request) if request.answer is None else answer_entries(request, request.answer)
        return any(only(e) for e in entries)
    return fits


def with_error(request, body, code, only):
    """The answer with this code for the partitions that fit."""
    changed = bytearray(body)
    for e in answer_entries(request, body):
        refused = request.op == OFFSET_COMMIT and e.partition >= NOWHERE
        if refused:
            struct.pack_into(">i", changed, e.number_at, e.partition - NOWHERE)
        if refused or only is None or only(e):
            struct.pack_into(">h", changed, e.error_at, code)
            if request.op == LIST_OFFSETS:      # time and offset, as a broker leaves them then
                struct.pack_into(">qq", changed, e.error_at + 2, -1, -1)
    return bytes(changed)


def refused(request, only):
    """The commit request as one that the broker refuses for the partitions that fit, and takes for the others."""
    changed = bytearray(request.body)
    for e in commit_request(request):
        if only is None or only(e):
            struct.pack_into(">i", changed, e.number_at, e.partition + NOWHERE)
    return bytes(changed)
