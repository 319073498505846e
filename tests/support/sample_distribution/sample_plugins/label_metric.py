"""A metric of one label: the number of its items, as a share of all."""

import numpy as np

SUMMARY = "share of the items that have the label"
RANGE = (0.0, 1.0)
UNDEFINED = "no items"


class Share:
    SUMMARY, RANGE, UNDEFINED = SUMMARY, RANGE, UNDEFINED

    def __init__(self, position):
        self._at = position

    def count(self, tables):
        return np.asarray(tables, float).sum(axis=(-2, -1))

    def value(self, tables):
        tables = np.asarray(tables, float)
        return tables[..., self._at, :].sum(axis=-1) / tables.sum(axis=(-2, -1))

    def influence(self, tables):
        tables = np.asarray(tables, float)
        here = np.zeros(tables.shape)
        here[..., self._at, :] = 1
        return here - self.value(tables)[..., None, None]


def for_label(position):
    return Share(position)
