# SPDX-License-Identifier: Apache-2.0
"""A group's offsets with their texts, asked of the broker in its own protocol.

Not by confluent-kafka: it takes the text for a C string, which librdkafka does not promise, and so may add to it.
"""
import socket
import struct

OFFSET_FETCH, VERSION = 9, 5
NOT_YET = {14, 15, 16}      # the coordinator loads, is absent, is another: ask again


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


def committed(port, group, topic, partitions):
    """{partition: (offset, text)}, without those that have none. Source: the protocol guide, OffsetFetch version 5."""
    body = string(group) + struct.pack(">i", 1) + string(topic)
    body += struct.pack(f">i{len(partitions)}i", len(partitions), *partitions)
    request = struct.pack(">hhi", OFFSET_FETCH, VERSION, 1) + string("judge") + body
    with socket.create_connection(("127.0.0.1", port), 10) as connection:
        connection.sendall(struct.pack(">i", len(request)) + request)
        size = struct.unpack(">i", receive(connection, 4))[0]
        answer = Answer(receive(connection, size))
    found = {}
    answer.take("ii")       # correlation id, throttle time
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


def refuse(error, group):
    if error in NOT_YET:
        raise NotYet()
    assert error == 0, f"the offsets of {group}: error {error}"
