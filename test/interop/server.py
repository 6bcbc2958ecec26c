# SPDX-License-Identifier: ISC
"""What the real servers of the tests share: a child process on loopback in a temporary folder, its certificates, its log,
and what it saw. prosody.py and ejabberd.py say how each is configured and started; a test takes either:

    with Prosody(accounts={"juliet@capulet.example": "password"}) as server:
        server.port             # STARTTLS required
        server.direct_tls_port  # TLS from the first byte
        server.ca               # the file to trust
        server.rooms, server.upload  # addresses of the services, with rooms=True, upload=True
        server.capture()        # every stanza the server saw, and what it stored

Logs have a line "RECV: <stanza..." or "SEND: <stanza..." for each stanza, whichever server it is. Logging goes to a pipe
that this module reads, so that tests wait for what the server says and never sleep; the server is ended by its own process
id, also when the test fails.
"""

import base64
import html
import os
import re
import shutil
import signal
import socket
import subprocess
import tempfile
import threading

# Ways a certificate can be: right, of a CA nobody trusts, for another name, over, and with the name in CN only.
CERTIFICATES = ("good", "other-ca", "wrong-name", "expired", "cn-only")
START_SECONDS = 60
STOP_SECONDS = 20


def lacking(*programs):
    """Why a server cannot be started here, or None; each program with the package that has it."""
    for program, package in (*programs, ("openssl", "openssl")):
        if shutil.which(program, path=search_path()) is None:
            return f"{program} not installed (apt-get install {package})"
    return None


def search_path():
    return os.environ.get("PATH", "") + ":/usr/local/sbin:/usr/sbin:/sbin"


def free_ports(count):
    """Ports of loopback nobody uses now; all held until all are known, so that they differ."""
    held = [socket.socket() for _ in range(count)]
    try:
        for each in held:
            each.bind(("127.0.0.1", 0))
        return [each.getsockname()[1] for each in held]
    finally:
        for each in held:
            each.close()


class Authority:
    """A certificate authority of the test's own, and what it issues; all by the openssl program."""

    def __init__(self, folder, name="Interop CA"):
        self.folder = folder
        self.name = name
        os.makedirs(folder, exist_ok=True)
        self.certificate = os.path.join(folder, "ca.pem")
        self.key = os.path.join(folder, "ca.key")
        self.openssl("req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256", "-nodes", "-days", "30",
                     "-keyout", self.key, "-out", self.certificate, "-subj", f"/CN={name}",
                     "-addext", "basicConstraints=critical,CA:TRUE", "-addext", "keyUsage=critical,keyCertSign,cRLSign")

    @staticmethod
    def openssl(*arguments):
        done = subprocess.run(["openssl", *arguments], capture_output=True, text=True, check=False)
        if done.returncode != 0:
            raise RuntimeError(f"openssl {' '.join(arguments)}: {done.stderr}")

    def issue(self, domain, kind="good"):
        """Returns (certificate, key) for a domain: dNSName and SRVName (RFC 6120 section 13.7.1.2)."""
        path = os.path.join(self.folder, domain)
        name = "somewhere-else.example" if kind == "wrong-name" else domain
        lines = ["basicConstraints = critical,CA:FALSE", "keyUsage = critical,digitalSignature",
                 "extendedKeyUsage = serverAuth"]
        if kind != "cn-only":
            lines.append(f"subjectAltName = DNS:{name}, otherName:1.3.6.1.5.5.7.8.7;IA5STRING:_xmpp-client.{name}")
        with open(path + ".ext", "w", encoding="ascii") as file:
            file.write("\n".join(lines) + "\n")
        self.openssl("req", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256", "-nodes", "-keyout", path + ".key",
                     "-out", path + ".csr", "-subj", f"/CN={name}" if kind == "cn-only" else "/O=Interop")
        if kind == "expired":
            self.issue_expired(path)
        else:
            self.openssl("x509", "-req", "-in", path + ".csr", "-CA", self.certificate, "-CAkey", self.key, "-CAcreateserial",
                         "-days", "7", "-extfile", path + ".ext", "-out", path + ".pem")
        return path + ".pem", path + ".key"

    def issue_expired(self, path):
        """`openssl ca` is the one command of OpenSSL 3.0 that takes dates."""
        with open(path + ".ca", "w", encoding="ascii") as file:
            file.write(f"[ca]\ndefault_ca = test\n[test]\ndatabase = {path}.index\nserial = {path}.serial\n"
                       f"new_certs_dir = {self.folder}\ndefault_md = sha256\npolicy = any\n[any]\norganizationName = optional\n"
                       "commonName = optional\n")
        with open(path + ".index", "w", encoding="ascii"):
            pass
        with open(path + ".serial", "w", encoding="ascii") as file:
            file.write("10\n")
        self.openssl("ca", "-batch", "-config", path + ".ca", "-cert", self.certificate, "-keyfile", self.key, "-in", path + ".csr",
                     "-startdate", "20200101000000Z", "-enddate", "20200201000000Z", "-extfile", path + ".ext", "-notext",
                     "-out", path + ".pem")


