"""WGANGPOverSampler from end to end, with networks too small to be good but large enough to be wrong."""

import copy
import json
import math
import pickle
import re
from collections import Counter

import numpy as np
import pandas as pd
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra import numpy as hnp
from imblearn.over_sampling import SMOTE
from scipy import sparse
from sklearn.base import clone
from sklearn.exceptions import NotFittedError

from wgan_resampler import Callback, TrainingHistory, WGANGPOverSampler, WGANResamplerError
from wgan_resampler.exceptions import (
    DeviceUnavailableError,
    InvalidDataError,
    InvalidParameterError,
    TrainingDivergedError,
)
from wgan_resampler.sampler.fitting import preparation
from wgan_resampler.sampler.fitting.preparation import AUTO_UPDATES
from wgan_resampler.utils.seeding import SAMPLE_KEY, next_seed, seed_sequence

RNG = np.random.default_rng(0)
X = RNG.normal(size=(30, 3))
Y = np.array([0, 1, 0, 2, 0, 0, 1, 0, 2, 0] * 3)
"""18 rows of class 0, 6 of class 1, 6 of class 2."""
TEXTS = np.array(["u", "v", "w"])[Y]


def quick(**parameters):
    """Return a sampler that trains for two updates on the 30 rows."""
    defaults = {"epochs": 1, "hidden_dim": 8, "noise_dim": 4, "batch_size": 16, "device": "cpu", "random_state": 0}
    return WGANGPOverSampler(**{**defaults, **parameters})


def counts(y):
    return Counter(y.tolist() if hasattr(y, "tolist") else list(y))


class Recorder(Callback):
    def __init__(self, stop_after=math.inf):
        self.hooks = []
        self.stop_after = stop_after

    def on_train_begin(self, trainer):
        self.hooks.append("train begin")

    def on_epoch_end(self, trainer):
        self.hooks.append(trainer.epoch)
        if trainer.epoch >= self.stop_after:
            trainer.stop()

    def on_train_end(self, trainer):
        self.hooks.append("train end")


# Numbers of rows


@pytest.mark.parametrize(
    ("parameters", "after"),
    [
        ({}, {0: 18, 1: 18, 2: 18}),
        ({"sampling_strategy": "equal"}, {0: 18, 1: 18, 2: 18}),
        ({"sampling_strategy": "upsample"}, {0: 27, 1: 9, 2: 9}),
        ({"sampling_strategy": "custom", "target_samples": 10}, {0: 18, 1: 10, 2: 10}),
        ({"sampling_strategy": "custom", "target_samples": 20}, {0: 20, 1: 20, 2: 20}),
        ({"sampling_strategy": "custom", "target_samples": {2: 7}}, {0: 18, 1: 6, 2: 7}),
        ({"sampling_strategy": "custom", "target_samples": {1: 30, 0: 19}}, {0: 19, 1: 30, 2: 6}),
        ({"sampling_strategy": "auto"}, {0: 18, 1: 18, 2: 18}),
        ({"sampling_strategy": "minority"}, {0: 18, 1: 18, 2: 6}),
        ({"sampling_strategy": "not minority"}, {0: 18, 1: 6, 2: 18}),
        ({"sampling_strategy": "not majority"}, {0: 18, 1: 18, 2: 18}),
        ({"sampling_strategy": "all"}, {0: 18, 1: 18, 2: 18}),
        ({"sampling_strategy": {1: 7, 2: 40}}, {0: 18, 1: 7, 2: 40}),
        ({"sampling_strategy": lambda y: {1: np.count_nonzero(y == 1) + 2}}, {0: 18, 1: 8, 2: 6}),
    ],
)
def test_counts_equal_the_strategy(parameters, after):
    over = quick(**parameters)
    X_res, y_res = over.fit_resample(X, Y)
    assert counts(y_res) == after
    assert len(X_res) == sum(after.values())
    assert {label: counts(Y)[label] + n for label, n in over.sampling_strategy_.items()}.items() <= after.items()
    # The new labels stand in the order of the classes.
    assert y_res[30:].tolist() == sorted(y_res[30:].tolist())


def test_a_float_strategy_on_two_classes():
    y = np.array([0] * 20 + [1] * 10)
    _, y_res = quick(sampling_strategy=0.75).fit_resample(X, y)
    assert counts(y_res) == {0: 20, 1: 15}


