#!/usr/bin/env python3
"""What a trial costs: the same change of 2,000 routes on one lab host, tried first and not tried first, A B A B.

usage: figures.py BIN_DIR [PAIRS] [ROUTES]: starts its own lab, prints one JSON object per figure, takes the lab down.
"""
import os
import socket
import statistics
import sys
import time
from datetime import datetime

sys.path.insert(0, os.path.join(os.path.dirname(os.path.dirname(os.path.abspath(__file__))), "safety"))
from bad_revisions import GATEWAY, harmless  # noqa: E402
from lab import Lab  # noqa: E402
from report import show  # noqa: E402

OTHER = "10.77.254.254"
LIMIT = 50     # ms, beside the round trips
# Before the change and after it: a connection (1), its TLS (1) and a call (1); then the word of the collector and what it asked for (2).
ROUND_TRIPS = 8


def written(lab, gateway, trial, routes):
    lab.write("global.yaml", "mode: { routes: enforce }\ntrial: { enabled: %s }\nroutes: { unlisted: ignore, list: [] }\n" % ("true" if trial else "false"))
    lab.write_host("h1", [harmless("11.%d.%d.0/24" % (i // 250, i % 250), gateway) for i in range(routes)])


def seconds(text):
    return datetime.fromisoformat(text.replace("Z", "+00:00")).timestamp()


def change(lab, gateway, trial, routes):
    """Milliseconds from the start of `config apply` until the collector had received that it is confirmed."""
    written(lab, gateway, trial, routes)
    start = time.time()
    lab.apply()
    offered, end = lab.offered("h1"), time.monotonic() + 60
    while time.monotonic() < end:
        for event in lab.events("h1"):
            if event["type"] == "generation_result" and event["result"]["generation"] == offered and event["result"]["outcome"] == "confirmed":
                return (seconds(event["received_at"]) - start) * 1000, event["result"]["duration_ns"] / 1e6
        time.sleep(0.05)
    sys.exit("figures.py: generation %d was not confirmed: %s" % (offered, lab.results("h1").get(offered)))


def round_trip(lab):
    """Median milliseconds of a TCP connection from the collector's namespace to the host."""
    samples = []
    with lab.inside("collector"):
        for _ in range(50):
            began = time.perf_counter()
            socket.create_connection(("10.77.0.3", 9790), 5).close()
            samples.append((time.perf_counter() - began) * 1000)
    return statistics.median(samples)


def main():
    binaries = sys.argv[1]
    pairs = int(sys.argv[2]) if len(sys.argv) > 2 else 15
    routes = int(sys.argv[3]) if len(sys.argv) > 3 else 2000
    with Lab(binaries, 1) as lab:
        lab.write_common(60)
        change(lab, GATEWAY, True, routes)
        tried, untried = [], []
        for _ in range(pairs):
            for trial, into in ((True, tried), (False, untried)):
                into.append(change(lab, OTHER, trial, routes))
                change(lab, GATEWAY, trial, routes)  # back, not counted
        trip = round_trip(lab)
    differences = [a[0] - b[0] for a, b in zip(tried, untried)]
    value = statistics.median(differences)
    show("safety.trial_overhead_ms", round(value, 1), "ms", "<=%d + round trips" % LIMIT, value <= LIMIT + ROUND_TRIPS * trip,
         spread=[round(min(differences), 1), round(max(differences), 1)], self=round(statistics.median(a[0] for a in tried), 1),
         peer=round(statistics.median(b[0] for b in untried), 1), peer_name="the same change with trial: { enabled: false }",
         routes=routes, pairs=pairs, round_trips=ROUND_TRIPS, round_trip_ms=round(trip, 3),
         clock="config apply called -> the collector received `confirmed`")


main()
