# SPDX-License-Identifier: Apache-2.0
"""Public headers name no third party: whoever includes them needs nothing but the standard library.

That each header compiles alone is seen by the build (tests/headers).
"""
import re

import source_tree

FOREIGN = re.compile(
    r"\b(boost|asio|beast|curl|CURL\w*|openssl|EVP_\w+|SSL_\w+|toml|spdlog|fmt|CLI)\b"
    r"|#\s*include\s+\"(?!valetkey/)")
# The twin of <expected> for clang 14, which libstdc++ 12 hides it from.
EXCEPTIONS = {
    "include/valetkey/error.h": {
        "#include <boost/system/result.hpp>",
        "using ResultBase = boost::system::result<T, Error>;",
    },
}


def breaches(tree):
    for path in tree.files("include", {".h"}):
        for number, line in source_tree.code_lines(tree, path):
            found = FOREIGN.search(line)
            if found and line.strip() not in EXCEPTIONS.get(path, ()):
                yield f"{path}:{number}: a public header names {found[0]}"
        if "#pragma once" not in tree.text(path):
            yield f"{path}: no #pragma once"


if __name__ == "__main__":
    source_tree.run(breaches)
