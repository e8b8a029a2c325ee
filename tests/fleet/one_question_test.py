# SPDX-License-Identifier: Apache-2.0
"""What the fleet asks the provider once, after a 401, with a wrong secret, and ahead of an end."""
import json

import fleet

PROCESSES = 4 if fleet.SMALL else 8
SUBJECT = "user:610"


class OneQuestion(fleet.FleetTest):
    def setUp(self):
        if self.kind == "none":
            self.skipTest("nothing is shared")

    # Rules U1, U2
    def test_token_that_died_behind_our_backs_is_replaced_once(self):
        ours = self.fleet({"61": 1})
        workers = ours.workers(PROCESSES)
        held = [worker.ask("token", SUBJECT, 30_000)["fingerprint"] for worker in workers]
        self.assertEqual(len(set(held)), 1)
        before = ours.token_requests()
        ours.box.post("/_emulator/tokens/expire", {"fingerprint": held[0]})

        told = fleet.ask_all(workers, "call", "GET", "/2.0/users/me", SUBJECT)

        for one in told:
            self.assertEqual(one, {"status": 200, "id": "610"})
        self.assertEqual(ours.token_requests() - before, 1)
        after = [worker.ask("token", SUBJECT, 30_000)["fingerprint"] for worker in workers]
        self.assertEqual(len(set(after)), 1)
        self.assertNotEqual(after[0], held[0])

    # Rule U1
    def test_reports_of_the_same_token_force_one_refresh(self):
        ours = self.fleet({"61": 1})
        workers = ours.workers(PROCESSES)
        held = [worker.ask("token", SUBJECT, 30_000)["fingerprint"] for worker in workers]
        before = ours.token_requests()

        fleet.ask_all(workers, "report", held[0])
        told = fleet.ask_all(workers, "token", SUBJECT, 30_000)

        self.assertEqual(len({one["fingerprint"] for one in told}), 1)
        self.assertNotEqual(told[0]["fingerprint"], held[0])
        self.assertEqual(ours.token_requests() - before, 1)

    def fleet_with_a_wrong_secret(self, subjects):
        ours = self.fleet({"61": subjects})
        (ours.home / "wrong.secret").touch(mode=0o600)
        (ours.home / "wrong.secret").write_text("not the secret of this application")
        return ours, ours.workers(PROCESSES, ours.write_config("wrong", "wrong.secret"))

    def signing_fleet_with_a_wrong_secret(self, subjects):
        """With grant jwt Box says whether it is the client that it refuses."""
        ours = self.fleet({"61": subjects})
        app = json.loads((ours.home / "box-app.json").read_text())
        app["boxAppSettings"]["clientSecret"] = "not the secret of this application"
        (ours.home / "wrong-app.json").touch(mode=0o600)
        (ours.home / "wrong-app.json").write_text(json.dumps(app))
        config = ours.write_config("wrong", base="valetkey-jwt.toml", app="wrong-app.json")
        return ours, ours.workers(PROCESSES, config)

    # Rule C9; failure table: wrong secret
    def test_wrong_secret_is_tried_once(self):
        subjects, threads = 100, 16
        ours, workers = self.signing_fleet_with_a_wrong_secret(subjects)

        told = fleet.storm(workers, "61", subjects, threads, self.seed())

        requests = ours.token_requests()
        self.say(f"{PROCESSES} x {threads} x {subjects} asks: {requests} token requests")
        for one in told:
            self.assertEqual(one["errors"], {"invalid_client": subjects * threads},
                             one["examples"])
        self.assertEqual(requests, 1)

    # Rule C9. With grant client_credentials Box will not say whether it refuses the client or the
    # subject, so each subject is asked for once.
    def test_secret_that_may_be_wrong_is_tried_once_for_each_user(self):
        subjects, threads = 20, 16
        ours, workers = self.fleet_with_a_wrong_secret(subjects)

        told = fleet.storm(workers, "61", subjects, threads, self.seed())

        for one in told:
            self.assertEqual(one["errors"], {"invalid_client": subjects * threads},
                             one["examples"])
        self.assertEqual(ours.token_requests(), subjects)

    # Rule C9. Box refuses an unknown user in the very words in which it refuses a wrong secret, so
    # what is remembered of the one must not shut out everybody else.
    def test_unknown_user_whom_one_process_asked_for_harms_no_other_user(self):
        ours = self.fleet({"61": 5})
        workers = ours.workers(PROCESSES)

        refused = [worker.ask("token", "user:5", 30_000) for worker in workers]
        told = fleet.storm(workers, "61", 5, 2, self.seed())

        self.assertEqual({one["error"] for one in refused}, {"invalid_client"})
        self.assertEqual(ours.ledger()["token_requests"]["by_subject"].get("user:5"), 1)
        self.assert_all_answered(told, 10)

    # Rule C9
    def test_wrong_secret_that_one_process_met_is_known_to_the_others(self):
        ours, workers = self.signing_fleet_with_a_wrong_secret(3)
        first = workers[0].ask("token", SUBJECT, 30_000)

        told = fleet.ask_all(workers, "token", "user:611", 30_000)

        for one in (first, *told):
            self.assertEqual(one["error"], "invalid_client")
        self.assertEqual(ours.token_requests(), 1)

    # Rule C4
    def test_refresh_ahead_happens_once_a_period(self):
        # A token of 12 s is cached for 10 s, and ahead begins within the last of those: at 9 s to
        # 9.5 s, and again 9 s to 9.5 s later.
        subjects, asked_for_ms = 20, 23_000
        ours = self.fleet({"61": subjects}, emulator_options=["--token-life", "12s"])
        workers = ours.workers(PROCESSES)

        told = fleet.storm(workers, "61", subjects, 2, self.seed(), 30_000, f"for={asked_for_ms}")

        by_subject = ours.ledger()["token_requests"]["by_subject"]
        self.say(f"{sum(one['asks'] for one in told)} asks, token requests of each user: "
                 f"{sorted(by_subject.values())}, longest wait "
                 f"{max(one['max_us'] for one in told) / 1e3:.0f} ms")
        self.assert_all_answered(told)
        self.assertEqual(set(by_subject.values()), {3}, by_subject)
        self.assertEqual(len(by_subject), subjects)


if __name__ == "__main__":
    fleet.main()
