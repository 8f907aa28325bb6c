"""A lab of hosts whose intent is one layer file each; programs of the dev build, whose checks can be overridden."""
import contextlib
import ctypes
import json
import os
import shutil
import subprocess
import tempfile
import time

CLONE_NEWNET = 0x40000000
TOP = os.path.dirname(os.path.dirname(os.path.dirname(os.path.dirname(os.path.abspath(__file__)))))


def is_calm(summary):
    """Of a host that is there and on no trial."""
    return summary["state"] == "online" and not (summary["trial"] and summary["trial"]["running"])


class Lab:
    def __init__(self, binaries, hosts, environment=None):
        self.name = "saf%d" % os.getpid()
        self.hosts = ["h%d" % i for i in range(1, hosts + 1)]
        self.environment = dict(os.environ, ONDOL_BIN=os.path.abspath(binaries), **(environment or {}))
        self.fleet = tempfile.mkdtemp(prefix="ondol-safety.")
        os.chmod(self.fleet, 0o755)

    def __enter__(self):
        self.lab("up", "--hosts", str(len(self.hosts)), "--routes", "0", stdout=subprocess.DEVNULL)
        return self

    def __exit__(self, *_):
        self.lab("down", stdout=subprocess.DEVNULL, check=False)
        shutil.rmtree(self.fleet, ignore_errors=True)

    def lab(self, verb, *arguments, check=True, environment=None, **options):
        return subprocess.run([TOP + "/deploy/lab", verb, "--name", self.name, *arguments], check=check, text=True,
                              env=dict(self.environment, **(environment or {})), **options)

    def directory(self, target):
        return os.path.join(os.environ.get("ONDOL_LAB_DIR", "/var/tmp/ondol-lab"), self.name, target)

    def program(self, name):
        return os.path.join(self.environment["ONDOL_BIN"], name)

    def ctl(self, *arguments, **options):
        command = [self.program("ondolctl"), "--socket", os.path.join(self.directory("collector"), "admin.sock"), *arguments]
        return subprocess.run(command, check=True, text=True, stdout=subprocess.PIPE, **options).stdout

    def write(self, path, text):
        path = os.path.join(self.fleet, "layers", path)
        os.makedirs(os.path.dirname(path), exist_ok=True)
        with open(path, "w", encoding="utf-8") as out:
            out.write(text)

    def write_common(self, window_seconds, more=""):
        for layer in ("cluster/lab-1", "phase/live", "app-type/api", "app-group/payments", "app/settlement"):
            self.write(layer + ".yaml", "vars: {}\n")
        self.write("global.yaml", "mode: { routes: enforce }\ntrial: { deadline: %ds }\nroutes: { unlisted: ignore, list: [] }\n%s" % (window_seconds, more))

    def write_host(self, host, lines):
        self.write("host/%s.yaml" % host, "routes:\n  list:\n" + "".join("    - %s\n" % line for line in lines))

    def apply(self):
        self.ctl("config", "apply", self.fleet, "--allow-mass-delete")

    def events(self, host, limit=60):
        """What the record holds of the host, newest first."""
        return json.loads(self.ctl("host", "history", host, "--limit", str(limit), "-o", "json"))["events"]

    def core(self, command):
        """In the collector's network namespace."""
        subprocess.run(["ip", "netns", "exec", self.namespace("collector"), *command], check=True)

    def results(self, host):
        """generation -> (outcome, reason) of what the record holds, newest wins."""
        found = {}
        for event in reversed(self.events(host, 1000)):
            if event["type"] == "generation_result":
                result = event["result"]
                found[result["generation"]] = (result["outcome"], result["reason"] or "")
        return found

    def summaries(self):
        """name -> what the collector says of the host, all in one call."""
        return {host["name"]: host for host in json.loads(self.ctl("host", "list", "-o", "json"))}

    def offered(self, host):
        return json.loads(self.ctl("host", "show", host, "-o", "json"))["numbers"][0]["offered"]

    def routes(self, host):
        """The routes of ours in the kernel, sorted."""
        shown = subprocess.run(["ip", "-n", self.namespace(host), "-4", "route", "show", "proto", "79"], check=True,
                               text=True, stdout=subprocess.PIPE).stdout
        return sorted(line.strip() for line in shown.splitlines())

    def namespace(self, host):
        return "ondol-%s-%s" % (self.name, "core" if host == "collector" else host)

    @contextlib.contextmanager
    def inside(self, target):
        """This thread is in the network namespace of the host or the collector."""
        setns = ctypes.CDLL(None, use_errno=True).setns
        with open("/proc/thread-self/ns/net", encoding="utf-8") as here, open("/run/netns/" + self.namespace(target), encoding="utf-8") as there:
            if setns(there.fileno(), CLONE_NEWNET) != 0:
                raise OSError(ctypes.get_errno(), "the network namespace of %s cannot be entered" % target)
            try:
                yield
            finally:
                setns(here.fileno(), CLONE_NEWNET)

    def reaches(self, host):
        """Can the collector open a new connection to the host?"""
        address = "10.77.0.%d" % (int(host[1:]) + 2)
        tried = self.lab("exec", "collector", "curl", "-s", "-m", "2", "-o", "/dev/null", "http://%s:9790/metrics" % address, check=False)
        return tried.returncode == 0

    def wait(self, seconds, holds):
        """Until it holds for nobody else of the hosts; those left over."""
        left, end = set(self.hosts), time.monotonic() + seconds
        while left and time.monotonic() < end:
            left = {host for host in left if not holds(host)}
            time.sleep(0.2)
        return left
