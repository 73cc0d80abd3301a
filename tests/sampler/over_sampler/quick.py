"""A sampler with a very short training, and 30 rows for it."""

from collections import Counter

import numpy as np

from wgan_resampler import WGANGPOverSampler

X = np.random.default_rng(0).normal(size=(30, 3))
Y = np.array([0, 1, 0, 2, 0, 0, 1, 0, 2, 0] * 3)
"""18 rows of class 0, 6 of class 1, 6 of class 2."""
TEXTS = np.array(["u", "v", "w"])[Y]


def quick(**parameters):
    """Return a sampler that trains for two updates on the 30 rows."""
    defaults = {"epochs": 1, "hidden_dim": 8, "noise_dim": 4, "batch_size": 16, "device": "cpu", "random_state": 0}
    return WGANGPOverSampler(**{**defaults, **parameters})


def counts(y):
    return Counter(y.tolist() if hasattr(y, "tolist") else list(y))
