"""From what the arguments say about groups to a split."""

from __future__ import annotations

from collections.abc import Mapping

from wgan_resampler.exceptions import InvalidDataError
from wgan_resampler.files.labelled import LabelledData
from wgan_resampler.files.splits import Split, consecutive_groups, fingerprint, make_split


def divide(
    data: LabelledData,
    *,
    group_key: str | None,
    group_size: int | None,
    test_size: float,
    seed: int,
    max_train: Mapping[str, int] | None = None,
) -> Split:
    """Divide the original records of `data`; positions count originals only."""
    names = data.names[data.originals]
    groups = None
    if group_key is not None:
        groups = data.groups(group_key)
    elif group_size is not None:
        groups = consecutive_groups(names, group_size)
    train, test = make_split(names, groups, test_size=test_size, seed=seed, max_train=max_train)
    if not len(test):
        raise InvalidDataError(
            f"{data.path} cannot be split: every class has a single group, so nothing would be left to test on. Use "
            "smaller groups."
        )
    return Split(
        train=tuple(train.tolist()),
        test=tuple(test.tolist()),
        n_records=len(names),
        fingerprint=fingerprint(names),
        seed=seed,
        test_size=test_size,
        group_key=group_key,
        group_size=group_size,
        max_train=dict(max_train or {}),
    )
