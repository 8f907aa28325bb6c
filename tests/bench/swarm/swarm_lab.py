"""What the figures of the swarm run on: a network namespace of their own, a collector, a floor, and swarms of agents."""
import json
import os
import re
import resource
import shutil
import signal
import subprocess
import sys
import tempfile
import time

CONFIG = """state_dir: {state}
agents: {{ listen: "0.0.0.0:7443", heartbeat: {heartbeat}, max_connections: 19000, max_per_source: 19000,
            accepts_per_second: 1000000, max_handshakes: 19000 }}
enroll: {{ listen: "127.0.0.1:7444" }}
admin: {{ socket: {top}/admin.sock, group: root }}
metrics: {{ listen: "127.0.0.1:9791" }}
names: ["127.0.0.1"]
"""

TOP = os.path.dirname(os.path.dirname(os.path.dirname(os.path.dirname(os.path.abspath(__file__)))))
SLOW = 100  # hosts of app slow, after the others


class Server:
    """A process that is measured: what it used, by the kernel's account."""

    def __init__(self, process):
        self.process, self.pid = process, process.pid

    def cpu_s(self):
        """Of all its threads that live, in ns steps; a server's threads live as long as it does."""
        total = 0
        for task in os.listdir("/proc/%d/task" % self.pid):
            try:
                with open("/proc/%d/task/%s/schedstat" % (self.pid, task)) as file:
                    total += int(file.read().split()[0])
            except FileNotFoundError:
                pass
        return total / 1e9

    def cpu_total_s(self):
        """Threads that ended included, in steps of 10 ms."""
        with open("/proc/%d/stat" % self.pid) as file:
            words = file.read().rsplit(")", 1)[1].split()
        return (int(words[11]) + int(words[12])) / os.sysconf("SC_CLK_TCK")

    def memory_kib(self):
        """Peak RSS and private dirty."""
        sizes = {}
        with open("/proc/%d/smaps_rollup" % self.pid) as file:
            for line in file:
                words = line.split()
                if words[0].endswith(":") and words[-1] == "kB":
                    sizes[words[0][:-1]] = int(words[1])
        with open("/proc/%d/status" % self.pid) as file:
            peak = [int(line.split()[1]) for line in file if line.startswith("VmHWM")][0]
        return {"peak_rss": peak, "rss": sizes["Rss"], "private_dirty": sizes["Private_Dirty"]}

    def threads(self):
        return len(os.listdir("/proc/%d/task" % self.pid))

    def stop(self):
        if self.process.poll() is None:
            self.process.terminate()
            try:
                self.process.wait(20)
            except subprocess.TimeoutExpired:
                self.process.kill()
                self.process.wait()

    def kill(self):
        self.process.kill()
        self.process.wait()


class Agents:
    """swarm_agents: one line asks, one line of JSON answers."""

    def __init__(self, process):
        self.process = process

    def tell(self, *words):
        self.process.stdin.write(" ".join(str(word) for word in words) + "\n")
        self.process.stdin.flush()

    def answer(self):
        line = self.process.stdout.readline()
        if not line:
            raise RuntimeError("a swarm of agents ended: see its words above")
        return json.loads(line)

    def ask(self, *words):
        self.tell(*words)
        return self.answer()

    def stop(self):
        if self.process.poll() is None:
            self.process.stdin.close()
            try:
                self.process.wait(20)
            except subprocess.TimeoutExpired:
                self.process.kill()
                self.process.wait()