@pytest.mark.parametrize("strategy", ["auto", "minority", "not minority", "not majority", "all", {1: 8}])
def test_strategies_that_smote_knows_mean_the_same(strategy):
    over, smote = quick(sampling_strategy=strategy), SMOTE(sampling_strategy=strategy, k_neighbors=2)
    assert counts(over.fit_resample(X, Y)[1]) == counts(smote.fit_resample(X, Y)[1])
    assert dict(over.sampling_strategy_) == dict(smote.sampling_strategy_)


# Originals and dtypes

FLOATS, INTEGERS = ["f2", "f4", "f8", ">f4", "g"], ["i1", "i2", "i4", "i8", "u1", "u2", "u4", "u8"]


@pytest.mark.parametrize("dtype", [*FLOATS, *INTEGERS, "?"])
def test_arrays_of_any_dtype(dtype):
    table = (np.abs(X) * 30).astype(dtype)
    over = quick()
    X_res, _ = over.fit_resample(table, Y)
    X_more, _ = over.sample(5)
    assert X_res.dtype == X_more.dtype == np.dtype(dtype)
    assert X_res[:30].tobytes() == table.tobytes()
    for new in (X_res[30:], X_more):
        assert (new >= table.min(axis=0)).all()
        assert (new <= table.max(axis=0)).all()


def frame_of_all_dtypes():
    names = ["float16", "float32", "float64", "int8", "int16", "int32", "int64", "uint8", "uint16", "uint32", "uint64"]
    names += ["bool", "Int64", "UInt8", "Float32", "Float64", "boolean", "Sparse[float]", "Sparse[int]"]
    values = np.abs(RNG.normal(size=(30, len(names))) * 20).round()
    columns = {}
    for name, column in zip(names, values.T, strict=True):
        plain = column > 10 if name.lower().startswith("bool") else column.astype("int64")
        columns[name] = pd.Series(plain).astype(name)
    return pd.DataFrame(columns).set_index(pd.Index(range(100, 130)))


def test_a_frame_of_all_dtypes():
    frame = frame_of_all_dtypes()
    over = quick()
    X_res, y_res = over.fit_resample(frame, pd.Series(TEXTS, index=frame.index))
    X_more, _ = over.sample(7)
    pd.testing.assert_frame_equal(X_res.iloc[:30], frame.reset_index(drop=True))
    assert X_res.index.equals(pd.RangeIndex(54))
    assert y_res.index.equals(pd.RangeIndex(54))
    assert X_res.dtypes.tolist() == X_more.dtypes.tolist() == frame.dtypes.tolist()
    assert not any(X_res[name].isna().any() for name in X_res)
    for name in frame:
        new = pd.concat([X_res[name].iloc[30:], X_more[name]]).astype("float64")
        old = frame[name].astype("float64")
        assert new.between(old.min(), old.max()).all()
        if not name.lower().startswith("float") and name != "Sparse[float]":
            assert (new == new.round()).all()


def test_integers_beyond_2_to_the_53_beside_floats():
    ids = 2**53 + 1 + 2 * np.arange(30)
    frame = pd.DataFrame({"id": ids, "x": X[:, 0]})
    X_res, _ = quick().fit_resample(frame, Y)
    assert X_res["id"].iloc[:30].tolist() == ids.tolist()
    assert X_res["id"].dtype == np.int64
    assert X_res["id"].between(ids[0], ids[-1]).all()


def test_ends_of_the_range_of_int64_and_uint64():
    table = pd.DataFrame({"i": np.array([-(2**63), 2**63 - 1] * 15), "u": np.array([0, 2**64 - 1] * 15, np.uint64)})
    X_res, _ = quick().fit_resample(table, Y)
    pd.testing.assert_frame_equal(X_res.iloc[:30], table)
    assert X_res.dtypes.tolist() == table.dtypes.tolist()


@pytest.mark.parametrize("kind", [sparse.csr_array, sparse.csc_array, sparse.csr_matrix, sparse.csc_matrix])
def test_sparse_tables_equal_dense_ones(kind):
    dense = np.where(np.abs(X) > 1, X, 0.0)
    over = quick()
    X_res, y_res = over.fit_resample(kind(dense), Y)
    X_dense, y_dense = quick().fit_resample(dense, Y)
    assert type(X_res) is type(over.sample(2)[0]) is kind
    assert X_res.toarray().tobytes() == X_dense.tobytes()
    np.testing.assert_array_equal(y_res, y_dense)


