# SPDX-License-Identifier: Apache-2.0
"""The project's own files, and the frame every check runs in."""
import pathlib
import re
import sys

# Made by a build or by an editor, never by hand.
NOT_OURS = {"build", ".git", "node_modules", "__pycache__", ".cache"}
PRODUCT = ("include", "src", "cli", "emulator", "broker")


class Tree:
    """A checkout. Paths are relative to its root and given with forward slashes."""

    def __init__(self, root):
        self.root = pathlib.Path(root).resolve()

    def files(self, under="", endings=None):
        """Every file of ours below `under`, sorted; `endings` keeps those suffixes alone."""
        pending, found = [self.root / under], []
        while pending:
            here = pending.pop()
            if here.is_symlink() or not here.exists():
                continue
            if here.is_dir():
                pending += [entry for entry in here.iterdir() if entry.name not in NOT_OURS]
            elif endings is None or here.suffix in endings:
                found.append(here.relative_to(self.root).as_posix())
        return sorted(found)

    def product_files(self):
        return [path for part in PRODUCT for path in self.files(part, {".h", ".cc"})]

    def text(self, path):
        return (self.root / path).read_text(encoding="utf-8", errors="replace")

    def lines(self, path):
        return enumerate(self.text(path).splitlines(), 1)


def code_lines(tree, path):
    """Numbered lines of a C++ file without their comments and without what strings say."""
    in_block = False
    for number, line in tree.lines(path):
        line = re.sub(r'"(\\.|[^"\\])*"', '""', line) if "#include" not in line else line
        if in_block:
            if "*/" not in line:
                continue
            line = line.split("*/", 1)[1]
            in_block = False
        line = re.sub(r"/\*.*?\*/", "", line)
        if "/*" in line:
            line = line.split("/*", 1)[0]
            in_block = True
        yield number, line.split("//", 1)[0]


def run(breaches):
    """Prints every breach in the tree named on the command line; exits 1 when there is one."""
    found = list(breaches(Tree(sys.argv[1])))
    print("\n".join(found) if found else "clean")
    sys.exit(bool(found))
