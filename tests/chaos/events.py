# SPDX-License-Identifier: Apache-2.0
"""What can befall the daemons, one function an event: it tells the story, and returns when it is over."""
import random
import threading
import time

from kafka_proxy import HEARTBEAT, JOIN_GROUP, OFFSET_COMMIT, OFFSET_FETCH, SYNC_GROUP
from s3_proxy import ABORT, COMPLETE, CREATE, PART, PUT
from steps import STEPS
from wire import ANSWER, ANSWERED, REQUEST, SENT

STEP_SECONDS = 20
WRITES = {PUT, CREATE, PART, COMPLETE, ABORT}
GROUP = {OFFSET_COMMIT, OFFSET_FETCH, HEARTBEAT, JOIN_GROUP, SYNC_GROUP}
LOST = {OFFSET_COMMIT, OFFSET_FETCH, HEARTBEAT}     # for the answer to a JoinGroup a client waits for 5 minutes
CLOCK_OFF = 20      # minutes


def dice(world, share):
    """Of a proxy: how often they are thrown must not change what the driver does next."""
    own = random.Random(world.rng.random())
    return lambda: own.random() < share


def let_go(world, proxy, rule):
    """What was held when its daemon died or froze: it never arrives, or it does now."""
    cut = world.rng.random() < 0.5
    proxy.remove(rule, cut=cut)
    return "never arrives" if cut else "arrives now"


def reach(world, member, step):
    """(proxy, rule) that holds the member at this step; None when it did not come there in time."""
    if step.after == "restart":
        if not member.awake:
            return None
        catch(world, member, STEPS[world.rng.choice([0, 1, 2, 4])], kill)
        if member.up:
            member.kill()
    proxy, rule = step.arm(world, member)
    if step.after == "restart":
        member.start()
    if step.after == "burst":
        world.burst()
    if rule.hit.wait(STEP_SECONDS + world.session_ms / 1000):
        return proxy, rule
    proxy.remove(rule)
    world.say(f"{member.name} did not come to: {step.name}")
    return None


def catch(world, member, step, strike):
    """Hold a daemon at a step, strike it there. True: it was there."""
    if step.after == "burst":
        others = [m for m in world.up() if m is not member]
        for other in others:     # the one partition of that topic must be this daemon's
            other.leave()
            world.say(f"{other.name} leaves, so that {member.name} has all")
    held = reach(world, member, step)
    if held is None:
        return False
    world.steps[step.name] = world.steps.get(step.name, 0) + 1
    strike(world, member, step.name, held)
    return True


def kill(world, member, where, held=None):
    member.kill()
    world.say(f"{member.name} is killed: {where}")
    late = held is not None and world.rng.random() < 0.3
    if held and not late:
        world.say(f"    what it had under way {let_go(world, *held)}")
    if where.startswith("restart") or world.rng.random() < 0.8 or not world.up():
        world.restart(member)
    if late:
        world.progress()
        world.say(f"    what it had under way {let_go(world, *held)}, after others have gone on")


def freeze(world, member, where, held=None):
    """Beyond the session time-out, while others take over; a zombie wakes."""
    member.freeze()
    world.frozen += 1
    world.say(f"{member.name} is frozen: {where}")
    world.one_up()
    time.sleep(world.session_ms / 1000)
    took = world.progress(everywhere=True)
    first = world.rng.random() < 0.5
    if held and first:
        world.say(f"    what it had under way {let_go(world, *held)}")
    member.thaw()
    world.say(f"{member.name} wakes; the others went on after {took:.1f} s")
    if held and not first:
        world.say(f"    what it had under way {let_go(world, *held)}")


def kill_at_any_instant(world):
    time.sleep(world.rng.uniform(0, 2.5))
    kill(world, world.one_up(), "at any instant")


def kill_all(world):
    time.sleep(world.rng.uniform(0, 2))
    for member in world.up():
        member.kill()
        world.say(f"{member.name} is killed with all others")
    world.one_up()


def freeze_at_any_instant(world):
    time.sleep(world.rng.uniform(0, 2))
    freeze(world, world.one_up(), "at any instant")


def freeze_briefly(world):
    member = world.one_up()
    seconds = world.rng.uniform(0.2, 0.8 * world.session_ms / 1000)
    member.freeze()
    time.sleep(seconds)
    member.thaw()
    world.say(f"{member.name} was frozen for {seconds:.1f} s")


def join(world):
    if world.down():
        member = world.rng.choice(world.down())
        member.start()
        world.say(f"{member.name} joins")


def leave(world):
    if len(world.up()) > 1:
        member = world.one_up()
        began = time.monotonic()
        member.leave()
        world.say(f"{member.name} leaves, in {time.monotonic() - began:.1f} s")


def broker_restarts(world):
    broker, seconds = world.parts.broker, world.rng.uniform(0, 3)
    if world.rng.random() < 0.5:
        broker.kill()
        world.say(f"the broker is killed, and started after {seconds:.1f} s")
    else:
        broker.stop()
        world.say(f"the broker stops, and is started after {seconds:.1f} s")
    time.sleep(seconds)
    broker.start()
    world.say("the broker is up again")


