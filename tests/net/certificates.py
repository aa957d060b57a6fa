# SPDX-License-Identifier: GPL-3.0-or-later
"""An authority for one scenario and what it has signed."""
import os
import ssl
import subprocess

EC = ["-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256", "-nodes"]


def run(*words):
    subprocess.run(words, check=True, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)


class Authority:
    def __init__(self, directory):
        self.dir = directory
        self.file = os.path.join(directory, "ca.pem")
        run("openssl", "req", "-x509", *EC, "-keyout", self.file + ".key", "-out", self.file, "-days", "2", "-subj", "/CN=test authority")

    def sign(self, name, *alternatives, days=2):
        """A certificate for "DNS:sip.example.com", "IP:10.0.0.1", "URI:sip:example.com"...: its file and that of its key. It is over after so many days, which may
        be in the past."""
        file, key = (os.path.join(self.dir, f"{name}.{end}") for end in ("pem", "key"))
        run("openssl", "req", "-new", *EC, "-keyout", key, "-out", file + ".req", "-subj", f"/CN={name}",
            *(["-addext", "subjectAltName=" + ",".join(alternatives)] if alternatives else []), "-addext", "basicConstraints=CA:FALSE")
        run("openssl", "x509", "-req", "-in", file + ".req", "-CA", self.file, "-CAkey", self.file + ".key", "-copy_extensions", "copy", "-days", str(days),
            "-out", file + ".new")
        os.rename(file + ".new", file)
        return file, key


class Contexts:
    """Python's side of TLS: believes the authority; shows `own` when there is one."""

    def __init__(self, authority, server_name, own=None, versions=None):
        self.server_name = server_name
        self.client = ssl.create_default_context(cafile=authority.file)
        self.client.check_hostname = server_name is not None
        self.server = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        for context in (self.client, self.server):
            if own:
                context.load_cert_chain(*own)
            if versions:
                context.minimum_version = context.maximum_version = versions
