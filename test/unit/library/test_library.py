#!/usr/bin/env python3
# SPDX-License-Identifier: ISC
"""What is installed, looked at from outside: what the shared libraries show and need, what the public headers are like,
and whether a program that has only the installed files can be built and run. Needs nm, readelf and pkg-config."""

import argparse
import os
import re
import shlex
import shutil
import subprocess
import sys
import tempfile

sys.dont_write_bytecode = True
HERE = os.path.dirname(os.path.abspath(__file__))
ROOT = os.path.join(HERE, "..", "..", "..")
HEADERS = os.path.join(ROOT, "include", "sotto")
sys.path.insert(0, os.path.join(ROOT, "test", "interop"))
import tap

FUNCTIONS_MAX = 60  # of the public headers, all together
EXAMPLE_LINES_MAX = 150
NEEDED = {
    "sotto": {"libcrypto", "libsodium", "libexpat", "libidn", "libc"},
    "sotto-sqlite": {"libcrypto", "libsodium", "libsqlite3", "libc"},
}
VERSION = {"sotto": "SOTTO_0", "sotto-sqlite": "SOTTO_SQLITE_0"}
SANITIZERS = {"libasan", "libubsan"}
# What a library without sockets, clocks, files, threads, environment, locale and output asks the C library for: none of it.
FORBIDDEN = re.compile(
    r"socket\w*|connect|accept4?|bind|listen|send(to|msg)?|recv(from|msg)?|poll|p?select|epoll_\w+|getaddrinfo|open(at)?(64)?|"
    r"f?re?open(64)?|fopen(64)?|p?read(64)?|p?write(64)?|unlink|rename|mmap|time|clock_\w+|gettimeofday|localtime\w*|"
    r"(secure_)?getenv|setenv|fork|exec\w+|system|pthread_create|thrd_create|v?f?printf|f?puts|putchar|perror|syslog|"
    r"u?sleep|nanosleep|exit|_exit|abort|signal|sigaction|s?rand(om)?(_r)?|strtok|setlocale|strerror")
# A declaration, a comment at the beginning of a line, or an empty line.
PIECE = re.compile(r"^/\*.*?\*/|^\s*$|^SOTTO_API\b([^;]*?)\b(sotto_\w+)\(([^;]*)\);([^\n]*)", re.MULTILINE | re.DOTALL)


def run(*command, environment=None):
    done = subprocess.run(command, capture_output=True, text=True, check=False, env=environment)
    if done.returncode != 0:
        raise AssertionError(f"{shlex.join(command)}: exit status {done.returncode}\n{done.stdout}{done.stderr}")
    return done.stdout


def read(path):
    with open(path, encoding="utf-8") as file:
        return file.read()


# --- the public headers ---


class Function:
    """What SOTTO_API declares, and the comment that stands for it: above its paragraph, or behind it."""

    def __init__(self, header, match, comment):
        self.header = header
        self.name = match.group(2)
        self.can_fail = "sotto_status" in match.group(1).split()
        self.comment = comment + match.group(4)


def functions_of(text, header="text"):
    found, comment = [], ""
    for match in PIECE.finditer(text):
        if match.group(2):
            found.append(Function(header, match, comment))
        else:
            comment = match.group(0).strip()  # an empty line ends what a comment stands for
    return found


def header_names():
    return sorted(name for name in os.listdir(HEADERS) if name.endswith(".h"))


def public_functions():
    found = [function for name in header_names() for function in functions_of(read(os.path.join(HEADERS, name)), name)]
    tap.holds(len(found) > 15, f"only {len(found)} functions were found")
    # Nothing escaped the expression: each use of the word, but for its definition, is a function.
    uses = sum(len(re.findall(r"^SOTTO_API\b", read(os.path.join(HEADERS, name)), re.MULTILINE)) for name in header_names())
    tap.equal(len(found), uses, "declarations")
    return found


def error_names():
    return set(re.findall(r"^    X\((\w+), ", read(os.path.join(HEADERS, "status.h")), re.MULTILINE))


