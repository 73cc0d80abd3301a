"""Mean and spread of each class, from which a generator starts.

Starting from random weights, a short training spends most of its updates moving rows to the right region and stretching
them to the right extent. Both are known beforehand. So the generator's output, before the last activation, is a normal
distribution for each class c plus a correction by its network. The correction is small at first, and only it is
trained:

    row = activation(m_c + S_c z + network(z, c)).

For values, m_c and S_c S_c^T are mean and covariance of arctanh(value), as tanh is the activation. For a state whose
share in the class is p, m_c is log p, and S_c z is a standard normal number times `STATE_SPREAD`. Its correlation with
the rest of the row is that of the state. This is a multinomial probit model, of which the most probable state is taken.
If noise has fewer dimensions than rows, S_c holds the directions of largest variance. All of these are aggregates:
no single row can be read from them.

Differs from Gulrajani et al. (2017), whose generator starts from random weights alone.
"""

from __future__ import annotations

import torch
from torch import Tensor

from wgan_resampler.gan.one_hot_blocks import expand
from wgan_resampler.gan.rows.batches import ClassBalancedBatches

STATE_SPREAD = 0.85
"""Standard deviation of what is added to the logarithm of each state's share.

With this value, two states are generated about as often as their shares p and 1 - p say. Their normal numbers are
opposite, so the difference has twice this standard deviation. That makes it close to a logistic random number.
"""

_MAX_ROWS, _MIN_ROWS, _TOTAL_ROWS, _MAX_CELLS = 1024, 64, 2**14, 2**21
"""Limits of the rows drawn: most and least rows of a class, most rows of all classes, and most values of a class.

The last one limits the memory.
"""

_LARGEST_VALUE = 0.99
"""Values are clipped to this size, since arctanh(1) is infinite."""

_RAREST = 1e-3
"""Added to the share of a state, whose logarithm must be finite."""


def class_moments(batches: ClassBalancedBatches, noise_dim: int) -> Tensor:
    """Return the matrices that turn noise into a normal distribution of each class's rows.

    Parameters
    ----------
    batches : ClassBalancedBatches
        The source of real rows.
    noise_dim : int
        Length of the noise vector.

    Returns
    -------
    torch.Tensor of shape (num_classes, noise_dim + 1, layout.width)
        For each class, S_c transposed, and m_c as the last row.
    """
    layout = batches.layout
    n_rows = max(_MIN_ROWS, min(_MAX_ROWS, _TOTAL_ROWS // batches.num_classes, _MAX_CELLS // layout.width))
    moments = []
    for c in range(batches.num_classes):
        classes = torch.full((n_rows,), c, dtype=torch.int64, device=batches.device)
        rows = expand(*batches.draw(classes), layout)
        values, blocks = rows[:, : layout.n_values], rows[:, layout.n_values :]
        before = torch.atanh(values.clamp(-_LARGEST_VALUE, _LARGEST_VALUE))
        # One-hot columns of mean 0 and variance 1, so that a rare state varies as much as a frequent one.
        share = blocks.mean(dim=0)
        standard = (blocks - share) / (share * (1.0 - share)).sqrt().clamp_min(_RAREST**0.5)
        mean = torch.cat((before.mean(dim=0), (share + _RAREST).log()))
        residuals = torch.cat((before - before.mean(dim=0), STATE_SPREAD * standard), dim=1)
        moments.append(torch.cat((_principal_axes(residuals, noise_dim), mean.unsqueeze(0))))
    return torch.stack(moments)


def _principal_axes(residuals: Tensor, n_axes: int) -> Tensor:
    """Return S^T, of shape (n_axes, width), such that S S^T is the covariance, or the closest to it of that rank."""
    n_rows, width = residuals.shape
    k = min(n_axes, n_rows, width)
    axes = residuals.new_zeros(n_axes, width)
    if width <= n_rows:
        variances, vectors = _eigh(residuals.t() @ residuals / n_rows)
        axes[:k] = (vectors[:, -k:] * variances[-k:].clamp_min(0.0).sqrt()).t()
    else:
        # The products of rows give the same axes. For thousands of categories, the matrix of width squared above would
        # not fit in memory.
        _, vectors = _eigh(residuals @ residuals.t())
        axes[:k] = vectors[:, -k:].t() @ residuals / n_rows**0.5
    return axes


def _eigh(matrix: Tensor) -> tuple[Tensor, Tensor]:
    """Return eigenvalues, in increasing order, and eigenvectors of a symmetric matrix."""
    try:
        values, vectors = torch.linalg.eigh(matrix)
    except torch.linalg.LinAlgError:  # type: ignore[attr-defined]
        # In single precision, this does not converge if many eigenvalues are equal (constant columns, rare categories).
        values, vectors = torch.linalg.eigh(matrix.double())
    return values.to(matrix.dtype), vectors.to(matrix.dtype)
