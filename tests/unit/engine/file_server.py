"""A web server with one file, for the tests of downloads: well-behaved or not, as each test wants."""

from __future__ import annotations

import contextlib
import re
import threading
from collections.abc import Iterator
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer


@dataclass
class Files:
    """What the server has, how it behaves, and what it was asked.

    Attributes:
        content: by path.
        ranges: whether it knows ranges.
        tag: sent as ETag.
        cuts: bytes after which the next replies break off; then it behaves.
        refusals: statuses that the next replies have instead of content.
        lie: sent as Content-Range instead of the right one.
        pages: JSON by path.
        asked: (path, headers in lower case) of each request.
    """

    content: dict[str, bytes] = field(default_factory=dict)
    ranges: bool = True
    tag: str | None = '"one"'
    cuts: list[int] = field(default_factory=list)
    refusals: list[int] = field(default_factory=list)
    lie: str | None = None
    sizes: bool = True
    moved: dict[str, str] = field(default_factory=dict)
    pages: dict[str, str] = field(default_factory=dict)
    asked: list[tuple[str, dict[str, str]]] = field(default_factory=list)
    url: str = ""

    def paths(self) -> list[str]:
        return [path for path, _ in self.asked]

    def wanted(self) -> list[str | None]:
        """The Range of each request."""
        return [headers.get("range") for _, headers in self.asked]


@contextlib.contextmanager
def serving(files: Files) -> Iterator[Files]:
    server = ThreadingHTTPServer(("127.0.0.1", 0), _handler(files))
    server.daemon_threads = True
    thread = threading.Thread(target=server.serve_forever, args=(0.01,), daemon=True)
    thread.start()
    files.url = f"http://127.0.0.1:{server.server_port}"
    try:
        yield files
    finally:
        server.shutdown()
        server.server_close()
        thread.join()


def _handler(files: Files) -> type[BaseHTTPRequestHandler]:
    class Handler(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            files.asked.append((self.path, {name.lower(): value for name, value in self.headers.items()}))
            path = self.path.partition("?")[0]
            if files.refusals:
                self._short(files.refusals.pop(0))
            elif path in files.moved:
                self._short(302, Location=files.moved[path])
            elif path in files.pages:
                self._page(files.pages[path])
            elif path not in files.content:
                self._short(404)
            else:
                self._file(files.content[path])

        def _page(self, text: str) -> None:
            self.send_response(200)
            self.send_header("Content-Type", "application/json")
            self.send_header("Content-Length", str(len(text.encode())))
            self.end_headers()
            self.wfile.write(text.encode())

        def _short(self, status: int, **headers: str) -> None:
            self.send_response(status)
            for name, value in {"Content-Length": "0", **headers}.items():
                self.send_header(name, value)
            self.end_headers()

        def _file(self, content: bytes) -> None:
            found = re.fullmatch(r"bytes=(\d+)-", self.headers.get("Range", ""))
            same = self.headers.get("If-Range") in (None, files.tag)
            start = int(found[1]) if found and files.ranges and same else None
            if start is not None and start >= len(content):
                self._short(416, **{"Content-Range": f"bytes */{len(content)}"})
                return
            self.send_response(200 if start is None else 206)
            if start is not None:
                self.send_header("Content-Range", files.lie or f"bytes {start}-{len(content) - 1}/{len(content)}")
            if files.tag is not None:
                self.send_header("ETag", files.tag)
            rest = content[start or 0 :]
            if files.sizes:
                self.send_header("Content-Length", str(len(rest)))
            self.end_headers()
            if files.cuts:
                self.wfile.write(rest[: files.cuts.pop(0)])
                self.wfile.flush()
                self.close_connection = True
                return
            self.wfile.write(rest)

        def log_message(self, *_: object) -> None:
            pass

    return Handler
