"""How fast and how smoothly sequences change in time, to compare synthetic sequences with real ones."""

import numpy as np

from wgan_resampler.records.audio.sequences import MIN_SPREAD


def frame_variance(records):
    """Return, for each coefficient, the median over records of the mean squared difference of neighboring frames."""
    return np.median([(np.diff(record, axis=0) ** 2).mean(axis=0) for record in records], axis=0)


def autocorrelation(records):
    """Return, for each coefficient, the median over records of its correlation with itself one frame later.

    Records in which the coefficient is constant do not count; it is NaN if there are no others.
    """
    correlations = np.stack([_autocorrelation(record) for record in records])
    varies = ~np.isnan(correlations).all(axis=0)
    medians = np.full(correlations.shape[1], np.nan)
    medians[varies] = np.nanmedian(correlations[:, varies], axis=0)
    return medians


def _autocorrelation(record):
    """Return the usual estimate: lagged products around the mean of all frames, over the sum of squares."""
    centered = record - record.mean(axis=0)
    total = np.where(record.std(axis=0) >= MIN_SPREAD, (centered**2).sum(axis=0), np.nan)
    return (centered[1:] * centered[:-1]).sum(axis=0) / total
