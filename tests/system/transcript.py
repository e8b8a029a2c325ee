# SPDX-License-Identifier: Apache-2.0
"""Transcripts of the command: what was typed, what came back. A person can read and repeat them.

    # a comment
    $ command                 run by one bash for the whole transcript, in a directory of its own
    > more of the command
    expected standard output  [..] stands for anything within a line, a line [...] for any lines
    2> expected standard error
    ? 3                       the exit status, when it is not 0
"""
import re
from dataclasses import dataclass, field


@dataclass
class Step:
    line: int
    command: str
    out: list = field(default_factory=list)
    err: list = field(default_factory=list)
    status: int = 0


def parse(text):
    steps = []
    for number, line in enumerate(text.splitlines(), 1):
        if line.startswith("$ "):
            steps.append(Step(number, line[2:]))
        elif line.startswith("#") or not line.strip():
            continue
        elif not steps:
            raise ValueError(f"line {number}: expected `$ command` first")
        elif line.startswith("> "):
            steps[-1].command += "\n" + line[2:]
        elif line.startswith("2> "):
            steps[-1].err.append(line[3:])
        elif line.startswith("? "):
            steps[-1].status = int(line[2:])
        else:
            steps[-1].out.append(line)
    return steps


def pattern_of(lines):
    parts = []
    for line in lines:
        if line == "[...]":
            parts.append(r"(?:.*\n)*?")
        else:
            parts.append(r"[^\n]*".join(re.escape(part) for part in line.split("[..]")) + r"\n")
    return re.compile("".join(parts))


def matches(lines, text):
    """Whether `text` is what the expected lines say; a missing last newline is no matter."""
    if text and not text.endswith("\n"):
        text += "\n"
    return pattern_of(lines).fullmatch(text) is not None


def complaint(step, out, err, status):
    """What is wrong with a step's result, for people; empty when nothing is."""
    wrong = []
    if status != step.status:
        wrong.append(f"exit status {status}, expected {step.status}")
    for name, expected, got in (("output", step.out, out), ("error output", step.err, err)):
        if not matches(expected, got):
            wrong.append(f"{name} differs; expected:\n" + "".join(f"    {e}\n" for e in expected) +
                         "  got:\n" + "".join(f"    {g}\n" for g in got.splitlines()))
    return "\n  ".join(wrong)
