# SPDX-License-Identifier: Apache-2.0
"""What the producer writes: stock-market rows, each one unlike any other."""
import random
import threading

HOUR_MS = 3600 * 1000
NOON = 1_790_000_000_000 // HOUR_MS * HOUR_MS  # some full hour

INDEXES = ["NYA", "IXIC", "HSI", "000001.SS", "GSPTSE", "399001.SZ", "NSEI", "GDAXI", "KS11", "SSMI", "TWII", "J203.JO"]


def stock_row(n, rng):
    price = rng.uniform(500, 70000)
    return (f'{{"n":{n},"Index":"{rng.choice(INDEXES)}","Date":"{1965 + n % 57}-{1 + n % 12:02}-{1 + n % 28:02}",'
            f'"Open":{price:.6f},"High":{price * 1.01:.6f},"Low":{price * 0.98:.6f},"Close":{price * 1.003:.6f},'
            f'"Adj Close":{price * 1.003:.6f},"Volume":{rng.randrange(10**10)},"CloseUSD":{price * 0.13:.9f}}}'
            ).encode()


def stock_rows(count, first=0, seed=1):
    rng = random.Random(seed)
    return [stock_row(n, rng) for n in range(first, first + count)]


def produce(broker, topic, values, partitions=1, timestamp=None, keys=None, headers=None, producer=None,
            wait=True):
    """Send values round robin; timestamp: ms, a function of the position, or None for now. Fails unless all arrive."""
    p = producer or broker.producer()
    failures = []

    def delivered(error, _message):
        if error is not None:
            failures.append(error)

    for i, value in enumerate(values):
        at = timestamp(i) if callable(timestamp) else timestamp
        kwargs = {} if at is None else {"timestamp": at}
        if keys is not None:
            kwargs["key"] = keys[i]
        if headers is not None:
            kwargs["headers"] = headers
        while True:
            try:
                p.produce(topic, value, partition=i % partitions, on_delivery=delivered, **kwargs)
                break
            except BufferError:
                p.poll(0.1)
        if i % 1000 == 0:
            p.poll(0)
    if wait:
        left = p.flush(60)
        assert left == 0 and not failures, f"{left} records were not sent, {failures[:3]}"


class Feeder:
    """Keeps writing rows at a pace until it is stopped: what a daemon is interrupted in."""

    def __init__(self, broker, topic, partitions, per_second=2000, timestamp=None):
        self.broker, self.topic, self.partitions = broker, topic, partitions
        self.per_second, self.timestamp = per_second, timestamp
        self.sent = 0
        self.failure = None
        self.ending = threading.Event()
        self.thread = threading.Thread(target=self._run, daemon=True)

    def _run(self):
        rng = random.Random(7)
        producer = self.broker.producer()
        step = max(1, self.per_second // 20)
        try:
            while not self.ending.wait(0.05):
                values = [stock_row(n, rng) for n in range(self.sent, self.sent + step)]
                produce(self.broker, self.topic, values, partitions=self.partitions, producer=producer, wait=False,
                        timestamp=self.timestamp)
                self.sent += step
            if producer.flush(60):
                self.failure = "records were not sent"
        except Exception as e:
            self.failure = e

    def __enter__(self):
        self.thread.start()
        return self

    def __exit__(self, kind, _value, _trace):
        self.ending.set()
        self.thread.join(1 if kind else 70)
        assert kind or self.failure is None, self.failure
