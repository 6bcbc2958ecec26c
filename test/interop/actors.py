# SPDX-License-Identifier: ISC
"""The programs that take part in an interop test, each a child process that prints JSON lines.

Actor waits for lines that match; nothing sleeps. Peer is the independent implementation (peer.py), Sotto an account of
the program under test. All are ended by their own process ids by end_all(), which tests call at the end, also when they fail.
"""

import json
import os
import re
import shlex
import signal
import subprocess
import threading

HERE = os.path.dirname(os.path.abspath(__file__))
# Debian's Python packages belong to Debian's Python; another python3 may come first in PATH.
PYTHON = "/usr/bin/python3"
SECONDS = 60

actors = []


def why_no_peer():
    """Why peer.py cannot run here, or None."""
    if not os.path.exists(PYTHON):
        return f"{PYTHON} is not there (apt-get install python3)"
    for module, package in (("omemo", "python3-omemo"), ("twomemo", "python3-twomemo"), ("oldmemo", "python3-oldmemo"),
                            ("xmlschema", "python3-xmlschema")):
        done = subprocess.run([PYTHON, "-c", f"import importlib.util, sys; sys.exit(not importlib.util.find_spec('{module}'))"],
                              check=False)
        if done.returncode != 0:
            return f"{package} not installed (apt-get install {package})"
    return None


def end_all():
    for actor in reversed(actors):
        actor.end()
    actors.clear()


def transcripts():
    """What every actor said, for the diagnostics of a failure."""
    return "\n".join(actor.transcript() for actor in actors)


class Actor:
    """A child process; its standard output is a list of JSON objects that grows."""

    def __init__(self, name, command, environment=None):
        self.name = name
        self.command = command
        self.seen = []
        self.other = []
        self.position = 0
        self.finished = False
        self.changed = threading.Condition()
        self.process = subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.PIPE,
                                        env=environment, start_new_session=True)
        self.threads = [threading.Thread(target=self.read_output, daemon=True),
                        threading.Thread(target=self.read_errors, daemon=True)]
        for thread in self.threads:
            thread.start()
        actors.append(self)

    def read_output(self):
        for line in self.process.stdout:
            with self.changed:
                try:
                    self.seen.append(json.loads(line))
                except ValueError:
                    self.other.append(line.decode("utf-8", "replace").rstrip())
                self.changed.notify_all()
        with self.changed:
            self.finished = True
            self.changed.notify_all()

    def read_errors(self):
        for line in self.process.stderr:
            with self.changed:
                self.other.append(line.decode("utf-8", "replace").rstrip())
                self.changed.notify_all()

    def tell(self, line):
        self.process.stdin.write(line.encode() + b"\n")
        self.process.stdin.flush()

    def wait(self, seconds=SECONDS, **fields):
        """The next object (after those already taken) whose fields are these; earlier ones that differ stay to be
        taken by later calls."""

        def find():
            for index, event in enumerate(self.seen):
                if event is not None and all(event.get(name) == value for name, value in fields.items()):
                    return index
            return None

        with self.changed:
            self.changed.wait_for(lambda: find() is not None or self.finished, seconds)
            index = find()
            if index is None:
                raise TimeoutError(f"{self.name}: {fields} never came")
            event, self.seen[index] = self.seen[index], None
            return event

    def left(self, **fields):
        """The objects that match and were not taken."""
        with self.changed:
            return [event for event in self.seen
                    if event is not None and all(event.get(name) == value for name, value in fields.items())]

    def transcript(self):
        with self.changed:
            lines = [json.dumps(event, ensure_ascii=False) for event in self.seen if event is not None]
            return "\n".join([f"--- {self.name}: {shlex.join(self.command)}", *lines[-12:], *self.other[-20:]])

    def end(self):
        """Asks it to end and waits; its exit status is returned."""
        if self.process.poll() is None:
            self.process.terminate()
            try:
                self.process.wait(10)
            except subprocess.TimeoutExpired:
                self.process.kill()
                self.process.wait()
        for thread in self.threads:
            thread.join(10)
        for pipe in (self.process.stdin, self.process.stdout, self.process.stderr):
            try:
                pipe.close()
            except BrokenPipeError:
                pass
        return self.process.returncode


