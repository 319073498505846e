import html
import json
import re
import shutil
from pathlib import Path
from urllib.parse import quote

import pytest

from harness.report.items.texts import Texts
from harness.viewer.app import Viewer
from harness.viewer.roots import RunKey
from support.asgi import Answer, get
from support.viewed_runs import EVALUATION, Files, evaluated, generated, pair, ran

ATTACKS = (
    "<script>alert(1)</script>",
    '"><img src=x onerror=alert(1)>',
    "javascript:alert(1)",
    "</style><style>body{display:none}</style>",
    "\u202e\u2066bidi\u2069",
    "{{ 7*7 }}{% raw %}",
    "&#60;script&#62;",
)
NASTY = " ".join(ATTACKS)


class Site:
    """The viewer over the runs of a folder."""

    def __init__(self, folder: Path) -> None:
        texts = Texts((folder,), folder / "cache")
        self.app = Viewer([folder / "results"], texts).application()

    def get(self, address: str) -> Answer:
        return get(self.app, address)


def base_of(files: Files) -> str:
    key = RunKey.of(files.folder)
    return f"/runs/{quote(key.spec, safe='')}/{key.run}/"


def links_in(text: str) -> list[str]:
    return [html.unescape(found) for found in re.findall(r'href="([^"]*)"', text)]


def words_of(text: str) -> str:
    return html.unescape(re.sub(r"<[^>]*>", " ", text))


@pytest.fixture(scope="module")
def run(tmp_path_factory: pytest.TempPathFactory) -> tuple[Site, Files]:
    folder = tmp_path_factory.mktemp("viewer")
    return Site(folder), evaluated(folder)


@pytest.fixture(scope="module")
def loops(tmp_path_factory: pytest.TempPathFactory) -> tuple[Site, Files]:
    folder = tmp_path_factory.mktemp("viewer-loops")
    return Site(folder), generated(folder, prompts=4)


@pytest.mark.parametrize("kind", ["run", "loops"])
def test_every_link_of_every_page_leads_to_a_page(kind, request):
    site, _files = request.getfixturevalue(kind)
    seen, waiting = set(), ["/"]
    while waiting:
        address = waiting.pop(0).partition("#")[0]
        if not address or address in seen or len(seen) > 30:
            continue
        seen.add(address)
        answer = site.get(address)
        assert answer.status == 200, address
        waiting += links_in(answer.text)
    paths = {address.partition("?")[0].rpartition("/")[2] for address in seen}
    assert {"items", "item"} <= paths
    assert ("loop" in paths) == (kind == "loops")


def test_the_numbers_of_the_pages_are_those_of_the_leaderboard(run):
    site, files = run
    board = json.loads((files.folder / "leaderboard.json").read_text())
    text = words_of(site.get(base_of(files)).text)
    for row in board["rows"]:
        value = row["metrics"]["kappa"]["value"]
        assert row["evaluator"] if "evaluator" in row else row["cell"]
        assert f"{abs(value):.3f}".lstrip("0") in text.replace("\u2212", "-")
    assert files.manifest["run"] in text


def test_the_items_can_be_filtered_and_the_form_keeps_its_state(run):
    site, files = run
    cell = files.manifest["cells"][0]["id"]
    answer = site.get(f"{base_of(files)}items?cell={quote(cell)}&show=wrong&text=honey&sort=telling")
    assert re.search(rf'<option value="{re.escape(cell)}" selected', answer.text)
    assert '<option value="wrong" selected' in answer.text
    assert 'value="honey"' in answer.text
    assert re.search(r"\d+ of 12 items", answer.text)
    assert "p13" not in site.get(f"{base_of(files)}items?text=p13").text.partition("<form")[0]
    assert "0 of 12 items" in site.get(f"{base_of(files)}items?text=p13").text


def test_an_item_shows_the_conversation_that_is_asked_for(run):
    site, files = run
    cell = files.manifest["cells"][0]["id"]
    alone = site.get(f"{base_of(files)}item?dataset=pairs&item=p1&cell={quote(cell)}").text
    assert alone.count("<details open>") == 1
    assert "Messages sent" in alone
    every = site.get(f"{base_of(files)}item?dataset=pairs&item=p1&cell=*").text
    assert all(one["id"] in every for one in files.manifest["cells"])
    assert "<mark>" in every
    assert "Messages sent" not in site.get(f"{base_of(files)}item?dataset=pairs&item=p1").text


