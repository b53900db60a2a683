# SPDX-License-Identifier: Apache-2.0
"""Who a client is, proved to a real broker over TLS: by SCRAM, a certificate, a token; and what is said when it is not
believed."""
import glob
import os
import pathlib
import re
import shutil
import subprocess

import confluent_kafka
import pytest
import rows
from authority import Authority
from daemon import BINARY

# librdkafka before 2.6.1 does not get in by SCRAM where Kafka 4 is (its issue 4895), and before 2.2.0 ends the program
# when a token of its own that proves nothing is to be made anew.
SCRAM_SINCE, UNSECURED_SINCE = (2, 6, 1), (2, 2, 0)


EXAMPLES = pathlib.Path(__file__).resolve().parent.parent.parent / "examples" / "kafka"


def lands(case, d, topic, n=300):
    case.produce(topic, rows.stock_rows(n))
    case.wait_landed(topic)
    j = case.judge(topic)
    d.assert_running()
    return j


def scram(user, password):
    return ["security.protocol=SASL_SSL", "sasl.mechanism=SCRAM-SHA-512", f"sasl.username={user}",
            f"sasl.password={password}"]


def version_of(d):
    said = subprocess.run(d.command("version"), capture_output=True, text=True, check=True, timeout=60).stdout
    return tuple(int(n) for n in re.search(r"librdkafka (\d+)\.(\d+)\.(\d+)", said).groups())


def with_client(d, since):
    """The daemon, with the client of the Python package where the system's is older than that: under the system's name,
    instead of it, and not before a sanitizer's library."""
    if version_of(d) < since:
        folder = os.path.join(os.path.dirname(confluent_kafka.__file__), "..", "confluent_kafka.libs")
        found, = glob.glob(os.path.join(folder, "librdkafka-*.so*"))
        shutil.copy(found, os.path.join(d.dir, "librdkafka.so.1"))
        d.env = {"LD_LIBRARY_PATH": d.dir}
    return d


def test_scram(case, broker):
    """A wrong password is named and shown nowhere; once the broker knows it, all goes on by itself."""
    topic = case.topic()
    broker.set_password(case.name, "another one")
    d = with_client(case.daemon(topic, "scram", *scram(case.name, "sesame-and-lilies"), start=False), SCRAM_SINCE)
    d.start()
    d.wait_says(r"kafka: .*invalid credentials with SASL mechanism SCRAM-SHA-512.*: check user and password")
    assert "sesame" not in d.log()
    broker.set_password(case.name, "sesame-and-lilies")
    lands(case, d, topic)
    assert "sesame" not in d.log()


def test_scram_with_an_old_client(case, broker):
    """The right password, refused because of the library: that is said. A newer one gets in."""
    topic = case.topic()
    broker.set_password(case.name, "right")
    d = case.daemon(topic, "scram", *scram(case.name, "right"))
    if version_of(d) < SCRAM_SINCE:
        d.wait_says(r"kafka: .*Kafka 4 refuses all SCRAM of a librdkafka before 2\.6\.1")
    else:
        lands(case, d, topic)


def test_a_command_says_why_it_is_not_let_in(case, broker):
    topic = case.topic()
    broker.set_password(case.name, "another one")
    d = case.daemon(topic, "scram", *scram(case.name, "sesame-and-lilies"), start=False)
    done = subprocess.run(d.command("offsets", "show"), capture_output=True, text=True, timeout=120, check=False)
    assert done.returncode == 69
    assert "invalid credentials with SASL mechanism SCRAM-SHA-512" in done.stderr
    assert "sesame" not in done.stderr


def test_certificates(case, broker, authority, tmp_path):
    """A certificate of another authority is refused, and that is said; once the broker trusts it, all goes on."""
    topic = case.topic()
    other = Authority(tmp_path / "other")
    cert, key = other.client("a-daemon")
    d = case.daemon(topic, "mtls", "security.protocol=SSL", f"ssl.certificate.location={cert}",
                    f"ssl.key.location={key}")
    d.wait_says(r"kafka: .*: the broker refuses the client's certificate")
    both = tmp_path / "both.pem"
    both.write_text(open(authority.ca).read() + open(other.ca).read())
    broker.trust(both)
    lands(case, d, topic)


@pytest.mark.slow
def test_tokens_of_the_client_itself_are_made_anew(case):
    """Those of kafka.options too are served by a thread of the client's own."""
    topic = case.topic()
    d = case.daemon(topic, "oauth", "security.protocol=SASL_SSL", "sasl.mechanism=OAUTHBEARER",
                    "enable.sasl.oauthbearer.unsecure.jwt=true", "sasl.oauthbearer.config=principal=me lifeSeconds=5",
                    "debug=security", log={"level": "debug"}, start=False)
    if version_of(d) < UNSECURED_SINCE:
        done = subprocess.run(d.command("run"), capture_output=True, text=True, timeout=60, check=False)
        assert done.returncode == 78 and "needs librdkafka 2.2.0" in done.stderr
    with_client(d, UNSECURED_SINCE).start()
    lands(case, d, topic)
    d.wait_says("after setting OAUTHBEARER token", count=3)


def test_a_broker_that_is_not_the_one_it_says(case, tmp_path):
    """The authority is another one: told, with the option that names it."""
    topic = case.topic()
    d = case.daemon(topic, "scram", *scram("me", "x"), ca=Authority(tmp_path / "other").ca)
    d.wait_says(r"kafka: .*certificate verify failed.*: set ssl\.ca\.location in kafka\.options")


def test_a_file_that_is_no_certificate(case, tmp_path):
    """It ends the start with 78 and names the option, by whichever client. Nobody looks for leaks: librdkafka
    leaves what cannot be freed (src/kafka/client.c)."""
    topic = case.topic()
    nothing = tmp_path / "nothing.pem"
    nothing.write_text("nothing\n")
    d = case.daemon(topic, "mtls", "security.protocol=SSL", f"ssl.certificate.location={nothing}", start=False)
    env = {**os.environ, "ASAN_OPTIONS": os.environ.get("ASAN_OPTIONS", "") + ":detect_leaks=0"}
    for words in (["run"], ["offsets", "show"]):
        done = subprocess.run(d.command(*words), env=env, capture_output=True, text=True, timeout=120, check=False)
        assert done.returncode == 78, done.stderr
        assert "ssl.certificate.location" in done.stderr


@pytest.mark.parametrize("name", ["msk-iam", "mtls", "scram"])
def test_examples(name):
    done = subprocess.run([BINARY, "-c", str(EXAMPLES / f"{name}.conf"), "check", "--syntax"], capture_output=True,
                          text=True, timeout=60, check=False)
    assert done.returncode == 0 and not done.stderr, done.stderr
