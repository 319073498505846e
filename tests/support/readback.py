"""Runs as they are read back, without folders: datasets whose labels and outcomes are made up."""

from __future__ import annotations

from dataclasses import fields
from pathlib import Path

import numpy as np
import polars as pl

from harness.analysis.correct.given_labels import NewLabels
from harness.records.experiment import Cell, ScoreSpec
from harness.records.judgments import VERDICTS, Usage
from harness.runner.run_reader import Judged, JudgedDataset

QUICK = ScoreSpec(resamples=300)
N = 240
WORDS = dict(enumerate(VERDICTS))


def word(code):
    return WORDS.get(int(code))


def dataset(judges, labels, *, clusters=None, writers=None, name="pairs"):
    """A dataset of a run: judges by name, each as its outcomes."""
    n = len(labels)
    cluster = [f"c{k}" for k in (np.arange(n) if clusters is None else clusters)]
    models_a, models_b = writers or ([None] * n, [None] * n)
    frame = pl.DataFrame(
        {
            "item": [f"i{k}" for k in range(n)],
            "reference": [word(code) for code in labels],
            "labels": [[word(code)] for code in labels],
            "cluster": cluster,
            "model_a": models_a,
            "model_b": models_b,
            "category": [None] * n,
            "length_a": [1] * n,
            "length_b": [1] * n,
        },
        schema_overrides={
            "category": pl.String,
            "reference": pl.String,
            "labels": pl.List(pl.String),
            "model_a": pl.String,
            "model_b": pl.String,
        },
    )
    cells = tuple(Cell(name, "direct", "judge", (judge,)) for judge in judges)
    outcomes = np.column_stack(list(judges.values())).astype(np.int8) if judges else np.zeros((n, 0), np.int8)
    count = len(cells)
    told = {
        "name": name,
        "digest": "",
        "annotators": ("human",),
        "clustered": clusters is not None,
        "frame": frame,
        "cells": cells,
        "outcomes": outcomes,
        "meanings": ({},) * count,
        "votes": (None,) * count,
        "usage": (Usage(),) * count,
        "probed": {},
    }
    return JudgedDataset(**{field.name: told[field.name] for field in fields(JudgedDataset) if field.name in told})


def labels(n=N, seed=0):
    return np.random.default_rng(seed).choice(3, n, p=[0.35, 0.15, 0.5]).astype(np.int8)


def judge(truth, skill, seed, failing=0.0):
    rng = np.random.default_rng(seed)
    answers = np.where(rng.random(len(truth)) < skill, truth, rng.choice(3, len(truth), p=[0.7, 0.1, 0.2]))
    return np.where(rng.random(len(truth)) < failing, 4, answers).astype(np.int8)


def some(truth, n=60, seed=5):
    """Labels of a random part of the items."""
    kept = np.random.default_rng(seed).permutation(len(truth))[:n]
    return NewLabels(("human",), np.where(np.isin(np.arange(len(truth)), kept), truth, -1).astype(np.int8)[:, None])


def run_of(*datasets, provider="openai"):
    models = {name: {"provider": provider, "model": name} for each in datasets for c in each.cells for name in c.models}
    spec = {"datasets": {each.name: {"label_values": {}} for each in datasets}, "models": models}
    return Judged(Path("in-memory"), "0123456789abcdef", "mine", spec, 7, QUICK, datasets)
