# SPDX-License-Identifier: Apache-2.0
"""The real parts, one of each for a session, for the conftest.py of every folder that wants them as they are."""
import contextlib
import os
import pathlib
import tempfile

import pytest

from account import Account
from broker import Broker
from case import Case
from gateway import Gateway
from process import started

CACHE = pathlib.Path(os.environ.get("KAFKA2S3_CACHE", pathlib.Path.home() / ".cache" / "kafka2s3"))
KAFKA = CACHE / "kafka" / "libs"
VERSITYGW = str(CACHE / "bin" / "versitygw")


@pytest.fixture(scope="session")
def broker(tmp_path_factory):
    with started(Broker(tmp_path_factory.mktemp("kafka"), KAFKA)) as b:
        yield b


@pytest.fixture(scope="session")
def gateway(tmp_path_factory):
    with started(Gateway(tmp_path_factory.mktemp("versitygw"), VERSITYGW)) as g:
        yield g


@pytest.fixture(scope="session")
def account(tmp_path_factory):
    """An AWS account: moto, which looks at signatures and rights."""
    with started(Account(tmp_path_factory.mktemp("account"))) as a:
        yield a


@pytest.fixture
def case(request, broker, gateway, tmp_path):
    """Topic names, a group, a bucket and daemons that are this test's own."""
    with contextlib.closing(Case(request.node.name, broker, gateway, tmp_path)) as c:
        yield c


@pytest.fixture
def aws(request, broker, account, tmp_path):
    """A case whose bucket is in the account."""
    with contextlib.closing(Case(request.node.name, broker, account, tmp_path)) as c:
        yield c


@pytest.fixture
def place():
    """A path that is short enough for a socket."""
    with tempfile.TemporaryDirectory(prefix="k2s-") as directory:
        yield os.path.join(directory, "d.sock")
