#!/usr/bin/env python3
"""Agents killed with SIGKILL at every failpoint of a trial: is the kernel ever left between two generations, does the record
say what is in the kernel, and is the undo on time when no agent is there to do it?

usage: crash_cycles.py BIN_DIR [CYCLES] [HOSTS] [SEED]: BIN_DIR holds the dev build (failpoints). Prints one JSON object per figure.
"""
import os
import random
import re
import sys
import time

sys.path.insert(0, __file__.rsplit("/", 1)[0])
from agents import Agent  # noqa: E402
from bad_revisions import GATEWAY, harmless  # noqa: E402
from lab import Lab, TOP, is_calm  # noqa: E402
from report import percentile, show  # noqa: E402
from route_events import RouteEvents  # noqa: E402

WINDOW = 5          # seconds of a trial: the shortest that a revision may ask for
LATE = 2.5          # seconds after the deadline at which a host without its agent is looked at
SETTLE = 90         # seconds for a restarted agent until the record and the kernel say the same: it may wait a minute before it dials
REACH = 20          # seconds until the failpoint must have been passed
ROUTES = 600        # so that a change takes more than one batch of the kernel's
FROM_START = "started"
IN_AN_UNDO = {"mid_undo", "after_undo", "probes_after_undo"}
AT_EITHER_END = {"after_disarmed", "after_journal_removed"}
# Killed there with the change in the kernel, and not started again: each such cycle is a sample of how late the undo is.
ON_TRIAL = ["mid_apply", "after_apply", "after_readback", "probes_after", "contact_after"]
# What becomes of the host's agent after it was killed, until the deadline is over.
AFTERLIVES = {"revived": 4, "dead": 2, "looping": 2, "cannot_start": 2}
CUT = "{ to: 10.77.254.0/23, via: 10.77.200.9 }"  # no machine has this address: nobody confirms, no preflight can know

PROBES = "probes: [ { tcp: \"%s:9791\", name: metrics } ]\n" % GATEWAY  # so that there is something to look at again


def failpoints():
    """Every failpoint that the interpreter passes, as the source names them."""
    found = set()
    for folder in ("agent/runtime", "agent/state"):
        for path in sorted(os.listdir(os.path.join(TOP, folder))):
            if path.endswith(".cc"):
                with open(os.path.join(TOP, folder, path), encoding="utf-8") as source:
                    found.update(re.findall(r'ONDOL_FAILPOINT\("([a-z_]+)"\)', source.read()))
    return sorted(found - {FROM_START})


