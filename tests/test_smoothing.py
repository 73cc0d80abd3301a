import numpy as np
import pytest
import torch

from wgan_resampler.batches import ClassEvenBatches
from wgan_resampler.smoothing import BorrowedSpread


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
    spread = BorrowedSpread(features, torch.tensor([2, 2]), borrowed_rows=2.0)
    one = torch.tensor([1])
    zero = torch.tensor([0])
    varied = spread.vary(zero, zero, one, torch.tensor([[0.5]]), torch.tensor([2]), one)
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
