#!/usr/bin/python3
# SPDX-License-Identifier: ISC
"""Encrypted files through a real server: `sotto send --file` to an independent client that fetches and decrypts with
Python's own HTTP and AES, what that client uploads and announces in the ways deployed clients do, what was altered, and
what must not even be uploaded. At the end everything the server saw and kept is searched for names and content.

    test_files.py [prosody|ejabberd]
"""

import asyncio
import base64
import hashlib
import http.server
import os
import ssl
import sys
import tempfile
import threading
import urllib.request
import xml.etree.ElementTree as ET

sys.dont_write_bytecode = True
sys.path.insert(0, os.path.dirname(os.path.abspath(__file__)))
import actors
import servers
import tap
from actors import Peer, Sotto
from client import Client

try:
    from cryptography.hazmat.primitives import padding
    from cryptography.hazmat.primitives.ciphers import Cipher, algorithms, modes
except ImportError:
    Cipher = None

JULIET, ROMEO = "juliet@capulet.example", "romeo@montague.example"
MERCUTIO, BENVOLIO = "mercutio@capulet.example", "benvolio@capulet.example"
ACCOUNTS = {JULIET: "pw-juliet", ROMEO: "pw-romeo", MERCUTIO: "pw-mercutio", BENVOLIO: "pw-benvolio"}
LIMIT = 4 * 1024 * 1024
SFS, ESFS, META = "urn:xmpp:sfs:0", "urn:xmpp:esfs:0", "urn:xmpp:file:metadata:0"
HASHES, DATA, UPLOAD = "urn:xmpp:hashes:2", "http://jabber.org/protocol/url-data", "urn:xmpp:http:upload:0"
GCM, CBC = "urn:xmpp:ciphers:aes-256-gcm-nopadding:0", "urn:xmpp:ciphers:aes-256-cbc-pkcs7:0"


def b64(data):
    return base64.b64encode(data).decode()


def gcm_seal(key, iv, data):
    context = Cipher(algorithms.AES(key), modes.GCM(iv)).encryptor()
    return context.update(data) + context.finalize() + context.tag


def gcm_open(key, iv, sealed):
    context = Cipher(algorithms.AES(key), modes.GCM(iv, sealed[-16:])).decryptor()
    return context.update(sealed[:-16]) + context.finalize()


def cbc_seal(key, iv, data):
    padder = padding.PKCS7(128).padder()
    context = Cipher(algorithms.AES(key), modes.CBC(iv)).encryptor()
    return context.update(padder.update(data) + padder.finalize()) + context.finalize()


class Host(http.server.ThreadingHTTPServer):
    """A file server that does what it is told, by the path: see Answers."""

    def __init__(self, server):
        super().__init__(("127.0.0.1", 0), Answers)
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        context.load_cert_chain(server.path("certificates", "localhost.crt"), server.path("certificates", "localhost.key"))
        self.socket = context.wrap_socket(self.socket, server_side=True)
        self.asked = []
        self.files = {}
        self.url = f"https://localhost:{self.server_port}"
        self.thread = threading.Thread(target=self.serve_forever, daemon=True)
        self.thread.start()

    def handle_error(self, request, client_address):
        """Clients that go away in the middle are what is tested."""

    def end(self):
        self.shutdown()
        self.server_close()
        self.thread.join(10)


class Answers(http.server.BaseHTTPRequestHandler):
    def log_message(self, *_):
        pass

    def do_GET(self):
        self.server.asked.append((self.path, dict(self.headers)))
        _, kind, name = self.path.split("/", 2)
        data = self.server.files.get(name, b"")
        if kind == "hops":
            count, _, rest = name.partition("/")
            target = f"/hops/{int(count) - 1}/{rest}" if int(count) > 1 else f"/good/{rest}"
            return self.answer(302, b"elsewhere", Location=target)
        if kind == "downgrade":
            return self.answer(302, b"elsewhere", Location=self.server.url.replace("https", "http") + f"/good/{name}")
        if kind == "endless":
            self.send_response(200)
            self.end_headers()
            try:
                while True:
                    self.wfile.write(bytes(65536))
            except OSError:
                return None
        if kind == "endless404":
            self.send_response(404)
            self.end_headers()
            try:
                while True:
                    self.wfile.write(bytes(65536))
            except OSError:
                return None
        if kind == "short":
            self.send_response(200)
            self.send_header("Content-Length", str(len(data)))
            self.end_headers()
            self.wfile.write(data[:-10])
            return None
        if kind == "claims":
            self.send_response(200)
            self.send_header("Content-Length", str(5 << 30))
            self.end_headers()
            return None
        if kind == "partial":
            return self.answer(206, data)
        return self.answer(200 if kind == "good" else 410, data)

    def answer(self, code, data, **headers):
        self.send_response(code)
        for name, value in headers.items():
            self.send_header(name, value)
        self.send_header("Content-Length", str(len(data)))
        self.end_headers()
        self.wfile.write(data)


