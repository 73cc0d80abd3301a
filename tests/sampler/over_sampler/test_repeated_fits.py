"""Calls of fit_resample with nothing to do, and repeated calls."""

import numpy as np
import pandas as pd
import pytest
from sampler.over_sampler.quick import TEXTS, X, Y, quick
from scipy import sparse
from sklearn.base import clone
from sklearn.exceptions import NotFittedError

from wgan_resampler.exceptions import (
    InvalidDataError,
)


@pytest.mark.parametrize(
    ("table", "target", "parameters"),
    [
        (X, np.arange(30) % 2, {}),
        (pd.DataFrame(X, index=range(50, 80)), pd.Series(np.arange(30) % 2, index=range(50, 80)), {}),
        (sparse.csr_matrix(X), np.arange(30) % 2, {}),
        (X.tolist(), (np.arange(30) % 2).tolist(), {}),
        (X, Y, {"sampling_strategy": "custom", "target_samples": 4}),
        (X, Y, {"sampling_strategy": {}}),
        (X, np.where(np.arange(30) == 0, 1, 0), {"sampling_strategy": {0: 29}}),
    ],
    ids=["array", "frame", "sparse", "list", "targets below", "empty dict", "class of one row"],
)
def test_nothing_to_grow_returns_the_data_untrained(table, target, parameters):
    over = quick(**parameters)
    X_res, y_res = over.fit_resample(table, target)
    assert type(X_res) is type(table)
    assert type(y_res) is type(target)
    if isinstance(table, pd.DataFrame):
        pd.testing.assert_frame_equal(X_res, table)
        pd.testing.assert_series_equal(y_res, target)
    else:
        dense, expected = (t.toarray() if sparse.issparse(t) else np.asarray(t) for t in (X_res, table))
        assert dense.tobytes() == expected.tobytes()
        assert np.asarray(y_res).tolist() == np.asarray(target).tolist()
    assert over.n_iter_ == 0
    assert len(over.history_) == 0
    assert not hasattr(over, "generator_")
    with pytest.raises(NotFittedError, match=r"no class had to grow.*'upsample'"):
        over.sample(1)


def test_sample_before_training():
    over = quick()
    with pytest.raises(NotFittedError, match="Call fit_resample; fit only checks the data"):
        over.sample(1)
    over.fit(X, Y)
    assert dict(over.sampling_strategy_) == {0: 0, 1: 12, 2: 12}
    assert not hasattr(over, "history_")
    with pytest.raises(NotFittedError, match="fit only checks the data"):
        over.sample(1)


def test_fitting_again_forgets():
    over = quick()
    over.fit_resample(X, Y)
    over.fit_resample(X[:, :2], np.where(TEXTS == "u", "p", "q"))
    X_more, y_more = over.sample(9)
    assert X_more.shape == (9, 2)
    assert set(y_more) <= {"p", "q"}
    over.fit_resample(X, np.arange(30) % 2)
    assert not {"generator_", "critic_"} & set(vars(over))
    with pytest.raises(NotFittedError, match="no class had to grow"):
        over.sample(1)
    over.fit_resample(X, Y)
    with pytest.raises(InvalidDataError):
        over.fit_resample(X, np.zeros(30, dtype=int))
    assert not {"generator_", "critic_", "history_", "n_iter_"} & set(vars(over))
    with pytest.raises(NotFittedError, match="no trained generator yet"):
        over.sample(1)


def test_the_same_sampler_gives_the_same_rows_again():
    over = quick()
    first, again = (over.fit_resample(X, Y)[0] for _ in range(2))
    np.testing.assert_array_equal(first, again)
    np.testing.assert_array_equal(first, clone(over).fit_resample(X, Y)[0])


def test_random_states():
    def rows(random_state):
        return quick(random_state=random_state).fit_resample(X, Y)[0].tobytes()

    assert rows(1) == rows(np.int64(1))
    assert rows(np.random.RandomState(3)) == rows(np.random.RandomState(3))
    shared = np.random.RandomState(3)
    assert len({rows(1), rows(2), rows(None), rows(None), rows(shared), rows(shared)}) == 6
