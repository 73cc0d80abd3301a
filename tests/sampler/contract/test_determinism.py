"""The same int gives the same bits, independent of the caller's random states and settings."""

import contextlib
import hashlib
import os
import subprocess
import sys
import warnings
from functools import cache

import numpy as np
import pandas as pd
import pytest
import sklearn
import torch
from joblib import Parallel, delayed
from scipy import sparse

from wgan_resampler import Callback, WGANGPOverSampler
from wgan_resampler.exceptions import TrainingDivergedError

# Code for a new process. The table is wide enough that torch would use several threads.
PROGRAM = """
import hashlib
import numpy as np
from wgan_resampler import WGANGPOverSampler

def make_data():
    rng = np.random.default_rng(0)
    X = rng.normal(size=(90, 7)).round(3)
    X[np.abs(X) < 0.3] = 0.0
    return X, np.arange(90) % 5 // 3

def rows():
    sampler = WGANGPOverSampler(
        random_state=3, epochs=2, hidden_dim=160, batch_size=256, dropout=0.1, device="cpu"
    )
    X_resampled, _ = sampler.fit_resample(*make_data())
    X_more, y_more = sampler.sample(400)
    return X_resampled, X_more, y_more

def digest():
    return hashlib.sha256(b"".join(part.tobytes() for part in rows())).hexdigest()
"""
exec(PROGRAM)  # noqa: S102 - the very text that the fresh process runs
X, Y = make_data()  # noqa: F821


def quick(**parameters):
    defaults = {"epochs": 2, "hidden_dim": 8, "noise_dim": 4, "device": "cpu", "random_state": 0}
    return WGANGPOverSampler(**{**defaults, **parameters})


def generated(**parameters):
    over = quick(**parameters)
    return over.fit_resample(X, Y)[0].tobytes() + over.sample(9)[0].tobytes()


@cache
def rows_of_arrays():
    plain = quick()
    return [*plain.fit_resample(X, Y), *(plain.sample(5)[0] for _ in range(2))]


@pytest.mark.parametrize(
    "container",
    [np.ndarray.tolist, np.asfortranarray, pd.DataFrame, sparse.csr_array, sparse.csc_matrix, sparse.coo_array],
)
@pytest.mark.parametrize("target", [np.array, np.ndarray.tolist, pd.Series])
def test_the_container_does_not_matter(container, target):
    def as_bytes(table):
        return (table.toarray() if sparse.issparse(table) else np.asarray(table)).tobytes()

    over = quick()
    found = [*over.fit_resample(container(X), target(Y)), *(over.sample(5)[0] for _ in range(2))]
    assert [as_bytes(part) for part in found] == [as_bytes(part) for part in rows_of_arrays()]


def test_integers_in_any_container():
    table = np.arange(630).reshape(90, 7) % 13
    expected = quick().fit_resample(table, Y)[0]
    for container in (np.ndarray.tolist, pd.DataFrame, lambda t: pd.DataFrame(t, dtype="Int64"), sparse.csc_array):
        found = quick().fit_resample(container(table), Y)[0]
        found = found.toarray() if sparse.issparse(found) else np.asarray(found, dtype=np.int64)
        np.testing.assert_array_equal(found, expected)


def test_twice_in_a_process():
    assert generated(dropout=0.2, normalization="batch") == generated(dropout=0.2, normalization="batch")
    assert generated(random_state=1) != generated(random_state=2)


@pytest.fixture(scope="module")
def reference():
    return digest()  # noqa: F821


@pytest.mark.full_training
def test_the_program_notices_another_seed(reference):
    namespace = {}
    exec(PROGRAM.replace("random_state=3", "random_state=4"), namespace)  # noqa: S102
    assert namespace["digest"]() != reference


@pytest.mark.full_training
def test_a_fresh_process(reference):
    settings = {"OMP_NUM_THREADS": "2", "MKL_NUM_THREADS": "2", "PYTHONHASHSEED": "2"}
    code = PROGRAM + "print(digest())"
    done = subprocess.run(
        [sys.executable, "-W", "error", "-c", code], env={**os.environ, **settings}, capture_output=True, text=True
    )
    assert done.stdout.strip() == reference, done.stderr


def digest_in_worker(n_threads):
    # A worker that was used before may have loaded this module. It runs the text again.
    torch.set_num_threads(n_threads)
    namespace = {}
    exec(PROGRAM, namespace)  # noqa: S102
    return namespace["digest"](), os.getpid(), torch.get_num_threads()


@pytest.mark.full_training
def test_workers_of_joblib(reference):
    results = Parallel(n_jobs=2)(delayed(digest_in_worker)(n) for n in (1, 2, 1))
    assert {found for found, _, _ in results} == {reference}
    assert os.getpid() not in {pid for _, pid, _ in results}
    assert [n for _, _, n in results] == [1, 2, 1]


@pytest.mark.full_training
def test_threads_of_one_process(reference):
    with threads(2):
        results = Parallel(n_jobs=2, backend="threading")(delayed(digest)() for _ in range(4))  # noqa: F821
        assert set(results) == {reference}
        assert torch.get_num_threads() == 2
        # bug: a thread started afterwards saw 1
        (later,) = Parallel(n_jobs=2, backend="threading")(delayed(torch.get_num_threads)() for _ in range(1))
        assert later == 2


@contextlib.contextmanager
def threads(n):
    before = torch.get_num_threads()
    torch.set_num_threads(n)
    try:
        yield
    finally:
        torch.set_num_threads(before)


@contextlib.contextmanager
def default_dtype(dtype):
    before = torch.get_default_dtype()
    torch.set_default_dtype(dtype)
    try:
        yield
    finally:
        torch.set_default_dtype(before)


