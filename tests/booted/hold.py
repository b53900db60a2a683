# SPDX-License-Identifier: Apache-2.0
"""Holds one thread of a process that is not ours, as a debugger does: the rest of it goes on."""
import contextlib
import ctypes
import os
import pathlib

PTRACE_DETACH, PTRACE_SEIZE, PTRACE_INTERRUPT = 17, 0x4206, 0x4207
WALL = 0x40000000

libc = ctypes.CDLL(None, use_errno=True)
libc.ptrace.argtypes = [ctypes.c_long, ctypes.c_long, ctypes.c_void_p, ctypes.c_void_p]
libc.ptrace.restype = ctypes.c_long


def ptrace(request, tid):
    if libc.ptrace(request, tid, None, None) != 0:
        raise OSError(ctypes.get_errno(), f"ptrace {request:#x} of {tid}")


def threads(pid):
    """{name: thread id}; of several of one name the first."""
    found = {}
    for task in sorted(pathlib.Path(f"/proc/{pid}/task").iterdir(), key=lambda t: int(t.name)):
        found.setdefault((task / "comm").read_text().strip(), int(task.name))
    return found


@contextlib.contextmanager
def held(tid):
    """From the same thread of ours to the end, as ptrace wants it. Gives a function to be called now and then: where
    the process dies meanwhile, its threads are gone only when who holds one has been told so."""
    ptrace(PTRACE_SEIZE, tid)
    ptrace(PTRACE_INTERRUPT, tid)
    os.waitpid(tid, WALL)

    def hear():
        with contextlib.suppress(ChildProcessError):
            os.waitpid(tid, WALL | os.WNOHANG)

    try:
        yield hear
    finally:
        with contextlib.suppress(OSError):
            ptrace(PTRACE_DETACH, tid)
