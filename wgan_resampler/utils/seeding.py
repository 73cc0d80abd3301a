"""Seeds.

All seeds of one fit come from one root, so that one number decides everything and no two streams meet. Seeds of a
comparison follow from what they are for, never from the order of the work.
"""

from __future__ import annotations

import hashlib

import numpy as np

SAMPLE_KEY = 2**32 - 1
"""Keeps the seeds of ``sample(random_state=n)`` apart from those of a sampler with the same `random_state`."""


def seed_sequence(random_state: int | np.random.RandomState | None, *key: int) -> np.random.SeedSequence:
    """Return the root of all seeds of one call; None takes it from the operating system."""
    if isinstance(random_state, np.random.RandomState):
        return np.random.SeedSequence(random_state.randint(0, 2**31, size=4).tolist(), spawn_key=key)
    return np.random.SeedSequence(None if random_state is None else int(random_state), spawn_key=key)


def next_seed(seeds: np.random.SeedSequence) -> int:
    """Return a further seed, independent of all those before."""
    return int(seeds.spawn(1)[0].generate_state(1, np.uint64)[0]) >> 1


def seed_for(root: int, *purpose: str | int) -> int:
    """Return a seed in [0, 2**31) that depends on the root and on the purpose alone.

    Workers, resumed runs and other machines get the same seeds, since no generator is shared.

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