def test_lists():
    over = quick()
    X_res, y_res = over.fit_resample(X.tolist(), TEXTS.tolist())
    assert X_res[:30] == X.tolist()
    assert y_res[:30] == TEXTS.tolist()
    assert type(X_res[40][0]) is float
    assert type(y_res[40]) is str
    X_more, y_more = over.sample(2)
    assert isinstance(X_more, list)
    assert isinstance(y_more, list)


@pytest.mark.parametrize("arrange", [np.asfortranarray, lambda table: np.repeat(table, 2, axis=0)[::2], np.flip])
def test_any_memory_order(arrange):
    table = arrange(X)
    X_res, _ = quick().fit_resample(table, Y)
    expected, _ = quick().fit_resample(np.array(table, order="C"), Y)
    np.testing.assert_array_equal(X_res, expected)


def read_only(array):
    array = array.copy()
    array.setflags(write=False)
    return array


@pytest.mark.parametrize(
    ("table", "target"),
    [
        (read_only(X), read_only(Y)),
        (X.tolist(), Y.tolist()),
        (pd.DataFrame(X), pd.Series(Y)),
        (sparse.csr_array(X), Y),
        (sparse.csc_array(X), pd.DataFrame({"y": TEXTS})),
    ],
    ids=["read-only arrays", "lists", "frame", "csr", "csc"],
)
@pytest.mark.parametrize("strategy", ["equal", {1: 6}], ids=["grown", "balanced"])
def test_the_callers_data_stay_as_they_are(table, target, strategy):
    if strategy != "equal" and isinstance(target, pd.DataFrame):
        strategy = {"v": 6}
    before = pickle.dumps((table, target))
    X_res, y_res = quick(sampling_strategy=strategy).fit_resample(table, target)
    for result in (X_res, y_res):
        if isinstance(result, np.ndarray):
            result[:] = 0
        elif sparse.issparse(result):
            result.data[:] = 0
        elif isinstance(result, list):
            result[0] = None
        else:
            result[:] = result.iloc[::-1].to_numpy()
    assert pickle.dumps((table, target)) == before


def test_names_of_features():
    frame = pd.DataFrame(X, columns=["a", "b", "c"])
    over = quick()
    X_res, _ = over.fit_resample(frame, Y)
    assert over.n_features_in_ == 3
    assert over.feature_names_in_.tolist() == over.get_feature_names_out().tolist() == ["a", "b", "c"]
    assert X_res.columns.tolist() == over.sample(1)[0].columns.tolist() == ["a", "b", "c"]
    over.fit_resample(X, Y)
    assert not hasattr(over, "feature_names_in_")
    assert over.get_feature_names_out().tolist() == ["x0", "x1", "x2"]


# Targets

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


# Training


@pytest.mark.parametrize(("epochs", "batch_size"), [(1, 16), (3, 16), (2, 7), (2, 30), (2, 31), (1, 1)])
def test_an_int_of_epochs_is_taken_literally(epochs, batch_size):
    over = quick(epochs=epochs, batch_size=batch_size)
    over.fit_resample(X, Y)
    assert over.n_iter_ == epochs * math.ceil(30 / batch_size)
    assert len(over.history_) == epochs
    assert over.history_.column("epoch") == list(range(1, epochs + 1))


def test_the_automatic_budget_may_end_inside_an_epoch(monkeypatch):
    monkeypatch.setattr(preparation, "AUTO_UPDATES", 7)
    over = quick(epochs="auto", batch_size=6)  # 5 updates an epoch
    over.fit_resample(X, Y)
    assert over.n_iter_ == 7
    assert over.history_.column("n_updates") == [5, 7]


@pytest.mark.parametrize("n_rows", [300, 3000])
def test_the_automatic_budget_does_not_follow_the_number_of_rows(n_rows):
    table, target = RNG.normal(size=(n_rows, 2)), np.arange(n_rows) % 3 // 2
    over = quick(epochs="auto", hidden_dim=4, num_layers=1, n_critic=1, batch_size=64)
    over.fit_resample(table, target)
    assert over.n_iter_ == AUTO_UPDATES == 900
    assert len(over.history_) == math.ceil(900 / math.ceil(n_rows / 64))


