"""A loopback endpoint with files, batches and chat completions, which behaves as OpenAI documents its Batch API.

Replies are those of the simulated world, and depend on the content of a request alone. A job moves on by one state
with each look at it: validating, in_progress, finalizing, completed.
"""

from __future__ import annotations

import itertools
import json
import re
import threading
from collections import Counter
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

import orjson

from harness.providers.simulation.app import Refused, _complete, _read_request

STATES = ("validating", "in_progress", "finalizing", "completed")
ENDED = frozenset({"completed", "failed", "expired", "cancelled"})

LineAnswer = Callable[[dict[str, Any], int], dict[str, Any] | None]
"""Another result for a request line and the number of times it was asked; None for the usual one."""


def reply_to(body: Mapping[str, Any]) -> tuple[int, dict[str, Any]]:
    """Status and body of the response to a chat completion request."""
    content = orjson.dumps(body, option=orjson.OPT_SORT_KEYS)
    try:
        knobs, request = _read_request(content)
        return 200, _complete(knobs, request, "0" * 24)
    except Refused as refused:
        return refused.status, refused.body


def result_of(line: bytes | str) -> dict[str, Any]:
    """The result of a request line, as OpenAI's output and error files hold it."""
    request = json.loads(line)
    status, body = reply_to(request["body"])
    response = {"status_code": status, "request_id": "r", "body": body}
    return {"id": "batch_req_1", "custom_id": request["custom_id"], "response": response, "error": None}


def run_batch(content: bytes) -> bytes:
    """The results of a batch file, in its order."""
    return b"".join(json.dumps(result_of(line)).encode() + b"\n" for line in content.splitlines())


def failed_line(request: Mapping[str, Any], code: str) -> dict[str, Any]:
    """The result of a request that the job did not get to."""
    error = {"code": code, "message": "This request could not be executed before the completion window expired."}
    return {"id": "batch_req_2", "custom_id": request["custom_id"], "response": None, "error": error}


