#!/usr/bin/env python3
"""Agents killed with SIGKILL at every failpoint of a trial: is the kernel ever left between two generations, and is the
undo on time when no agent is there to do it?

usage: crash_cycles.py BIN_DIR [CYCLES] [HOSTS]: BIN_DIR holds the dev build (failpoints). Prints one JSON object per figure.
"""
import json
import os
import random
import re
import subprocess
import sys
import time

sys.path.insert(0, __file__.rsplit("/", 1)[0])
from bad_revisions import GATEWAY, harmless  # noqa: E402
from lab import Lab, TOP  # noqa: E402

WINDOW = 5      # seconds of a trial
SLACK = 8       # seconds after it in which everything is as it was
ROUTES = 40


def failpoints():
    """Every failpoint that the interpreter passes, as the source names them."""
    found = set()
    for folder in ("agent/runtime", "agent/state"):
        for path in sorted(os.listdir(os.path.join(TOP, folder))):
            if path.endswith(".cc"):
                with open(os.path.join(TOP, folder, path), encoding="utf-8") as source:
                    found.update(re.findall(r'ONDOL_FAILPOINT\("([a-z_]+)"\)', source.read()))
    return sorted(found)


def generation(number):
    """Two sets that differ in additions, removals and gateways."""
    lines = []
    for i in range(ROUTES):
        if (i + number) % 4 == 0:
            continue
        lines.append(harmless("11.0.%d.0/24" % i, GATEWAY if (i + number) % 3 else "10.77.254.254"))
    return lines


class Monitor:
    """Timestamps of every route event of a host, read when the cycle is over."""

    def __init__(self, namespace):
        self.file = open("/tmp/ondol-crash.%s" % namespace, "w+", encoding="utf-8")
        self.process = subprocess.Popen(["ip", "-n", namespace, "-tshort", "monitor", "route"], stdout=self.file)

    def times(self):
        self.file.seek(0)
        found = []
        for stamp in re.findall(r"^\[(\d{4}-\d\d-\d\dT[0-9:]+\.\d+)\]", self.file.read(), re.M):
            day, fraction = stamp.split(".")
            found.append(time.mktime(time.strptime(day, "%Y-%m-%dT%H:%M:%S")) + float("0." + fraction))
        return found

    def close(self):
        self.process.terminate()
        self.process.wait()
        self.file.close()
        os.unlink(self.file.name)


def show(figure, value, unit, must="", met=None, **more):
    print(json.dumps({"bench": "safety", "figure": figure, "value": value, "unit": unit, "must": must, "met": met, **more}), flush=True)


def in_force(lab, host, number):
    return len(lab.routes(host)) == len(generation(number))


def restart(lab, host, failpoint=None):
    lab.lab("kill", host, check=False, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    # Three kills in five minutes end in safe mode, which would end the test.
    starts = "%s/%s/%s/state/starts" % (os.environ.get("ONDOL_LAB_DIR", "/var/tmp/ondol-lab"), lab.name, host)
    if os.path.exists(starts):
        os.unlink(starts)
    environment = {"ONDOL_FAILPOINT": failpoint} if failpoint else None
    lab.lab("start", host, environment=environment, check=False, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)


def online(lab):
    lab.wait(60, lambda host: json.loads(lab.ctl("host", "show", host, "-o", "json"))["state"] == "online")


def cycle(lab, source, number, points):
    """All hosts once: kill at a failpoint of the apply of `number`; half of them are restarted at once, half stay dead."""
    before = {host: lab.routes(host) for host in lab.hosts}
    monitors = {host: Monitor(lab.namespace(host)) for host in lab.hosts}
    chosen = {host: source.choice(points) for host in lab.hosts}
    for host in lab.hosts:
        restart(lab, host, chosen[host])
    online(lab)
    for host in lab.hosts:
        lab.write_host(host, generation(number))
    lab.apply()
    time.sleep(2)
    revived = {host for host in lab.hosts if source.random() < 0.5}
    for host in revived:
        restart(lab, host)
    time.sleep(WINDOW + SLACK - 2)
    after = {host: lab.routes(host) for host in lab.hosts}
    lateness = []
    for host in lab.hosts:
        times = monitors[host].times()
        if host not in revived and after[host] == before[host] and len(times) > 1 and times[-1] - times[0] > 1:
            first_undo = next(stamp for stamp in times if stamp - times[0] > 1)
            lateness.append(first_undo - times[0] - WINDOW)
        monitors[host].close()
    for host in lab.hosts:
        restart(lab, host)
    online(lab)
    wanted = sorted(set(to for line in generation(number) for to in re.findall(r"to: ([0-9./]+)", line)))
    mixed = []
    for host in lab.hosts:
        is_new = sorted(line.split()[0] for line in after[host]) == wanted
        if after[host] != before[host] and not is_new:
            mixed.append("%s at %s" % (host, chosen[host]))
    return chosen, mixed, lateness


def percentile(values, share):
    return sorted(values)[min(len(values) - 1, int(len(values) * share))] if values else None


def main():
    binaries = sys.argv[1]
    cycles = int(sys.argv[2]) if len(sys.argv) > 2 else 1000
    hosts = int(sys.argv[3]) if len(sys.argv) > 3 else 30
    source, points = random.Random(7), failpoints()
    done, mixed, lateness, met_points, number = 0, [], [], {}, 1
    with Lab(binaries, hosts) as lab:
        lab.write_common(WINDOW)
        for host in lab.hosts:
            lab.write_host(host, generation(number))
        lab.apply()
        lab.wait(60, lambda host: in_force(lab, host, 1))
        while done < cycles:
            number += 1
            chosen, found, late = cycle(lab, source, number, points)
            mixed, lateness, done = mixed + found, lateness + late, done + len(lab.hosts)
            for point in chosen.values():
                met_points[point] = met_points.get(point, 0) + 1
            print("%d of %d cycles, mixed %d" % (done, cycles, len(mixed)), file=sys.stderr, flush=True)
    show("safety.mixed_states", len(mixed), "hosts", "0", not mixed, cycles=done, failpoints=met_points, which=mixed[:10])
    late = percentile(lateness, 0.99)
    show("safety.rollback_lateness_p99_s", None if late is None else round(late, 3), "s", "<=2", late is not None and late <= 2, samples=len(lateness))


main()
