"""Which rows of a table are used for training, and how long training takes."""

from dataclasses import replace

import numpy as np
import pytest
import torch
from small_generators import QUICK

from wgan_resampler.sampler.fitting.preparation import AUTO_ROWS_OF_CLASS, prepare
from wgan_resampler.tables.columns import CategoricalCells, NumericCells

N_LARGE, N_SMALL = AUTO_ROWS_OF_CLASS + 5000, 100


def prepared(epochs, seed=0, **settings):
    """Prepare a table whose first column counts its rows, and whose second is missing in every other row."""
    n = N_LARGE + N_SMALL
    missing = np.arange(n) % 2 == 0
    cells = [
        NumericCells(np.arange(float(n))),
        NumericCells(np.where(missing, 0.0, 1.0 + np.arange(n)), missing),
        CategoricalCells(np.arange(n) % 3, 3),
    ]
    labels = np.where(np.arange(n) % 200 == 7, "small", "large")
    labels[np.flatnonzero(labels == "small")[N_SMALL:]] = "large"
    settings = replace(QUICK, epochs=epochs, **{"batch_size": 64, **settings})
    return prepare(settings, cells, labels, torch.device("cpu"), np.random.SeedSequence(seed)), labels


def test_of_a_huge_class_random_rows_teach_and_all_of_the_others():
    ready, labels = prepared("auto")
    rows = ready.batches.rows.table
    assert rows.counts.tolist() == [AUTO_ROWS_OF_CLASS, N_SMALL]
    assert ready.counts.tolist() == [(labels == "large").sum(), N_SMALL]  # what the sampler knows of the table
    assert rows.class_sizes.tolist() == ready.counts.tolist()  # by which spread is borrowed
    # Half of the rows are missing in the second column, and a third has each category: all kinds of rows are used.
    missing, category = rows.states[:AUTO_ROWS_OF_CLASS].T
    assert missing.double().mean().item() == pytest.approx(0.5, abs=0.02)
    assert torch.bincount(category).double().div(AUTO_ROWS_OF_CLASS).tolist() == pytest.approx([1 / 3] * 3, abs=0.02)
    # The values of a row stay together. Each row is identified by its counter, which is scaled to [-1, 1].
    assert len(rows.values[:AUTO_ROWS_OF_CLASS, 0].unique()) == AUTO_ROWS_OF_CLASS


def test_rows_that_teach_follow_from_the_seed():
    values = [prepared("auto", seed)[0].batches.rows.table.values for seed in (0, 0, 1)]
    assert torch.equal(values[0], values[1])
    assert not torch.equal(values[0], values[2])


def test_all_rows_teach_where_epochs_are_passes_over_the_table():
    ready, labels = prepared(3)
    assert len(ready.batches.rows.table.values) == len(labels)
    assert ready.n_epochs == 3


def test_more_rows_teach_where_batches_are_so_large_that_each_would_be_drawn_often():
    ready, labels = prepared("auto", batch_size=160, n_critic=1)  # 72 000 draws of each class, 18 000 rows four times
    assert ready.batches.rows.table.counts.tolist() == [18_000, N_SMALL]
    ready, labels = prepared("auto", batch_size=1000)
    assert len(ready.batches.rows.table.values) == len(labels)