def what_is_wrong(function, known):
    """Why the comment of a function is not enough, or None."""
    if not function.comment:
        return "no comment"
    if not function.can_fail:
        return None
    text = re.sub(r"\n \*", "\n", function.comment)
    match = re.search(r"Errors:(.*?)(\.\s|\*/|$)", re.sub(r"\([^)]*\)", "", text), re.DOTALL)
    if match is None:
        return "no 'Errors:'"
    names = [name.removeprefix("SOTTO_E_") for name in re.findall(r"\b[A-Z][A-Z_]{2,}\*?", match.group(1))]
    for name in names:
        if not (name in known or (name.endswith("_*") and any(each.startswith(name[:-1]) for each in known))):
            return f"{name} is no error"
    return None if names else "no error named"


def headers_name_errors():
    known = error_names()
    tap.holds(len(known) > 40, "the table of statuses was not found")
    wrong = [f"{function.header}: {function.name}: {why}" for function in public_functions()
             if (why := what_is_wrong(function, known))]
    tap.equal(wrong, [])


def the_check_can_fail():
    """The expressions above, on headers that are not right."""
    known = error_names()

    def reasons(text):
        return [what_is_wrong(function, known) for function in functions_of(text)]

    tap.equal(reasons("SOTTO_API SOTTO_MUST_CHECK sotto_status sotto_a(int);\n"), ["no comment"])
    tap.equal(reasons("/* Does. */\nSOTTO_API SOTTO_MUST_CHECK sotto_status sotto_a(int,\n   int);\n"), ["no 'Errors:'"])
    tap.equal(reasons("/* Errors: none to\n * speak of. BAD_JID */\nSOTTO_API sotto_status sotto_a(int);\n"), ["no error named"])
    tap.equal(reasons("/* Errors: NO_SUCH, BAD_JID. */\nSOTTO_API sotto_status sotto_a(int);\n"), ["NO_SUCH is no error"])
    tap.equal(reasons("/* Errors: BAD_JID (NONE),\n * STORE_*. But X_Y */\nSOTTO_API sotto_status sotto_a(int);\n"), [None])
    tap.equal(reasons("/* A. */\n\nSOTTO_API void sotto_a(int);\nSOTTO_API int sotto_b(int); /* b */\n"), ["no comment", None])


def headers_are_few():
    names = [function.name for function in public_functions()]
    tap.equal(len(names), len(set(names)), "declared once")
    tap.holds(len(names) <= FUNCTIONS_MAX, f"{len(names)} functions, more than {FUNCTIONS_MAX}")


