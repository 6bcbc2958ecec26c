# SPDX-License-Identifier: ISC
"""What the interop tests print: TAP, one point per named case, with diagnostics under a point that failed.

A test is a list of (name, function) pairs handed to run(). A function fails by raising; Skip("why") skips it. Extra
diagnostics (the tail of a server's log) come from the functions given as `on_failure`.
"""

import sys
import traceback


class Skip(Exception):
    """This case cannot be tried here; the text says why."""


def diagnose(text):
    for line in text.rstrip().splitlines():
        print(f"# {line}")


def skip_all(cases, why):
    """Every case skipped by name, so that the count of cases does not depend on the machine."""
    print(f"1..{len(cases)}")
    for number, (name, _) in enumerate(cases, 1):
        print(f"ok {number} - {name} # SKIP {why}")
    sys.exit(0)


def run(cases, on_failure=()):
    """Runs the cases in order and exits: 0 if none failed."""
    print(f"1..{len(cases)}", flush=True)
    failed = 0
    for number, (name, case) in enumerate(cases, 1):
        try:
            case()
            print(f"ok {number} - {name}", flush=True)
        except Skip as why:
            print(f"ok {number} - {name} # SKIP {why}", flush=True)
        except Exception:  # whatever a case raises is its failure
            failed += 1
            print(f"not ok {number} - {name}")
            diagnose(traceback.format_exc())
            for more in on_failure:
                diagnose(more())
            sys.stdout.flush()
    return 1 if failed else 0


def equal(got, expected, what=""):
    if got != expected:
        raise AssertionError(f"{what or 'value'}: expected {expected!r}, got {got!r}")


def holds(condition, what):
    if not condition:
        raise AssertionError(what)
