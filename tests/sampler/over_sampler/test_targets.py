"""Targets of all containers and dtypes come back in the same container and dtype."""

import math
import pickle
from collections import Counter

import numpy as np
import pandas as pd
import pytest
from sampler.over_sampler.quick import TEXTS, X, Y, counts, quick

from wgan_resampler.exceptions import (
    InvalidParameterError,
)

ONE_HOT = np.eye(3, dtype=np.int64)[Y]
TARGETS = {
    "str": TEXTS,
    "objects": TEXTS.astype(object),
    "numbers as objects": Y.astype(object),
    "negative int": Y.astype(np.int8) - 5,
    "uint64": Y.astype(np.uint64) + 2**63,
    "whole floats": Y.astype(np.float32),
    "bool": Y > 0,
    "list of int": Y.tolist(),
    "list of str": TEXTS.tolist(),
    "list of bool": (Y > 0).tolist(),
    "series of str": pd.Series(TEXTS, name="kind"),
    "series of categories": pd.Series(TEXTS, name="kind", dtype="category"),
    "nullable series": pd.Series(Y, name="kind", dtype="Int64"),
    "nullable bool": pd.Series(Y > 0, name="kind", dtype="boolean"),
    "series of bool": pd.Series(Y > 0),
    "frame of one column": pd.DataFrame({"kind": TEXTS}),
    "frame of categories": pd.DataFrame({"kind": pd.Categorical(TEXTS)}),
    "one-hot array": ONE_HOT,
    "one-hot floats": ONE_HOT.astype(np.float32),
    "one-hot list": ONE_HOT.tolist(),
    "one-hot frame": pd.DataFrame(ONE_HOT, columns=["u", "v", "w"]),
}


@pytest.mark.parametrize("target", TARGETS.values(), ids=TARGETS)
def test_targets_come_back_in_kind(target):
    over = quick(sampling_strategy="upsample")
    _, y_res = over.fit_resample(X, target)
    _, y_more = over.sample(4)
    for y in (y_res, y_more):
        assert type(y) is type(target)
        if isinstance(target, pd.DataFrame):
            assert y.dtypes.equals(target.dtypes)
        elif isinstance(target, list):
            assert type(y[-1]) is type(target[0])
        else:
            assert y.dtype == target.dtype
            assert getattr(y, "name", None) == getattr(target, "name", None)
    assert len(y_more) == 4
    flat, before = (pickle.dumps(np.asarray(y, dtype=object)[:30].tolist()) for y in (y_res, target))
    assert flat == before
    keys, keys_before = ([str(row) for row in np.asarray(y).tolist()] for y in (y_res, target))
    assert Counter(keys) == {key: math.floor(1.5 * n) for key, n in Counter(keys_before).items()}


@pytest.mark.parametrize("target", [Y[:, None], Y[:, None].tolist()], ids=["array", "list"])
def test_a_column_vector_comes_back_flat(target):
    _, y_res = quick().fit_resample(X, target)
    assert list(y_res[:30]) == Y.tolist()
    assert counts(y_res) == {0: 18, 1: 18, 2: 18}


def test_rows_do_not_depend_on_the_type_of_labels():
    expected = quick().fit_resample(X, Y)[0].tobytes()
    for target in (TEXTS, ONE_HOT, pd.Series(TEXTS, dtype="category"), Y - 7, Y[:, None]):
        assert quick().fit_resample(X, target)[0].tobytes() == expected


PAIRS = {
    "moments of a zone": pd.date_range("2024-01-01", periods=2, tz="Europe/Rome"),
    "periods": pd.period_range("2024-01", periods=2, freq="M"),
    "intervals": pd.interval_range(0, 2),
    "bytes": pd.Index([b"a", b"b"]),
    "null characters": pd.Index(["a", "a\0"]),
}


@pytest.mark.parametrize("pair", PAIRS.values(), ids=PAIRS)
@pytest.mark.parametrize("make", [list, pd.Series, lambda labels: np.array(labels, dtype=object)])
def test_bug_labels_of_other_types_could_not_be_used(tmp_path, pair, make):
    target = make(pair[np.minimum(Y, 1)])
    over = quick(sampling_strategy={pair[1]: 15})
    y_res = over.fit_resample(X, target)[1]
    assert list(y_res) == [*target, *[pair[1]] * 3]
    assert list(over.sample(2, label=pair[0])[1]) == [pair[0]] * 2
    over.save(tmp_path / "sampler.pth")
    assert list(type(over).load(tmp_path / "sampler.pth").sample({pair[1]: 1})[1]) == [pair[1]]


def test_bug_dates_as_labels_could_not_be_sampled():
    days = pd.to_datetime(["2020-01-01"] * 20 + ["2020-01-02"] * 10)
    over = quick()
    over.fit_resample(X[:30], pd.Series(days))
    grown = (
        quick().set_params(sampling_strategy={pd.Timestamp("2020-01-02"): 15}).fit_resample(X[:30], pd.Series(days))[1]
    )
    assert Counter(grown)[pd.Timestamp("2020-01-02")] == 15
    with pytest.raises(InvalidParameterError, match="2020-01-01"):
        over.sample(2, label="Monday")
    drawn = over.sample(2, label=pd.Timestamp("2020-01-02"))[1]
    assert drawn.tolist() == [pd.Timestamp("2020-01-02")] * 2
