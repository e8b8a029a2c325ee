# SPDX-License-Identifier: Apache-2.0
"""Real memcached and Redis servers, started on free ports or sockets, killed and tampered with."""
import ctypes
import os
import select
import signal
import socket
import subprocess
import urllib.parse

START_SECONDS_MAX = 20
PR_SET_PDEATHSIG = 1
_libc = ctypes.CDLL(None)


def die_with_parent():
    """For preexec_fn: a test that is killed leaves no server behind. The parent is the thread that
    started the server: only a thread that lasts may."""
    _libc.prctl(PR_SET_PDEATHSIG, signal.SIGKILL)


def free_port():
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        return taken.getsockname()[1]


def wait_a_little(seconds, *files):
    """Until one of the files can be read, at most that long; those that can."""
    return select.select(files, [], [], seconds)[0]


class Wire:
    """A connection that reads lines and counted bytes."""

    def __init__(self, address):
        family = socket.AF_UNIX if isinstance(address, str) else socket.AF_INET
        self._socket = socket.socket(family)
        self._socket.settimeout(START_SECONDS_MAX)
        try:
            self._socket.connect(address)
        except OSError:
            self._socket.close()
            raise
        self._file = self._socket.makefile("rb")

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self._file.close()
        self._socket.close()

    def send(self, data):
        self._socket.sendall(data)

    def line(self):
        line = self._file.readline()
        if not line.endswith(b"\n"):
            raise ConnectionError("the server hung up")
        # memcached's crawler ends its lines with the newline alone.
        return line[:-1].removesuffix(b"\r")

    def read(self, count):
        data = self._file.read(count)
        if len(data) != count:
            raise ConnectionError("the server hung up")
        return data


class CacheServer:
    """One server process. `address` is (host, port), or the path of a UNIX socket."""

    scheme = None

    def __init__(self, directory, unix=False):
        self.directory = directory
        self.address = str(directory / f"{self.scheme}.sock") if unix else None
        self.unix = unix
        self._process = None

    def start(self):
        """On the address it had before, if it had one."""
        if not self.unix and self.address is None:
            self.address = ("127.0.0.1", free_port())
        if self.unix and os.path.exists(self.address):
            os.unlink(self.address)
        self._process = subprocess.Popen(
            self.command(), cwd=self.directory, stdin=subprocess.DEVNULL,
            stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL, preexec_fn=die_with_parent)
        for _ in range(START_SECONDS_MAX * 50):
            try:
                self.ping()
                return self
            except OSError:
                if self._process.poll() is not None:
                    raise RuntimeError(f"{self.scheme} did not start") from None
                wait_a_little(0.02)
        raise RuntimeError(f"{self.scheme} does not answer")

    def signal(self, number):
        self._process.send_signal(number)

    def kill(self):
        if self._process is not None:
            self._process.kill()
            self._process.wait()
            self._process = None

    def wire(self):
        return Wire(self.address)

    def names(self):
        return [name for name, _ in self.dump()]


class Memcached(CacheServer):
    scheme = "memcached"

    def command(self):
        place = (["-s", self.address] if self.unix
                 else ["-l", self.address[0], "-p", str(self.address[1]), "-U", "0"])
        return ["memcached", *place, "-m", "64", "-c", "4096", "-t", "2",
                *(["-u", "root"] if os.geteuid() == 0 else [])]

    def ping(self):
        with self.wire() as wire:
            wire.send(b"version\r\n")
            wire.line()

    def flush(self):
        with self.wire() as wire:
            wire.send(b"flush_all\r\n")
            assert wire.line() == b"OK"

    def dump(self):
        """Every (name, (flags, bytes)) that is there."""
        with self.wire() as wire:
            # By the hash table: items wander between the lists while those are walked.
            wire.send(b"lru_crawler metadump hash\r\n")
            names = []
            while (line := wire.line()) != b"END":
                if line.startswith(b"BUSY"):
                    raise RuntimeError("memcached's crawler is busy")
                name = line.split(b" ", 1)[0].removeprefix(b"key=")
                names.append(urllib.parse.unquote_to_bytes(name))
            found = []
            for name in names:
                wire.send(b"get " + name + b"\r\n")
                head = wire.line()
                if head == b"END":
                    continue  # it has ended since
                _, _, flags, size = head.split(b" ")[:4]
                found.append((name, (flags, wire.read(int(size)))))
                wire.read(2)
                assert wire.line() == b"END"
        return found

    def replace(self, name, value):
        flags, data = value
        with self.wire() as wire:
            wire.send(b"set %s %s 0 %d\r\n%s\r\n" % (name, flags, len(data), data))
            assert wire.line() == b"STORED"

    def garbage(self, name, data):
        self.replace(name, (b"0", data))

    @staticmethod
    def bytes_of(value):
        return value[1]


class Redis(CacheServer):
    scheme = "redis"

    def command(self):
        place = (["--port", "0", "--unixsocket", self.address] if self.unix
                 else ["--bind", self.address[0], "--port", str(self.address[1])])
        return ["redis-server", *place, "--save", "", "--appendonly", "no", "--daemonize", "no",
                "--dir", str(self.directory)]

    @staticmethod
    def _read(wire):
        line = wire.line()
        kind, rest = line[:1], line[1:]
        if kind == b"-":
            raise RuntimeError(rest.decode())
        if kind == b"$":
            if rest == b"-1":
                return None
            data = wire.read(int(rest))
            wire.read(2)
            return data
        if kind == b"*":
            return [Redis._read(wire) for _ in range(int(rest))]
        return int(rest) if kind == b":" else rest

    def ask(self, *words):
        with self.wire() as wire:
            parts = [word if isinstance(word, bytes) else str(word).encode() for word in words]
            wire.send(b"*%d\r\n" % len(parts) +
                      b"".join(b"$%d\r\n%s\r\n" % (len(part), part) for part in parts))
            return self._read(wire)

    def ping(self):
        try:
            self.ask("PING")
        except RuntimeError as loading:
            raise ConnectionError(str(loading)) from loading

    def flush(self):
        self.ask("FLUSHALL")

    def dump(self):
        """Every (name, serialised value) that is there."""
        names = self.ask("KEYS", "*")
        values = [(name, self.ask("DUMP", name)) for name in names]
        return [(name, value) for name, value in values if value is not None]

    def replace(self, name, value):
        left = self.ask("PTTL", name)
        self.ask("RESTORE", name, max(left, 0), value, "REPLACE")

    def garbage(self, name, data):
        if self.ask("TYPE", name) == b"hash":
            for field in self.ask("HKEYS", name):
                self.ask("HSET", name, field, data)
        else:
            self.ask("SET", name, data, "KEEPTTL")

    def contents(self):
        """Names and values as they were written, none of them compressed."""
        found = []
        for name in self.ask("KEYS", "*"):
            read = {b"string": ("GET", name), b"hash": ("HGETALL", name),
                    b"list": ("LRANGE", name, 0, -1), b"set": ("SMEMBERS", name),
                    b"zset": ("ZRANGE", name, 0, -1, "WITHSCORES"),
                    b"stream": ("XRANGE", name, "-", "+")}.get(self.ask("TYPE", name))
            found += [name, *flat(self.ask(*read))] if read else [name]
        return b"\n".join(found)


def flat(value):
    if value is None:
        return []
    if isinstance(value, list):
        return [part for one in value for part in flat(one)]
    return [value if isinstance(value, bytes) else str(value).encode()]


def contents_of(server):
    """Everything that somebody who reads the server's memory learns."""
    if isinstance(server, Redis):
        return server.contents()
    return b"\n".join(part for name, value in server.dump() for part in (name, value[1]))