def test_real_rows_are_a_source_of_new_ones_and_never_copied():
    rng = np.random.default_rng(3)
    angle = rng.uniform(0, 2 * np.pi, 240)
    y = (np.arange(240) < 60).astype(int)
    ring = np.column_stack([np.cos(angle), np.sin(angle)]) * np.where(y, 1.0, 3.0)[:, None]
    off = {}
    for share in (0.0, 1.0):
        # Hardly trained, the generator knows mean and covariance: it fills the ring in, while real rows lie on it.
        over = quick(neighbor_share=share, borrowed_rows=1.0, epochs=1, moment_start=True)
        new = over.fit_resample(ring, y)[0][240:]
        off[share] = np.median(np.abs(np.linalg.norm(new, axis=1) - 1.0))
        assert not {row.tobytes() for row in new} & {row.tobytes() for row in ring}
        drawn = over.sample(200, label=1, random_state=0)[0]
        assert np.median(np.abs(np.linalg.norm(drawn, axis=1) - 1.0)) > 0.15  # from the generator in either case
    assert off[1.0] < 0.1 < off[0.0]


def test_rows_as_they_are_are_no_source():
    off = [quick(neighbor_share=share, borrowed_rows=0.0).fit_resample(X, Y)[0] for share in (0.0, 1.0)]
    np.testing.assert_array_equal(*off)


def test_numpy_numbers_are_numbers():
    over = quick(
        epochs=np.int64(2), batch_size=np.int32(16), hidden_dim=np.int64(8), noise_dim=np.int16(4), n_critic=np.int64(1)
    ).set_params(num_layers=np.int64(1), lambda_gp=np.float32(5), learning_rate=np.float64(1e-3), dropout=np.float32(0))
    over.fit_resample(X, Y)
    assert over.n_iter_ == 4


@pytest.mark.parametrize(
    "parameters",
    [
        {"dropout": 0.5},
        {"normalization": "batch"},
        {"normalization": "batch", "dropout": 0.3, "batch_size": 1},
        {"normalization": "layer", "skip_connections": True},
        {"average_decay": 0.0},
        {"n_critic": 1, "lambda_gp": 0},
        {"num_layers": 4},
    ],
    ids=str,
)
def test_every_setting_trains(parameters):
    X_res, _ = quick(**parameters).fit_resample(X, Y)
    again, _ = quick(**parameters).fit_resample(X, Y)
    default, _ = quick().fit_resample(X, Y)
    assert np.isfinite(X_res).all()
    np.testing.assert_array_equal(X_res, again)
    assert not np.array_equal(X_res, default)


def test_the_networks_are_as_the_parameters_say():
    over = quick(noise_dim=5, hidden_dim=6, num_layers=3, dropout=0.25, normalization="batch", skip_connections=False)
    over.fit_resample(X, Y)
    generator, critic = over.generator_, over.critic_
    assert (generator.noise_dim, generator.hidden_dim, generator.num_layers) == (5, 6, 3)
    assert (generator.num_classes, generator.feature_dim) == (critic.num_classes, critic.feature_dim) == (3, 3)
    assert (generator.dropout.p, generator.normalization, generator.skip_connections) == (0.25, "batch", False)
    assert (critic.hidden_dim, critic.num_layers) == (6, 3)
    assert not generator.training
    assert not critic.training


def test_history_is_the_json_that_it_says():
    over = quick(epochs=2)
    over.fit_resample(X, Y)
    assert isinstance(over.history_, TrainingHistory)
    assert TrainingHistory.from_json(over.history_.to_json()) == over.history_
    assert set(json.loads(over.history_.to_json())[0]) == {
        "epoch",
        "n_updates",
        "critic_loss",
        "generator_loss",
        "gradient_penalty",
        "wasserstein_estimate",
        "real_score",
        "fake_score",
        "seconds",
    }


def test_callbacks_are_the_callers_objects_and_may_stop():
    recorder = Recorder(stop_after=2)
    over = quick(epochs=9, callbacks=[recorder])
    over.fit_resample(X, Y)
    assert over.callbacks[0] is recorder
    assert recorder.hooks == ["train begin", 1, 2, "train end"]
    assert len(over.history_) == 2
    assert over.n_iter_ == 4


