# SPDX-License-Identifier: Apache-2.0
"""One broker that has a listener of each kind and looks at rights, and one AWS account, for a session."""
import pytest

from authority import Authority
from broker import Broker
from fixtures import KAFKA, account  # noqa: F401
from process import free_port, started

LOGIN = "org.apache.kafka.common.security.plain.PlainLoginModule required"
USERS = ("lake", "no-group", "no-commit", "no-read", "no-topic", "no-config")


@pytest.fixture(scope="session")
def authority(tmp_path_factory):
    return Authority(tmp_path_factory.mktemp("authority"))


@pytest.fixture(scope="session")
def broker(tmp_path_factory, authority):
    """Addresses by kind: plain (for the tests themselves), tls, sasl, sasl_tls, and lost, which tells clients to come
    to a host that nobody knows."""
    ports = {kind: free_port() for kind in ("tls", "sasl", "sasl_tls", "lost")}
    users = " ".join(f'user_{user}="word of {user}"' for user in USERS)
    protocols = {"tls": "SSL", "sasl": "SASL_PLAINTEXT", "sasl_tls": "SASL_SSL", "lost": "PLAINTEXT"}
    b = Broker(tmp_path_factory.mktemp("kafka"), KAFKA, {
        "ssl.keystore.type": "PEM", "ssl.keystore.location": authority.both, "ssl.client.auth": "none",
        "sasl.enabled.mechanisms": "PLAIN",
        "listener.name.sasl.plain.sasl.jaas.config": f"{LOGIN} {users} ;",
        "listener.name.sasl_tls.plain.sasl.jaas.config": f"{LOGIN} {users} ;",
        "authorizer.class.name": "org.apache.kafka.metadata.authorizer.StandardAuthorizer",
        "super.users": "User:ANONYMOUS",
        "message.max.bytes": str(1 << 20),
    }, listeners=[(kind.upper(), protocols[kind], f"127.0.0.1:{port}",
                   "nowhere.invalid:9092" if kind == "lost" else f"127.0.0.1:{port}")
                  for kind, port in ports.items()])
    b.address = {"plain": b.bootstrap, **{kind: f"127.0.0.1:{port}" for kind, port in ports.items()}}
    with started(b):
        yield b
