# SPDX-License-Identifier: Apache-2.0
"""Kafka and S3 over TLS, by names and certificates of a private authority, over IPv4 and IPv6."""
import os

import boto3
from botocore.config import Config

import gateway as s3_parts
from broker import Broker
from gateway import Gateway
from process import Process, free_port, listening
from waiting import until

HOSTS = "127.0.0.1 kafka.test s3.test\n::1 kafka6.test s3-6.test\n"


class TlsGateway(Gateway):
    """versitygw behind TLS, at the same port of both loopback addresses."""

    def __init__(self, directory, program, authority):
        super().__init__(directory, program)
        self.authority = authority
        self.endpoint = f"https://127.0.0.1:{self.port}"
        self.by_name = f"https://s3.test:{self.port}"
        self.by_name6 = f"https://s3-6.test:{self.port}"
        self.second = None

    def _serve(self, address, suffix):
        return Process([self.program, "--keep-alive", "--port", f"{address}:{self.port}", "--region", s3_parts.REGION,
                        "--cert", self.authority.cert, "--key", self.authority.key, "--quiet",
                        "posix", os.path.join(self.dir, "buckets")], self.log_path + suffix,
                       env={"ROOT_ACCESS_KEY": s3_parts.ACCESS_KEY, "ROOT_SECRET_KEY": self.secret})

    def start(self, secret=s3_parts.SECRET_KEY):
        self.secret = secret
        self.process, self.second = self._serve("127.0.0.1", ""), self._serve("[::1]", "6")
        until(lambda: f"versitygw, {self.process.tail()}", lambda: listening(self.port), 60)

    def stop(self):
        for p in (self.process, self.second):
            p.stop(5)

    def client(self):
        return boto3.client("s3", endpoint_url=self.endpoint, region_name=s3_parts.REGION,
                            aws_access_key_id=s3_parts.ACCESS_KEY, aws_secret_access_key=self.secret,
                            verify=self.authority.ca,
                            config=Config(s3={"addressing_style": "path"}, max_pool_connections=16))


def tls_broker(directory, libs, authority):
    """(broker, its address by name, the same by IPv6); the tests themselves come without TLS."""
    port, port6 = free_port(), free_port()
    b = Broker(directory, libs,
               {"ssl.keystore.type": "PEM", "ssl.keystore.location": authority.both, "ssl.client.auth": "none"},
               listeners=[("TLS", "SSL", f"127.0.0.1:{port}", f"kafka.test:{port}"),
                          ("TLS6", "SSL", f"[::1]:{port6}", f"kafka6.test:{port6}")])
    return b, f"kafka.test:{port}", f"kafka6.test:{port6}"
