# SPDX-License-Identifier: Apache-2.0
"""One lake for a session: what one daemon made of some topics, for all tests to read."""
import os
import pathlib

import pytest

from broker import Broker
from case import Case
from gateway import Gateway
from lake import Lake

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


@pytest.fixture(scope="session")
def lake(broker, gateway, tmp_path_factory):
    c = Case("lake", broker, gateway, tmp_path_factory.mktemp("lake"))
    try:
        yield Lake(c)
    finally:
        c.close()