@dataclass
class BatchServer:
    """A server that is running.

    Attributes:
        url: its endpoint.
        asked: how often each call was asked for, in jobs and directly, by its body.
        direct: number of calls that were made directly.
        jobs: the jobs by id.
        files: the files by id.
        answer: another result for a line.
        refuse: another response to a request: its method and path → status, body and headers.
        ends: another state that jobs end in, by number of the job from 1.
        looks: how many looks at a job move it on by a state.
    """

    url: str = ""
    asked: Counter[str] = field(default_factory=Counter)
    direct: int = 0
    jobs: dict[str, dict[str, Any]] = field(default_factory=dict)
    files: dict[str, bytes] = field(default_factory=dict)
    answer: LineAnswer = lambda request, times: None
    refuse: Callable[[str, str], tuple[int, Any, dict[str, str]] | None] = lambda method, path: None
    ends: dict[int, str] = field(default_factory=dict)
    looks: int = 1
    requests: list[tuple[str, str]] = field(default_factory=list)
    headers: list[dict[str, str]] = field(default_factory=list)
    _numbers: Iterator[int] = field(default_factory=lambda: itertools.count(1))

    @property
    def most_asked(self) -> int:
        """How often the call that was asked for most often was asked for."""
        return max(self.asked.values(), default=0)

    def respond(self, method: str, path: str, content: bytes) -> tuple[int, Any]:
        """Status and body of the response to a request."""
        if method == "POST" and path == "/v1/chat/completions":
            body = json.loads(content)
            self.direct += 1
            self.asked[json.dumps(body, sort_keys=True)] += 1
            return reply_to(body)
        if method == "POST" and path == "/v1/files":
            return self._upload(content)
        if method == "POST" and path == "/v1/batches":
            return self._create(json.loads(content))
        if method == "GET" and path.startswith("/v1/batches?"):
            return 200, {"object": "list", "data": list(self.jobs.values())[::-1], "has_more": False}
        if method == "GET" and path == "/v1/batches":
            return 200, {"object": "list", "data": list(self.jobs.values())[::-1], "has_more": False}
        if found := re.fullmatch(r"/v1/batches/([^/]+)(/cancel)?", path):
            job = self.jobs.get(found[1])
            if job is None:
                return 404, {"error": {"message": f"No batch found with id '{found[1]}'.", "type": "invalid_request"}}
            self._cancel(job) if found[2] else self._move(job)
            return 200, job
        if found := re.fullmatch(r"/v1/files/([^/]+)/content", path):
            if found[1] in self.files:
                return 200, self.files[found[1]]
            return 404, {"error": {"message": f"No such File object: {found[1]}", "type": "invalid_request_error"}}
        return 404, {"error": {"message": f"Invalid URL ({method} {path})", "type": "invalid_request_error"}}

    def _upload(self, content: bytes) -> tuple[int, Any]:
        boundary = content.split(b"\r\n", 1)[0]
        parts = content.split(boundary)
        fields = {}
        for part in parts[1:-1]:
            head, _, data = part.partition(b"\r\n\r\n")
            found = re.search(rb'name="([^"]+)"', head)
            assert found is not None
            fields[found[1].decode()] = data.removesuffix(b"\r\n")
        assert fields["purpose"] == b"batch"
        name = f"file-{next(self._numbers)}"
        self.files[name] = fields["file"]
        return 200, {"id": name, "object": "file", "bytes": len(fields["file"]), "created_at": 0, "filename": "f",
                     "purpose": "batch", "status": "processed"}  # fmt: skip

    def _create(self, request: dict[str, Any]) -> tuple[int, Any]:
        assert set(request) <= {"input_file_id", "endpoint", "completion_window", "metadata"}
        assert request["endpoint"] == "/v1/chat/completions"
        assert request["completion_window"] == "24h"
        lines = self.files[request["input_file_id"]].splitlines()
        ids = [json.loads(line)["custom_id"] for line in lines]
        assert len(ids) == len(set(ids)) <= 50_000
        name = f"batch_{len(self.jobs) + 1}"
        self.jobs[name] = {
            "id": name,
            "object": "batch",
            "created_at": 1_700_000_000 + len(self.jobs),
            "status": "validating",
            "output_file_id": None,
            "error_file_id": None,
            "errors": None,
            "request_counts": {"total": len(lines), "completed": 0, "failed": 0},
            "looked": 0,
            **request,
        }
        for line in lines:
            self.asked[json.dumps(json.loads(line)["body"], sort_keys=True)] += 1
        return 200, self.jobs[name]

    def _move(self, job: dict[str, Any]) -> None:
        if job["status"] in ENDED:
            return
        job["looked"] += 1
        state = min(job["looked"] // self.looks, len(STATES) - 1)
        end = self.ends.get(int(job["id"].removeprefix("batch_")), "completed")
        if end == "failed" and state:
            error = {"code": "invalid_request", "message": "the model cannot be used in batches", "line": None}
            job |= {"status": "failed", "errors": {"object": "list", "data": [error]}}
        elif STATES[state] == "completed":
            self._finish(job, end)
        else:
            job["status"] = STATES[state]

    def _cancel(self, job: dict[str, Any]) -> None:
        if job["status"] not in ENDED:
            self._finish(job, "cancelled")

    def _finish(self, job: dict[str, Any], end: str) -> None:
        """Write the output and the error file; of a job that does not complete, every other line is answered."""
        outputs, errors = [], []
        for number, line in enumerate(self.files[job["input_file_id"]].splitlines()):
            request = json.loads(line)
            times = self.asked[json.dumps(request["body"], sort_keys=True)]
            result = self.answer(request, times)
            if result is None and end != "completed" and number % 2:
                result = failed_line(request, f"batch_{end}")
            result = result or result_of(line)
            response = result["response"]
            (outputs if response and response["status_code"] == 200 else errors).append(result)
        counts = {"total": len(outputs) + len(errors), "completed": len(outputs), "failed": len(errors)}
        job |= {"status": end, "request_counts": counts}
        for key, results in (("output_file_id", outputs), ("error_file_id", errors)):
            if results:
                job[key] = f"file-{next(self._numbers)}"
                self.files[job[key]] = b"".join(json.dumps(one).encode() + b"\n" for one in results[::-1])


@contextmanager
def batch_server(kind: type[BatchServer] = BatchServer, **settings: Any) -> Iterator[Any]:
    """A server on a free port of the loopback interface."""
    served = kind(**settings)
    lock = threading.Lock()

    class Handler(BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"

        def log_message(self, *args: Any) -> None:
            """Print nothing."""

        def _handle(self) -> None:
            content = self.rfile.read(int(self.headers.get("content-length") or 0))
            with lock:
                served.requests.append((self.command, self.path))
                served.headers.append({name.lower(): value for name, value in self.headers.items()})
                refused = served.refuse(self.command, self.path)
                status, body, more = refused or (*served.respond(self.command, self.path, content), {})
            data = body if isinstance(body, bytes) else json.dumps(body).encode()
            self.send_response(status)
            self.send_header("content-type", "application/json")
            self.send_header("content-length", str(len(data)))
            for name, value in more.items():
                self.send_header(name, value)
            self.end_headers()
            self.wfile.write(data)

        do_GET = do_POST = _handle

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    server.daemon_threads = True
    threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.02}, daemon=True).start()
    served.url = f"http://127.0.0.1:{server.server_port}/v1"
    try:
        yield served
    finally:
        server.shutdown()
        server.server_close()
