# SPDX-License-Identifier: Apache-2.0
"""The daemon as the only process of a container, which the kernel spares the default action of signals; and signals
that come before Kafka or S3 has ever answered."""
import os
import pathlib
import re
import signal
import sys

import pytest

TOP = pathlib.Path(__file__).resolve().parents[2]
sys.path.insert(0, str(TOP / "tests" / "real"))

from process import Process  # noqa: E402
from waiting import until  # noqa: E402

PROGRAM = TOP / "build" / "kafka2s3"
NOBODY = "127.0.0.1:9"      # where no broker and no store is
SETTINGS = f"""
kafka = {{ brokers = "{NOBODY}"; topics = [ "none" ]; group = "none"; }};
s3 = {{ bucket = "none"; region = "us-east-1"; endpoint = "http://{NOBODY}";
       access_key_id = "none"; secret_access_key = "none"; }};
"""


@pytest.fixture
def started(tmp_path):
    """(the process that waits for it, its own id), once it is up."""
    conf = tmp_path / "none.conf"
    conf.write_text(SETTINGS)
    conf.chmod(0o600)
    as_root = [] if os.geteuid() == 0 else ["--map-root-user"]
    p = Process(["unshare", *as_root, "--pid", "--fork", "--kill-child", PROGRAM, "-c", conf],
                str(tmp_path / "none.log"))
    try:
        until(lambda: f"the start, {p.tail()}", lambda: re.search("started: ", p.log()) or not p.running(), 60)
        children = pathlib.Path(f"/proc/{p.pid}/task/{p.pid}/children").read_text().split()
        assert len(children) == 1, p.tail()
        yield p, int(children[0])
    finally:
        p.kill()


def test_it_is_process_1(started):
    fields = pathlib.Path(f"/proc/{started[1]}/status").read_text()
    assert re.search(r"(?m)^NSpid:.*\t1$", fields)


@pytest.mark.parametrize("sig", [signal.SIGTERM, signal.SIGINT])
def test_a_signal_ends_it_in_order(started, sig):
    p, pid = started
    os.kill(pid, sig)
    assert p.wait_end(60) == 0
    assert "stopped" in p.log()


def test_a_second_signal_ends_it_at_once(started):
    """While it is stopped it hears none: both are there when it goes on, and one of a kind is kept."""
    p, pid = started
    os.kill(pid, signal.SIGSTOP)
    os.kill(pid, signal.SIGTERM)
    os.kill(pid, signal.SIGINT)
    os.kill(pid, signal.SIGCONT)
    assert p.wait_end(60) in (128 + signal.SIGTERM, 128 + signal.SIGINT)


def test_a_crash_is_told_and_ends_it(started):
    p, pid = started
    os.kill(pid, signal.SIGSEGV)
    assert p.wait_end(60) == 128 + signal.SIGSEGV
    assert "crashed: signal 11 (SIGSEGV)" in p.log()
    assert f"{PROGRAM.name}(+0x" in p.log()
