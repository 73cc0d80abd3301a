"""Real rows of small classes, varied by the differences between neighboring rows."""

import numpy as np
import pytest
import torch
from gan.small_tables import sorted_table, table_of

from wgan_resampler.gan.rows import neighbor_mixing as neighbor_mixing
from wgan_resampler.gan.rows.batches import ClassBalancedBatches
from wgan_resampler.gan.rows.neighbor_mixing import BORROWED_STATES, NEIGHBORS, Draw, NeighborSpread
from wgan_resampler.tables.encoding.schema import Link


def one_draw(row, mate, donor, donor_mate=None, share=0.0, stretch=0.0, picks=(), classes=0, origin=None):
    """Return the draw of one row, with all that is random in it."""
    return Draw(
        rows=torch.tensor([row]),
        origins=torch.tensor([row if origin is None else origin]),
        mates=torch.tensor([mate]),
        donors=torch.tensor([donor]),
        donor_mates=torch.tensor([donor if donor_mate is None else donor_mate]),
        classes=torch.tensor([classes]),
        share=torch.tensor([[share]]),
        stretch=torch.tensor([[stretch]]),
        picks=torch.tensor([picks], dtype=torch.float32).reshape(1, len(picks)),
    )


def two_classes(n_small=4, n_large=400, sd_small=0.1, sd_large=0.1):
    rng = np.random.default_rng(0)
    correlated = rng.multivariate_normal([0, 0], [[1, 0.9], [0.9, 1]], size=n_large) * sd_large
    rows = np.concatenate([rng.normal(0.4, sd_small, (n_small, 2)), correlated - 0.4])
    classes = np.repeat([0, 1], [n_small, n_large])
    return torch.from_numpy(rows.astype(np.float32)), torch.from_numpy(classes)


def drawn(features, classes, borrowed_rows, n_epochs=40):
    source = ClassBalancedBatches(table_of(features, classes), 100, torch.Generator().manual_seed(0), borrowed_rows)
    draws = [draw for _ in range(n_epochs) for draw in source.epoch(1)]
    rows, conditions = (torch.cat([draw[i][0] for draw in draws]) for i in (0, 1))
    return [rows[conditions[:, c] == 1].numpy() for c in (0, 1)]


def many_draws(values, counts, c, k=2000, borrowed_rows=4.0):
    """Return the draws of `k` rows of class `c`, and the spread they come from."""
    counts = torch.tensor(counts)
    spread = NeighborSpread(sorted_table(values, counts), borrowed_rows)
    start = int(counts[:c].sum())
    rng = torch.Generator().manual_seed(0)
    rows = start + torch.randint(int(counts[c]), (k,), generator=rng)
    return spread, spread.draw(rows, torch.full((k,), c), rng)


def test_known_answer():
    values = torch.tensor([[0.0], [0.2], [-0.5], [-0.3]])
    spread = NeighborSpread(sorted_table(values, [2, 2]), borrowed_rows=2.0)
    varied, _ = spread.vary(one_draw(row=0, mate=1, donor=2, donor_mate=3, share=0.5, stretch=0.3))
    # Half of the way to the mate is 0.1; w = 2 / (2 + 2) = 1/2, and the borrowed step is 0.2 long.
    assert varied.item() == pytest.approx(0.1 + 0.3 * np.sqrt(0.5) * 0.2, abs=1e-6)


def test_mates_are_the_nearest_rows_of_the_class():
    values = torch.cat([torch.linspace(-1, 1, 41), torch.linspace(-1, 1, 7)]).unsqueeze(1)
    _, draw = many_draws(values, [41, 7], 0)
    middle = (draw.rows >= 5) & (draw.rows < 36)
    steps = (draw.mates - draw.rows).abs()[middle]
    assert (steps > 0).all()
    assert steps.max() == (NEIGHBORS + 1) // 2  # about as many on each side
    assert (draw.mates < 41).all()


def test_donors_are_as_near_to_each_other_within_their_class_as_neighbors_within_the_own_class():
    values = torch.cat([torch.linspace(-1, 1, 20), torch.linspace(-1, 1, 400)]).unsqueeze(1)
    _, draw = many_draws(values, [20, 400], 0)
    large = draw.donors >= 20
    assert large.float().mean() == pytest.approx(0.5, abs=0.05)
    ranks = (draw.donor_mates - draw.donors).abs()[large]
    # 10 of 20 is half of a class: the nearest 200 of 400, half of them on each side unless at an end.
    assert 100 <= ranks.max() <= 200
    assert ranks.float().mean() == pytest.approx(60, abs=8)
    small = (draw.donor_mates - draw.donors).abs()[~large]
    assert small.max() <= NEIGHBORS


