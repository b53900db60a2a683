# SPDX-License-Identifier: Apache-2.0
"""The steps of the protocol, as the proxies see them pass by: where a daemon can be caught between two of them.

Knows of the daemon only what its users can see: words of the committed text, and the form of the keys.
"""
import re

from kafka_proxy import OFFSET_COMMIT, OFFSET_FETCH, SYNC_GROUP
from s3_proxy import COMPLETE, CREATE, PART, PUT
from wire import ANSWER, REQUEST

INTENT = re.compile(rb" range=\d+,([0-9a-f]{16})")
BEFORE = re.compile(rb" before=\d+,([0-9a-f]{16})")
RANGE_OF_KEY = re.compile(r"\+\d+\+\d{20}\+([0-9a-f]{16})\.")


def ids_in(text):
    return {m.group(1) for m in INTENT.finditer(text)} | {m.group(1) for m in BEFORE.finditer(text)}


def range_of(path):
    """The range that an object is of; None: it is none of a range."""
    found = RANGE_OF_KEY.search(path)
    return found and found.group(1).encode()


def any_intent(_known):
    return lambda request: INTENT.search(request.body)


def new_intent(known):
    """A range is named for the first time."""
    return lambda request: {m.group(1) for m in INTENT.finditer(request.body)} - known


def new_end(_known):
    """A range has ended: it was an intent until now. Requests are looked at from the moment the step is awaited."""
    open_ids = set()

    def fits(request):
        ended = {m.group(1) for m in BEFORE.finditer(request.body)} & open_ids
        open_ids.update(m.group(1) for m in INTENT.finditer(request.body))
        return ended
    return fits


def second_object(_known):
    """Another object of the same range has been put before."""
    put = {}

    def fits(request):
        keys = put.setdefault(range_of(request.path), set())
        keys.add(request.path)
        return len(keys) > 1
    return fits


def always(_known):
    return lambda request: True


class Step:
    """Between two steps: via a proxy, a rule that holds there. after: what has to happen before it can come, "burst"
    of records or "restart" of the daemon, with an intent left behind or not."""

    def __init__(self, name, via, ops, at, when=always, after=None):
        self.name, self.via, self.ops, self.at, self.when, self.after = name, via, ops, at, when, after

    def arm(self, world, member):
        proxy = world.parts.kafka if self.via == "kafka" else member.s3
        when = self.when(world.known_ids())
        return proxy, proxy.rule(self.ops, self.at, "hold", when=when,
                                 client=member.name if self.via == "kafka" else None)


STEPS = [
    Step("sealed | intent at the broker", "kafka", OFFSET_COMMIT, REQUEST, new_intent),
    Step("intent at the broker | acknowledged", "kafka", OFFSET_COMMIT, ANSWER, new_intent),
    Step("intent acknowledged | PUT at the store", "s3", PUT, REQUEST),
    Step("first object put | second one at the store", "s3", PUT, REQUEST, second_object),
    Step("PUT done | answered", "s3", PUT, ANSWER),
    Step("PUT answered | end at the broker", "kafka", OFFSET_COMMIT, REQUEST, new_end),
    Step("end at the broker | acknowledged", "kafka", OFFSET_COMMIT, ANSWER, new_end),
    Step("Create done | answered", "s3", CREATE, ANSWER, after="burst"),
    Step("Create answered | first part at the store", "s3", PART, REQUEST, after="burst"),
    Step("parts done | Complete at the store", "s3", COMPLETE, REQUEST, after="burst"),
    Step("Complete done | answered", "s3", COMPLETE, ANSWER, after="burst"),
    Step("restart: joined | assignment told", "kafka", SYNC_GROUP, ANSWER, after="restart"),
    Step("restart: offsets read | told", "kafka", OFFSET_FETCH, ANSWER, after="restart"),
    Step("restart: rebuilt | intent sent again", "kafka", OFFSET_COMMIT, REQUEST, any_intent, after="restart"),
]
