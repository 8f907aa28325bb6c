#!/usr/bin/env python3
"""Figures of the whole road on a lab of one host: repair against a bare netlink echo, and an edit seen by a watcher.

usage: figures.py BIN_DIR [PAIRS] [SAMPLES]: starts its own lab, prints one JSON object per figure, takes the lab down.
"""
import json
import os
import statistics
import subprocess
import sys

TOP = os.path.dirname(os.path.dirname(os.path.dirname(os.path.dirname(os.path.abspath(__file__)))))
NAME = "bench%d" % os.getpid()


def lab(verb, *arguments, **options):
    return subprocess.run([TOP + "/deploy/lab", verb, "--name", NAME, *arguments], check=True, text=True, **options)


def probe(binaries, *arguments):
    done = lab("exec", "h1", binaries + "/probe_road", *arguments, stdout=subprocess.PIPE)
    return json.loads(done.stdout.strip().splitlines()[-1])


def show(figure, value, unit, must, met, **more):
    print(json.dumps({"bench": "routes", "figure": figure, "value": round(value, 3), "unit": unit, "must": must, "met": met, **more}), flush=True)


def ratio(figure, pairs, key, limit):
    ratios = [ours[key] / floor[key] for ours, floor in pairs]
    value = statistics.median(ratios)
    show(figure, value, "ratio", "<=%g" % limit, value <= limit,
         self=statistics.median(ours[key] for ours, _ in pairs), peer=statistics.median(floor[key] for _, floor in pairs),
         peer_name="cross-process netlink echo (us)", spread=[round(min(ratios), 2), round(max(ratios), 2)],
         samples=sum(ours["samples"] for ours, _ in pairs), lost=sum(ours["lost"] for ours, _ in pairs))


def main():
    binaries = os.path.abspath(sys.argv[1])
    pairs_wanted = int(sys.argv[2]) if len(sys.argv) > 2 else 5
    samples = sys.argv[3] if len(sys.argv) > 3 else "1500"
    os.environ["ONDOL_BIN"] = binaries
    lab("up", "--hosts", "1", "--routes", "2000", stdout=subprocess.DEVNULL)
    try:
        # Each route may be repaired a few times a minute before it counts as contested; fewer samples a round than routes.
        pairs = [(probe(binaries, "repair", samples), probe(binaries, "echo", samples)) for _ in range(pairs_wanted)]
        ratio("routes.repair_p50.vs_echo", pairs, "p50_us", 10)
        ratio("routes.repair_p99.vs_echo", pairs, "p99_us", 20)
        worst = statistics.median(ours["p99_us"] for ours, _ in pairs) / 1000
        show("routes.repair_p99_ms", worst, "ms", "<=5", worst <= 5)
        env = lab("env", stdout=subprocess.PIPE).stdout
        socket = [word.split("=", 1)[1] for word in env.split() if word.startswith("ONDOL_SOCKET=")][0]
        seen = probe(binaries, "watch", "300", "--", binaries + "/ondolctl", "--socket", socket, "drift", "watch")
        show("drift.visible_p99_ms", seen["p99_us"] / 1000, "ms", "<=1000", seen["p99_us"] <= 1e6 and seen["lost"] == 0,
             p50_ms=round(seen["p50_us"] / 1000, 2), samples=seen["samples"], lost=seen["lost"])
    finally:
        lab("down", stdout=subprocess.DEVNULL)


main()