class Server:
    """The life of one; subclasses have make_configuration(), register_accounts(), launch() and wait_started()."""

    kind = None

    def __init__(self, accounts, certificate="good", mechanisms="all", offer_starttls=True, friends=(), options="",
                 modules=(), rooms=False, archive=False, upload=False, upload_limit=100 * 1024 * 1024):
        """accounts: bare JID -> password; their domains are the hosts of this server.
        certificate: one of CERTIFICATES.
        mechanisms: "all" keeps passwords as they are (SCRAM-SHA-1 and -SHA-256, PLAIN inside TLS); "SHA-1" or
        "SHA-256" keeps only that hash.
        offer_starttls: False lets people log in without TLS, as a stripped stream would look.
        friends: bare JIDs subscribed to each other's presence.
        options, modules: further lines of configuration and modules, of this kind of server.
        rooms, archive, upload: group chats at conference.DOMAIN, archives of people (and rooms) kept always, and files at
        upload.DOMAIN, up to upload_limit bytes, over https://localhost:http_port."""
        assert certificate in CERTIFICATES
        self.accounts = dict(accounts)
        self.certificate_kind = certificate
        self.mechanisms = mechanisms
        self.offer_starttls = offer_starttls
        self.friends = list(friends)
        self.options = options
        self.modules = list(modules)
        self.with_rooms, self.with_archive, self.with_upload = rooms, archive, upload
        self.upload_limit = upload_limit
        self.domains = sorted({jid.split("@")[1] for jid in accounts})
        self.rooms = f"conference.{self.domains[0]}" if rooms else None
        self.upload = f"upload.{self.domains[0]}" if upload else None
        self.folder = None
        self.process = None
        self.lines = []
        self.changed = threading.Condition()
        self.ended = False

    # --- life ---

    def __enter__(self):
        self.folder = tempfile.mkdtemp(prefix=f"sotto-{self.kind}-")
        try:
            self.port, self.direct_tls_port, self.http_port = free_ports(3)
            self.make_certificates()
            os.makedirs(self.path("data"), exist_ok=True)
            self.make_configuration()
            self.register_accounts()
            self.start()
        except BaseException:
            self.__exit__()
            raise
        return self

    def __exit__(self, *_):
        self.stop()
        shutil.rmtree(self.folder, ignore_errors=True)

    def path(self, *parts):
        return os.path.join(self.folder, *parts)

    def make_certificates(self):
        self.authority = Authority(self.path("ca"))
        self.ca = self.authority.certificate
        issuer = self.authority
        if self.certificate_kind == "other-ca":
            # Same name, other key: only the signature tells.
            issuer = Authority(self.path("other-ca"))
        os.makedirs(self.path("certificates"))
        for domain in self.domains:
            # Found by these names, for STARTTLS by the stream's `to` and for direct TLS by SNI.
            self.keep_certificate(domain, *issuer.issue(domain, self.certificate_kind))
        if self.with_upload:
            self.keep_certificate("localhost", *self.authority.issue("localhost"))

    def keep_certificate(self, name, certificate, key):
        shutil.copy(certificate, self.path("certificates", name + ".crt"))
        shutil.copy(key, self.path("certificates", name + ".key"))

    def start(self):
        """Starts the server, again after stop() too, and waits until it listens."""
        since = len(self.lines)
        self.ended = False
        self.process = self.launch()
        self.reader = threading.Thread(target=self.read_log, args=(self.process.stdout,), daemon=True)
        self.reader.start()
        self.wait_started(since)

    def spawn(self, command, **environment):
        return subprocess.Popen(command, stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.STDOUT,
                                cwd=self.folder, env={**os.environ, "PATH": search_path(), **environment},
                                start_new_session=True)

    def read_log(self, pipe):
        for line in pipe:
            with self.changed:
                self.lines.append(line.decode("utf-8", "replace").rstrip("\n"))
                self.changed.notify_all()
        with self.changed:
            self.ended = True
            self.changed.notify_all()

    def stop(self):
        """Ends the server and waits for it; what it logged stays. Connections break as if the machine went away."""
        if self.process is None:
            return
        if self.process.poll() is None:
            self.process.send_signal(signal.SIGTERM)
            try:
                self.process.wait(STOP_SECONDS)
            except subprocess.TimeoutExpired:
                self.process.kill()
                self.process.wait()
        self.reader.join(STOP_SECONDS)
        self.process.stdout.close()
        self.process = None

    def restart(self):
        self.stop()
        self.start()

    # --- what it saw ---

    def wait_log(self, pattern, seconds=10, since=0):
        """Waits until a line of the log matches; returns it."""
        wanted = re.compile(pattern)

        def look():
            for line in self.lines[since:]:
                if wanted.search(line):
                    return line
            return None

        with self.changed:
            self.changed.wait_for(lambda: look() is not None or self.ended, seconds)
            line = look()
        if line is None:
            raise TimeoutError(f"{self.kind} never said {pattern!r}; its log ends:\n{self.tail()}")
        return line

    def log_length(self):
        with self.changed:
            return len(self.lines)

    def tail(self, count=40):
        with self.changed:
            return "\n".join(line[:400] for line in self.lines[-count:])

    def capture(self):
        """Everything the server saw or kept: its log with every stanza in and out, and each file of its data."""
        with self.changed:
            parts = ["\n".join(self.lines)]
        for folder, _, files in os.walk(self.path("data")):
            for name in files:
                with open(os.path.join(folder, name), encoding="utf-8", errors="replace") as file:
                    parts.append(file.read())
        return "\n".join(parts)

    def saw(self, text):
        """Whether a text was visible to the server: as it is, as XML or Lua would escape it, or in base64."""
        capture = self.capture()
        forms = {text, html.escape(text), html.escape(text, quote=False), text.replace('"', '\\"'),
                 html.escape(text).replace("&#x27;", "&apos;")}
        # Base64 at each of the three alignments, without the ends that depend on the neighbours.
        raw = text.encode()
        for shift in range(3):
            encoded = base64.b64encode(b"\0" * shift + raw).decode()
            first = (shift * 8 + 5) // 6
            last = (shift + len(raw)) * 8 // 6
            if last - first >= 8:
                forms.add(encoded[first:last])
        return any(form in capture for form in forms)
