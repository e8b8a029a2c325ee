# SPDX-License-Identifier: Apache-2.0
"""Adds up ctest's JUnit reports and closes with `N passed, N failed`.

Usage: sum_reports.py BROKEN REPORT...  BROKEN is 1 when a step failed, which counts as a failure
where no report shows one: a build that broke, a run that ended before it wrote its report.
"""
import pathlib
import sys
import xml.etree.ElementTree as xml


def count(report):
    """(passed, failed names) of one report; a missing report is one failure."""
    path = pathlib.Path(report)
    if not path.exists():
        return 0, [f"{path.stem}: no report"]
    passed, failed = 0, []
    for case in xml.parse(path).getroot().iter("testcase"):
        if case.get("status") == "run":
            passed += 1
        else:  # failed, disabled or not run: none of them is a pass
            failed.append(f"{path.stem}: {case.get('name')} ({case.get('status')})")
    return passed, failed


def main(arguments):
    broken = arguments[0] != "0"
    passed, failed = 0, []
    for report in arguments[1:]:
        more_passed, more_failed = count(report)
        passed += more_passed
        failed += more_failed
    if broken and not failed:
        failed.append("a step failed; see above")
    for name in failed:
        print(f"failed: {name}")
    print(f"{passed} passed, {len(failed)} failed", flush=True)
    return 1 if failed or not passed else 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
