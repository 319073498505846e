"""The page on which items are labelled: blind, saved at once, for its own requests only; no text of an item is HTML."""

import base64
import hashlib
import os
import re
import signal
import subprocess
import sys
import urllib.parse
import urllib.request
from html.parser import HTMLParser

import pytest

from harness.analysis.label.form import FormRow, read_form, write_form
from harness.records.label_set import RANKED, VERDICT_LABELS, LabelSet, number_set
from harness.viewer.labelling import MOST_BODY, SCRIPT, LabelPages
from support.asgi import get
from support.cli_folder import run_commands

OWN = ("http://127.0.0.1:8000",)
ATTACK = "<script>alert(1)</script>\u202e<b onclick='x'> {{ 7*7 }}"
GRADES = LabelSet(tuple("12345"), is_ordered=True, values=(1.0, 2.0, 3.0, 4.0, 5.0))
WORDS = LabelSet(("unsafe", "unclear", "safe"), is_ordered=True)


def form(tmp_path, labels=("", "", ""), name="pairs.round-1.anna.csv", **texts):
    texts = texts or {"prompt": "p", "response_1": ATTACK, "response_2": "two"}
    path = tmp_path / name
    write_form(path, [FormRow(f"r1-00{k}", "anna", "0.25", "d1", texts, label) for k, label in enumerate(labels, 1)])
    return path


def pages(*files, labels=VERDICT_LABELS):
    return LabelPages(files, labels, "secret", "Next: harness label status mine").application(8000)


def shown(app, address, status=200, **extra):
    answer = get(app, address, **extra)
    assert answer.status == status, answer.text
    return answer


def saved(app, place, status=303, origins=OWN, **fields):
    body = urllib.parse.urlencode(fields).encode()
    return shown(app, f"/secret/{place}", status, method="POST", origins=origins, body=body)


def labels_of(path):
    return [row.label for row in read_form(path).rows]


def test_labels_are_saved_one_by_one_and_labelling_resumes_where_it_ended(tmp_path):
    path = form(tmp_path)
    app = pages(path)
    assert shown(app, "/secret/", 303).headers["location"] == "/secret/1"
    page = shown(app, "/secret/1").text
    assert "Item 1 of 3" in page
    assert "0 of 3 labelled" in page
    assert saved(app, 1, key="r1-001", label="2").headers["location"] == "/secret/2"
    assert labels_of(path) == ["2", "", ""]
    assert saved(app, 3, key="r1-003", label="tie").headers["location"] == "/secret/2"
    again = pages(path)
    assert shown(again, "/secret/", 303).headers["location"] == "/secret/2"
    assert saved(again, 2, key="r1-002", label="1").headers["location"] == "/secret/"
    assert labels_of(path) == ["2", "1", "tie"]
    done = shown(again, "/secret/").text
    assert "All 3 items are labelled" in done
    assert "Next: harness label status mine" in done


def test_a_label_can_be_changed_and_removed(tmp_path):
    path = form(tmp_path, ("1", "TIE", ""))
    app = pages(path)
    page = shown(app, "/secret/2").text
    assert re.search(r'value="tie"[^>]*aria-pressed="true"', page)
    saved(app, 2, key="r1-002", label="2")
    assert saved(app, 1, key="r1-001", label="").headers["location"] == "/secret/1"
    assert labels_of(path) == ["", "2", ""]


def test_files_of_several_rounds_are_one_list_and_an_edit_between_two_labels_is_kept(tmp_path):
    first, second = form(tmp_path, ("1",)), form(tmp_path, ("", ""), "pairs.round-2.anna.jsonl")
    app = pages(first, second)
    assert shown(app, "/secret/", 303).headers["location"] == "/secret/2"
    rows = read_form(second).rows
    write_form(second, [rows[0], FormRow(rows[1].key, "anna", "0.25", "d1", rows[1].texts, "2")])
    saved(app, 2, key="r1-001", label="1")
    assert labels_of(second) == ["1", "2"]


@pytest.mark.parametrize(
    ("labels", "names", "keys"),
    [
        (VERDICT_LABELS, ["1", "2", "tie"], ["1", "2", "t"]),
        (GRADES, ["1", "2", "3", "4", "5"], ["1", "2", "3", "4", "5"]),
        (WORDS, ["unsafe", "unclear", "safe"], ["1", "2", "3"]),
    ],
)
def test_each_label_has_a_button_and_a_key(tmp_path, labels, names, keys):
    texts = {} if labels.is_pair else {"prompt": "p", "response": "r", "reference": "gold"}
    page = shown(pages(form(tmp_path, **texts), labels=labels), "/secret/1").text
    assert re.findall(r'name="label" value="([^"]*)" data-key="([^"]*)"', page) == list(zip(names, keys, strict=True))
    assert ("gold" in page) is not labels.is_pair


