#!/usr/bin/env python3
"""Records the seeds of the corpus: what a real kernel answers about routes, links, addresses, nexthops and mistakes.

usage: unshare -n record_corpus.py DIRECTORY     (as root: the network namespace must be a fresh one)
"""
import os
import socket
import struct
import subprocess
import sys

SETUP = """
link set lo up
link add eth0 type veth peer name peer0
link set peer0 up
link set eth0 up
address add 10.0.0.1/24 dev eth0
address add 2001:db8::1/64 dev eth0 nodad
route add 10.20.0.0/16 via 10.0.0.2 proto static mtu 1400 src 10.0.0.1 table 1000
route add 10.21.0.0/16 proto 79 nexthop via 10.0.0.2 weight 3 nexthop via 172.16.0.3 dev eth0 onlink
route add 10.22.0.0/16 via inet6 fe80::2 dev eth0
route add blackhole 10.23.0.0/16
nexthop add id 1 via 10.0.0.2 dev eth0
nexthop add id 2 group 1
route add 10.24.0.0/16 nhid 2
-6 route add 2001:db8:20::/48 via 2001:db8::2 metric 7
-6 route add 2001:db8:21::/48 nexthop via 2001:db8::2 nexthop via 2001:db8::3 weight 9
-6 route add 2001:db8:22::/48 encap seg6 mode encap segs 2001:db8::5 dev eth0
-6 route add 2001:db8:23::/48 from 2001:db8:1::/64 via 2001:db8::2
-6 route add unreachable 2001:db8:24::/48
"""
GETLINK, GETADDR, NEWROUTE, GETROUTE, GETNEXTHOP = 18, 22, 24, 26, 106
REQUEST, ACK, DUMP = 1, 4, 0x300
SOL_NETLINK, CAP_ACK, EXT_ACK = 270, 10, 11


def ask(kind, flags, body):
    with socket.socket(socket.AF_NETLINK, socket.SOCK_RAW, socket.NETLINK_ROUTE) as link:
        link.setsockopt(SOL_NETLINK, CAP_ACK, 1)
        link.setsockopt(SOL_NETLINK, EXT_ACK, 1)
        link.send(struct.pack("=IHHII", 16 + len(body), kind, REQUEST | flags, 1, 0) + body)
        return link.recv(65536)


def main():
    directory = sys.argv[1]
    for line in SETUP.strip().splitlines():
        subprocess.run(["ip", *line.split()], check=True)
    pieces = {
        "routes_ipv4": ask(GETROUTE, DUMP, struct.pack("=B11x", socket.AF_INET)),
        "routes_ipv6": ask(GETROUTE, DUMP, struct.pack("=B11x", socket.AF_INET6)),
        "links": ask(GETLINK, DUMP, struct.pack("=16x")),
        "addresses": ask(GETADDR, DUMP, struct.pack("=8x")),
        "nexthops": ask(GETNEXTHOP, DUMP, struct.pack("=8x")),
        "refused": ask(NEWROUTE, ACK, struct.pack("=BBBBBBBBI", socket.AF_INET, 99, 0, 0, 254, 79, 0, 1, 0)),
    }
    subprocess.run(["sysctl", "-qw", "net.ipv4.nexthop_compat_mode=0"], check=True)
    pieces["routes_by_nexthop_id"] = pieces["nexthops"] + ask(GETROUTE, DUMP, struct.pack("=B11x", socket.AF_INET))
    for name, data in pieces.items():
        with open(os.path.join(directory, name), "wb") as file:
            file.write(data)


main()