class Lab:
    def __init__(self, binaries, hosts, heartbeat="120s"):
        resource.setrlimit(resource.RLIMIT_NOFILE, (resource.getrlimit(resource.RLIMIT_NOFILE)[1],) * 2)
        # Simulated hosts beat when they are told to; none is to be given up in between.
        self.binaries, self.hosts, self.heartbeat = binaries, hosts, heartbeat
        self.top = tempfile.mkdtemp(prefix="ondol-swarm-")
        self.namespace = "ondol-swarm-%d" % os.getpid()
        self.namespaces, self.running = [], []

    def __enter__(self):
        subprocess.run([TOP + "/deploy/install-packages", "lab"], check=True, stdout=sys.stderr)
        signal.signal(signal.SIGTERM, lambda *_: sys.exit(1))  # and everything is taken down
        try:
            self.make_namespace(self.namespace)
            subprocess.run(["ip", "netns", "exec", self.namespace, "sysctl", "-qw", "net.ipv4.ip_local_port_range=1024 65535",
                            "net.core.somaxconn=8192"], check=True)
            subprocess.run([self.program("swarm_make_fleet"), self.top, str(self.hosts), str(SLOW)], check=True)
        except BaseException:
            self.__exit__()
            raise
        return self

    def __exit__(self, *_):
        for running in reversed(self.running):
            running.stop()
        for namespace in self.namespaces:
            subprocess.run(["ip", "netns", "delete", namespace], check=False)
        shutil.rmtree(self.top, ignore_errors=True)

    def make_namespace(self, name):
        subprocess.run(["ip", "netns", "add", name], check=True)
        self.namespaces.append(name)
        subprocess.run(["ip", "-n", name, "link", "set", "lo", "up"], check=True)

    def far_namespace(self):
        """A namespace behind a link that can be cut; the collector is 10.99.0.1 there."""
        far = self.namespace + "-far"
        self.make_namespace(far)
        for words in (["link", "add", "far", "type", "veth", "peer", "name", "eth0", "netns", far],
                      ["addr", "add", "10.99.0.1/24", "dev", "far"], ["link", "set", "far", "up"]):
            subprocess.run(["ip", "-n", self.namespace] + words, check=True)
        for words in (["addr", "add", "10.99.0.2/24", "dev", "eth0"], ["link", "set", "eth0", "up"]):
            subprocess.run(["ip", "-n", far] + words, check=True)
        return far

    def program(self, name):
        return os.path.join(self.binaries, name)

    def start(self, words, kind, namespace=None, nice=0, **pipes):
        wrapped = ["ip", "netns", "exec", namespace or self.namespace, "nice", "-n", str(nice)] + words
        running = kind(subprocess.Popen(wrapped, text=True, **pipes))
        self.running.append(running)
        return running

    def collector(self, admission=False):
        """admission: with the limits of new connections that a collector has of itself, instead of none."""
        text = CONFIG.format(state=self.top + "/collector", top=self.top, heartbeat=self.heartbeat)
        with open(self.top + "/collector.yaml", "w", encoding="utf-8") as file:
            file.write(re.sub(r",\s*accepts_per_second: \d+, max_handshakes: \d+", "", text) if admission else text)
        log = open(self.top + "/collector.log", "a", encoding="utf-8")
        server = self.start([self.program("ondol-collector"), "--config", self.top + "/collector.yaml"], Server, stdout=log, stderr=log)
        self.wait(lambda: self.metrics() is not None, "the collector's metrics (%s/collector.log)" % self.top)
        return server

    def floor(self, port=7543):
        server = self.start([self.program("swarm_floor"), self.top + "/collector/identity/current", str(port)], Server)
        self.wait(lambda: self.in_namespace("ss", "-Hltn", "sport = :%d" % port).strip() != "", "the floor")
        return server

    def agents(self, port=7443, address="127.0.0.1", namespace=None, nice=0):
        return self.start([self.program("swarm_agents"), self.top + "/agents", "%s:%d" % (address, port)], Agents,
                          namespace=namespace, nice=nice, stdin=subprocess.PIPE, stdout=subprocess.PIPE)

    def in_namespace(self, *words):
        return subprocess.run(["ip", "netns", "exec", self.namespace, *words], text=True, stdout=subprocess.PIPE).stdout

    def ctl(self, *words):
        done = subprocess.run([self.program("ondolctl"), "--socket", self.top + "/admin.sock", *words], text=True,
                              stdout=subprocess.PIPE, stderr=subprocess.PIPE)
        if done.returncode != 0:
            raise RuntimeError("ondolctl %s: %s%s" % (" ".join(words), done.stdout, done.stderr))
        return done.stdout

    def apply(self, layers):
        """Layer files by path; answers when the collector has them durable. Returns when it was asked."""
        for path, text in layers.items():
            place = os.path.join(self.top, "fleet", path)
            os.makedirs(os.path.dirname(place), exist_ok=True)
            with open(place, "w", encoding="utf-8") as file:
                file.write(text)
        asked = time.monotonic()
        self.ctl("config", "apply", self.top + "/fleet")
        return asked

    def metrics(self):
        """Name with labels -> value; None while nothing answers."""
        done = subprocess.run(["ip", "netns", "exec", self.namespace, "curl", "-s", "http://127.0.0.1:9791/metrics"],
                              text=True, stdout=subprocess.PIPE)
        text = done.stdout if done.returncode == 0 else ""
        if not text:
            return None
        rows = [line.rsplit(" ", 1) for line in text.splitlines() if line and line[0] != "#"]
        return {name: float(value) for name, value in rows}

    @staticmethod
    def wait(ready, what, seconds=30):
        end = time.monotonic() + seconds
        while not ready():
            if time.monotonic() > end:
                raise RuntimeError("%s did not come in %d s" % (what, seconds))
            time.sleep(0.05)
