# SPDX-License-Identifier: Apache-2.0
"""One broker behind its proxy and one S3 for a session."""
import pytest

from case import Case
from parts import Parts
from s3_proxy import S3Proxy


@pytest.fixture(scope="session")
def parts(tmp_path_factory):
    with Parts(tmp_path_factory.mktemp("parts")) as p:
        yield p


@pytest.fixture
def case(request, parts, tmp_path):
    """As in tests/real, with the proxies before the daemons: parts.kafka and case.proxy."""
    c = Case(request.node.name, parts.broker, parts.gateway, tmp_path)
    c.proxy = S3Proxy(parts.gateway.port)
    settings = c.settings

    def through_proxies(topics):
        proxied = settings(topics)
        proxied["kafka"]["brokers"], proxied["s3"]["endpoint"] = parts.proxied, c.proxy.endpoint
        return proxied
    c.settings = through_proxies
    try:
        yield c
    finally:
        parts.kafka.calm()
        c.proxy.calm()
        c.close()
        c.proxy.close()
