"""Revisions that cut a lab host off: routes that lead away from the collector, mixed with harmless changes."""
import ipaddress
import random

COLLECTOR = ipaddress.ip_address("10.77.255.1")
GATEWAY = str(COLLECTOR)
BASE = ["11.0.%d.0/24" % i for i in range(20)]  # what every host has when a round begins


def cover(source):
    """A prefix that holds the collector and is closer than the link's own 10.77.0.0/16."""
    length = source.randint(17, 32)
    return str(ipaddress.ip_network("%s/%d" % (COLLECTOR, length), strict=False))


def cut(source, host):
    """One route that takes the collector away from the host."""
    kind = source.choice(["blackhole", "unreachable", "prohibit", "nobody", "neighbour", "loopback"])
    if kind == "nobody":  # an address of the link that no machine has
        return "{ to: %s, via: 10.77.%d.%d }" % (cover(source), source.randint(200, 250), source.randint(1, 254))
    if kind == "neighbour":  # another host, which forwards nothing
        other = host % 2 + 3 if host % 2 + 3 != host + 2 else host % 2 + 4
        return "{ to: %s, via: 10.77.0.%d }" % (cover(source), other)
    if kind == "loopback":
        return "{ to: %s, dev: lo }" % cover(source)
    return "{ to: %s, type: %s }" % (cover(source), kind)


def harmless(to, via=GATEWAY):
    # On the link by word: config check would see that the cut beside it leads away from the gateway.
    return "{ to: %s, via: %s, dev: eth0, onlink: true }" % (to, via)


def entries(seed, host):
    """The routes of a bad revision: the cut, and some additions, removals and replacements beside it."""
    source = random.Random(seed * 1000 + host)
    kept = [to for to in BASE if source.random() > 0.2]
    lines = []
    for to in kept:
        via = GATEWAY if source.random() > 0.2 else "10.77.254.254"
        lines.append(harmless(to, via))
    lines += [harmless("12.%d.%d.0/24" % (seed % 250, i)) for i in range(source.randint(0, 15))]
    lines.append(cut(source, host))
    source.shuffle(lines)
    return lines
