#!/usr/bin/env python3
"""Real agents and their collector, with a proxy between them that cuts, delays, splits and corrupts, while intent changes
and people edit routes by hand: does every host end as it is written, and does the record hold every edit with its author
exactly once?

usage: chaos.py BIN_DIR [--minutes M] [--hosts N] [--seed S]: starts its own lab, says what it found as JSON, takes the lab down.
"""
import argparse
import json
import os
import random
import re
import signal
import subprocess
import sys
import threading
import time
from collections import Counter
from concurrent.futures import ThreadPoolExecutor

HERE = os.path.dirname(os.path.abspath(__file__))
sys.path.insert(0, os.path.join(HERE, "..", "..", "bench", "safety"))
from bad_revisions import GATEWAY, harmless  # noqa: E402
from lab import Lab, is_calm  # noqa: E402

PROXY, COLLECTOR = "10.77.255.2:7443", "10.77.255.1:7443"
LASTING, MOVING = 400, 30    # routes that no revision touches and people edit; routes that revisions come and go with
CALM_WITHIN = 240            # seconds: an agent that was refused again and again waits up to a minute before it dials
EDIT_LIVES = 2.0             # seconds that whoever edits stays: one that has ended before it was read is rightly unknown


class Editor(threading.Thread):
    """Hand edits, each of a route of its own, by a process that is remembered; a thread, because a revision takes its time."""

    def __init__(self, lab, seed):
        super().__init__(daemon=True)
        source = random.Random(seed)
        self.lab, self.source, self.wanted = lab, source, True
        self.left = {host: source.sample(range(LASTING), LASTING) for host in lab.hosts}
        self.edits, self.open = [], []

    def run(self):
        while self.wanted and any(self.left.values()):
            self.edit()
            self.reap()
            time.sleep(min(3.0, self.source.expovariate(max(1, len(self.lab.hosts) / 25))))

    def end(self):
        self.wanted = False
        if self.is_alive():
            self.join()
        self.reap(everything=True)

    def edit(self):
        host = self.source.choice([host for host in self.lab.hosts if self.left[host]])
        to = lasting(self.left[host].pop())
        process = subprocess.Popen(["nsenter", "--net=/run/netns/" + self.lab.namespace(host), "ip", "-batch", "-"],
                                   stdin=subprocess.PIPE, stdout=subprocess.DEVNULL, stderr=subprocess.PIPE, text=True)
        process.stdin.write("route del %s\n" % to)
        process.stdin.flush()
        self.open.append((process, time.monotonic() + EDIT_LIVES))
        self.edits.append((host, to, process))

    def reap(self, everything=False):
        still = []
        for process, until in self.open:
            if not everything and time.monotonic() < until:
                still.append((process, until))
                continue
            process.communicate()
        self.open = still

    def done(self):
        """Those that the kernel took: an edit of a route that a trial had just put away is none."""
        return [(host, to, process.pid) for host, to, process in self.edits if process.returncode == 0]