def generation(number):
    """Sets that differ from each other in additions, removals and gateways."""
    lines = []
    for i in range(ROUTES):
        if (i + number) % 4:
            lines.append(("11.%d.%d.0/24" % (i // 250, i % 250), GATEWAY if (i + number) % 3 else "10.77.254.254"))
    return lines


def in_kernel(lines):
    return sorted("%s via %s dev eth0 onlink" % line for line in lines)


class Cycle:
    """One kill on one host: armed -> dead -> settling -> done."""

    def __init__(self, agent, point, afterlife, source):
        self.agent, self.host, self.point, self.afterlife = agent, agent.host, point, afterlife
        self.cuts = point in IN_AN_UNDO or (point in AT_EITHER_END and source.random() < 0.5)
        self.pause = source.uniform(0, 0.3)
        self.stage, self.since, self.problems, self.lateness, self.killed = "armed", time.monotonic(), [], None, False
        self.before, self.running_before, self.offered, self.deadline, self.look_at, self.died = [], 0, 0, None, 0.0, 0

    def layer(self, number):
        return [harmless(*line) for line in generation(number)] + ([CUT] if self.cuts else [])

    def to(self, stage):
        self.stage, self.since = stage, time.monotonic()


class Round:
    """All hosts once, each at a failpoint of its own."""

    def __init__(self, lab, number, cycles, events, boot_id):
        self.lab, self.number, self.cycles, self.events, self.boot_id = lab, number, cycles, events, boot_id
        self.wanted = in_kernel(generation(number))

    def run(self):
        self.arm()
        for cycle in self.cycles:
            self.lab.write_host(cycle.host, cycle.layer(self.number))
        self.lab.apply()
        for name, summary in self.lab.summaries().items():
            for cycle in self.cycles:
                if cycle.host == name:
                    cycle.offered = summary["numbers"][0]["offered"]
                    cycle.to("armed")
        last_look = 0.0
        while any(cycle.stage != "done" for cycle in self.cycles):
            for cycle in self.cycles:
                self.turn(cycle)
            if time.monotonic() - last_look > 0.5 and any(cycle.stage == "settling" for cycle in self.cycles):
                self.settle()
                last_look = time.monotonic()
            time.sleep(0.02)

    def arm(self):
        for cycle in self.cycles:
            cycle.agent.kill()
            cycle.agent.spawn(cycle.point)
        summaries, end = {}, time.monotonic() + 60
        while time.monotonic() < end:
            summaries = self.lab.summaries()
            if all(is_calm(summaries[cycle.host]) and not cycle.agent.is_dead() for cycle in self.cycles):
                break
            time.sleep(0.1)
        for cycle in self.cycles:
            if cycle.agent.is_dead() or not is_calm(summaries[cycle.host]):
                with open(os.path.join(self.lab.directory(cycle.host), "log"), encoding="utf-8") as log:
                    print("".join(log.readlines()[-10:]), file=sys.stderr)
                sys.exit("crash_cycles.py: %s does not come up with the failpoint %s" % (cycle.host, cycle.point))
            cycle.before = self.lab.routes(cycle.host)
            cycle.running_before = summaries[cycle.host]["numbers"][0]["running"]

    def turn(self, cycle):
        cycle.agent.turn()
        if cycle.stage == "armed":
            self.see_death(cycle)
        elif cycle.stage == "settling":
            cycle.agent.keep_up()
        elif cycle.stage == "dead" and time.clock_gettime(time.CLOCK_BOOTTIME) >= cycle.look_at:
            self.look_at_the_dead(cycle)
            cycle.agent.kill()
            cycle.agent.spawn()
            cycle.to("settling")

    def see_death(self, cycle):
        if not cycle.agent.is_dead():
            if time.monotonic() - cycle.since > REACH:  # not a cycle: the failpoint was not on its way
                cycle.to("settling")
            return
        now = time.clock_gettime_ns(time.CLOCK_BOOTTIME)
        cycle.killed, cycle.died, cycle.deadline = True, now, cycle.agent.deadline(self.boot_id)
        if cycle.agent.process.returncode != -9:
            cycle.problems.append("ended with %d by itself" % cycle.agent.process.returncode)
        cycle.look_at = now / 1e9 + cycle.pause
        if cycle.afterlife != "revived":
            cycle.look_at = max(now, cycle.deadline or now) / 1e9 + (LATE if cycle.deadline else 0.5)
        if cycle.afterlife == "looping":
            cycle.agent.loop(failpoint=FROM_START)
        elif cycle.afterlife == "cannot_start":
            cycle.agent.loop(broken=True)
        cycle.to("dead")

    def look_at_the_dead(self, cycle):
        """The deadline is over, or nothing was begun: old or new, as a whole, with no agent there."""
        if cycle.afterlife == "revived":
            return
        now = self.lab.routes(cycle.host)
        if now not in (cycle.before, self.wanted):
            cycle.problems.append("mixed with its agent %s: %d routes" % (cycle.afterlife, len(now)))
        last = self.events.last[cycle.host]
        if cycle.deadline and now == cycle.before and last > cycle.died:
            cycle.lateness = (last - cycle.deadline) / 1e9

    def settle(self):
        summaries = self.lab.summaries()
        for cycle in self.cycles:
            if cycle.stage != "settling":
                continue
            problem = self.disagreement(cycle, summaries[cycle.host])
            if problem and time.monotonic() - cycle.since < SETTLE:
                continue
            if problem:
                cycle.problems.append(problem)
                told = ["%s %s" % (event["sequence"], event["text"]) for event in self.lab.events(cycle.host, 12)]
                print("%s, offered %d; newest events: %s" % (cycle.host, cycle.offered, "; ".join(told)), file=sys.stderr, flush=True)
            cycle.to("done")

    def disagreement(self, cycle, summary):
        """Between the kernel, what the agent says is running, and what the record says of the generation; empty = none."""
        if not is_calm(summary):
            return "not back: %s" % summary["state"]
        running, now = summary["numbers"][0]["running"], self.lab.routes(cycle.host)
        outcome, reason = self.lab.results(cycle.host).get(cycle.offered, ("silent", ""))
        if now == self.wanted and not cycle.cuts and running == cycle.offered and outcome == "confirmed":
            return ""
        if now == cycle.before and running == cycle.running_before and outcome in ("rolled_back", "refused"):
            return ""
        kind = "new" if now == self.wanted else "old" if now == cycle.before else "mixed"
        return "%s in the kernel, %d of %d running, %s (%s) in the record" % (kind, running, cycle.offered, outcome, reason)


class Tally:
    def __init__(self):
        self.done, self.problems, self.lateness, self.early, self.unreached = 0, [], {}, 0, []
        self.points = {point: 0 for point in failpoints()}
        self.started = 0

    def add(self, cycle):
        if not cycle.killed:
            self.unreached.append("%s at %s" % (cycle.host, cycle.point))
        else:
            self.done += 1
            self.points[cycle.point] += 1
        self.problems += ["%s killed at %s, then %s: %s" % (cycle.host, cycle.point, cycle.afterlife, text) for text in cycle.problems]
        if cycle.afterlife == "looping":
            self.started += cycle.agent.starts
        if cycle.lateness is None:
            return
        if cycle.lateness < -0.1:
            self.early += 1
        else:
            self.lateness.setdefault(cycle.afterlife, []).append(cycle.lateness)

    def say(self):
        points = dict(self.points, **{FROM_START: self.started})
        lacking = [point for point, count in points.items() if count == 0]
        show("safety.mixed_states", len(self.problems), "hosts", "0", not self.problems and not lacking, cycles=self.done, failpoints=points,
             never_killed_at=lacking, not_reached=len(self.unreached), which=self.problems[:10])
        samples = [late for group in self.lateness.values() for late in group]
        late = percentile(samples, 0.99)
        groups = {name: {"samples": len(group), "p50": round(percentile(group, 0.5), 3), "worst": round(max(group), 3)}
                  for name, group in sorted(self.lateness.items())}
        show("safety.rollback_lateness_p99_s", None if late is None else round(late, 3), "s", "<=2", late is not None and late <= 2,
             samples=len(samples), undone_before_the_deadline=self.early, by_agent=groups)


def deal(points, source):
    """Every failpoint before any of them again."""
    while True:
        deck = list(points)
        source.shuffle(deck)
        yield from deck


def lives_of(number, source, count):
    """What becomes of the agents in a round; in every other one none comes back before the deadline."""
    lives = dict(AFTERLIVES) if number % 2 == 0 else {life: weight for life, weight in AFTERLIVES.items() if life != "revived"}
    return source.choices(list(lives), lives.values(), k=count)


def run(binaries, cycles, hosts, seed=7):
    source, tally, number = random.Random(seed), Tally(), 1
    decks = [deal(failpoints(), source), deal(ON_TRIAL, source)]
    with open("/proc/sys/kernel/random/boot_id", "rb") as file:
        boot_id = file.read().strip()
    with Lab(binaries, hosts) as lab:
        broken = os.path.join(lab.fleet, "ondol-agent")
        with open(lab.program("ondol-agent"), "rb") as whole, open(broken, "wb") as part:
            part.write(whole.read(4096))
        os.chmod(broken, 0o755)
        agents = [Agent(lab, host, broken) for host in lab.hosts]
        begin(lab, agents, number)
        events = RouteEvents({lab.namespace(host): host for host in lab.hosts})
        began = time.monotonic()
        while tally.done < cycles and number < 4 * cycles / hosts + 10:
            number += 1
            lives = lives_of(number, source, len(agents))
            these = [Cycle(agent, next(decks[number % 2]), life, source) for agent, life in zip(agents, lives)]
            Round(lab, number, these, events, boot_id).run()
            for cycle in these:
                tally.add(cycle)
            print("%d of %d cycles in %.0f s, wrong: %d" % (tally.done, cycles, time.monotonic() - began, len(tally.problems)),
                  file=sys.stderr, flush=True)
        events.close()
        for agent in agents:
            agent.kill()
    tally.say()


def begin(lab, agents, number):
    lab.write_common(WINDOW, PROBES)
    for agent in agents:
        agent.take_over()
        agent.spawn()
        lab.write_host(agent.host, [harmless(*line) for line in generation(number)])
    lab.apply()
    left = lab.wait(120, lambda host: lab.results(host).get(lab.offered(host), ("",))[0] == "confirmed")
    if left:
        sys.exit("crash_cycles.py: the first revision was not confirmed on %s" % sorted(left))


if __name__ == "__main__":
    numbers = [int(word) for word in sys.argv[2:5]]
    run(sys.argv[1], *(numbers + [1000, 30, 7][len(numbers):]))
