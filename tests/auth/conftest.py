# SPDX-License-Identifier: Apache-2.0
"""A broker with a listener for each way to prove who a client is, MSK's front before one of them, and one S3."""
import pytest
from confluent_kafka.admin import (AlterConfigOpType, ConfigEntry, ConfigResource, ResourceType, ScramCredentialInfo,
                                   ScramMechanism, UserScramCredentialUpsertion)

import gateway as s3_parts
from authority import Authority
from broker import Broker
from case import Case
from fixtures import KAFKA, gateway  # noqa: F401
from msk_front import MskFront
from process import free_port

REGION = "eu-central-1"
JAAS = "org.apache.kafka.common.security"
PROPERTIES = {
    "ssl.keystore.type": "PEM",
    "listener.name.scram.sasl.enabled.mechanisms": "SCRAM-SHA-512",
    "listener.name.scram.scram-sha-512.sasl.jaas.config": f"{JAAS}.scram.ScramLoginModule required;",
    "listener.name.oauth.sasl.enabled.mechanisms": "OAUTHBEARER",
    "listener.name.oauth.oauthbearer.sasl.jaas.config":
        f'{JAAS}.oauthbearer.OAuthBearerLoginModule required unsecuredLoginStringClaim_sub="broker";',
    "listener.name.mtls.ssl.client.auth": "required",
    "listener.name.mtls.ssl.truststore.type": "PEM",
}


@pytest.fixture(scope="session")
def authority(tmp_path_factory):
    return Authority(tmp_path_factory.mktemp("authority"))


class SecureBroker(Broker):
    def __init__(self, directory, authority):
        self.authority = authority
        self.front = MskFront(authority, REGION, {s3_parts.ACCESS_KEY: (s3_parts.SECRET_KEY, "")})
        names = {"SCRAM": "SASL_SSL", "OAUTH": "SASL_SSL", "MTLS": "SSL"}
        self.address = {name.lower(): f"127.0.0.1:{free_port()}" for name in names}
        self.address["msk"] = self.front.address
        super().__init__(directory, KAFKA,
                         {**PROPERTIES, "ssl.keystore.location": authority.both,
                          "listener.name.mtls.ssl.truststore.location": authority.ca},
                         proxy=self.front.address,
                         listeners=[(n, p, self.address[n.lower()], self.address[n.lower()]) for n, p in names.items()])
        self.front.upstream_port = self.proxied_port

    def set_password(self, user, password):
        self.admin.alter_user_scram_credentials([UserScramCredentialUpsertion(
            user, ScramCredentialInfo(ScramMechanism.SCRAM_SHA_512, 4096), password.encode())])[user].result(60)

    def trust(self, path):
        """Clients with certificates of these authorities, from now on."""
        name = "listener.name.mtls.ssl.truststore.location"
        change = ConfigResource(ResourceType.BROKER, "1", incremental_configs=[
            ConfigEntry(name, str(path), incremental_operation=AlterConfigOpType.SET)])
        self.admin.incremental_alter_configs([change])[change].result(60)

    def close(self):
        self.front.close()
        if self.process:
            self.kill()


@pytest.fixture(scope="session")
def broker(tmp_path_factory, authority):
    b = SecureBroker(tmp_path_factory.mktemp("kafka"), authority)
    try:
        b.start()
        yield b
    finally:
        b.close()


@pytest.fixture
def case(request, broker, gateway, tmp_path):    # noqa: F811
    """As in tests/real; daemon(listener, options) comes by that listener."""
    c = Case(request.node.name, broker, gateway, tmp_path)
    plain = c.daemon

    def daemon(topic, listener, *options, auth=None, ca=broker.authority.ca, **more):
        common = c.settings([topic])["kafka"]["options"]
        kafka = {"brokers": broker.address[listener],
                 "options": [*common, f"ssl.ca.location={ca}", *options]}
        if auth:
            kafka["auth"] = auth
        return plain(topic, kafka=kafka, **more)
    c.daemon = daemon
    try:
        yield c
    finally:
        broker.front.calm()
        c.close()
