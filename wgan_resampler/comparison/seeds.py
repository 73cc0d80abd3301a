"""Seeds of a comparison: each follows from what it is for, never from the order of the work."""

from __future__ import annotations

import hashlib


def seed_for(root: int, *purpose: str | int) -> int:
    """Return a seed in [0, 2**31) that depends on the root and on the purpose alone.

    Workers, resumed runs and other machines get the same seeds, since no generator is shared.

    Examples
    --------
    >>> from wgan_resampler.comparison.seeds import seed_for
    >>> seed_for(0, "classifier", "glass", 0, 1) == seed_for(0, "classifier", "glass", 0, 1)
    True
    >>> seed_for(0, "classifier", "glass", 0, 1) == seed_for(0, "classifier", "glass", 0, 2)
    False
    """
    text = "\x1f".join(f"{type(part).__name__}:{part}" for part in (root, *purpose))
    return int.from_bytes(hashlib.sha256(text.encode()).digest()[:4], "big") >> 1