class Play:
    def __init__(self, server, folder):
        self.server = server
        self.folder = folder
        self.secrets = []
        self.count = 0

    def home(self):
        self.count += 1
        return os.path.join(self.folder, f"home-{self.count}")

    def write(self, name, size=70000):
        """A file whose name and content appear nowhere else; both are searched for at the end."""
        self.count += 1
        marker = os.urandom(12).hex()
        name = f"{name[0]} {os.urandom(4).hex()}{name[1]}"
        path = os.path.join(self.folder, f"from-{self.count}")
        os.makedirs(path)
        data = (marker.encode() + os.urandom(max(size - 24, 0)))[:size]
        with open(os.path.join(path, name), "wb") as file:
            file.write(data)
        self.secrets += [name] + ([marker] if size >= 24 else [])
        return os.path.join(path, name), name, data

    def fetch(self, url):
        with urllib.request.urlopen(url, context=ssl.create_default_context(cafile=self.server.ca)) as answer:
            return answer.read()

    def upload(self, sealed):
        """Puts bytes on the server with Romeo's account; the URL to get them."""

        async def slot():
            client = Client(ROMEO, ACCOUNTS[ROMEO], "127.0.0.1", self.server.port, self.server.ca, resource="uploader")
            await client.connect()
            service = self.server.upload if self.server.kind == "prosody" else "upload.montague.example"
            answer = await client.iq("get", service, ET.Element(f"{{{UPLOAD}}}request", {
                "filename": os.urandom(8).hex() + ".bin", "size": str(len(sealed)), "content-type": "application/octet-stream"}))
            await client.close()
            put = answer.find(f"{{{UPLOAD}}}slot/{{{UPLOAD}}}put")
            headers = {element.get("name"): element.text for element in put}
            return put.get("url"), headers, answer.find(f"{{{UPLOAD}}}slot/{{{UPLOAD}}}get").get("url")

        put, headers, get = asyncio.run(slot())
        headers["Content-Type"] = "application/octet-stream"
        request = urllib.request.Request(put, data=sealed, method="PUT", headers=headers)
        urllib.request.urlopen(request, context=ssl.create_default_context(cafile=self.server.ca)).close()
        return get

    def kept(self):
        """How many files the upload service holds."""
        return sum(len(files) for path, _, files in os.walk(self.server.path("data"))
                   if "file_share" in path or "/files/" in path + "/")

    def setup(self):
        self.romeo = Peer(self.server, ROMEO)
        self.juliet, self.mercutio = Sotto(self.server, JULIET, self.home()), Sotto(self.server, MERCUTIO, self.home())
        self.juliet.setup()
        self.mercutio.setup()

    # --- from sotto ---

    def announced(self, event, name, data):
        """What the other client makes of a message with a file: both ways of saying it are right, and say the same."""
        url, fragment = event["body"].split("#")
        tap.holds(url.startswith("aesgcm://"), url)
        tap.equal(len(fragment), 88, "hex digits of IV and key")
        iv, key = bytes.fromhex(fragment[:24]), bytes.fromhex(fragment[24:])
        https = "https" + url[len("aesgcm"):]
        sealed = self.fetch(https)
        tap.equal(gcm_open(key, iv, sealed), data, "what was decrypted")
        content = ET.fromstring(event["content"])
        sharing = content.find(f"{{{SFS}}}file-sharing")
        file = sharing.find(f"{{{META}}}file")
        tap.equal((file.find(f"{{{META}}}name").text, file.find(f"{{{META}}}size").text), (name, str(len(data))))
        tap.equal(file.find(f"{{{HASHES}}}hash").text, b64(hashlib.sha256(data).digest()), "hash of the file")
        source = sharing.find(f"{{{SFS}}}sources/{{{ESFS}}}encrypted")
        tap.equal(source.get("cipher"), GCM)
        tap.equal((source.find(f"{{{ESFS}}}key").text, source.find(f"{{{ESFS}}}iv").text), (b64(key), b64(iv)))
        tap.equal(source.find(f"{{{HASHES}}}hash").text, b64(hashlib.sha256(sealed).digest()), "hash of what is kept")
        tap.equal(source.find(f"{{{SFS}}}sources/{{{DATA}}}url-data").get("target"), https)
        fallback = content.find("{urn:xmpp:fallback:0}fallback")
        tap.equal(fallback.get("for"), SFS)
        return fragment

    def file_out(self):
        path, name, data = self.write(("balcony", ".jpg"), 2 * 1024 * 1024 + 5)
        self.juliet.succeed("send", ROMEO, "--file", path)
        event = self.romeo.wait(event="message")
        self.announced(event, name, data)
        tap.holds(event["body"].split("#")[0].endswith(".jpg"), "the ending that other clients go by")

    def several_out(self):
        """A text, an empty file, and one whose name has everything; each with a key of its own."""
        files = [self.write(("nothing", ".txt"), 0), self.write(("é ü 漢字 'x' & (y)", ".unknown"), 65536)]
        words = "Files " + os.urandom(6).hex()
        self.secrets.append(words)
        self.juliet.succeed("send", ROMEO, words, "--file", files[0][0], "--file", files[1][0])
        self.romeo.receive(words)
        used = {self.announced(self.romeo.wait(event="message"), name, data) for _, name, data in files}
        tap.equal(len(used), 2, "keys")

    def no_keys_no_upload(self):
        path, _, _ = self.write(("secret", ".pdf"))
        before = self.kept()
        line = self.juliet.refuse("send", BENVOLIO, "--file", path)
        tap.holds("no keys of" in line and BENVOLIO in line, line)
        tap.equal(self.kept(), before, "files on the server")

    def never_is_not_for_keys(self):
        """Somebody who is written to in the clear, by choice, gets the key of a file encrypted all the same."""
        path, name, data = self.write(("open", ".txt"))
        self.juliet.succeed("encrypt", ROMEO, "never", "--confirm", "in the clear")
        self.juliet.succeed("send", ROMEO, "--file", path)
        self.announced(self.romeo.wait(event="message"), name, data)
        self.juliet.succeed("encrypt", ROMEO, "always")
        tap.equal(self.romeo.left(event="clear"), [], "messages in the clear")

    def too_large(self):
        path, name, _ = self.write(("large", ".zip"), LIMIT + 1)
        before = self.kept()
        line = self.juliet.refuse("send", ROMEO, "--file", path)
        tap.holds("is too large" in line and name in line, line)
        tap.equal(self.kept(), before, "files on the server")

    def no_file(self):
        line = self.juliet.refuse("send", ROMEO, "--file", "/nonexistent/file")
        tap.holds("/nonexistent/file cannot be read" in line, line)
        line = self.juliet.refuse("send", ROMEO, "--file", self.folder)
        tap.holds("is not a file" in line, line)

    # --- to sotto ---

    def get(self, number, data, name):
        target = os.path.join(self.folder, f"to-{number}-{os.urandom(3).hex()}")
        os.makedirs(target)
        done = self.juliet.succeed("files", "get", str(number), "--to", target)
        tap.equal(os.listdir(target), [name], "files in the folder")
        tap.equal(done.stdout, os.path.join(target, name) + "\n", "what was printed")
        with open(os.path.join(target, name), "rb") as file:
            tap.equal(file.read() == data, True, "the content is the same")
        tap.equal(os.stat(os.path.join(target, name)).st_mode & 0o777, 0o600)

    def url_in(self):
        """As Conversations and all the others of 0.3 write: the body is the URL, and that is all."""
        self.juliet.listen()
        for iv_size in (12, 16):
            data, key, iv = os.urandom(300000), os.urandom(32), os.urandom(iv_size)
            url = self.upload(gcm_seal(key, iv, data))
            self.romeo.do(f"send {JULIET} aesgcm{url[5:]}#{(iv + key).hex()}")
            event = self.juliet.listener.wait(event="file")
            tap.equal((event["from"], event["seal"], event["cipher"], event["size"]), (ROMEO, "omemo:2", "aes-256-gcm", None))
            message = self.juliet.listener.wait(event="message")
            tap.equal(message["body"], None, "a body that is a file and nothing else")
            self.get(event["number"], data, event["name"])

    def share(self, name, data, cipher=GCM, sealed=None, size=None, digest=None):
        """XEP-0447 with XEP-0448, without a body."""
        key, iv = os.urandom(32), os.urandom(12 if cipher == GCM else 16)
        url = self.upload((gcm_seal if cipher == GCM else cbc_seal)(key, iv, data) if sealed is None else sealed)
        digest = b64(hashlib.sha256(data).digest()) if digest is None else digest
        xml = (f"<file-sharing xmlns='{SFS}' disposition='attachment'><file xmlns='{META}'><media-type>text/plain</media-type>"
               f"<name>{name}</name><size>{len(data) if size is None else size}</size>"
               f"<hash xmlns='{HASHES}' algo='sha-256'>{digest}</hash></file><sources>"
               f"<encrypted xmlns='{ESFS}' cipher='{cipher}'><key>{b64(key)}</key><iv>{b64(iv)}</iv>"
               f"<sources xmlns='{SFS}'><url-data xmlns='{DATA}' target='{url}'/></sources></encrypted></sources></file-sharing>")
        self.romeo.do(f"raw {JULIET} {xml}")
        return self.juliet.listener.wait(event="file")

    def elements_in(self):
        for cipher, name in ((GCM, "aes-256-gcm"), (CBC, "aes-256-cbc")):
            data = os.urandom(100001)
            event = self.share("notes.txt", data, cipher)
            tap.equal((event["name"], event["size"], event["cipher"], event["type"]),
                      ("notes.txt", len(data), name, "text/plain"))
            self.get(event["number"], data, "notes.txt")

    def no_path_is_trusted(self):
        """T34: CVE-2021-33896 was a client that wrote where the sender said."""
        data = os.urandom(1000)
        for wanted, name in (("../../../etc/passwd", "passwd"), ("..", "file"), (".bashrc", "bashrc"),
                             ("C:\\windows\\evil.exe", "evil.exe"), ("a" * 300 + ".txt", "a" * 196 + ".txt"),
                             ("\u202egpj.exe", "gpj.exe"), ("/", "file"), ("-rf", "rf")):
            event = self.share(wanted, data)
            tap.equal(event["name"], name, f"the name of {wanted!r}")
            self.get(event["number"], data, name)

    def nothing_is_overwritten(self):
        data = os.urandom(1000)
        event = self.share("same.txt", data)
        target = os.path.join(self.folder, "same")
        os.makedirs(target)
        with open(os.path.join(target, "same.txt"), "w", encoding="ascii") as file:
            file.write("mine")
        os.symlink("/nonexistent/elsewhere", os.path.join(target, "same (2).txt"))
        self.juliet.succeed("files", "get", str(event["number"]), "--to", target)
        tap.equal(sorted(os.listdir(target)), ["same (2).txt", "same (3).txt", "same.txt"])
        with open(os.path.join(target, "same.txt"), encoding="ascii") as file:
            tap.equal(file.read(), "mine")
        with open(os.path.join(target, "same (3).txt"), "rb") as file:
            tap.equal(file.read(), data)

    def refused_file(self, event, words):
        target = os.path.join(self.folder, f"bad-{event['number']}")
        os.makedirs(target)
        line = self.juliet.refuse("files", "get", str(event["number"]), "--to", target)
        tap.holds("Not saved" in line and words in line, line)
        tap.equal(os.listdir(target), [], "what is left in the folder")

    def altered(self):
        data = os.urandom(50000)
        sealed = bytearray(gcm_seal(os.urandom(32), os.urandom(12), data))
        self.refused_file(self.share("a.txt", data, sealed=bytes(sealed)), "it was altered, or is another file")
        self.refused_file(self.share("b.txt", data, digest=b64(bytes(32))), "it is not the file that the message speaks of")
        self.refused_file(self.share("c.txt", data, size=len(data) - 1), "there is more of it than was announced")
        self.refused_file(self.share("d.txt", data, size=len(data) + 1), "it is not whole")
        self.refused_file(self.share("e.txt", data, CBC, digest=b64(bytes(32))), "not the file that the message speaks of")

    def wrong_host(self):
        """The certificate is for localhost only."""
        data = os.urandom(100)
        key, iv = os.urandom(32), os.urandom(12)
        url = self.upload(gcm_seal(key, iv, data)).replace("//localhost:", "//127.0.0.1:")
        self.romeo.do(f"send {JULIET} aesgcm{url[5:]}#{(iv + key).hex()}")
        self.refused_file(self.juliet.listener.wait(event="file"), "did not prove who it is")

    def hostile_servers(self):
        """T34: every way a file server may misbehave ends with words and without a file; the key never goes to it."""
        tap.equal(self.juliet.interrupt(), 0, "exit status")
        host = Host(self.server)
        try:
            data, key, iv = os.urandom(40000), os.urandom(32), os.urandom(12)
            host.files["f.bin"] = gcm_seal(key, iv, data)
            fragment = (iv + key).hex()
            target = os.path.join(self.folder, "hostile")
            os.makedirs(target)
            for path, words in (("gone/f.bin", "refused (HTTP 410)"), ("partial/f.bin", "refused (HTTP 206)"),
                                ("endless404/f.bin", "refused (HTTP 404)"), ("short/f.bin", "it is not whole"),
                                ("claims/f.bin", "there is more of it"), ("hops/4/f.bin", "sent us elsewhere"),
                                ("downgrade/f.bin", "sent us elsewhere")):
                url = f"aesgcm{host.url[5:]}/{path}#{fragment}"
                line = self.juliet.refuse("files", "get", url, "--to", target)
                tap.holds("Not saved" in line and words in line, f"{path}: {line}")
                tap.holds(fragment not in line, "the key is in what is said")
                tap.equal(os.listdir(target), [], f"what is left of {path}")
            # Announced with a size, so that what has no end is cut off there.
            self.juliet.listen()
            digest = b64(hashlib.sha256(data).digest())
            xml = (f"<file-sharing xmlns='{SFS}'><file xmlns='{META}'><name>f</name><size>{len(data)}</size>"
                   f"<hash xmlns='{HASHES}' algo='sha-256'>{digest}</hash></file><sources><encrypted xmlns='{ESFS}' "
                   f"cipher='{GCM}'><key>{b64(key)}</key><iv>{b64(iv)}</iv><sources xmlns='{SFS}'><url-data xmlns='{DATA}' "
                   f"target='{host.url}/endless/f.bin'/></sources></encrypted></sources></file-sharing>")
            self.romeo.do(f"raw {JULIET} {xml}")
            self.refused_file(self.juliet.listener.wait(event="file"), "there is more of it than was announced")
            tap.equal(self.juliet.interrupt(), 0, "exit status")
            # From standard input, so that nobody sees it among the processes; and through as many hops as are allowed.
            done = self.juliet.succeed("files", "get", "-", "--to", target,
                                       text=f"aesgcm{host.url[5:]}/hops/3/f.bin#{fragment}\n")
            tap.equal(done.stdout, os.path.join(target, "f.bin") + "\n")
            with open(os.path.join(target, "f.bin"), "rb") as file:
                tap.equal(file.read(), data)
            for path, headers in host.asked:
                tap.holds(fragment not in path + str(headers) and "#" not in path, "the key went to the server")
                tap.holds("Referer" not in headers and "Cookie" not in headers, str(headers))
            for url in (f"https{host.url[5:]}/good/f.bin#{fragment}", "aesgcm://localhost/x#12", "../x"):
                line = self.juliet.refuse("files", "get", url, "--to", target)
                tap.holds("neither the number of a file" in line, line)
        finally:
            host.end()

    def while_listening(self):
        """Sent by the process that listens, from the folder in which it was typed; fetched into that folder."""
        path, name, data = self.write(("mutual", ".txt"))
        self.juliet.listen()
        self.mercutio.listen()
        done = actors.subprocess.run(self.juliet.command("send", MERCUTIO, "--file", name, "--json"), cwd=os.path.dirname(path),
                                     capture_output=True, text=True, timeout=60, env=self.juliet.environment, check=False)
        tap.equal((done.returncode, done.stderr), (0, ""))
        event = self.mercutio.listener.wait(event="file")
        tap.equal((event["name"], event["size"], event["type"]), (name, len(data), "text/plain"))
        target = os.path.join(self.folder, "while")
        os.makedirs(target)
        done = actors.subprocess.run(self.mercutio.command("files", "get", str(event["number"]), "--json"), cwd=target,
                                     capture_output=True, text=True, timeout=60, env=self.mercutio.environment, check=False)
        tap.equal((done.returncode, done.stderr), (0, ""))
        tap.holds(f'"sha256":"{hashlib.sha256(data).hexdigest()}"' in done.stdout, done.stdout)
        tap.equal(os.listdir(target), [name])
        tap.holds(name in self.mercutio.succeed("files").stdout, "it is not in the list")
        for sotto in (self.juliet, self.mercutio):
            tap.equal(sotto.interrupt(), 0, "exit status")

    def server_saw_nothing(self):
        self.romeo.do(f"clear {MERCUTIO} Seen by all")
        self.server.wait_log("Seen by all")
        tap.holds(self.server.saw("Seen by all"), "the search finds nothing at all")
        tap.holds(self.kept() > 10, "no files on the server to be searched")
        for text in self.secrets:
            tap.holds(not self.server.saw(text), f"the server saw {text!r}")


