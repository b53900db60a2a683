# SPDX-License-Identifier: Apache-2.0
"""Waiting for conditions, never for time."""
import time

PATIENCE = 4    # times what a quiet machine needs at most: other tests run beside


def until(what, condition, seconds, every=0.1):
    """Returns the condition's first true value; after that many seconds, and PATIENCE, fails and says what was waited
    for."""
    deadline = time.monotonic() + seconds * PATIENCE
    while True:
        value = condition()
        if value:
            return value
        if time.monotonic() > deadline:
            raise AssertionError(f"waited {seconds * PATIENCE} s in vain: {what() if callable(what) else what}")
        time.sleep(every)
