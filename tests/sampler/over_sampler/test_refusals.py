"""Bad input is refused with the right exception and a message that says what is wrong."""

import math
import re

import numpy as np
import pandas as pd
import pytest
import torch
from sampler.over_sampler.quick import TEXTS, X, Y, quick
from sklearn.exceptions import NotFittedError

from wgan_resampler import WGANResamplerError
from wgan_resampler.exceptions import (
    DeviceUnavailableError,
    InvalidDataError,
    InvalidParameterError,
    TrainingDivergedError,
)


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
    with pytest.raises(DeviceUnavailableError, match=re.escape("finds 0 CUDA device(s)")):
        quick(device="cuda").fit_resample(X, Y)
    with pytest.raises(DeviceUnavailableError, match="device='cuda'"):
        quick(device="cuda").fit(X, Y)
    X_auto, _ = quick(device="auto").fit_resample(X, Y)
    np.testing.assert_array_equal(X_auto, quick().fit_resample(X, Y)[0])


@pytest.mark.parametrize(("table", "target"), [(with_cell(np.inf), Y), (X, Y[:-1]), (X, [0] * 30)])
def test_fit_refuses_what_fit_resample_refuses(table, target):
    with pytest.raises(InvalidDataError):
        quick().fit(table, target)
