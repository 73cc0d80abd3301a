"""Where the real rows of a training step come from, and labels as condition vectors.

A *source* yields, for each generator update, the real rows and conditions of its critic updates, stacked: tensors of
shape (n_critic, batch_size, feature_dim) and (n_critic, batch_size, num_classes).
"""

from __future__ import annotations

import math
from collections.abc import Iterable, Iterator
from typing import Any, Protocol

import torch
from torch import Tensor

from wgan_resampler.exceptions import InvalidDataError
from wgan_resampler.smoothing import BorrowedSpread


class BatchSource(Protocol):
    """What :class:`~wgan_resampler.GanTrainer` draws real rows from."""

    def epoch(self, n_critic: int) -> Iterator[tuple[Tensor, Tensor]]:
        """Yield (features, condition) once per generator update of one epoch."""
        ...


def one_hot(classes: Tensor, num_classes: int, dtype: torch.dtype = torch.float32) -> Tensor:
    """Return class indices of shape (n,) as conditions of shape (n, num_classes).

    Examples
    --------
    >>> import torch
    >>> from wgan_resampler.batches import one_hot
    >>> one_hot(torch.tensor([2, 0]), 3).tolist()
    [[0.0, 0.0, 1.0], [1.0, 0.0, 0.0]]
    """
    condition = torch.zeros(len(classes), num_classes, dtype=dtype, device=classes.device)
    return condition.scatter_(1, classes.unsqueeze(1), 1.0)


class ClassEvenBatches:
    """Real rows drawn with replacement, every class equally often, however rare it is.

    The classes take turns, so a batch holds each of them equally often up to one row; within a class the rows are
    drawn uniformly.

    Parameters
    ----------
    features : torch.Tensor of shape (n, feature_dim)
        Encoded rows, on the training device.
    classes : torch.Tensor of shape (n,)
        Class indices, 0 .. num_classes - 1, each present at least once; int64, same device.
    num_classes : int
        Length of the condition.
    batch_size : int
        Rows of one critic update.
    rng : torch.Generator
        Private generator on the training device.
    borrowed_rows : float, default=0.0
        How many rows' worth of spread each class borrows from the others, see `smoothing`; 0 gives rows as they are.
    """

    def __init__(
        self,
        features: Tensor,
        classes: Tensor,
        num_classes: int,
        batch_size: int,
        rng: torch.Generator,
        borrowed_rows: float = 0.0,
    ) -> None:
        order = torch.argsort(classes, stable=True)
        counts = torch.bincount(classes, minlength=num_classes)
        if not bool((counts > 0).all()):
            raise InvalidDataError(f"Every one of the {num_classes} classes needs at least one row.")
        self._features = features[order]
        self._counts = counts
        self._starts = counts.cumsum(0) - counts
        self._num_classes = num_classes
        self._batch_size = batch_size
        self._rng = rng
        self._turn = 0
        self._spread = BorrowedSpread(self._features, counts, borrowed_rows) if borrowed_rows > 0 else None

    def __len__(self) -> int:
        """Return the number of generator updates in an epoch."""
        return math.ceil(len(self._features) / self._batch_size)

    def spread_within_classes(self) -> Tensor:
        """Return the standard deviation of each feature within its class, classes weighted alike.

        Returns
        -------
        torch.Tensor of shape (feature_dim,)
            Square root of the mean over classes of the variance.
        """
        rows = torch.split(self._features, self._counts.tolist())
        return torch.stack([part.var(dim=0, correction=0) for part in rows]).mean(dim=0).sqrt()

    def epoch(self, n_critic: int) -> Iterator[tuple[Tensor, Tensor]]:
        """Yield (features, condition) once per generator update of one epoch."""
        size = n_critic * self._batch_size
        features = self._features
        # Classes in turn, long enough to start at any class: each draw is a slice, made once.
        turns = torch.arange(size + self._num_classes, device=features.device) % self._num_classes
        conditions = one_hot(turns, self._num_classes, features.dtype)
        for _ in range(len(self)):
            at = slice(self._turn, self._turn + size)
            self._turn = (self._turn + size) % self._num_classes
            yield (
                self._draw(turns[at]).view(n_critic, self._batch_size, -1),
                conditions[at].view(n_critic, self._batch_size, -1),
            )

    def _draw(self, classes: Tensor) -> Tensor:
        """Return one real row of each of these classes, varied if spread is borrowed."""
        rows = self._positions(classes)
        if self._spread is None:
            return self._features.index_select(0, rows)
        donor_classes = torch.randint(
            self._num_classes, classes.shape, generator=self._rng, device=classes.device, dtype=torch.int64
        )
        mates, donors = self._positions(classes), self._positions(donor_classes)
        return self._spread.vary(rows, classes, mates, self._uniform(len(rows)).unsqueeze(1), donors, donor_classes)

    def _positions(self, classes: Tensor) -> Tensor:
        """Return the position of a random row of each of these classes."""
        counts = self._counts[classes]
        within = (self._uniform(len(classes)) * counts).long()
        # In float32, u * count may round up to count.
        return self._starts[classes] + torch.minimum(within, counts - 1)

    def _uniform(self, size: int) -> Tensor:
        return torch.rand(size, generator=self._rng, dtype=self._features.dtype, device=self._features.device)