class Outside:
    def __init__(self, arguments, folder):
        self.folder = folder
        self.build = arguments.build
        self.files = {"sotto": arguments.libsotto, "sotto-sqlite": arguments.libsotto_sqlite}
        self.cc = shlex.split(arguments.cc)
        self.cxx = shlex.split(arguments.cxx)
        self.sanitize = [] if arguments.sanitize in ("", "none") else ["-fsanitize=" + arguments.sanitize]
        self.tree = os.path.join(folder, "tree")

    # --- the libraries ---

    def symbols(self, library, which):
        """Dynamic symbols, (name, version) each."""
        found = []
        for line in run("nm", "--dynamic", which, "--with-symbol-versions", self.files[library]).splitlines():
            kind, name = line.split()[-2:]
            if kind != "A":  # the names of versions themselves
                name, _, version = name.partition("@")
                found.append((name, version.lstrip("@")))
        return found

    def shows(self, library):
        """Exactly the functions of the headers, all of one version."""
        mine = {function.name for function in public_functions() if (function.header == "sqlite.h") == (library != "sotto")}
        shown = self.symbols(library, "--defined-only")
        tap.equal(sorted(name for name, _ in shown), sorted(mine))
        tap.equal({version for _, version in shown}, {VERSION[library]}, "versions")

    def dynamic(self, library, path=None):
        """The dynamic section: {tag: [value, ...]}."""
        found = {}
        for line in run("readelf", "--wide", "--dynamic", path or self.files[library]).splitlines():
            match = re.match(r"\s*0x\w+ \((\w+)\)\s+(?:.*\[(.*)\]|(.*))$", line)
            if match:
                found.setdefault(match.group(1), []).append(match.group(2) or match.group(3))
        return found

    def needs(self, library):
        """Exactly the libraries of the design: none by accident, none gone."""
        needed = {re.sub(r"\.so.*", "", name) for name in self.dynamic(library)["NEEDED"]}
        tap.equal(needed - (SANITIZERS if self.sanitize else set()), NEEDED[library])

    def is_named(self, library):
        dynamic = self.dynamic(library)
        tap.equal(dynamic["SONAME"], [f"lib{library}.so.0"])
        tap.holds("TEXTREL" not in dynamic, "relocations in the code")
        stack = [line for line in run("readelf", "--wide", "--segments", self.files[library]).splitlines() if "GNU_STACK" in line]
        tap.holds(stack and " RW " in stack[0], f"an executable stack: {stack}")

    def asks_for_nothing(self):
        """No clock, socket, file, thread, environment, locale or output: those are the host's."""
        asked = [name for name, _ in self.symbols("sotto", "--undefined-only")]
        tap.holds("malloc" in asked, "the symbols were not found")
        tap.equal([name for name in asked if FORBIDDEN.fullmatch(name)], [])

    # --- the headers, compiled ---

    def compile_alone(self, compiler, standard):
        for name in header_names():
            source = os.path.join(self.folder, "alone.c")
            with open(source, "w", encoding="ascii") as file:
                file.write(f"#include <sotto/{name}>\n#include <sotto/{name}>\nint answer(void);\nint answer(void) {{ return 42; }}\n")
            run(*compiler, "-std=" + standard, "-Wall", "-Wextra", "-Wpedantic", "-Wconversion", "-Wshadow", "-Wundef", "-Werror",
                "-fsyntax-only", "-I" + os.path.dirname(HEADERS), source)

    def compile_c(self):
        self.compile_alone([*self.cc, "-Wstrict-prototypes"], "c17")

    def compile_cxx(self):
        if not self.cxx:
            raise tap.Skip("no C++ compiler")
        self.compile_alone([*self.cxx, "-x", "c++"], "c++11")

    def compile_page(self):
        """The code of doc/embedding.md, all of it together."""
        code = re.findall(r"^```c\n(.*?)^```$", read(os.path.join(ROOT, "doc", "embedding.md")), re.MULTILINE | re.DOTALL)
        tap.holds(len(code) > 3, "no code was found")
        source = os.path.join(self.folder, "page.c")
        with open(source, "w", encoding="utf-8") as file:
            file.write("\n".join(code))
        run(*self.cc, "-std=c17", "-Wall", "-Wextra", "-Wpedantic", "-Wconversion", "-Wno-unused-function", "-Werror",
            "-fsyntax-only", "-I" + os.path.dirname(HEADERS), source)

    def example_is_short(self):
        lines = read(os.path.join(ROOT, "doc", "examples", "strophe_client.c")).count("\n")
        tap.holds(lines <= EXAMPLE_LINES_MAX, f"{lines} lines, more than {EXAMPLE_LINES_MAX}")

    # --- installed ---

    def install(self):
        run("meson", "install", "-C", self.build, "--no-rebuild", "--quiet", "--tags", "runtime,devel", "--destdir", self.tree)
        found = {}
        for folder, _, files in os.walk(self.tree):
            for name in files:
                found.setdefault(name, os.path.join(folder, name))
        self.library_folder = os.path.dirname(found["libsotto.so"])
        for library in NEEDED:
            for name in (f"lib{library}.so", f"lib{library}.so.0"):
                tap.holds(os.path.islink(found[name]), f"{name} is no link")
                tap.equal(os.path.realpath(found[name]), os.path.realpath(found[f"lib{library}.so"]))
            dynamic = self.dynamic(library, found[f"lib{library}.so"])
            tap.holds("RPATH" not in dynamic and "RUNPATH" not in dynamic, "it looks for libraries in a folder of its own")
        headers = os.path.dirname(found["engine.h"])
        tap.equal(sorted(os.listdir(headers)), header_names(), "installed headers (src/library/meson.build lists them)")
        # Nothing else is found: what a client author has installed beside us plays no part.
        self.environment = {**os.environ, "PKG_CONFIG_SYSROOT_DIR": self.tree, "PKG_CONFIG_PATH": "",
                            "PKG_CONFIG_LIBDIR": os.path.dirname(found["sotto.pc"]), "LD_LIBRARY_PATH": self.library_folder}

    def pkg_config(self, *arguments):
        return run("pkg-config", *arguments, environment=self.environment).split()

    def describes(self):
        tap.equal(self.pkg_config("--libs-only-l", "sotto"), ["-lsotto"])
        tap.equal(self.pkg_config("--libs-only-l", "sotto-sqlite"), ["-lsotto-sqlite", "-lsotto"])
        for option in ("--libs-only-L", "--cflags-only-I"):
            for flag in self.pkg_config(option, "sotto-sqlite"):
                tap.holds(os.path.isdir(flag[2:]) and flag[2:].startswith(self.tree), f"{flag} is not in the tree")
        tap.equal(self.pkg_config("--modversion", "sotto"), self.pkg_config("--modversion", "sotto-sqlite"))

    def build_and_run(self, compiler, name):
        program, store = os.path.join(self.folder, name), os.path.join(self.folder, name + ".store")
        run(*compiler, "-Wall", "-Wextra", "-Werror", *self.sanitize, os.path.join(HERE, "outside.c"), "-o", program,
            *self.pkg_config("--cflags", "--libs", "sotto-sqlite"))
        for how in ("send", "look"):
            said = run(program, store, store + ".key", how, environment=self.environment)
            tap.equal(said, f"{how} features: urn:xmpp:omemo:2:devices+notify; leaving: 1; held: 1\n")

    def outside_c(self):
        self.build_and_run([*self.cc, "-std=gnu17"], "outside-c")

    def outside_cxx(self):
        if not self.cxx:
            raise tap.Skip("no C++ compiler")
        self.build_and_run([*self.cxx, "-std=gnu++11", "-x", "c++"], "outside-c++")


