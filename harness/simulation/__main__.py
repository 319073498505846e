"""Serve the simulated world on a port: `python -m harness.simulation --port 8000`."""

from __future__ import annotations

import click

from harness.simulation.app import App
from harness.simulation.world import Service


@click.command()
@click.option("--host", default="127.0.0.1", show_default=True, help="Address to listen on.")
@click.option("--port", default=8000, show_default=True, help="Port to listen on; 0 for any that is free.")
@click.option("--latency-ms", default=0.0, show_default=True, help="Longest time that a reply takes.")
@click.option("--failure-rate", default=0.0, show_default=True, help="Share of requests answered with 503 once.")
def main(host: str, port: int, latency_ms: float, failure_rate: float) -> None:
    """Serve simulated models by the chat completions protocol, under http://HOST:PORT/v1, without any key."""
    try:
        import uvicorn
    except ImportError:
        raise click.ClickException("serving needs uvicorn; pip install 'fellowship-harness[serve]'") from None
    uvicorn.run(App(Service(latency_ms, failure_rate)), host=host, port=port, access_log=False)


if __name__ == "__main__":
    main()
