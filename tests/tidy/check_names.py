# SPDX-License-Identifier: Apache-2.0
"""Files are called by what is in them; a name that could hold anything will."""
import re

import source_tree

SAYS_NOTHING = {"util", "utils", "utility", "utilities", "misc", "common", "helper", "helpers",
                "manager", "managers", "stuff", "impl2"}


def breaches(tree):
    for path in tree.files():
        for part in path.split("/"):
            words = set(re.split(r"[_.\-]", part.lower()))
            for word in sorted(words & SAYS_NOTHING):
                yield f"{path}: '{word}' says nothing; name the noun"


if __name__ == "__main__":
    source_tree.run(breaches)