class Peer(Actor):
    """peer.py, logged in."""

    def __init__(self, server, jid, name=None, state=None, direct_tls=False, dialect="2"):
        port = server.direct_tls_port if direct_tls else server.port
        command = [PYTHON, "-B", os.path.join(HERE, "peer.py"), jid, "--password", server.accounts[jid], "--connect",
                   f"127.0.0.1:{port}", "--ca", server.ca]
        if direct_tls:
            command.append("--direct-tls")
        if state:
            command += ["--state", state]
        command += ["--dialect", dialect]
        super().__init__(name or f"peer {jid}", command)
        self.jid = jid
        online = self.answer("online")
        self.device, self.fingerprint = online["device"], online["fingerprint"]

    def answer(self, command, seconds=SECONDS):
        """The object that ends a command; raises if it is an error."""
        event = self.wait(seconds, command=command)
        if event["event"] == "error":
            raise AssertionError(f"{self.name}: {command}: {event}")
        return event

    def do(self, line):
        self.tell(line)
        word = line.split(" ")[0]
        return self.answer("send" if word in ("subject", "raw") else "devices" if word == "distrust" else word)

    def send(self, to, text):
        return self.do(f"send {to} {text}")

    def receive(self, body, seconds=SECONDS):
        """The decrypted message with this body; nothing of it may be wrong."""
        event = self.wait(seconds, event="message", body=body)
        if event["problems"]:
            raise AssertionError(f"{self.name}: {event['problems']} in {event}")
        return event

    def quit(self):
        self.do("quit")
        return self.process.wait(SECONDS)


def sotto_program():
    """The program under test: SOTTO_PROGRAM, or the one in build/."""
    return os.environ.get("SOTTO_PROGRAM", os.path.join(HERE, "..", "..", "build", "app", "sotto"))


def why_no_sotto():
    return None if os.access(sotto_program(), os.X_OK) else f"{sotto_program()} is not built (./dev build)"


class Sotto:
    """One device: a home folder of its own, and the commands run in it."""

    def __init__(self, server, jid, home, ca=None, port=None, password=None):
        self.server = server
        self.jid = jid
        self.home = home
        self.ca = ca or server.ca
        self.port = port or server.port
        self.password = server.accounts.get(jid, "none") if password is None else password
        self.listener = None
        os.makedirs(home, exist_ok=True)
        # Nothing of the person who runs the tests.
        self.environment = {name: value for name, value in os.environ.items() if not name.startswith("XDG_")}
        self.environment["HOME"] = home

    def command(self, *arguments):
        return [sotto_program(), *arguments, "--home", os.path.join(self.home, "sotto")]

    def run(self, *arguments, text=None, seconds=SECONDS):
        """Runs one command to its end."""
        return subprocess.run(self.command(*arguments), input=text, capture_output=True, text=True, timeout=seconds,
                              env=self.environment, check=False)

    def succeed(self, *arguments, text=None):
        done = self.run(*arguments, text=text)
        if done.returncode != 0:
            raise AssertionError(f"{shlex.join(done.args)}: exit status {done.returncode}\n{done.stdout}{done.stderr}")
        return done

    def refuse(self, *arguments, status=1):
        """The command fails with this status and says why in one line, which is returned."""
        done = self.run(*arguments)
        # Warnings may stand before it (doc/commands.md).
        lines = [line for line in done.stderr.splitlines() if line.strip() and not line.startswith("Warning: ")]
        if done.returncode != status or (status == 1 and len(lines) != 1):
            raise AssertionError(f"{shlex.join(done.args)}: expected exit status {status} and one line, got "
                                 f"{done.returncode}\n{done.stdout}{done.stderr}")
        return lines[0] if lines else ""

    def setup_arguments(self):
        password_file = os.path.join(self.home, "password")
        with open(password_file, "w", encoding="utf-8") as file:
            file.write(self.password + "\n")
        os.chmod(password_file, 0o600)
        return ("setup", self.jid, "--password-file", password_file, "--connect", f"127.0.0.1:{self.port}", "--ca", self.ca)

    def setup(self):
        self.succeed(*self.setup_arguments())

    def send(self, to, text):
        return self.succeed("send", to, text)

    def listen(self):
        """Starts `sotto listen --json` and waits until the server knows it is there."""
        since = self.server.log_length()
        self.listener = Actor(f"listen {self.jid}", self.command("listen", "--json"), self.environment)
        self.server.wait_log(r"RECV: <presence(?![^>]*\btype=)", SECONDS, since=since)

    def receive(self, body):
        """What listen prints for the message with this body."""
        return self.listener.wait(body=body)

    def interrupt(self):
        """Ends listen as Ctrl-C does; its exit status."""
        self.listener.process.send_signal(signal.SIGINT)
        status = self.listener.process.wait(SECONDS)
        self.listener.end()
        return status

    def fingerprints(self, *jid):
        """The fingerprints of devices `sotto devices` shows, without the spaces between their groups; live keys, which
        no other client knows, are left out."""
        found, live = [], False
        for line in self.succeed("devices", *jid).stdout.splitlines():
            groups = []
            if re.match(r"\s*\d+ +(device \d|live key)", line):
                live = "live key" in line
            for word in line.lower().split() + ["."]:
                if len(word) in (8, 64) and all(c in "0123456789abcdef" for c in word):
                    groups.append(word)
                elif groups:
                    if len("".join(groups)) == 64 and not live:
                        found.append("".join(groups))
                    groups = []
        return found
