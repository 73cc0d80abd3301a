"""From a checked table to a trained model: the encoder, the batches, the networks, the trainer and the classifier."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Literal, cast

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
    RowClassifier,
    class_moments,
    train_classifier,
)
from wgan_resampler.sampler.fitting.settings import FitSettings
from wgan_resampler.sampler.row_generator import RowModel
from wgan_resampler.tables import Cells, TableEncoder
from wgan_resampler.utils import computing, new_generator, next_seed
from wgan_resampler.utils.storage import Records, check_same_form, convert_state, refusing

if TYPE_CHECKING:
    from wgan_resampler.gan import Callback

AUTO_UPDATES = 900
"""Generator updates with ``epochs="auto"``.

More updates gave worse results in our measurements, because the generator then learns details that are mostly chance.
See docs/benchmarks.md.
"""

AUTO_ROWS_OF_CLASS = 16_384
"""Most rows of a class that are used with ``epochs="auto"``, unless batches are large.

A larger class is represented by a random subset. More rows would add little, and encoding them would take longer than
the training itself.
"""

AUTO_VISITS = 4
"""With large batches, more rows of a class are used, so that the training draws each row this many times."""

_AUTO_ROWS_PER_CLASS = 32
"""Rows of each class in a batch with ``batch_size="auto"``."""

_AUTO_BATCH_SIZES = 64, 256
"""Smallest and largest batch with ``batch_size="auto"``."""

_MIN_FEATURE_SCALE = 0.05
"""Smallest unit of a feature in the gradient penalty; an encoded column spans the range -1 to 1.