@pytest.mark.parametrize(
    ("address", "status", "words"),
    [
        ("/nothing", 404, "no such page"),
        ("/runs/none/none/", 404, "no such page"),
        ("/runs/..%2F../etc/passwd", 404, "no such page"),
        ("/runs/many-modes/..%2F..%2Fspec.yaml/", 404, "no such page"),
        ("{base}nothing", 404, "no such page"),
        ("{base}loop?system=x&item=y", 404, "no such page"),
        ("{base}item", 400, "the address has no `dataset`"),
        ("{base}item?dataset=pairs", 400, "the address has no `item`"),
        ("{base}item?dataset=pairs&item=nobody", 400, "no item `nobody`"),
        ("{base}item?dataset=other&item=p1", 400, "no dataset `other`"),
        ("{base}item?dataset=pairs&item=p1&cell=nobody", 400, "no cell `nobody`"),
        ("{base}items?show=<script>", 400, "`show` is `<script>`"),
        ("{base}items?page=-1", 400, "`page` is `-1`"),
        ("{base}differences?vs=nobody", 400, "nobody"),
        ("/compare?run=none", 400, "there is no run `none`"),
    ],
)
def test_a_wrong_address_is_a_page_that_says_so(run, address, status, words):
    site, files = run
    answer = site.get(address.format(base=base_of(files)))
    assert answer.status == status
    assert words in words_of(answer.text)
    assert "<script" not in answer.text


def test_attack_texts_in_every_field_stay_text(tmp_path):
    row = pair(
        1, id=NASTY, prompt=NASTY, response_a=NASTY, category=NASTY, model_a=NASTY, cluster=NASTY, reference=NASTY
    )
    long = pair(2, response_b="y" * 1_000_000)
    files = evaluated(tmp_path, [row, long, *(pair(number) for number in range(3, 8))])
    site, base = Site(tmp_path), base_of(files)
    pages = [
        f"{base}items?text={quote(NASTY[:30])}",
        f"{base}items",
        f"{base}item?dataset=pairs&item={quote(NASTY)}&cell=*",
        f"{base}item?dataset=pairs&item=p2&cell=*",
        f"{base}item?dataset=pairs&item=p2&whole=1",
    ]
    for address in pages:
        answer = site.get(address)
        assert answer.status == 200
        assert not re.search(r"<script|<img|onerror=[^&]*>(?!\s*&)", answer.text.replace(html.escape(NASTY), ""))
        assert not [link for link in links_in(answer.text) if link.startswith("javascript")]
        assert "\u202e" not in answer.text
    assert "⟨U+202E⟩" in site.get(pages[2]).text
    assert len(site.get(pages[3]).text) < 400_000
    assert len(site.get(pages[4]).text) > 1_000_000


def test_a_run_without_its_data_and_cache_says_what_is_missing(run, tmp_path):
    _, files = run
    shutil.copytree(files.folder, tmp_path / "results" / "many-modes" / files.folder.name)
    site = Site(tmp_path)
    cell = files.manifest["cells"][0]["id"]
    text = site.get(f"{base_of(files)}item?dataset=pairs&item=p1&cell={quote(cell)}").text
    assert "the texts are not there" in text
    assert "the cache does not hold the replies" in text
    assert "only ids are searched" in site.get(f"{base_of(files)}items?text=honey").text


def test_damaged_run_folders_are_named_and_the_others_are_shown(run, tmp_path):
    _, files = run
    shutil.copytree(files.folder, tmp_path / "results" / "many-modes" / "good")
    for name, manifest in (("broken", "not JSON"), ("foreign", "{}"), ("other", '{"kind": 3}')):
        (tmp_path / "results" / "many-modes" / name).mkdir()
        (tmp_path / "results" / "many-modes" / name / "manifest.json").write_text(manifest)
        (tmp_path / "results" / "many-modes" / name / "leaderboard.json").write_text("{}")
    answer = Site(tmp_path).get("/")
    assert answer.status == 200
    assert "Folders that cannot be read" in answer.text
    assert answer.text.count('type="checkbox"') == 1
    for name in ("broken", "foreign", "other"):
        assert Site(tmp_path).get(f"/runs/many-modes/{name}/").status == 400


def test_a_run_that_was_replaced_is_read_again(tmp_path):
    files = evaluated(tmp_path)
    site = Site(tmp_path)
    first = site.get(base_of(files)).text
    assert site.get(base_of(files)).text == first
    (tmp_path / "again").mkdir()
    (tmp_path / "spec.yaml").write_text(EVALUATION.replace("seed: 7", "seed: 8"), encoding="utf-8")
    other = ran(tmp_path, tmp_path / "spec.yaml")
    shutil.rmtree(files.folder)
    shutil.move(other.folder, files.folder)
    assert other.manifest["run"] in site.get(base_of(files)).text
