import contextlib
from pathlib import Path
from typing import Any

import pytest
from click.testing import CliRunner

from harness.cli import main
from harness.viewer import server
from support.viewed_runs import Files, evaluated


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, Files]:
    folder = tmp_path_factory.mktemp("view")
    return folder, evaluated(folder)


def asked(folder: Path, monkeypatch: pytest.MonkeyPatch, *arguments: str) -> tuple[Any, list[Any]]:
    """The result of `harness view` without a server, and the requests to serve."""
    requests: list[Any] = []
    monkeypatch.setattr(server, "serve", lambda request, announce, environment: requests.append(request))
    with contextlib.chdir(folder):
        return CliRunner().invoke(main, ["view", *arguments]), requests


@pytest.mark.parametrize("target", ["many-modes", "spec.yaml", "results/many-modes/{run}"])
def test_a_run_opens_at_its_first_page(folder, monkeypatch, target):
    place, files = folder
    done, (request,) = asked(place, monkeypatch, target.format(run=files.folder.name))
    assert done.exit_code == 0, done.output
    assert request.start == f"/runs/many-modes/{files.folder.name}/"
    assert place.resolve() in request.texts.spec_folders
    assert request.opens_browser


@pytest.mark.parametrize("arguments", [[], ["results"], ["results/many-modes"]])
def test_a_folder_opens_at_the_list_of_its_runs(folder, monkeypatch, arguments):
    done, (request,) = asked(folder[0], monkeypatch, *arguments, "--port", "0", "--no-browser", "--data", "results")
    assert done.exit_code == 0, done.output
    assert (request.start, request.port, request.opens_browser) == ("/", 0, False)
    assert (folder[0] / "results").resolve() in request.texts.spec_folders


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (["nobody"], "no run folder, spec file or spec with runs called nobody"),
        (["--results", "none"], "there is no run in none"),
        (["--port", "99999"], "99999"),
        (["results/many-modes/{run}/spec.json"], "is a file of a run folder"),
    ],
)
def test_a_target_without_runs_is_an_error_with_a_hint(folder, monkeypatch, arguments, message):
    place, files = folder
    done, requests = asked(place, monkeypatch, *(word.format(run=files.folder.name) for word in arguments))
    assert done.exit_code == 2
    assert message in done.output
    assert requests == []
