# SPDX-License-Identifier: Apache-2.0
"""Includes point down: each directory names the floors, libraries and system headers it may see."""
import re
from dataclasses import dataclass, field

import source_tree

FILES = {"fstream", "filesystem", "fcntl.h", "sys/stat.h", "dirent.h", "cstdio", "stdio.h"}
SOCKETS = {"sys/socket.h", "sys/un.h", "netinet/in.h", "netinet/tcp.h", "arpa/inet.h", "netdb.h",
           "poll.h", "sys/epoll.h"}
THREADS = {"thread", "mutex", "shared_mutex", "condition_variable", "future", "stop_token",
           "pthread.h"}
CONSOLE = {"iostream", "print"}


@dataclass
class Floor:
    may: set = field(default_factory=set)        # project directories, besides itself and valetkey/
    libraries: set = field(default_factory=set)  # third parties, by the start of the path
    never: set = field(default_factory=set)      # headers of the standard library or the system


ALL_FLOORS = {"base", "crypto", "oauth", "http", "cache", "secrets", "lifecycle"}
FLOORS = {
    "include": Floor(never=FILES | SOCKETS | {"iostream"}),
    "base": Floor(libraries={"spdlog", "fmt"}),
    "crypto": Floor({"base"}, {"openssl"}, FILES | SOCKETS | {"ctime", "time.h"}),
    "oauth": Floor({"base", "crypto"}, {"boost/json", "boost/url", "boost/system"},
                   FILES | SOCKETS | THREADS | CONSOLE | {"ctime", "time.h", "unistd.h"}),
    "http": Floor({"base"}, {"curl"}),
    "cache": Floor({"base", "crypto"}, {"libmemcached", "hiredis"}),
    "secrets": Floor({"base", "crypto"}, {"libsecret", "systemd"}),
    "lifecycle": Floor({"base", "oauth"}, never=FILES | SOCKETS | CONSOLE),
    "api": Floor(ALL_FLOORS, {"toml++"}),
    "broker": Floor({"base"}, {"boost/asio", "boost/beast", "boost/system", "prometheus"}),
    "cli": Floor({"base", "broker", "emulator"}, {"CLI", "boost/json"}),
    "emulator": Floor({"base", "crypto"},
                      {"boost/asio", "boost/beast", "boost/json", "boost/system"}),
}

# Narrower than the floor: the one file that may see the library, and the header that hides it.
ONE_FILE = {"spdlog": "src/base/log.cc", "fmt": "src/base/log.cc"}
# Headers of our own that a floor may not see although it may see the directory.
NEVER_OURS = {"oauth": {"valetkey/log.h", "base/log.h", "base/worker_pool.h", "base/guarded.h"}}
EXCEPTIONS = {
    # libstdc++ 12 hides <expected> from clang 14; the header says so itself.
    ("include/valetkey/error.h", "boost/system/result.hpp"),
    # Memory is hardened once, in every library that holds secrets, where they are joined.
    ("src/api/process.cc", "curl/curl.h"),
    ("src/api/process.cc", "openssl/crypto.h"),
}

INCLUDE = re.compile(r'^\s*#\s*include\s+([<"])([^>"]+)[>"]')
SYSTEM = re.compile(r"^(sys|netinet|arpa|linux|net)/[a-z_0-9]+\.h$|^[a-z_0-9]+(\.h)?$")


def floor_of(path):
    parts = path.split("/")
    return parts[1] if parts[0] == "src" and len(parts) > 2 else parts[0]


def complaint(path, quote, header):
    """What is wrong with one include, or nothing."""
    name = floor_of(path)
    floor = FLOORS[name]
    if (path, header) in EXCEPTIONS:
        return None
    if quote == '"':
        home = header.split("/")[0]
        if "/" not in header:
            return f'"{header}" is not a path from the root'
        if header in NEVER_OURS.get(name, ()) or home not in floor.may | {name, "valetkey"}:
            return f"{name} may not include {header}"
        return None
    if header in floor.never:
        return f"{name} may not include <{header}>"
    if SYSTEM.match(header):
        return None
    library = next((one for one in floor.libraries
                    if header == one or header.startswith((one + "/", one + "."))), None)
    if library is None:
        return f"{name} may not include <{header}>"
    if ONE_FILE.get(library, path) != path:
        return f"only {ONE_FILE[library]} may include <{header}>"
    return None


def breaches(tree):
    for path in tree.product_files():
        if floor_of(path) not in FLOORS:
            yield f"{path}: no floor is called {floor_of(path)}"
            continue
        for number, line in tree.lines(path):
            found = INCLUDE.match(line)
            wrong = found and complaint(path, found[1], found[2])
            if wrong:
                yield f"{path}:{number}: {wrong}"


if __name__ == "__main__":
    source_tree.run(breaches)
