# SPDX-License-Identifier: Apache-2.0
"""Marks in the text: the licence line is there, unfinished work and test-only code are not."""
import re

import source_tree

LICENSED = {".h", ".cc", ".py", ".mjs", ".sh"}
LICENCE = "SPDX-License-Identifier: Apache-2.0"
# Spelt in pieces, so that this file does not find itself.
FIX = re.compile(r"\bFIX" + r"ME\b|\bXX" + r"X\b")
TO_DO = re.compile(r"\bTO" + r"DO\b(?!\(#\d+\))")
# Product code does not know that it is tested.
TESTING = re.compile(r"\bTEST(_F|_P)?\b|\bgtest\b|\b\w*_TESTING\w*\b|#\s*if.*TEST|\bfor_test\w*\b")


def is_script(text):
    return text.startswith("#!")


def breaches(tree):
    for path in tree.files():
        text = tree.text(path)
        lines = text.splitlines()
        if path[path.rfind("."):] in LICENSED or is_script(text):
            first = lines[1:2] if is_script(text) else lines[:1]
            if not first or LICENCE not in first[0]:
                yield f"{path}:1: the first line is not the SPDX line"
        if path.endswith((".md", "LICENSE", ".json")):
            continue
        for number, line in enumerate(lines, 1):
            if FIX.search(line):
                yield f"{path}:{number}: unfinished work; finish it"
            if TO_DO.search(line):
                yield f"{path}:{number}: work for later without the number of its issue"
    for path in tree.product_files():
        for number, line in source_tree.code_lines(tree, path):
            if TESTING.search(line):
                yield f"{path}:{number}: product code names its tests; inject instead"


if __name__ == "__main__":
    source_tree.run(breaches)