def test_distances_are_in_units_of_the_spread_within_classes():
    rng = np.random.default_rng(0)
    wide, narrow = rng.uniform(-1, 1, 200), rng.uniform(-0.2, 0.2, 200)
    values = torch.tensor(np.stack([wide, narrow], axis=1), dtype=torch.float32)
    spread, draw = many_draws(values, [200], 0)
    steps = spread._step(draw.rows, draw.mates).abs().mean(dim=0)
    assert steps[0] / steps[1] == pytest.approx(5.0, rel=0.3)


def test_states_that_differ_make_rows_strangers():
    values = torch.zeros(40, 1)
    states = (torch.arange(40) % 2).unsqueeze(1)
    spread = NeighborSpread(sorted_table(values, [40], states), borrowed_rows=4.0)
    rows = torch.arange(40)
    draw = spread.draw(rows, torch.zeros(40, dtype=torch.int64), torch.Generator().manual_seed(0))
    assert torch.equal(states[draw.mates], states[draw.rows])


def test_a_class_too_large_to_know_all_neighbors_makes_the_steps_of_some_of_its_rows(monkeypatch):
    monkeypatch.setattr(neighbor_mixing, "MAX_REFERENCES", 30)
    values = torch.cat([torch.linspace(-1, 1, 300), torch.linspace(-1, 1, 10)]).unsqueeze(1)
    spread, draw = many_draws(values, [300, 10], 0)
    assert len(draw.rows.unique()) == 300
    assert len(draw.origins.unique()) == len(draw.donors[draw.donors < 300].unique()) == 30
    assert (draw.origins < 300).all()
    assert (spread._step(draw.origins, draw.mates).abs() <= NEIGHBORS * 2 / 29 + 1e-3).all()
    _, draw = many_draws(values, [300, 10], 1)
    assert torch.equal(draw.origins, draw.rows)
    assert (draw.mates >= 300).all()


def test_states_do_not_come_from_the_neighbor_of_another_row():
    states = torch.tensor([[0], [1], [2]])
    spread = NeighborSpread(sorted_table(torch.zeros(3, 1), [3], states), borrowed_rows=2.0)
    _, varied = spread.vary(one_draw(row=0, mate=1, donor=2, share=0.9, picks=(0.1,), origin=2))
    assert varied.item() == 0


@pytest.mark.parametrize("counts", [[1], [1, 1], [1, 50], [2, 600], [1025, 3], [1024, 1]])
def test_all_positions_lie_in_their_classes(counts):
    values = torch.rand(sum(counts), 2, generator=torch.Generator().manual_seed(0)) - 0.5
    classes = torch.repeat_interleave(torch.tensor(counts))
    for c in range(len(counts)):
        spread, draw = many_draws(values, counts, c, k=500)
        assert (classes[draw.mates] == c).all()
        assert torch.equal(classes[draw.donors], classes[draw.donor_mates])
        varied, _ = spread.vary(draw)
        assert varied.isfinite().all()


def test_nothing_borrowed_gives_the_rows_as_they_are():
    features, classes = two_classes()
    known = {row.tobytes() for row in features.numpy()}
    assert all(row.tobytes() in known for rows in drawn(features, classes, 0.0) for row in rows)


def test_a_small_class_scatters_along_the_direction_of_the_large_one():
    features, classes = two_classes()
    small, _ = drawn(features, classes, 1000.0)
    own = np.corrcoef(features[:4].numpy().T)[0, 1]
    assert np.corrcoef(small.T)[0, 1] > own
    assert len(np.unique(small, axis=0)) > 1000


def test_class_means_stay():
    features, classes = two_classes()
    for c, rows in enumerate(drawn(features, classes, 4.0)):
        np.testing.assert_allclose(rows.mean(axis=0), features[classes == c].mean(dim=0), atol=0.01)


def test_a_large_class_stays_as_it_is():
    features, classes = two_classes(n_small=400, n_large=4000)
    for c, rows in enumerate(drawn(features, classes, 4.0)):
        np.testing.assert_allclose(rows.std(axis=0), features[classes == c].std(dim=0), rtol=0.05)


