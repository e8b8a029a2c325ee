# SPDX-License-Identifier: Apache-2.0
"""A fleet: the emulator, cache servers, and worker processes that share them.

Every test of a fleet is run as `NAME_test.py BINARY_DIR KIND`. BINARY_DIR holds `valetkey` and
`fleet_worker`; KIND is one of KINDS. VALETKEY_FLEET_SMALL makes the numbers small enough for a
sanitizer.
"""
import contextlib
import json
import os
import pathlib
import random
import select
import shutil
import signal
import subprocess
import sys
import tempfile
import time
import unittest

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parent.parent / "system"))

from cache_servers import Memcached, Redis  # noqa: E402
from emulated_box import EmulatedBox  # noqa: E402
from recording_proxy import RecordingProxy  # noqa: E402

ANSWER_SECONDS_MAX = 240
SMALL = bool(os.environ.get("VALETKEY_FLEET_SMALL"))
# name: (server, how many, over a UNIX socket)
KINDS = {
    "none": (None, 0, False),
    "memcached": (Memcached, 1, False),
    "memcached3": (Memcached, 3, False),
    "memcached_unix": (Memcached, 1, True),
    "redis": (Redis, 1, False),
    "redis_unix": (Redis, 1, True),
}


def lease_seconds(http_timeout_seconds):
    """How long anybody may have to wait for the token of a process that was killed: until its lease
    runs out, which is a little longer than a fetch may take, and for the fetch of whoever takes
    over; two seconds are for the whole seconds that memcached counts and a busy machine."""
    lease = http_timeout_seconds + max(1, http_timeout_seconds / 6)
    return lease + 2


class WorkerEnded(Exception):
    """A worker was killed, or ended by itself."""


class Worker:
    """A process that takes commands. `tell` sends one, `answer` reads a line; `ask` does both."""

    def __init__(self, command, log, env=None):
        self.log = pathlib.Path(log)
        with self.log.open("ab") as errors:
            self._process = subprocess.Popen(
                [str(word) for word in command], stdin=subprocess.PIPE, stdout=subprocess.PIPE,
                stderr=errors, cwd=self.log.parent, env=env)
        self._read = b""
        self.pid = self._process.pid

    def tell(self, *words):
        line = " ".join(str(word) for word in words) + "\n"
        try:
            self._process.stdin.write(line.encode())
            self._process.stdin.flush()
        except (BrokenPipeError, ValueError):  # it has ended, or we have ended it
            raise WorkerEnded(self.ending()) from None

    def answers_within(self, seconds):
        """Whether an answer has begun to come."""
        return bool(self._read or select.select([self._process.stdout], [], [], seconds)[0])

    def answer(self, seconds=ANSWER_SECONDS_MAX):
        end = time.monotonic() + seconds
        while b"\n" not in self._read:
            left = end - time.monotonic()
            if left <= 0 or not select.select([self._process.stdout], [], [], left)[0]:
                raise TimeoutError(f"worker {self.pid} has not answered in {seconds} s")
            piece = os.read(self._process.stdout.fileno(), 1 << 20)
            if not piece:
                raise WorkerEnded(self.ending())
            self._read += piece
        line, self._read = self._read.split(b"\n", 1)
        return json.loads(line)

    def ask(self, *words, seconds=ANSWER_SECONDS_MAX):
        self.tell(*words)
        return self.answer(seconds)

    def ending(self):
        text = self.log.read_text(errors="replace")
        return f"worker {self.pid} has ended ({self._process.poll()}): {text[-2000:]}"

    def warnings(self):
        return [line for line in self.log.read_text(errors="replace").splitlines()
                if line.startswith("warning: ")]

    def signal(self, number):
        self._process.send_signal(number)

    def kill(self):
        self._process.kill()
        self.end()

    def end(self):
        with contextlib.suppress(BrokenPipeError):
            self._process.stdin.close()
        try:
            self._process.wait(30)
        except subprocess.TimeoutExpired:
            self._process.kill()
            self._process.wait()
        self._process.stdout.close()


