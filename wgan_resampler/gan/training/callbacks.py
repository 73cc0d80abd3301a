"""Callbacks of the package: progress bar, checkpoints, early stopping."""

from __future__ import annotations

import math
import os
import re
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from wgan_resampler.exceptions import InvalidParameterError
from wgan_resampler.gan.parameter_checks import check_not_negative, check_sizes
from wgan_resampler.gan.training.trainer import Callback, GanTrainer
from wgan_resampler.utils import progress_bar
from wgan_resampler.utils.storage import save_state

_SHOWN_LOSSES = ("critic_loss", "generator_loss", "wasserstein_estimate")


class ProgressBar(Callback):
    """A tqdm bar that counts generator updates and shows the present losses.

    If stderr is not a terminal, a line is written for each 10 % of the updates.

    Parameters
    ----------
    description : str, default="WGAN-GP"
        Words in front of the bar.

    Examples
    --------
    >>> from wgan_resampler import GanTrainer, ProgressBar  # doctest: +SKIP
    >>> GanTrainer(..., callbacks=[ProgressBar()])  # doctest: +SKIP
    """

    def __init__(self, description: str = "WGAN-GP") -> None:
        self.description = description
        self._bar: Any = None
        self._shown: dict[str, float] | None = None

    def on_train_begin(self, trainer: GanTrainer) -> None:
        """Open the bar."""
        self._bar = progress_bar(
            desc=self.description, total=trainer.total_updates, initial=trainer.n_updates, unit="update"
        )

    def on_update_end(self, trainer: GanTrainer) -> None:
        """Advance the bar by one update. Tqdm limits how often it is drawn."""
        if self._bar is not None:
            self._bar.update(1)
            self._show_losses(self._bar, trainer)

    def on_train_end(self, trainer: GanTrainer) -> None:
        """Close the bar."""
        if self._bar is not None:
            self._show_losses(self._bar, trainer)
            self._bar.close()
            self._bar = None

    def _show_losses(self, bar: Any, trainer: GanTrainer) -> None:
        if trainer.progress is not None and trainer.progress is not self._shown:
            self._shown = trainer.progress
            bar.set_postfix({key: f"{self._shown[key]:.3g}" for key in _SHOWN_LOSSES}, refresh=False)


class Checkpoint(Callback):
    """Writes the state of training to files. Training can continue from such a file with the same result, bit for bit.

    ``checkpoint_epoch_N.pth`` is written after epoch N, for every N that `every` divides, and after the last epoch.
    When an error, Ctrl-C or SIGTERM ends training, the state after the last complete epoch is written. A file is never
    incomplete. If a file cannot be written, training ends with an error.

    Parameters
    ----------
    folder : str or os.PathLike
        Folder of the files; it is created if it is missing.
    every : int, default=1
        Epochs between files.
    about : mapping or None, default=None
        Plain values that are stored beside the state.
    keep : int or None, default=None
        Number of newest files to keep. Older ones are removed after a new one has been written. None keeps all.

    Attributes
    ----------
    newest : pathlib.Path or None
        The last file written.

    See Also
    --------
    wgan_resampler.utils.storage.state_file.newest_good : Finds the newest complete file.
    GanTrainer.load_state_dict : Continues from ``state["trainer"]``.

    Notes
    -----
    The state of a torch ``DataLoader`` is not stored. If the loader shuffles, give it a random generator and store the
    state of this generator too. Otherwise the run cannot be repeated bit for bit.

    Examples
    --------
    >>> import tempfile
    >>> import torch
    >>> from wgan_resampler import Checkpoint, GanDiscriminator, GanGenerator, GanTrainer
    >>> from wgan_resampler.utils.storage.state_file import newest_good
    >>> batches = [(torch.rand(16, 4), torch.arange(16) % 2)]
    >>> def new_trainer(callbacks=()):
    ...     return GanTrainer(
    ...         generator=GanGenerator(num_classes=2, feature_dim=4, noise_dim=8, hidden_dim=16, random_state=0),
    ...         discriminator=GanDiscriminator(feature_dim=4, num_classes=2, hidden_dim=16, random_state=1),
    ...         noise_dim=8, num_classes=2, device="cpu", random_state=2, callbacks=callbacks,
    ...     )
    >>> with tempfile.TemporaryDirectory() as folder:
    ...     history = new_trainer([Checkpoint(folder, every=2)]).train(batches, epochs=5)
    ...     found = newest_good(folder)
    >>> trainer = new_trainer()
    >>> trainer.load_state_dict(found.state["trainer"])
    >>> found.path.name, trainer.epoch
    ('checkpoint_epoch_5.pth', 5)
    """

    def __init__(
        self,
        folder: str | os.PathLike[str],
        every: int = 1,
        about: Mapping[str, Any] | None = None,
        keep: int | None = None,
    ) -> None:
        check_sizes(every=every, **({} if keep is None else {"keep": keep}))
        self.folder = folder
        self.every = every
        self.about = about
        self.keep = keep
        self.newest: Path | None = None
        self._unsaved: dict[str, Any] | None = None

    def on_train_begin(self, trainer: GanTrainer) -> None:
        """Create the folder."""
        Path(self.folder).mkdir(parents=True, exist_ok=True)
        self._unsaved = None

    def on_epoch_end(self, trainer: GanTrainer) -> None:
        """Take the state, and write it after every N-th epoch."""
        # Taken after each epoch: if the next epoch fails, `on_train_end` writes this state.
        source = getattr(trainer.source, "state_dict", None)
        self._unsaved = {
            "trainer": trainer.state_dict(),
            "source": None if source is None else source(),
            "about": dict(self.about or {}),
        }
        if trainer.epoch % self.every == 0:
            self._save()

    def on_train_end(self, trainer: GanTrainer) -> None:
        """Write the state of the last complete epoch, unless it has been written."""
        self._save()

    def _save(self) -> None:
        if self._unsaved is None:
            return
        epoch: int = self._unsaved["trainer"]["epoch"]
        path = Path(self.folder) / f"checkpoint_epoch_{epoch}.pth"
        save_state(path, self._unsaved)
        self.newest, self._unsaved = path, None
        if self.keep is not None:
            # Files of later epochs are not counted. After a resumed training, these are the damaged files.
            epochs = sorted(number for number in _epochs_in(self.folder) if number <= epoch)
            for old in epochs[: -self.keep]:
                (Path(self.folder) / f"checkpoint_epoch_{old}.pth").unlink(missing_ok=True)