class LoaderBatches:
    """Batches of any re-iterable of (features, labels), a torch DataLoader included.

    Each batch serves all `n_critic` critic updates and the generator update that follows.

    Parameters
    ----------
    loader : iterable of (features, labels)
        Features of shape (n, feature_dim), real numbers; labels of shape (n,), class indices.
    feature_dim : int or None
        Width that the networks expect; None where they do not say.
    num_classes : int
        Length of the condition.
    device : torch.device
        Where the batches go.
    """

    def __init__(self, loader: Iterable[Any], feature_dim: int | None, num_classes: int, device: torch.device) -> None:
        self._loader = loader
        self._feature_dim = feature_dim
        self._num_classes = num_classes
        self._device = device

    def __len__(self) -> int:
        """Return the number of batches in an epoch; TypeError if the loader does not know."""
        return len(self._loader)  # type: ignore[arg-type]

    def epoch(self, n_critic: int) -> Iterator[tuple[Tensor, Tensor]]:
        """Yield (features, condition) once per batch of the loader."""
        for batch in self._loader:
            features, classes = self._check(batch)
            condition = one_hot(classes, self._num_classes)
            yield features.expand(n_critic, -1, -1), condition.expand(n_critic, -1, -1)

    def _check(self, batch: Any) -> tuple[Tensor, Tensor]:
        if not isinstance(batch, (tuple, list)) or len(batch) != 2:
            raise InvalidDataError(f"Each batch must be a pair (features, labels); got {type(batch).__name__}.")
        features = torch.as_tensor(batch[0]).to(device=self._device, dtype=torch.float32)
        classes = torch.as_tensor(batch[1]).to(device=self._device)
        width = self._feature_dim if self._feature_dim is not None else math.prod(features.shape[1:])
        if features.ndim != 2 or features.shape[1] != width or len(features) == 0:
            raise InvalidDataError(
                f"Features of a batch must have shape (n, {width}) with n >= 1, as the networks expect; "
                f"got {tuple(features.shape)}."
            )
        if classes.shape != features.shape[:1] or classes.is_floating_point() or classes.is_complex():
            raise InvalidDataError(
                f"Labels of a batch must be whole numbers of shape ({len(features)},), one per row; got "
                f"{classes.dtype} of shape {tuple(classes.shape)}."
            )
        classes = classes.long()
        low, high = int(classes.min()), int(classes.max())
        if low < 0 or high >= self._num_classes:
            raise InvalidDataError(
                f"Labels must lie in 0 .. {self._num_classes - 1}, since num_classes={self._num_classes}; "
                f"got {low if low < 0 else high}."
            )
        if not bool(features.isfinite().all()):
            raise InvalidDataError("Features of a batch hold NaN or infinity. Remove or impute such rows first.")
        return features, classes
