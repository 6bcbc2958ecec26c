# SPDX-License-Identifier: ISC
"""A real prosody (0.12 or 13) on loopback, for one test: own configuration, data, certificates and free ports. What it is
for a test is said in server.py."""

import os
import subprocess

import server
from server import free_ports  # noqa: F401: tests take it from here


def why_not():
    """Why no prosody can be started here, or None."""
    return server.lacking(("prosody", "prosody"))


def lua_string(text):
    return '"' + "".join(c if c.isalnum() or c in " -_./@:=" else "".join(f"\\{b:03d}" for b in c.encode())
                         for c in text) + '"'


def lua_list(texts):
    return "{ " + ", ".join(lua_string(text) for text in texts) + " }"


class Prosody(server.Server):
    kind = "prosody"

    def make_configuration(self):
        modules = ["roster", "saslauth", "disco", "pep", "smacks", "carbons", "offline", "ping", "blocklist", "stanza_debug",
                   *self.modules]
        if self.offer_starttls:
            modules.append("tls")
        if self.with_archive:
            modules.append("mam")
        if self.friends:
            modules.append("groups")
            with open(self.path("groups"), "w", encoding="utf-8") as file:
                file.write("[friends]\n" + "".join(f"{jid}\n" for jid in self.friends))
        lines = [
            "run_as_root = true",
            f"pidfile = {lua_string(self.path('prosody.pid'))}",
            f"data_path = {lua_string(self.path('data'))}",
            f"certificates = {lua_string(self.path('certificates'))}",
            'interfaces = { "127.0.0.1" }',
            f"c2s_ports = {{ {self.port} }}",
            f"c2s_direct_tls_ports = {{ {self.direct_tls_port} }}",
            "s2s_ports = { }",
            'modules_disabled = { "s2s" }',
            f"modules_enabled = {lua_list(modules)}",
            f"c2s_require_encryption = {'true' if self.offer_starttls else 'false'}",
            f"allow_unencrypted_plain_auth = {'false' if self.offer_starttls else 'true'}",
            "allow_registration = false",
            'storage = "internal"',
            f"groups_file = {lua_string(self.path('groups'))}",
            "smacks_hibernation_time = 60",
            'log = { { levels = { min = "debug" }, to = "console" } }',
        ]
        if self.mechanisms == "all":
            lines.append('authentication = "internal_plain"')
        else:
            lines += ['authentication = "internal_hashed"', f"password_hash = {lua_string(self.mechanisms)}"]
        if self.with_archive:
            lines.append("default_archive_policy = true")
        lines += self.http_options()
        lines.append(self.options)
        # Who sends no SNI gets the first host's certificate.
        lines.append(f"c2s_direct_tls_certificate = {lua_string(self.path('certificates', self.domains[0] + '.crt'))}")
        # Its services are for all of its hosts.
        found = ", ".join(f"{{ {lua_string(service)} }}" for service in (self.rooms, self.upload) if service)
        lines.append(f"disco_items = {{ {found} }}")
        lines += [f"VirtualHost {lua_string(domain)}" for domain in self.domains]
        lines += self.components()
        self.configuration = self.path("prosody.cfg.lua")
        with open(self.configuration, "w", encoding="utf-8") as file:
            file.write("\n".join(lines) + "\n")

    def http_options(self):
        if not self.with_upload:
            return []
        return ["http_ports = { }", f"https_ports = {{ {self.http_port} }}", 'https_interfaces = { "127.0.0.1" }',
                f"https_certificate = {lua_string(self.path('certificates', 'localhost.crt'))}"]

    def components(self):
        lines = []
        if self.with_rooms:
            lines += [f'Component {lua_string(self.rooms)} "muc"', "restrict_room_creation = false",
                      "muc_room_default_persistent = true"]
            if self.with_archive:
                lines += ['modules_enabled = { "muc_mam", "stanza_debug" }', "muc_log_by_default = true"]
        if self.with_upload:
            lines += [f'Component {lua_string(self.upload)} "http_file_share"',
                      f"http_file_share_size_limit = {self.upload_limit}", 'http_host = "localhost"',
                      f'http_external_url = "https://localhost:{self.http_port}/"']
        return lines

    def register_accounts(self):
        for jid, password in self.accounts.items():
            user, domain = jid.split("@")
            done = subprocess.run(["prosodyctl", "--config", self.configuration, "register", user, domain, password],
                                  capture_output=True, text=True, check=False,
                                  env={**os.environ, "PATH": server.search_path()})
            if done.returncode != 0:
                raise RuntimeError(f"prosodyctl register {jid}: {done.stdout}{done.stderr}")

    def launch(self):
        return self.spawn(["prosody", "-F", "--config", self.configuration])

    def wait_started(self, since):
        services = [("c2s", self.port), ("c2s_direct_tls", self.direct_tls_port)]
        if self.with_upload:
            services.append(("https", self.http_port))
        for name, port in services:
            self.wait_log(rf"Activated service '{name}' on .*\b{port}\b", server.START_SECONDS, since=since)
