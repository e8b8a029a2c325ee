# SPDX-License-Identifier: Apache-2.0
"""Neither the wire to the cache server nor its memory tells a token, a user, a scope or a file."""
import fleet
from cache_servers import contents_of
from leak_search import Search

USERS = 10
# Long enough that no such digits turn up by chance.
PREFIX = "61829304756102"
SCOPE = "item_download"


class NothingInClear(fleet.FleetTest):
    def look(self, secrets, places):
        search = Search(secrets)
        return [leak for place, data in places.items() for leak in search.in_bytes(place, data)]

    def fetch_everything(self, worker, file):
        """Full and narrow tokens, and the texts that nobody may see."""
        secrets = {"scope": SCOPE, "resource": f"files/{file}",
                   "resource's URL": f"https://api.box.com/2.0/files/{file}", "file": file}
        for number in range(USERS):
            subject = f"user:{PREFIX}{number}"
            secrets[f"id of {number}"] = f"{PREFIX}{number}"
            secrets[f"subject {number}"] = subject
            for kind, restriction in (("full", ()), ("narrow", (SCOPE, f"files/{file}"))):
                told = worker.ask("token", subject, 60_000, *restriction)
                text = worker.ask("show", told["fingerprint"])["token"]
                secrets[f"{kind} token of {number}"] = text
        return secrets

    # Rules C7, S3
    @fleet.needs_servers
    def test_wire_and_memory_of_the_server_tell_nothing(self):
        ours = self.fleet({PREFIX: USERS}, proxied=True)
        first, second = ours.workers(2)
        file = ours.box.facts["root_file_ids"][0]

        secrets = self.fetch_everything(first, file)
        secrets |= {f"second's {name}": text
                    for name, text in self.fetch_everything(second, file).items()}
        held = {f"memory of server {n}": contents_of(s) for n, s in enumerate(ours.servers)}
        first.ask("report", first.ask("token", f"user:{PREFIX}0", 60_000)["fingerprint"])
        first.ask("token", f"user:{PREFIX}0", 60_000)
        first.ask("revoke", first.ask("token", f"user:{PREFIX}1", 60_000)["fingerprint"])
        first.ask("revoke", f"user:{PREFIX}2")
        first.ask("token", f"user:{PREFIX}1", 60_000)
        secrets |= {f"later {name}": text
                    for name, text in self.fetch_everything(first, file).items()}
        facts = ours.box.facts
        secrets |= {"client id": facts["client_id"], "enterprise": facts["enterprise_id"],
                    "client secret": (ours.home / "client.secret").read_text().strip(),
                    "sealing key": (ours.home / "sealing.key").read_text().strip()}
        held |= {f"memory of server {n}, later": contents_of(s)
                 for n, s in enumerate(ours.servers)}
        wires = {f"wire {n}": proxy.everything() for n, proxy in enumerate(ours.proxies)}

        self.say({place: len(data) for place, data in (held | wires).items()})
        for data in wires.values():
            self.assertGreater(len(data), 1000)
        self.assertEqual(self.look(secrets, held | wires), [])
        # The search itself works: what is planted is found.
        planted = wires["wire 0"] + secrets["full token of 0"].encode() + wires["wire 0"]
        self.assertIn("full token of 0 in planted", self.look(secrets, {"planted": planted}))


if __name__ == "__main__":
    fleet.main()
