#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""A bucket of any size that nobody wrote: listings and metadata are made up as they are asked for.

    vast_s3.py --hours 500 --delay 0.01 --without 3:1000 --without 4:2000:late --twice 5:3000      prints its address

Topic "vast", 20 partitions, 50 ranges of 1,000 offsets an hour and partition, two objects a range: one in its hour, a
late one in the hour before. `--without PARTITION:NUMBER` leaves a range out, with ":late" only its late object;
`--twice` lists an object of a range once more, two days earlier. Ranges are numbered from 0. Signatures are not looked
at. GET /-/counts: requests by kind, and how many were under way at most.
"""
import argparse
import asyncio
import json
import re
import urllib.parse

TOPIC = "vast"
PARTITIONS = 20
AN_HOUR = 50
BEGIN = 50          # the slot of the first range's hour; a slot is an hour of the bucket
KEY = re.compile(r"/raw/vast/dt=[^/]*/hour=\d\d/vast\+(\d+)\+(\d{20})\+([0-9a-f]{16})\.json\.gz$")
REQUEST = re.compile(rb"([A-Z]+) (\S+) HTTP/1\.1\r\n")
WRITTEN = "2026-01-02T03:04:05.000Z"


def range_id(partition, number):
    return f"{partition:04x}{number * 2654435761 % (1 << 48):012x}"


def key_of(slot, partition, number):
    day, hour = divmod(slot, 24)
    return (f"raw/vast/dt=2026-{1 + day // 28:02}-{1 + day % 28:02}/hour={hour:02}/"
            f"vast+{partition}+{number * 1000:020}+{range_id(partition, number)}.json.gz")


class Vast:
    def __init__(self, options):
        self.hours, self.delay = options.hours, options.delay
        self.without = set(options.without)
        self.twice = [tuple(map(int, t.split(":"))) for t in options.twice]
        self.counts = {"LIST": 0, "HEAD": 0, "OTHER": 0, "most": 0}
        self.under_way = 0

    def objects(self, slot):
        """Keys of an hour, in their order: late ones of the hour after, and its own."""
        if slot == 0:
            yield from (key_of(slot, p, n) for p, n in self.twice)
        for p in range(PARTITIONS):
            first = AN_HOUR * (slot - BEGIN)
            for n in range(max(0, first), min(first + 2 * AN_HOUR, AN_HOUR * self.hours)):
                kind = ":late" if n >= first + AN_HOUR else ""
                if f"{p}:{n}" not in self.without and (not kind or f"{p}:{n}{kind}" not in self.without):
                    yield key_of(slot, p, n)

    def listing(self, query):
        if not f"raw/{TOPIC}/".startswith(query["prefix"]):
            return "<ListBucketResult><IsTruncated>false</IsTruncated></ListBucketResult>"
        slot, at = map(int, query.get("continuation-token", "0-0").split("-"))
        keys = list(self.objects(slot))
        rows = "".join(f"<Contents><Key>{urllib.parse.quote(k)}</Key><LastModified>{WRITTEN}</LastModified><ETag>"
                       f"&quot;00000000000000000000000000000000&quot;</ETag><Size>1234</Size>"
                       "<StorageClass>STANDARD</StorageClass></Contents>" for k in keys[at:at + 1000])
        following = f"{slot}-{at + 1000}" if at + 1000 < len(keys) else f"{max(slot + 1, BEGIN - 1)}-0"
        more = not following.startswith(f"{self.hours + BEGIN}-")
        token = f"<NextContinuationToken>{following}</NextContinuationToken>" if more else ""
        return (f"<ListBucketResult><EncodingType>url</EncodingType><IsTruncated>{str(more).lower()}</IsTruncated>"
                f"{token}{rows}</ListBucketResult>")

    def head(self, path):
        m = KEY.search(path)
        if not m:
            return b"HTTP/1.1 404 Not Found\r\nContent-Length: 0\r\n\r\n"
        partition, number = int(m[1]), int(m[2]) // 1000
        before = (f"x-amz-meta-previous: {(number - 1) * 1000},{range_id(partition, number - 1)},2,1000"
                  if number else "x-amz-meta-chain-begins: first")
        return (f"HTTP/1.1 200 OK\r\nContent-Length: 1234\r\nETag: \"0\"\r\nx-amz-meta-range-id: {m[3]}\r\n"
                f"x-amz-meta-group: vast-group\r\nx-amz-meta-cluster: c\r\n{before}\r\n\r\n").encode()

    def answer(self, method, target):
        url = urllib.parse.urlsplit(target)
        query = dict(urllib.parse.parse_qsl(url.query))
        if method == "HEAD":
            self.counts["HEAD"] += 1
            return self.head(urllib.parse.unquote(url.path))
        if "list-type" in query:
            self.counts["LIST"] += 1
            body = self.listing(query).encode()
        elif url.path == "/-/counts":
            body = json.dumps(self.counts).encode()
        else:
            self.counts["OTHER"] += 1
            return b"HTTP/1.1 501 Not Implemented\r\nContent-Length: 0\r\n\r\n"
        return b"HTTP/1.1 200 OK\r\nContent-Length: %d\r\n\r\n" % len(body) + body


class Connection(asyncio.Protocol):
    """One request after another; none has a body."""

    def __init__(self, vast):
        self.vast, self.data, self.transport = vast, b"", None

    def connection_made(self, transport):
        self.transport = transport

    def data_received(self, data):
        self.data += data
        while b"\r\n\r\n" in self.data:
            head, self.data = self.data.split(b"\r\n\r\n", 1)
            m = REQUEST.match(head + b"\r\n")
            self.vast.under_way += 1
            self.vast.counts["most"] = max(self.vast.counts["most"], self.vast.under_way)
            out = self.vast.answer(m[1].decode(), m[2].decode())
            if self.vast.delay:
                asyncio.get_running_loop().call_later(self.vast.delay, self.send, out)
            else:
                self.send(out)

    def send(self, out):
        self.vast.under_way -= 1
        if not self.transport.is_closing():
            self.transport.write(out)


async def serve(vast, port):
    server = await asyncio.get_running_loop().create_server(lambda: Connection(vast), "127.0.0.1", port)
    print(f"http://127.0.0.1:{server.sockets[0].getsockname()[1]}", flush=True)
    await server.serve_forever()


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--port", type=int, default=0)
    parser.add_argument("--hours", type=int, default=10)
    parser.add_argument("--delay", type=float, default=0)
    parser.add_argument("--without", action="append", default=[])
    parser.add_argument("--twice", action="append", default=[])
    options = parser.parse_args()
    asyncio.run(serve(Vast(options), options.port))


if __name__ == "__main__":
    main()