SCENES = (
    ("setup", Play.setup),
    ("a file out: the URL, the elements, what is on the server", Play.file_out),
    ("a text and two files: a key for each", Play.several_out),
    ("T34: a contact without keys: nothing is uploaded", Play.no_keys_no_upload),
    ("T34: where messages go unencrypted by choice, the key of a file does not", Play.never_is_not_for_keys),
    ("a file that the server does not take: nothing is uploaded", Play.too_large),
    ("what is no file: refused", Play.no_file),
    ("a URL in, with IVs of 12 and 16 bytes", Play.url_in),
    ("elements in, GCM and CBC", Play.elements_in),
    ("T34: no name or path of the other side is trusted", Play.no_path_is_trusted),
    ("T34: nothing that is there is overwritten or followed", Play.nothing_is_overwritten),
    ("T34: what was altered is not saved", Play.altered),
    ("a file server with another certificate: nothing is fetched", Play.wrong_host),
    ("T34: file servers that misbehave: nothing is saved, the key stays here", Play.hostile_servers),
    ("through the process that listens, with paths of the one that asks", Play.while_listening),
    ("T34: the server saw neither names nor content", Play.server_saw_nothing),
)


def main():
    kind = servers.named_by_argument()
    names = [(f"{kind}: {name}", scene) for name, scene in SCENES]
    why = servers.why_not(kind) or actors.why_no_peer() or actors.why_no_sotto()
    if not why and Cipher is None:
        why = "python3-cryptography not installed (apt-get install python3-cryptography)"
    if why:
        tap.skip_all(names, why)
    # What a person has set for a web proxy is no part of the test.
    for name in [name for name in os.environ if name.lower().endswith("_proxy")]:
        del os.environ[name]
    with tempfile.TemporaryDirectory() as folder, \
            servers.start(kind, ACCOUNTS, friends=list(ACCOUNTS), upload=True, upload_limit=LIMIT) as server:
        play = Play(server, folder)
        try:
            return tap.run([(name, lambda scene=scene: scene(play)) for name, scene in names],
                           on_failure=(actors.transcripts, server.tail))
        finally:
            actors.end_all()


if __name__ == "__main__":
    sys.exit(main())
