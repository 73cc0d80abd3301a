import numpy as np
import pytest
import torch

from wgan_resampler.batches import ClassEvenBatches
from wgan_resampler.schema import Link
from wgan_resampler.smoothing import BORROWED_STATES, BorrowedSpread, Draw, moments_within_classes

NO_STATES = torch.zeros((1, 0), dtype=torch.int64)


def one_draw(row, mate, donor, share=0.0, picks=(), classes=0, donor_classes=1):
    """Return the draw of one row, with all that is random in it."""
    return Draw(
        rows=torch.tensor([row]),
        mates=torch.tensor([mate]),
        donors=torch.tensor([donor]),
        classes=torch.tensor([classes]),
        donor_classes=torch.tensor([donor_classes]),
        share=torch.tensor([[share]]),
        picks=torch.tensor([picks], dtype=torch.float32).reshape(1, len(picks)),
    )


def two_classes(n_small=4, n_large=400, sd_small=0.1, sd_large=0.1):
    rng = np.random.default_rng(0)
    correlated = rng.multivariate_normal([0, 0], [[1, 0.9], [0.9, 1]], size=n_large) * sd_large
    rows = np.concatenate([rng.normal(0.4, sd_small, (n_small, 2)), correlated - 0.4])
    classes = np.repeat([0, 1], [n_small, n_large])
    return torch.from_numpy(rows.astype(np.float32)), torch.from_numpy(classes)


def drawn(features, classes, borrowed_rows, n_epochs=40):
    source = ClassEvenBatches(features, classes, 2, 100, torch.Generator().manual_seed(0), borrowed_rows)
    draws = [draw for _ in range(n_epochs) for draw in source.epoch(1)]
    rows, conditions = (torch.cat([draw[i][0] for draw in draws]) for i in (0, 1))
    return [rows[conditions[:, c] == 1].numpy() for c in (0, 1)]


def test_known_answer():
    features = torch.tensor([[0.0], [0.2], [-0.5], [-0.3]])
    spread = BorrowedSpread(features, NO_STATES.expand(4, 0), torch.tensor([2, 2]), borrowed_rows=2.0)
    varied, _ = spread.vary(one_draw(row=0, mate=1, donor=2, share=0.5))
    # w = 2 / (2 + 2) = 1/2; both variances are 0.01, so s = 1. The row moves by 0.5 * min(1/2, 2 w) = 1/4 from -0.1
    # towards its mate at +0.1, to -0.05; the borrowed residual is -0.5 + 0.4 = -0.1.
    expected = 0.1 + np.sqrt(0.5) * -0.05 + np.sqrt(0.5) * -0.1
    assert varied.item() == pytest.approx(expected, abs=1e-5)


def test_nothing_borrowed_gives_the_rows_as_they_are():
    features, classes = two_classes()
    known = {row.tobytes() for row in features.numpy()}
    assert all(row.tobytes() in known for rows in drawn(features, classes, 0.0) for row in rows)


def test_a_small_class_scatters_along_the_direction_of_the_large_one():
    features, classes = two_classes()
    small, _ = drawn(features, classes, 4.0)
    own = np.corrcoef(features[:4].numpy().T)[0, 1]
    assert np.corrcoef(small.T)[0, 1] > max(own, 0) + 0.2 or own > 0.8
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
    spread = BorrowedSpread(values, states, torch.tensor([2, 1]), borrowed_rows=2.0)
    # The row's move is 0.5 * min(1/2, 2 w) = 1/4 long, and a donor gives a state with probability 1/4 / (2 + 1/4).
    assert pytest.approx(1 / 9) == BORROWED_STATES / (2 + BORROWED_STATES)
    _, varied = spread.vary(one_draw(row=0, mate=1, donor=2, share=0.5, picks=(0.2, 0.5, 0.9)))
    assert varied.tolist() == [[1, 0, 2]]


def test_states_of_a_class_of_one_row_vary():
    values, classes = torch.zeros(101, 1), torch.tensor([0] + [1] * 100)
    states = torch.tensor([[0]] + [[1]] * 100)
    source = ClassEvenBatches(
        values, classes, 2, 100, torch.Generator().manual_seed(0), 4.0, states=states, block_sizes=(2,)
    )
    rows, conditions = (
        torch.cat(parts) for parts in zip(*(d for _ in range(50) for d in source.epoch(1)), strict=True)
    )
    lonely = rows[conditions[..., 0] == 1]
    # One in five states comes from a donor, who is of the other class every second time.
    assert lonely[:, 2].mean().item() == pytest.approx(0.1, abs=0.03)


def test_a_number_beside_another_state_is_the_filling_of_that_state():
    values = torch.tensor([[0.4], [0.6], [-1.0], [0.0]])
    states = torch.tensor([[0], [0], [1], [2]])  # two numbers, a frequent value at -1, a missing cell
    link = Link(value=0, block=0, filling=(0.0, -1.0, 0.0))
    spread = BorrowedSpread(values, states, torch.tensor([4]), borrowed_rows=4.0, links=[link])
    for mate, expected in ((2, -1.0), (3, 0.0)):
        draw = one_draw(row=0, mate=mate, donor=1, share=0.9, picks=(0.0,), donor_classes=0)
        number, state = spread.vary(draw)
        assert state.item() == states[mate].item()
        assert number.item() == expected


def test_a_row_without_a_number_that_gets_one_gets_that_of_its_source():
    values = torch.tensor([[0.4], [0.6], [-1.0]])
    states = torch.tensor([[0], [0], [1]])
    link = Link(value=0, block=0, filling=(0.0, -1.0))
    spread = BorrowedSpread(values, states, torch.tensor([3]), borrowed_rows=3.0, links=[link])
    number, state = spread.vary(one_draw(row=2, mate=1, donor=0, share=0.9, picks=(0.0,), donor_classes=0))
    assert state.item() == 0
    assert number.item() == pytest.approx(0.6)


def test_moments_leave_out_what_does_not_count():
    values = torch.tensor([[1.0], [3.0], [99.0], [7.0], [99.0]])
    ordinary = torch.tensor([[True], [True], [False], [True], [False]])
    means, variances = moments_within_classes(values, ordinary, torch.tensor([3, 1, 1]))
    assert means.flatten().tolist() == [2.0, 7.0, 0.0]
    assert variances.flatten().tolist() == [1.0, 0.0, 0.0]
