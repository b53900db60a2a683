# SPDX-License-Identifier: Apache-2.0
"""The parts, one of each for a session, and a case of its own for each test."""
import os
import pathlib

import pytest

from broker import Broker
from case import Case
from gateway import Gateway

CACHE = pathlib.Path(os.environ.get("KAFKA2S3_CACHE", pathlib.Path.home() / ".cache" / "kafka2s3"))


@pytest.fixture(scope="session")
def broker(tmp_path_factory):
    b = Broker(tmp_path_factory.mktemp("kafka"), CACHE / "kafka" / "libs")
    try:
        b.start()
        yield b
    finally:
        if b.process:
            b.kill()


@pytest.fixture(scope="session")
def gateway(tmp_path_factory):
    g = Gateway(tmp_path_factory.mktemp("versitygw"), str(CACHE / "bin" / "versitygw"))
    try:
        g.start()
        yield g
    finally:
        if g.process:
            g.process.kill()


@pytest.fixture
def case(request, broker, gateway, tmp_path):
    """Topic names, a group, a bucket and daemons that are this test's own."""
    c = Case(request.node.name, broker, gateway, tmp_path)
    try:
        yield c
    finally:
        c.close()
