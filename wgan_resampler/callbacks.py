"""Hooks into training, and the progress bar that is one of them."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from tqdm.auto import tqdm

if TYPE_CHECKING:
    from wgan_resampler.training import GanTrainer


_SHOWN_LOSSES = ("critic_loss", "generator_loss", "wasserstein_estimate")


class Callback:
    """Base class for objects that watch training, or stop it.

    Override the hooks that you need. Each gets the trainer: ``trainer.history`` (its last record is that of the epoch
    just ended), ``trainer.epoch``, ``trainer.n_updates``, ``trainer.generator``, ``trainer.critic``, and
    ``trainer.stop()``, which ends training after the present update. An error raised in a hook ends training at once.

    See Also
    --------
    GanTrainer : Calls the hooks.
    WGANGPOverSampler : Passes its ``callbacks`` on.

    Examples
    --------
    >>> from sklearn.datasets import make_classification
    >>> from wgan_resampler import Callback, WGANGPOverSampler
    >>> class StopAfter(Callback):
    ...     def __init__(self, n_epochs):
    ...         self.n_epochs = n_epochs
    ...     def on_epoch_end(self, trainer):
    ...         if trainer.epoch >= self.n_epochs:
    ...             trainer.stop()
    >>> X, y = make_classification(weights=[0.8], random_state=0)
    >>> sampler = WGANGPOverSampler(callbacks=[StopAfter(3)], device="cpu", random_state=0)
    >>> X_resampled, y_resampled = sampler.fit_resample(X, y)
    >>> len(sampler.history_)
    3
    """

    def on_train_begin(self, trainer: GanTrainer) -> None:
        """Run before the first update.

        Parameters
        ----------
        trainer : GanTrainer
            The trainer.
        """

    def on_epoch_begin(self, trainer: GanTrainer) -> None:
        """Run before each epoch.

        Parameters
        ----------
        trainer : GanTrainer
            The trainer.
        """

    def on_update_end(self, trainer: GanTrainer) -> None:
        """Run after each generator update. Keep it short: there are thousands.

        Parameters
        ----------
        trainer : GanTrainer
            The trainer.
        """

    def on_epoch_end(self, trainer: GanTrainer) -> None:
        """Run after each epoch, when its record is in the history.

        Parameters
        ----------
        trainer : GanTrainer
            The trainer.
        """

    def on_train_end(self, trainer: GanTrainer) -> None:
        """Run after the last update.

        Parameters
        ----------
        trainer : GanTrainer
            The trainer.
        """


class ProgressBar(Callback):
    """A tqdm bar that counts generator updates and shows the present losses.

    Parameters
    ----------
    description : str, default="WGAN-GP"
        Text in front of the bar.

    Examples
    --------
    >>> from wgan_resampler import GanTrainer, ProgressBar  # doctest: +SKIP
    >>> GanTrainer(..., callbacks=[ProgressBar()])  # doctest: +SKIP
    """

    def __init__(self, description: str = "WGAN-GP") -> None:
        self.description = description
        self._bar: tqdm[Any] | None = None
        self._shown: dict[str, float] | None = None

    def on_train_begin(self, trainer: GanTrainer) -> None:
        """Open the bar."""
        self._bar = tqdm(desc=self.description, total=trainer.total_updates, unit="update")

    def on_update_end(self, trainer: GanTrainer) -> None:
        """Move the bar by one update; tqdm itself limits how often it is drawn."""
        if self._bar is not None:
            self._bar.update(1)
            self._show_losses(self._bar, trainer)

    def on_train_end(self, trainer: GanTrainer) -> None:
        """Close the bar."""
        if self._bar is not None:
            self._show_losses(self._bar, trainer)
            self._bar.close()
            self._bar = None

    def _show_losses(self, bar: tqdm[Any], trainer: GanTrainer) -> None:
        if trainer.progress is not None and trainer.progress is not self._shown:
            self._shown = trainer.progress
            bar.set_postfix({key: f"{self._shown[key]:.3g}" for key in _SHOWN_LOSSES}, refresh=False)
