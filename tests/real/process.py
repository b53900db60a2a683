# SPDX-License-Identifier: Apache-2.0
"""Child processes that never outlive the tests: each leads a group of its own and dies with us."""
import contextlib
import ctypes
import glob
import os
import random
import re
import signal
import socket
import subprocess
import threading
import time

from waiting import until

PR_SET_PDEATHSIG = 1
libc = ctypes.CDLL(None)
claims = []     # UDP sockets at the ports that were given


def free_port():
    """A port below the range of outgoing connections, so that nothing takes it while its server is stopped; nor do
    other tests that run at the same time."""
    while True:
        port = random.randrange(20000, 32000)
        claim = socket.socket(type=socket.SOCK_DGRAM)
        with socket.socket() as s:
            s.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
            try:
                claim.bind(("127.0.0.1", port))
                s.bind(("127.0.0.1", port))
            except OSError:
                claim.close()
                continue
        claims.append(claim)
        return port


def listening(port):
    with socket.socket() as s:
        return s.connect_ex(("127.0.0.1", port)) == 0


def is_stopped(pid):
    """By SIGSTOP: which one thread takes, and has the others stop then, so that they run on for as long as it waits for
    a processor."""
    states = []
    for path in glob.glob(f"/proc/{pid}/task/*/stat"):
        with contextlib.suppress(FileNotFoundError), open(path) as stat:     # of a thread that has just ended
            states.append(stat.read().rpartition(")")[2].split()[0])
    return bool(states) and set(states) <= set("tT")


@contextlib.contextmanager
def started(part):
    """A broker, a store, ...: it runs for the block, and whatever becomes of that, nothing of it runs on."""
    try:
        part.start()
        yield part
    finally:
        if part.process:
            part.process.kill()


class Process:
    """A program with its output in a file. env: what is added; None takes away. before: what the child does first."""

    def __init__(self, argv, log_path, env=None, cwd=None, before=None):
        self.log_path = log_path
        self.name = os.path.basename(argv[0])

        def ready():
            libc.prctl(PR_SET_PDEATHSIG, signal.SIGKILL)
            if before:
                before()
        with open(log_path, "ab") as log:
            self.popen = subprocess.Popen(
                argv, stdin=subprocess.DEVNULL, stdout=log, stderr=log, cwd=cwd, start_new_session=True,
                env={k: v for k, v in {**os.environ, **(env or {})}.items() if v is not None},
                preexec_fn=ready)
        self.pid = self.popen.pid

    def running(self):
        return self.popen.poll() is None

    def status(self):
        """As it ended: the exit status, or the signal as a negative number; None while it runs."""
        return self.popen.poll()

    def send(self, sig):
        if self.running():
            os.kill(self.pid, sig)

    def wait_end(self, seconds):
        """Its status then."""
        until(lambda: f"the end of {self.name}, {self.tail()}", lambda: not self.running(), seconds)
        return self.status()

    def stop(self, seconds=20):
        """End it and what it started, by force when it must be. True: it went by itself."""
        self.send(signal.SIGTERM)
        try:
            self.popen.wait(seconds)
            gently = True
        except subprocess.TimeoutExpired:
            gently = False
        self.kill()
        return gently

    def kill(self):
        try:
            os.killpg(self.pid, signal.SIGKILL)
        except ProcessLookupError:
            pass
        self.popen.wait()

    def log(self):
        with open(self.log_path, errors="replace") as f:
            return f.read()

    def tail(self, lines=25):
        return f"last lines of {self.log_path}:\n" + "\n".join(self.log().splitlines()[-lines:])


class Peak(threading.Thread):
    """The most memory that a process ever had resident (VmHWM), read until it ends."""

    def __init__(self, pid):
        super().__init__(daemon=True)
        self.pid, self.bytes = pid, 0
        self.start()

    def run(self):
        try:
            while True:
                with open(f"/proc/{self.pid}/status") as f:
                    found = re.search(r"VmHWM:\s+(\d+) kB", f.read())
                if found is None:
                    return
                self.bytes = int(found.group(1)) * 1024
                time.sleep(0.02)
        except OSError:
            return
