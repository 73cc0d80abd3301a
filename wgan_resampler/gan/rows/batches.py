"""The sources of real rows for training, and class indices as conditions.

For each generator update, a *source* yields the real rows and conditions of the critic updates before it, stacked:
tensors of shape (n_critic, batch_size, feature_dim) and (n_critic, batch_size, num_classes).
"""

from __future__ import annotations

import math
from collections.abc import Iterable, Iterator, Mapping
from typing import Any

import torch
from torch import Tensor

from wgan_resampler.exceptions import InvalidDataError
from wgan_resampler.gan.one_hot_blocks import expand
from wgan_resampler.gan.rows.encoded_table import EncodedTable
from wgan_resampler.gan.rows.isolated_rows import isolated_rows
from wgan_resampler.gan.rows.training_rows import RealRows

_UPDATES_PER_CHUNK = 32
_CELLS_PER_CHUNK = {"cpu": 2**17, "cuda": 2**23}
"""Rows are drawn for at most this many updates at a time, and with at most this many values.

On the CPU they then stay in its cache. On a GPU, starting an operation takes longer than computing it.
"""


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
    """Draws real rows with replacement. Every class is drawn equally often, even a rare one.

    The classes take turns, so in a batch the numbers of rows of two classes differ by at most one. Within a class the
    rows are drawn uniformly.

    Rows are drawn for several updates at a time, because the function calls for a single update take longer than the
    drawing. The rows of an update do not depend on where epochs begin and end.

    Parameters
    ----------
    table : EncodedTable
        The rows to draw from, on the training device.
    batch_size : int
        Rows of one critic update.
    rng : torch.Generator
        Private generator on the training device.
    borrowed_rows : float, default=0.0
        How much spread each class borrows from the other classes; see `neighbor_mixing`. 0 draws unchanged rows.
    m_neighbors : int, default=0
        Number of neighbors used to detect isolated rows, which are left out; see `isolated_rows`. 0 leaves out none.

    Attributes
    ----------
    rows : RealRows
        What draws the rows.
    layout : RowLayout
        Where values and blocks stand in a row of a batch.
    num_classes : int
        Number of classes.
    batch_size : int
        As given.
    """

    def __init__(
        self,
        table: EncodedTable,
        batch_size: int,
        rng: torch.Generator,
        borrowed_rows: float = 0.0,
        m_neighbors: int = 0,
    ) -> None:
        if m_neighbors > 0:
            table = table.take(~isolated_rows(table, m_neighbors))
        self.rows = RealRows(table, borrowed_rows)
        self.layout = table.layout
        self.num_classes = len(table.counts)
        self.batch_size = batch_size
        self._rng = rng
        self._turn = 0
        # The present chunk: rows of several updates, their number in each update, the random state before they were
        # drawn, and how many of the updates have been made.
        self._chunk: list[tuple[Tensor, Tensor, Tensor]] = []
        self._chunk_size, self._chunk_rng, self._used = 0, rng.get_state(), 0

    def __len__(self) -> int:
        """Return the number of generator updates in an epoch.

        An epoch is as long as the caller's table, which includes the rows that are left out of training.
        """
        return math.ceil(int(self.rows.table.class_sizes.sum()) / self.batch_size)

    @property
    def device(self) -> torch.device:
        """Where the rows are."""
        return self.rows.table.values.device

    def state_dict(self) -> dict[str, Any]:
        """Return the random state and the class whose turn is next, so that drawing can continue later."""
        chunk = {"chunk_rng": self._chunk_rng, "chunk_size": self._chunk_size, "used": self._used}
        return {"rng": self._rng.get_state(), "turn": self._turn, **chunk}

    def load_state_dict(self, state: Mapping[str, Any]) -> None:
        """Continue from what :meth:`state_dict` returned."""
        self._chunk_rng = state["chunk_rng"].cpu()
        # Both states are set here, so that a wrong state is refused now and not in a later epoch.
        for rng in (self._chunk_rng, state["rng"].cpu()):
            self._rng.set_state(rng)
        self._turn = int(state["turn"]) % self.num_classes
        self._chunk, self._chunk_size, self._used = [], int(state["chunk_size"]), int(state["used"])

    def epoch(self, n_critic: int) -> Iterator[tuple[Tensor, Tensor]]:
        """Yield (features, condition) once per generator update of one epoch."""
        for _ in range(len(self)):
            values, states, condition = self._next(n_critic * self.batch_size)
            features = expand(values, states, self.layout)
            yield features.view(n_critic, self.batch_size, -1), condition.view(n_critic, self.batch_size, -1)

    def _next(self, size: int) -> tuple[Tensor, Tensor, Tensor]:
        """Return values, states and conditions of the next update."""
        # A loaded state holds no rows. They are drawn again from its random state.
        if self._chunk_size == size and not self._chunk:
            self._rng.set_state(self._chunk_rng)
            self._draw_chunk(size)
        # The next chunk begins with the class whose turn it is after the rows that were used.
        if self._chunk_size != size or self._used >= len(self._chunk):
            self._turn = (self._turn + self._used * self._chunk_size) % self.num_classes
            self._used = 0
            self._draw_chunk(size)
        self._used += 1
        return self._chunk[self._used - 1]

    def _draw_chunk(self, size: int) -> None:
        """Draw rows for several updates of `size` rows each, beginning with the class whose turn it is."""
        # Enough updates that calls cost little, but no more rows than fit in the cache.
        cells = size * max(1, self.layout.n_values + len(self.layout.block_sizes))
        n = max(1, min(_UPDATES_PER_CHUNK, _CELLS_PER_CHUNK[self.device.type] // cells))
        rng = self._rng.get_state()
        classes = torch.arange(self._turn, self._turn + n * size, device=self.device) % self.num_classes
        values, states = self.draw(classes)
        conditions = one_hot(classes, self.num_classes, values.dtype)
        self._chunk = list(zip(*(torch.split(rows, size) for rows in (values, states, conditions)), strict=True))
        self._chunk_size, self._chunk_rng = size, rng

    def draw(self, classes: Tensor) -> tuple[Tensor, Tensor]:
        """Draw one real row for each class index. The rows are varied if `borrowed_rows` is above 0.

        Parameters
        ----------
        classes : torch.Tensor of shape (k,)
            Class indices.

        Returns
        -------
        values : torch.Tensor of shape (k, n_values)
        states : torch.Tensor of shape (k, n_blocks)
        """
        values, states, _ = self.rows.draw(classes, self._rng)
        return values, states


class LoaderBatches:
    """Batches of anything that can be iterated anew in each epoch, for example a torch DataLoader.

    Each batch is used for all `n_critic` critic updates and for the generator update that follows.

    Parameters
    ----------
    loader : iterable of (features, labels)
        Features of shape (n, feature_dim), real numbers; labels of shape (n,), class indices.
    feature_dim : int or None
        Number of features that the networks expect; None if they do not say.
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
        # Checked on the device of the loader, so that nothing waits for a GPU.
        features, classes = torch.as_tensor(batch[0]).to(torch.float32), torch.as_tensor(batch[1])
        # Batches come from a loader of the caller, so each is checked before it is trained on.
        width = self._feature_dim if self._feature_dim is not None else math.prod(features.shape[1:])
        if features.ndim != 2 or features.shape[1] != width or len(features) == 0:
            raise InvalidDataError(
                f"Features of a batch must have shape (n, {width}) with n >= 1, as the networks expect; "
                f"got {tuple(features.shape)}."
            )
        if classes.shape != features.shape[:1] or classes.is_floating_point() or classes.is_complex():
            raise InvalidDataError(
                f"Labels of a batch must be integers of shape ({len(features)},), one per row; got "
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
        return features.to(self._device, non_blocking=True), classes.to(self._device, non_blocking=True)


BatchSource = ClassBalancedBatches | LoaderBatches
"""What :class:`~wgan_resampler.GanTrainer` draws real rows from."""
