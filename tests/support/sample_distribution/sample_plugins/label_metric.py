"""A metric of one label: the number of its items, as a share of all."""

import numpy as np

SUMMARY = "share of the items that have the label"
RANGE = (0.0, 1.0)
UNDEFINED = "no items"


def count(tables, at):
    return np.asarray(tables, float).sum(axis=(-2, -1))


def value(tables, at):
    tables = np.asarray(tables, float)
    return tables[..., at, :].sum(axis=-1) / tables.sum(axis=(-2, -1))


def influence(tables, at):
    here = np.zeros(np.shape(tables))
    here[..., at, :] = 1
    return here - value(tables, at)[..., None, None]