def main():
    parser = argparse.ArgumentParser(description=__doc__)
    for name in ("--build", "--libsotto", "--libsotto-sqlite", "--cc", "--cxx", "--sanitize"):
        parser.add_argument(name, required=True)
    cases = [
        ("every public function says its errors", lambda outside: headers_name_errors()),
        ("a function that does not is found", lambda outside: the_check_can_fail()),
        ("the public functions are few", lambda outside: headers_are_few()),
        ("libsotto shows the public functions and nothing else", lambda outside: outside.shows("sotto")),
        ("libsotto-sqlite shows its public functions and nothing else", lambda outside: outside.shows("sotto-sqlite")),
        ("libsotto needs the libraries of the design", lambda outside: outside.needs("sotto")),
        ("libsotto-sqlite needs the libraries of the design", lambda outside: outside.needs("sotto-sqlite")),
        ("libsotto has its name", lambda outside: outside.is_named("sotto")),
        ("libsotto-sqlite has its name", lambda outside: outside.is_named("sotto-sqlite")),
        ("libsotto asks the system for nothing but memory and randomness", Outside.asks_for_nothing),
        ("each public header stands alone, C17", Outside.compile_c),
        ("each public header stands alone, C++11", Outside.compile_cxx),
        ("the code of doc/embedding.md compiles", Outside.compile_page),
        ("the example is short", Outside.example_is_short),
        ("installed: libraries, headers", Outside.install),
        ("installed: pkg-config", Outside.describes),
        ("an outside program in C", Outside.outside_c),
        ("an outside program in C++", Outside.outside_cxx),
    ]
    arguments = parser.parse_args()
    for tool in ("nm", "readelf", "pkg-config", "meson"):
        if shutil.which(tool) is None:
            tap.skip_all(cases, f"{tool} not installed")
    with tempfile.TemporaryDirectory() as folder:
        outside = Outside(arguments, folder)
        return tap.run([(name, lambda case=case: case(outside)) for name, case in cases])


if __name__ == "__main__":
    sys.exit(main())
