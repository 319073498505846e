"""The card of a folder for the Hugging Face Hub: `README.md` with front matter that names splits, licence and size."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

import yaml

from harness.preferences.datasheet import datasheet_text
from harness.preferences.records import PEOPLE
from harness.text import printable

SIZES = (
    (1_000, "n<1K"),
    (10_000, "1K<n<10K"),
    (100_000, "10K<n<100K"),
    (1_000_000, "100K<n<1M"),
    (10_000_000, "1M<n<10M"),
    (100_000_000, "10M<n<100M"),
)
"""The size categories of the Hub, by the number of rows that they end at."""
LARGEST = "100M<n<1B"


def card_text(sheet: Mapping[str, Any]) -> str:
    """The card: front matter, how to load the data, and the datasheet.

    Args:
        sheet: the datasheet as JSON.
    """
    front = yaml.safe_dump(front_matter(sheet), sort_keys=False, allow_unicode=True, width=1_000)
    return "\n".join(["---", front.rstrip("\n"), "---", "", *_loading(sheet), datasheet_text(sheet)])


def front_matter(sheet: Mapping[str, Any]) -> dict[str, Any]:
    """What the Hub reads: licence, tags, size and the file of each split."""
    rows = sum(sheet["rows"].values())
    return {
        "pretty_name": printable(f"{sheet['spec']}: {sheet['format'].upper()} preference data"),
        **_licence(sheet),
        "annotations_creators": ["other" if (sheet.get("labelled") or {}).get("by") == PEOPLE else "machine-generated"],
        "task_categories": ["text-generation"],
        "tags": ["preference", sheet["format"], "trl", *(["simulated"] if sheet["simulated"] else [])],
        "size_categories": [next((name for most, name in SIZES if rows < most), LARGEST)],
        "configs": [
            {
                "config_name": "default",
                "data_files": [{"split": part, "path": path} for part, path in sheet["files"].items()],
            }
        ],
    }


def _licence(sheet: Mapping[str, Any]) -> dict[str, Any]:
    if sheet["licence"]:
        return {"license": sheet["licence"]}
    return {"license": "other" if sheet["licences"] else "unknown"}


def _loading(sheet: Mapping[str, Any]) -> Iterator[str]:
    first = next(iter(sheet["files"]))
    yield "```python"
    yield "from datasets import load_dataset"
    yield ""
    yield f'rows = load_dataset("FOLDER")["{first}"]  # this folder, or its name on the Hub'
    yield "```"
    yield ""
