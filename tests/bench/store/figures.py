#!/usr/bin/env python3
"""Figures of the store: changed hosts stored durably, against the same rows written by plain SQLite.

usage: figures.py BIN_DIR [PAIRS]: prints one JSON object per figure; its files live in a temporary directory.
"""
import json
import statistics
import subprocess
import sys
import tempfile


def measured(program, path, round_number):
    done = subprocess.run([program, path, str(round_number)], check=True, text=True, stdout=subprocess.PIPE)
    return json.loads(done.stdout)


def show(figure, value, unit, **more):
    print(json.dumps({"bench": "store", "figure": figure, "value": round(value, 3), "unit": unit, **more}), flush=True)


def main():
    binaries = sys.argv[1]
    pairs_wanted = int(sys.argv[2]) if len(sys.argv) > 2 else 7
    with tempfile.TemporaryDirectory(prefix="ondol-bench-store-") as directory:
        pairs = []
        for number in range(1, pairs_wanted + 2):
            ours = measured(binaries + "/bench_store_ingest", directory + "/ours.db", number)
            floor = measured(binaries + "/floor_store_upsert", directory + "/floor.db", number)
            if number > 1:  # the first round inserts, the others change what is there
                pairs.append((ours, floor))
    ratios = [ours["hosts_per_s"] / floor["hosts_per_s"] for ours, floor in pairs]
    value = statistics.median(ratios)
    median = lambda side, key: statistics.median(pair[side][key] for pair in pairs)
    show("store.ingest_changed.vs_raw", value, "ratio", must=">=0.7", met=value >= 0.7,
         self=median(0, "hosts_per_s"), peer=median(1, "hosts_per_s"), peer_name="raw batched upsert, SQLite (hosts/s)",
         spread=[round(min(ratios), 2), round(max(ratios), 2)], cpu_us_per_host=[median(0, "cpu_us_per_host"), median(1, "cpu_us_per_host")])
    show("store.commit_p99_ms", median(0, "commit_p99_ms"), "ms", p50_ms=median(0, "commit_p50_ms"))


main()
