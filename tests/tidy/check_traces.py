# SPDX-License-Identifier: Apache-2.0
"""Nothing of one machine is left in a file: no path of its checkout, no host of its packages."""
import re

import source_tree

# Spelt with a bracket each, so that this file does not find itself.
TRACES = {
    "a path of one machine": re.compile(r"(?<![\w.])/(wor[k]|roo[t]|hom[e]/[a-z]\w*|User[s]/\w+)/"),
    "a host of packages": re.compile(
        r"registry\.npmj[s]|npmj[s]\.org/|deb\.debia[n]\.org|security\.debia[n]\.org|pypi\.or[g]"
        r"|pythonhoste[d]\.org|proxy\.golan[g]|crates\.i[o]|snapshot\.debia[n]"),
    "a download address in a lock file": re.compile(r'"resolve[d]"\s*:'),
}


def breaches(tree):
    for path in tree.files():
        for number, line in tree.lines(path):
            for what, pattern in TRACES.items():
                if pattern.search(line):
                    yield f"{path}:{number}: {what}"


if __name__ == "__main__":
    source_tree.run(breaches)
