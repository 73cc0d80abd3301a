"""From checked cells and labels to a trained model: encoder, networks, trainer and classifier, joined."""

from __future__ import annotations

import copy
import math
from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, cast

import numpy as np
import torch
from numpy.typing import NDArray

from wgan_resampler.exceptions import InvalidParameterError
from wgan_resampler.gan import (
    ClassBalancedBatches,
    EncodedTable,
    GanDiscriminator,
    GanGenerator,
    GanTrainer,
    Normalization,
    RowClassifier,
    TrainingHistory,
    class_moments,
    train_classifier,
)
from wgan_resampler.sampler.row_generator import RowModel
from wgan_resampler.tables import Cells, RowLayout, TableEncoder
from wgan_resampler.utils import computing, new_generator, next_seed

if TYPE_CHECKING:
    from wgan_resampler.gan import Callback

AUTO_UPDATES = 900
"""Generator updates with ``epochs="auto"``.

More were measured as worse: what the generator smooths over is, for the most part, chance. See docs/benchmarks.md.
"""

AUTO_ROWS_OF_CLASS, AUTO_VISITS = 16_384, 4
"""Rows of a class that teach with ``epochs="auto"``: this many, or as many as can be drawn this many times each.

Of a larger class, random ones teach: more would say little, while encoding them takes longer than training.
"""

_AUTO_ROWS_PER_CLASS = 32
_AUTO_BATCH_SIZES = 64, 256
"""With ``batch_size="auto"``: rows of each class in a batch, and the limits of its size."""

_MIN_FEATURE_SCALE = 0.05
"""Least unit of a feature in the gradient penalty, on the scale of 2 that each column spans.

Without it, a column that is constant within the classes would have no unit, and the critic no bound along it.
"""


@dataclass(frozen=True)
class FitSettings:
    """The parameters of :class:`~wgan_resampler.WGANGPOverSampler` that decide what is trained; see there.

    `scaled_penalty`, which is no parameter of the sampler, says whether the gradient penalty measures each feature in
    units of its spread within the classes.
    """

    noise_dim: int
    hidden_dim: int
    num_layers: int
    dropout: float
    epochs: int | str
    batch_size: int | str
    n_critic: int
    lambda_gp: float
    learning_rate: float
    critic_learning_rate: float
    normalization: Normalization
    skip_connections: bool
    m_neighbors: int
    borrowed_rows: float
    average_decay: float
    rejection_rate: float
    boundary_focus: float
    moment_start: bool
    scaled_penalty: bool = True


@dataclass(frozen=True)
class Fit:
    """What a training has given.

    Parameters
    ----------
    model : RowModel
        Draws rows.
    critic : GanDiscriminator
        The trained critic.
    history : TrainingHistory
        One record per epoch.
    n_updates : int
        Generator updates made.
    """

    model: RowModel
    critic: GanDiscriminator
    history: TrainingHistory
    n_updates: int


@dataclass(frozen=True)
class Preparation:
    """All that training needs, before its first update.

    Parameters
    ----------
    settings : FitSettings
        How to train.
    encoder : TableEncoder
        Fitted.
    classes, counts : ndarray of shape (n_classes,)
        Sorted class labels, and rows of each.
    batches : ClassBalancedBatches
        The source of real rows.
    trainer : GanTrainer
        With fresh networks.
    classifier_seed : int
        Of the initial weights of the classifier that rejects rows.
    """

    settings: FitSettings
    encoder: TableEncoder
    classes: NDArray[Any]
    counts: NDArray[np.int64]
    batches: ClassBalancedBatches
    trainer: GanTrainer
    classifier_seed: int

    @property
    def n_epochs(self) -> int:
        """Epochs of a whole training; the last one may be cut short by `max_updates`."""
        epochs = self.settings.epochs
        return math.ceil(AUTO_UPDATES / len(self.batches)) if epochs == "auto" else int(epochs)

    @property
    def max_updates(self) -> int | None:
        """Generator updates of a whole training, where their number is given."""
        return AUTO_UPDATES if self.settings.epochs == "auto" else None

    def train(self, *, further: bool = False) -> None:
        """Train from the present epoch to the last one; or, if `further`, for as many epochs as a whole training."""
        trainer, limit = self.trainer, self.max_updates
        done, made = (0, 0) if further else (trainer.epoch, trainer.n_updates)
        epochs, updates = self.n_epochs - done, None if limit is None else limit - made
        if epochs > 0 and updates != 0:
            trainer.train(self.batches, epochs, max_updates=updates)

    def finish(self) -> Fit:
        """Return the averaged generator with the classifier, which is trained now.

        Raises
        ------
        InvalidParameterError
            If there was no update.
        """
        trainer, rate, focus = self.trainer, float(self.settings.rejection_rate), float(self.settings.boundary_focus)
        if trainer.n_updates == 0:
            raise InvalidParameterError(
                "A callback stopped training before the first update, so there is no generator to draw rows from. "
                "Stop in a later hook, or leave the callback out."
            )
        classifier = None
        with computing(trainer.device):
            generator = cast(GanGenerator, trainer.averaged_generator())
            if rate > 0.0 or focus > 0.0:
                classifier = RowClassifier(
                    feature_dim=self.batches.layout.width,
                    num_classes=len(self.classes),
                    random_state=self.classifier_seed,
                ).to(trainer.device)
                train_classifier(classifier, self.batches)
        model = RowModel(generator, self.encoder, self.classes, self.counts, classifier, rate, focus)
        critic = cast(GanDiscriminator, copy.deepcopy(trainer.critic))
        return Fit(model, critic, trainer.history, trainer.n_updates)