def test_callbacks_do_not_change_the_rows():
    expected = quick(epochs=2).fit_resample(X, Y)[0]
    np.testing.assert_array_equal(quick(epochs=2, callbacks=(Recorder(),)).fit_resample(X, Y)[0], expected)


@pytest.mark.parametrize(("verbose", "shown"), [(0, False), (False, False), (1, True), (True, True)])
def test_verbose_shows_a_bar(verbose, shown, capfd):
    quick(epochs=2, verbose=verbose).fit_resample(X, Y)
    out, err = capfd.readouterr()
    assert out == ""
    assert ("4/4" in err and "critic_loss=" in err) if shown else err == ""


def test_parameters_stay_as_they_were_given():
    parameters = {
        "sampling_strategy": {1: 8},
        "callbacks": [Recorder()],
        "random_state": np.random.RandomState(0),
        "epochs": np.int64(1),
    }
    over = quick(**parameters)
    before = dict(over.get_params())
    over.fit_resample(X, Y)
    over.sample(2)
    assert all(over.get_params()[name] is value for name, value in before.items())
    assert over.sampling_strategy == {1: 8}


def test_set_params_takes_effect():
    over = quick().set_params(sampling_strategy="custom", target_samples=20, epochs=2)
    _, y_res = over.fit_resample(X, Y)
    assert counts(y_res) == {0: 20, 1: 20, 2: 20}
    assert len(over.history_) == 2


# Nothing to do, and doing it again


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
        pd.testing.assert_frame_equal(X_res, table.reset_index(drop=True))
        pd.testing.assert_series_equal(y_res, target.reset_index(drop=True))
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
    with pytest.raises(NotFittedError, match="Call fit_resample before sample"):
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


# Drawing more rows


@pytest.fixture(scope="module")
def fitted():
    over = quick(epochs=3)
    over.fit_resample(X, TEXTS)
    return over


def test_sample_of_one_class(fitted):
    X_more, y_more = fitted.sample(5, label="v")
    assert X_more.shape == (5, 3)
    assert y_more.tolist() == ["v"] * 5


def test_sample_of_a_dict_keeps_its_order(fitted):
    X_more, y_more = fitted.sample({"w": 2, "u": 3, "v": 0})
    assert X_more.shape == (5, 3)
    assert y_more.tolist() == ["w", "w", "u", "u", "u"]


def test_sample_by_frequency(fitted):
    shares = counts(fitted.sample(6000, random_state=0)[1])
    # Shares of .6, .2, .2; four standard deviations are 152 and 124.
    assert shares["u"] == pytest.approx(3600, abs=152)
    assert shares["v"] == pytest.approx(1200, abs=124)
    assert shares["w"] == pytest.approx(1200, abs=124)


@pytest.mark.parametrize("how_many", [0, {}, {"u": 0}])
def test_sample_of_no_rows(fitted, how_many):
    X_more, y_more = fitted.sample(how_many)
    assert X_more.shape == (0, 3)
    assert y_more.shape == (0,)


def test_repeated_calls_give_new_rows_and_a_seed_the_same(fitted):
    first, second = (fitted.sample(4, label="u")[0] for _ in range(2))
    assert not set(first.ravel()) & set(second.ravel())
    seeded, again = (fitted.sample(4, random_state=7) for _ in range(2))
    np.testing.assert_array_equal(seeded[0], again[0])
    np.testing.assert_array_equal(seeded[1], again[1])
    other = fitted.sample(4, random_state=8)[0]
    assert not set(seeded[0].ravel()) & set(other.ravel())
    by_state = fitted.sample(4, random_state=np.random.RandomState(7))[0]
    np.testing.assert_array_equal(by_state, fitted.sample(4, random_state=np.random.RandomState(7))[0])


def test_calls_with_a_seed_do_not_move_those_without():
    over, same = quick(), quick()
    over.fit_resample(X, Y)
    same.fit_resample(X, Y)
    over.sample(3, random_state=1)
    np.testing.assert_array_equal(over.sample(3)[0], same.sample(3)[0])


def test_sample_does_not_repeat_the_rows_of_fit_resample():
    over = quick()
    X_res, _ = over.fit_resample(X, Y)
    assert not set(over.sample(24)[0].ravel()) & set(X_res[30:].ravel())


