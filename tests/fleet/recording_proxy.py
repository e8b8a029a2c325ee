# SPDX-License-Identifier: Apache-2.0
"""Stands between processes and a server: keeps every byte, and can be slow or dumb on demand."""
import selectors
import socket
import threading
import time

PIECE = 65536
TRICKLE_SECONDS = 1.0


class _Side:
    """One end of a connection: what waits to be written to it."""

    def __init__(self, end, to_client):
        self.end, self.to_client = end, to_client
        self.waiting = bytearray()
        self.other = None


class RecordingProxy:
    """`mode` is "pass", "trickle" (the server's answers come a byte a second) or "hold" (the
    server's answers do not come at all). `recorded` is everything that went either way."""

    def __init__(self, target):
        self.target, self.mode = target, "pass"
        self.recorded = bytearray()
        self._lock = threading.Lock()
        self._listener = socket.create_server(("127.0.0.1", 0), backlog=1024)
        self.address = self._listener.getsockname()
        self._wake, self._woken = socket.socketpair()
        self._selector = selectors.DefaultSelector()
        self._next_byte = 0.0
        self._thread = threading.Thread(target=self._run, daemon=True)

    def __enter__(self):
        self._listener.setblocking(False)
        self._selector.register(self._listener, selectors.EVENT_READ, None)
        self._selector.register(self._woken, selectors.EVENT_READ, "stop")
        self._thread.start()
        return self

    def __exit__(self, *_):
        self._wake.send(b"x")
        self._thread.join(10)
        for key in list(self._selector.get_map().values()):
            key.fileobj.close()
        self._selector.close()
        self._wake.close()

    def turn(self, mode):
        self.mode = mode

    def everything(self):
        with self._lock:
            return bytes(self.recorded)

    def _accept(self):
        client, _ = self._listener.accept()
        server = socket.socket(socket.AF_UNIX if isinstance(self.target, str) else socket.AF_INET)
        try:
            server.connect(self.target)
        except OSError:
            client.close()
            server.close()
            return
        sides = _Side(client, True), _Side(server, False)
        sides[0].other, sides[1].other = sides[1], sides[0]
        for side in sides:
            side.end.setblocking(False)
            if side.end.family == socket.AF_INET:
                side.end.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
            self._selector.register(side.end, selectors.EVENT_READ, side)

    def _close(self, side):
        for one in (side, side.other):
            if one.end.fileno() >= 0:
                self._selector.unregister(one.end)
                one.end.close()

    def _read(self, side):
        data = side.end.recv(PIECE)
        if not data:
            return self._close(side)
        with self._lock:
            self.recorded += data
        side.other.waiting += data
        return self._write(side.other, None)

    def _write(self, side, most):
        """Writes what can be written, at most `most` bytes; None: as the mode has it."""
        slowed = side.to_client and self.mode != "pass"
        if side.waiting and (most or not slowed):
            try:
                sent = side.end.send(side.waiting[:most] if most else side.waiting)
                del side.waiting[:sent]
            except BlockingIOError:
                pass
        wants = selectors.EVENT_READ
        if side.waiting and not slowed:
            wants |= selectors.EVENT_WRITE
        self._selector.modify(side.end, wants, side)

    def _tick(self):
        """Once in a while: what a change of the mode left lying, and the trickle's next byte."""
        most = None
        if self.mode == "trickle" and time.monotonic() >= self._next_byte:
            self._next_byte = time.monotonic() + TRICKLE_SECONDS
            most = 1
        for key in list(self._selector.get_map().values()):
            side = key.data
            if isinstance(side, _Side) and side.to_client and side.waiting:
                self._guarded(side, lambda one: self._write(one, most))

    def _guarded(self, side, act):
        try:
            if side.end.fileno() >= 0:
                act(side)
        except OSError:
            self._close(side)

    def _run(self):
        while True:
            for key, events in self._selector.select(0.1):
                side = key.data
                if side == "stop":
                    return
                if side is None:
                    self._accept()
                    continue
                if events & selectors.EVENT_WRITE:
                    self._guarded(side, lambda one: self._write(one, None))
                if events & selectors.EVENT_READ:
                    self._guarded(side, self._read)
            self._tick()
