import builtins
import os
import signal
import subprocess
import sys
import urllib.request
from pathlib import Path

import pytest

from harness.errors import InputError
from harness.viewer import server
from support.viewed_runs import evaluated


def test_a_port_that_is_in_use_is_an_input_error():
    with server.listening(0) as first:
        port = first.getsockname()[1]
        assert first.getsockname()[0] == "127.0.0.1"
        with pytest.raises(InputError, match=rf"port {port} cannot be opened: address already in use"):
            server.listening(port)


def test_a_missing_package_is_one_line_with_what_to_install(monkeypatch):
    real = builtins.__import__

    def without(name, *rest, **named):
        if name == "starlette":
            raise ImportError(name=name)
        return real(name, *rest, **named)

    monkeypatch.setattr(builtins, "__import__", without)
    with pytest.raises(InputError, match=r"starlette is missing\).*pip install 'fellowship-harness\[view\]'"):
        server.check_installed()


@pytest.mark.parametrize(
    ("platform", "environment", "found"),
    [
        ("linux", {}, False),
        ("linux", {"DISPLAY": ":0"}, True),
        ("linux", {"WAYLAND_DISPLAY": "wayland-0"}, True),
        ("darwin", {}, True),
    ],
)
def test_a_browser_is_opened_only_where_there_is_a_screen(monkeypatch, platform, environment, found):
    monkeypatch.setattr(sys, "platform", platform)
    assert server.has_screen(environment) is found


@pytest.mark.whole
@pytest.mark.skipif(sys.platform == "win32", reason="Windows has no SIGINT for one process")
def test_the_command_serves_until_ctrl_c(tmp_path: Path):
    files = evaluated(tmp_path)
    command = [sys.executable, "-m", "harness", "view", "--port", "0", "--no-browser", "--cache", "cache"]
    process = subprocess.Popen(
        command, cwd=tmp_path, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True, env={**os.environ}
    )
    try:
        line = process.stdout.readline()
        assert line, process.stderr.read()
        address = line.split()[0]
        with urllib.request.urlopen(f"{address}runs/many-modes/{files.folder.name}/items", timeout=60) as answer:
            assert answer.status == 200
            assert "default-src 'none'" in answer.headers["content-security-policy"]
            assert "12 of 12 items" in answer.read().decode()
    finally:
        process.send_signal(signal.SIGINT)
        _, errors = process.communicate(timeout=30)
    assert errors == ""
    assert process.returncode == 0
