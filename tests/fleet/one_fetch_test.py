# SPDX-License-Identifier: Apache-2.0
"""Many processes ask for the same cold tokens at once: each is fetched once for all of them."""
import fleet

PROCESSES = 4 if fleet.SMALL else 8
THREADS = 8 if fleet.SMALL else 64
SUBJECTS = 50 if fleet.SMALL else 1000
DEADLINE_MS = 180_000


class OneFetch(fleet.FleetTest):
    # Rule C5
    def test_cold_fleet_fetches_each_token_once(self):
        seed = self.seed()
        ours = self.fleet({"61": SUBJECTS})
        workers = ours.workers(PROCESSES)

        told = fleet.storm(workers, "61", SUBJECTS, THREADS, seed, DEADLINE_MS, "fingerprints")
        requests = ours.token_requests()

        wall = (max(t["ended_at"] for t in told) - min(t["began_at"] for t in told)) / 1e9
        self.say(f"{PROCESSES} x {THREADS} x {SUBJECTS}: {requests} token requests, {wall:.2f} s, "
                 f"p99 {max(t['p99_us'] for t in told) / 1e3:.1f} ms, "
                 f"longest {max(t['max_us'] for t in told) / 1e3:.1f} ms, "
                 f"memory/shared/provider "
                 f"{[sum(t['origins'][o] for t in told) for o in told[0]['origins']]}")
        self.assert_all_answered(told, THREADS * SUBJECTS)
        if self.kind == "none":
            self.assertEqual(requests, PROCESSES * SUBJECTS)
            return
        if requests != SUBJECTS:
            self.say("\n".join(str(worker.tell("status")) for worker in workers))
        self.assertEqual(requests, SUBJECTS)
        for one in told:
            self.assertEqual(one["several"], [])
            self.assertEqual(one["fingerprints"], told[0]["fingerprints"])

    # Rule C5
    @fleet.needs_servers
    def test_process_that_comes_later_fetches_nothing(self):
        ours = self.fleet({"62": 20})
        first = fleet.storm(ours.workers(1), "62", 20, 4, 1, 60_000, "fingerprints")[0]
        before = ours.token_requests()

        later = fleet.storm(ours.workers(1), "62", 20, 4, 2, 60_000, "fingerprints")[0]

        self.assert_all_answered([first, later], 80)
        self.assertEqual(ours.token_requests(), before)
        self.assertEqual(later["fingerprints"], first["fingerprints"])
        self.assertGreaterEqual(later["origins"]["shared"], 20)


if __name__ == "__main__":
    fleet.main()
