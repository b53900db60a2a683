# SPDX-License-Identifier: Apache-2.0
"""A plugin for pytest (-p sandbox): the daemons of a session run as the unit's service does, in a machine that boots.

The tests stay outside, with Kafka, S3 and the commands that an operator types. The unit is what `make install` leaves,
read by systemd itself; of it only what stands in OURS is replaced, and each process is looked at whether it is held.
What daemons read lies below FILES, and the sockets that tests choose in SOCKETS: both are at the same place inside.
"""
import contextlib
import functools
import itertools
import os
import pathlib
import re
import select
import signal
import subprocess
import tempfile

import pytest

from daemon import Daemon
from machine import Machine
from process import Process
from waiting import until

HERE = pathlib.Path(__file__).resolve().parent
FILES = os.environ["TMPDIR"]
SOCKETS, INSTALLED = os.environ["SANDBOX_SOCKETS"], os.environ["SANDBOX_INSTALLED"]
STARTED, LEFT_OUT = os.environ["SANDBOX_STARTED"], os.environ["SANDBOX_LEFT_OUT"]   # files: a line for each
PROGRAM = "/usr/sbin/kafka2s3"

# Who hears it, watches it, starts it again and keeps its output is the test. How it ended stays to be asked for.
OURS = """[Service]
Type=exec
NotifyAccess=none
Restart=no
WatchdogSec=0
RemainAfterExit=yes
ExecStart=
"""
START = """
mkdir -p "/run/systemd/system/$1.d"
cat >"/run/systemd/system/$1.d/of-a-test.conf"
systemctl start "$1" || :
systemctl show --value --property=MainPID "$1"
"""
# Of /proc/PID/status: without capabilities now and ever, and behind a filter of system calls.
HELD = {"CapEff": "0000000000000000", "CapBnd": "0000000000000000", "NoNewPrivs": "1", "Seccomp": "2"}

numbers = itertools.count(1)


def quoted(word):
    """As a word of a unit file that means itself."""
    return '"' + re.sub(r'[\\"]', r"\\\g<0>", word).replace("%", "%%").replace("\n", "\\n") + '"'


def note(path, line):
    with open(path, "a") as f:
        f.write(line + "\n")


class Unit(Process):
    """An instance of the service, in the manners that tests know of a daemon's Process."""

    def __init__(self, machine, argv, log_path, env=None, before=None):
        assert before is None, "the unit says what comes before"
        self.machine, self.log_path, self.ended_with = machine, log_path, None
        self.name = f"kafka2s3@t{next(numbers)}.service"
        machine.give(pathlib.Path(log_path).parent)
        machine.give(SOCKETS)
        words = " ".join(quoted(w).replace("$", "$$") for w in [PROGRAM, *argv[1:]])
        variables = [f"Environment={quoted(f'{k}={v}')}\n" for k, v in (env or {}).items() if v is not None]
        output = "".join(f"Standard{way}=append:{log_path.replace('%', '%%')}\n" for way in ("Output", "Error"))
        inside = machine.run("sh", "-ec", START, "start", self.name,
                             text="".join([OURS, f"ExecStart={words}\n", output, *variables])).stdout
        self.pid, self.fd = machine.held(int(inside))
        note(STARTED, self.name)

    def running(self):
        return self.fd is not None and not select.select([self.fd], [], [], 0)[0]

    def status(self):
        if self.ended_with is None and not self.running():
            self.ended_with = until(f"the end of {self.name}", self._result, 20)[0]
        return self.ended_with

    def _result(self):
        found = self.machine.show(self.name, "ExecMainCode", "ExecMainStatus")
        code, status = int(found["ExecMainCode"]), int(found["ExecMainStatus"])
        return [status if code == os.CLD_EXITED else -status] if code else None

    def send(self, sig):
        if self.running():
            signal.pidfd_send_signal(self.fd, sig)

    def kill(self):
        self.send(signal.SIGKILL)
        until(f"the end of {self.name}", lambda: not self.running(), 20)


class Sandbox(Machine):
    """The machine with what is installed, and a way to start units in it."""

    def start(self):
        super().start()
        self.run("systemd-sysusers")
        self.user = int(self.run("id", "-u", "kafka2s3").stdout)
        return self

    def give(self, folder):
        """All in it is the service's, as are the ways to it."""
        for place, _folders, files in os.walk(folder):
            for path in [place, *(os.path.join(place, f) for f in files)]:
                with contextlib.suppress(FileNotFoundError):    # others work there
                    os.chown(path, self.user, self.user, follow_symlinks=False)
        for above in pathlib.Path(folder).parents:
            if above.is_relative_to(FILES):
                above.chmod(above.stat().st_mode | 0o011)

    def held(self, inside):
        """(its number outside, a handle to it); nothing where it has ended already."""
        try:
            pid = self.host_pid(inside)
            fd = os.pidfd_open(pid)
            status = dict(line.split(":", 1) for line in pathlib.Path(f"/proc/{pid}/status").read_text().splitlines())
        except (AssertionError, OSError):
            return None, None
        found = {name: status[name].strip() for name in HELD}
        assert found == HELD and status["Uid"].split() == [str(self.user)] * 4, status
        return pid, fd


@pytest.fixture(scope="session", autouse=True)
def sandbox(tmp_path_factory):
    tree = subprocess.run([HERE / "tree"], check=True, capture_output=True, text=True, timeout=1800).stdout.strip()
    s = Sandbox(tmp_path_factory.mktemp("machine") / "m", f"{INSTALLED}:{tree}", name="sandbox",
             options=[f"--bind={FILES}:{FILES}:norbind", f"--bind={SOCKETS}"])
    try:
        s.start()
        tempfile.tempdir = SOCKETS
        Daemon.runs_as = staticmethod(functools.partial(Unit, s))
        yield s
    finally:
        Daemon.runs_as = Process
        s.stop()


def pytest_deselected(items):
    if os.environ.get("PYTEST_XDIST_WORKER", "gw0") == "gw0":   # each of them says the same
        for item in items:
            note(LEFT_OUT, item.name)
