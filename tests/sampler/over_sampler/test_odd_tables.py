"""Tables of few rows, tiny classes or extreme values, and the quality of a default training."""

import math

import numpy as np
import pytest
from sampler.over_sampler.quick import X, Y, counts, quick

from wgan_resampler import WGANGPOverSampler
from wgan_resampler.sampler.fitting.preparation import AUTO_UPDATES


@pytest.mark.filterwarnings("ignore::wgan_resampler.exceptions.ThinClassWarning")
@pytest.mark.parametrize("n_rows", [1, 2, 3, 4, 5])
def test_tiny_classes(n_rows):
    y = np.array([0] * (30 - n_rows) + [1] * n_rows)
    X_res, y_res = quick().fit_resample(X, y)
    assert counts(y_res) == {0: 30 - n_rows, 1: 30 - n_rows}
    assert np.isfinite(X_res).all()


@pytest.mark.filterwarnings("ignore::wgan_resampler.exceptions.ThinClassWarning")
def test_the_least_table():
    X_res, y_res = quick(sampling_strategy="upsample").fit_resample([[0], [1], [2], [5]], ["u", "u", "v", "v"])
    assert y_res == ["u", "u", "v", "v", "u", "v"]
    assert all(type(row[0]) is int and 0 <= row[0] <= 5 for row in X_res)


def test_a_class_of_one_row_that_stays():
    y = np.array([0] * 19 + [1] * 10 + [2])
    _, y_res = quick(sampling_strategy={1: 15}).fit_resample(X, y)
    assert counts(y_res) == {0: 19, 1: 15, 2: 1}


def test_constant_columns():
    table = np.column_stack([X[:, 0], np.full(30, 7.5), np.zeros(30)])
    X_res, _ = quick().fit_resample(table, Y)
    assert (X_res[:, 1] == 7.5).all()
    assert (X_res[:, 2] == 0).all()


@pytest.mark.filterwarnings("ignore::wgan_resampler.exceptions.ThinClassWarning")
def test_many_classes():
    _, y_res = quick(batch_size=4).fit_resample(X, np.arange(30) % 14)
    assert set(counts(y_res).values()) == {3}


@pytest.fixture(scope="module")
def trained_by_default():
    """Two classes 20 standard deviations apart, and a column with a tail: rows, labels and the sampler."""
    rng = np.random.default_rng(1)
    y = np.array([0] * 180 + [1] * 20)
    tail = rng.normal(size=200)
    tail[3] = 1e300
    table = np.column_stack([rng.normal(size=(200, 2)) + 20.0 * y[:, None], tail])
    over = WGANGPOverSampler(random_state=0, device="cpu")
    return table, y, over, *over.fit_resample(table, y)


def test_default_training_ends_with_its_budget(trained_by_default):
    over = trained_by_default[2]
    assert over.n_iter_ == AUTO_UPDATES
    assert len(over.history_) == math.ceil(AUTO_UPDATES / 4)


def test_far_apart_classes_stay_apart(trained_by_default):
    table, y, over, X_res, y_res = trained_by_default
    assert (y_res[200:] == 1).all()
    means = np.array([table[y == label, :2].mean(axis=0) for label in (0, 1)])
    for label in (0, 1):
        drawn = over.sample(200, label=label, random_state=0)[0][:, :2]
        for rows in (drawn, X_res[200:, :2]) if label == 1 else (drawn,):
            nearest = np.linalg.norm(rows[:, None] - means, axis=2).argmin(axis=1)
            assert (nearest == label).all()
            # The classes lie 20 standard deviations apart. Single rows may lie in the empty space between them.
            assert ((rows > 10) == label).all(axis=1).mean() >= 0.97
            np.testing.assert_allclose(rows.mean(axis=0), means[label], atol=1.0)
            # If a class is far away from all others, the spread of some columns is too small. A lost mode would make it
            # far smaller.
            assert (rows.std(axis=0) > 0.3).all()
            assert rows.std(axis=0).mean() > 0.5


def test_no_new_row_is_an_old_one(trained_by_default):
    table, _, over, X_res, _ = trained_by_default
    new = np.concatenate([X_res[200:, :2], over.sample(500, random_state=0)[0][:, :2]])
    assert not {row.tobytes() for row in new} & {row.tobytes() for row in table[:, :2]}
    assert len({row.tobytes() for row in new}) == len(new)


def test_a_heavy_tail_leaves_the_rest_of_the_column_room(trained_by_default):
    _, _, over, X_res, _ = trained_by_default
    assert X_res[3, 2] == 1e300
    assert np.isfinite(X_res).all()
    drawn = over.sample(400, label=1, random_state=0)[0][:, 2]
    assert (np.abs(drawn) < 10).mean() > 0.8
    assert len(np.unique(np.abs(drawn[np.abs(drawn) < 10]).round(2))) > 50


def test_bug_a_table_of_one_column_got_copies_of_its_extremes():
    values = np.r_[np.random.default_rng(0).normal(size=60), np.random.default_rng(1).normal(3, 1, size=12)][:, None]
    over = WGANGPOverSampler(random_state=0, device="cpu", hidden_dim=8, epochs=3)
    resampled, _ = over.fit_resample(values, np.repeat([0, 1], [60, 12]))
    over.generator_.output.bias.data.fill_(100.0)  # every tanh is saturated
    drawn = np.concatenate([resampled[72:], over.sample(50)[0]])
    assert not np.isin(drawn, values).any()
    assert drawn.max() < values.max()


def test_two_modes_of_each_class_are_all_there_by_default():
    rng = np.random.default_rng(0)
    centres = np.array([[-0.6, -0.6], [0.6, -0.6], [-0.6, 0.6], [0.6, 0.6]])
    mode = np.repeat([0, 1, 2, 3], [150, 150, 30, 30])
    table, y = centres[mode] + 0.06 * rng.standard_normal((360, 2)), mode // 2
    for seed in (0, 1):
        X_res, _ = WGANGPOverSampler(random_state=seed, device="cpu").fit_resample(table, y)
        nearest = np.linalg.norm(X_res[360:, None] - centres, axis=2).argmin(axis=1)
        shares = np.bincount(nearest, minlength=4) / len(nearest)
        assert shares[:2].sum() < 0.03
        assert shares[2:].min() > 0.3
