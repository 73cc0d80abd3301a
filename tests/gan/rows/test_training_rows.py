"""The drawing of real rows."""

import pytest
import torch
from gan.small_tables import sorted_table, table_of

from wgan_resampler.gan.rows.training_rows import RealRows
from wgan_resampler.tables.encoding.schema import Link


def rng():
    return torch.Generator().manual_seed(0)


def table(n=60, num_classes=3, n_values=2, borrowed_rows=0.0):
    classes = torch.arange(n) % num_classes
    values = (torch.rand(n, n_values, generator=rng()) - 0.5) * 0.2 + (classes.unsqueeze(1) - 1) * 0.6
    states = classes.unsqueeze(1).to(torch.int32)
    return RealRows(table_of(values, classes, states), borrowed_rows)


def test_rows_as_they_are_have_the_class_asked_for_and_are_not_new():
    rows = table()
    asked = torch.tensor([2, 0, 1, 1]).repeat(50)
    values, states, origins = rows.draw(asked, rng())
    assert torch.equal(states[:, 0], asked)
    assert torch.equal(values, rows.table.values[origins])
    assert not rows.is_new(values, states, origins).any()
    assert len(origins.unique()) > 50


def test_varied_rows_are_new_unless_all_rows_are_alike():
    rows = table(borrowed_rows=60.0)
    assert rows.is_new(*rows.draw(torch.zeros(500, dtype=torch.int64), rng())).all()
    by_class = torch.arange(2.0).repeat_interleave(10).unsqueeze(1)
    alike = RealRows(sorted_table(by_class, [10, 10]), 60.0)
    assert not alike.is_new(*alike.draw(torch.zeros(50, dtype=torch.int64), rng())).any()


def test_rows_without_values_count_as_new():
    rows = table(n_values=0, borrowed_rows=60.0)
    assert rows.is_new(*rows.draw(torch.zeros(5, dtype=torch.int64), rng())).all()


def test_a_constant_column_and_spikes_do_not_keep_rows_out():
    """Bug: rows whose numbers cannot move counted as copies, though their categories had changed."""
    n = 400
    states = torch.stack([torch.randint(3, (n,), generator=rng()), torch.arange(n) % 5 // 4], dim=1)
    number = torch.where(states[:, 1] == 0, torch.rand(n, generator=rng()), torch.tensor(0.5)).unsqueeze(1)
    link = Link(0, 1, (0.0, 0.5))  # the second block says whether the number is the frequent value
    for values, links in ((torch.zeros(n, 1), ()), (number, (link,)), (torch.zeros(n, 0), ())):
        rows = RealRows(sorted_table(values, [n // 2, n // 2], states, links), 60.0)
        drawn = rows.draw(torch.arange(2000) % 2, rng())
        new, state = rows.is_new(*drawn), drawn[1][:, 1].float()
        assert new.float().mean() > 0.99
        assert state[new].mean() == pytest.approx(state.mean().item(), abs=0.01)


def test_some_rows_of_large_classes_borrow_as_the_whole_class_does(monkeypatch):
    monkeypatch.setattr("wgan_resampler.gan.rows.neighbor_mixing.MAX_REFERENCES", 8)
    monkeypatch.setattr("wgan_resampler.gan.rows.training_rows.MAX_REFERENCES", 8)
    rows = table(n=63, num_classes=3, borrowed_rows=60.0)
    some = rows.some()
    assert some.table.counts.tolist() == [8, 8, 8]
    assert some.table.class_sizes.tolist() == [21, 21, 21]
    assert some.table.states[:, 0].tolist() == [0] * 8 + [1] * 8 + [2] * 8
    assert torch.isin(some.table.values[:, 0], rows.table.values[:, 0]).all()
    assert some.some() is some
    drawn = some.draw(torch.tensor([0, 2]).repeat(50), rng())
    assert some.is_new(*drawn).all()
    assert torch.equal(some._spread._borrowed, rows._spread._borrowed)
