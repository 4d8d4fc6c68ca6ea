"""As much of S3 as a store needs, over HTTP on a free port: put, get, head, delete, list.

It is here to see that `s3://` needs nothing but an address and credentials: requests really go over
a socket, and create-only puts are decided by the server.
"""

import hashlib
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from email.utils import formatdate
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from urllib.parse import parse_qs, unquote, urlsplit
from xml.sax.saxutils import escape


class _Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    objects: dict[str, bytes]
    lock: threading.Lock

    def do_PUT(self) -> None:
        data = self.rfile.read(int(self.headers["Content-Length"]))
        with self.lock:
            taken = self.headers.get("If-None-Match") == "*" and self._key in self.objects
            if not taken:
                self.objects[self._key] = data
        self._answer(412 if taken else 200, b"", data)

    def do_GET(self) -> None:
        query = parse_qs(urlsplit(self.path).query)
        if "list-type" in query:
            self._answer(200, self._listing(query))
        elif self._key in self.objects:
            self._answer(200, self.objects[self._key], self.objects[self._key])
        else:
            self._answer(404, b"<Error><Code>NoSuchKey</Code></Error>")

    def do_HEAD(self) -> None:
        self.do_GET()

    def do_DELETE(self) -> None:
        with self.lock:
            self.objects.pop(self._key, None)
        self._answer(204, b"")

    @property
    def _key(self) -> str:
        """The path behind the bucket."""
        return unquote(urlsplit(self.path).path).lstrip("/").partition("/")[2]

    def _listing(self, query: dict[str, list[str]]) -> bytes:
        prefix = query.get("prefix", [""])[0]
        delimiter = query.get("delimiter", [""])[0]
        contents: list[str] = []
        folders: dict[str, None] = {}
        for key, data in sorted(self.objects.items()):
            if not key.startswith(prefix):
                continue
            head, found, _ = key[len(prefix) :].partition(delimiter) if delimiter else (key, "", "")
            if found:
                folders[prefix + head + found] = None
            else:
                contents.append(
                    f"<Contents><Key>{escape(key)}</Key><Size>{len(data)}</Size>"
                    "<LastModified>2026-01-02T03:04:05.000Z</LastModified>"
                    f"<ETag>{_etag(data)}</ETag></Contents>"
                )
        common = [f"<CommonPrefixes><Prefix>{escape(p)}</Prefix></CommonPrefixes>" for p in folders]
        body = "".join([*contents, *common])
        return (
            f"<ListBucketResult><IsTruncated>false</IsTruncated>{body}</ListBucketResult>".encode()
        )

    def _answer(self, status: int, body: bytes, data: bytes | None = None) -> None:
        self.send_response(status)
        self.send_header("Content-Length", str(len(body)))
        self.send_header("Last-Modified", formatdate(0, usegmt=True))
        if data is not None:
            self.send_header("ETag", _etag(data))
        self.end_headers()
        if self.command != "HEAD":
            self.wfile.write(body)

    def log_message(self, *_arguments: object) -> None:
        """Say nothing."""


def _etag(data: bytes) -> str:
    return f'"{hashlib.sha256(data).hexdigest()[:32]}"'


@contextmanager
def serve_s3() -> Iterator[tuple[str, dict[str, bytes]]]:
    """The address of a running server, and its objects by key."""
    objects: dict[str, bytes] = {}
    handler = type("Handler", (_Handler,), {"objects": objects, "lock": threading.Lock()})
    with ThreadingHTTPServer(("127.0.0.1", 0), handler) as server:
        thread = threading.Thread(target=server.serve_forever)
        thread.start()
        try:
            yield f"http://127.0.0.1:{server.server_port}", objects
        finally:
            server.shutdown()
            thread.join()
