# SPDX-License-Identifier: Apache-2.0
"""moto as Glue: a catalog that AWS's own client and Trino take for one."""
import os
import pathlib
import sys

import boto3

from gateway import ACCESS_KEY, REGION, SECRET_KEY
from process import Process, free_port, listening
from waiting import until


class Moto:
    def __init__(self, directory):
        self.port = free_port()
        self.endpoint = f"http://127.0.0.1:{self.port}"
        self.log_path = os.path.join(str(directory), "moto.log")
        self.process = None

    def start(self):
        self.process = Process([str(pathlib.Path(sys.executable).with_name("moto_server")), "-H", "127.0.0.1",
                                "-p", str(self.port)], self.log_path)
        until(lambda: f"moto, {self.process.tail()}", lambda: listening(self.port), 60)

    def glue(self):
        return boto3.client("glue", endpoint_url=self.endpoint, region_name=REGION,
                            aws_access_key_id=ACCESS_KEY, aws_secret_access_key=SECRET_KEY)
