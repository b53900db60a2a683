# SPDX-License-Identifier: Apache-2.0
"""Multipart uploads that nobody will complete: whoever has the partition next aborts them, and no others."""
from rows import stock_rows

QUICK = ["session.timeout.ms=1500", "heartbeat.interval.ms=300", "reconnect.backoff.max.ms=500"]
STEADY = ["session.timeout.ms=30000", "heartbeat.interval.ms=300"]    # nobody is lost for being slow
LONG = {"age": "1h", "bytes": "1GiB"}
BIG = [b'{"n":%d,"text":"%s"}' % (n, b"x" * 4000) for n in range(3200)]   # 12.5 MiB: a part and a half for each of two
PLAIN = {"s3": {"part_size": "5MiB"}, "output": {"compression": "none", "partition_by": "none"}}


def uploads(case):
    """{(key, upload id)}, without the one that a start begins and aborts."""
    answer = case.s3.list_multipart_uploads(Bucket=case.bucket)
    return {(u["Key"], u["UploadId"]) for u in answer.get("Uploads", []) if not u["Key"].endswith("/_kafka2s3_start")}


def begin(case, key):
    made = case.s3.create_multipart_upload(Bucket=case.bucket, Key=key)
    return key, made["UploadId"]


def keys_like(key):
    """Of another range of the same group and partition; of another group; of another partition and another topic."""
    folder, name = key.rsplit("/", 1)
    topic, partition, start, rest = name.split("+")
    mark, ext = rest[:4], rest[rest.index("."):]
    other_mark = f"{int(mark, 16) ^ 1:04x}"
    return (f"{folder}/{topic}+{partition}+{start}+{mark}000000000000{ext}",
            [f"{folder}/{topic}+{partition}+{start}+{other_mark}000000000000{ext}",
             f"{folder}/{topic}+7+{start}+{mark}000000000000{ext}",
             f"{folder}/{topic}x+{partition}+{start}+{mark}000000000000{ext}"])


def test_what_a_killed_daemon_left_is_aborted_and_nothing_else(case):
    topic = case.topic(2)
    d = case.daemon(topic, roll=LONG, kafka={"options": QUICK}, **PLAIN)
    case.produce(topic, BIG, partitions=2)
    left = case.until("an upload of each partition", lambda: len(uploads(case)) == 2 and uploads(case), 30)
    d.kill()
    stay = {begin(case, key) for key in keys_like(sorted(left)[0][0])[1]}
    d.write(roll={"age": "1s"}, kafka={"options": STEADY})
    d.start()
    case.until(lambda: f"only {stay} left, there are {uploads(case)}", lambda: uploads(case) == stay, 40)
    d.wait_says("multipart uploads that were left behind are aborted")
    case.wait_landed(topic)
    assert d.terminate() == 0
    assert uploads(case) == stay
    assert case.judge(topic, ext="json", partition_by="none").rows == len(BIG)


def test_the_uploads_of_a_living_daemon_stay(case):
    topic = case.topic(2)
    first = case.daemon(topic, roll=LONG, kafka={"options": STEADY}, **PLAIN)
    case.produce(topic, BIG, partitions=2)
    alive = case.until("an upload of each partition", lambda: len(uploads(case)) == 2 and uploads(case), 30)
    orphans = {begin(case, keys_like(key)[0]) for key, _id in alive}
    second = case.daemon(topic, roll={"age": "1s"}, kafka={"options": STEADY}, **PLAIN)
    case.until("two members", lambda: len(case.broker.members(case.group) or ()) == 2, 30)
    case.produce(topic, stock_rows(10), partitions=2)
    case.until(lambda: f"one of {orphans} aborted, there are {uploads(case)}",
               lambda: len(uploads(case) & orphans) == 1, 40)
    (kept, _id), = uploads(case) & orphans
    assert {keys_like(key)[0] for key, _id in uploads(case) & alive} == {kept}
    assert first.terminate() == 0 and second.terminate() == 0
    assert case.judge(topic, ext="json", partition_by="none").rows == len(BIG) + 10
