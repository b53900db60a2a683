# SPDX-License-Identifier: Apache-2.0
"""A group's offsets with their texts, and where logs begin and end, asked of the broker in its own protocol.

Not by confluent-kafka: it takes the text for a C string, which librdkafka does not promise, and so may add to it; and
a client of its own for each question costs more than all else that waiting does.
"""
import socket
import struct

LIST_OFFSETS, OFFSET_FETCH = 2, 9
NOT_YET = {14, 15, 16}      # the coordinator loads, is absent, is another: ask again
NO_LEADER = {3, 5, 6, 78}   # nobody leads the partition yet, or the broker does not know it
EARLIEST, LATEST = -2, -1
READ_COMMITTED = 1


class NotYet(Exception):
    pass


def string(text):
    return struct.pack(">h", len(text)) + text.encode()


class Answer:
    def __init__(self, data):
        self.data, self.at = data, 0

    def take(self, form):
        values = struct.unpack_from(">" + form, self.data, self.at)
        self.at += struct.calcsize(">" + form)
        return values if len(values) > 1 else values[0]

    def string(self):
        n = self.take("h")
        self.at += max(n, 0)
        return self.data[self.at - n:self.at].decode() if n > 0 else ""


def receive(connection, n):
    data = b""
    while len(data) < n:
        more = connection.recv(n - len(data))
        if not more:
            raise ConnectionError("the broker closed the connection")
        data += more
    return data


def ask(connection, key, version, body):
    request = struct.pack(">hhi", key, version, 1) + string("judge") + body
    connection.sendall(struct.pack(">i", len(request)) + request)
    size = struct.unpack(">i", receive(connection, 4))[0]
    answer = Answer(receive(connection, size))
    answer.take("ii")       # correlation id, throttle time
    return answer


def connect(port):
    return socket.create_connection(("127.0.0.1", port), 60)


def committed(port, group, topic, partitions):
    """{partition: (offset, text)}, without those that have none. Source: the protocol guide, OffsetFetch version 5."""
    body = string(group) + struct.pack(">i", 1) + string(topic)
    body += struct.pack(f">i{len(partitions)}i", len(partitions), *partitions)
    with connect(port) as connection:
        answer = ask(connection, OFFSET_FETCH, 5, body)
    found = {}
    for _ in range(answer.take("i")):
        assert answer.string() == topic
        for _ in range(answer.take("i")):
            partition, offset, _epoch = answer.take("iqi")
            text = answer.string()
            refuse(answer.take("h"), group)
            if offset >= 0:
                found[partition] = (offset, text)
    refuse(answer.take("h"), group)
    return found


def logs(port, topic, partitions):
    """{partition: (first, next)} of what a reader of committed records is given. Source: the protocol guide,
    ListOffsets version 2."""
    with connect(port) as connection:
        lows, highs = (listed(ask(connection, LIST_OFFSETS, 2, struct.pack(">ibi", -1, READ_COMMITTED, 1)
                                  + string(topic) + struct.pack(">i", len(partitions))
                                  + b"".join(struct.pack(">iq", p, at) for p in partitions)))
                       for at in (EARLIEST, LATEST))
    return {p: (lows[p], highs[p]) for p in partitions}


def listed(answer):
    """{partition: offset}"""
    found = {}
    for _ in range(answer.take("i")):
        answer.string()
        for _ in range(answer.take("i")):
            partition, error, _time, offset = answer.take("ihqq")
            if error in NO_LEADER:
                raise NotYet()
            assert error == 0, f"the log of partition {partition}: error {error}"
            found[partition] = offset
    return found


def refuse(error, group):
    if error in NOT_YET:
        raise NotYet()
    assert error == 0, f"the offsets of {group}: error {error}"
