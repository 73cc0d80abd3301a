"""Mean and spread of each class: what a generator starts from.

From random weights, most of a short training goes into moving rows to where the classes are and stretching them to
their extent. Both are known beforehand. So the generator's output is a normal distribution for each class, in front of
the last activation, plus what its network adds, which is little at first and is all that is trained:

    row = activation(m_c + S_c z + network(z, c)).

For values, m_c and S_c S_c^T are mean and covariance of arctanh(value), as tanh is the activation. For a state whose
share in the class is p, m_c is log p, and S_c z a standard normal number times `STATE_SPREAD`, correlated with the rest
of the row as the state is: a multinomial probit model, of which the most probable state is taken. Where noise has fewer
dimensions than rows, S_c holds the directions of largest variance. These are aggregates: no row can be read off them.

Differs from Gulrajani et al. (2017), whose generator starts from random weights alone.
"""

from __future__ import annotations

import torch
from torch import Tensor

from wgan_resampler.gan.one_hot_blocks import expand
from wgan_resampler.gan.rows.batches import ClassBalancedBatches

STATE_SPREAD = 0.85
"""With it, two states of shares p and 1 - p are generated about so often: a normal variable with twice this standard
deviation is close to a logistic one."""

_MAX_ROWS, _MIN_ROWS, _TOTAL_ROWS, _MAX_CELLS = 1024, 64, 2**14, 2**21
"""Rows drawn of each class, and of all classes together; and most cells of one class's rows, which bounds memory."""

_LARGEST_VALUE = 0.99
"""Values are held below it in size, since arctanh(1) is infinite."""

_RAREST = 1e-3
"""Added to the share of a state, whose logarithm must be finite."""


def class_moments(batches: ClassBalancedBatches, num_classes: int, noise_dim: int) -> Tensor:
    """Return what each class's rows are, to a first approximation, made of noise.

    Parameters
    ----------
    batches : ClassBalancedBatches
        The source of real rows.
    num_classes : int
        How many classes it has.
    noise_dim : int
        Length of the noise vector.

    Returns
    -------
    torch.Tensor of shape (num_classes, noise_dim + 1, layout.width)
        For each class S_c, transposed, and below it m_c.
    """
    layout = batches.layout
    n_rows = max(_MIN_ROWS, min(_MAX_ROWS, _TOTAL_ROWS // num_classes, _MAX_CELLS // layout.width))
    moments = []
    for c in range(num_classes):
        classes = torch.full((n_rows,), c, dtype=torch.int64, device=batches.device)
        rows = expand(*batches.draw(classes), layout)
        values, blocks = rows[:, : layout.n_values], rows[:, layout.n_values :]
        before = torch.atanh(values.clamp(-_LARGEST_VALUE, _LARGEST_VALUE))
        share = blocks.mean(dim=0)
        standard = (blocks - share) / (share * (1.0 - share)).sqrt().clamp_min(_RAREST**0.5)
        mean = torch.cat((before.mean(dim=0), (share + _RAREST).log()))
        residuals = torch.cat((before - before.mean(dim=0), STATE_SPREAD * standard), dim=1)
        moments.append(torch.cat((_principal_axes(residuals, noise_dim), mean.unsqueeze(0))))
    return torch.stack(moments)


def _principal_axes(residuals: Tensor, n_axes: int) -> Tensor:
    """Return S^T, of shape (n_axes, width), such that S S^T is the covariance, or comes closest to it."""
    n_rows, width = residuals.shape
    k = min(n_axes, n_rows, width)
    axes = residuals.new_zeros(n_axes, width)
    if width <= n_rows:
        variances, vectors = _eigh(residuals.t() @ residuals / n_rows)
        axes[:k] = (vectors[:, -k:] * variances[-k:].clamp_min(0.0).sqrt()).t()
    else:  # the same from products of rows: a table of thousands of categories has no matrix of its width squared
        _, vectors = _eigh(residuals @ residuals.t())
        axes[:k] = vectors[:, -k:].t() @ residuals / n_rows**0.5
    return axes


def _eigh(matrix: Tensor) -> tuple[Tensor, Tensor]:
    """Return eigenvalues, in increasing order, and eigenvectors of a symmetric matrix."""
    try:
        values, vectors = torch.linalg.eigh(matrix)
    except torch.linalg.LinAlgError:  # type: ignore[attr-defined]
        # Single precision does not converge where many eigenvalues are equal: constant columns, rare categories.
        values, vectors = torch.linalg.eigh(matrix.double())
    return values.to(matrix.dtype), vectors.to(matrix.dtype)
