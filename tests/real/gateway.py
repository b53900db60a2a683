# SPDX-License-Identifier: Apache-2.0
"""One versitygw: an S3 that checks signatures and keeps objects as files."""
import os

import boto3
from botocore.config import Config

from process import Process, free_port, listening
from waiting import until

ACCESS_KEY = "AKIATESTTESTTESTTEST"
SECRET_KEY = "secret/of+the/tests/with+some/strange+chars"
REGION = "us-east-1"


def s3_client(endpoint, secret=SECRET_KEY, access=ACCESS_KEY):
    return boto3.client("s3", endpoint_url=endpoint, region_name=REGION, aws_access_key_id=access,
                        aws_secret_access_key=secret,
                        config=Config(s3={"addressing_style": "path"}, max_pool_connections=16,
                                      retries={"max_attempts": 3, "mode": "standard"}))


class Gateway:
    def __init__(self, directory, program):
        self.dir = str(directory)
        self.program = program
        self.port = free_port()
        self.endpoint = f"http://127.0.0.1:{self.port}"
        self.log_path = os.path.join(self.dir, "versitygw.log")
        self.process = None
        self.secret = SECRET_KEY
        os.makedirs(os.path.join(self.dir, "buckets"))

    def start(self, secret=SECRET_KEY):
        self.secret = secret
        self.process = Process(
            [self.program, "--keep-alive", "--port", f"127.0.0.1:{self.port}", "--region", REGION,
             "--access-log", self.log_path + ".access", "--quiet", "posix", os.path.join(self.dir, "buckets")],
            self.log_path, env={"ROOT_ACCESS_KEY": ACCESS_KEY, "ROOT_SECRET_KEY": secret})
        until(lambda: f"versitygw, {self.process.tail()}", lambda: listening(self.port), 20)

    def stop(self):
        self.process.stop(5)

    def restart(self, secret=SECRET_KEY):
        self.stop()
        self.start(secret)

    def client(self):
        return s3_client(self.endpoint, self.secret)
