"""Croissant metadata of a folder of preference data, as version 1.0 of the format describes them.

One FileObject for each Parquet file, and one RecordSet for each split with its columns. Every text is data in JSON.
"""

from __future__ import annotations

import hashlib
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from harness.preferences.row_files import schema_of
from harness.text import printable

CONTEXT: Mapping[str, Any] = {
    "@language": "en",
    "@vocab": "https://schema.org/",
    **{
        name: f"cr:{name}"
        for name in (
            *("citeAs", "column", "equivalentProperty", "extract", "field", "fileProperty", "fileObject", "fileSet"),
            *("format", "includes", "isLiveDataset", "jsonPath", "key", "md5", "parentField", "path", "recordSet"),
            *("references", "regex", "repeated", "replace", "samplingRate", "separator", "source", "subField"),
            "transform",
        )
    },
    "conformsTo": "dct:conformsTo",
    "cr": "http://mlcommons.org/croissant/",
    "rai": "http://mlcommons.org/croissant/RAI/",
    "data": {"@id": "cr:data", "@type": "@json"},
    "dataType": {"@id": "cr:dataType", "@type": "@vocab"},
    "dct": "http://purl.org/dc/terms/",
    "examples": {"@id": "cr:examples", "@type": "@json"},
    "sc": "https://schema.org/",
}
PARQUET = "application/x-parquet"
VERSION = "1.0.0"
UNKNOWN_LICENCE = "unknown"


def croissant_json(sheet: Mapping[str, Any], folder: Path, fields: Sequence[str]) -> dict[str, Any]:
    """The metadata of a folder whose data files have been written.

    Args:
        sheet: the datasheet as JSON.
        folder: the folder.
        fields: the columns of the export format.
    """
    files = sheet["files"]
    finished = sheet["dates"]["finished"]
    name = f"{sheet['spec']}-{sheet['format']}"
    about = f"{sheet['format'].upper()} preference data of run {sheet['run']} of the {sheet['kind']} {sheet['spec']}"
    warning = ". Simulated models: do not train on these texts" if sheet["simulated"] else ""
    return {
        "@context": dict(CONTEXT),
        "@type": "sc:Dataset",
        "conformsTo": "http://mlcommons.org/croissant/1.0",
        "name": printable(name),
        "description": printable(about + warning),
        "license": printable(sheet["licence"] or "; ".join(sheet["licences"]) or UNKNOWN_LICENCE),
        "version": VERSION,
        "url": ".",
        "citeAs": printable(about),
        **({"datePublished": finished[:10]} if finished else {}),
        "distribution": [_file(folder, part, path) for part, path in files.items()],
        "recordSet": [_records(part, fields) for part in files],
    }


def _file(folder: Path, part: str, path: str) -> dict[str, Any]:
    with (folder / path).open("rb") as file:
        digest = hashlib.file_digest(file, "sha256").hexdigest()
    return {
        "@type": "cr:FileObject",
        "@id": f"{part}.parquet",
        "name": f"{part}.parquet",
        "description": f"the rows of the split {part}",
        "contentUrl": path,
        "contentSize": f"{(folder / path).stat().st_size} B",
        "encodingFormat": PARQUET,
        "sha256": digest,
    }


def _records(part: str, fields: Sequence[str]) -> dict[str, Any]:
    columns = [_column(part, name, kind) for name, kind in schema_of(fields).items()]
    return {"@type": "cr:RecordSet", "@id": part, "name": part, "description": f"rows of {part}", "field": columns}


def _column(part: str, name: str, kind: Any) -> dict[str, Any]:
    """A column by its type: text, a number, a list of these, or a list of messages."""
    import polars as pl

    place = f"{part}/{name}"
    source = {"fileObject": {"@id": f"{part}.parquet"}, "extract": {"column": name}}
    field: dict[str, Any] = {"@type": "cr:Field", "@id": place, "name": name, "source": source}
    inner = kind.inner if isinstance(kind, pl.List) else kind
    if isinstance(kind, pl.List):
        field["repeated"] = True
    if isinstance(inner, pl.Struct):
        field["subField"] = [
            {
                "@type": "cr:Field",
                "@id": f"{place}/{each.name}",
                "name": each.name,
                "dataType": "sc:Text",
                "source": {**source, "transform": {"jsonPath": f"$[*].{each.name}"}},
            }
            for each in inner.fields
        ]
        return field
    types = {pl.Boolean: "sc:Boolean", pl.Float64: "sc:Float", pl.Int64: "sc:Integer"}
    return {**field, "dataType": next((word for type_, word in types.items() if inner == type_), "sc:Text")}
