# SPDX-License-Identifier: ISC
"""The real servers by name, so that one test runs through each: meson calls it once with "prosody" and once with
"ejabberd"."""

import sys

import ejabberd
import prosody
from server import free_ports  # noqa: F401: tests take it from here

KINDS = {"prosody": prosody, "ejabberd": ejabberd}


def why_not(kind):
    """Why that server cannot be started here, or None."""
    return KINDS[kind].why_not()


def start(kind, accounts, **options):
    """The server, to be used with `with`; options: see server.Server."""
    return {"prosody": prosody.Prosody, "ejabberd": ejabberd.Ejabberd}[kind](accounts, **options)


def named_by_argument():
    """The server a test was asked to use: its first argument, or prosody."""
    kind = sys.argv[1] if len(sys.argv) > 1 else "prosody"
    if kind not in KINDS:
        sys.exit(f"{sys.argv[0]}: one of {', '.join(KINDS)}")
    return kind