The unit is the feature's spread within the classes. A column that is constant within the classes would have unit zero,
and the penalty would not bound the critic's gradient along it.
"""


@dataclass(frozen=True)
class Preparation:
    """All parts of a training.

    Parameters
    ----------
    settings : FitSettings
        The hyper-parameters.
    encoder : TableEncoder
        The fitted encoder of the table.
    classes : ndarray of shape (n_classes,)
        Sorted class labels.
    counts : ndarray of shape (n_classes,)
        Number of rows of each class in the table.
    batches : ClassBalancedBatches
        Draws batches of original rows.
    trainer : GanTrainer
        Holds the networks, which have fresh weights at first.
    classifier_seed : int
        Seed of the initial weights of the classifier that rejects rows.
    n_epochs : int
        Epochs of a whole training. With ``epochs="auto"``, the last one ends after `AUTO_UPDATES` updates in all.
    """

    settings: FitSettings
    encoder: TableEncoder
    classes: NDArray[Any]
    counts: NDArray[np.int64]
    batches: ClassBalancedBatches
    trainer: GanTrainer
    classifier_seed: int
    n_epochs: int

    def train(self, *, further: bool = False) -> None:
        """Train the networks.

        Parameters
        ----------
        further : bool, default=False
            False trains from the present epoch to the last epoch of a whole training. True trains as many additional
            epochs as a whole training has.
        """
        trainer = self.trainer
        epochs, updates = self.n_epochs, AUTO_UPDATES if self.settings.epochs == "auto" else None
        if not further:
            epochs -= trainer.epoch
            updates = None if updates is None else updates - trainer.n_updates
        if epochs > 0 and updates != 0:
            trainer.train(self.batches, epochs, max_updates=updates)

    def finish(self) -> RowModel:
        """Train the classifier, and return it with the averaged generator.

        Returns
        -------
        RowModel

        Raises
        ------
        InvalidParameterError
            If the generator was never updated.
        """
        trainer, rate, focus = self.trainer, self.settings.rejection_rate, self.settings.boundary_focus
        if trainer.n_updates == 0:
            raise InvalidParameterError(
                "A callback stopped training before the first update, so there is no generator to draw rows from. "
                "Stop in a later hook, or leave the callback out."
            )
        with computing(trainer.device):
            generator = cast(GanGenerator, trainer.averaged_generator())
            classifier = None
            if rate > 0.0 or focus > 0.0:
                width, num_classes = self.batches.layout.width, len(self.classes)
                classifier = RowClassifier(
                    feature_dim=width, num_classes=num_classes, random_state=self.classifier_seed
                ).to(trainer.device)
                train_classifier(classifier, self.batches)
        return RowModel(generator, self.encoder, self.classes, self.counts, classifier, rate, focus)

    def state_dict(self) -> dict[str, Any]:
        """Return the state of the training between two epochs, on the CPU."""
        on_cpu: dict[str, Any] = _on_cpu({"trainer": self.trainer.state_dict(), "source": self.batches.state_dict()})
        return on_cpu

    def load_state_dict(self, state: Mapping[str, Any]) -> None:
        """Continue from a state that `state_dict` has returned.

        Raises
        ------
        CheckpointError
            If the state is of another training. It is checked in full before anything is changed.
        """
        trainer, expected = convert_state(state.get("trainer"), dict[str, Any]), self.state_dict()
        convert_state(trainer.get("history"), Records)
        check_same_form(
            {"trainer": {**trainer, "history": None}, "source": state.get("source")},
            {"trainer": {**expected["trainer"], "history": None}, "source": expected["source"]},
            "training",
        )
        self.trainer.load_state_dict(trainer)
        # torch refuses bytes that are not the state of a random generator.
        refusing(self.batches.load_state_dict)(state["source"])


def prepare(
    settings: FitSettings,
    cells: Sequence[Cells],
    labels: NDArray[Any],
    device: torch.device,
    seeds: np.random.SeedSequence,
    callbacks: Sequence[Callback] = (),
    encoder: TableEncoder | None = None,
) -> Preparation:
    """Encode a table, and build the networks and everything else that training needs.

    Parameters
    ----------
    settings : FitSettings
        The hyper-parameters.
    cells : sequence of NumericCells or CategoricalCells
        The columns of the table, each of length n.
    labels : ndarray of shape (n,)
        The class of each row.
    device : torch.device
        Where to train.
    seeds : numpy.random.SeedSequence
        Source of a seed for each part.
    callbacks : sequence of Callback, default=()
        Hooks of the trainer.
    encoder : TableEncoder or None, default=None
        A fitted encoder to use. None fits a new one.

    Returns
    -------
    Preparation
        Equal arguments and an unused `seeds` give an equal result.
    """
    classes, class_indices, counts = np.unique(labels, return_inverse=True, return_counts=True)
    encoder = TableEncoder().fit(cells) if encoder is None else encoder
    batch_size = _batch_size(settings.batch_size, len(classes))
    # A huge class is represented by some of its rows. Nothing is drawn from `seeds` for smaller classes.
    draws_of_class = AUTO_UPDATES * settings.n_critic * batch_size // len(classes)
    limit = max(AUTO_ROWS_OF_CLASS, draws_of_class // AUTO_VISITS)
    if settings.epochs == "auto" and counts.max() > limit:
        kept = _some_of_each_class(class_indices, limit, np.random.default_rng(next_seed(seeds)))
        cells, class_indices = [each.take(kept) for each in cells], class_indices[kept]
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
        batches = ClassBalancedBatches(table, batch_size, rng, settings.borrowed_rows, settings.m_neighbors)
        trainer = _trainer(settings, batches, seeds, callbacks)
    n_epochs = epochs_of(settings, labels)
    return Preparation(settings, encoder, classes, counts, batches, trainer, next_seed(seeds), n_epochs)


def _some_of_each_class(class_indices: NDArray[np.integer], n: int, rng: np.random.Generator) -> NDArray[np.integer]:
    """Return the positions of at most `n` random rows of each class, in increasing order."""
    # Shuffle all rows, sort them by class without changing the order within a class, and keep the first n of each.
    shuffled = rng.permutation(len(class_indices))
    by_class = shuffled[np.argsort(class_indices[shuffled], kind="stable")]
    counts = np.bincount(class_indices)
    place_in_class = np.arange(len(by_class)) - np.repeat(counts.cumsum() - counts, counts)
    return np.sort(by_class[place_in_class < n])


def _trainer(
    settings: FitSettings, batches: ClassBalancedBatches, seeds: np.random.SeedSequence, callbacks: Sequence[Callback]
) -> GanTrainer:
    """Return a trainer with fresh networks."""
    sizes: dict[str, Any] = {
        "num_classes": batches.num_classes,
        "feature_dim": batches.layout.width,
        "hidden_dim": settings.hidden_dim,
        "num_layers": settings.num_layers,
    }
    generator = GanGenerator(
        **sizes,
        noise_dim=settings.noise_dim,
        dropout=settings.dropout,
        normalization=settings.normalization,
        skip_connections=settings.skip_connections,
        block_sizes=batches.layout.block_sizes,
        moments=class_moments(batches, settings.noise_dim) if settings.moment_start else None,
        random_state=next_seed(seeds),
    )
    critic = GanDiscriminator(**sizes, random_state=next_seed(seeds))
    feature_scale = None
    if settings.scaled_penalty:
        feature_scale = batches.rows.table.spread_within_classes().clamp_min(_MIN_FEATURE_SCALE)
    return GanTrainer(
        generator=generator,
        discriminator=critic,
        noise_dim=generator.noise_dim,
        num_classes=batches.num_classes,
        lambda_gp=settings.lambda_gp,
        n_critic=settings.n_critic,
        learning_rate=settings.learning_rate,
        critic_learning_rate=settings.critic_learning_rate,
        device=batches.device,
        random_state=next_seed(seeds),
        callbacks=callbacks,
        average_decay=settings.average_decay,
        feature_scale=feature_scale,
    )


def epochs_of(settings: FitSettings, labels: NDArray[Any]) -> int:
    """Return the number of whole epochs of a training.

    Parameters
    ----------
    settings : FitSettings
        The hyper-parameters. ``epochs="auto"`` stands for as many epochs as contain `AUTO_UPDATES` updates.
    labels : ndarray of shape (n,)
        The class of each row.

    Returns
    -------
    int
    """
    if settings.epochs != "auto":
        return settings.epochs
    batch_size = _batch_size(settings.batch_size, len(np.unique(labels)))
    return math.ceil(AUTO_UPDATES / math.ceil(len(labels) / batch_size))


def _on_cpu(value: Any) -> Any:
    if isinstance(value, torch.Tensor):
        return value.cpu()
    if isinstance(value, dict):
        return {key: _on_cpu(item) for key, item in value.items()}
    return [_on_cpu(item) for item in value] if isinstance(value, list) else value


def _batch_size(batch_size: int | Literal["auto"], num_classes: int) -> int:
    if batch_size != "auto":
        return batch_size
    return min(max(_AUTO_ROWS_PER_CLASS * num_classes, _AUTO_BATCH_SIZES[0]), _AUTO_BATCH_SIZES[1])
