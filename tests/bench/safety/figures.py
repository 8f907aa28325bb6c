#!/usr/bin/env python3
"""Do bad revisions strand hosts, and kills leave them between two generations? Real programs, real routes; config check,
guard and preflight are overridden for the bad revisions.

usage: figures.py BIN_DIR [REVISIONS] [HOSTS] [WINDOW_SECONDS]: BIN_DIR holds the dev build. Prints one JSON object per figure.
"""
import statistics
import sys
import time

sys.path.insert(0, __file__.rsplit("/", 1)[0])
from bad_revisions import BASE, entries, harmless  # noqa: E402
import crash_cycles  # noqa: E402
from lab import Lab  # noqa: E402
from report import show  # noqa: E402

CRASH_CYCLES = 150  # `tests/long crash` does a thousand
SLACK = 12  # seconds after the window in which the host must be back and have said so


def good(lab):
    for host in lab.hosts:
        lab.write_host(host, [harmless(to) for to in BASE])
    lab.apply()
    left = lab.wait(60, lambda host: len(lab.routes(host)) == len(BASE))
    if left:
        sys.exit("figures.py: the good revision did not come into force on %s" % sorted(left))
    lab.wait(60, lambda host: lab.results(host).get(lab.offered(host), ("", ""))[0] == "confirmed")


def bad_round(lab, seed, window):
    """One bad revision for every host; gives outcomes by word and the hosts that were lost."""
    before = {host: lab.routes(host) for host in lab.hosts}
    for index, host in enumerate(lab.hosts, 1):
        lab.write_host(host, entries(seed, index))
    lab.apply()
    offered = {host: lab.offered(host) for host in lab.hosts}
    ended = lambda host: lab.results(host).get(offered[host], ("trial", ""))[0] not in ("trial",)
    time.sleep(window)  # asking costs the hosts' own processors
    lab.wait(SLACK, ended)
    outcomes, stranded = {}, []
    for host in lab.hosts:
        outcome, reason = lab.results(host).get(offered[host], ("silent", ""))
        word = "%s %s" % (outcome, reason.split(":")[0])
        outcomes[word] = outcomes.get(word, 0) + 1
        back = lab.routes(host) == before[host] and lab.reaches(host)
        if not back and not (outcome == "confirmed" and lab.reaches(host)):
            stranded.append("%s seed %d: %s" % (host, seed, word))
    return outcomes, stranded


def rounds(lab, revisions, window, first_seed):
    tried, outcomes, stranded, spent = 0, {}, [], []
    seed = first_seed
    while tried < revisions:
        started = time.monotonic()
        said, lost = bad_round(lab, seed, window)
        spent.append(time.monotonic() - started)
        for word, count in said.items():
            outcomes[word] = outcomes.get(word, 0) + count
        stranded += lost
        tried += len(lab.hosts)
        seed += 1
        print("%d of %d revisions, stranded %d" % (tried, revisions, len(stranded)), file=sys.stderr, flush=True)
    return tried, outcomes, stranded, statistics.median(spent)


def main():
    binaries = sys.argv[1]
    revisions = int(sys.argv[2]) if len(sys.argv) > 2 else 300
    hosts = int(sys.argv[3]) if len(sys.argv) > 3 else 30
    window = int(sys.argv[4]) if len(sys.argv) > 4 else 5
    with Lab(binaries, hosts, {"ONDOL_OVERRIDE_CHECKS": "guard,preflight"}) as lab:
        lab.write_common(window)
        good(lab)
        tried, outcomes, stranded, spent = rounds(lab, revisions, window, 1)
        show("safety.bad_revisions", tried, "revisions", ">=300", tried >= 300, outcomes=outcomes, median_round_s=round(spent, 1), window_s=window)
        show("safety.stranded", len(stranded), "hosts", "0", not stranded, which=stranded[:10])
    with Lab(binaries, min(hosts, 10), {"ONDOL_OVERRIDE_CHECKS": "guard,preflight"}) as lab:
        lab.write_common(60)
        good(lab)
        tried, outcomes, stranded, spent = rounds(lab, len(lab.hosts), 60, 100)
        show("safety.stranded_default_window", len(stranded), "hosts", "0", not stranded, revisions=tried, outcomes=outcomes, which=stranded[:10])
    with Lab(binaries, hosts, {"ONDOL_OVERRIDE_CHECKS": "guard"}) as lab:
        lab.write_common(window)
        good(lab)
        tried, outcomes, stranded, spent = rounds(lab, min(revisions, 3 * hosts), window, 1)
        refused = sum(count for word, count in outcomes.items() if word.startswith("refused preflight"))
        show("safety.preflight_refused", round(refused / tried, 3), "share", revisions=tried, outcomes=outcomes, stranded=len(stranded))
    crash_cycles.run(binaries, CRASH_CYCLES, hosts)


main()