def prepare(
    settings: FitSettings,
    cells: Sequence[Cells],
    labels: NDArray[Any],
    device: torch.device,
    seeds: np.random.SeedSequence,
    callbacks: Sequence[Callback] = (),
    encoder: TableEncoder | None = None,
) -> Preparation:
    """Encode a table and make the networks and all else that training needs.

    Parameters
    ----------
    settings : FitSettings
        How.
    cells : sequence of NumericCells or CategoricalCells
        The columns of the table, each of length n.
    labels : ndarray of shape (n,)
        The class of each row.
    device : torch.device
        Where.
    seeds : numpy.random.SeedSequence
        Spawns the seed of each part.
    callbacks : sequence of Callback, default=()
        Hooks of the trainer.
    encoder : TableEncoder or None, default=None
        A fitted one; None fits a new one.

    Returns
    -------
    Preparation
        The same for the same arguments and a fresh `seeds`.
    """
    classes, class_indices, counts = np.unique(labels, return_inverse=True, return_counts=True)
    encoder = TableEncoder().fit(cells) if encoder is None else encoder
    batch_size = _batch_size(settings.batch_size, len(classes))
    draws_of_class = AUTO_UPDATES * int(settings.n_critic) * batch_size // len(classes)
    most = max(AUTO_ROWS_OF_CLASS, draws_of_class // AUTO_VISITS)
    if settings.epochs == "auto" and counts.max() > most:
        teaching = _some_of_each_class(class_indices, most, np.random.default_rng(next_seed(seeds)))
        cells, class_indices = [each.take(teaching) for each in cells], class_indices[teaching]
    rows = encoder.encode(cells)
    with computing(device):
        table = EncodedTable.sort(
            torch.from_numpy(rows.values).to(device),
            torch.from_numpy(rows.states).to(device),
            torch.from_numpy(class_indices.astype(np.int64)).to(device),
            encoder.layout,
            encoder.links,
            torch.from_numpy(counts).to(device),
        )
        rng = new_generator(next_seed(seeds), device)
        batches = ClassBalancedBatches(table, batch_size, rng, float(settings.borrowed_rows), int(settings.m_neighbors))
        trainer = _trainer(settings, len(classes), batches, device, seeds, callbacks)
    return Preparation(settings, encoder, classes, counts, batches, trainer, next_seed(seeds))


def _some_of_each_class(class_indices: NDArray[np.integer], n: int, rng: np.random.Generator) -> NDArray[np.integer]:
    """Return the positions of at most `n` random rows of each class, in increasing order."""
    shuffled = rng.permutation(len(class_indices))
    by_class = shuffled[np.argsort(class_indices[shuffled], kind="stable")]
    counts = np.bincount(class_indices)
    place_in_class = np.arange(len(by_class)) - np.repeat(counts.cumsum() - counts, counts)
    return np.sort(by_class[place_in_class < n])


def _trainer(
    settings: FitSettings,
    num_classes: int,
    batches: ClassBalancedBatches,
    device: torch.device,
    seeds: np.random.SeedSequence,
    callbacks: Sequence[Callback],
) -> GanTrainer:
    """Return a trainer with fresh networks."""
    layout: RowLayout = batches.layout
    hidden_dim, num_layers = int(settings.hidden_dim), int(settings.num_layers)
    generator = GanGenerator(
        num_classes=num_classes,
        feature_dim=layout.width,
        noise_dim=int(settings.noise_dim),
        hidden_dim=hidden_dim,
        num_layers=num_layers,
        dropout=float(settings.dropout),
        normalization=settings.normalization,
        skip_connections=bool(settings.skip_connections),
        block_sizes=layout.block_sizes,
        moments=class_moments(batches, num_classes, int(settings.noise_dim)) if settings.moment_start else None,
        random_state=next_seed(seeds),
    )
    critic = GanDiscriminator(
        feature_dim=layout.width,
        num_classes=num_classes,
        hidden_dim=hidden_dim,
        num_layers=num_layers,
        random_state=next_seed(seeds),
    )
    spread = batches.rows.table.spread_within_classes().clamp_min(_MIN_FEATURE_SCALE)
    return GanTrainer(
        generator=generator,
        discriminator=critic,
        noise_dim=generator.noise_dim,
        num_classes=num_classes,
        lambda_gp=float(settings.lambda_gp),
        n_critic=int(settings.n_critic),
        learning_rate=float(settings.learning_rate),
        critic_learning_rate=float(settings.critic_learning_rate),
        device=device,
        random_state=next_seed(seeds),
        callbacks=callbacks,
        average_decay=float(settings.average_decay),
        feature_scale=spread if settings.scaled_penalty else None,
    )


def epochs_of(settings: FitSettings, labels: NDArray[Any]) -> int:
    """Return the epochs of a training in whole epochs: for "auto", those that cover the usual number of updates."""
    if settings.epochs != "auto":
        return int(settings.epochs)
    batch_size = _batch_size(settings.batch_size, len(np.unique(labels)))
    return math.ceil(AUTO_UPDATES / math.ceil(len(labels) / batch_size))


def _batch_size(batch_size: int | str, num_classes: int) -> int:
    if batch_size != "auto":
        return int(batch_size)
    return min(max(_AUTO_ROWS_PER_CLASS * num_classes, _AUTO_BATCH_SIZES[0]), _AUTO_BATCH_SIZES[1])
