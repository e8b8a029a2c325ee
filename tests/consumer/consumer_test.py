# SPDX-License-Identifier: Apache-2.0
"""Installs valetkey into an empty place; builds and runs programs of an outside project on it."""
import json
import os
import pathlib
import re
import subprocess
import tempfile
import unittest
import urllib.request

BINARY_DIR = pathlib.Path(os.environ["VALETKEY_BINARY_DIR"])
CMAKE = os.environ.get("VALETKEY_CMAKE", "cmake")
CXX = os.environ.get("VALETKEY_CXX", "g++")
OUTSIDE = pathlib.Path(__file__).resolve().parent / "outside"


def run(*command, **more):
    """The command's output; its complaint when it fails."""
    done = subprocess.run([str(word) for word in command], capture_output=True, text=True,
                          timeout=240, check=False, **more)
    if done.returncode != 0:
        raise AssertionError(f"{command[0]} failed:\n{done.stdout[-3000:]}\n{done.stderr[-3000:]}")
    return done.stdout


class Installed(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        directory = tempfile.TemporaryDirectory()
        cls.addClassCleanup(directory.cleanup)
        cls.place = pathlib.Path(directory.name)
        cls.prefix = cls.place / "prefix"
        run(CMAKE, "--install", BINARY_DIR, "--prefix", cls.prefix)
        cls.start_emulator()

    @classmethod
    def start_emulator(cls):
        config_dir = cls.place / "emulated"
        emulator = subprocess.Popen(
            [cls.prefix / "bin" / "valetkey", "emulate", "--listen", "127.0.0.1:0",
             "--write-config", config_dir], stdout=subprocess.PIPE, text=True)
        cls.addClassCleanup(emulator.stdout.close)
        cls.addClassCleanup(emulator.wait)
        cls.addClassCleanup(emulator.terminate)
        cls.base_url = json.loads(emulator.stdout.readline())["base_url"]
        cls.config = config_dir / "valetkey.toml"

    def expect_a_live_token(self, program, **more):
        fingerprint = run(program, self.config, **more).strip()

        with urllib.request.urlopen(f"{self.base_url}/_emulator/ledger", timeout=30) as answer:
            live = json.load(answer)["live_tokens"]
        self.assertRegex(fingerprint, "^[0-9a-f]{12}$")
        self.assertIn(fingerprint, [one["fingerprint"] if isinstance(one, dict) else one
                                    for one in live])

    def pkg_config(self, *words):
        places = ":".join(str(one.parent) for one in self.prefix.rglob("valetkey.pc"))
        return run("pkg-config", *words, env={**os.environ, "PKG_CONFIG_PATH": places}).split()

    def test_find_package_gives_the_archive_and_the_shared_object(self):
        build = self.place / "by-find-package"

        run(CMAKE, "-S", OUTSIDE, "-B", build, "-G", "Ninja", f"-DCMAKE_CXX_COMPILER={CXX}",
            f"-DCMAKE_PREFIX_PATH={self.prefix}")
        run(CMAKE, "--build", build)

        for kind in ("valetkey", "static", "shared"):
            with self.subTest(kind):
                self.expect_a_live_token(build / f"fingerprint_{kind}")

    def test_pkg_config_links_the_shared_object(self):
        program = self.place / "by-pkg-config"
        libraries = self.pkg_config("--variable=libdir", "valetkey")[0]

        run(CXX, "-std=c++23", OUTSIDE / "fingerprint.cc", "-o", program,
            *self.pkg_config("--cflags", "--libs", "valetkey"), f"-Wl,-rpath,{libraries}")

        self.assertIn("libvaletkey.so", run("ldd", program))
        self.expect_a_live_token(program)

    def test_pkg_config_links_the_archive(self):
        program = self.place / "by-pkg-config-static"

        run(CXX, "-std=c++23", OUTSIDE / "fingerprint.cc", "-o", program,
            *self.pkg_config("--cflags", "--libs", "valetkey-static"))

        self.assertNotIn("libvaletkey", run("ldd", program))
        self.expect_a_live_token(program)

    def test_the_readme_s_example_builds_and_runs(self):
        readme = (OUTSIDE.parents[2] / "README.md").read_text(encoding="utf-8")
        example, program = self.place / "readme.cc", self.place / "readme"
        example.write_text(re.search(r"```cpp\n(.*?)```", readme, re.DOTALL)[1], encoding="utf-8")
        tried = re.search(r"--user (\d+) .*files/(\d+)", self.config.read_text(encoding="utf-8"))

        run(CXX, "-std=c++23", "-Wall", "-Wextra", example, "-o", program,
            *self.pkg_config("--cflags", "--libs", "valetkey-static"))
        told = run(program, tried[1], tried[2], cwd=self.config.parent)

        self.assertRegex(told, "^token [0-9a-f]{12} may item_download\n$")

    def test_the_version_is_told_alike_everywhere(self):
        version = self.pkg_config("--modversion", "valetkey")[0]

        self.assertIn(version, run(self.prefix / "bin" / "valetkey", "--version"))
        self.assertIn(f'version = "{version}"',
                      (self.prefix / "include" / "valetkey" / "version.h").read_text())


if __name__ == "__main__":
    unittest.main()
