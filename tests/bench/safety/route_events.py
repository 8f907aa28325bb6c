"""When the kernel last told of a route, for every host of a lab, in the boot clock that deadlines of trials are in."""
import ctypes
import os
import select
import socket
import threading
import time

CLONE_NEWNET = 0x40000000
RTMGRP_IPV4_ROUTE = 0x40


class RouteEvents:
    """One thread reads the route events of all namespaces; what it says is late by its own wake-up, never early."""

    def __init__(self, namespaces):
        """namespaces: what each is called in `last`, in nanoseconds."""
        self.last = {called: 0 for called in namespaces.values()}
        self.names, self.running = {}, True
        self.ready = threading.Event()
        self.thread = threading.Thread(target=self.listen, args=(dict(namespaces),), daemon=True)
        self.thread.start()
        if not self.ready.wait(30) or len(self.names) != len(self.last):
            raise OSError("route events cannot be heard in every namespace")

    def listen(self, namespaces):
        poller = select.epoll()
        for name, called in namespaces.items():  # only this thread changes its namespace
            with open("/run/netns/" + name, encoding="utf-8") as namespace:
                if ctypes.CDLL(None, use_errno=True).setns(namespace.fileno(), CLONE_NEWNET) != 0:
                    break
            heard = socket.socket(socket.AF_NETLINK, socket.SOCK_RAW | socket.SOCK_NONBLOCK, socket.NETLINK_ROUTE)
            heard.setsockopt(socket.SOL_SOCKET, 33, 4 << 20)  # SO_RCVBUFFORCE
            heard.bind((0, RTMGRP_IPV4_ROUTE))
            self.names[heard.fileno()] = (called, heard)
            poller.register(heard, select.EPOLLIN)
        self.ready.set()
        while self.running:
            for number, _ in poller.poll(0.5):
                self.drain(*self.names[number])

    def drain(self, name, heard):
        try:
            while True:
                heard.recv(65536)
                self.last[name] = time.clock_gettime_ns(time.CLOCK_BOOTTIME)
        except BlockingIOError:
            return
        except OSError:  # more than fits: the time of it counts all the same
            self.last[name] = time.clock_gettime_ns(time.CLOCK_BOOTTIME)

    def close(self):
        self.running = False
        self.thread.join()
        for _, heard in self.names.values():
            heard.close()
