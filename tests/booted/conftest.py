# SPDX-License-Identifier: Apache-2.0
"""One boot for all tests of a file: a machine, the package for it, Kafka and S3 over TLS outside."""
import os
import pathlib
import subprocess

import pytest

from authority import Authority
from case import Case
from fixtures import KAFKA, VERSITYGW
from machine import Machine
from parts import HOSTS, TlsGateway, tls_broker
from process import started

HERE = pathlib.Path(__file__).resolve().parent
TOP = HERE.parent.parent


def said(argv, **env):
    done = subprocess.run(argv, cwd=TOP, env={**os.environ, **env}, capture_output=True, text=True, timeout=3000,
                          stdin=subprocess.DEVNULL, check=False)
    assert done.returncode == 0, f"{argv}: {done.stdout[-4000:]}{done.stderr[-4000:]}"
    return done.stdout.split()[-1]


@pytest.fixture(scope="session")
def suite(request):
    """The Debian that is booted: bookworm, unless a test says otherwise."""
    return getattr(request, "param", "bookworm")


@pytest.fixture(scope="session")
def package(suite, tmp_path_factory):
    """The .deb of this tree, as this Debian builds it; its unit tests ran already."""
    if suite == "bookworm":
        return said([TOP / "tools/deb", "-b"], DEB_BUILD_OPTIONS="nocheck noautodbgsym parallel=2")
    return said([HERE / "build_on", suite, tmp_path_factory.mktemp(suite)])


@pytest.fixture(scope="session")
def newer(package, tmp_path_factory):
    """The same with a higher version and another sample file, for an upgrade: there is no release before this tree
    whose program could be the older one."""
    out = tmp_path_factory.mktemp("newer")
    tree = out / "tree"
    said(["sh", "-ec", f"dpkg-deb -R {package} {tree}; sed -i 's/^Version: .*/&+newer1/' {tree}/DEBIAN/control;"
          f"echo '# newer' >>{tree}/usr/share/kafka2s3/kafka2s3.conf;"
          f"dpkg-deb --root-owner-group -b {tree} {out}/kafka2s3_newer.deb; echo done"])
    return str(out / "kafka2s3_newer.deb")


@pytest.fixture(scope="session")
def authority(tmp_path_factory):
    return Authority(tmp_path_factory.mktemp("authority"))


@pytest.fixture(scope="session")
def broker(tmp_path_factory, authority):
    b, b.by_name, b.by_name6 = tls_broker(tmp_path_factory.mktemp("kafka"), KAFKA, authority)
    with started(b):
        yield b


@pytest.fixture(scope="session")
def gateway(tmp_path_factory, authority):
    g = TlsGateway(tmp_path_factory.mktemp("versitygw"), VERSITYGW, authority)
    try:
        g.start()
        yield g
    finally:
        g.stop()


@pytest.fixture(scope="session")
def bare_machine(tmp_path_factory, authority, suite):
    m = Machine(tmp_path_factory.mktemp("machine") / "m", said([HERE / "tree", suite]))
    try:
        m.start()
        m.sh("cat >>/etc/hosts", text=HOSTS)
        m.take(authority.ca, "/etc/ssl/private-ca.pem")
        yield m
    finally:
        m.stop()


@pytest.fixture(scope="session")
def machine(bare_machine, package, newer):
    bare_machine.take(package, "/root/kafka2s3.deb")
    bare_machine.take(newer, "/root/newer.deb")
    return bare_machine


class BootedCase(Case):
    """As in tests/real; the daemons are units of the machine."""

    def __init__(self, name, broker, gateway, directory, machine):
        super().__init__(name, broker, gateway, directory)
        self.machine = machine

    def settings(self, topics):
        s = super().settings(topics)
        s["kafka"]["brokers"] = self.broker.by_name
        s["kafka"]["options"] += ["security.protocol=SSL", "ssl.ca.location=/etc/ssl/private-ca.pem"]
        s["s3"].update(endpoint=self.gateway.by_name, ca_file="/etc/ssl/private-ca.pem")
        return s


@pytest.fixture
def case(request, broker, gateway, machine, tmp_path):
    c = BootedCase(request.node.name, broker, gateway, tmp_path, machine)
    try:
        yield c
    finally:
        machine.sh("systemctl stop kafka2s3 'kafka2s3@*'", check=False)
        c.close()
