"""Encoded tables: sorting, parts of them, and their moments."""

import pytest
import torch
from gan.small_tables import sorted_table, table_of

from wgan_resampler.exceptions import InvalidDataError
from wgan_resampler.tables import Link


def test_rows_are_sorted_by_class_and_keep_their_order_within():
    classes = torch.arange(60) % 3
    values = torch.rand(60, 2, generator=torch.Generator().manual_seed(0))
    table = table_of(values, classes, classes.unsqueeze(1).to(torch.int32))
    assert table.counts.tolist() == table.class_sizes.tolist() == [20, 20, 20]
    assert table.starts.tolist() == [0, 20, 40]
    assert torch.equal(table.classes, torch.repeat_interleave(table.counts))
    assert torch.equal(table.values[20:40], values[classes == 1])
    assert table.states.dtype == torch.int64
    assert len(table) == 60


def test_part_of_a_table_keeps_the_sizes_of_the_classes():
    table = sorted_table(torch.arange(6.0).unsqueeze(1), [4, 2], links=())
    for kept in (torch.tensor([0, 3, 5]), torch.tensor([True, False, False, True, False, True])):
        part = table.take(kept)
        assert part.values.flatten().tolist() == [0.0, 3.0, 5.0]
        assert part.counts.tolist() == [2, 1]
        assert part.class_sizes.tolist() == [4, 2]


def test_part_without_a_row_of_a_class_is_refused():
    with pytest.raises(InvalidDataError, match="Every one of the 2 classes needs at least one row"):
        sorted_table(torch.zeros(6, 1), [4, 2]).take(torch.arange(4))


def test_class_without_rows_is_refused():
    with pytest.raises(InvalidDataError, match="2 classes"):
        table_of(torch.zeros(3, 1), torch.zeros(3, dtype=torch.int64), num_classes=2)


def test_moments_leave_out_what_does_not_count():
    values = torch.tensor([[1.0], [3.0], [99.0], [7.0], [99.0]])
    states = torch.tensor([[0], [0], [1], [0], [1]])
    table = sorted_table(values, [3, 1, 1], states, [Link(0, 0, (0.0, 0.0))])
    means, variances = table.moments_within_classes()
    assert means.flatten().tolist() == [2.0, 7.0, 0.0]
    assert variances.flatten().tolist() == [1.0, 0.0, 0.0]


def test_spread_is_the_root_of_the_mean_variance_within_classes():
    # Feature 0: variances 1, 4 and 0. Feature 1 differs between classes only.
    features = torch.tensor([[-1.0, 5.0], [1.0, 5.0], [-2.0, 9.0], [2.0, 9.0], [7.0, 0.0]])
    table = sorted_table(features, [2, 2, 1])
    assert table.spread_within_classes().tolist() == pytest.approx([(5 / 3) ** 0.5, 0.0])


def test_spread_of_a_state_is_that_of_its_share():
    classes, states = torch.tensor([0, 0, 0, 0, 1]), torch.tensor([[0], [1], [1], [1], [1]])
    # In the first class, shares of 1/4 and 3/4 have the variance 3/16; in the second class there is none.
    spread = table_of(torch.zeros(5, 0), classes, states, (2,)).spread_within_classes()
    assert spread.tolist() == pytest.approx([(3 / 32) ** 0.5] * 2)


def test_spread_leaves_out_values_that_do_not_count():
    values = torch.tensor([[-1.0], [1.0], [50.0], [3.0]])
    states = torch.tensor([[0], [0], [1], [0]])
    table = table_of(values, torch.tensor([0, 0, 0, 1]), states, (2,), [Link(0, 0, (0.0, 0.0))])
    assert table.spread_within_classes()[0].item() == pytest.approx(0.5**0.5)
