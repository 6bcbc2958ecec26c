# SPDX-License-Identifier: ISC
"""A real ejabberd (23.01 or 24) on loopback, for one test: own configuration, database, certificates and free ports. What
it is for a test is said in server.py.

It is one `erl` without distribution: no node name, no epmd, no cookie, nothing of the machine's own ejabberd, and any user
may start it, root too. What ejabberdctl would ask it to do is an -eval at its start. Modules and the options of pubsub are
those of Debian's ejabberd.yml, so what a fresh installation does is what is tested.
"""

import glob
import json
import os

import server


def why_not():
    """Why no ejabberd can be started here, or None."""
    why = server.lacking(("erl", "ejabberd"))
    if why is None and not libraries():
        why = "ejabberd not installed (apt-get install ejabberd)"
    return why


def libraries():
    """Where Debian has its code: a folder of the architecture."""
    found = glob.glob("/usr/lib/*/ejabberd-*/ebin/ejabberd.app")
    return os.path.dirname(os.path.dirname(os.path.dirname(found[0]))) if found else None


def binary(text):
    """An Erlang binary, whatever is in the text."""
    return "<<" + ",".join(str(byte) for byte in text.encode()) + ">>"


# Each stanza in and out, as prosody's stanza_debug shows them. The hooks run in the process of the connection.
SHOW = """
Show = fun(Way, Element) -> io:put_chars(user, [Way, unicode:characters_to_list(fxml:element_to_binary(Element)), 10]) end,
Received = fun(State, Element, _) -> Show("RECV: ", Element), State end,
Sent = fun(State, Packet, _) ->
           Element = case element(1, Packet) of xmlel -> Packet; _ -> xmpp:encode(Packet) end,
           Show("SEND: ", Element), State
       end,
lists:foreach(fun(Host) -> ejabberd_hooks:add(c2s_handle_recv, Host, Received, 1),
                           ejabberd_hooks:add(c2s_handle_send, Host, Sent, 1) end, ejabberd_option:hosts()),
"""


class Ejabberd(server.Server):
    kind = "ejabberd"

    def make_configuration(self):
        certificates = []
        names = [*self.domains, *(["localhost"] if self.with_upload else [])]
        for name in names:
            # ejabberd wants the key beside the certificate, in one file.
            path = self.path("certificates", name + ".pem")
            with open(path, "w", encoding="ascii") as file:
                for ending in (".crt", ".key"):
                    with open(self.path("certificates", name + ending), encoding="ascii") as part:
                        file.write(part.read())
            certificates.append(path)
        listener = {"ip": "127.0.0.1", "module": "ejabberd_c2s", "max_stanza_size": 262144}
        listen = [{**listener, "port": self.port, "starttls": self.offer_starttls, "starttls_required": self.offer_starttls},
                  {**listener, "port": self.direct_tls_port, "tls": True}]
        if not self.offer_starttls:
            del listen[0]["starttls_required"]
        if self.with_upload:
            listen.append({"ip": "127.0.0.1", "port": self.http_port, "module": "ejabberd_http", "tls": True,
                           "request_handlers": {"/upload": "mod_http_upload"}})
        configuration = {
            "loglevel": "info",
            "log_rotate_count": 0,
            "hosts": self.domains,
            "certfiles": certificates,
            "ca_file": self.ca,
            "acme": {"auto": False},
            "listen": listen,
            "s2s_access": "none",
            "disable_sasl_mechanisms": ["digest-md5", "X-OAUTH2"],
            "auth_password_format": "plain" if self.mechanisms == "all" else "scram",
            "modules": self.module_options(),
        }
        if self.mechanisms != "all":
            configuration["auth_scram_hash"] = {"SHA-1": "sha", "SHA-256": "sha256"}[self.mechanisms]
        # A value of JSON is one of YAML too.
        self.configuration = self.path("ejabberd.yml")
        with open(self.configuration, "w", encoding="utf-8") as file:
            file.write("".join(f"{name}: {json.dumps(value)}\n" for name, value in configuration.items()))
            file.write(self.options)
        # Names are the machine's hosts file's, and nothing else's.
        with open(self.path("inetrc"), "w", encoding="ascii") as file:
            file.write('{lookup,["file","native"]}.\n{host,{127,0,0,1},["localhost"]}.\n')

    def module_options(self):
        modules = {name: {} for name in
                   ("mod_admin_extra", "mod_blocking", "mod_caps", "mod_carboncopy", "mod_client_state", "mod_disco", "mod_last",
                    "mod_ping", "mod_privacy", "mod_private", "mod_vcard", "mod_version", *self.modules)}
        modules["mod_roster"] = {"versioning": True}
        modules["mod_offline"] = {}
        modules["mod_stream_mgmt"] = {"resend_on_timeout": "if_offline"}
        modules["mod_pubsub"] = {"plugins": ["flat", "pep"],
                                 "force_node_config": {"eu.siacs.conversations.axolotl.*": {"access_model": "open"},
                                                       "storage:bookmarks": {"access_model": "whitelist"}}}
        if self.with_archive:
            modules["mod_mam"] = {"assume_mam_usage": True, "default": "always"}
        if self.with_rooms:
            modules["mod_muc"] = {"access": ["allow"], "access_create": ["allow"], "access_persistent": ["allow"],
                                  "access_mam": ["allow"], "default_room_options": {"mam": self.with_archive}}
        if self.with_upload:
            modules["mod_http_upload"] = {"put_url": f"https://localhost:{self.http_port}/upload/@HOST@",
                                          "docroot": self.path("data", "files", "@HOST@"), "max_size": self.upload_limit, "access": "all"}
        return modules

    def register_accounts(self):
        """At its start: see launch()."""

    def accounts_expression(self):
        parts = []
        for jid, password in self.accounts.items():
            user, domain = (binary(part) for part in jid.split("@"))
            parts.append(f"ejabberd_auth:try_register({user}, {domain}, {binary(password)}),")
        for jid in self.friends:
            for friend in self.friends:
                if friend != jid:
                    names = ", ".join(binary(part) for part in (*jid.split("@"), *friend.split("@"), friend, "friends", "both"))
                    parts.append(f"mod_admin_extra:add_rosteritem({names}),")
        return "\n".join(parts)

    def launch(self):
        started = f'{SHOW}{self.accounts_expression()}io:put_chars(user, ["Accounts are there", 10]).'
        return self.spawn(
            ["erl", "-noinput", "-mnesia", "dir", json.dumps(self.path("data", "mnesia")), "-s", "ejabberd", "-eval", started],
            ERL_LIBS=libraries(), ERL_INETRC=self.path("inetrc"), ERL_CRASH_DUMP=self.path("crash.dump"), HOME=self.folder,
            LC_ALL="C.UTF-8", EJABBERD_CONFIG_PATH=self.configuration, EJABBERD_LOG_PATH=self.path("data", "ejabberd.log"))

    def wait_started(self, since):
        ports = [self.port, self.direct_tls_port, *([self.http_port] if self.with_upload else [])]
        for port in ports:
            self.wait_log(rf"Start accepting .* at 127\.0\.0\.1:{port}\b", server.START_SECONDS, since=since)
        self.wait_log("^Accounts are there", server.START_SECONDS, since=since)
