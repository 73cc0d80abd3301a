"""The training inside fit_resample: its length, its hyper-parameters, its history and its callbacks."""

import json
import math

import numpy as np
import pytest
from sampler.over_sampler.quick import X, Y, counts, quick
from sklearn.exceptions import NotFittedError

from wgan_resampler import Callback, TrainingHistory, WGANGPOverSampler
from wgan_resampler.exceptions import (
    InvalidParameterError,
)
from wgan_resampler.sampler.fitting import preparation
from wgan_resampler.sampler.fitting.preparation import AUTO_UPDATES

RNG = np.random.default_rng(0)


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
        # After a very short training, the generator knows only mean and covariance: its rows fill the ring of the real
        # rows.
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


@pytest.mark.parametrize(("n_classes", "size"), [(2, 64), (3, 96), (10, 256)])
def test_the_automatic_batch_grows_with_the_classes(n_classes, size):
    n_rows = 40 * n_classes
    y = np.arange(n_rows) % n_classes
    table = np.random.default_rng(0).normal(size=(n_rows, 2))
    over = WGANGPOverSampler(sampling_strategy="upsample", epochs=1, hidden_dim=4, random_state=0, device="cpu")
    over.fit_resample(table, y)
    assert over.n_iter_ == math.ceil(n_rows / size)


def test_bug_a_callback_that_stopped_at_once_left_rows_of_an_untrained_generator():
    class Stop(Callback):
        def on_train_begin(self, trainer):
            trainer.stop()

    with pytest.raises(InvalidParameterError, match="before the first update"):
        quick().set_params(callbacks=[Stop()]).fit_resample(X, Y)


def test_an_error_in_a_callback_reaches_the_caller():
    class Fails(Callback):
        def on_epoch_end(self, trainer):
            raise KeyError("from the hook")

    over = quick(callbacks=[Fails()])
    with pytest.raises(KeyError, match="from the hook"):
        over.fit_resample(X, Y)
    with pytest.raises(NotFittedError):
        over.sample(1)
