"""A loopback chat completions endpoint that is never the bottleneck: one fixed answer after a fixed delay.

    python tests/benchmarks/server.py [--port 0] [--delay-ms 0]

Prints `{"port": N}` on a line of its own once it listens, and answers until it is ended.
"""

from __future__ import annotations

import argparse
import asyncio
import json

TEXT = "Response A covers more of what was asked for.\n\nScore A: 8/10\nScore B: 6/10\nVerdict: A\nScore: 8/10"
BODY = json.dumps(
    {
        "id": "chatcmpl-bench",
        "object": "chat.completion",
        "created": 0,
        "model": "bench",
        "choices": [{"index": 0, "finish_reason": "stop", "message": {"role": "assistant", "content": TEXT}}],
        "usage": {"prompt_tokens": 750, "completion_tokens": 25, "total_tokens": 775},
    }
).encode()
ANSWER = b"HTTP/1.1 200 OK\r\ncontent-type: application/json\r\ncontent-length: %d\r\n\r\n%s" % (len(BODY), BODY)


class Endpoint(asyncio.Protocol):
    """Counts off requests by their content length and answers each, after the delay, on the same connection."""

    def __init__(self, delay_s: float) -> None:
        self._delay_s = delay_s
        self._received = bytearray()

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self._transport = transport

    def data_received(self, data: bytes) -> None:
        self._received += data
        while (head_end := self._received.find(b"\r\n\r\n")) >= 0:
            head = bytes(self._received[:head_end]).lower()
            length = int(head.partition(b"content-length:")[2].partition(b"\r\n")[0] or 0)
            if len(self._received) < head_end + 4 + length:
                return
            del self._received[: head_end + 4 + length]
            if self._delay_s:
                asyncio.get_running_loop().call_later(self._delay_s, self._transport.write, ANSWER)
            else:
                self._transport.write(ANSWER)


async def serve(port: int, delay_s: float) -> None:
    server = await asyncio.get_running_loop().create_server(lambda: Endpoint(delay_s), "127.0.0.1", port, backlog=1024)
    print(json.dumps({"port": server.sockets[0].getsockname()[1]}), flush=True)
    await server.serve_forever()


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--port", type=int, default=0)
    parser.add_argument("--delay-ms", type=float, default=0)
    arguments = parser.parse_args()
    asyncio.run(serve(arguments.port, arguments.delay_ms / 1000))