def test_sample_changes_no_parameter_or_buffer():
    over = quick(normalization="batch", dropout=0.5)
    over.fit_resample(X, Y)
    before = copy.deepcopy(over.generator_.state_dict())
    over.sample(50)
    assert all(torch.equal(tensor, over.generator_.state_dict()[name]) for name, tensor in before.items())


@pytest.mark.parametrize(
    ("arguments", "keywords", "error", "fragment"),
    [
        ((5,), {"label": "z"}, InvalidParameterError, "Class 'z' was not in .* Known classes: 'u', 'v', 'w'"),
        (({"u": 1, "z": 2},), {}, InvalidParameterError, "Class 'z' was not in the training data"),
        ((-1,), {}, InvalidParameterError, "whole number of at least 0; got -1"),
        ((1.5,), {}, InvalidParameterError, "whole number of at least 0; got 1.5"),
        ((True,), {}, InvalidParameterError, "whole number of at least 0; got True"),
        (("5",), {"label": "u"}, InvalidParameterError, "whole number of at least 0; got '5'"),
        (({"u": -2},), {}, InvalidParameterError, "whole number of at least 0; got -2"),
        (({"u": 2},), {"label": "u"}, InvalidParameterError, "label='u' is not used when n_samples is a dict"),
        ((2,), {"random_state": -1}, ValueError, r"'random_state' parameter of WGANGPOverSampler.sample must be"),
        ((2,), {"random_state": "7"}, ValueError, r"'random_state' parameter of WGANGPOverSampler.sample must be"),
        ((2, "u", 7), {}, TypeError, "positional"),
    ],
)
def test_refused_samples(fitted, arguments, keywords, error, fragment):
    with pytest.raises(error, match=fragment):
        fitted.sample(*arguments, **keywords)


# Small, odd and large


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
            # The classes lie 20 standard deviations apart; a straggler may reach into the empty middle.
            assert ((rows > 10) == label).all(axis=1).mean() >= 0.97
            np.testing.assert_allclose(rows.mean(axis=0), means[label], atol=1.0)
            # Of a class far away from all others, some columns come out too narrow; a lost mode would be far narrower.
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


# Refusals


def with_cell(value):
    table = X.copy()
    table[4, 1] = value
    return table


