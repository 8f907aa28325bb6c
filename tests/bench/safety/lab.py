"""A lab of hosts whose intent is one layer file each; programs of the dev build, whose checks can be overridden."""
import json
import os
import shutil
import subprocess
import tempfile
import time

TOP = os.path.dirname(os.path.dirname(os.path.dirname(os.path.dirname(os.path.abspath(__file__)))))


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

    def ctl(self, *arguments, **options):
        return self.lab("ctl", *arguments, stdout=subprocess.PIPE, **options).stdout

    def write(self, path, text):
        path = os.path.join(self.fleet, "layers", path)
        os.makedirs(os.path.dirname(path), exist_ok=True)
        with open(path, "w", encoding="utf-8") as out:
            out.write(text)

    def write_common(self, window_seconds):
        for layer in ("cluster/lab-1", "phase/live", "app-type/api", "app-group/payments", "app/settlement"):
            self.write(layer + ".yaml", "vars: {}\n")
        self.write("global.yaml", "mode: { routes: enforce }\ntrial: { deadline: %ds }\nroutes: { unlisted: ignore, list: [] }\n" % window_seconds)

    def write_host(self, host, lines):
        self.write("host/%s.yaml" % host, "routes:\n  list:\n" + "".join("    - %s\n" % line for line in lines))

    def apply(self):
        self.ctl("config", "apply", self.fleet, "--allow-mass-delete")

    def results(self, host):
        """generation -> (outcome, reason) of what the record holds, newest wins."""
        events = json.loads(self.ctl("host", "history", host, "-o", "json"))["events"]
        found = {}
        for event in reversed(events):
            if event["type"] == "generation_result":
                result = event["result"]
                found[result["generation"]] = (result["outcome"], result["reason"] or "")
        return found

    def offered(self, host):
        return json.loads(self.ctl("host", "show", host, "-o", "json"))["numbers"][0]["offered"]

    def routes(self, host):
        """The routes of ours in the kernel, sorted."""
        shown = subprocess.run(["ip", "-n", self.namespace(host), "-4", "route", "show", "proto", "79"], check=True,
                               text=True, stdout=subprocess.PIPE).stdout
        return sorted(line.strip() for line in shown.splitlines())

    def namespace(self, host):
        return "ondol-%s-%s" % (self.name, host)

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
