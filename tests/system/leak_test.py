# SPDX-License-Identifier: Apache-2.0
"""leak_test.py VALETKEY: no secret and no token is anywhere but where it was asked for.

A session of every subcommand at the most verbose log level, with secrets that the test knows. What
it prints, logs, writes and shows in /proc, and a core image of a process at work, is searched for
each of them (rule S3). Where a token is meant to be (the standard output of `token`, the environment
of the program that `exec` runs), the test reads it, to search for it everywhere else.
"""
import json
import os
import pathlib
import re
import shutil
import subprocess
import sys
import tempfile
import unittest

from emulated_box import EmulatedBox
from leak_search import Search

VALETKEY = sys.argv.pop(1) if len(sys.argv) > 1 else "valetkey"
# What the emulator's tokens look like; the ones that no output shows are found by this.
TOKEN_SHAPE = re.compile(rb"1![0-9A-Za-z_-]{40,}")
SECONDS_MAX = 120


def key_numbers(app, directory):
    """The private key's own numbers, as OpenSSL keeps them in memory: little-endian words."""
    encrypted, passphrase = directory / "key.pem", directory / "key.pass"
    encrypted.write_text(app["appAuth"]["privateKey"])
    passphrase.write_text(app["appAuth"]["passphrase"])
    text = subprocess.run(
        ["openssl", "pkey", "-in", encrypted, "-passin", f"file:{passphrase}", "-noout", "-text"],
        check=True, capture_output=True, text=True).stdout
    numbers = {}
    for name in ("privateExponent", "prime1", "prime2"):
        digits = re.search(name + r":\n((?:    .*\n)+)", text)[1]
        numbers[name] = bytes.fromhex(re.sub(r"[\s:]", "", digits)).lstrip(b"\0")[::-1]
    return numbers


