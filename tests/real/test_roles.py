# SPDX-License-Identifier: Apache-2.0
"""A daemon that is given no credentials, on a machine or in a container that has a role."""
import pathlib
import sys

import gateway
import pytest
from rows import stock_rows

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parent.parent / "servers"))
from metadata import Metadata, document  # noqa: E402

KEYS = document(gateway.ACCESS_KEY, gateway.SECRET_KEY, "")     # versitygw knows no session tokens
NOWHERE = {"AWS_CONFIG_FILE": "/dev/null", "AWS_SHARED_CREDENTIALS_FILE": "/dev/null"}


@pytest.fixture
def metadata():
    with Metadata() as m:
        yield m


def without_keys(case, topic, **more):
    return case.daemon(topic, start=False, s3={"access_key_id": "", "secret_access_key": ""}, **more)


def test_the_role_of_an_instance(case, metadata):
    """It waits while there is none, and lands by it when it is attached; the metadata know its zone, too."""
    metadata.place("availability-zone-id", "euw1-az2")
    topic = case.topic(2)
    case.produce(topic, stock_rows(1000))
    d = without_keys(case, topic, kafka={"rack": "auto"})
    d.env = {**NOWHERE, "AWS_EC2_METADATA_SERVICE_ENDPOINT": metadata.endpoint, "AWS_METADATA_SERVICE_TIMEOUT": "20"}
    d.start()
    d.wait_says(r"kafka.rack: this machine is in the zone euw1-az2", seconds=60)
    d.wait_says(r"this EC2 instance has no role: attach an instance profile", seconds=60)
    metadata.role("lake-writer", KEYS)
    case.wait_landed(topic, seconds=120)
    assert d.terminate() == 0
    assert case.judge(topic).rows == 1000
    assert metadata.refused == [], "nothing was asked for without a session token"
    assert gateway.SECRET_KEY not in d.log()


def test_the_role_of_a_container(case, metadata, tmp_path):
    token = tmp_path / "token"
    token.write_text("first")
    metadata.container("/v1/credentials", KEYS,
                       authorization="second")
    topic = case.topic(2)
    case.produce(topic, stock_rows(1000))
    d = without_keys(case, topic)
    d.env = {**NOWHERE, "AWS_CONTAINER_CREDENTIALS_FULL_URI": metadata.endpoint + "/v1/credentials",
             "AWS_CONTAINER_AUTHORIZATION_TOKEN_FILE": str(token), "AWS_EC2_METADATA_DISABLED": "true"}
    d.start()
    d.wait_says(r"the container's agent answers 401", seconds=60)
    token.write_text("second")
    case.wait_landed(topic, seconds=120)
    assert d.terminate() == 0
    assert case.judge(topic).rows == 1000
    assert gateway.SECRET_KEY not in d.log() and "/v1/credentials" not in d.log()