def lasting(number):
    return "11.%d.%d.0/24" % (number // 250, number % 250)


def moving(turn):
    return ["12.%d.%d.0/24" % (turn % 250, number) for number in range(MOVING)]


class Chaos:
    def __init__(self, lab, seed):
        self.lab, self.source = lab, random.Random(seed)
        self.turns = {host: 0 for host in lab.hosts}
        self.applied, self.refused = 0, 0
        self.editor = Editor(lab, seed)
        lab.core(["ip", "addr", "add", PROXY.split(":")[0] + "/16", "dev", "br0"])
        self.proxy = subprocess.Popen(["ip", "netns", "exec", lab.namespace("collector"), sys.executable, os.path.join(HERE, "proxy.py"),
                                       PROXY, COLLECTOR, str(seed)], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True)
        if self.proxy.stdout.readline().strip() != "ready":
            sys.exit("chaos.py: the proxy does not start")

    def say(self, word):
        self.proxy.stdin.write(word + "\n")
        self.proxy.stdin.flush()

    def end(self):
        self.editor.end()
        if self.proxy.poll() is None:
            self.proxy.kill()
            self.proxy.wait()

    def wanted(self, host):
        return [lasting(number) for number in range(LASTING)] + moving(self.turns[host])

    def write(self, hosts):
        for host in hosts:
            self.turns[host] += 1
            self.lab.write_host(host, [harmless(to) for to in self.wanted(host)])
        try:
            self.lab.apply()
            self.applied += 1
        except subprocess.CalledProcessError:
            self.refused += 1

    def begin(self):
        """Everybody through the proxy, calm, and everything in force."""
        self.lab.write_common(10)
        for host in self.lab.hosts:
            config = os.path.join(self.lab.directory(host), "agent.yaml")
            with open(config, encoding="utf-8") as file:
                text = file.read()
            with open(config, "w", encoding="utf-8") as file:
                file.write(text.replace(COLLECTOR, PROXY))

        def restart(host):
            self.lab.lab("kill", host, stdout=subprocess.DEVNULL)
            os.unlink(os.path.join(self.lab.directory(host), "state", "starts"))  # this was no crash
            self.lab.lab("start", host, stdout=subprocess.DEVNULL)
        with ThreadPoolExecutor(4) as pool:
            list(pool.map(restart, self.lab.hosts))
        self.write(self.lab.hosts)
        problems = self.settle()
        if problems:
            sys.exit("chaos.py: the lab is not as written before anything was disturbed: %s" % problems[:3])

    def rage(self, seconds):
        began = time.monotonic()
        next_write, next_away = began, began + self.source.uniform(15, 40)
        self.say("wild")
        self.editor.start()
        while time.monotonic() < began + seconds:
            now = time.monotonic()
            if now >= next_write:
                self.write(self.source.sample(self.lab.hosts, max(1, len(self.lab.hosts) // 5)))
                next_write = now + self.source.uniform(3, 8)
            if now >= next_away:
                self.say("away")
                time.sleep(self.source.uniform(1, 6))
                self.say("wild")
                next_away = time.monotonic() + self.source.uniform(20, 60)
            time.sleep(0.02)
        self.editor.end()

    def settle(self):
        """Waits until every host is as it is written; what is not, by then."""
        problems, end = ["?"], time.monotonic() + CALM_WITHIN
        while problems and time.monotonic() < end:
            time.sleep(1)
            summaries = self.lab.summaries()
            problems = [text for host in self.lab.hosts for text in self.differences(host, summaries[host])]
        return problems

    def differences(self, host, summary):
        numbers = summary["numbers"][0] if summary["numbers"] else {"offered": 0, "running": -1}
        if not is_calm(summary) or numbers["offered"] != numbers["running"]:
            return ["%s: %s (%s), %s of %s running, %s" % (host, summary["state"], summary["silence_reason"], numbers["running"], numbers["offered"],
                                                           numbers.get("blocked"))]
        have = [line.split()[0] for line in self.lab.routes(host)]
        return [] if have == sorted(self.wanted(host)) else ["%s: %d routes, %d wanted" % (host, len(have), len(self.wanted(host)))]


def judge_host(lab, host, edits):
    """What the record lacks, holds twice, or tells wrongly of the edits of one host."""
    history = json.loads(lab.ctl("host", "history", host, "--limit", "1000", "-o", "json"))
    drifts = [drift for drift in json.loads(lab.ctl("drift", "list", "--all", "--limit", "1000", "--host", host, "-o", "json")) if drift["kind"] == "missing"]
    problems = []
    numbers = sorted(event["sequence"] for event in history["events"])
    if history["lost_events"] or (len(numbers) < 1000 and numbers != list(range(1, len(numbers) + 1))):
        problems.append("%s: events are lost or doubled: %d of 1 to %d, %d said to be lost" % (host, len(numbers), max(numbers), history["lost_events"]))
    for to, pid in edits:
        told = [e for e in history["events"] if e["type"] == "route_change" and e["key_text"].split()[0] == to and e["change"] == "removed"]
        repairs = [e for e in history["events"] if e["type"] == "route_repair" and e["key_text"].split()[0] == to and e["outcome"] == "repaired"]
        shown = [d for d in drifts if d["key_text"].split()[0] == to]
        authors = [(d["author"] or {}).get("pid") for d in shown]
        if len(told) != 1 or (told[0]["author"] or {}).get("pid") != pid:
            problems.append("%s %s: %d removals told, by %s, not one by %d" % (host, to, len(told), [e["author"] for e in told], pid))
        if len(shown) != 1 or shown[0]["count"] != 1 or authors != [pid] or shown[0]["state"] == "open":
            problems.append("%s %s: drifts %s by %s, not one by %d, closed" % (host, to, [(d["state"], d["outcome"], d["count"]) for d in shown], authors, pid))
        if len(repairs) > 1:
            problems.append("%s %s: repaired %d times in the record" % (host, to, len(repairs)))
    expected = Counter(to for to, _ in edits)
    strange = [d["key_text"] for d in drifts if d["key_text"].startswith("11.") and d["key_text"].split()[0] not in expected]
    return problems + ["%s: drifts that nobody made: %s" % (host, strange[:3])] * bool(strange)


def run(lab, arguments):
    chaos = Chaos(lab, arguments.seed)
    try:
        chaos.begin()
        running = {host: pid_of(lab, host) for host in lab.hosts + ["collector"]}
        chaos.rage(arguments.minutes * 60)
        chaos.say("calm")
        began = time.monotonic()
        chaos.write(lab.hosts)  # the last word
        problems = chaos.settle()
        settled = time.monotonic() - began
        edits = chaos.editor.done()
        time.sleep(3)  # what was told last is written
        for host in lab.hosts:
            problems += judge_host(lab, host, [(to, pid) for where, to, pid in edits if where == host])
        problems += ["%s died" % target for target, pid in running.items() if pid_of(lab, target) != pid]
        chaos.say("end")
        did = json.loads(chaos.proxy.stdout.readline())
    finally:
        chaos.end()
    outcomes = Counter(event["result"]["outcome"] for host in lab.hosts for event in lab.events(host, 1000) if event["type"] == "generation_result")
    print(json.dumps({"hosts": len(lab.hosts), "minutes": arguments.minutes, "seed": arguments.seed, "revisions": chaos.applied,
                      "revisions_refused": chaos.refused, "hand_edits": len(edits), "streams": did, "generations": outcomes,
                      "as_written_s": round(settled, 1), "problems": len(problems), "which": problems[:20]}), flush=True)
    return 1 if problems else 0


def pid_of(lab, target):
    """Of the process that runs now; a text when it is gone."""
    with open(os.path.join(lab.directory(target), "pid"), encoding="utf-8") as file:
        pid, start = file.read().split()
    try:
        with open("/proc/%s/stat" % pid, encoding="utf-8") as file:
            return pid if re.sub(r".*\) ", "", file.read()).split()[19] == start else "gone"
    except OSError:
        return "gone"


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("binaries")
    parser.add_argument("--minutes", type=float, default=10)
    parser.add_argument("--hosts", type=int, default=50)
    parser.add_argument("--seed", type=int, default=1)
    arguments = parser.parse_args()
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(1))
    with Lab(arguments.binaries, arguments.hosts) as lab:
        return run(lab, arguments)


sys.exit(main())
