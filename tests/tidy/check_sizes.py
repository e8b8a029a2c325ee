# SPDX-License-Identifier: Apache-2.0
"""Files have a largest size; one that nears it is split by noun."""
import source_tree

MOST = {".h": 300, ".cc": 500}
MOST_IN_TESTS = 800
MOST_IN_DOCUMENTS = {"README.md": 200, "ARCHITECTURE.md": 200, "SECURITY.md": 200}


def limit_of(path):
    if path in MOST_IN_DOCUMENTS:
        return MOST_IN_DOCUMENTS[path]
    ending = path[path.rfind("."):]
    if path.startswith("tests/"):
        return MOST_IN_TESTS if ending in {".h", ".cc", ".py", ".mjs"} else None
    return MOST.get(ending)


def breaches(tree):
    for path in tree.files():
        most = limit_of(path)
        if most is None:
            continue
        lines = len(tree.text(path).splitlines())
        if lines > most:
            yield f"{path}: {lines} lines; split it by noun at {most}"


if __name__ == "__main__":
    source_tree.run(breaches)
