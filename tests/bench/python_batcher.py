#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""What a competent person writes in an afternoon: confluent-kafka in, gzip 6, objects of 16 MiB, boto3 out, the offset
committed once the object is there. At least once: a crash between PUT and commit doubles an object.

    python_batcher.py BROKERS GROUP TOPIC COUNT ENDPOINT BUCKET

Ends when COUNT records are in S3; prints seconds from the first record to the last PUT. Credentials: environment.
"""
import concurrent.futures
import json
import sys
import time
import zlib

import boto3
from botocore.config import Config
from confluent_kafka import Consumer, TopicPartition

OBJECT_BYTES = 16 << 20
GZIP = 16 + zlib.MAX_WBITS
UPLOADS = 4


class Open:
    """A partition's object while it grows."""

    def __init__(self, first):
        self.first, self.next, self.records = first, first, 0
        self.compressor = zlib.compressobj(6, zlib.DEFLATED, GZIP)
        self.pieces, self.bytes = [], 0

    def add(self, values, last):
        piece = self.compressor.compress(b"\n".join(values) + b"\n")
        self.pieces.append(piece)
        self.bytes += len(piece)
        self.records += len(values)
        self.next = last + 1

    def body(self):
        return b"".join(self.pieces) + self.compressor.flush()


def main():
    brokers, group, topic, count, endpoint, bucket = sys.argv[1:]
    s3 = boto3.client("s3", endpoint_url=endpoint,
                      config=Config(s3={"addressing_style": "path"}, max_pool_connections=UPLOADS))
    consumer = Consumer({"bootstrap.servers": brokers, "group.id": group, "enable.auto.commit": False,
                         "auto.offset.reset": "earliest"})
    consumer.subscribe([topic])
    pool = concurrent.futures.ThreadPoolExecutor(UPLOADS)
    objects, uploads, taken, began = {}, [], 0, None

    def land(partition, o):
        s3.put_object(Bucket=bucket, Key=f"raw/{topic}+{partition}+{o.first:020}.json.gz", Body=o.body())
        return TopicPartition(topic, partition, o.next)

    def collect(wait):
        while uploads and (wait or uploads[0].done()):
            consumer.commit(offsets=[uploads.pop(0).result()], asynchronous=False)

    while taken < int(count):
        by_partition = {}
        for m in consumer.consume(10000, 0.5):
            if m.error() is None:
                by_partition.setdefault(m.partition(), []).append(m)
        if by_partition and began is None:
            began = time.monotonic()
        for partition, messages in by_partition.items():
            o = objects.setdefault(partition, None) or Open(messages[0].offset())
            o.add([m.value() for m in messages], messages[-1].offset())
            taken += len(messages)
            objects[partition] = o
            if o.bytes >= OBJECT_BYTES:
                uploads.append(pool.submit(land, partition, o))
                objects[partition] = None
        collect(wait=False)
    uploads += [pool.submit(land, partition, o) for partition, o in objects.items() if o]
    concurrent.futures.wait(uploads)
    seconds = time.monotonic() - began
    collect(wait=True)
    consumer.close()
    print(json.dumps({"records": taken, "seconds": round(seconds, 3)}))


if __name__ == "__main__":
    main()
