"""A loopback endpoint with messages and message batches, which behaves as Anthropic documents them.

Replies are those of the simulated world, and depend on the content of a request alone. A batch ends at the second look
at it; its results come in another order than its requests.
"""

from __future__ import annotations

import json
import re
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

from support.batch_server import BatchServer, reply_to

ENDS = ("succeeded", "errored", "canceled", "expired")
OVERLOADED = {"type": "error", "error": {"type": "overloaded_error", "message": "Overloaded"}}


def message_of(body: Mapping[str, Any]) -> tuple[int, dict[str, Any]]:
    """Status and body of the response to a message request."""
    system = [{"role": "system", "content": body["system"]}] if "system" in body else []
    chat = {key: value for key, value in body.items() if key not in ("system", "messages", "stop_sequences")}
    status, found = reply_to({**chat, "messages": [*system, *body["messages"]]})
    if status != 200:
        return status, {"type": "error", "error": {"type": "invalid_request_error", "message": str(found)}}
    usage, text = found["usage"], found["choices"][0]["message"]["content"]
    return 200, {
        "id": "msg_1",
        "type": "message",
        "role": "assistant",
        "model": body["model"],
        "content": [{"type": "text", "text": text}],
        "stop_reason": "end_turn",
        "stop_sequence": None,
        "usage": {"input_tokens": usage["prompt_tokens"], "output_tokens": usage["completion_tokens"]},
    }


@dataclass
class AnthropicServer(BatchServer):
    """A server that is running. `answer` gives another result for a request, or None for the usual one."""

    def respond(self, method: str, path: str, content: bytes) -> tuple[int, Any]:
        """Status and body of the response to a request."""
        if (method, path) == ("POST", "/v1/messages"):
            self.direct += 1
            self._asked(json.loads(content))
            return message_of(json.loads(content))
        if (method, path) == ("POST", "/v1/messages/batches"):
            return self._start(json.loads(content))
        if method == "GET" and re.fullmatch(r"/v1/messages/batches(\?.*)?", path):
            jobs = [self._shown(job) for job in list(self.jobs.values())[::-1]]
            return 200, {"data": jobs, "has_more": False, "first_id": None, "last_id": None}
        found = re.fullmatch(r"/v1/messages/batches/([^/]+)(/results|/cancel)?", path)
        job = self.jobs.get(found[1]) if found else None
        if found is None or job is None:
            error = {"type": "not_found_error", "message": f"Message batch {path} not found."}
            return 404, {"type": "error", "error": error}
        if found[2] == "/results":
            return 200, job["results"]
        self._end(job, "canceled") if found[2] else self._look(job)
        return 200, self._shown(job)

    def _asked(self, body: Any) -> int:
        name = json.dumps(body, sort_keys=True)
        self.asked[name] += 1
        return self.asked[name]

    def _start(self, request: dict[str, Any]) -> tuple[int, Any]:
        assert set(request) == {"requests"}
        ids = [one["custom_id"] for one in request["requests"]]
        assert len(ids) == len(set(ids)) <= 100_000
        assert all(re.fullmatch(r"[a-zA-Z0-9_-]{1,64}", name) for name in ids)
        name = f"msgbatch_{len(self.jobs) + 1}"
        times = [self._asked(one["params"]) for one in request["requests"]]
        self.jobs[name] = {"id": name, "requests": request["requests"], "times": times, "looked": 0, "results": None}
        return 200, self._shown(self.jobs[name])

    def _look(self, job: dict[str, Any]) -> None:
        job["looked"] += 1
        if job["looked"] > self.looks and job["results"] is None:
            self._end(job, self.ends.get(int(job["id"].removeprefix("msgbatch_")), "succeeded"))

    def _end(self, job: dict[str, Any], end: str) -> None:
        """Write the results; of a batch that does not succeed, every other request was not reached."""
        results = []
        for number, (one, times) in enumerate(zip(job["requests"], job["times"], strict=True)):
            found = self.answer(one, times) or {"type": "succeeded", "message": message_of(one["params"])[1]}
            if end != "succeeded" and number % 2:
                found = {"type": end}
            results.append({"custom_id": one["custom_id"], "result": found})
        job["results"] = b"".join(json.dumps(one).encode() + b"\n" for one in results[::-1])

    def _shown(self, job: dict[str, Any]) -> dict[str, Any]:
        counts = dict.fromkeys(("processing", *ENDS), 0)
        if job["results"] is None:
            counts["processing"] = len(job["requests"])
        for line in (job["results"] or b"").splitlines():
            counts[json.loads(line)["result"]["type"]] += 1
        created = datetime.now(UTC).isoformat()
        return {
            "id": job["id"],
            "type": "message_batch",
            "processing_status": "in_progress" if job["results"] is None else "ended",
            "request_counts": counts,
            "created_at": created,
            "expires_at": created,
            "ended_at": None,
            "archived_at": None,
            "cancel_initiated_at": None,
            "results_url": None if job["results"] is None else "http://elsewhere.invalid/results",
        }
