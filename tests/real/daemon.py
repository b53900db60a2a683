# SPDX-License-Identifier: Apache-2.0
"""The daemon as a user runs it: a file, a command, a log."""
import json
import os
import re
import signal
import subprocess

from process import Process, is_stopped
from waiting import until

HERE = os.path.dirname(os.path.abspath(__file__))
BINARY = os.environ.get("KAFKA2S3_BIN", os.path.join(HERE, "..", "..", "build", "kafka2s3"))


def libconfig(value):
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, (int, float)):
        return repr(value)
    if isinstance(value, str):
        return '"' + value.replace("\\", "\\\\").replace('"', '\\"') + '"'
    if isinstance(value, dict):
        return "{ " + " ".join(f"{k} = {libconfig(v)};" for k, v in value.items()) + " }"
    if value and isinstance(value[0], dict):
        return "( " + ", ".join(libconfig(v) for v in value) + " )"
    return "[ " + ", ".join(libconfig(v) for v in value) + " ]"


def merged(base, more):
    out = dict(base)
    for k, v in more.items():
        out[k] = merged(out[k], v) if isinstance(v, dict) and isinstance(out.get(k), dict) else v
    return out


def without_aws():
    """What a daemon must not find in its environment."""
    return {k: None for k in os.environ if k.startswith("AWS_")}


class Daemon:
    runs_as = Process   # or what has the same manners: tests/booted/sandbox.py puts the service's unit here

    def __init__(self, directory, name, settings):
        self.dir, self.name, self.settings = str(directory), name, settings
        self.conf = os.path.join(self.dir, f"{name}.conf")
        self.log_path = os.path.join(self.dir, f"{name}.log")
        self.process, self.began = None, 0     # began: where the log of this start begins
        self.expected_up = False
        self.binary, self.env, self.before = BINARY, {}, None    # before: what the child does first
        self.write()

    def write(self, **settings):
        """Write the file, with these groups of settings merged in."""
        self.settings = merged(self.settings, settings)
        with open(self.conf, "w") as f:
            f.writelines(f"{k} = {libconfig(v)};\n" for k, v in self.settings.items())
        os.chmod(self.conf, 0o600)

    def start(self):
        assert self.process is None or not self.process.running()
        self.began = len(self.log()) if self.process else 0
        self.process = self.runs_as(self.command("run"), self.log_path, env={**without_aws(), **self.env},
                                    before=self.before)
        self.expected_up = True
        return self

    def command(self, *words):
        return [os.path.abspath(self.binary), "-c", self.conf, *words]

    def verify(self, *options):
        """(exit code, the document) of the command, with this daemon's settings."""
        clean = {k: v for k, v in os.environ.items() if k not in without_aws()}
        done = subprocess.run(self.command("verify", "--json", *options), env=clean, capture_output=True, text=True,
                              timeout=120, check=False)
        assert "Sanitizer" not in done.stderr and "runtime error" not in done.stderr, done.stderr
        assert done.returncode in (0, 1), done.stderr
        return done.returncode, json.loads(done.stdout)

    def log(self):
        return self.process.log()

    def says(self, pattern):
        return re.search(pattern, self.log())

    def wait_says(self, pattern, seconds=20, count=1):
        """Until the log holds that many matches of the pattern; the daemon must live on meanwhile."""
        def there():
            self.assert_running()
            return len(re.findall(pattern, self.log())) >= count
        until(lambda: f"{pattern!r} in the log, {self.process.tail()}", there, seconds)

    def running(self):
        return self.process is not None and self.process.running()

    def assert_running(self):
        if not self.process.running():
            raise AssertionError(f"{self.name} ended with {self.process.status()}, {self.process.tail()}")

    def send(self, sig):
        self.process.send(sig)
        if sig == signal.SIGSTOP:
            until(f"{self.name} to stand still", lambda: is_stopped(self.process.pid), 20, every=0.001)

    def listens(self):
        """Does it handle signals yet? Before that they end it."""
        return "started: " in self.log()[self.began:]

    def next_offsets(self, topic):
        """{partition: offset} as the newest report in the log says; asks for the next one."""
        if not self.listens():
            return {}
        found = re.findall(rf'topic "{re.escape(topic)}" partition (\d+): .*next offset (\d+)', self.log())
        self.send(signal.SIGUSR1)
        return {int(p): int(offset) for p, offset in found}

    def state(self, topic, partition):
        """What it answers to SIGUSR1 about a partition; "" when it does not speak of it."""
        before = len(self.log())
        self.send(signal.SIGUSR1)
        until(lambda: f"a report, {self.process.tail()}", lambda: "uploader: " in self.log()[before:], 10)
        found = re.search(rf'topic "{re.escape(topic)}" partition {partition}: (.*)', self.log()[before:])
        return found.group(1) if found else ""

    def terminate(self, seconds=20):
        """SIGTERM, and the exit status."""
        self.expected_up = False
        until(lambda: f"its start, {self.process.tail()}", lambda: self.listens() or not self.running(), 20)
        self.send(signal.SIGTERM)
        return self.process.wait_end(seconds)

    def kill(self):
        self.expected_up = False
        self.process.kill()
