#!/usr/bin/env python3
"""A million route changes under a real agent: does its memory grow with what has passed?

usage: leak.py BIN_DIR [EVENTS]: starts its own lab, prints one JSON object, takes the lab down; fails when it grew.
A round adds and deletes routes of somebody else and takes away some of ours, which are repaired, told and acknowledged.
"""
import json
import os
import statistics
import subprocess
import sys
import tempfile
import time

from measured_host import MeasuredHost

ROUND = 50_000           # events: half of them added, half deleted
AT_A_TIME = 500          # then a pause, so that the agent reads each change instead of dumping all
OURS = 20                # of our routes a round
LIMIT_MIB = 2.0          # of growth over the second half


def write_bursts(folder):
    """Files of AT_A_TIME lines each, whose order adds and deletes every route once."""
    files, lines = [], []
    for base in range(0, ROUND // 2, AT_A_TIME):
        for verb in ("add", "del"):
            for i in range(base, base + AT_A_TIME):
                lines.append("route %s 100.%d.%d.%d/32 via 10.77.255.1 proto static\n" % (verb, 64 + i // 65536, i // 256 % 256, i % 256))
            files.append(os.path.join(folder, "%s%d" % (verb, base)))
            with open(files[-1], "w", encoding="ascii") as out:
                out.writelines(lines)
            lines.clear()
    return files


def play_round(host, files):
    for file in files:
        subprocess.run(["ip", "-n", host.namespace, "-batch", file], check=True)
    for i in range(OURS):
        subprocess.run(["ip", "-n", host.namespace, "route", "del", "11.0.%d.0/24" % i], check=True)
    host.wait_in_sync()


def main():
    events = int(sys.argv[2]) if len(sys.argv) > 2 else 1_000_000
    rounds = max(4, events // ROUND)
    with MeasuredHost(sys.argv[1], 2000) as host, tempfile.TemporaryDirectory() as folder:
        agent, files, seen = host.agent(), write_bursts(folder), []
        lost = host.metric("ondol_agent_netlink_overruns_total")
        for _ in range(rounds):
            play_round(host, files)
            time.sleep(11)  # twice the interval at which the agent gives memory back
            seen.append(agent.resident_mib())
            print("%9d events: %.2f MiB" % (len(seen) * ROUND, seen[-1]), file=sys.stderr, flush=True)
        second = seen[len(seen) // 2:]
        slope = statistics.linear_regression(range(len(second)), second).slope
        growth = slope * len(second)
        figure = {"bench": "agent", "figure": "agent.leak.rss_growth_mib", "value": round(growth, 3), "unit": "MiB", "must": "<=%g" % LIMIT_MIB,
                  "met": growth <= LIMIT_MIB, "events": rounds * ROUND, "first": round(seen[0], 2), "last": round(seen[-1], 2),
                  "kib_per_100k_events": round(slope * 1024 * 100_000 / ROUND, 1), "dumps_instead_of_events": host.metric("ondol_agent_netlink_overruns_total") - lost}
        print(json.dumps(figure), flush=True)
        sys.exit(0 if growth <= LIMIT_MIB else 1)


main()
