"""Continued training: equal to one longer training, and only with a table that fits."""

import numpy as np
import pandas as pd
import polars as pl
import pytest
import torch

from wgan_resampler import WGANGPOverSampler
from wgan_resampler.exceptions import InvalidDataError, InvalidParameterError

RNG = np.random.default_rng(0)
Y = np.repeat([0, 1], [40, 20])
FRAME = pd.DataFrame(
    {
        "a": RNG.normal(size=60),
        "b": RNG.choice(["u", "v", "w"], 60),
        "c": np.where(RNG.random(60) < 0.3, np.nan, RNG.normal(size=60)),
    }
)
SHUFFLED = np.random.default_rng(1).permutation(60)


def quick(**parameters):
    defaults = {"epochs": 2, "hidden_dim": 8, "noise_dim": 4, "batch_size": 16, "device": "cpu", "random_state": 0}
    return WGANGPOverSampler(**{**defaults, **parameters})


def weights(over):
    networks = (over.generator_, over.critic_)
    return torch.cat([tensor.flatten().float() for network in networks for tensor in network.state_dict().values()])


@pytest.mark.parametrize(
    "table", [FRAME, FRAME[["a"]].to_numpy(), pl.from_pandas(FRAME)], ids=["pandas", "array", "polars"]
)
def test_two_short_trainings_equal_a_long_one(table):
    whole, parts = quick(epochs=5), quick(warm_start=True)
    whole.fit_resample(table, Y)
    parts.fit_resample(table, Y)
    parts.set_params(epochs=3).fit_resample(table, Y)
    assert torch.equal(weights(whole), weights(parts))
    assert parts.n_iter_ == whole.n_iter_ == 20
    assert parts.history_.column("critic_loss") == whole.history_.column("critic_loss")
    assert parts.history_.column("epoch") == [1, 2, 3, 4, 5]


def test_without_warm_start_each_fit_is_a_first_one():
    over = quick()
    over.fit_resample(FRAME, Y)
    first = weights(over)
    over.fit_resample(FRAME, Y)
    assert torch.equal(weights(over), first)
    assert over.n_iter_ == 8


def test_it_may_be_turned_on_after_a_first_fit():
    over = quick()
    over.fit_resample(FRAME, Y)
    over.set_params(warm_start=True).fit_resample(FRAME, Y)
    assert over.n_iter_ == 16


def test_a_loaded_sampler_goes_on_as_the_saved_one(tmp_path):
    over = quick(warm_start=True)
    over.fit_resample(FRAME, Y)
    over.save(tmp_path / "sampler.pth")
    again = WGANGPOverSampler.load(tmp_path / "sampler.pth")
    for each in (over, again):
        each.fit_resample(FRAME, Y)
    assert torch.equal(weights(over), weights(again))
    assert again.n_iter_ == 16


def test_rows_in_another_order_keep_the_meaning_of_categories():
    over = quick(warm_start=True)
    over.fit_resample(FRAME, Y)
    known = over._fitted.trained.model.encoder.schema
    X_res, _ = over.fit_resample(FRAME.iloc[SHUFFLED].reset_index(drop=True), Y[SHUFFLED])
    assert over._fitted.trained.model.encoder.schema == known
    assert set(X_res["b"]) == {"u", "v", "w"}
    # A category that only class 1 has stays in class 1, although its code would be another one in the new order.
    frame = pd.DataFrame({"kind": np.where(Y == 1, "rare", "usual"), "x": RNG.normal(size=60)})
    over = WGANGPOverSampler(random_state=0, device="cpu", warm_start=True, epochs=60)
    over.fit_resample(frame, Y)
    over.set_params(epochs=1).fit_resample(frame.iloc[::-1].reset_index(drop=True), Y[::-1])
    rows, labels = over.sample({0: 100, 1: 100})
    assert ((rows["kind"] == "rare") == (labels == 1)).mean() > 0.9


def test_new_values_are_held_to_the_scale_of_the_first_fit():
    over = quick(warm_start=True)
    over.fit_resample(FRAME, Y)
    X_res, _ = over.fit_resample(FRAME.assign(a=FRAME["a"] * 100), Y)
    assert X_res["a"].iloc[60:].abs().max() <= FRAME["a"].abs().max()


@pytest.mark.parametrize(
    ("table", "target", "fragment"),
    [
        (FRAME[["a", "b"]], Y, "has 2 columns.*first fit had 3"),
        (FRAME.rename(columns={"a": "z"}), Y, "Column 0 is named 'z'; in the first fit it was 'a'"),
        (FRAME.assign(b=np.where(FRAME["b"] == "u", "new", FRAME["b"])), Y, "Column 'b' holds the category 'new'"),
        (FRAME.assign(a=FRAME["c"]), Y, "Column 'a' has missing values; in the first fit it had none"),
        (FRAME.assign(b=1.0), Y, "Column 'b' holds numbers where the first fit saw categories"),
        (FRAME, Y + 1, "Classes 1, 2 differ from those of the first fit, 0, 1"),
        (FRAME.to_numpy(dtype=object), Y, None),
    ],
)
def test_other_columns_and_classes_are_refused(table, target, fragment):
    over = quick(warm_start=True)
    over.fit_resample(FRAME, Y)
    before = over.sample(3, random_state=0)[0]
    with pytest.raises(InvalidDataError, match=fragment and f"(?s){fragment}"):
        over.fit_resample(table, target)
    # What has been trained is still there.
    pd.testing.assert_frame_equal(over.sample(3, random_state=0)[0], before)


@pytest.mark.parametrize("change", [{"hidden_dim": 9}, {"noise_dim": 5}, {"num_layers": 3}, {"normalization": "layer"}])
def test_networks_of_other_sizes_are_refused(change):
    over = quick(warm_start=True)
    over.fit_resample(FRAME, Y)
    ((name, value),) = change.items()
    with pytest.raises(InvalidParameterError, match=f"{name}={value!r}, but .* networks that have {name}="):
        over.set_params(**change).fit_resample(FRAME, Y)
