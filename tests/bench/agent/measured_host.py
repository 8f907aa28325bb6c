"""A lab of one host with a real prometheus-node-exporter beside its agent, and what the kernel says about both.

Scrapes are made without starting a process: the agent hears each start of one, and would be charged for the measuring.
"""
import contextlib
import ctypes
import os
import signal
import socket
import subprocess
import sys
import time

TOP = os.path.dirname(os.path.dirname(os.path.dirname(os.path.dirname(os.path.abspath(__file__)))))
CLONE_NEWNET = 0x40000000
HOST = "10.77.0.3"
AGENT, EXPORTER = 9790, 9100
EXPORTER_PROGRAM = "/usr/bin/prometheus-node-exporter"


def wait_for(seconds, what, holds):
    end = time.monotonic() + seconds
    while not holds():
        if time.monotonic() > end:
            sys.exit("bench agent: not within %d s: %s" % (seconds, what))
        time.sleep(0.2)


class Process:
    """One process by its id: the parent of nobody it is asked about."""

    def __init__(self, pid):
        self.pid = pid

    def _field(self, file, name):
        with open("/proc/%d/%s" % (self.pid, file), encoding="ascii") as lines:
            return next(int(line.split()[1]) for line in lines if line.startswith(name + ":"))

    def peak_mib(self):
        return self._field("status", "VmHWM") / 1024

    def resident_mib(self):
        return self._field("status", "VmRSS") / 1024

    def dirty_mib(self):
        return self._field("smaps_rollup", "Private_Dirty") / 1024

    def threads(self):
        return self._field("status", "Threads")

    def cpu_ms(self):
        """Of all threads, as the scheduler counted it: finer than clock ticks."""
        total = 0
        for task in os.listdir("/proc/%d/task" % self.pid):
            with contextlib.suppress(FileNotFoundError), open("/proc/%d/task/%s/schedstat" % (self.pid, task), encoding="ascii") as text:
                total += int(text.read().split()[0])
        return total / 1e6

    def is_alive(self):
        return os.path.exists("/proc/%d/status" % self.pid)


class MeasuredHost:
    def __init__(self, binaries, routes):
        self.name = "foot%d" % os.getpid()
        self.binaries, self.routes = os.path.abspath(binaries), routes
        self.environment = dict(os.environ, ONDOL_BIN=self.binaries)
        self.folder = os.path.join(os.environ.get("ONDOL_LAB_DIR", "/var/tmp/ondol-lab"), self.name)
        self.namespace = "ondol-%s-h1" % self.name
        self.own = []  # processes of ours
        self.added = 0

    def __enter__(self):
        self.lab("up", "--hosts", "1", "--routes", str(self.routes), stdout=subprocess.DEVNULL)
        return self

    def __exit__(self, *_):
        for process in self.own:
            with contextlib.suppress(ProcessLookupError):
                process.kill()
            process.wait()
        self.lab("down", stdout=subprocess.DEVNULL, check=False)

    def lab(self, verb, *arguments, check=True, **options):
        return subprocess.run([TOP + "/deploy/lab", verb, "--name", self.name, *arguments], check=check, text=True,
                              env=self.environment, **options)

    # ---- the two processes ----

    def agent(self):
        with open(os.path.join(self.folder, "h1", "pid"), encoding="ascii") as text:
            return Process(int(text.read().split()[0]))

    def stop_agent(self, agent):
        os.kill(agent.pid, signal.SIGTERM)  # a kill would count as a crash
        wait_for(10, "the agent ends", lambda: not agent.is_alive())

    def restart_agent(self):
        self.stop_agent(self.agent())
        self.lab("start", "h1", stdout=subprocess.DEVNULL)
        return self.agent()

    def start_in_namespace(self, *command, **options):
        process = subprocess.Popen(["ip", "netns", "exec", self.namespace, *command], **options)
        self.own.append(process)
        return process

    def start_exporter(self):
        process = self.start_in_namespace(EXPORTER_PROGRAM, "--web.listen-address=%s:%d" % (HOST, EXPORTER),
                                          stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
        wait_for(10, "node_exporter answers", lambda: self.scrape(EXPORTER))
        return Process(process.pid), process

    def stop_exporter(self, process):
        process.terminate()
        process.wait()
        self.own.remove(process)

    # ---- its metrics ----

    def scrape(self, port):
        """The page, empty when nobody answers."""
        libc = ctypes.CDLL(None, use_errno=True)
        with open("/proc/self/ns/net", encoding="ascii") as ours, open("/run/netns/" + self.namespace, encoding="ascii") as theirs:
            if libc.setns(theirs.fileno(), CLONE_NEWNET) != 0:
                raise OSError(ctypes.get_errno(), "cannot enter the host's namespace")
            try:
                line = socket.socket()
            finally:
                libc.setns(ours.fileno(), CLONE_NEWNET)
        with line:
            line.settimeout(5)
            try:
                line.connect((HOST, port))
                line.sendall(b"GET /metrics HTTP/1.0\r\nHost: host\r\n\r\n")
                page = b""
                while chunk := line.recv(65536):
                    page += chunk
            except OSError:
                return ""
        return page.decode()

    def metric(self, name):
        for row in self.scrape(AGENT).splitlines():
            if row.startswith(name + " "):
                return float(row.split()[1])
        return 0.0

    def wait_in_sync(self, seconds=60):
        wanted = self.routes + self.added
        wait_for(seconds, "%d routes in sync and a session" % wanted,
                 lambda: self.metric("ondol_agent_session_connected") == 1
                 and self.metric('ondol_agent_routes{state="in_sync"}') == wanted)

    def change_one_route(self):
        """Through the whole road: layers, offer, preflight, trial, contact, confirmed."""
        confirmed = self.metric('ondol_agent_trials_total{outcome="confirmed"}')
        layer = os.path.join(self.folder, "fleet/layers/global.yaml")
        with open(layer, "a", encoding="utf-8") as out:
            out.write('    - { to: 12.0.%d.0/24, via: "{{ gateway }}", reason: bench }\n' % self.added)
        self.added += 1
        self.lab("ctl", "config", "apply", os.path.join(self.folder, "fleet"), stdout=subprocess.DEVNULL)
        wait_for(60, "the change is confirmed",
                 lambda: self.metric('ondol_agent_trials_total{outcome="confirmed"}') > confirmed)
        self.wait_in_sync()
