# SPDX-License-Identifier: Apache-2.0
"""A Debian that boots: systemd is PID 1 of a container on the host's network, over a tree that is left as it was."""
import json
import os
import pathlib
import subprocess
import uuid

from process import Process
from waiting import until

PATH = "/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin"

# Its own cgroup and mounts; all of them go with the process. The bpf call is for units that filter addresses.
BOOT = r"""
tree=$1 dir=$2 name=$3
shift 3
mountpoint -q /sys/fs/cgroup || mount -t tmpfs tmpfs /sys/fs/cgroup
mkdir -p "$dir/cgroup" "$dir/root"
mount -t cgroup2 cgroup2 "$dir/cgroup"
mkdir "$dir/cgroup/$name"
echo $$ >"$dir/cgroup/$name/cgroup.procs"
mount -t cgroup2 cgroup2 /sys/fs/cgroup
mkdir -p /run/systemd
mount -t tmpfs tmpfs /run/systemd
mkdir "$dir/upper" "$dir/work"
mount -t overlay overlay -o "lowerdir=$tree,upperdir=$dir/upper,workdir=$dir/work" "$dir/root"
exec systemd-nspawn --quiet -D "$dir/root" -M "$name" --register=no --keep-unit --boot --console=pipe \
	--link-journal=no --resolv-conf=copy-host --system-call-filter=bpf "$@"
"""


class Machine:
    def __init__(self, directory, tree, name="booted", options=()):
        """options: more of systemd-nspawn's."""
        self.dir = pathlib.Path(directory)
        self.dir.mkdir(parents=True)
        self.tree, self.name, self.options = tree, f"{name}-{uuid.uuid4().hex[:12]}", options
        self.log_path = str(self.dir / "console.log")
        self.process, self.leader = None, None

    def start(self):
        self.process = Process(["unshare", "--mount", "--propagation", "private", "bash", "-ec", BOOT, "boot",
                                str(self.tree), str(self.dir), self.name, *self.options], self.log_path)
        self.leader = until(lambda: f"PID 1, {self.process.tail()}", self._first, 60)
        until(lambda: f"the boot, {self.process.tail()}", self._booted, 90, every=0.2)
        return self

    def _first(self):
        """The one child of systemd-nspawn, once it is systemd."""
        assert self.process.running(), self.process.tail()
        try:
            children = pathlib.Path(f"/proc/{self.process.pid}/task/{self.process.pid}/children").read_text().split()
            return next((int(c) for c in children
                         if pathlib.Path(f"/proc/{c}/comm").read_text().strip() == "systemd"), None)
        except OSError:
            return None

    def _booted(self):
        return self.run("systemctl", "is-system-running", check=False).stdout.strip() in ("running", "degraded")

    def run(self, *argv, check=True, timeout=300, text=None):
        """A command inside, as root; its output is in the error when it fails."""
        done = subprocess.run(["nsenter", "-t", str(self.leader), "-m", "-u", "-i", "-p", "-n", "-C", "--", "env", "-i",
                               f"PATH={PATH}", "LC_ALL=C.UTF-8", "HOME=/root", "DEBIAN_FRONTEND=noninteractive", *argv],
                              capture_output=True, text=True, timeout=timeout, check=False, input=text,
                              stdin=None if text is not None else subprocess.DEVNULL)
        assert not check or done.returncode == 0, f"{argv}: exit {done.returncode}\n{done.stdout}{done.stderr}"
        return done

    def sh(self, script, **more):
        return self.run("sh", "-ec", script, **more)

    def write(self, path, text, mode=None):
        self.run("sh", "-ec", 'mkdir -p "$(dirname "$0")"; cat >"$0"', path, text=text)
        if mode is not None:
            self.run("chmod", f"{mode:o}", path)

    def take(self, path, inside):
        """Copies a file of the host into the machine."""
        self.sh(f"mkdir -p {os.path.dirname(inside)}")
        with open(path, "rb") as f:
            subprocess.run(["nsenter", "-t", str(self.leader), "-m", "--", "/bin/sh", "-c", 'cat >"$0"', inside],
                           stdin=f, check=True, timeout=60)

    def show(self, unit, *properties):
        """{property: value}"""
        said = self.run("systemctl", "show", unit, *[f"--property={p}" for p in properties]).stdout
        return dict(line.split("=", 1) for line in said.splitlines() if "=" in line)

    def journal(self, *matches):
        """Its entries, oldest first, each with all its fields."""
        said = self.run("journalctl", "--no-pager", "-o", "json", "--all", *matches, check=False).stdout
        return [json.loads(line) for line in said.splitlines()]

    def host_pid(self, pid):
        """What a process inside is called outside."""
        for status in pathlib.Path("/proc").glob("[0-9]*/status"):
            try:
                fields = dict(line.split(":", 1) for line in status.read_text().splitlines() if ":" in line)
            except OSError:
                continue
            spaces = fields.get("NSpid", "").split()
            if len(spaces) > 1 and spaces[-1] == str(pid) and self._is_inside(status.parent.name):
                return int(status.parent.name)
        raise AssertionError(f"no process {pid} inside")

    def _is_inside(self, pid):
        try:
            return os.readlink(f"/proc/{pid}/ns/pid") == os.readlink(f"/proc/{self.leader}/ns/pid")
        except OSError:
            return False

    def stop(self):
        """Power off; by force when it does not."""
        if self.process is None:
            return
        if self.process.running() and self.leader:
            try:
                os.kill(self.leader, 38)  # SIGRTMIN+4: systemd takes it for a power-off
                self.process.popen.wait(30)
            except (ProcessLookupError, subprocess.TimeoutExpired):
                pass
        self.process.kill()
