"""Distances between rows."""

import pytest
import torch
from gan.small_tables import sorted_table

from wgan_resampler.gan.rows.distances import square_distances, value_units
from wgan_resampler.tables import Link


def test_a_state_that_differs_counts_as_one_unit():
    values = torch.tensor([[0.0], [0.2], [-0.2], [0.4]])
    states = torch.tensor([[0, 1], [0, 1], [1, 0], [0, 0]])
    every = torch.arange(4)
    square = square_distances(sorted_table(values, [4], states), every, every, torch.tensor([0.2]))
    assert square[0].tolist() == pytest.approx([0, 1, 3, 5])
    assert torch.allclose(square, square.t())


def test_a_column_that_is_constant_within_classes_does_not_outweigh_the_others():
    values = torch.tensor([[0.0, 0.1], [1e-6, 0.5], [0.0, 0.9]])
    assert value_units(sorted_table(values, [2, 1]))[0].item() == pytest.approx(0.05)


def test_missing_numbers_have_no_say_in_the_unit():
    values, states = torch.tensor([[0.1], [0.3], [-1.0], [0.2]]), torch.tensor([[0], [0], [1], [0]])
    table = sorted_table(values, [3, 1], states, [Link(value=0, block=0, filling=(0.0, -1.0))])
    assert value_units(table).item() == pytest.approx((0.01 / 2) ** 0.5)
