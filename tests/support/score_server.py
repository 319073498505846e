"""A loopback server that returns numbers in the protocols of vLLM and TEI: the length of a response, over ten."""

from __future__ import annotations

import json
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any


def number_of(text: str) -> float:
    """The number for a response."""
    return len(text) / 10


def score(body: dict[str, Any]) -> Any:
    """vLLM's /score, the results in reverse."""
    data = [{"index": at, "object": "score", "score": number_of(text)} for at, text in enumerate(body["text_2"])]
    return {"id": "s", "object": "list", "model": "served", "data": data[::-1], "usage": {"prompt_tokens": 9}}


def classify(body: dict[str, Any]) -> Any:
    """vLLM's /classify of one conversation, two classes."""
    value = number_of(body["messages"][-1]["content"])
    return {"model": "served", "data": [{"index": 0, "label": "x", "probs": [-value, value], "num_classes": 2}]}


def pooling(body: dict[str, Any]) -> Any:
    """vLLM's /pooling of one conversation, a row for each token."""
    value = number_of(body["messages"][-1]["content"])
    return {"model": "served", "data": [{"index": 0, "object": "pooling", "data": [[0.0], [value]]}]}


def predict(body: dict[str, Any]) -> Any:
    """TEI's /predict of pairs, the labels of each sorted by their scores."""
    values = [number_of(response) for _, response in body["inputs"]]
    return [[{"score": value, "label": "good"}, {"score": -value, "label": "bad"}] for value in values]


def rerank(body: dict[str, Any]) -> Any:
    """TEI's /rerank, the texts sorted by their scores."""
    found = [{"index": at, "score": number_of(text)} for at, text in enumerate(body["texts"])]
    return sorted(found, key=lambda one: -one["score"])


ANSWERS: dict[str, Callable[[dict[str, Any]], Any]] = {
    "/score": score,
    "/classify": classify,
    "/pooling": pooling,
    "/predict": predict,
    "/rerank": rerank,
}


@dataclass
class ScoreServer:
    """What a server was asked, and how it answers.

    Attributes:
        url: its address.
        answer: gives the status and the JSON for a path and a body.
        requests: path and body of each, in order.
        keys: the `Authorization` of each.
    """

    url: str = ""
    answer: Callable[[str, dict[str, Any]], tuple[int, Any]] = lambda path, body: (200, ANSWERS[path](body))
    requests: list[tuple[str, dict[str, Any]]] = field(default_factory=list)
    keys: list[str | None] = field(default_factory=list)


@contextmanager
def score_server() -> Iterator[ScoreServer]:
    """A server on a free port of the loopback interface."""
    state = ScoreServer()

    class Handler(BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"

        def do_POST(self) -> None:
            body = json.loads(self.rfile.read(int(self.headers["content-length"])))
            state.requests.append((self.path, body))
            state.keys.append(self.headers.get("authorization"))
            status, value = state.answer(self.path, body)
            content = value.encode() if isinstance(value, str) else json.dumps(value).encode()
            self.send_response(status)
            self.send_header("content-type", "application/json")
            self.send_header("content-length", str(len(content)))
            self.end_headers()
            self.wfile.write(content)

        def log_message(self, *_: Any) -> None:
            """Nothing."""

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01})
    thread.start()
    state.url = f"http://127.0.0.1:{server.server_port}"
    try:
        yield state
    finally:
        server.shutdown()
        server.server_close()
        thread.join()