@pytest.mark.parametrize(
    ("table", "target", "parameters", "error", "fragment"),
    [
        (X, [0] * 30, {}, InvalidDataError, "more than 1 class; got 1 class"),
        (with_cell(np.nan), Y, {"missing_values": "error"}, InvalidDataError, "contains NaN.* row 4.*SimpleImputer"),
        (with_cell(np.inf), Y, {}, InvalidDataError, "contains infinity.* row 4"),
        (X.astype(str), Y, {}, InvalidDataError, "categorical_features"),
        (pd.DataFrame({"t": TEXTS}), Y, {"categorical_features": []}, InvalidDataError, "'t' .*categorical_features"),
        (X, Y, {"categorical_features": [7]}, InvalidParameterError, "7.*3 columns"),
        (X, Y, {"missing_values": "impute"}, ValueError, "'missing_values' parameter .* Got 'impute'"),
        (X, Y, {"boundary_focus": -1}, ValueError, "'boundary_focus' parameter .* Got -1"),
        (X, Y, {"moment_start": "yes"}, ValueError, "'moment_start' parameter .* Got 'yes'"),
        (X, Y, {"rejection_rate": 1.0}, ValueError, "'rejection_rate' parameter .* Got 1.0"),
        (X + 1j, Y, {}, InvalidDataError, "Complex data not supported"),
        (X[:, 0], Y, {}, InvalidDataError, "Expected 2D array, got 1D array"),
        (X[:, :, None], Y, {}, InvalidDataError, "dim 3"),
        (X[:, :0], Y, {}, InvalidDataError, "0 feature"),
        (X[:0], Y[:0], {}, InvalidDataError, "0 sample"),
        (X, Y[:-1], {}, InvalidDataError, r"inconsistent numbers of samples: \[30, 29\]"),
        (X, np.where(Y == 1, np.nan, Y), {}, InvalidDataError, "y contains NaN: 6 label"),
        (X, X[:, 0], {}, InvalidDataError, "Unknown label type: continuous"),
        (X, np.ones((30, 2)), {}, InvalidDataError, "Multilabel"),
        (X, Y, {"sampling_strategy": {9: 40}}, InvalidParameterError, "names the class 9.*Known classes: 0, 1, 2"),
        (X, Y, {"sampling_strategy": {0: 17}}, InvalidParameterError, "asks for 17 rows of class 0, which has 18"),
        (X, Y, {"sampling_strategy": "custom"}, InvalidParameterError, "needs target_samples"),
        (X, Y, {"target_samples": 40}, InvalidParameterError, "target_samples=40 is only used with"),
        (
            X,
            Y,
            {"sampling_strategy": "custom", "target_samples": {1: 5}},
            InvalidParameterError,
            "asks for 5 rows of class 1, which has 6",
        ),
        (X, Y, {"sampling_strategy": 0.5}, InvalidParameterError, "only when the type of target is binary"),
        (X, Y, {"sampling_strategy": "majority"}, ValueError, "'sampling_strategy' parameter .* Got 'majority'"),
        (X, Y, {"sampling_strategy": 1.5}, ValueError, "'sampling_strategy' parameter .* Got 1.5"),
        (X, Y, {"device": "tpu"}, InvalidParameterError, "must be 'auto', 'cpu', 'cuda' or 'cuda:N'; got 'tpu'"),
        (X, Y, {"device": "cuda:99"}, DeviceUnavailableError, "device='cuda:99' was asked for.*device='cpu'"),
        (X, Y, {"learning_rate": 1e30, "epochs": 30}, TrainingDivergedError, "epoch 1 .*smaller learning_rate"),
        (X, Y, {"learning_rate": 0.0}, ValueError, "'learning_rate' parameter .* Got 0.0"),
        (X, Y, {"learning_rate": math.nan}, ValueError, "'learning_rate' parameter .* Got nan"),
        (X, Y, {"lambda_gp": -1.0}, ValueError, "'lambda_gp' parameter .* Got -1.0"),
        (X, Y, {"hidden_dim": 0}, ValueError, "'hidden_dim' parameter .* Got 0"),
        (X, Y, {"noise_dim": -4}, ValueError, "'noise_dim' parameter .* Got -4"),
        (X, Y, {"num_layers": 0}, ValueError, "'num_layers' parameter .* Got 0"),
        (X, Y, {"n_critic": 0}, ValueError, "'n_critic' parameter .* Got 0"),
        (X, Y, {"batch_size": 0}, ValueError, "'batch_size' parameter .* Got 0"),
        (X, Y, {"epochs": 0}, ValueError, "'epochs' parameter .* Got 0"),
        (X, Y, {"epochs": "many"}, ValueError, "'epochs' parameter .* Got 'many'"),
        (X, Y, {"dropout": 1.0}, ValueError, "'dropout' parameter .* Got 1.0"),
        (X, Y, {"average_decay": 1.0}, ValueError, "'average_decay' parameter .* Got 1.0"),
        (X, Y, {"normalization": "group"}, ValueError, "'normalization' parameter .* Got 'group'"),
        (X, Y, {"target_samples": 0}, ValueError, "'target_samples' parameter .* Got 0"),
    ],
)
def test_refusals(table, target, parameters, error, fragment):
    over = quick(**parameters)
    with pytest.raises(error, match=f"(?s){fragment}") as caught:
        over.fit_resample(table, target)
    assert error is ValueError or isinstance(caught.value, WGANResamplerError)
    with pytest.raises(NotFittedError, match="no trained generator yet"):
        over.sample(1)


@pytest.mark.skipif(torch.cuda.is_available(), reason="there is a CUDA device")
def test_cuda_where_there_is_none():
    with pytest.raises(DeviceUnavailableError, match=re.escape("sees 0 CUDA device(s)")):
        quick(device="cuda").fit_resample(X, Y)
    with pytest.raises(DeviceUnavailableError, match="device='cuda'"):
        quick(device="cuda").fit(X, Y)
    X_auto, _ = quick(device="auto").fit_resample(X, Y)
    np.testing.assert_array_equal(X_auto, quick().fit_resample(X, Y)[0])


@pytest.mark.parametrize(("table", "target"), [(with_cell(np.inf), Y), (X, Y[:-1]), (X, [0] * 30)])
def test_fit_refuses_what_fit_resample_refuses(table, target):
    with pytest.raises(InvalidDataError):
        quick().fit(table, target)


