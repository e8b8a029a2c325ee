# SPDX-License-Identifier: Apache-2.0
"""A fresh `valetkey emulate` in a directory of its own, and the environment to use it in."""
import json
import os
import pathlib
import subprocess
import urllib.request


class EmulatedBox:
    def __init__(self, binary, directory, options=(), errors=None):
        self.options, self.errors = list(options), errors
        self.binary = pathlib.Path(binary).resolve()
        self.directory = pathlib.Path(directory)
        self._server = None

    def __enter__(self):
        self._server = subprocess.Popen(
            [self.binary, "emulate", "--listen", "127.0.0.1:0", "--write-config", self.directory,
             *self.options],
            stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=self.errors, text=True)
        line = self._server.stdout.readline()
        if not line:
            raise RuntimeError("the emulator did not start")
        self.base_url = json.loads(line)["base_url"]
        self.facts = self.get("/_emulator/facts")
        return self

    def __exit__(self, *_):
        self._server.terminate()
        try:
            self._server.wait(20)
        except subprocess.TimeoutExpired:
            self._server.kill()
            self._server.wait()
        self._server.stdout.close()

    def get(self, path):
        with urllib.request.urlopen(self.base_url + path, timeout=20) as answer:
            return json.load(answer)

    def post(self, path, value):
        request = urllib.request.Request(
            self.base_url + path, json.dumps(value).encode(), {"Content-Type": "application/json"})
        with urllib.request.urlopen(request, timeout=20) as answer:
            return answer.read()

    def environment(self):
        """Nothing of the caller's but what a shell needs; the ids as variables."""
        facts = self.facts
        return {
            "PATH": f"{self.binary.parent}:/usr/local/bin:/usr/bin:/bin",
            "HOME": str(self.directory), "LC_ALL": "C.UTF-8", "TERM": "dumb",
            "VALETKEY_CONFIG": str(self.directory / "valetkey.toml"),
            "TMPDIR": str(self.directory),
            "BASE_URL": self.base_url, "EMULATOR_PID": str(self._server.pid),
            "CLIENT_ID": facts["client_id"], "ENTERPRISE_ID": facts["enterprise_id"],
            "ADMIN_ID": facts["admin_id"], "SERVICE_ACCOUNT_ID": facts["service_account_id"],
            "USER_ID": facts["user_ids"][0], "OTHER_USER_ID": facts["user_ids"][1],
            "FILE_ID": facts["root_file_ids"][0], "OTHER_FILE_ID": facts["root_file_ids"][1],
            "FOLDER_ID": facts["folder_id"], "FOLDER_FILE_ID": facts["folder_file_ids"][0],
            **{name: os.environ[name] for name in
               ("ASAN_OPTIONS", "UBSAN_OPTIONS", "TSAN_OPTIONS") if name in os.environ},
        }
