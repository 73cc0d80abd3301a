"""Mean and spread of each class, from which a generator starts."""

import numpy as np
import pandas as pd
import pytest
import torch
from gan.small_tables import table_of
from shared_data import shared_file

from wgan_resampler import GanGenerator, WGANGPOverSampler
from wgan_resampler.gan.rows import class_moments as moments
from wgan_resampler.gan.rows.batches import ClassBalancedBatches, one_hot
from wgan_resampler.gan.rows.class_moments import class_moments


def batches_of(values, classes, states=None, block_sizes=()):
    table = table_of(values, classes, states, block_sizes)
    return ClassBalancedBatches(table, 64, torch.Generator().manual_seed(0))


def two_normal_classes(n=4000):
    noise = torch.randn(n, 3, generator=torch.Generator().manual_seed(1))
    classes = torch.arange(n) % 2
    mixing = torch.tensor([[0.3, 0.0, 0.0], [0.2, 0.1, 0.0], [0.0, 0.0, 0.05]])
    before = noise @ mixing.t() + torch.where(classes.unsqueeze(1) == 1, 0.4, -0.4)
    return torch.tanh(before), classes, mixing @ mixing.t()


def test_moments_are_mean_and_covariance_before_the_activation():
    values, classes, covariance = two_normal_classes()
    moments = class_moments(batches_of(values, classes), noise_dim=5)
    assert moments.shape == (2, 6, 3)
    for c, mean in enumerate((-0.4, 0.4)):
        torch.testing.assert_close(moments[c, -1], torch.full((3,), mean), rtol=0, atol=0.03)
        torch.testing.assert_close(moments[c, :-1].t() @ moments[c, :-1], covariance, rtol=0.15, atol=0.01)
        assert (moments[c, 3:5] == 0).all()  # three columns need no more than three dimensions of noise


def test_little_noise_takes_the_direction_of_largest_variance():
    values, classes, covariance = two_normal_classes()
    moments = class_moments(batches_of(values, classes), noise_dim=1)
    found = moments[0, :1].t() @ moments[0, :1]
    largest, vectors = torch.linalg.eigh(covariance)
    torch.testing.assert_close(found, largest[-1] * vectors[:, -1:] @ vectors[:, -1:].t(), rtol=0.2, atol=0.01)


def test_a_wide_table_gives_the_same_as_a_narrow_one(monkeypatch):
    values, classes, _ = two_normal_classes()
    narrow = class_moments(batches_of(values, classes), noise_dim=3)[0, :-1]
    monkeypatch.setattr("wgan_resampler.gan.rows.class_moments._MAX_CELLS", 0)  # 64 rows
    wide_values = values.repeat(1, 30)  # 90 columns, more than rows
    wide = class_moments(batches_of(wide_values, classes), noise_dim=3)[0, :-1]
    assert wide.shape == (3, 90)
    torch.testing.assert_close((wide.t() @ wide)[:3, :3], narrow.t() @ narrow, rtol=0.5, atol=0.03)
    torch.testing.assert_close(wide[:, :3], wide[:, 87:], rtol=1e-3, atol=1e-4)


@pytest.mark.parametrize("share", [0.1, 0.5, 0.9])
def test_states_are_generated_about_as_often_as_they_occur(share):
    n = 2000
    classes = torch.zeros(n, dtype=torch.int64)
    states = (torch.arange(n).unsqueeze(1) < share * n).long()
    moments = class_moments(batches_of(torch.zeros(n, 0), classes, states, (2,)), noise_dim=4)
    noise = torch.randn(20_000, 4, generator=torch.Generator().manual_seed(2))
    output = noise @ moments[0, :-1] + moments[0, -1]
    assert (output.argmax(dim=1) == 1).float().mean() == pytest.approx(share, abs=0.04)


@pytest.mark.parametrize("n", [1, 2, 3])
def test_classes_of_one_value_and_of_few_rows_have_moments(n):
    values = torch.full((n + 5, 2), 1.0)
    classes = torch.tensor([0] * n + [1] * 5)
    moments = class_moments(batches_of(values, classes), noise_dim=2)
    assert moments.isfinite().all()
    assert torch.tanh(moments[:, -1]).min() > 0.98


def test_a_new_generator_gives_rows_of_about_these_moments():
    values, classes, _ = two_normal_classes()
    moments = class_moments(batches_of(values, classes), noise_dim=8)
    generator = GanGenerator(
        num_classes=2, feature_dim=3, noise_dim=8, normalization="layer", moments=moments, random_state=0
    ).eval()
    noise = torch.randn(8000, 8, generator=torch.Generator().manual_seed(3))
    with torch.no_grad():
        rows = generator(noise, one_hot(torch.arange(8000) % 2, 2))
    for c in (0, 1):
        torch.testing.assert_close(rows[c::2].mean(dim=0), values[c::2].mean(dim=0), rtol=0, atol=0.06)
        torch.testing.assert_close(rows[c::2].std(dim=0), values[c::2].std(dim=0), rtol=0.35, atol=0)


@pytest.mark.parametrize("seed", [0, 1])
@pytest.mark.parametrize(("n_rows", "n_rare", "n_levels"), [(750, 16, 200), (2000, 100, 300), (2000, 100, 400)])
def test_hundreds_of_rare_categories_do_not_end_in_a_linear_algebra_error(n_rows, n_rare, n_levels, seed):
    rng = np.random.default_rng(seed)
    X = pd.DataFrame({"x": rng.normal(size=n_rows), "level": [f"level {i}" for i in rng.integers(0, n_levels, n_rows)]})
    y = np.arange(n_rows) < n_rare
    X_resampled, _ = WGANGPOverSampler(epochs=1, device="cpu", random_state=seed).fit_resample(X, y)
    assert len(X_resampled) == 2 * (n_rows - n_rare)
    assert np.isfinite(X_resampled["x"]).all()


def test_constant_and_collinear_columns_do_not_end_in_a_linear_algebra_error():
    table = pd.read_csv(shared_file("benchmark/keel_kddcup-buffer_overflow_vs_back.csv.gz"))
    y = table.pop("target")
    X_resampled, _ = WGANGPOverSampler(epochs=1, device="cpu", random_state=0).fit_resample(table, y)
    assert len(X_resampled) == 2 * y.value_counts().max()


def test_eigenvectors_of_a_matrix_that_single_precision_cannot_decompose(monkeypatch):
    in_single_precision = torch.linalg.eigh

    def refuse_single_precision(matrix):
        if matrix.dtype == torch.float32:
            raise torch.linalg.LinAlgError("did not converge")
        return in_single_precision(matrix)

    monkeypatch.setattr(torch.linalg, "eigh", refuse_single_precision)
    values, vectors = moments._eigh(torch.diag(torch.tensor([3.0, 1.0, 2.0])))
    assert values.tolist() == [1.0, 2.0, 3.0]
    assert vectors.abs().tolist() == [[0.0, 0.0, 1.0], [1.0, 0.0, 0.0], [0.0, 1.0, 0.0]]
