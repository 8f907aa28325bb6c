"""Starts and ends the agents of a lab directly: with a failpoint, again and again, or with a program that cannot start."""
import os
import signal
import subprocess
import time

CAPS = "-all,+net_admin"
LOOP_PAUSE = 0.2     # seconds between two starts of one that dies again and again
SERVICE_PAUSE = 2.0  # RestartSec of systemd/ondol-agent.service


def is_running(pid):
    try:
        with open("/proc/%d/stat" % pid, encoding="utf-8") as file:
            return file.read().rpartition(")")[2].split()[0] != "Z"
    except OSError:
        return False


class Agent:
    """The agent of one host, as `deploy/lab start` makes it, but held by this process."""

    def __init__(self, lab, host, broken_program):
        self.lab, self.host, self.broken = lab, host, broken_program
        self.process, self.looping, self.next_start, self.starts = None, None, 0.0, 0
        self.log = open(os.path.join(lab.directory(host), "log"), "a", encoding="utf-8")

    def take_over(self):
        """Ends what the lab started; the lab's `down` ends what is left in the namespace."""
        pid_file = os.path.join(self.lab.directory(self.host), "pid")
        with open(pid_file, encoding="utf-8") as file:
            pid = int(file.read().split()[0])
        os.kill(pid, signal.SIGKILL)
        while is_running(pid):
            time.sleep(0.01)
        os.unlink(pid_file)

    def state(self, name):
        return os.path.join(self.lab.directory(self.host), "state", name)

    def spawn(self, failpoint=None, broken=False):
        # Three crashes within five minutes end in safe mode, which is right and would end the test.
        if os.path.exists(self.state("starts")):
            os.unlink(self.state("starts"))
        environment = {key: value for key, value in self.lab.environment.items() if key != "ONDOL_FAILPOINT"}
        if failpoint:
            environment["ONDOL_FAILPOINT"] = failpoint
        program = self.broken if broken else self.lab.program("ondol-agent")
        command = ["nsenter", "--net=/run/netns/" + self.lab.namespace(self.host), "setpriv", "--reuid", "ondol", "--regid", "ondol",
                   "--clear-groups", "--inh-caps", CAPS, "--ambient-caps", CAPS, "--bounding-set", CAPS,
                   program, "run", "--config", os.path.join(self.lab.directory(self.host), "agent.yaml")]
        self.process = subprocess.Popen(command, env=environment, stdin=subprocess.DEVNULL, stdout=self.log, stderr=self.log,
                                        start_new_session=True)
        self.starts += 1

    def is_dead(self):
        return self.process is None or self.process.poll() is not None

    def kill(self):
        self.looping, self.next_start = None, 0.0
        if not self.is_dead():
            self.process.kill()
            self.process.wait()

    def loop(self, failpoint=None, broken=False):
        """From now on it is started whenever it died, by `turn`, and dies again."""
        self.looping, self.next_start, self.starts = {"failpoint": failpoint, "broken": broken}, 0.0, 0

    def turn(self):
        if self.looping is None or not self.is_dead():
            return
        self.start_again(LOOP_PAUSE, **self.looping)

    def keep_up(self):
        """As the service manager does: one that finds the keeper of its undo at work leaves, and is started again."""
        if self.is_dead():
            self.start_again(SERVICE_PAUSE)

    def start_again(self, pause, **how):
        now = time.monotonic()
        if self.next_start == 0.0:
            self.next_start = now + pause
        elif now >= self.next_start:
            self.spawn(**how)
            self.next_start = 0.0

    def deadline(self, boot_id):
        """Of the trial whose journal is on disk, in nanoseconds of the boot clock; None = there is none."""
        try:
            with open(self.state("journal"), "rb") as file:
                journal = file.read()
        except FileNotFoundError:
            return None
        at = journal.rfind(boot_id) + len(boot_id)
        return int.from_bytes(journal[at:at + 8], "little") if at >= len(boot_id) else None