def test_a_tight_class_of_many_rows_is_not_spread_by_a_wide_one():
    features, classes = two_classes(n_small=100, n_large=400, sd_small=0.001, sd_large=0.2)
    small, _ = drawn(features, classes, 4.0)
    assert (small.std(axis=0) < 0.02).all()


def test_rows_stay_in_the_encoded_range():
    features, classes = two_classes(n_small=3, sd_small=0.4, sd_large=0.5)
    features.clamp_(-1, 1)
    for rows in drawn(features, classes, 4.0):
        assert np.abs(rows).max() <= 1


def test_steps_beyond_the_range_are_thrown_back():
    """Bug: they were clipped there, so that rows became equal."""
    features, classes = two_classes(n_small=20, sd_small=0.4, sd_large=0.5)
    features.div_(features.abs().max(dim=0).values)
    small, _ = drawn(features, classes, 100.0)
    # The outermost rows have that value in one column, and may keep it, because the first step may be 0.
    assert len(np.unique(small, axis=0)) == len(small)
    assert (np.abs(small) == 1).mean() < 0.01
    values = torch.tensor([-4.0, -1.25, -1.0, 0.3, 1.0, 1.5])
    assert neighbor_mixing._reflected(values).tolist() == pytest.approx([1.0, -0.75, -1.0, 0.3, 1.0, 0.5])


def test_a_class_of_one_row_scatters_too():
    features, classes = two_classes(n_small=1)
    small, _ = drawn(features, classes, 4.0)
    assert (small.std(axis=0) > 0.01).all()


def test_source_rows_are_left_alone():
    features, classes = two_classes()
    before = features.clone()
    drawn(features, classes, 4.0, n_epochs=2)
    assert torch.equal(features, before)


# States


def test_states_come_from_the_row_its_mate_or_a_donor():
    values = torch.zeros(3, 0)
    states = torch.tensor([[0, 0, 0], [1, 1, 1], [2, 2, 2]])
    spread = NeighborSpread(sorted_table(values, [2, 1], states), borrowed_rows=2.0)
    # The row goes a quarter of the way, and a donor gives a state with probability 1/4 / (2 + 1/4).
    assert pytest.approx(1 / 9) == BORROWED_STATES / (2 + BORROWED_STATES)
    _, varied = spread.vary(one_draw(row=0, mate=1, donor=2, share=0.25, picks=(0.2, 0.5, 0.9)))
    assert varied.tolist() == [[1, 0, 2]]


def test_states_of_a_class_of_one_row_vary():
    values, classes = torch.zeros(101, 1), torch.tensor([0] + [1] * 100)
    states = torch.tensor([[0]] + [[1]] * 100)
    table = table_of(values, classes, states, (2,))
    source = ClassBalancedBatches(table, 100, torch.Generator().manual_seed(0), 4.0)
    rows, conditions = (
        torch.cat(parts) for parts in zip(*(d for _ in range(50) for d in source.epoch(1)), strict=True)
    )
    lonely = rows[conditions[..., 0] == 1]
    # One in five states comes from a donor. Half of the donors are of the other class.
    assert lonely[:, 2].mean().item() == pytest.approx(0.1, abs=0.03)


def test_a_number_beside_another_state_is_the_filling_of_that_state():
    values = torch.tensor([[0.4], [0.6], [-1.0], [0.0]])
    states = torch.tensor([[0], [0], [1], [2]])  # two numbers, a frequent value at -1, a missing value
    link = Link(value=0, block=0, filling=(0.0, -1.0, 0.0))
    spread = NeighborSpread(sorted_table(values, [4], states, [link]), borrowed_rows=4.0)
    for mate, expected in ((2, -1.0), (3, 0.0)):
        draw = one_draw(row=0, mate=mate, donor=1, share=0.9, picks=(0.0,))
        number, state = spread.vary(draw)
        assert state.item() == states[mate].item()
        assert number.item() == expected


def test_a_row_without_a_number_that_gets_one_gets_that_of_its_source():
    values = torch.tensor([[0.4], [0.6], [-1.0]])
    states = torch.tensor([[0], [0], [1]])
    link = Link(value=0, block=0, filling=(0.0, -1.0))
    spread = NeighborSpread(sorted_table(values, [3], states, [link]), borrowed_rows=3.0)
    number, state = spread.vary(one_draw(row=2, mate=1, donor=0, share=0.9, picks=(0.0,)))
    assert state.item() == 0
    assert number.item() == pytest.approx(0.6)
