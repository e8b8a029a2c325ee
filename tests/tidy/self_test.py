# SPDX-License-Identifier: Apache-2.0
"""Every check catches what it is for: a breach is planted in a small tree, and seen."""
import tempfile
import unittest

import check_floors
import check_marks
import check_names
import check_public
import check_secrets
import check_sizes
import check_time
import check_traces
import generate_docs
import source_tree

SPDX = "// SPDX-License-Identifier: Apache-2.0\n"


class PlantedTree(unittest.TestCase):
    def setUp(self):
        directory = tempfile.TemporaryDirectory()
        self.addCleanup(directory.cleanup)
        self.tree = source_tree.Tree(directory.name)

    def plant(self, path, text):
        place = self.tree.root / path
        place.parent.mkdir(parents=True, exist_ok=True)
        place.write_text(text, encoding="utf-8")

    def found(self, check, path, text):
        self.plant(path, text)
        return list(check.breaches(self.tree))


class Floors(PlantedTree):
    def breaches_of(self, path, include):
        return self.found(check_floors, path, f"{SPDX}#include {include}\n")

    def test_an_include_that_points_up_is_seen(self):
        self.assertTrue(self.breaches_of("src/oauth/grant.cc", '"http/transport.h"'))

    def test_the_emulator_may_not_see_the_client_s_oauth(self):
        self.assertTrue(self.breaches_of("emulator/grants.cc", '"oauth/scopes.h"'))

    def test_a_library_of_another_floor_is_seen(self):
        self.assertTrue(self.breaches_of("src/lifecycle/flight.cc", "<curl/curl.h>"))
        self.assertTrue(self.breaches_of("src/lifecycle/flight.cc", "<boost/asio.hpp>"))

    def test_a_file_in_the_pure_floor_is_seen(self):
        self.assertTrue(self.breaches_of("src/oauth/grant.cc", "<fstream>"))
        self.assertTrue(self.breaches_of("src/oauth/grant.cc", "<mutex>"))

    def test_the_log_library_has_one_file(self):
        self.assertTrue(self.breaches_of("src/base/clock.cc", "<spdlog/spdlog.h>"))

    def test_a_path_that_does_not_start_at_the_root_is_seen(self):
        self.assertTrue(self.breaches_of("src/oauth/grant.cc", '"scopes.h"'))

    def test_an_unknown_floor_is_seen(self):
        self.assertTrue(self.breaches_of("src/glue/x.cc", "<string>"))

    def test_what_points_down_passes(self):
        self.plant("src/base/log.cc", "#include <spdlog/spdlog.h>\n#include <string>\n")
        self.plant("src/http/curl_transport.cc", "#include <curl/curl.h>\n#include <sys/stat.h>\n")
        self.assertFalse(self.breaches_of("src/oauth/grant.cc", '"crypto/digest.h"'))


class Public(PlantedTree):
    def test_a_third_party_s_name_is_seen(self):
        text = f"{SPDX}#pragma once\nvoid set(CURL* handle);\n"
        self.assertTrue(self.found(check_public, "include/valetkey/http.h", text))

    def test_a_header_of_a_floor_is_seen(self):
        text = f'{SPDX}#pragma once\n#include "base/log.h"\n'
        self.assertTrue(self.found(check_public, "include/valetkey/http.h", text))

    def test_a_missing_guard_is_seen(self):
        self.assertTrue(self.found(check_public, "include/valetkey/http.h", SPDX))

    def test_a_comment_may_say_curl(self):
        text = f"{SPDX}#pragma once\n// Made by curl.\nint size();\n"
        self.assertFalse(self.found(check_public, "include/valetkey/http.h", text))


class Time(PlantedTree):
    def test_a_reading_of_the_clock_is_seen(self):
        text = "auto now = std::chrono::steady_clock::now();\n"
        self.assertTrue(self.found(check_time, "src/lifecycle/flight.cc", text))

    def test_the_clock_s_own_file_may(self):
        text = "auto now = std::chrono::system_clock::now();\n"
        self.assertFalse(self.found(check_time, check_time.CLOCK_FILE, text))

    def test_a_test_that_reads_the_clock_is_seen(self):
        text = "const auto now = std::chrono::steady_clock::now();\n"
        self.assertTrue(self.found(check_time, "tests/unit/lifecycle/x_test.cc", text))

    def test_a_sleeping_test_is_seen(self):
        for path, text in (("tests/unit/base/x_test.cc", "std::this_thread::sleep_for(1s);\n"),
                           ("tests/system/x.py", "time.sleep(1)\n"),
                           ("tests/system/x.sh", "sleep 1\n"),
                           ("tests/node/x.mjs", "setTimeout(done, 1000);\n")):
            with self.subTest(path):
                self.assertTrue(self.found(check_time, path, text))
                (self.tree.root / path).unlink()

    def test_a_fixed_port_is_seen(self):
        for text in ("address.sin_port = htons(8080);\n", "server.listen(4444);\n",
                     'server.listen("127.0.0.1:8420");\n', "emulate --listen 127.0.0.1:8420\n"):
            with self.subTest(text):
                self.assertTrue(self.found(check_time, "tests/system/x.py", text))

    def test_port_0_passes(self):
        text = 'run("emulate", "--listen", "127.0.0.1:0")\nserver.listen(0, "127.0.0.1")\n'
        self.assertFalse(self.found(check_time, "tests/system/x.py", text))


