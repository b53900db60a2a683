# SPDX-License-Identifier: Apache-2.0
"""Waiting for conditions, never for time."""
import time


def until(what, condition, seconds, every=0.05):
    """Returns the condition's first true value; after that many seconds fails and says what was waited for."""
    deadline = time.monotonic() + seconds
    while True:
        value = condition()
        if value:
            return value
        if time.monotonic() > deadline:
            raise AssertionError(f"waited {seconds} s in vain: {what() if callable(what) else what}")
        time.sleep(every)
