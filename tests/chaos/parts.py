# SPDX-License-Identifier: Apache-2.0
"""The real parts with the proxies before them."""
import os
import pathlib

import nets
from broker import Broker
from gateway import Gateway
from kafka_proxy import KafkaProxy
from wire import LOOPBACK

CACHE = pathlib.Path(os.environ.get("KAFKA2S3_CACHE", pathlib.Path.home() / ".cache" / "kafka2s3"))


class Parts:
    """A broker whose clients are led through self.kafka, and an S3."""

    def __init__(self, directory):
        self.dir = pathlib.Path(directory)
        for name in ("kafka", "s3"):
            (self.dir / name).mkdir()
        self.nets = nets.enter_own()    # before the first thread of ours
        self.kafka = KafkaProxy(host=nets.KAFKA if self.nets else LOOPBACK)
        self.broker = Broker(self.dir / "kafka", CACHE / "kafka" / "libs", proxy=self.kafka.address)
        self.kafka.upstream_port = self.broker.proxied_port
        self.gateway = Gateway(self.dir / "s3", str(CACHE / "bin" / "versitygw"))

    def __enter__(self):
        try:
            self.broker.start()
            self.gateway.start()
        except BaseException:
            self.__exit__()
            raise
        return self

    def __exit__(self, *_):
        self.kafka.close()
        for part in (self.broker, self.gateway):
            if part.process:
                part.process.kill()

    @property
    def proxied(self):
        """The bootstrap address behind the proxy."""
        return self.kafka.address
