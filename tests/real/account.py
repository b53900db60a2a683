# SPDX-License-Identifier: Apache-2.0
"""An AWS account: one moto that checks signatures and IAM policies (actions and resources, not conditions)."""
import json
import os
import sys
import urllib.request

import boto3

import gateway as s3_parts
from process import Process, free_port, listening
from waiting import until

EVERYTHING = {"Version": "2012-10-17", "Statement": [{"Effect": "Allow", "Action": "*", "Resource": "*"}]}
NUMBER = "123456789012"     # moto's


class Account:
    """Stands in for a Gateway, too: its client is the administrator's."""

    def __init__(self, directory):
        self.port = free_port()
        self.endpoint = f"http://127.0.0.1:{self.port}"
        self.secret = s3_parts.SECRET_KEY   # for Case: what it does not have to mend
        self.log_path = os.path.join(str(directory), "moto.log")
        self.process, self.keys = None, ("first", "first")

    def start(self):
        self.process = Process([sys.executable, "-m", "moto.server", "-H", "127.0.0.1", "-p", str(self.port)],
                               self.log_path, env={"AWS_ENDPOINT_URL": None, "AWS_PROFILE": None})
        until(lambda: f"moto, {self.process.tail()}", lambda: listening(self.port), 60)
        self.keys = self.user("admin", EVERYTHING)
        request = urllib.request.Request(f"{self.endpoint}/moto-api/reset-auth", data=b"0", method="POST",
                                         headers={"Content-Type": "text/plain"})
        with urllib.request.urlopen(request, timeout=60) as answer:
            assert answer.status == 200

    def ask(self, service):
        return boto3.client(service, endpoint_url=self.endpoint, region_name=s3_parts.REGION,
                            aws_access_key_id=self.keys[0], aws_secret_access_key=self.keys[1])

    def client(self):
        return s3_parts.s3_client(self.endpoint, access=self.keys[0], secret=self.keys[1])

    def user(self, name, policy):
        """(access key id, secret) of a new user who may do that and no more."""
        iam = self.ask("iam")
        iam.create_user(UserName=name)
        iam.put_user_policy(UserName=name, PolicyName="own", PolicyDocument=json.dumps(policy))
        key = iam.create_access_key(UserName=name)["AccessKey"]
        return key["AccessKeyId"], key["SecretAccessKey"]
