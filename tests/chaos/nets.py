# SPDX-License-Identifier: Apache-2.0
"""Networks of our own, so that a cable can be pulled: each daemon in a network namespace of its own, with one cable to
Kafka and one to S3. Needs root; nothing of it is left behind when the process ends, however it ends.

The addresses are those that RFC 2544 and RFC 5737 keep for tests, and no packet leaves these namespaces.
"""
import ctypes
import functools
import ipaddress
import itertools
import os
import shutil
import subprocess
import threading

CLONE_NEWNET = 0x40000000
KAFKA = "192.0.2.1"
FIRST = ipaddress.ip_address("198.18.0.0")
libc = ctypes.CDLL(None, use_errno=True)
numbers = itertools.count()


def checked(result):
    if result != 0:
        raise OSError(ctypes.get_errno(), os.strerror(ctypes.get_errno()))


def ip(*words, before=None):
    subprocess.run(["ip", *words], check=True, capture_output=True, preexec_fn=before)


@functools.cache
def enter_own():
    """From now on this thread, and all that it starts, know only a network that is this process's own.
    False: this user may not."""
    if os.geteuid() != 0 or shutil.which("ip") is None:
        return False
    checked(libc.unshare(CLONE_NEWNET))
    ip("link", "set", "lo", "up")
    ip("address", "add", f"{KAFKA}/32", "dev", "lo")
    return True


def new_namespace():
    """A file that is one, and keeps it."""
    files = []

    def make():
        checked(libc.unshare(CLONE_NEWNET))
        files.append(os.open("/proc/thread-self/ns/net", os.O_RDONLY | os.O_CLOEXEC))
    thread = threading.Thread(target=make)
    thread.start()
    thread.join()
    return files[0]


class Cable:
    """host: the address at our end, which is the only one that the other end can reach by it, but for "to"."""

    def __init__(self, net, to=None):
        number = next(numbers)
        self.name = f"cable{number}"
        first = FIRST + 4 * number
        self.host = str(first + 1)
        ip("link", "add", self.name, "type", "veth", "peer", "name", self.name,
           "netns", f"/proc/{os.getpid()}/fd/{net.file}")
        for end, address in ((None, first + 1), (net.enter, first + 2)):
            ip("address", "add", f"{address}/30", "dev", self.name, before=end)
            ip("link", "set", self.name, "up", before=end)
        if to:
            ip("route", "add", to, "via", self.host, before=net.enter)

    def pull(self):
        ip("link", "set", self.name, "down")

    def plug(self):
        ip("link", "set", self.name, "up")

    def close(self):
        ip("link", "delete", self.name)


class Net:
    """What one daemon sees."""

    def __init__(self):
        self.file = new_namespace()
        ip("link", "set", "lo", "up", before=self.enter)
        self.kafka, self.s3 = Cable(self, KAFKA), Cable(self)

    def enter(self):
        """For a child, before it becomes the daemon."""
        checked(libc.setns(self.file, CLONE_NEWNET))

    def close(self):
        self.kafka.close()
        self.s3.close()
        os.close(self.file)
