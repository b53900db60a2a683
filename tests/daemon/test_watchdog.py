# SPDX-License-Identifier: Apache-2.0
"""A thread that is held from outside, each in turn: the watchdog hears nothing until it goes on."""
import ctypes
import os
import pathlib
import re
import select
import socket
import sys

import pytest

TOP = pathlib.Path(__file__).resolve().parents[2]
sys.path.insert(0, str(TOP / "tests" / "real"))

from process import Process  # noqa: E402
from waiting import until  # noqa: E402

NOBODY = "127.0.0.1:9"      # where no broker and no store is
SETTINGS = f"""
kafka = {{ brokers = "{NOBODY}"; topics = [ "none" ]; group = "none"; }};
s3 = {{ bucket = "none"; region = "us-east-1"; endpoint = "http://{NOBODY}";
       access_key_id = "none"; secret_access_key = "none"; }};
start_timeout = "1s";
catalog = "table";
glue = {{ database = "none"; }};
"""
WATCHDOG_US = 4000000
PTRACE_DETACH, PTRACE_SEIZE, PTRACE_INTERRUPT = 17, 0x4206, 0x4207
WALL = 0x40000000
POLLS = {"7", "232", "271", "281"}      # poll, epoll_wait, ppoll, epoll_pwait of amd64
FUTEX = "202"                           # what these threads wait for is a condition, whose lock they leave meanwhile
ptrace = ctypes.CDLL(None, use_errno=True).ptrace
ptrace.argtypes = [ctypes.c_long, ctypes.c_long, ctypes.c_void_p, ctypes.c_void_p]


class Held:
    """A thread that stands still while it waits, and so holds no lock that others need."""

    def __init__(self, pid, name):
        tasks = pathlib.Path(f"/proc/{pid}/task").iterdir()
        self.task, = (t for t in tasks if (t / "comm").read_text().strip() == name)
        self.id = int(self.task.name)
        self.waits = {FUTEX} if name in ("credentials", "glue") else POLLS
        until(f"{name} to wait", self._held, 60)

    def _held(self):
        assert ptrace(PTRACE_SEIZE, self.id, None, None) == 0, os.strerror(ctypes.get_errno())
        assert ptrace(PTRACE_INTERRUPT, self.id, None, None) == 0, os.strerror(ctypes.get_errno())
        os.waitpid(self.id, WALL)
        if (self.task / "syscall").read_text().split()[0] in self.waits:
            return True
        self.release()
        return False

    def release(self):
        assert ptrace(PTRACE_DETACH, self.id, None, None) == 0, os.strerror(ctypes.get_errno())


class Manager:
    def __init__(self):
        name = f"kafka2s3-test-watchdog-{os.getpid()}"
        self.address = "@" + name
        self.socket = socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM)
        self.socket.bind("\0" + name)
        self.socket.settimeout(120)

    def hears_life(self):
        """The next message is a sign of life."""
        return self.socket.recv(4096).startswith(b"WATCHDOG=1")

    def forget(self):
        """All that was sent until now."""
        while select.select([self.socket], [], [], 0)[0]:
            self.socket.recv(4096)


@pytest.fixture
def started(tmp_path):
    conf = tmp_path / "none.conf"
    conf.write_text(SETTINGS)
    conf.chmod(0o600)
    manager = Manager()
    p = Process([TOP / "build" / "kafka2s3", "-c", conf], str(tmp_path / "none.log"),
                env={"NOTIFY_SOCKET": manager.address, "WATCHDOG_USEC": str(WATCHDOG_US),
                     "AWS_ENDPOINT_URL_GLUE": f"http://{NOBODY}"})
    try:
        yield p, manager
    finally:
        p.kill()
        manager.socket.close()


@pytest.mark.parametrize("thread", ["consumer", "uploader", "credentials", "glue"])
def test_a_thread_that_is_held_stops_the_signs_of_life(started, thread):
    p, manager = started
    until(lambda: f"a sign of life, {p.tail()}", manager.hears_life, 120)
    held = Held(p.pid, thread)
    until(lambda: f"a word about it, {p.tail()}",
          lambda: re.search(rf'thread "{thread}.*" has not gone round for \d+ ms; it was at: \w+', p.log()), 60)
    manager.forget()
    assert not any(manager.hears_life() for _ in range(2)), p.tail()
    held.release()
    until(lambda: f"that it goes on, {p.tail()}", lambda: "every thread goes round again" in p.log(), 60)
    until(lambda: f"a sign of life, {p.tail()}", manager.hears_life, 120)
