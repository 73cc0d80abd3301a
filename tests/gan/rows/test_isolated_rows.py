"""Rows that are isolated among rows of other classes."""

import numpy as np
import pytest
import torch
from gan.small_tables import sorted_table, table_of

from wgan_resampler import WGANGPOverSampler
from wgan_resampler.gan.rows import isolated_rows as neighborhoods
from wgan_resampler.gan.rows.batches import ClassBalancedBatches
from wgan_resampler.gan.rows.isolated_rows import isolated_rows

COUNTS = torch.tensor([60, 20, 25])


@pytest.fixture
def small_classes_too(monkeypatch):
    """Examine classes of any size."""
    monkeypatch.setattr(neighborhoods, "FEWEST_ROWS", 1)


def random_table(seed=0):
    """Return a table of three classes that overlap."""
    rng = np.random.default_rng(seed)
    shift = np.repeat([0.0, 0.3, -0.3], COUNTS.tolist())[:, None]
    values = np.clip(rng.normal(shift, 0.25, (int(COUNTS.sum()), 3)), -1, 1)
    return sorted_table(
        torch.from_numpy(values.astype(np.float32)), COUNTS, torch.from_numpy(rng.integers(0, 3, (len(values), 2)))
    )


def isolated_by_hand(values, states, counts, m_neighbors):
    """Sort all rows by distance, one row at a time."""
    classes = np.repeat(np.arange(len(counts)), counts)
    spread = np.sqrt(np.mean([values[classes == c].var(axis=0) for c in range(len(counts))], axis=0))
    result = []
    for i, row in enumerate(values):
        square = (((values - row) / spread) ** 2).sum(axis=1) + (states != states[i]).sum(axis=1)
        square[i] = np.inf
        nearest = np.argsort(square)[:m_neighbors]
        result.append(classes[i] != np.argmax(counts) and not (classes[nearest] == classes[i]).any())
    return np.array(result)


@pytest.mark.parametrize("m_neighbors", [1, 3, 6])
def test_isolated_rows_are_those_whose_nearest_rows_are_all_of_other_classes(m_neighbors, small_classes_too):
    table = random_table()
    expected = isolated_by_hand(table.values.numpy(), table.states.numpy(), COUNTS.numpy(), m_neighbors)
    found = isolated_rows(table, m_neighbors).numpy()
    of_class = np.repeat([0, 1, 2], COUNTS)
    by_chance = (1 - COUNTS.numpy() / len(table)) ** m_neighbors
    scattered = [expected[of_class == c].mean() >= 0.5 * by_chance[c] for c in range(3)]
    assert found.any()
    np.testing.assert_array_equal(found, expected & ~np.array(scattered)[of_class])


def test_a_class_that_is_scattered_keeps_its_rows(small_classes_too):
    # The rows of the two classes alternate, so all rows of the second class are isolated.
    values = torch.cat((torch.linspace(-1, 1, 41), torch.linspace(-0.9, 0.9, 5))).unsqueeze(1)
    counts = torch.tensor([41, 5])
    assert not isolated_rows(sorted_table(values, counts), 3).any()
    # Now most of them lie next to each other, and the one that does not is an error.
    values[41:45] = torch.tensor([[0.9], [0.91], [0.92], [0.93]])
    values[45] = -0.5
    assert isolated_rows(sorted_table(values, counts), 3).nonzero().flatten().tolist() == [45]


def test_a_small_class_keeps_its_rows():
    for n in (49, 50):
        values = torch.cat((torch.linspace(-1, 0, 99), torch.linspace(0.5, 1, n - 1), torch.tensor([-0.5])))
        assert isolated_rows(sorted_table(values.unsqueeze(1), [99, n]), 3).sum() == (n == 50)


def test_rows_of_the_largest_class_are_never_isolated():
    # One of a hundred rows lies among sixty of the other class. It is not isolated, because its class is the largest.
    values = torch.cat((torch.linspace(0.5, 1, 99), torch.tensor([-0.5]), torch.linspace(-1, 0, 60))).unsqueeze(1)
    assert not isolated_rows(sorted_table(values, [100, 60]), 3).any()
    larger = torch.cat((values, torch.linspace(-1, 0, 80).unsqueeze(1)))
    assert isolated_rows(sorted_table(larger, [100, 140]), 3).nonzero().flatten().tolist() == [99]


