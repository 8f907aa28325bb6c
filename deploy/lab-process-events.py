#!/usr/bin/env python3
"""Runs a command that hears the starts of processes: lab-process-events.py COMMAND...

The kernel tells them in the first network namespace only. A lab's agent lives in another one, so the subscribed socket
is handed over to it, as a service manager would.
"""
import os
import socket
import struct
import sys

NETLINK_CONNECTOR, CN_IDX_PROC, CN_VAL_PROC, LISTEN = 11, 1, 1, 1

try:
    events = socket.socket(socket.AF_NETLINK, socket.SOCK_DGRAM, NETLINK_CONNECTOR)
    events.bind((0, CN_IDX_PROC))
    operation = struct.pack("=I", LISTEN)
    message = struct.pack("=IIIIHH", CN_IDX_PROC, CN_VAL_PROC, 0, 0, len(operation), 0) + operation
    events.send(struct.pack("=IHHII", 16 + len(message), 3, 0, 0, 0) + message)
    if events.fileno() != 3:
        os.dup2(events.fileno(), 3)
    os.set_inheritable(3, True)
    os.environ.update(LISTEN_PID=str(os.getpid()), LISTEN_FDS="1", LISTEN_FDNAMES="process-events")
except OSError as error:
    print("the starts of processes cannot be heard here: %s" % error, file=sys.stderr)
os.execvp(sys.argv[1], sys.argv[1:])
