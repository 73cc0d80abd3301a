"""How many records each class of a file gets, and what was added in the end."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict, dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from wgan_resampler.exceptions import InvalidParameterError
from wgan_resampler.records.augmentation import AUGMENT_TARGET_SAMPLES
from wgan_resampler.sampler import OWN_STRATEGIES, rows_to_generate


@dataclass(frozen=True)
class ClassCounts:
    """Records of one class in an augmented file.

    Parameters
    ----------
    original : int
        Records of the class in the original file.
    training : int
        Those that are counted when classes are balanced: the training records of the split, or all original records.
    synthetic : int
        Records that were added.
    """

    original: int
    training: int
    synthetic: int


@dataclass(frozen=True)
class Augmentation:
    """What was added to a file.

    Parameters
    ----------
    original_samples, synthetic_samples : int
        Records of the original file, and records that were added.
    class_counts : mapping of str to ClassCounts
        The numbers of each class, by its name.
    seed : int
        Seed of the synthetic records.
    model_hash : str
        SHA-256 of the generator's weights and encoder.
    written : tuple of str, default=()
        Names of the files that were written.
    """

    original_samples: int
    synthetic_samples: int
    class_counts: Mapping[str, ClassCounts]
    seed: int
    model_hash: str
    written: tuple[str, ...] = ()

    @property
    def augmentation_ratio(self) -> float:
        """Synthetic records for each original one."""
        return self.synthetic_samples / self.original_samples

    def to_plain(self) -> dict[str, Any]:
        """Return the entries about the augmentation that the augmented file holds."""
        content = {"augmented": True, **asdict(self), "augmentation_ratio": self.augmentation_ratio}
        del content["written"]
        return content


def records_to_add(
    method: str, target_samples: int | Mapping[str, int] | None, names: NDArray[np.str_]
) -> dict[str, int]:
    """Return the number of records to add to each class, without classes that get none.

    Parameters
    ----------
    method : {"equal", "upsample", "custom"}
        How to balance.
    target_samples : int, mapping of str to int, or None
        Records of each class with ``"custom"``; None takes 200. With another method, it has no effect.
    names : ndarray of str of shape (n,)
        The class of each record that is counted.

    Returns
    -------
    dict of str to int
        Sorted by class.

    Raises
    ------
    InvalidDataError
        If there is only one class.
    InvalidParameterError
        If `method` is unknown, or `target_samples` does not fit the classes.

    Warns
    -----
    UnusedParameterWarning
        If `target_samples` is given with another method than ``"custom"``.

    Examples
    --------
    >>> import numpy as np
    >>> from wgan_resampler.records.augmentation.class_counts import records_to_add
    >>> records_to_add("equal", None, np.array(["jazz", "jazz", "jazz", "rock"]))
    {'rock': 2}
    """
    if method not in OWN_STRATEGIES:
        raise InvalidParameterError(f"balance_method must be one of {', '.join(OWN_STRATEGIES)}; got {method!r}.")
    if method == "custom" and target_samples is None:
        target_samples = AUGMENT_TARGET_SAMPLES
    if isinstance(target_samples, int) and (isinstance(target_samples, bool) or target_samples < 1):
        raise InvalidParameterError(f"target_samples must be at least 1; got {target_samples!r}.")
    return {str(name): n for name, n in rows_to_generate(method, names, target_samples).items() if n}
