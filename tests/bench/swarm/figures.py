#!/usr/bin/env python3
"""Figures of a collector under a swarm of simulated agents, against gRPC with nothing behind it.

usage: figures.py BIN_DIR [HOSTS] [PAIRS]: makes its own network namespace, prints one JSON object per figure, removes all.
"""
import json
import os
import statistics
import subprocess
import sys
import time

from swarm_lab import Lab, SLOW

LAYER = """mode: {{ routes: enforce }}
trial: {{ enabled: {trial} }}
routes:
  conflict: take_over
  list:
{routes}
"""
WINDOW_S = 8          # one heartbeat of every host
STORM = 1000
AT_ONCE = 50
CALM_S = 5
BYSTANDER_MS = 4000


def show(figure, value, unit, **more):
    print(json.dumps({"bench": "swarm", "figure": figure, "value": round(value, 3), "unit": unit, **more}), flush=True)


def say(text):
    print(text, file=sys.stderr, flush=True)


def layer(routes, trial=False, place="global"):
    rows = "\n".join("    - { to: 10.%d.%d.0/24, via: 10.0.0.1 }" % (i // 250 + 1, i % 250) for i in range(routes))
    return {"layers/%s.yaml" % place: LAYER.format(trial=str(trial).lower(), routes=rows)}


def ratio(figure, pairs, must, is_met, **more):
    """pairs: (ours, floor); the figure is the median of the ratios."""
    ratios = [ours / floor for ours, floor in pairs]
    value = statistics.median(ratios)
    show(figure, value, "ratio", must=must, met=is_met(value), self=round(statistics.median(ours for ours, _ in pairs), 2),
         peer=round(statistics.median(floor for _, floor in pairs), 2), spread=[round(min(ratios), 3), round(max(ratios), 3)], **more)


def heartbeat_us(server, agents):
    """CPU of a heartbeat while every host sends one within the window."""
    agents.ask("reset")
    before = server.cpu_s()
    agents.ask("beat", WINDOW_S * 1000)
    time.sleep(WINDOW_S)
    agents.ask("beat", 0)
    time.sleep(0.2)
    used = server.cpu_s() - before
    beats = agents.ask("counts")["beats"]
    return used / beats * 1e6


def commits(lab):
    return lab.metrics()["ondol_collector_store_commit_seconds_count"]


def idle_figures(lab, collector, floor, ours, bare, pairs_wanted):
    """What an unchanged host costs: CPU, rows, memory."""
    heartbeat_us(collector, ours), heartbeat_us(floor, bare)
    pairs, written, idle = [], 0, 0
    for _ in range(pairs_wanted):
        counts = [commits(lab)]
        own = heartbeat_us(collector, ours)
        counts.append(commits(lab))
        pairs.append((own, heartbeat_us(floor, bare)))
        counts.append(commits(lab))
        written, idle = written + counts[1] - counts[0], idle + counts[2] - counts[1]
    ratio("swarm.cpu_per_heartbeat.vs_floor", pairs, "<=1.15", lambda value: value <= 1.15,
          peer_name="bare gRPC stream (us)", hosts=lab.hosts, heartbeats_per_s=round(lab.hosts / WINDOW_S))
    # The store's own upkeep goes on with and without heartbeats; one commit may fall on either side of a window.
    extra = max(0, written - idle)
    show("swarm.db_writes_per_unchanged_heartbeat", extra / (lab.hosts * pairs_wanted), "commits", must="0", met=extra <= pairs_wanted,
         heartbeats=lab.hosts * pairs_wanted, commits=written, commits_without=idle)
    sizes = [server.memory_kib() for server in (collector, floor)]
    per_host = [size["private_dirty"] / lab.hosts for size in sizes]
    ratio("swarm.mem_per_idle_host.vs_floor", [per_host], "<=1.1", lambda value: value <= 1.1,
          peer_name="bare gRPC stream (KiB private dirty)", hosts=lab.hosts,
          peak_rss_mib=[round(size["peak_rss"] / 1024) for size in sizes], threads=[collector.threads(), floor.threads()])
    return statistics.median(own for own, _ in pairs)


def fleet_figure(heartbeat, change):
    """Arithmetic: a heartbeat every 30 s, one host in a hundred changing each minute as the pushed ones did."""
    per_host = heartbeat / 30 + change * 0.01 / 60
    show("swarm.hosts_per_vcpu", 1e6 / per_host, "hosts", must=">=50000", met=1e6 / per_host >= 50000,
         heartbeat_us=round(heartbeat, 1), change_us=round(change))


def connect(agents, first, count):
    """Not a storm: the next hosts come when the ones before are welcome. Returns the seconds."""
    begun = time.monotonic()
    for at in range(first, first + count, AT_ONCE):
        agents.ask("connect", at, min(AT_ONCE, first + count - at))
    return time.monotonic() - begun


def storm_rates(server, agents, count):
    """Registered agents per CPU second of the server, and per second of time, all at once."""
    before = server.cpu_total_s()
    done = agents.ask("connect", 0, count)
    rate = count / (server.cpu_total_s() - before)
    agents.ask("drop", 0, count)
    time.sleep(0.5)
    return rate, count / done["seconds"]


def storm_figures(lab, collector, floor, ours, bare, pairs_wanted):
    count = min(STORM, lab.hosts)
    storm_rates(collector, ours, count), storm_rates(floor, bare, count)
    rounds = [(storm_rates(collector, ours, count), storm_rates(floor, bare, count)) for _ in range(pairs_wanted)]
    ratio("swarm.storm_accept.vs_floor", [(own[0], other[0]) for own, other in rounds], ">=0.8", lambda value: value >= 0.8,
          peer_name="bare gRPC accept and one message (agents per core and s)", agents=count,
          agents_per_s=[round(statistics.median(side[1] for side in sides)) for sides in zip(*rounds)])


def push_figure(lab, collector, ours, name, layers, generation):
    ours.tell("watch", generation, lab.hosts)
    before = collector.cpu_total_s()
    asked = lab.apply(layers)
    done = ours.answer()
    time.sleep(1)  # what follows the last answer belongs to it
    change_us = (collector.cpu_total_s() - before) / lab.hosts * 1e6
    applied, kept = ([round(at - asked, 2) for at in done[word]] for word in ("applied", "kept"))
    rate = lab.hosts / applied[3]
    show(name, applied[3], "s", must=">=1000 hosts/s", met=rate >= 1000, hosts=lab.hosts, hosts_per_s=round(rate),
         applied_s=dict(zip(("50", "90", "99", "100"), applied)), kept_s=dict(zip(("50", "90", "99", "100"), kept)), cpu_us_per_host=round(change_us))
    return change_us


def calm_us(ours):
    ours.ask("reset")
    time.sleep(CALM_S)
    return ours.ask("counts")


def storm_us(ours, stormers, first, count):
    stormers.ask("drop", first, count)
    time.sleep(1)
    ours.ask("reset")
    done = stormers.ask("connect", first, count)
    return ours.ask("counts"), done["seconds"]


def bystander_figures(ours, stormers, first, count, pairs_wanted):
    """ours beat and are answered; stormers are the last 20 %."""
    ours.ask("beat", BYSTANDER_MS, "answered")
    time.sleep(2 * BYSTANDER_MS / 1000 + 1)  # the first of each host has no answer
    rounds = [(calm_us(ours), storm_us(ours, stormers, first, count)) for _ in range(pairs_wanted)]
    ours.ask("beat", 0)
    lost = sum(calm["lost"] + storm[0]["lost"] for calm, storm in rounds)
    ratio("swarm.storm_bystander_p99.vs_calm", [(storm[0]["delays_us"][2], calm["delays_us"][2]) for calm, storm in rounds],
          "<=5, none dropped", lambda value: value <= 5 and lost == 0, peer_name="no storm (us)", dropped=lost, bystanders=first,
          reconnecting=count, p50_us=[statistics.median(counts["delays_us"][0] for counts in side)
                                      for side in ([storm[0] for _, storm in rounds], [calm for calm, _ in rounds])],
          storm_s=round(statistics.median(storm[1] for _, storm in rounds), 2))


def restart_figure(lab, collector, swarms):
    """The collector is killed while all are connected; how long until they are welcome again. With its own admission."""
    for agents, _ in swarms:
        agents.ask("reset")
    collector.kill()
    started = time.monotonic()
    collector = lab.collector(admission=True)
    ready = time.monotonic()
    for agents, count in swarms:
        agents.tell("welcome", count)
    done = [agents.answer() for agents, _ in swarms]
    show("swarm.restart_all_back_s", time.monotonic() - ready, "s", hosts=lab.hosts, start_s=round(ready - started, 2),
         cpu_s=round(collector.cpu_total_s(), 2), refused=sum(one["refused"] for one in done))
    return collector


def main():
    binaries = os.path.abspath(sys.argv[1])
    hosts = int(sys.argv[2]) if len(sys.argv) > 2 else 8000
    pairs_wanted = int(sys.argv[3]) if len(sys.argv) > 3 else 5
    with Lab(binaries, hosts) as lab:
        measure(lab, hosts, pairs_wanted)


def slow_figure(lab, collector):
    """Hosts that read nothing of what they are sent, while their intent of 2,000 routes changes again and again."""
    slow = lab.agents()
    slow.ask("connect", lab.hosts, SLOW, "deaf")
    sizes = [collector.memory_kib()["private_dirty"]]
    for revision in range(6):
        lab.apply(layer(2000 + revision, place="app/slow"))
        time.sleep(2)
        sizes.append(collector.memory_kib()["private_dirty"])
    most = max(sizes[1:]) - sizes[0]
    show("swarm.slow_reader_kib", most / SLOW, "KiB", must="<=2048", met=most / SLOW <= 2048, streams=SLOW, revisions=6,
         grown_kib=[size - sizes[0] for size in sizes[1:]])
    slow.stop()


def half_open_figure(lab):
    """A link is cut without a word: how long until the collector knows."""
    far = lab.far_namespace()
    lost = lab.agents(address="10.99.0.1", namespace=far)
    lost.ask("connect", lab.hosts, SLOW)
    time.sleep(3)
    before = lab.metrics()["ondol_collector_sessions"]
    subprocess.run(["ip", "-n", far, "link", "set", "eth0", "down"], check=True)
    cut = time.monotonic()
    lab.wait(lambda: lab.metrics()["ondol_collector_sessions"] <= before - SLOW, "the end of the streams", 60)
    noticed = time.monotonic() - cut
    show("swarm.half_open_noticed_s", noticed, "s", must="<=15", met=noticed <= 15, streams=SLOW)
    lost.process.kill()


def measure(lab, hosts, pairs_wanted):
    collector, floor = lab.collector(), lab.floor()
    ours, bare = lab.agents(), lab.agents(port=7543)
    storm_figures(lab, collector, floor, ours, bare, pairs_wanted)
    lab.apply(layer(20))
    for agents in bare, ours:
        say("%d hosts are connected, in %.1f s" % (hosts, connect(agents, 0, hosts)))
    say(str(ours.ask("watch", 1, hosts)["kept"]))
    heartbeat = idle_figures(lab, collector, floor, ours, bare, pairs_wanted)
    bare.stop()
    floor.stop()
    change = push_figure(lab, collector, ours, "push.fleet_untried_100_percent_s", layer(21), 2)
    fleet_figure(heartbeat, change)
    push_figure(lab, collector, ours, "push.fleet_100_percent_s", layer(22, trial=True), 3)
    quiet = hosts * 4 // 5
    stormers = lab.agents(nice=10)
    ours.ask("drop", quiet, hosts - quiet)
    connect(stormers, quiet, hosts - quiet)
    collector = restart_figure(lab, collector, [(ours, quiet), (stormers, hosts - quiet)])
    bystander_figures(ours, stormers, quiet, hosts - quiet, pairs_wanted)
    slow_figure(lab, collector)
    half_open_figure(lab)


if __name__ == "__main__":
    main()
