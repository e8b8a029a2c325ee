# SPDX-License-Identifier: Apache-2.0
"""Whatever becomes of the cache server, every ask is answered, and with the right user's token."""
import random
import signal
import threading

import fleet
from cache_servers import wait_a_little

USERS = 30
THREADS = 8
PROCESSES = 4
RECOVERY_SECONDS_MAX = 40
GARBAGE = [b"", b"\0", b"garbage", b"x" * 5000, bytes(range(256)), b"1" * 64, b"{}"]


class ServerFaults(fleet.FleetTest):
    def fleet_of(self, *prefixes, **options):
        return self.fleet({prefix: USERS for prefix in prefixes}, **options)

    def storm(self, workers, prefix):
        told = fleet.storm(workers, prefix, USERS, THREADS, 1, 60_000)
        self.assert_all_answered(told, USERS * THREADS)
        self.say(f"{self._testMethodName}: longest wait "
                 f"{max(one['max_us'] for one in told) / 1e3:.0f} ms, "
                 f"origins {[one['origins'] for one in told]}")
        return told

    def assert_right(self, workers, prefix):
        self.assert_owners_are_right(workers, prefix, USERS)

    def assert_not_warned(self, workers):
        for worker in workers:
            self.assertEqual(worker.warnings(), [])

    def assert_warned(self, ours, workers):
        """Once for each server that was lost, and at least once."""
        for worker in workers:
            self.assertIn(len(worker.warnings()), range(1, len(ours.servers) + 1),
                          worker.warnings())

    def assert_hardly_warned(self, workers):
        for worker in workers:
            self.assertLessEqual(len(worker.warnings()), 1, worker.warnings())

    def wait_until_shared(self, ours, worker, prefixes):
        """Until what one process fetches is had by another from the server."""
        for prefix in prefixes:
            self.storm([worker], prefix)
            late = ours.workers(1)
            origins = self.storm(late, prefix)[0]["origins"]
            ours.dismiss(late)
            if origins["shared"] > 0:
                return
            wait_a_little(RECOVERY_SECONDS_MAX / len(prefixes))
        self.fail(f"nothing was shared within {RECOVERY_SECONDS_MAX} s of the server's return")

    # Rule C8
    @fleet.needs_servers
    def test_killed_server_costs_one_warning_and_recovers_by_itself(self):
        later = [f"8{number:02d}" for number in range(20)]
        ours = self.fleet_of("61", "62", *later)
        workers = ours.workers(PROCESSES)
        self.storm(workers, "61")
        self.assert_not_warned(workers)

        for server in ours.servers:
            server.kill()
        self.storm(workers, "62")
        self.assert_right(workers, "62")
        self.assert_warned(ours, workers)

        for server in ours.servers:
            server.start()
        self.wait_until_shared(ours, workers[0], later)
        self.assert_warned(ours, workers)

    # Rule C8; failure table: Memcached / Redis down at start
    @fleet.needs_servers
    def test_server_that_is_down_at_the_start_costs_one_warning(self):
        ours = self.fleet_of("61", started=False)

        workers = ours.workers(PROCESSES)
        self.storm(workers, "61")

        self.assert_right(workers, "61")
        self.assert_warned(ours, workers)

    # Rule C8
    @fleet.needs_servers
    def test_server_that_dies_and_returns_in_the_middle_harms_nobody(self):
        prefixes = [f"8{number:02d}" for number in range(12)]
        ours = self.fleet_of(*prefixes)
        ours.slow_provider(20, times=1000)
        workers = ours.workers(PROCESSES)
        choose, told = random.Random(self.seed()), []
        asking = threading.Thread(
            target=lambda: told.extend(
                fleet.storm(workers, prefix, USERS, THREADS, 1, 60_000) for prefix in prefixes))

        asking.start()
        while asking.is_alive():
            server = choose.choice(ours.servers)
            server.kill()
            asking.join(choose.uniform(0.01, 0.3))
            server.start()
            asking.join(choose.uniform(0.01, 0.3))

        self.assertEqual(len(told), len(prefixes))
        for one in told:
            self.assert_all_answered(one, USERS * THREADS)
        for prefix in prefixes[::4]:
            self.assert_right(workers, prefix)

    # Rule C8
    @fleet.needs_servers
    def test_flushed_server_is_filled_again(self):
        ours = self.fleet_of("61", "62")
        self.storm(ours.workers(1), "61")

        for server in ours.servers:
            server.flush()
        workers = ours.workers(PROCESSES)
        self.storm(workers, "61")
        self.storm(workers, "62")

        self.assert_right(workers, "61")
        self.assertLessEqual(ours.token_requests(), 3 * USERS)
        self.assert_not_warned(workers)

    # Rule C8
    @fleet.needs_servers
    def test_stopped_server_costs_one_warning(self):
        ours = self.fleet_of("61", "62")
        workers = ours.workers(PROCESSES)
        self.storm(workers, "61")

        for server in ours.servers:
            server.signal(signal.SIGSTOP)
        self.storm(workers, "62")
        self.assert_warned(ours, workers)
        for server in ours.servers:
            server.signal(signal.SIGCONT)

        self.assert_right(workers, "62")

    def turn_proxies(self, mode):
        ours = self.fleet_of("61", "62", "63", proxied=True)
        workers = ours.workers(PROCESSES)
        self.storm(workers, "61")

        for proxy in ours.proxies:
            proxy.turn(mode)
        self.storm(workers, "62")
        self.assert_right(workers, "62")
        self.assert_warned(ours, workers)
        # A process that begins now, too.
        self.storm(ours.workers(1), "62")
        for proxy in ours.proxies:
            proxy.turn("pass")
        self.storm(workers, "63")

    # Rule C8
    @fleet.needs_servers
    def test_server_that_answers_a_byte_a_second_costs_one_warning(self):
        self.turn_proxies("trickle")

    # Rule C8
    @fleet.needs_servers
    def test_server_that_never_answers_costs_one_warning(self):
        self.turn_proxies("hold")

    # Rule C7
    @fleet.needs_servers
    def test_values_of_other_names_give_nobody_a_wrong_token(self):
        ours = self.fleet_of("61")
        self.storm(ours.workers(1), "61")

        for server in ours.servers:
            found = server.dump()
            self.assertGreater(len(found), 1)
            for (name, _), (_, value) in zip(found, found[1:] + found[:1]):
                server.replace(name, value)
        workers = ours.workers(PROCESSES)
        self.storm(workers, "61")

        self.assert_right(workers, "61")
        self.assert_hardly_warned(workers)

    # Rule C8
    @fleet.needs_servers
    def test_garbage_in_every_place_harms_nobody(self):
        ours = self.fleet_of("61")
        self.storm(ours.workers(1), "61")
        choose = random.Random(self.seed())

        for server in ours.servers:
            names = server.names()
            self.assertGreater(len(names), 0)
            for name in names:
                server.garbage(name, choose.choice(GARBAGE))
        workers = ours.workers(PROCESSES)
        self.storm(workers, "61")

        self.assert_right(workers, "61")
        self.assert_hardly_warned(workers)

    # Rule C7
    @fleet.needs_servers
    def test_values_sealed_with_another_key_harm_nobody(self):
        ours = self.fleet_of("61")
        self.storm(ours.workers(1), "61")
        own = [set(server.names()) for server in ours.servers]
        stranger = ours.workers(1, ours.write_config("stranger", sealing_key="strange.key"))
        self.storm(stranger, "61")

        for server, ours_there in zip(ours.servers, own):
            strange = [value for name, value in server.dump() if name not in ours_there]
            self.assertGreater(len(strange), 0)
            for number, name in enumerate(sorted(ours_there)):
                server.replace(name, strange[number % len(strange)])
        workers = ours.workers(PROCESSES)
        self.storm(workers, "61")

        self.assert_right(workers, "61")
        self.assert_hardly_warned(workers)


if __name__ == "__main__":
    fleet.main()
