"""A receiver of webhooks with a socket."""

import socket
import threading
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

from tiltyard.monitor.incidents.endpoint import EVENT_ID_HEADER, Endpoint

SECRET = b"a secret of 24 bytes"
TIMEOUT_S = 20.0


class Receiver:
    """A real HTTP server: each path behaves badly in its own way, and then well."""

    def __init__(self) -> None:
        self.got: list[tuple[str, str]] = []
        self.delivered = threading.Semaphore(0)
        self.is_held = threading.Event()
        receiver = self

        class Handler(BaseHTTPRequestHandler):
            def do_POST(self) -> None:
                receiver.answer(self)

            def log_message(self, *_: object) -> None:
                pass

        self.server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self.server.daemon_threads = True
        self.thread = threading.Thread(target=self.server.serve_forever, args=(0.01,))
        self.thread.start()

    def answer(self, request: BaseHTTPRequestHandler) -> None:
        request.rfile.read(int(request.headers["content-length"]))
        seen = [path for path, _ in self.got].count(request.path)
        self.got.append((request.path, request.headers[EVENT_ID_HEADER]))
        if request.path == "/slow":
            self.is_held.wait(TIMEOUT_S)
        if request.path == "/closing" and not seen:
            request.connection.shutdown(socket.SHUT_RDWR)
            request.close_connection = True
            return
        request.send_response(503 if request.path == "/failing" and not seen else 200)
        request.end_headers()
        if request.path == "/slow" or seen or request.path == "/good":
            self.delivered.release()

    def endpoint(self, name: str) -> Endpoint:
        return Endpoint(f"http://127.0.0.1:{self.server.server_port}/{name}", SECRET, name)

    def close(self) -> None:
        self.is_held.set()
        self.server.shutdown()
        self.server.server_close()
        self.thread.join(TIMEOUT_S)
