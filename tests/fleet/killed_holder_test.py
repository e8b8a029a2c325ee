# SPDX-License-Identifier: Apache-2.0
"""The process that fetches for the whole fleet is killed, again and again, at random moments."""
import random
import threading

import fleet
from cache_servers import wait_a_little

KILLS = 16 if fleet.SMALL else 200
GROUPS = 4 if fleet.SMALL else 8       # of processes that wait for one another, side by side
PROCESSES = 3                          # in a group
THREADS = 4
FETCH_MS = 150                         # what the provider takes for a token
TIMEOUT_S = 2
DEADLINE_MS = 60_000


class Group:
    """Some processes that ask for one user after another; each time one of them is killed."""

    def __init__(self, ours, number, rounds, seed):
        self.ours, self.rounds = ours, rounds
        self.random = random.Random(seed * 100 + number)
        self.prefixes = [f"7{number}{turn:03d}" for turn in range(rounds)]
        self.workers = ours.workers(PROCESSES)
        self.told, self.in_flight, self.failure = [], 0, None

    def run(self):
        try:
            for prefix in self.prefixes:
                self.kill_one(prefix)
        except Exception as failure:  # of a thread: told to the test
            self.failure = failure

    def kill_one(self, prefix):
        victim = self.workers.pop(self.random.randrange(len(self.workers)))
        ask = ("ask", prefix, 1, THREADS, 1, DEADLINE_MS)
        victim.tell(*ask)
        if self.random.random() < 0.7:
            self.wait_for_request(f"user:{prefix}0", victim)
        for worker in self.workers:
            worker.tell(*ask)
        if not victim.answers_within(self.random.uniform(0, 1.3 * FETCH_MS / 1000)):
            self.in_flight += 1
        self.ours.crew.remove(victim)
        victim.kill()
        self.told += [worker.answer() for worker in self.workers]
        self.workers += self.ours.workers(1)

    def wait_for_request(self, subject, victim):
        """Until the victim holds the lease, which the provider knows by its request."""
        for _ in range(200):
            if subject in self.ours.ledger()["token_requests"]["by_subject"]:
                return
            if wait_a_little(0.005, victim._process.stdout):
                return


class KilledHolder(fleet.FleetTest):
    # Rules C5, C8; failure table: the process that holds the fleet-wide lease is killed
    @fleet.needs_servers
    def test_kill_costs_at_most_one_fetch_and_nobody_waits_longer_than_the_lease(self):
        seed = self.seed()
        rounds = KILLS // GROUPS
        users = {f"7{group}{turn:03d}": 1 for group in range(GROUPS) for turn in range(rounds)}
        ours = self.fleet(users, http_timeout=f"{TIMEOUT_S}s")
        ours.slow_provider(FETCH_MS, times=100 * KILLS)
        groups = [Group(ours, number, rounds, seed) for number in range(GROUPS)]

        threads = [threading.Thread(target=group.run) for group in groups]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()

        for group in groups:
            if group.failure:
                raise group.failure
        told = [one for group in groups for one in group.told]
        requests = ours.token_requests()
        longest = max(one["max_us"] for one in told) / 1e6
        self.say(f"{KILLS} kills, {sum(g.in_flight for g in groups)} of them before the answer: "
                 f"{requests} token requests for {len(users)} users, longest wait {longest:.2f} s, "
                 f"lease at most {fleet.lease_seconds(TIMEOUT_S)} s")
        self.assert_all_answered(told, THREADS)
        self.assertEqual(len(told), KILLS * (PROCESSES - 1))
        self.assertGreaterEqual(requests, len(users))
        self.assertLessEqual(requests, len(users) + KILLS)
        self.assertLessEqual(longest, fleet.lease_seconds(TIMEOUT_S))


if __name__ == "__main__":
    fleet.main()
