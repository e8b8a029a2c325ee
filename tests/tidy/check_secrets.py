# SPDX-License-Identifier: Apache-2.0
"""Secrets come out through `reveal` alone, and each place that calls it has been reviewed.

reveal_sites.txt holds `count path` for every file that calls it. A new call changes a count, fails
this check, and so is seen; after the review, `check_secrets.py ROOT --update` writes the list anew.
"""
import pathlib
import re
import sys

import source_tree

SITES = "tests/tidy/reveal_sites.txt"
REVEAL = re.compile(r"\breveal\s*\(")
PRINTS = re.compile(r"operator\s*<<\s*\([^)]*\b(Secret|AccessToken|TokenFields)\b")
COMPARES = re.compile(r"operator\s*==\s*\([^)]*\b(Secret|AccessToken|TokenFields)\b")
HEADING = "# Calls of reveal() per file; see check_secrets.py. Review each new one.\n"


def reveal_sites(tree):
    sites = {}
    for path in tree.product_files():
        calls = sum(len(REVEAL.findall(line)) for _, line in source_tree.code_lines(tree, path))
        if calls:
            sites[path] = calls
    return sites


def reviewed_sites(tree):
    sites = {}
    if (tree.root / SITES).exists():
        for _, line in tree.lines(SITES):
            if line and not line.startswith("#"):
                count, path = line.split(maxsplit=1)
                sites[path] = int(count)
    return sites


def breaches(tree):
    found, reviewed = reveal_sites(tree), reviewed_sites(tree)
    for path in sorted(found.keys() | reviewed.keys()):
        calls, known = found.get(path, 0), reviewed.get(path, 0)
        if calls != known:
            yield f"{path}: {calls} calls of reveal(), {known} reviewed in {SITES}"
    for path in tree.product_files():
        for number, line in source_tree.code_lines(tree, path):
            if PRINTS.search(line):
                yield f"{path}:{number}: prints a secret"
            if COMPARES.search(line):
                yield f"{path}:{number}: compares a secret; use crypto's constant-time equal"


def update(tree):
    lines = [f"{calls} {path}\n" for path, calls in sorted(reveal_sites(tree).items())]
    (tree.root / SITES).write_text(HEADING + "".join(lines), encoding="utf-8")


if __name__ == "__main__":
    if sys.argv[2:] == ["--update"]:
        update(source_tree.Tree(pathlib.Path(sys.argv[1])))
    else:
        source_tree.run(breaches)