def test_an_error_in_a_callback_reaches_the_caller():
    class Fails(Callback):
        def on_epoch_end(self, trainer):
            raise KeyError("from the hook")

    over = quick(callbacks=[Fails()])
    with pytest.raises(KeyError, match="from the hook"):
        over.fit_resample(X, Y)
    with pytest.raises(NotFittedError):
        over.sample(1)


# Properties


@st.composite
def tables(draw):
    dtype = draw(st.sampled_from(["f4", "f8", "i1", "i4", "i8", "u8", "?"]))
    shape = draw(st.integers(5, 14)), draw(st.integers(1, 3))
    elements = {"allow_nan": False, "allow_infinity": False} if dtype[0] == "f" else None
    table = draw(hnp.arrays(dtype, shape, elements=elements))
    y = draw(st.permutations([0, 0, 1, 1, *([2, 2] if shape[0] > 6 else []), *[0] * (shape[0] - 6)][: shape[0]]))
    y = [*y, *[0] * (shape[0] - len(y))]
    return table, np.array(y)


@pytest.mark.filterwarnings("ignore::wgan_resampler.exceptions.ThinClassWarning")
@settings(max_examples=60, deadline=None)
@given(tables(), st.sampled_from(["equal", "upsample", "all"]), st.integers(0, 2**32 - 1))
def test_any_numeric_table(data, strategy, seed):
    table, y = data
    over = quick(sampling_strategy=strategy, hidden_dim=4, num_layers=1, random_state=seed)
    X_res, y_res = over.fit_resample(table, y)
    grown = {label: n + over.sampling_strategy_[label] for label, n in counts(y).items()}
    assert counts(y_res) == grown
    target = max(counts(y).values())
    assert grown == {label: n + n // 2 if strategy == "upsample" else target for label, n in counts(y).items()}
    assert X_res.dtype == table.dtype
    assert X_res[: len(y)].tobytes() == table.tobytes()
    assert y_res[: len(y)].tolist() == y.tolist()
    assert (X_res.min(axis=0) == table.min(axis=0)).all()
    assert (X_res.max(axis=0) == table.max(axis=0)).all()


@pytest.mark.filterwarnings("ignore::wgan_resampler.exceptions.ThinClassWarning")
@settings(max_examples=25, deadline=None)
@given(tables(), st.sampled_from([np.asfortranarray, pd.DataFrame, sparse.csr_array, sparse.csc_array]))
def test_any_container_gives_the_same(data, container):
    table, y = data
    # Booleans of a frame are categories by default, those of an array are not.
    over, in_container = (quick(hidden_dim=4, num_layers=1, categorical_features=[]) for _ in range(2))
    expected, y_expected = over.fit_resample(table, y)
    X_res, y_res = in_container.fit_resample(container(table), y)
    dense = X_res.toarray() if sparse.issparse(X_res) else np.asarray(X_res)
    np.testing.assert_array_equal(dense, expected)
    np.testing.assert_array_equal(y_res, y_expected)


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


@pytest.mark.parametrize(("n_classes", "size"), [(2, 64), (3, 96), (10, 256)])
def test_the_automatic_batch_grows_with_the_classes(n_classes, size):
    n_rows = 40 * n_classes
    y = np.arange(n_rows) % n_classes
    table = np.random.default_rng(0).normal(size=(n_rows, 2))
    over = WGANGPOverSampler(sampling_strategy="upsample", epochs=1, hidden_dim=4, random_state=0, device="cpu")
    over.fit_resample(table, y)
    assert over.n_iter_ == math.ceil(n_rows / size)


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


def test_bug_an_array_as_label_gave_an_obscure_error():
    over = quick()
    over.fit_resample(X, Y)
    with pytest.raises(InvalidParameterError, match="was not in the training data"):
        over.sample(2, label=np.array([0, 1]))


def test_bug_a_callback_that_stopped_at_once_left_rows_of_an_untrained_generator():
    class Stop(Callback):
        def on_train_begin(self, trainer):
            trainer.stop()

    with pytest.raises(InvalidParameterError, match="before the first update"):
        quick().set_params(callbacks=[Stop()]).fit_resample(X, Y)


def test_bug_sampling_with_the_samplers_seed_repeated_the_seeds_of_its_weights():
    of_fit, of_sample = seed_sequence(0), seed_sequence(0, SAMPLE_KEY)
    assert not {next_seed(of_fit) for _ in range(50)} & {next_seed(of_sample) for _ in range(50)}
