"""A mode that counts: the verdict of the first member that has one. It has no schema fragment."""

from harness.evaluators.mode import CountedVotes
from harness.records.experiment import Cell
from harness.records.judgments import VERDICTS

SUMMARY = "The verdict of the first judge that has one"


def expand(wanted, models):
    yield tuple(wanted), {}


def written(models, settings):
    return list(models)


def members(cell):
    return [
        Cell(cell.dataset, cell.strategy, "judge", (model,), cell.order, cell.repeats, cell.collapse)
        for model in cell.models
    ]


def averages_scores(cell):
    return False


def count(cell, strategy, votes):
    import numpy as np

    first = (votes.codes < len(VERDICTS)).argmax(axis=0)
    return CountedVotes(np.take_along_axis(votes.codes, first[None], axis=0)[0])
