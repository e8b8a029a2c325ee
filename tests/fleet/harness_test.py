# SPDX-License-Identifier: Apache-2.0
"""harness_test.py BINARY_DIR: what the tests of the fleet lean on does what it says."""
import pathlib
import signal
import socket
import sys
import tempfile
import unittest

import fleet
from cache_servers import Memcached, Redis, contents_of
from recording_proxy import RecordingProxy

BINARY_DIR = sys.argv.pop(1) if len(sys.argv) > 1 else "."


class Servers(unittest.TestCase):
    def start(self, kind, unix=False):
        directory = pathlib.Path(self.enterContext(tempfile.TemporaryDirectory()))
        server = kind(directory, unix)
        server.start()
        self.addCleanup(server.kill)
        return server

    def tamper(self, server):
        for name, data in ((b"one", b"first"), (b"two", b"second\r\n")):
            server.garbage(name, data)
        held = dict(server.dump())

        server.replace(b"one", held[b"two"])
        server.garbage(b"two", b"other")

        self.assertEqual(dict(server.dump())[b"one"], held[b"two"])
        self.assertIn(b"second\r\n", contents_of(server))
        self.assertIn(b"other", contents_of(server))
        self.assertEqual(sorted(server.names()), [b"one", b"two"])
        server.flush()
        self.assertEqual(server.names(), [])

    def test_values_are_read_and_replaced(self):
        for kind in (Memcached, Redis):
            for unix in (False, True):
                with self.subTest(kind=kind.scheme, unix=unix):
                    self.tamper(self.start(kind, unix))

    def test_fields_of_a_hash_are_replaced(self):
        server = self.start(Redis)
        server.ask("HSET", "h", "a", "1", "b", "2")

        server.garbage(b"h", b"junk")

        self.assertEqual(server.contents(), b"h\na\njunk\nb\njunk")

    def test_server_returns_empty_at_its_old_address(self):
        for kind in (Memcached, Redis):
            server = self.start(kind)
            server.garbage(b"one", b"first")
            address = server.address

            server.kill()
            server.start()

            self.assertEqual((server.address, server.names()), (address, []))

    def through_proxy(self):
        server = self.start(Redis)
        proxy = self.enterContext(RecordingProxy(server.address))
        client = self.enterContext(socket.create_connection(proxy.address, timeout=20))
        client.sendall(b"PING\r\n")
        self.assertEqual(client.recv(100), b"+PONG\r\n")
        return proxy, client

    def test_proxy_records_both_ways(self):
        proxy, _ = self.through_proxy()

        self.assertEqual(proxy.everything(), b"PING\r\n+PONG\r\n")

    def test_proxy_trickles_and_then_passes(self):
        proxy, client = self.through_proxy()

        proxy.turn("trickle")
        client.sendall(b"PING\r\n")
        self.assertEqual(client.recv(100), b"+")
        self.assertEqual(client.recv(100), b"P")
        proxy.turn("pass")
        left = b""
        while len(left) < 5:
            left += client.recv(100)

        self.assertEqual(left, b"ONG\r\n")

    def test_proxy_holds(self):
        proxy, client = self.through_proxy()

        proxy.turn("hold")
        client.sendall(b"PING\r\n")
        client.settimeout(0.5)
        self.assertRaises(TimeoutError, client.recv, 100)
        proxy.turn("pass")
        client.settimeout(20)

        self.assertEqual(client.recv(100), b"+PONG\r\n")


class Workers(unittest.TestCase):
    def setUp(self):
        self.ours = self.enterContext(fleet.Fleet(BINARY_DIR, "none", {"61": 3}))

    def test_token_is_held_shown_reported_and_revoked(self):
        worker = self.ours.workers(1)[0]

        told = worker.ask("token", "user:610", 30_000)
        shown = worker.ask("show", told["fingerprint"])
        again = worker.ask("token", "user:610", 30_000)
        done = worker.ask("revoke", told["fingerprint"])
        after = worker.ask("token", "user:610", 30_000)

        self.assertEqual((told["origin"], again["origin"]), ("provider", "memory"))
        self.assertGreater(len(shown["token"]), 20)
        self.assertEqual(done["delivered"], 1)
        self.assertLess(done["began_at"], done["returned_at"])
        self.assertNotEqual(after["fingerprint"], told["fingerprint"])
        self.assertEqual(worker.ask("report", after["fingerprint"]), {"reported": True})
        self.assertEqual(worker.ask("status")["token_requests"], self.ours.token_requests())

    def test_owner_is_told_and_an_error_is_no_end(self):
        worker = self.ours.workers(1)[0]

        self.assertEqual(worker.ask("call", "GET", "/2.0/users/me", "user:611"),
                         {"status": 200, "id": "611"})
        self.assertEqual(worker.ask("check", "61", 3, 30_000), {"right": 3, "wrong": []})
        self.assertEqual(worker.ask("no_such_command")["error"], "usage")
        refused = worker.ask("token", "user:5", 30_000)
        self.assertTrue(refused["error"].startswith("invalid_"), refused)

    def test_serving_ends_with_the_token(self):
        worker = self.ours.workers(1)[0]
        told = worker.ask("token", "user:610", 30_000)

        first = worker.ask("serve_until_changed", "user:610", told["fingerprint"], 300)
        second = worker.answer()
        third = worker.ask("serve_until_changed", "user:610", "0" * 12, 300)
        fourth = worker.answer()

        self.assertEqual((first, third), ({"serving": True}, {"serving": False}))
        self.assertEqual(second["error"], "timed_out")
        self.assertGreater(second["served"], 1)
        self.assertLessEqual(second["last_asked_at"], second["last_served_at"])
        self.assertEqual(fourth["fingerprint"], told["fingerprint"])

    def test_killed_worker_is_noticed_and_a_stopped_one_is_late(self):
        victim, stopped = self.ours.workers(2)

        victim.kill()
        self.assertRaises(fleet.WorkerEnded, victim.ask, "status")
        stopped.signal(signal.SIGSTOP)
        stopped.tell("status")
        self.assertRaises(TimeoutError, stopped.answer, 0.3)
        stopped.signal(signal.SIGCONT)

        self.assertEqual(stopped.answer()["tokens"], 0)


if __name__ == "__main__":
    unittest.main(verbosity=2)