class Seen(HTMLParser):
    """The tags and the attributes of a page."""

    def __init__(self):
        super().__init__()
        self.tags, self.attributes = [], []

    def handle_starttag(self, tag, attrs):
        self.tags.append(tag)
        self.attributes += [name for name, _ in attrs]


def test_nothing_of_a_text_is_html_and_the_policy_allows_one_script(tmp_path):
    answer = shown(pages(form(tmp_path)), "/secret/1")
    seen = Seen()
    seen.feed(answer.text)
    assert seen.tags.count("script") == 1
    assert "b" not in seen.tags
    assert not any(name.startswith("on") for name in seen.attributes)
    assert "\u202e" not in answer.text
    assert "⟨U+202E⟩" in answer.text
    assert "49" not in answer.text.partition("<main")[2]
    (script,) = re.findall(r"<script>(.*?)</script>", answer.text, re.DOTALL)
    assert script == SCRIPT
    digest = base64.b64encode(hashlib.sha256(script.encode()).digest()).decode()
    policy = answer.headers["content-security-policy"]
    assert f"script-src 'sha256-{digest}'" in policy
    assert "default-src 'none'" in policy
    assert "http" not in policy
    assert answer.headers["referrer-policy"] == "same-origin"


def test_the_page_names_no_probability_draw_or_file(tmp_path):
    page = shown(pages(form(tmp_path)), "/secret/1").text
    for word in ("0.25", "d1<", "anna", "pairs.round", "disagreement", "judge"):
        assert word not in page


@pytest.mark.parametrize(
    "origins",
    [(), ("null",), ("http://evil.example",), ("http://127.0.0.1:9000",), ("https://127.0.0.1:8000",), OWN * 2],
)
def test_a_request_of_another_page_saves_nothing(tmp_path, origins):
    path = form(tmp_path)
    saved(pages(path), 1, 403, origins=origins, key="r1-001", label="1")
    assert labels_of(path) == ["", "", ""]


def test_a_request_under_another_name_without_the_secret_or_with_another_method_is_refused(tmp_path):
    path = form(tmp_path)
    app = pages(path)
    body = b"key=r1-001&label=1"
    shown(app, "/secret/1", 421, hosts=("evil.example:8000",), method="POST", origins=OWN, body=body)
    shown(app, "/guess/1", 404, method="POST", origins=OWN, body=body)
    shown(app, "/guess/", 404)
    shown(app, "/secret/1", 405, method="PUT", origins=OWN)
    shown(app, "/", 404)
    assert "Disallow: /" in shown(app, "/robots.txt").text
    assert labels_of(path) == ["", "", ""]


@pytest.mark.parametrize(
    ("place", "status", "fields"),
    [
        (1, 400, {"key": "r1-001", "label": "a"}),
        (1, 409, {"key": "r1-002", "label": "1"}),
        (9, 409, {"key": "r1-001", "label": "1"}),
        (1, 413, {"key": "r1-001", "label": "1", "more": "x" * MOST_BODY}),
    ],
)
def test_a_form_that_does_not_fit_saves_nothing(tmp_path, place, status, fields):
    path = form(tmp_path)
    saved(pages(path), place, status, **fields)
    shown(pages(path), "/secret/1", 400, method="POST", origins=OWN, body=b"\xff")
    assert labels_of(path) == ["", "", ""]


def test_places_outside_and_a_file_that_is_gone_are_pages_with_the_reason(tmp_path):
    path = form(tmp_path)
    app = pages(path)
    shown(app, "/secret/0", 404)
    shown(app, "/secret/4", 404)
    path.unlink()
    assert "cannot be read: no such file" in shown(app, "/secret/1", 400).text


def test_a_label_that_is_unknown_is_said_over_the_item(tmp_path):
    page = shown(pages(form(tmp_path, ("left", "", ""))), "/secret/1").text
    assert "has a label for this item that this page does not know" in page


@pytest.mark.whole
@pytest.mark.skipif(sys.platform == "win32", reason="Windows has no SIGINT for one process")
@pytest.mark.parametrize("end", ["interrupt", "kill"])
def test_the_command_serves_until_it_ends_and_a_kill_loses_no_label(tmp_path, end):
    run_commands(tmp_path, ["new", "mine"], ["run", "mine.yaml"], ["label", "next", "mine", "--n", "4"])
    command = [sys.executable, "-m", "harness", "label", "page", "mine", "--port", "0", "--no-browser"]
    process = subprocess.Popen(command, cwd=tmp_path, stdout=subprocess.PIPE, text=True, env={**os.environ})
    try:
        address = process.stdout.readline().split()[0]
        home = address.partition("/")[0] + "//" + urllib.parse.urlsplit(address).netloc
        page = urllib.request.urlopen(address, timeout=30)
        key = re.search(r'name="key" value="([^"]+)"', page.read().decode()).group(1)
        body = urllib.parse.urlencode({"key": key, "label": "1"}).encode()
        request = urllib.request.Request(page.url, body, {"Origin": home})
        assert "1 of 4 labelled" in urllib.request.urlopen(request, timeout=30).read().decode()
    finally:
        process.send_signal(signal.SIGKILL if end == "kill" else signal.SIGINT)
        process.communicate(timeout=30)
    assert process.returncode == (-signal.SIGKILL if end == "kill" else 0)
    (path,) = (tmp_path / "labels").rglob("*.csv")
    assert labels_of(path) == ["1", "", "", ""]


