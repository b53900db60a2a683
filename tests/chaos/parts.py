# SPDX-License-Identifier: Apache-2.0
"""The real parts with the proxies before them."""
import os
import pathlib

from broker import Broker
from gateway import Gateway
from kafka_proxy import KafkaProxy

CACHE = pathlib.Path(os.environ.get("KAFKA2S3_CACHE", pathlib.Path.home() / ".cache" / "kafka2s3"))


class Parts:
    """A broker whose clients are led through self.kafka, and an S3."""

    def __init__(self, directory):
        self.dir = pathlib.Path(directory)
        for name in ("kafka", "s3"):
            (self.dir / name).mkdir()
        self.kafka = KafkaProxy()
        self.broker = Broker(self.dir / "kafka", CACHE / "kafka" / "libs", proxy_port=self.kafka.port)
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
        return f"127.0.0.1:{self.kafka.port}"