class Leaks(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        cls.top = pathlib.Path(tempfile.mkdtemp(prefix="valetkey-leaks-"))
        cls.addClassCleanup(shutil.rmtree, cls.top)
        cls.evidence, cls.private, home = (cls.top / n for n in ("evidence", "private", "box"))
        for directory in (cls.evidence, cls.private, home):
            directory.mkdir(mode=0o700)
        errors = (cls.evidence / "emulate.err").open("wb")
        cls.addClassCleanup(errors.close)
        cls.box = EmulatedBox(VALETKEY, home, ["--log-level", "trace"], errors)
        cls.enterClassContext(cls.box)
        app = json.loads((home / "box-app.json").read_text())["boxAppSettings"]
        cls.numbers = key_numbers(app, cls.private)
        cls.secrets = {
            "client secret": (home / "client.secret").read_text().strip(),
            "developer token": (home / "developer.token").read_text().strip(),
            "key passphrase": app["appAuth"]["passphrase"],
            "encrypted key": app["appAuth"]["privateKey"].replace("\n", "")[200:264],
            "wrong secret": "a-Wrong-secret-that-is-known-to-this-test",
        }
        (home / "wrong.secret").write_text(cls.secrets["wrong secret"])
        (home / "wrong.secret").chmod(0o600)
        config = (home / "valetkey.toml").read_text()
        for name, source in (("env", "env:BOX_SECRET"), ("wrong", "file:wrong.secret"),
                             ("literal", cls.secrets["wrong secret"])):
            (home / f"{name}.toml").write_text(config.replace("file:client.secret", source))
        cls.home, cls.count = home, 0

    # -- running

    def command(self, config, arguments):
        log = self.evidence / f"{self._testMethodName}.log"
        return [str(self.box.binary), "--config", str(self.home / f"{config}.toml"),
                "--log-level", "trace", "--log-file", str(log), *arguments]

    def environment(self, config):
        given = {"BOX_SECRET": self.secrets["client secret"]} if config == "env" else {}
        return {**self.box.environment(), **given}

    def run_one(self, config, *arguments, given="", shows_token=False):
        """Runs a command; keeps its outputs as evidence, but for a token it is meant to print."""
        Leaks.count += 1
        ran = subprocess.run(self.command(config, arguments), cwd=self.evidence,
                             env=self.environment(config), input=given, text=True,
                             capture_output=True, timeout=SECONDS_MAX, check=False)
        name = f"{self.count}-{arguments[0]}"
        (self.evidence / f"{name}.err").write_text(ran.stderr)
        if not shows_token:
            (self.evidence / f"{name}.out").write_text(ran.stdout)
        return ran

    def fetch_token(self, name, config, *restriction):
        ran = self.run_one(config, "token", *restriction, shows_token=True)
        self.assertEqual(ran.returncode, 0, ran.stderr)
        self.secrets[name] = ran.stdout.strip()
        return self.secrets[name]

    def fail_next(self, path, status):
        self.box.post("/_emulator/faults",
                      [{"match": path, "times": 1, "action": {"status": status, "headers": {
                          "WWW-Authenticate": 'Bearer error="invalid_token"'}}}])

    # -- searching

    def leaks_in(self, paths):
        search = Search(self.secrets)
        found = []
        for path in paths:
            found += search.in_file(path)
            data = path.read_bytes()
            found += [f"token-shaped text in {path}"] if TOKEN_SHAPE.search(data) else []
            found += [f"{name} in {path}" for name, number in self.numbers.items()
                      if number[:32] in data]
        return found

    def assert_no_leaks(self):
        evidence = [path for path in self.evidence.rglob("*") if path.is_file()]
        self.assertGreater(len(evidence), 1)
        self.assertEqual(self.leaks_in(evidence), [])

    # -- a process at work

    def keep_proc(self, pid, name):
        for part in ("cmdline", "environ", "maps"):
            try:
                seen = pathlib.Path(f"/proc/{pid}/{part}").read_bytes()
            except PermissionError:
                continue  # the kernel shows nothing of a process that cannot be dumped
            (self.evidence / f"{name}.{part}").write_bytes(seen)

    def keep_core(self, pid, name):
        core = self.evidence / f"{name}.core"
        made = subprocess.run(["gcore", "-o", core, str(pid)], capture_output=True, text=True,
                              env={**os.environ, "DEBUGINFOD_URLS": ""}, timeout=SECONDS_MAX,
                              check=False)
        if os.geteuid() != 0:
            # Nobody but root may look into this process (rule S3).
            self.assertNotEqual(made.returncode, 0)
            return
        core = core.with_name(f"{core.name}.{pid}")
        self.assertTrue(core.exists(), made.stdout + made.stderr)
        # The image is one: it holds what is no secret.
        self.assertIn(self.box.facts["enterprise_id"].encode(), core.read_bytes())

    def look_into_exec(self, config):
        """A program that waits, with its parent under the lens while it holds the token."""
        ready, go = self.private / f"{config}.ready", self.private / f"{config}.go"
        os.mkfifo(ready)
        os.mkfifo(go)
        script = 'printf %s "$BOX_ACCESS_TOKEN" > "$1"; read line < "$2"'
        with subprocess.Popen(
                self.command(config, ["exec", "--user", self.box.facts["user_ids"][0], "--scope",
                                      "item_download", "--", "sh", "-c", script, "sh",
                                      str(ready), str(go)]),
                cwd=self.evidence, env=self.environment(config), stdin=subprocess.DEVNULL,
                stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True) as parent:
            token = ready.read_text()
            children = pathlib.Path(f"/proc/{parent.pid}/task/{parent.pid}/children")
            program = children.read_text().split()[0]
            (self.evidence / f"{config}-program.cmdline").write_bytes(
                pathlib.Path(f"/proc/{program}/cmdline").read_bytes())
            self.keep_proc(parent.pid, f"{config}-exec")
            self.keep_core(parent.pid, f"{config}-exec")
            go.write_text("go\n")
            (self.evidence / f"{config}-exec.out").write_text(parent.stdout.read())
        self.assertEqual(parent.returncode, 0)
        self.assertTrue(TOKEN_SHAPE.fullmatch(token.encode()), "the program had no token")
        self.secrets[f"token of exec with {config}"] = token

    # -- the session

    # Rule S3
    def test_session_of_every_subcommand_leaves_no_secret_behind(self):
        file = self.box.facts["root_file_ids"][0]
        narrow = self.fetch_token("narrow token", "valetkey", "--scope", "item_download",
                                  "--resource", f"files/{file}")
        full = self.fetch_token("full token", "valetkey", "--full")
        self.fetch_token("token by assertion", "valetkey-jwt", "--full")
        self.run_one("valetkey", "call", "GET", "/2.0/users/me", "--include")
        self.run_one("valetkey", "call", "GET", f"/2.0/files/{file}/content", "--output", "copy")
        self.fail_next("/2.0/users/me", 401)
        self.run_one("valetkey", "call", "GET", "/2.0/users/me")
        self.run_one("valetkey-developer", "call", "GET", "/2.0/users/me", "--include")
        self.run_one("valetkey", "status", "--json")
        for config in ("valetkey", "valetkey-jwt", "env", "wrong"):
            self.run_one(config, "doctor")
        self.assertEqual(
            self.run_one("valetkey", "revoke", "--token-stdin", given=narrow).returncode, 0)
        self.fail_next("/oauth2/revoke", 400)
        self.run_one("valetkey", "revoke", "--token-stdin", given=full)
        self.run_one("valetkey", "demo", "--fast")
        for shell in ("bash", "zsh", "fish"):
            self.run_one("valetkey", "completion", shell)
        self.run_one("valetkey", "man", "token")

        self.assert_no_leaks()

    # Rule S3
    def test_failures_repeat_no_secret(self):
        self.assertEqual(self.run_one("wrong", "token", "--full").returncode, 3)
        self.assertEqual(self.run_one("literal", "token", "--full").returncode, 2)
        for status in (400, 500, 302):
            self.fail_next("/oauth2/token", status)
            self.run_one("valetkey", "token", "--scope", "item_download", shows_token=True)
        two_words = self.secrets["wrong secret"] + " " + self.secrets["client secret"]
        self.assertEqual(
            self.run_one("valetkey", "revoke", "--token-stdin", given=two_words).returncode, 2)

        self.assert_no_leaks()

    # Rules S2, S3
    def test_process_that_holds_a_token_shows_it_to_nobody(self):
        self.look_into_exec("env")

        self.assert_no_leaks()

    # Rules S3, R5
    def test_process_that_signs_with_a_key_shows_it_to_nobody(self):
        self.look_into_exec("valetkey-jwt")

        self.assert_no_leaks()

    def test_leak_that_is_planted_is_found(self):
        planted = self.private / "planted.log"

        for name, secret in list(self.secrets.items()):
            planted.write_text(f"refreshing with {secret}\n")
            self.assertIn(f"{name} in {planted}", self.leaks_in([planted]))
        for name, number in self.numbers.items():
            planted.write_bytes(b"core" + number)
            self.assertEqual(self.leaks_in([planted]), [f"{name} in {planted}"])


if __name__ == "__main__":
    unittest.main()
