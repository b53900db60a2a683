# SPDX-License-Identifier: Apache-2.0
"""A daemon's wall clock, wrong by minutes, and set anew while it runs: libfaketime in front of the shipped binary, with
the monotonic clocks left alone.

librdkafka waits by C11's calls until a time that it was given; libfaketime gives that time, but knows only the POSIX
calls. A library of ours leads the ones to the others.
"""
import glob
import os
import pathlib

LIBFAKETIME = "/usr/lib/*/faketime/libfaketimeMT.so.1"
C11_THREADS = pathlib.Path(__file__).resolve().parent.parent.parent / "build" / "c11_threads.so"
SHARED = "/dev/shm/faketime_shm_{0}", "/dev/shm/sem.faketime_sem_{0}"


class Clock:
    def __init__(self, path):
        self.path = str(path)

    def set(self, minutes):
        with open(self.path + ".new", "w") as f:
            f.write(f"{60 * minutes:+}\n")
        os.replace(self.path + ".new", self.path)

    @property
    def env(self):
        """What a program is started with that shall go by it."""
        libraries = [str(C11_THREADS), *glob.glob(LIBFAKETIME)]
        assert len(libraries) == 2 and C11_THREADS.exists(), f"no {LIBFAKETIME} or no {C11_THREADS}: tools/setup, make"
        return {"LD_PRELOAD": " ".join(libraries), "FAKETIME_TIMESTAMP_FILE": self.path, "NO_FAKE_STAT": "1",
                "FAKETIME_CACHE_DURATION": "1", "FAKETIME_DONT_FAKE_MONOTONIC": "1"}


def tidy(pid):
    """What libfaketime leaves behind of a process that was killed."""
    for name in SHARED:
        pathlib.Path(name.format(pid)).unlink(missing_ok=True)
