#!/usr/bin/env python3
"""What an agent costs its host, against a real prometheus-node-exporter on the same host in the same minutes.

usage: figures.py BIN_DIR [PAIRS]: starts its own lab, prints one JSON object per figure, takes the lab down. The host has
2,000 enforced routes and no firewall rules, because agents manage none yet.
"""
import json
import os
import statistics
import subprocess
import sys
import tempfile
import threading
import time

from measured_host import AGENT, EXPORTER, MeasuredHost, Process, wait_for

ROUTES, SCRAPES, WINDOW_S = 2000, 5, 15
STORM = 100_000
CORES = 128
PEER = "prometheus-node-exporter, scraped as often"
SCOPE = "2,000 routes, one mTLS stream; no firewall rules: agents manage none yet"


def show(figure, value, unit, must, met, **more):
    print(json.dumps({"bench": "agent", "figure": figure, "value": round(value, 3), "unit": unit, "must": must, "met": met, **more}), flush=True)


def ratio(figure, pairs, limit, unit, **more):
    ratios = [ours / theirs for ours, theirs in pairs]
    value = statistics.median(ratios)
    show(figure, value, "ratio", "<=%g" % limit, value <= limit, self=round(statistics.median(ours for ours, _ in pairs), 2),
         peer=round(statistics.median(theirs for _, theirs in pairs), 2), peer_name="%s (%s)" % (PEER, unit),
         spread=[round(min(ratios), 2), round(max(ratios), 2)], pairs=len(pairs), scope=SCOPE, **more)


def scrape_both(host):
    for port in (AGENT, EXPORTER):
        if not host.scrape(port):
            sys.exit("bench agent: no answer on port %d" % port)


def live_once(host, agent):
    """One life of both processes: in sync, a change tried and confirmed, scraped."""
    exporter, process = host.start_exporter()
    host.wait_in_sync()
    host.change_one_route()
    for _ in range(SCRAPES):
        scrape_both(host)
        time.sleep(1)
    time.sleep(6)  # so that both have given back what the change took
    figures = {"rss": (agent.peak_mib(), exporter.peak_mib()), "dirty": (agent.dirty_mib(), exporter.dirty_mib())}
    return figures, exporter, process


def measure_memory(host, pairs):
    lives = []
    for number in range(pairs):
        agent = host.agent() if number == 0 else host.restart_agent()
        figures, exporter, process = live_once(host, agent)
        lives.append(figures)
        if number + 1 < pairs:
            host.stop_exporter(process)
    ratio("agent.rss.vs_node_exporter", [life["rss"] for life in lives], 0.9, "VmHWM, MiB")
    ratio("agent.dirty.vs_node_exporter", [life["dirty"] for life in lives], 0.6, "private dirty, MiB")
    return agent, exporter


def measure_idle(host, agent, exporter, windows):
    host.wait_in_sync()
    time.sleep(6)  # the threads of the last trial leave
    pairs = []
    for _ in range(windows):
        before = agent.cpu_ms(), exporter.cpu_ms()
        begun = time.monotonic()
        scrape_both(host)
        time.sleep(WINDOW_S - (time.monotonic() - begun))
        pairs.append((agent.cpu_ms() - before[0], exporter.cpu_ms() - before[1]))
    ratio("agent.idle_cpu.vs_node_exporter", pairs, 0.7, "ms of CPU in %d s" % WINDOW_S)


def write_storm(folder):
    files = []
    for verb in ("add", "del"):
        files.append(os.path.join(folder, verb))
        with open(files[-1], "w", encoding="ascii") as out:
            for i in range(STORM):
                out.write("route %s 100.%d.%d.%d/32 via 10.77.255.1 proto static\n" % (verb, 64 + i // 65536, i // 256 % 256, i % 256))
    return files


def measure_storm(host, agent):
    """Routes of somebody else come and go; what the agent holds afterwards, once it has looked and the host is quiet."""
    before, peak, over = agent.resident_mib(), [0.0], threading.Event()

    def watch():
        while not over.wait(0.05):
            peak[0] = max(peak[0], agent.resident_mib())

    watcher = threading.Thread(target=watch)
    watcher.start()
    resyncs = host.metric("ondol_agent_resyncs_total")
    with tempfile.TemporaryDirectory() as folder:
        for file in write_storm(folder):
            subprocess.run(["ip", "-n", host.namespace, "-batch", file], check=True)
    host.wait_in_sync(90)
    limit, after = time.monotonic() + 60, agent.resident_mib()
    while time.monotonic() < limit and after > before + 0.5:
        time.sleep(1)
        after = agent.resident_mib()
    over.set()
    watcher.join()
    growth = after - before
    show("agent.storm_100k.rss_growth_mib", growth, "MiB", "<=2", growth <= 2, before=round(before, 1), peak=round(peak[0], 1),
         after=round(after, 1), resyncs=host.metric("ondol_agent_resyncs_total") - resyncs, scope="100,000 foreign routes added and deleted")


# The kernel's own files say 128 cores to this process and all it starts: the C library reads no others.
FAKE = """
set -e
printf '0-%d\\n' >"$1"
for file in online possible present; do mount --bind "$1" /sys/devices/system/cpu/$file; done
[ "$(getconf _NPROCESSORS_CONF)" = "$2" ] && [ "$(getconf _NPROCESSORS_ONLN)" = "$2" ] || { echo "no $2 cores here" >&2; exit 3; }
shift 2
exec "$@"
""" % (CORES - 1)


def threads_of(host, agent):
    """At rest, and the most while a change is tried."""
    host.wait_in_sync()
    most, over = [0], threading.Event()

    def watch():
        while not over.wait(0.01):
            most[0] = max(most[0], agent.threads())

    watcher = threading.Thread(target=watch)
    watcher.start()
    host.change_one_route()
    over.set()
    watcher.join()
    time.sleep(7)
    return agent.threads(), most[0]


def measure_threads(host, agent):
    here = threads_of(host, agent)
    host.stop_agent(agent)
    with tempfile.NamedTemporaryFile() as cores:
        os.chmod(cores.name, 0o644)
        caps = "-all,+net_admin"
        process = host.start_in_namespace(
            "unshare", "-m", "sh", "-c", FAKE, "sh", cores.name, str(CORES), "setpriv", "--reuid", "ondol", "--regid", "ondol",
            "--clear-groups", "--inh-caps", caps, "--ambient-caps", caps, "--bounding-set", caps,
            host.binaries + "/ondol-agent", "run", "--config", os.path.join(host.folder, "h1", "agent.yaml"),
            stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
        wait_for(20, "an agent that is told of %d cores" % CORES, lambda: host.scrape(AGENT) or process.poll() is not None)
        if process.poll() is not None:
            sys.exit("bench agent: the agent did not start with %d cores" % CORES)
        large = threads_of(host, Process(process.pid))
        process.terminate()
        process.wait()
        host.own.remove(process)
    show("agent.threads_at_128_cores", large[0], "threads", "<=12", large[0] <= 12, self=large[0], peer=here[0],
         peer_name="the same with this machine's cores (%d)" % os.cpu_count(), during_a_trial=large[1], during_a_trial_here=here[1],
         faked_by="files bound over /sys/devices/system/cpu; the C library read %d" % CORES)


def main():
    pairs = int(sys.argv[2]) if len(sys.argv) > 2 else 5
    with MeasuredHost(sys.argv[1], ROUTES) as host:
        agent, exporter = measure_memory(host, pairs)
        measure_idle(host, agent, exporter, pairs)
        measure_storm(host, agent)
        measure_threads(host, agent)


main()
