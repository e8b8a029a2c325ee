# SPDX-License-Identifier: Apache-2.0
"""Time is an argument: one file reads the clock, no test sleeps, no test has a port of its own."""
import re

import source_tree

CLOCK_FILE = "src/base/clock.cc"
CLOCK_TEST = "tests/unit/base/clock_test.cc"
READS_CLOCK = re.compile(
    r"::now\s*\(|\bclock_gettime\b|\bgettimeofday\b|\btime\s*\(\s*(nullptr|NULL|0|&)")
SLEEPS = re.compile(
    r"\bsleep_(for|until)\b|\b(u|nano|clock_nano)?sleep\s*\(|\btime\.sleep\b|\bsetTimeout\s*\(")
SHELL_SLEEPS = re.compile(r"^\s*sleep\s")
FIXED_PORT = re.compile(
    r"\bhtons\s*\(\s*[1-9]"
    r"|\blisten\w*\s*[(=:,]?\s*[\"'(]?(127\.0\.0\.1|localhost|\[::1\]|0\.0\.0\.0)?:?[1-9]\d{1,4}\b"
    r"|--listen[ =\"',]+\S*:[1-9]\d*")


def breaches(tree):
    for path in tree.product_files():
        if path == CLOCK_FILE:
            continue
        for number, line in source_tree.code_lines(tree, path):
            if READS_CLOCK.search(line):
                yield f"{path}:{number}: reads the clock; only {CLOCK_FILE} may"
            if SLEEPS.search(line):
                yield f"{path}:{number}: sleeps; wait on something, with a deadline"
    for path in tree.files("tests"):
        if path.startswith("tests/tidy/"):
            continue
        is_cxx = path.endswith((".h", ".cc"))
        for number, line in source_tree.code_lines(tree, path) if is_cxx else tree.lines(path):
            if SLEEPS.search(line) or (not is_cxx and SHELL_SLEEPS.search(line)):
                yield f"{path}:{number}: a test sleeps; wait for the event, or move a FakeClock"
            if is_cxx and path != CLOCK_TEST and READS_CLOCK.search(line):
                yield f"{path}:{number}: a test reads the machine's clock"
        for number, line in tree.lines(path):
            if FIXED_PORT.search(line):
                yield f"{path}:{number}: a fixed port; bind port 0 and read it back"


if __name__ == "__main__":
    source_tree.run(breaches)