def with_a_kill(world, seconds):
    """Some seconds of a fault, in which a daemon may be killed."""
    strikes = world.rng.random() < 0.5
    at = world.rng.uniform(0, seconds)
    time.sleep(at if strikes else seconds)
    if strikes:
        kill(world, world.one_up(), "in the middle of it")
        time.sleep(max(seconds - at, 0))


def s3_is_away(world):
    alone = world.rng.random() < 0.4
    members = [world.one_up()] if alone else world.members
    seconds = world.rng.uniform(2, 8)
    world.say(f"S3 is away for {seconds:.1f} s, from {members[0].name + ' alone' if alone else 'all'}")
    for member in members:
        member.s3.go_away()
    with_a_kill(world, seconds)
    for member in members:
        member.s3.calm()


def s3_is_sick(world):
    rng, seconds = world.rng, world.rng.uniform(4, 9)
    share = rng.uniform(0.1, 0.4)
    world.say(f"S3 is sick for {seconds:.1f} s: {share:.0%} of the writes")
    for member in world.members:
        for at, do, more in [(REQUEST, "say", {"status": 503}), (REQUEST, "say", {"status": 500}),
                             (REQUEST, "say", {"status": 409}), (ANSWER, "say", {"status": 500}),
                             (REQUEST, "cut", {"half": True}), (ANSWER, "cut", {"half": True}),
                             (ANSWER, "cut", {}), (SENT, "cut", {}), (REQUEST, "delay", {"seconds": 1.0}),
                             (REQUEST, "stall", {"half": True, "seconds": 1.5})]:
            member.s3.rule(WRITES, at, do, times=None, chance=dice(world, share / 5), **more)
    with_a_kill(world, seconds)
    for member in world.members:
        member.s3.calm()


def uploads_die(world):
    """The store has forgotten an upload, or says so after it has completed it; at that moment the group changes."""
    for member in world.members:
        for at in (REQUEST, ANSWER):
            member.s3.rule(COMPLETE, at, "say", status=world.rng.choice([404, 409]), times=world.rng.randint(1, 2))
    world.burst()
    world.say("uploads die when they are completed")
    time.sleep(world.rng.uniform(1.5, 4))
    world.rng.choice([join, leave, kill_at_any_instant])(world)
    time.sleep(world.rng.uniform(0, 4))
    for member in world.members:
        member.s3.calm()


def kafka_is_sick(world):
    rng, seconds = world.rng, world.rng.uniform(4, 8)
    share = rng.uniform(0.1, 0.4)
    world.say(f"Kafka is sick for {seconds:.1f} s: {share:.0%} of what a group asks")
    for at, do, more in [(REQUEST, "cut", {}), (SENT, "cut", {}), (ANSWER, "cut", {}), (ANSWERED, "cut", {}),
                         (REQUEST, "delay", {"seconds": 0.7}), (ANSWER, "delay", {"seconds": 1.2})]:
        world.parts.kafka.rule(GROUP, at, do, times=None, chance=dice(world, share / 4), **more)
    with_a_kill(world, seconds)
    world.parts.kafka.calm()


def messages_are_lost(world):
    """Each is waited for until a time-out: the connection lives on."""
    rng, seconds = world.rng, world.rng.uniform(3, 8)
    share = rng.uniform(0.05, 0.3)
    world.say(f"for {seconds:.1f} s {share:.0%} of the commits, questions for offsets and heartbeats are lost")
    for at in (REQUEST, ANSWER):
        world.parts.kafka.rule(LOST, at, "drop", times=None, chance=dice(world, share / 2))
    with_a_kill(world, seconds)
    world.parts.kafka.calm()


def kafka_is_away_from_one(world):
    member, seconds = world.one_up(), world.rng.uniform(2, 2 * world.session_ms / 1000)
    world.say(f"Kafka is away from {member.name} for {seconds:.1f} s")
    rule = world.parts.kafka.rule(None, REQUEST, "cut", client=member.name, times=None)
    time.sleep(seconds)
    world.parts.kafka.remove(rule)


def cables_are_pulled(world):
    """The cables of one daemon, so that neither end hears of it."""
    member, seconds = world.one_up(), world.rng.uniform(2, 2 * world.session_ms / 1000)
    if member.net is None:
        kafka_is_away_from_one(world)
        return
    what, cables = world.rng.choice([("Kafka", [member.net.kafka]), ("S3", [member.net.s3]),
                                     ("Kafka and S3", [member.net.kafka, member.net.s3])])
    world.say(f"{member.name} is cut off from {what} for {seconds:.1f} s")
    for cable in cables:
        cable.pull()
    with_a_kill(world, seconds)
    for cable in cables:
        cable.plug()


def clock_is_off(world):
    """Of a daemon that is killed and started again; it may be set right while that runs."""
    member, minutes = world.one_up(), world.rng.choice([-CLOCK_OFF, CLOCK_OFF])
    member.kill()
    member.start(minutes)
    world.say(f"{member.name} is killed, and started with a clock that is {minutes:+} minutes off")
    time.sleep(world.rng.uniform(1, 5))
    if world.rng.random() < 0.5:
        world.progress()
        member.clock.set(0)
        world.say(f"    the clock of {member.name} is set right")


