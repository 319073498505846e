"""Serve the pages on this machine until the user interrupts."""

from __future__ import annotations

import socket
import threading
import webbrowser
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, NamedTuple

from harness.errors import InputError
from harness.report.items.texts import Texts
from harness.viewer.addresses import HOME

if TYPE_CHECKING:
    from harness.viewer.guard import App

LOOPBACK = "127.0.0.1"
PORT = 8484
MISSING = "the viewer needs Starlette, uvicorn and the packages for charts"
INSTALL = "pip install 'fellowship-harness[view]'"


class ViewRequest(NamedTuple):
    """What to serve.

    Attributes:
        roots: folders of results, of a spec, or of one run.
        texts: where data and replies may be.
        start: address of the page to open.
        port: to listen on, 0 for any that is free.
        opens_browser: whether to open a browser.
    """

    roots: Sequence[Path]
    texts: Texts
    start: str = HOME
    port: int = PORT
    opens_browser: bool = True


def check_installed(*, charts: bool = True) -> None:
    """Raise InputError where a package of the extra `view` is missing.

    Args:
        charts: whether the pages have charts.
    """
    try:
        import starlette  # noqa: F401
        import uvicorn  # noqa: F401

        if charts:
            import altair  # noqa: F401
            import vl_convert  # noqa: F401
    except ImportError as error:
        raise InputError(f"{MISSING} ({error.name} is missing)", hint=INSTALL) from None


def listening(port: int) -> socket.socket:
    """A socket on loopback.

    Raises:
        InputError: where the port cannot be taken.
    """
    sock = socket.socket(socket.AF_INET, socket.SOCK_STREAM)
    try:
        sock.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        sock.bind((LOOPBACK, port))
        sock.listen(128)
    except (OSError, OverflowError) as error:
        sock.close()
        reason = (getattr(error, "strerror", None) or str(error)).lower()
        hint = "another program may be using it; `--port 0` takes a free one"
        raise InputError(f"port {port} cannot be opened: {reason}", hint=hint) from None
    return sock


def serve(request: ViewRequest, announce: Callable[[str], None], environment: Mapping[str, str]) -> None:
    """Serve until the process is interrupted.

    Args:
        request: what to serve.
        announce: receives the address of the first page once requests are answered.
        environment: the environment variables, which tell whether there is a screen.

    Raises:
        InputError: where a package is missing or the port cannot be opened.
    """
    check_installed()
    from harness.viewer.app import Viewer
    from harness.viewer.guard import guarded

    def application(port: int) -> App:
        return guarded(Viewer(request.roots, request.texts).application(), port)

    serve_application(application, request, announce, environment)


def serve_application(
    make: Callable[[int], App],
    request: ViewRequest,
    announce: Callable[[str], None],
    environment: Mapping[str, str],
) -> None:
    """Serve an application until the process is interrupted.

    Args:
        make: makes it for a port; a guard is part of it.
        request: gives the port and the first page.
        announce: receives the address of the first page once requests are answered.
        environment: the environment variables, which tell whether there is a screen.

    Raises:
        InputError: where the port cannot be opened.
    """
    import uvicorn

    with listening(request.port) as sock:
        port = int(sock.getsockname()[1])
        config = uvicorn.Config(
            make(port),
            log_level="warning",
            access_log=False,
            lifespan="off",
            server_header=False,
            timeout_graceful_shutdown=1,
        )
        address = f"http://{LOOPBACK}:{port}{request.start}"
        announce(address)
        if request.opens_browser and has_screen(environment):
            threading.Thread(target=webbrowser.open, args=(address,), daemon=True).start()
        try:
            uvicorn.Server(config).run(sockets=[sock])
        except KeyboardInterrupt:  # uvicorn ends its work, then raises the signal again
            return


def has_screen(environment: Mapping[str, str]) -> bool:
    """Whether a browser has a screen to open on; without one, a browser in the terminal would take it over."""
    import sys

    if sys.platform in ("darwin", "win32"):
        return True
    return any(environment.get(name) for name in ("DISPLAY", "WAYLAND_DISPLAY", "BROWSER"))