def test_a_class_of_thousands_of_rows_keeps_its_rows(monkeypatch):
    values = torch.cat((torch.linspace(-1, 0, 99), torch.linspace(0.5, 1, 59), torch.tensor([-0.5]))).unsqueeze(1)
    table = sorted_table(values, [99, 60])
    assert isolated_rows(table, 3).any()
    monkeypatch.setattr(neighborhoods, "MOST_ROWS", 59)
    assert not isolated_rows(table, 3).any()


def test_tables_of_categories_alone_have_isolated_rows_too(small_classes_too):
    states = torch.tensor([[0]] * 10 + [[1]] * 4 + [[0]])
    assert isolated_rows(sorted_table(torch.zeros(15, 0), [10, 5], states), 2).nonzero().flatten().tolist() == [14]


def test_of_large_tables_some_rows_of_other_classes_stand_for_all(monkeypatch, small_classes_too):
    table = random_table()
    everything = isolated_rows(table, 6)
    monkeypatch.setattr(neighborhoods, "_ROWS_PER_BLOCK", 7)
    assert torch.equal(isolated_rows(table, 6), everything)
    widths = []
    whole = neighborhoods.square_distances
    monkeypatch.setattr(neighborhoods, "square_distances", lambda *args: widths.append(len(args[2])) or whole(*args))
    monkeypatch.setattr(neighborhoods, "MAX_OTHERS", 40)
    among_some = isolated_rows(table, 6)
    assert set(widths) == {20, 25, 40}
    assert (among_some == everything).float().mean() > 0.85


def test_a_dense_part_of_a_class_in_a_large_table_is_not_isolated():
    rng = np.random.default_rng(0)
    majority = rng.uniform(-0.5, 0.5, (40_000, 2))
    minority = np.concatenate([rng.normal(0.9, 0.02, (440, 2)), rng.normal(-0.2, 0.0005, (60, 2))])
    values = torch.from_numpy(np.concatenate([majority, minority]).astype(np.float32))
    assert not isolated_rows(sorted_table(values, [40_000, 500]), 10).any()


def test_isolated_rows_are_not_drawn_and_still_count_as_rows_of_the_table(small_classes_too):
    table = random_table()
    shuffled = torch.randperm(len(table), generator=torch.Generator().manual_seed(3))
    isolated = isolated_rows(table, 3)
    mixed = table_of(table.values[shuffled], table.classes[shuffled], table.states[shuffled])
    batches = ClassBalancedBatches(mixed, 8, torch.Generator().manual_seed(0), m_neighbors=3)
    kept = batches.rows.table
    assert 0 < isolated.sum() == len(table) - len(kept)
    assert not torch.isin(kept.values[:, 0], table.values[isolated, 0]).any()
    assert torch.equal(kept.class_sizes, COUNTS)
    assert torch.equal(kept.counts, torch.bincount(table.classes[~isolated]))
    assert len(batches) == 14  # 105 rows, 8 at a time


def test_no_row_is_made_around_an_isolated_one():
    # Two clusters, and one row of the small class in the middle of the large one.
    rng = np.random.default_rng(0)
    X = np.concatenate([rng.normal(0, 1, (400, 3)), rng.normal(6, 1, (59, 3)), np.zeros((1, 3))])
    y = np.repeat([0, 1], [400, 60])
    settings = {"epochs": 2, "random_state": 0, "device": "cpu", "neighbor_share": 1.0, "rejection_rate": 0.0}
    share = {}
    for m_neighbors in (0, 10):
        sampler = WGANGPOverSampler(m_neighbors=m_neighbors, boundary_focus=0.0, **settings)
        new = np.asarray(sampler.fit_resample(X, y)[0])[len(X) :]
        share[m_neighbors] = (new.mean(axis=1) < 2).mean()
    assert share[0] > 0
    assert share[10] == 0