def _epochs_in(folder: str | os.PathLike[str]) -> list[int]:
    """Return the epochs of the checkpoints in a folder."""
    names = (re.fullmatch(r"checkpoint_epoch_(\d{1,18})\.pth", path.name) for path in Path(folder).iterdir())
    return [int(name[1]) for name in names if name is not None]


class EarlyStopping(Callback):
    """Stops training when a value of the history has not become smaller for some epochs.

    The default is the Wasserstein estimate, which shrinks while the generator catches up with the critic. The losses
    themselves may rise at the same time.

    Parameters
    ----------
    monitor : str, default="wasserstein_estimate"
        A key of the history's records.
    patience : int, default=10
        Training stops after this many epochs without a new lowest value.
    min_delta : float, default=0.0
        A new lowest value counts only if it is smaller than the old one by more than this number.

    Attributes
    ----------
    stopped_epoch : int or None
        The epoch after which training was stopped; None if it was not.

    Examples
    --------
    >>> from sklearn.datasets import make_classification
    >>> from wgan_resampler import EarlyStopping, WGANGPOverSampler
    >>> X, y = make_classification(weights=[0.8], random_state=0)
    >>> stopping = EarlyStopping(patience=5)
    >>> sampler = WGANGPOverSampler(callbacks=[stopping], epochs=100, device="cpu", random_state=0)
    >>> X_resampled, y_resampled = sampler.fit_resample(X, y)
    >>> len(sampler.history_) == (stopping.stopped_epoch or 100)
    True
    """

    def __init__(self, monitor: str = "wasserstein_estimate", patience: int = 10, min_delta: float = 0.0) -> None:
        check_sizes(patience=patience)
        check_not_negative(min_delta=min_delta)
        self.monitor = monitor
        self.patience = patience
        self.min_delta = min_delta
        self.stopped_epoch: int | None = None
        self._least = math.inf
        self._waited = 0

    def on_train_begin(self, trainer: GanTrainer) -> None:
        """Start to count from 0 again."""
        self._least, self._waited, self.stopped_epoch = math.inf, 0, None

    def on_epoch_end(self, trainer: GanTrainer) -> None:
        """Compare the last record with the lowest value so far."""
        record = trainer.history[-1]
        if self.monitor not in record:
            raise InvalidParameterError(
                f"monitor={self.monitor!r} is not a key of the history. Keys: {', '.join(map(repr, record))}."
            )
        if record[self.monitor] < self._least - self.min_delta:
            self._least, self._waited = record[self.monitor], 0
            return
        self._waited += 1
        if self._waited >= self.patience:
            self.stopped_epoch = trainer.epoch
            trainer.stop()