class Secrets(PlantedTree):
    def test_a_new_call_of_reveal_is_seen_until_it_is_reviewed(self):
        text = "secret.reveal([](std::string_view bytes) { send(bytes); });\n"
        self.assertTrue(self.found(check_secrets, "src/http/x.cc", text))
        (self.tree.root / "tests/tidy").mkdir(parents=True)

        check_secrets.update(self.tree)

        self.assertFalse(list(check_secrets.breaches(self.tree)))
        self.assertTrue(self.found(check_secrets, "src/http/x.cc", text * 2))

    def test_a_call_that_went_is_seen(self):
        self.plant(check_secrets.SITES, "1 src/http/x.cc\n")
        self.assertTrue(self.found(check_secrets, "src/http/x.cc", "int x;\n"))

    def test_printing_and_comparing_a_secret_are_seen(self):
        for text in ("std::ostream& operator<<(std::ostream& out, const Secret& secret);\n",
                     "bool operator==(const Secret& one, const Secret& other);\n"):
            self.assertTrue(self.found(check_secrets, "include/valetkey/x.h", text))


class Sizes(PlantedTree):
    def test_a_file_over_its_limit_is_seen(self):
        for path, most in (("src/base/x.h", 300), ("cli/x.cc", 500),
                           ("tests/unit/base/x_test.cc", 800), ("README.md", 200)):
            with self.subTest(path):
                self.assertFalse(self.found(check_sizes, path, "\n" * most))
                self.assertTrue(self.found(check_sizes, path, "\n" * (most + 1)))
                (self.tree.root / path).unlink()


class Marks(PlantedTree):
    def test_a_missing_licence_line_is_seen(self):
        self.assertTrue(self.found(check_marks, "src/base/x.cc", "int x;\n"))
        self.assertTrue(self.found(check_marks, "demo", "#!/usr/bin/env bash\nset -e\n"))

    def test_unfinished_work_is_seen(self):
        self.assertTrue(self.found(check_marks, "src/base/x.cc", SPDX + "// FIX" + "ME: later\n"))
        self.assertTrue(self.found(check_marks, "cli/x.cc", SPDX + "// TO" + "DO: later\n"))

    def test_work_for_later_with_its_issue_passes(self):
        text = SPDX + "// TO" + "DO(#12): a queue on disk.\n"
        self.assertFalse(self.found(check_marks, "src/base/x.cc", text))

    def test_test_only_code_in_the_product_is_seen(self):
        self.assertTrue(self.found(check_marks, "src/base/x.cc", SPDX + "void TEST_drop();\n"
                                   "#ifdef VALETKEY_TESTING\n"))


class Names(PlantedTree):
    def test_a_name_that_says_nothing_is_seen(self):
        self.assertTrue(self.found(check_names, "src/base/string_utils.h", SPDX))
        self.assertTrue(self.found(check_names, "src/common/x.h", SPDX))

    def test_a_name_that_says_something_passes(self):
        self.assertFalse(self.found(check_names, "src/base/text.h", SPDX))


class Traces(PlantedTree):
    def test_a_machine_s_path_is_seen(self):
        for home in ("/home/" + "ada/valetkey", "/wor" + "k/main", "/roo" + "t/.npmrc"):
            self.assertTrue(self.found(check_traces, "docs/x.md", f"see {home}/\n"))

    def test_a_host_of_packages_is_seen(self):
        text = "https://registry.npm" + "js.org/x.tgz\n"
        self.assertTrue(self.found(check_traces, "tests/node/x.json", text))

    def test_a_download_address_in_a_lock_file_is_seen(self):
        text = '{"resol' + 'ved": "somewhere"}\n'
        self.assertTrue(self.found(check_traces, "tests/node/package-lock.json", text))


class Documents(PlantedTree):
    def test_a_rule_is_listed_with_its_tests(self):
        self.plant("tests/unit/x_test.cc", "// Rules C5, C9\n// The herd.\nTEST(Flight, IsOne) {\n")
        self.plant("tests/node/x.mjs", "// Rule R1\ntest('revokes a child', async () => {\n")
        self.plant("tests/system/x.py", "    # Rule V1\n    def test_refuses(self):\n")
        self.plant("tests/system/exec.txt", "# Rule R5: it ended.\n$ valetkey exec -- true\n")
        text = generate_docs.rules_document(self.tree)
        self.assertIn("| C5 ", text)
        for name in ("Flight.IsOne", "revokes a child", "test_refuses", "system.exec"):
            self.assertIn(name, text)

    def test_a_row_of_the_failure_table_is_listed_with_its_tests(self):
        self.plant("tests/unit/x_test.cc",
                   "// Failure table: 10 000 callers, cold\nTEST(Flight, IsOne) {\n")
        line = next(line for line in generate_docs.rules_document(self.tree).splitlines()
                    if line.startswith("| 10 000 callers, cold"))
        self.assertIn("Flight.IsOne", line)

    def test_a_rule_that_does_not_exist_is_seen(self):
        self.plant("tests/unit/x_test.cc", "// Rule Z9\nTEST(Flight, IsOne) {\n")
        self.assertTrue(list(generate_docs.breaches(self.tree)))

    def test_a_mark_above_no_test_is_seen(self):
        self.plant("tests/unit/x_test.cc", "// Rule C5\nint x;\n")
        self.assertTrue(list(generate_docs.breaches(self.tree)))

    def test_a_stale_document_is_seen(self):
        self.plant("tests/unit/x_test.cc", "// Rule C5\nTEST(Flight, IsOne) {\n")
        self.assertTrue(list(generate_docs.breaches(self.tree)))

        generate_docs.update(self.tree)

        self.assertFalse(list(generate_docs.breaches(self.tree)))


if __name__ == "__main__":
    unittest.main()
