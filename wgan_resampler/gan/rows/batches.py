"""Where the real rows of a training step come from, and labels as condition vectors.

A *source* yields, for each generator update, the real rows and conditions of its critic updates, stacked: tensors of
shape (n_critic, batch_size, feature_dim) and (n_critic, batch_size, num_classes).
"""

from __future__ import annotations

import math
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Protocol

import torch
from torch import Tensor

from wgan_resampler.exceptions import InvalidDataError
from wgan_resampler.gan.one_hot_blocks import expand
from wgan_resampler.gan.rows.training_rows import RealRows
from wgan_resampler.tables import Link, RowLayout

_UPDATES_PER_CHUNK = 32
_CELLS_PER_CHUNK = 2**17
"""Most updates whose rows are drawn at a time, and most cells of these rows, which stay in the processor's cache."""


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
    >>> from wgan_resampler.gan.rows.batches import one_hot
    >>> one_hot(torch.tensor([2, 0]), 3).tolist()
    [[0.0, 0.0, 1.0], [1.0, 0.0, 0.0]]
    """
    condition = torch.zeros(len(classes), num_classes, dtype=dtype, device=classes.device)
    return condition.scatter_(1, classes.unsqueeze(1), 1.0)


class ClassBalancedBatches:
    """Real rows drawn with replacement, every class equally often, however rare it is.

    The classes take turns, so a batch holds each of them equally often up to one row; within a class the rows are
    drawn uniformly.

    Rows are drawn for several updates at a time, since for those of one update the calls cost more than the drawing.
    Which rows an update gets does not depend on where epochs begin and end.

    Parameters
    ----------
    values : torch.Tensor of shape (n, n_values)
        Encoded values, on the training device.
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
    states : torch.Tensor of shape (n, n_blocks) or None, default=None
        States of the blocks; integers, same device. None for a table of values only.
    block_sizes : sequence of int, default=()
        Number of states of each block, in increasing order.
    links : sequence of Link, default=()
        The values that count only in the first state of a block.
    sizes : torch.Tensor of shape (num_classes,) or None, default=None
        Rows that each class has in the table, of which these are some; None if these are all.
    m_neighbors : int, default=0
        Rows that are isolated among so many nearest ones are left out, see `neighborhoods`; 0 leaves out none.

    Attributes
    ----------
    rows : RealRows
        What batches are drawn from.
    layout : RowLayout
        Of a row in a batch.
    batch_size : int
        As given.
    """

    def __init__(
        self,
        values: Tensor,
        classes: Tensor,
        num_classes: int,
        batch_size: int,
        rng: torch.Generator,
        borrowed_rows: float = 0.0,
        states: Tensor | None = None,
        block_sizes: Sequence[int] = (),
        links: Sequence[Link] = (),
        sizes: Tensor | None = None,
        m_neighbors: int = 0,
    ) -> None:
        if states is None:
            states = values.new_zeros((len(values), 0), dtype=torch.int64)
        self.rows = RealRows.sort(values, states, classes, num_classes, borrowed_rows, links, sizes, m_neighbors)
        self.layout = RowLayout(values.shape[1], tuple(block_sizes))
        self._num_classes = num_classes
        self.batch_size = batch_size
        self._rng = rng
        self._turn = 0
        self._chunk = _Chunk(0, rng.get_state())
        self._used = 0

    def __len__(self) -> int:
        """Return the number of generator updates in an epoch, which covers the rows of the table, left out or not."""
        return math.ceil(int(self.rows.sizes.sum()) / self.batch_size)

    @property
    def device(self) -> torch.device:
        """Where the rows are."""
        return self.rows.values.device

    def spread_within_classes(self) -> Tensor:
        """Return the standard deviation of each encoded feature within its class; see `RealRows`."""
        return self.rows.spread_within_classes(self.layout.block_sizes)

    def state_dict(self) -> dict[str, Any]:
        """Return the random state and whose turn it is, to go on from later."""
        chunk = {"chunk_rng": self._chunk.rng, "chunk_size": self._chunk.size, "used": self._used}
        return {"rng": self._rng.get_state(), "turn": self._turn, **chunk}

    def load_state_dict(self, state: Mapping[str, Any]) -> None:
        """Go on from what :meth:`state_dict` has given."""
        chunk_rng = state["chunk_rng"].cpu()
        for rng in (chunk_rng, state["rng"].cpu()):  # both, so that neither can turn out wrong later
            self._rng.set_state(rng)
        self._turn = int(state["turn"]) % self._num_classes
        self._chunk = _Chunk(int(state["chunk_size"]), chunk_rng)
        self._used = int(state["used"])

    def epoch(self, n_critic: int) -> Iterator[tuple[Tensor, Tensor]]:
        """Yield (features, condition) once per generator update of one epoch."""
        for _ in range(len(self)):
            features, condition = self._next(n_critic * self.batch_size)
            yield (
                features.view(n_critic, self.batch_size, -1),
                condition.view(n_critic, self.batch_size, -1),
            )

    def _next(self, size: int) -> tuple[Tensor, Tensor]:
        """Return the rows and conditions of the next update."""
        if self._chunk.size == size and not self._chunk.conditions:  # begun before the state was saved
            self._rng.set_state(self._chunk.rng)
            self._chunk = self._draw_chunk(size)
        if self._chunk.size != size or self._used >= len(self._chunk.conditions):
            self._turn = (self._turn + self._used * self._chunk.size) % self._num_classes
            self._used = 0
            self._chunk = self._draw_chunk(size)
        chunk, i = self._chunk, self._used
        self._used += 1
        return expand(chunk.values[i], chunk.states[i], self.layout), chunk.conditions[i]

    def _draw_chunk(self, size: int) -> _Chunk:
        """Draw rows for some updates of `size` rows each, beginning with the class whose turn it is."""
        cells = size * max(1, self.layout.n_values + len(self.layout.block_sizes))
        n = max(1, min(_UPDATES_PER_CHUNK, _CELLS_PER_CHUNK // cells))
        rng = self._rng.get_state()
        classes = torch.arange(self._turn, self._turn + n * size, device=self.device) % self._num_classes
        values, states = self.draw(classes)
        conditions = one_hot(classes, self._num_classes, self.rows.values.dtype)
        return _Chunk(size, rng, *(torch.split(rows, size) for rows in (values, states, conditions)))

    def draw(self, classes: Tensor) -> tuple[Tensor, Tensor]:
        """Draw one real row of each of these classes, varied if spread is borrowed.

        Parameters
        ----------
        classes : torch.Tensor of shape (k,)
            Class indices.

        Returns
        -------
        values : torch.Tensor of shape (k, n_values)
        states : torch.Tensor of shape (k, n_blocks)
        """
        drawn = self.rows.draw(classes, self._rng)
        return drawn.values, drawn.states


@dataclass(frozen=True)
class _Chunk:
    """Rows drawn for several updates.

    Parameters
    ----------
    size : int
        Rows of each update.
    rng : torch.Tensor
        State of the random generator before they were drawn.
    values, states, conditions : tuple of torch.Tensor of shape (size, ·)
        Those of each update; empty if they have yet to be drawn again.
    """

    size: int
    rng: Tensor
    values: tuple[Tensor, ...] = ()
    states: tuple[Tensor, ...] = ()
    conditions: tuple[Tensor, ...] = ()


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
