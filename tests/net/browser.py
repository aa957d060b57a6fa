# SPDX-License-Identifier: GPL-3.0-or-later
"""A real browser in a namespace, with a page of ours that tells what it does."""
import http.server
import os
import queue
import shutil
import threading
import urllib.parse

from lab import entered

PAGES = os.path.join(os.path.dirname(os.path.realpath(__file__)), "browser")
ARGS = ["--headless", "--no-sandbox", "--disable-gpu", "--disable-quic", "--no-first-run", "--disable-background-networking", "--disable-component-update",
        "--disable-sync", "--ignore-certificate-errors"]


class Browser:
    """Chromium on the page with these arguments; `told` has what the page posts, as (name, body)."""

    def __init__(self, lab, ns, port=8000, **args):
        self.told = queue.Queue()
        told = self.told

        class Handler(http.server.SimpleHTTPRequestHandler):
            def __init__(self, *a):
                super().__init__(*a, directory=PAGES)

            def do_POST(self):
                body = self.rfile.read(int(self.headers.get("Content-Length") or 0))
                self.send_response(204)
                self.end_headers()
                told.put((self.path.strip("/"), body.decode()))

            def log_message(self, *a):
                pass

        with entered(ns):
            server = http.server.ThreadingHTTPServer(("127.0.0.1", port), Handler)
        threading.Thread(target=server.serve_forever, daemon=True).start()
        self.server = server
        url = f"http://127.0.0.1:{port}/index.html?{urllib.parse.urlencode(args)}"
        home = lab.path("browser")
        self.process = lab.start(ns, shutil.which("chromium"), *ARGS, f"--user-data-dir={home}", url, log="browser.log", env={**os.environ, "HOME": lab.dir})

    def wait(self, name, timeout=30):
        """What the page tells under that name; other news are an error."""
        said, body = self.told.get(timeout=timeout)
        assert said == name, f"the page told {said}, not {name}: {body}"
        return body

    def close(self, lab):
        lab.stop(self.process)
        self.server.shutdown()
