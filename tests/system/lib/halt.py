# SPDX-License-Identifier: Apache-2.0
"""One thread of a process stands still while the others go on, as a hang is: Halted(threads(pid, "worker")[0]).let_go()."""
import ctypes
import os

PTRACE_SEIZE, PTRACE_INTERRUPT, PTRACE_DETACH = 0x4206, 0x4207, 17
WALL = 0x40000000


def threads(pid, name):
    """The numbers of a process's threads of that name."""
    found = []
    for task in os.listdir(f"/proc/{pid}/task"):
        with open(f"/proc/{pid}/task/{task}/comm", encoding="ascii", errors="replace") as comm:
            if comm.read().strip().startswith(name):
                found.append(int(task))
    return sorted(found)


class Halted:
    """One thread of a process, stopped while the others go on: what SIGSTOP cannot do, ptrace(2) can."""
    libc = ctypes.CDLL(None, use_errno=True)
    libc.ptrace.argtypes = [ctypes.c_long, ctypes.c_int, ctypes.c_void_p, ctypes.c_void_p]
    libc.ptrace.restype = ctypes.c_long

    def __init__(self, thread):
        self.thread = thread
        for request in (PTRACE_SEIZE, PTRACE_INTERRUPT):
            if self.libc.ptrace(request, thread, None, None) != 0:
                raise OSError(ctypes.get_errno(), "ptrace")
        os.waitpid(thread, WALL)

    def let_go(self):
        self.libc.ptrace(PTRACE_DETACH, self.thread, None, None)

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.let_go()