class Fleet:
    """`users` maps a prefix of digits to how many users PREFIX0, PREFIX1, ... there are."""

    def __init__(self, binary_dir, kind, users, emulator_options=(), http_timeout="30s",
                 proxied=False, started=True):
        self.binaries = pathlib.Path(binary_dir).resolve()
        self.kind, self.users = kind, users
        self.options, self.http_timeout = list(emulator_options), http_timeout
        self.proxied, self.started = proxied, started
        self.servers, self.proxies, self.crew = [], [], []
        self._count = 0
        self._cleanup = contextlib.ExitStack()

    def __enter__(self):
        with self._cleanup:
            self.top = pathlib.Path(tempfile.mkdtemp(prefix="valetkey-fleet-"))
            self._cleanup.callback(shutil.rmtree, self.top, ignore_errors=True)
            self.home = self.top / "box"
            self.home.mkdir(mode=0o700)
            seed = self.top / "seed.json"
            seed.write_text(json.dumps({"users": self._seeded_users()}))
            errors = self._cleanup.enter_context((self.top / "emulate.err").open("wb"))
            self.box = self._cleanup.enter_context(EmulatedBox(
                self.binaries / "valetkey", self.home, ["--seed", seed, *self.options], errors))
            self._start_servers()
            self._cleanup.callback(self._end_crew)
            self.config = self.write_config("fleet")
            self._cleanup = self._cleanup.pop_all()
        return self

    def __exit__(self, *_):
        self._cleanup.close()

    def _seeded_users(self):
        admin = {"id": "990000000001", "name": "Admin", "login": "admin@enterprise.example",
                 "role": "admin"}
        return [admin] + [{"id": f"{prefix}{number}"}
                          for prefix, count in self.users.items() for number in range(count)]

    def _start_servers(self):
        server, count, unix = KINDS[self.kind]
        for number in range(count):
            directory = self.top / f"server-{number}"
            directory.mkdir(mode=0o700)
            one = server(directory, unix)
            one.start()
            self._cleanup.callback(one.kill)
            self.servers.append(one)
            if self.proxied:
                self.proxies.append(self._cleanup.enter_context(RecordingProxy(one.address)))
            if not self.started:
                one.kill()

    def shared_url(self):
        """As `cache.shared` has it."""
        if not self.servers:
            return None
        ends = self.proxies or self.servers
        places = [end.address if isinstance(end.address, str) else "%s:%d" % end.address
                  for end in ends]
        return f"{self.servers[0].scheme}://{','.join(places)}"

    def new_sealing_key(self, name):
        made = subprocess.run([self.binaries / "valetkey", "keygen"], check=True,
                              capture_output=True, timeout=60)
        path = self.home / name
        path.touch(mode=0o600)
        path.write_bytes(made.stdout)
        return path

    def write_config(self, name, client_secret="client.secret", sealing_key="sealing.key",
                     base="valetkey.toml", app="box-app.json"):
        """The emulator's own configuration, and the fleet's cache."""
        text = (self.home / base).read_text().replace("box-app.json", app)
        text = text.replace("file:client.secret", f"file:{client_secret}")
        if self.servers:
            if not (self.home / sealing_key).exists():
                self.new_sealing_key(sealing_key)
            text += (f'\n[cache]\nshared = "{self.shared_url()}"\n'
                     f'sealing_key = "file:{sealing_key}"\n')
        text += f'\n[http]\ntimeout = "{self.http_timeout}"\n'
        path = self.home / f"{name}.toml"
        path.write_text(text)
        path.chmod(0o600)
        return path

    # -- workers

    def _end_crew(self):
        for worker in self.crew:
            with contextlib.suppress(OSError):
                worker.signal(signal.SIGCONT)
            worker.end()

    def start_worker(self, config=None):
        """Not yet ready: its first answer says that it is."""
        self._count += 1
        worker = Worker([self.binaries / "fleet_worker", config or self.config],
                        self.top / f"worker-{self._count}.log")
        self.crew.append(worker)
        return worker

    def workers(self, count, config=None):
        started = [self.start_worker(config) for _ in range(count)]
        for worker in started:
            first = worker.answer()
            if not first.get("ready"):
                raise RuntimeError(f"a worker did not start: {first}")
        return started

    def dismiss(self, workers):
        for worker in workers:
            self.crew.remove(worker)
            worker.end()

    # -- the emulator

    def ledger(self):
        return self.box.get("/_emulator/ledger")

    def token_requests(self):
        return self.ledger()["token_requests"]["total"]

    def slow_provider(self, delay_ms, times=1000):
        self.box.post("/_emulator/faults", [
            {"match": "/oauth2/token", "times": times, "action": {"delay_ms": delay_ms}}])

    def command(self, *arguments, given=""):
        """One run of `valetkey` with the fleet's configuration."""
        return subprocess.run(
            [self.binaries / "valetkey", "--config", str(self.config), *arguments], input=given,
            env=self.box.environment(), text=True, capture_output=True, timeout=120, check=False)


def ask_all(workers, *words, seconds=ANSWER_SECONDS_MAX):
    """The same command to all at once; their answers."""
    for worker in workers:
        worker.tell(*words)
    return [worker.answer(seconds) for worker in workers]


def storm(workers, prefix, count, threads, seed, deadline_ms=60_000, *options):
    """Every worker asks for everybody, each thread in an order of its own."""
    for number, worker in enumerate(workers):
        worker.tell("ask", prefix, count, threads, seed * 1000 + number, deadline_ms, *options)
    return [worker.answer() for worker in workers]


class FleetTest(unittest.TestCase):
    """With the arguments of the command line, and assertions about fleets."""

    binary_dir = None
    kind = None

    def fleet(self, users, **options):
        return self.enterContext(Fleet(self.binary_dir, self.kind, users, **options))

    def seed(self):
        """Of the random choices; printed, so that a failure can be had again."""
        given = os.environ.get("VALETKEY_FLEET_SEED")
        seed = int(given) if given else random.SystemRandom().randrange(1_000_000)
        print(f"{self.id()}: VALETKEY_FLEET_SEED={seed}", flush=True)
        return seed

    def say(self, text):
        print(f"{self.id()} [{self.kind}]: {text}", flush=True)

    def assert_all_answered(self, told, asks=None):
        for one in told:
            self.assertEqual(one["errors"], {}, one.get("examples"))
            self.assertEqual(one["ok"], one["asks"])
            if asks is not None:
                self.assertEqual(one["asks"], asks)

    def assert_owners_are_right(self, workers, prefix, count):
        for told in ask_all(workers, "check", prefix, count, 60_000):
            self.assertEqual(told, {"right": count, "wrong": []})


def needs_servers(test):
    """Marks a test that says nothing when processes share nothing."""
    def wrapped(self, *arguments):
        if self.kind == "none":
            self.skipTest("nothing is shared")
        return test(self, *arguments)
    wrapped.__name__, wrapped.__doc__ = test.__name__, test.__doc__
    return wrapped


def main():
    if len(sys.argv) < 3 or sys.argv[2] not in KINDS:
        sys.exit(f"usage: {sys.argv[0]} BINARY_DIR {'|'.join(KINDS)} [TEST...]")
    FleetTest.binary_dir, FleetTest.kind = sys.argv[1:3]
    del sys.argv[1:3]
    unittest.main(verbosity=2)
