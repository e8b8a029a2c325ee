# SPDX-License-Identifier: Apache-2.0
"""run_transcript.py VALETKEY TRANSCRIPT: replays it against a fresh emulator; exits 1 at the first
difference. With `--shell` in the transcript's place: an interactive shell in the same surroundings.
"""
import fcntl
import os
import pathlib
import select
import subprocess
import sys
import tempfile

import transcript
from emulated_box import EmulatedBox

STEP_SECONDS_MAX = 60


class Shell:
    """One bash, so that a variable set in one step is there in the next."""

    def __init__(self, directory, environment):
        self.report, low_writer = os.pipe()
        # Out of the way of a step that leaves itself few descriptors.
        report_writer = fcntl.fcntl(low_writer, fcntl.F_DUPFD_CLOEXEC, 200)
        os.close(low_writer)
        self.directory = pathlib.Path(directory)
        # The steps' own files lie beside their directory and not in it.
        self.notes = pathlib.Path(tempfile.mkdtemp(prefix="notes-", dir=directory.parent))
        self.bash = subprocess.Popen(
            ["/bin/bash", "--norc", "--noprofile"], stdin=subprocess.PIPE, text=True,
            cwd=directory, env={**environment, "REPORT": str(report_writer)},
            pass_fds=[report_writer], start_new_session=True)
        os.close(report_writer)

    def run(self, command):
        step, out, err = (self.notes / name for name in ("step", "out", "err"))
        step.write_text(command + "\n")
        self.bash.stdin.write(f". {step} >{out} 2>{err} </dev/null\necho $? >&$REPORT\n")
        self.bash.stdin.flush()
        if not select.select([self.report], [], [], STEP_SECONDS_MAX)[0]:
            return out.read_text(), err.read_text(), "none: it did not end"
        answer = os.read(self.report, 64).decode()
        status = int(answer) if answer.strip() else "none: the shell has ended"
        return out.read_text(errors="replace"), err.read_text(errors="replace"), status

    def close(self):
        self.bash.stdin.close()
        self.bash.wait()
        os.close(self.report)


def replay(binary, path):
    steps = transcript.parse(path.read_text(encoding="utf-8"))
    if not steps:
        print(f"{path}: no steps")
        return 1
    with tempfile.TemporaryDirectory(prefix="valetkey-system-") as top:
        directory = pathlib.Path(top) / "box"
        directory.mkdir(mode=0o700)
        with EmulatedBox(binary, directory) as box:
            shell = Shell(directory, box.environment())
            try:
                for step in steps:
                    wrong = transcript.complaint(step, *shell.run(step.command))
                    if wrong:
                        print(f"{path}:{step.line}: $ {step.command}\n  {wrong}")
                        return 1
            finally:
                shell.close()
    print(f"{path.name}: {len(steps)} steps")
    return 0


def interact(binary):
    with tempfile.TemporaryDirectory(prefix="valetkey-system-") as top:
        directory = pathlib.Path(top) / "box"
        directory.mkdir(mode=0o700)
        with EmulatedBox(binary, directory) as box:
            environment = {**box.environment(), "PS1": "$ ", "TERM": os.environ.get("TERM", "dumb")}
            return subprocess.call(["/bin/bash", "--norc", "--noprofile"], cwd=directory,
                                   env=environment)


if __name__ == "__main__":
    if len(sys.argv) != 3:
        sys.exit(__doc__)
    if sys.argv[2] == "--shell":
        sys.exit(interact(sys.argv[1]))
    sys.exit(replay(sys.argv[1], pathlib.Path(sys.argv[2])))
