"""Seeds.

All seeds of one fit come from one root. Thus one number decides everything random, and no two random streams are equal.
The seeds of a comparison depend on their purpose, never on the order of the work.
"""

from __future__ import annotations

import hashlib

import numpy as np

SAMPLE_KEY = 2**32 - 1
"""Spawn key that makes the seeds of ``sample(random_state=n)`` differ from those of a sampler with `random_state` n."""


def seed_sequence(random_state: int | np.random.RandomState | None, *key: int) -> np.random.SeedSequence:
    """Return the root of all seeds of one call. If `random_state` is None, the operating system gives it."""
    if isinstance(random_state, np.random.RandomState):
        return np.random.SeedSequence(random_state.randint(0, 2**31, size=4).tolist(), spawn_key=key)
    return np.random.SeedSequence(None if random_state is None else int(random_state), spawn_key=key)


def next_seed(seeds: np.random.SeedSequence) -> int:
    """Return one more seed, which is independent of all earlier ones."""
    return int(seeds.spawn(1)[0].generate_state(1, np.uint64)[0]) >> 1


def seed_for(root: int, *purpose: str | int) -> int:
    """Return a seed in [0, 2**31) that depends only on the root and on the purpose.

    No generator is shared, so workers, resumed runs and other machines get the same seeds.

    Examples
    --------
    >>> from wgan_resampler.utils.seeding import seed_for
    >>> seed_for(0, "classifier", "glass", 0, 1) == seed_for(0, "classifier", "glass", 0, 1)
    True
    >>> seed_for(0, "classifier", "glass", 0, 1) == seed_for(0, "classifier", "glass", 0, 2)
    False
    """
    text = "\x1f".join(f"{type(part).__name__}:{part}" for part in (root, *purpose))
    return int.from_bytes(hashlib.sha256(text.encode()).digest()[:4], "big") >> 1