def store_blames_the_clock(world):
    """Of one daemon, wrongly: what it signs by the Date of that answer is refused by the store itself."""
    member, minutes, seconds = world.one_up(), world.rng.choice([-CLOCK_OFF, CLOCK_OFF]), world.rng.uniform(2, 5)
    share = world.rng.uniform(0.1, 0.5)
    world.say(f"for {seconds:.1f} s {share:.0%} of what {member.name} writes is refused for its clock, with a Date "
              f"that is {minutes:+} minutes off")
    member.s3.rule(WRITES, REQUEST, "say", status=403, code="RequestTimeTooSkewed", clock=60 * minutes, times=None,
                   chance=dice(world, share))
    with_a_kill(world, seconds)
    member.s3.calm()


def connections_end(world):
    world.say("all connections to Kafka and S3 end")
    world.parts.kafka.cut_all()
    for member in world.members:
        member.s3.cut_all()


def while_glue(world, seconds):
    """Some seconds of a fault of Glue: whatever is committed meanwhile has its partitions."""
    with_a_kill(world, seconds)
    unregistered = world.unregistered()
    assert not unregistered, unregistered[:5]
    world.glue.clear()


def glue_is_away(world):
    """One time in five for so long that the partitions that wait for it are parked."""
    seconds = world.rng.uniform(2, 12) if world.rng.random() < 0.8 else world.rng.uniform(35, 45)
    world.say(f"Glue is away for {seconds:.1f} s")
    world.glue.rule("*", cut=True, times=0)
    while_glue(world, seconds)


def glue_is_sick(world):
    """Throttles, fails, refuses some inside of a 200, and loses answers of what it has done."""
    seconds, share = world.rng.uniform(4, 12), world.rng.uniform(0.2, 0.8)
    world.say(f"Glue is sick for {seconds:.1f} s: {share:.0%} of the calls")
    for action, more in [("*", {"code": "ThrottlingException"}), ("*", {"status": 503}), ("*", {"cut": True}),
                         ("*", {"cut": True, "work": True}), ("*", {"status": 500, "work": True}),
                         ("BatchCreatePartition", {"each": True, "code": "InternalServiceException"})]:
        world.glue.rule(action, times=0, chance=dice(world, share / 5), **more)
    while_glue(world, seconds)


def kill_before_glue_answers(world):
    """A daemon that knows of no partition yet is killed when one has just been registered."""
    member = world.busy()
    member.kill()
    rule = world.glue.rule("BatchCreatePartition", cut=True, work=True, times=0)
    member.start()
    ends = time.monotonic() + STEP_SECONDS
    while not rule.used and time.monotonic() < ends:
        time.sleep(0.02)
    kill(world, member, f"started again, and {rule.used} answers of Glue were lost")
    while_glue(world, world.rng.uniform(0, 2))


OF_GLUE = [glue_is_away, glue_is_sick, glue_is_sick, kill_before_glue_answers]
COMMON = [kill_at_any_instant, kill_at_any_instant, kill_at_any_instant, kill_all, freeze_at_any_instant,
          freeze_briefly, join, join, leave, s3_is_away, s3_is_sick, s3_is_sick, uploads_die, uploads_die,
          kafka_is_sick, kafka_is_sick, messages_are_lost, kafka_is_away_from_one, cables_are_pulled,
          cables_are_pulled, clock_is_off, store_blames_the_clock, connections_end]


class Standstill(threading.Thread):
    """The longest time in which no partition was committed further, and the same for the slowest partition."""

    def __init__(self, world):
        super().__init__(daemon=True)
        self.world, self.ending = world, threading.Event()
        self.offsets, self.since = {}, {}
        self.longest, self.longest_of_one = 0.0, 0.0

    def run(self):
        """By a clock that does not go on while the machine is too busy to look: which is no standstill."""
        now, looked = 0.0, time.monotonic()
        while not self.ending.wait(0.25):
            since, looked = looked, time.monotonic()
            now += min(looked - since, 1)
            for partition, offset in self.world.committed().items():
                if self.offsets.get(partition) != offset:
                    self.offsets[partition], self.since[partition] = offset, now
            if self.since:
                self.longest = max(self.longest, now - max(self.since.values()))
                self.longest_of_one = max(self.longest_of_one, now - min(self.since.values()))


def join_storm(world, seconds):
    """One of three daemons joins or leaves every 5 s. Returns the longest standstill, of all and of one partition."""
    while world.down():
        join(world)
    watch = Standstill(world)
    watch.start()
    turn = ends = time.monotonic()
    while turn < ends + seconds:
        turn += 5
        time.sleep(max(turn - time.monotonic(), 0))
        (join if world.down() else leave)(world)
    watch.ending.set()
    watch.join()
    world.say(f"the longest time without a commit: {watch.longest:.1f} s, "
              f"of one partition {watch.longest_of_one:.1f} s")
    return watch.longest
