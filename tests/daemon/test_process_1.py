# SPDX-License-Identifier: Apache-2.0
"""The daemon as the only process of a container, which the kernel spares the default action of signals; and signals
that come before Kafka or S3 has ever answered."""
import contextlib
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
replay = {{ enabled = true; file = "{TOP}/examples/stock_market.csv"; topic = "none"; }};
"""
FAULTS = {signal.SIGSEGV, signal.SIGBUS, signal.SIGABRT, signal.SIGILL, signal.SIGFPE}


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


def threads(pid):
    """(name, the signals of a crash that it blocks) of each."""
    found = []
    for task in pathlib.Path(f"/proc/{pid}/task").iterdir():
        with contextlib.suppress(OSError):  # it has ended
            mask = int(re.search(r"(?m)^SigBlk:\t(\w+)$", (task / "status").read_text()).group(1), 16)
            found.append(((task / "comm").read_text().strip(), {s.name for s in FAULTS if mask >> (s - 1) & 1}))
    return found


def test_no_thread_holds_a_crash_back(started):
    """The Kafka client begins its threads, the consumer's and the producer's, with all signals blocked."""
    p, pid = started

    def all_hear():
        names = [name for name, _blocked in threads(pid)]
        ours = [name for name in names if not name.startswith("rdk:")]
        return len(ours) >= 4 and names.count("rdk:main") >= 2 and not any(blocked for _name, blocked in threads(pid))
    until(lambda: f"all threads, {threads(pid)}, {p.tail()}", all_hear, 60)


def test_a_crash_is_told_and_ends_it(started):
    p, pid = started
    os.kill(pid, signal.SIGSEGV)
    assert p.wait_end(60) == 128 + signal.SIGSEGV
    assert "crashed: signal 11 (SIGSEGV)" in p.log()
    assert f"{PROGRAM.name}(+0x" in p.log()
