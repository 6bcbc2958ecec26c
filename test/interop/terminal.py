# SPDX-License-Identifier: ISC
"""A program at a terminal, driven as a person would: by what is typed and what is on the screen. The terminal is tmux's,
with a socket of its own.

Nothing sleeps for a fixed time: see() looks at the screen until the text is there or its seconds are over.
"""

import os
import re
import subprocess
import time

SECONDS = 40
COLUMNS, LINES = 240, 60
LOOK_SECONDS = 0.1


class Terminal:
    def __init__(self, name, folder):
        self.name = name
        self.folder = os.path.abspath(folder)
        self.socket = os.path.join(self.folder, "tmux")

    def open_terminal(self, command, keep=False, **variables):
        """Runs a command in it. keep: what it showed stays when it has ended."""
        os.makedirs(self.folder, exist_ok=True)
        environment = {name: value for name, value in os.environ.items() if not name.startswith(("XDG_", "TMUX"))}
        environment.update(HOME=self.folder, LC_ALL="C.UTF-8", TERM="screen-256color", **variables)
        options = ["-f", os.devnull]
        kept = ["set-option", "-g", "remain-on-exit", "on", ";"] if keep else []
        subprocess.run(["tmux", "-S", self.socket, *options, "start-server", ";", *kept, "new-session", "-d",
                        "-x", str(COLUMNS), "-y", str(LINES), *command], env=environment, check=True)

    def close_terminal(self):
        self.tmux("kill-server", check=False)

    def tmux(self, *arguments, check=True):
        return subprocess.run(["tmux", "-S", self.socket, *arguments], capture_output=True, text=True, check=check)

    def is_open(self):
        return self.tmux("has-session", check=False).returncode == 0

    def has_ended(self):
        """Whether the program of a terminal that was kept has ended."""
        return self.tmux("list-panes", "-F", "#{pane_dead}", check=False).stdout.strip() == "1"

    def screen(self):
        done = self.tmux("capture-pane", "-p", "-J", check=False)
        return "\n".join(line.rstrip() for line in done.stdout.splitlines() if line.strip())

    def keys(self, text):
        """Typed, without an Enter."""
        self.tmux("send-keys", "-l", text)

    def type(self, line):
        self.keys(line)
        self.tmux("send-keys", "Enter")

    def until(self, found, what, seconds=SECONDS, last=None):
        end = time.monotonic() + seconds
        while time.monotonic() < end:
            result = found()
            if result:
                return result
            time.sleep(LOOK_SECONDS)
        raise TimeoutError(f"{self.name}: {what} never came\n{(last or self.screen)()}")

    def see(self, pattern, seconds=SECONDS):
        """Waits until the screen matches; returns the match."""
        return self.until(lambda: re.search(pattern, self.screen()), repr(pattern), seconds)

    def sees_not(self, pattern):
        if re.search(pattern, self.screen()):
            raise AssertionError(f"{self.name} shows {pattern!r}\n{self.screen()}")
