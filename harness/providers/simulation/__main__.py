"""Serve the simulated world on a port: `python -m harness.providers.simulation --port 8000`."""

from __future__ import annotations

import click

from harness.providers.simulation.app import App
from harness.providers.simulation.faults import ALL, Faulty
from harness.providers.simulation.world import Service


def rates(_: click.Context, __: click.Parameter, words: tuple[str, ...]) -> dict[str, float]:
    """The rates of some faults, from words such as `500=0.1`."""
    found = {}
    for word in words:
        kind, _sign, rate = word.partition("=")
        if kind not in ALL:
            raise click.BadParameter(f"there is no fault `{kind}`; there are {', '.join(ALL)}")
        try:
            found[kind] = float(rate)
        except ValueError:
            raise click.BadParameter(f"`{word}` must be KIND=RATE, such as 500=0.1") from None
        if not 0 <= found[kind] <= 1:
            raise click.BadParameter(f"the rate of `{kind}` must be between 0 and 1")
    return found


@click.command()
@click.option("--host", default="127.0.0.1", show_default=True, help="Address to listen on.")
@click.option("--port", default=8000, show_default=True, help="Port to listen on; 0 for any that is free.")
@click.option("--latency-ms", default=0.0, show_default=True, help="Longest time that a reply takes.")
@click.option("--failure-rate", default=0.0, show_default=True, help="Share of requests answered with 503 once.")
@click.option(
    "--fault",
    "faults",
    multiple=True,
    metavar="KIND=RATE",
    callback=rates,
    help=f"Share of the requests that a fault hits: {', '.join(ALL)}. May be repeated.",
)
@click.option("--heals-after", type=click.IntRange(1), default=1, show_default=True, help="Attempts that a fault hits.")
def main(
    host: str, port: int, latency_ms: float, failure_rate: float, faults: dict[str, float], heals_after: int
) -> None:
    """Serve simulated models by the chat completions protocol, under http://HOST:PORT/v1, without any key."""
    try:
        import uvicorn
    except ImportError:
        raise click.ClickException("serving needs uvicorn; pip install 'fellowship-harness[serve]'") from None
    app = App(Service(latency_ms, failure_rate))
    uvicorn.run(Faulty(app, faults, heals_after) if faults else app, host=host, port=port, access_log=False)


if __name__ == "__main__":
    main()