def numbered(tmp_path, *labels):
    return form(tmp_path, labels, prompt="p", response="r")


def test_a_number_is_saved_from_a_field_and_one_outside_the_scale_is_not(tmp_path):
    path = numbered(tmp_path, "", "7.5")
    app = pages(path, labels=number_set(1, 10))
    page = shown(app, "/secret/1").text
    assert 'type="number"' in page
    assert 'min="1" max="10" value=""' in page
    assert 'data-key="PageDown"' in page
    assert 'value="7.5"' in shown(app, "/secret/2").text
    wrong = saved(app, 1, 400, key="r1-001", label="11")
    assert "The number is `11`, outside the scale." in wrong.text
    assert labels_of(path) == ["", "7.5"]
    saved(app, 1, key="r1-001", label=" 3,5 ")
    saved(app, 2, key="r1-002", label="")
    assert labels_of(path) == ["3.5", ""]


def test_a_number_of_another_scale_in_the_file_is_noted(tmp_path):
    app = pages(numbered(tmp_path, "70"), labels=number_set(1, 10))
    assert "a label for this item that this page does not know" in shown(app, "/secret/1").text


def ranked(tmp_path, *labels):
    return form(tmp_path, labels, prompt="p", response_1=ATTACK, response_2="two", response_3="three")


def links(page, words):
    """The addresses of links that show some words, by their text."""
    found = re.findall(r'<a class="button" href="([^"]+)" data-key="([^"]+)">([^<]+?) <', page)
    return {text: address for address, _, text in found if words in text}


def test_a_ranking_is_made_by_links_one_response_at_a_time_and_saved(tmp_path):
    path = ranked(tmp_path, "", "")
    app = pages(path, labels=RANKED)
    page = shown(app, "/secret/1").text
    assert "Choose the best response." in page
    assert "Save" not in page
    page = shown(app, links(page, "Response")["Response 2"]).text
    assert "Save: 2 is best, the others equal" in page
    assert set(links(page, "Response")) == {"Response 1", "Response 3"}
    page = shown(app, links(page, "Response")["Response 3"]).text
    assert "From the best: 2 &gt; 3" in page
    assert 'value="2&gt;3&gt;1"' in page
    assert shown(app, links(page, "Undo")["Undo"]).text.count("From the best: 2<") == 1
    assert saved(app, 1, key="r1-001", label="2>3>1").headers["location"] == "/secret/2"
    assert labels_of(path) == ["2>3>1", ""]
    assert "Saved: 2 &gt; 3 &gt; 1" in shown(app, "/secret/1").text


def test_equal_responses_and_the_best_alone(tmp_path):
    path = ranked(tmp_path, "", "")
    app = pages(path, labels=RANKED)
    page = shown(app, "/secret/1?order=2").text
    page = shown(app, links(page, "Equal")["Equal to the next one"]).text
    assert "Save" not in page
    page = shown(app, links(page, "Response")["Response 1"]).text
    assert 'value="2=1&gt;3"' in page
    saved(app, 1, key="r1-001", label="2=1>3")
    saved(app, 2, key="r1-002", label="3")
    assert labels_of(path) == ["1=2>3", "3>1=2"]


@pytest.mark.parametrize(
    ("label", "wrong"),
    [("2>1", "does not name response 3"), ("4", "names response 4, and 3 are shown"), ("x", "no ranking")],
)
def test_what_is_no_ranking_is_not_saved(tmp_path, label, wrong):
    path = ranked(tmp_path, "")
    assert wrong in saved(pages(path, labels=RANKED), 1, 400, key="r1-001", label=label).text
    assert labels_of(path) == [""]


def test_a_ranking_so_far_that_names_no_response_is_begun_anew_and_another_text_is_refused(tmp_path):
    app = pages(ranked(tmp_path, ""), labels=RANKED)
    assert "Choose the best response." in shown(app, "/secret/1?order=2%3E2").text
    assert "Choose the best response." in shown(app, "/secret/1?order=9").text
    shown(app, "/secret/1?order=%3Cscript%3E", 400)
