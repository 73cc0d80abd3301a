"""Encoded tables for tests."""

import torch

from wgan_resampler.gan import EncodedTable
from wgan_resampler.tables import RowLayout


def table_of(values, classes, states=None, block_sizes=(), links=(), num_classes=None):
    """Return the table of rows in any order; `num_classes` may be more than there are."""
    states = torch.zeros(len(values), 0) if states is None else states
    sizes = None if num_classes is None else torch.bincount(classes, minlength=num_classes)
    return EncodedTable.sort(values, states, classes, RowLayout(values.shape[1], block_sizes), links, sizes)


def sorted_table(values, counts, states=None, links=()):
    """Return the table of rows that are sorted by class."""
    return table_of(values, torch.repeat_interleave(torch.as_tensor(counts)), states, links=links)
