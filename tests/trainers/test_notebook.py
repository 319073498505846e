"""The page on Python in a Jupyter kernel, with a pandas frame and a function as a judge."""

from __future__ import annotations

import re

import pytest

from support.paths import ROOT

pytestmark = pytest.mark.trainers

WITH_PANDAS = """
import pandas
experiment["datasets"] = {"pairs": pandas.DataFrame(pairs.to_dict(as_series=False))}
same = harness.run_spec(harness.load_spec(experiment, providers={"longer": longer}))
assert same.id == by_length.id
"""


def test_the_page_on_python_runs_in_a_notebook(tmp_path):
    import nbformat
    from nbclient import NotebookClient

    text = (ROOT / "docs/guide/python.md").read_text(encoding="utf-8")
    cells = re.findall(r"^```python run\n(.*?)^```$", text, re.M | re.S)
    cells += [
        "run",
        "spec",
        "plan",
        "run.leaderboard",
        "audit",
        "await harness.run_spec_async(spec)",
        WITH_PANDAS,
    ]
    (tmp_path / "specs/data").mkdir(parents=True)
    for name in ("quickstart.yaml", "data/quickstart.jsonl"):
        (tmp_path / "specs" / name).write_bytes((ROOT / "specs" / name).read_bytes())
    notebook = nbformat.v4.new_notebook(cells=[nbformat.v4.new_code_cell(cell) for cell in cells])
    NotebookClient(notebook, timeout=110, resources={"metadata": {"path": str(tmp_path)}}).execute()
    outputs = [cell["outputs"] for cell in notebook.cells if cell["outputs"]]
    views = [each["data"]["text/html"] for found in outputs for each in found if "text/html" in each.get("data", {})]
    assert len(views) >= 7
    assert all("<script" not in view for view in views)
    assert not any("OPENAI_API_KEY" in str(each) for found in outputs for each in found)


def test_missing_values_of_pandas_are_null():
    import pandas

    from harness.api.in_memory import json_lines

    frame = pandas.DataFrame(
        {
            "id": [1, 2],
            "text": ["a", None],
            "nullable": pandas.array([1, pandas.NA], dtype="Int64"),
            "day": [pandas.Timestamp("2026-01-02"), pandas.NaT],
            "kind": pandas.Categorical(["x", None]),
        },
        index=["p", "q"],
    )
    first, second = json_lines(frame).decode().splitlines()
    assert first == '{"id":1,"text":"a","nullable":1,"day":"2026-01-02T00:00:00","kind":"x"}'
    assert second == '{"id":2,"text":null,"nullable":null,"day":null,"kind":null}'
