# SPDX-License-Identifier: Apache-2.0
"""Expectations of a scenario: each is one line, all are made, the failed ones are told."""
import atexit
import os
import sys
import time

_failed = 0
_made = 0


def fail(what, detail=""):
    global _failed
    _failed += 1
    caller = sys._getframe(1)
    while "/lib/" in caller.f_code.co_filename:
        caller = caller.f_back
    print(f"FAILED line {caller.f_lineno}: {what}{': ' if detail else ''}{detail}", flush=True)


def equal(what, got, want):
    global _made
    _made += 1
    if got != want:
        fail(what, f"got {got!r}, expected {want!r}")
    return got == want


def true(what, fact, detail=""):
    global _made
    _made += 1
    if not fact:
        fail(what, detail)
    return bool(fact)


def has(what, text, part):
    return true(what, part in text, f"{part!r} is not in {text!r}")


def wait_for(what, fact, seconds=20):
    """Asks fact() until it is true; its last value is given back. Fails when it never is."""
    global _made
    _made += 1
    end = time.monotonic() + seconds
    while True:
        value = fact()
        if value:
            return value
        if time.monotonic() > end:
            fail(what, f"not within {seconds} s")
            return value
        time.sleep(0.02)


def skip(why):
    """The whole scenario cannot run here."""
    print(why, flush=True)
    os._exit(77)


def note(text):
    """A part that cannot run here, or a figure worth reading."""
    print(f"note: {text}", flush=True)


def _verdict():
    sys.stdout.flush()
    print(f"{_made} expectations, {_failed} failed", flush=True)
    if _failed:
        os._exit(1)


atexit.register(_verdict)
