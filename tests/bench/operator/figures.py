#!/usr/bin/env python3
"""How long an operator waits for lists of a big fleet: 10,000 hosts in the record of a real collector, asked by the real ondolctl.

usage: figures.py FOLDER_OF_PROGRAMS         Peer of the list: the record of the same hosts as a CSV, in one message and unsorted.
"""
import json
import pathlib
import socket
import statistics
import subprocess
import sys
import tempfile
import time

HOSTS = 10_000
PAIRS = 5


def free_port():
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return probe.getsockname()[1]


class Collector:
    def __init__(self, programs, folder):
        self.folder, self.programs = folder, programs
        self.socket = folder / "admin.sock"
        config = folder / "collector.yaml"
        config.write_text(f"state_dir: {folder}/state\nagents: {{ listen: '127.0.0.1:{free_port()}' }}\n"
                          f"enroll: {{ listen: '127.0.0.1:{free_port()}' }}\nadmin: {{ socket: {self.socket} }}\n"
                          f"metrics: {{ listen: '127.0.0.1:{free_port()}' }}\nnames: [127.0.0.1]\n")
        (folder / "state").mkdir()
        self.process = subprocess.Popen([programs / "ondol-collector", "--config", config, "--admin-group", "root"],
                                        stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
        deadline = time.monotonic() + 30
        while subprocess.run(self.line("status"), capture_output=True).returncode != 0:
            if self.process.poll() is not None or time.monotonic() > deadline:
                sys.exit("the collector does not answer")
            time.sleep(0.1)

    def line(self, *words):
        return [str(self.programs / "ondolctl"), "--socket", str(self.socket), *words]

    def ask(self, *words, good=(0,)):
        """Milliseconds until the program has ended, and what it wrote."""
        start = time.monotonic()
        said = subprocess.run(self.line(*words), capture_output=True, text=True)
        if said.returncode not in good:
            sys.exit(f"ondolctl {' '.join(words)}: {said.returncode}: {said.stderr}{said.stdout[:300]}")
        return (time.monotonic() - start) * 1e3, said.stdout

    def stop(self):
        self.process.terminate()
        self.process.wait(timeout=20)


def tell(figure, value, unit, **more):
    print(json.dumps({"bench": "operator", "figure": figure, "value": round(value, 3), "unit": unit, **more}), flush=True)


def absolute(collector, figure, *words, good=(0,)):
    samples = [collector.ask(*words, good=good)[0] for _ in range(PAIRS)]
    tell(figure, statistics.median(samples), "ms", spread=[round(min(samples), 1), round(max(samples), 1)])


def compare_list(collector):
    ours, peers = [], []
    for _ in range(PAIRS):
        milliseconds, text = collector.ask("host", "list", "--no-headers")
        ours.append(milliseconds)
        peers.append(collector.ask("cmdb", "export", "-")[0])
        if len(text.splitlines()) != HOSTS:
            sys.exit(f"host list has {len(text.splitlines())} lines")
    ratios = [a / b for a, b in zip(ours, peers)]
    tell("operator.host_list_10000.vs_export", statistics.median(ratios), "ratio", self=round(statistics.median(ours), 1),
         peer=round(statistics.median(peers), 1), peer_name="cmdb export", spread=[round(min(ratios), 2), round(max(ratios), 2)])


def main():
    programs = pathlib.Path(sys.argv[1]).resolve()
    with tempfile.TemporaryDirectory(prefix="ondol-operator-") as name:
        folder = pathlib.Path(name)
        collector = Collector(programs, folder)
        try:
            columns = "name,cluster,phase,app_type,app_group,app,service_code,owner,rack,labels\n"
            record = columns + "".join(f"pay-web-{i:05},seoul-1,live,api,payments,settlement,,kim,,\n" for i in range(HOSTS))
            (folder / "hosts.csv").write_text(record)
            collector.ask("cmdb", "import", str(folder / "hosts.csv"))
            (folder / "fleet/layers").mkdir(parents=True)
            (folder / "fleet/layers/global.yaml").write_text("mode: { routes: enforce }\nroutes: { list: [ { to: 10.20.0.0/16, via: 10.0.0.1 } ] }\n")
            collector.ask("config", "apply", "--no-wait", str(folder / "fleet"))
            compare_list(collector)
            absolute(collector, "operator.host_list_10000_json_ms", "host", "list", "-o", "json")
            absolute(collector, "operator.status_10000_ms", "status")
            absolute(collector, "operator.progress_10000_ms", "config", "progress")
            absolute(collector, "operator.complete_host_ms", "completion", "words", "hosts", "pay-web-099")
        finally:
            collector.stop()


main()
