"""The other system: an HTTP server that computes the SHA-256 of files, slowly, and tells how far it is."""

import hashlib
import json
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any, Final

#: A job reads its file in so many parts, and rests after each, in s.
_PARTS: Final = 5
_REST_S: Final = 0.1


@dataclass(slots=True)
class Job:
    """One file to be read. `result` is empty until `done` is `_PARTS`."""

    path: Path
    done: int = 0
    result: str = ""
    asked: int = 0

    def work(self) -> None:
        """Read the file to its end."""
        digest, part = hashlib.sha256(), self.path.stat().st_size // _PARTS + 1
        with open(self.path, "rb") as file:
            for _ in range(_PARTS):
                digest.update(file.read(part))
                time.sleep(_REST_S)
                self.done += 1
        self.result = digest.hexdigest()

    def told(self) -> dict[str, Any]:
        """How the job stands."""
        return {"done": f"{self.done} of {_PARTS}", "result": self.result, "asked": self.asked}


class _Jobs(ThreadingHTTPServer):
    daemon_threads = True
    jobs: dict[str, Job]


class _Handler(BaseHTTPRequestHandler):
    server: _Jobs

    def do_POST(self) -> None:
        body = json.loads(self.rfile.read(int(self.headers["content-length"])))
        # A request that is sent again, as its answer was lost, starts no second job.
        name = self.headers["idempotency-key"]
        self.server.jobs.setdefault(name, Job(Path(body["file"])))
        self._answer({"job": name})

    def do_GET(self) -> None:
        job = self.server.jobs[self.path.rpartition("/")[2]]
        job.asked += 1
        self._answer(job.told())
        if job.asked == 1:
            # Nobody's first question finds a job done: it waits in a queue until then.
            threading.Thread(target=job.work, daemon=True).start()

    def _answer(self, body: dict[str, Any]) -> None:
        text = json.dumps(body).encode()
        self.send_response(200)
        self.send_header("content-type", "application/json")
        self.send_header("content-length", str(len(text)))
        self.end_headers()
        self.wfile.write(text)

    def log_message(self, format: str, *args: Any) -> None:
        """Keep quiet."""


@contextmanager
def job_server() -> Iterator[str]:
    """Run the server on a free port of this machine. Gives its address."""
    with _Jobs(("127.0.0.1", 0), _Handler) as server:
        server.jobs = {}
        threading.Thread(target=server.serve_forever, daemon=True).start()
        yield f"http://127.0.0.1:{server.server_port}"
        server.shutdown()
