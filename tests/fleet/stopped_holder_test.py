# SPDX-License-Identifier: Apache-2.0
"""A process that slept past its lease writes too late: what was written since stays."""
import signal

import fleet
from cache_servers import wait_a_little

TIMEOUT_S = 1
FETCH_MS = 300
SUBJECT = "user:610"


class StoppedHolder(fleet.FleetTest):
    def wait_for_request(self, ours):
        for _ in range(1000):
            if ours.token_requests() == 1:
                return
            wait_a_little(0.01)
        self.fail("nobody has asked the provider")

    # Rule C5
    @fleet.needs_servers
    def test_late_write_of_a_stopped_holder_is_refused(self):
        ours = self.fleet({"61": 1}, http_timeout=f"{TIMEOUT_S}s")
        ours.slow_provider(FETCH_MS, times=1)
        holder, taker, other = ours.workers(3)

        holder.tell("token", SUBJECT, 60_000)
        self.wait_for_request(ours)
        holder.signal(signal.SIGSTOP)
        taken = taker.ask("token", SUBJECT, 60_000)
        holder.signal(signal.SIGCONT)
        late = holder.answer()

        self.say(f"the taker waited {taken['took_us'] / 1e6:.2f} s; the stopped one got "
                 f"{'the same token' if late.get('fingerprint') == taken['fingerprint'] else late}")
        self.assertEqual(taken["origin"], "provider")
        self.assertLessEqual(taken["took_us"] / 1e6, fleet.lease_seconds(TIMEOUT_S))
        newcomer = ours.workers(1)[0]
        for worker in (holder, taker, other, newcomer):
            told = worker.ask("token", SUBJECT, 60_000)
            self.assertEqual(told.get("fingerprint"), taken["fingerprint"], told)
        self.assertLessEqual(ours.token_requests(), 2)


if __name__ == "__main__":
    fleet.main()