@contextlib.contextmanager
def global_seeds(seed):
    states = np.random.get_state(), torch.get_rng_state()
    np.random.seed(seed)
    torch.manual_seed(seed)
    try:
        yield
    finally:
        np.random.set_state(states[0])
        torch.set_rng_state(states[1])


SURROUNDINGS = {
    "one thread": lambda: threads(1),
    "two threads": lambda: threads(2),
    "float64 by default": lambda: default_dtype(torch.float64),
    "float16 by default": lambda: default_dtype(torch.float16),
    "global seed 1": lambda: global_seeds(1),
    "global seed 2": lambda: global_seeds(2),
    "no_grad": torch.no_grad,
    "enable_grad": torch.enable_grad,
    "inference_mode": torch.inference_mode,
    "autocast": lambda: torch.autocast("cpu", dtype=torch.bfloat16),
    "another default device": lambda: torch.device("meta"),
    "floating-point errors raise": lambda: np.errstate(all="raise"),
    "floating-point errors warn": lambda: np.errstate(all="warn"),
    "scikit-learn's output in frames": lambda: sklearn.config_context(transform_output="pandas"),
}


generated_before = cache(generated)


WAYS = {
    "small": {},
    "large enough for several threads": {"hidden_dim": 160, "batch_size": 256, "dropout": 0.1},
    "batch normalization": {"normalization": "batch", "dropout": 0.2},
    "layer normalization": {"normalization": "layer"},
}


@pytest.mark.parametrize("parameters", WAYS.values(), ids=WAYS)
@pytest.mark.parametrize("surrounding", SURROUNDINGS.values(), ids=SURROUNDINGS)
def test_every_way_of_training_is_independent_of_settings(parameters, surrounding):
    expected = generated_before(**parameters)
    with surrounding():
        assert generated(**parameters) == expected


WIDE = np.column_stack([np.geomspace(1e-320, 1e300, 90), np.geomspace(1e-320, 1e-300, 90), X[:, 0].astype(np.float32)])
"""Sums and products of these numbers are rounded to zero."""


@pytest.mark.parametrize("reaction", ["raise", "call"])
def test_bug_numpys_reaction_to_floating_point_errors_had_an_influence(reaction, tmp_path):
    def use():
        over = quick(epochs=3)
        found = [*over.fit_resample(WIDE, Y), over.sample(5)[0]]
        over.save(tmp_path / "sampler.pth")
        return [*found, WGANGPOverSampler.load(tmp_path / "sampler.pth").sample(5)[0]]

    expected = use()
    with np.errstate(all=reaction, call=lambda *_: pytest.fail("the caller's function was called")):
        before = np.geterr()
        found = use()
        assert np.geterr() == before
    assert [part.tobytes() for part in found] == [part.tobytes() for part in expected]


@pytest.mark.parametrize(("option", "value"), [("future.infer_string", False), ("mode.copy_on_write", True)])
def test_options_of_pandas_have_no_influence(option, value):
    table = pd.DataFrame(X[:, :2]).assign(color=np.array(["red", "blue", "green"])[Y % 2 + (X[:, 2] > 0)])
    table = table.rename(columns=str)
    expected = quick().fit_resample(table, Y)[0]
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # newer pandas deprecate options
        context = pd.option_context(option, value)
        with context:
            found = quick().fit_resample(table, Y)[0]
    pd.testing.assert_frame_equal(found, expected)


def test_a_sampler_trained_under_other_settings_samples_the_same():
    over = quick()
    with torch.inference_mode(), default_dtype(torch.float64):
        over.fit_resample(X, Y)
    plain = quick()
    plain.fit_resample(X, Y)
    np.testing.assert_array_equal(over.sample(9)[0], plain.sample(9)[0])


def global_state():
    name, keys, *rest = np.random.get_state()
    return (
        name,
        hashlib.sha256(keys.tobytes()).hexdigest(),
        rest,
        hashlib.sha256(torch.get_rng_state().numpy().tobytes()).hexdigest(),
        torch.get_num_threads(),
        torch.get_default_dtype(),
        torch.is_grad_enabled(),
        torch.is_inference_mode_enabled(),
        torch.is_autocast_enabled("cpu"),
        torch.are_deterministic_algorithms_enabled(),
        np.geterr(),
    )


class Fails(Callback):
    def on_epoch_end(self, trainer):
        raise KeyError("from the hook")


@pytest.mark.parametrize("n_threads", [1, 2])
@pytest.mark.parametrize("random_state", [0, None])
def test_global_state_is_untouched(n_threads, random_state):
    with threads(n_threads), default_dtype(torch.float64):
        before = global_state()
        over = quick(random_state=random_state, dropout=0.2)
        over.fit_resample(X, Y)
        over.sample(5)
        over.sample(5, random_state=1)
        assert global_state() == before


@pytest.mark.parametrize(
    ("parameters", "error"),
    [({"learning_rate": 1e30, "epochs": 40}, TrainingDivergedError), ({"callbacks": [Fails()]}, KeyError)],
    ids=["diverged", "callback"],
)
def test_global_state_is_untouched_by_an_error(parameters, error):
    with threads(2):
        before = global_state()
        with pytest.raises(error):
            quick(**parameters).fit_resample(X, Y)
        assert global_state() == before


def test_a_callback_finds_gradients_off_and_leaves_them_so():
    seen = []

    class Looks(Callback):
        def on_train_end(self, trainer):
            seen.append(torch.is_grad_enabled())

    quick(callbacks=[Looks()]).fit_resample(X, Y)
    assert seen == [False]
    assert torch.is_grad_enabled()
