"""The training loop of the conditional WGAN-GP, and the hooks into it."""

from __future__ import annotations

import contextlib
import copy
import itertools
import operator
import time
from collections.abc import Iterable, Iterator, Mapping, Sequence
from typing import Any

import torch
from torch import Tensor, nn

from wgan_resampler.exceptions import (
    CheckpointError,
    InvalidDataError,
    InvalidParameterError,
    TrainingDivergedError,
    TrainingStoppedEarlyWarning,
)
from wgan_resampler.gan.defaults import GAN_BETAS, GAN_LAMBDA_GP, GAN_LEARNING_RATE, GAN_N_CRITIC
from wgan_resampler.gan.losses import WGANGPLoss
from wgan_resampler.gan.networks import SeededDropout
from wgan_resampler.gan.parameter_checks import (
    check_networks,
    check_not_negative,
    check_positive,
    check_shares,
    check_sizes,
)
from wgan_resampler.gan.rows.batches import BatchSource, ClassBalancedBatches, LoaderBatches
from wgan_resampler.gan.training.history import TrainingHistory
from wgan_resampler.gan.training.updates import Updates
from wgan_resampler.utils import computing, new_generator, own_settings, resolve_device, warn_caller

_UPDATES_BETWEEN_CHECKS = 50
"""Updates between two checks that the losses are finite, on the CPU. With CUDA there is one check per epoch.

A check makes the host wait for the GPU, and afterwards the GPU waits for the host.
"""


class Callback:
    """Base class for objects that watch training, or stop it.

    Override the hooks that you need. Each hook receives the trainer. A hook may use ``trainer.history`` (its last
    record belongs to the epoch that has just ended), ``trainer.epoch``, ``trainer.n_updates``, ``trainer.generator``,
    ``trainer.critic``, and ``trainer.stop()``, which ends training after the present update.

    An error raised in a hook ends training. `on_train_end` of each callback is still called. If one of these calls
    fails too, the first error is raised, and the later errors are added to it as notes.

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
        """Run after each generator update. Keep it short: it is called thousands of times.

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
        """Run when training has ended, with or without an error.

        Parameters
        ----------
        trainer : GanTrainer
            The trainer.
        """


class GanTrainer:
    """Trains a generator against a critic: conditional WGAN-GP, Algorithm 1 of Gulrajani et al. 2017 [1]_.

    Parameters
    ----------
    generator : GanGenerator or torch.nn.Module
        Called as ``generator(noise, condition)``; returns rows of shape (n, feature_dim). It is trained in place.
    discriminator : GanDiscriminator or torch.nn.Module
        The critic, called as ``critic(features, condition)``; returns scores of shape (n, 1). It is trained in place.
    noise_dim : int
        Length of the noise vector.
    num_classes : int
        Length of the condition.
    lambda_gp : float, default=10.0
        Weight of the gradient penalty.
    n_critic : int, default=5
        Critic updates per generator update.
    learning_rate : float, default=5e-5
        Step size of Adam for both networks.
    device : {"auto", "cpu", "cuda", "cuda:N"} or torch.device, default="auto"
        Where to train. ``"auto"`` uses CUDA if it is available. Both networks are moved there.
    random_state : int or None, default=None
        Seed of the noise, of the mixed rows and of the dropout. None takes one from the operating system. torch's
        global generator is not used, unless a network of your own draws from it.
    callbacks : sequence of Callback or None, default=None
        Objects whose hooks are called during training; see :class:`Callback`.
    betas : tuple of two floats, default=(0.5, 0.9)
        Decay rates of Adam's moments.
    average_decay : float or None, default=None
        If given, a moving average of the generator's weights is kept with this decay; see
        :meth:`averaged_generator`.
    feature_scale : torch.Tensor of shape (feature_dim,) or None, default=None
        The unit in which the gradient penalty measures changes of each feature, for example its spread within a class.
        The critic's score may then change by 1 per unit. None takes 1 for all features, as the paper does.
    critic_learning_rate : float or None, default=None
        Step size of Adam for the critic; None takes `learning_rate`. A faster critic follows the generator more closely
        in few updates (two time-scale update rule, Heusel et al. 2017, arXiv:1706.08500).
    loss : WGANGPLoss or None, default=None
        The losses that the networks minimize: an object of a subclass of :class:`wgan_resampler.gan.WGANGPLoss`.
        Autograd computes its gradients. None takes the losses of WGAN-GP. Their gradients have a closed form, which is
        faster.

    Attributes
    ----------
    generator, critic : torch.nn.Module
        The networks.
    history : TrainingHistory
        One record per epoch.
    epoch : int
        The present epoch; 1 for the first.
    n_updates : int
        Generator updates so far.
    total_updates : int or None
        The value of `n_updates` at the end of the present call of :meth:`train`; None if it is not known.
    progress : dict or None
        Means over the present epoch so far, under the keys of a record. They are renewed every 50 updates; with CUDA,
        at the end of each epoch.
    source : object or None
        The source of the real rows in the present call of :meth:`train`.
    device : torch.device
        Where training runs.

    See Also
    --------
    WGANGPOverSampler : The over-sampler built on this trainer.

    References
    ----------
    .. [1] I. Gulrajani et al., "Improved Training of Wasserstein GANs", 2017, arXiv:1704.00028.

    Examples
    --------
    >>> import torch
    >>> from torch.utils.data import DataLoader, TensorDataset
    >>> from wgan_resampler import GanDiscriminator, GanGenerator, GanTrainer
    >>> features = torch.rand(64, 4) * 2 - 1
    >>> labels = torch.arange(64) % 2
    >>> trainer = GanTrainer(
    ...     generator=GanGenerator(num_classes=2, feature_dim=4, noise_dim=8, hidden_dim=16, random_state=0),
    ...     discriminator=GanDiscriminator(feature_dim=4, num_classes=2, hidden_dim=16, random_state=1),
    ...     noise_dim=8, num_classes=2, device="cpu", random_state=2,
    ... )
    >>> history = trainer.train(DataLoader(TensorDataset(features, labels), batch_size=32), epochs=3)
    >>> len(history), trainer.n_updates
    (3, 6)
    """

    def __init__(
        self,
        *,
        generator: nn.Module,
        discriminator: nn.Module,
        noise_dim: int,
        num_classes: int,
        lambda_gp: float = GAN_LAMBDA_GP,
        n_critic: int = GAN_N_CRITIC,
        learning_rate: float = GAN_LEARNING_RATE,
        device: str | torch.device = "auto",
        random_state: int | None = None,
        callbacks: Sequence[Callback] | None = None,
        betas: tuple[float, float] = GAN_BETAS,
        average_decay: float | None = None,
        feature_scale: Tensor | None = None,
        critic_learning_rate: float | None = None,
        loss: WGANGPLoss | None = None,
    ) -> None:
        loss = WGANGPLoss() if loss is None else loss
        critic_learning_rate = learning_rate if critic_learning_rate is None else critic_learning_rate
        check_sizes(noise_dim=noise_dim, num_classes=num_classes, n_critic=n_critic)
        check_networks(generator, discriminator, noise_dim, num_classes, feature_scale)
        check_positive(learning_rate=learning_rate, critic_learning_rate=critic_learning_rate)
        check_not_negative(lambda_gp=lambda_gp)
        check_shares(**{"betas[0]": betas[0], "betas[1]": betas[1]})
        if average_decay is not None:
            check_shares(average_decay=average_decay)
        _check_objects(callbacks or (), "callbacks must hold", Callback, "wgan_resampler.Callback")
        _check_objects([loss], "loss must be", WGANGPLoss, "wgan_resampler.gan.WGANGPLoss")
        self.device = resolve_device(device)
        self.generator = generator.to(self.device)
        self.critic = discriminator.to(self.device)
        self.noise_dim = noise_dim
        self.num_classes = num_classes
        self.lambda_gp = lambda_gp
        self.n_critic = n_critic
        self.callbacks = list(callbacks or ())
        self.history = TrainingHistory()
        self.epoch = 0
        self.n_updates = 0
        self.total_updates: int | None = None
        self.progress: dict[str, float] | None = None
        self.source: BatchSource | None = None
        self.rng = new_generator(random_state, self.device)
        # Differs from Gulrajani et al. (2017) if given: the critic has its own learning rate.
        rates = learning_rate, critic_learning_rate
        self._updates = Updates(self.generator, self.critic, loss, rates, betas, average_decay, feature_scale)
        self._stopped = False
        self._first_update = 0

    def stop(self) -> None:
        """End training after the present update, even inside an epoch. Callbacks can call this method."""
        self._stopped = True

    @own_settings
    def train(
        self, loader: Iterable[Any] | ClassBalancedBatches, epochs: int = 100, *, max_updates: int | None = None
    ) -> TrainingHistory:
        """Train both networks. A further call continues where the last one ended.

        Parameters
        ----------
        loader : iterable of (features, labels)
            Batches of encoded rows of shape (n, feature_dim) and of class indices of shape (n,). The loader can be a
            torch ``DataLoader``, a list, or any other object that can be iterated once per epoch. Each batch is used
            for `n_critic` critic updates and one generator update. The source of rows in `WGANGPOverSampler` is
            different: it draws new rows for each critic update.
        epochs : int, default=100
            Passes over `loader`.
        max_updates : int or None, default=None
            If given, training ends after this many generator updates, even inside an epoch.

        Returns
        -------
        TrainingHistory
            One record per epoch, also of earlier calls. An epoch that ended early counts.

        Raises
        ------
        TrainingDivergedError
            If a loss is no longer finite.
        InvalidDataError
            If `loader` yields nothing, or batches that do not fit the networks.

        Warns
        -----
        TrainingStoppedEarlyWarning
            If `loader` is empty after the first epoch, for example because it is a Python generator.
        """
        check_sizes(epochs=epochs, max_updates=1 if max_updates is None else max_updates)
        feature_dim = getattr(self.critic, "feature_dim", None)
        self.source = (
            loader
            if isinstance(loader, ClassBalancedBatches)
            else LoaderBatches(loader, feature_dim, self.num_classes, self.device)
        )
        last_update = None if max_updates is None else self.n_updates + max_updates
        length = operator.length_hint(self.source, -1)  # -1 if the source does not know
        by_epochs = None if length < 0 else self.n_updates + epochs * length
        self.total_updates = min((end for end in (by_epochs, last_update) if end is not None), default=None)
        self._stopped = False
        self._first_update = self.n_updates
        self._set_mode(training=True)
        with computing(self.device), self._ending():
            self._notify("on_train_begin")
            # After the hooks, which may have replaced weights or loaded moments.
            self._updates.bind(afresh=True)
            for _ in range(epochs):
                if self._stopped or self.n_updates == last_update:
                    break
                self._train_epoch(self.source, last_update)
            # The last update may have broken the generator after its losses were computed.
            if not bool(self._updates.pair.generator_optimizer.parameters.values.isfinite().all()):
                raise TrainingDivergedError(
                    f"The generator's weights are no longer finite after epoch {self.epoch}. Use a smaller "
                    "learning_rate."
                )
        return self.history

    def state_dict(self) -> dict[str, Any]:
        """Return the state of training, without the data. Call this method only between epochs.

        Returns
        -------
        dict
            Tensors and plain values: networks, optimizers, moving average, random state, epoch, history. It shares no
            memory with the trainer.

        See Also
        --------
        load_state_dict : Continues from there.
        wgan_resampler.Checkpoint : Writes it to files.
        """
        state = {
            **self._updates.state_dict(),
            "rng": self.rng.get_state(),
            "epoch": self.epoch,
            "n_updates": self.n_updates,
            "history": list(self.history),
        }
        return copy.deepcopy(state)  # the tensors and records above are live

    def load_state_dict(self, state: Mapping[str, Any]) -> None:
        """Continue from the state of a trainer with the same parameters and with networks of the same sizes.

        Parameters
        ----------
        state : mapping
            What :meth:`state_dict` returned.

        Raises
        ------
        CheckpointError
            If the state does not fit this trainer.
        """
        if (state.get("average") is None) != (self._updates.average is None):
            with_or_without = "without" if state.get("average") is None else "with"
            raise CheckpointError(f"The state is of a trainer {with_or_without} average_decay, unlike this trainer.")
        try:
            self._updates.load_state_dict(state)
            self.rng.set_state(state["rng"].cpu())
        except (AttributeError, KeyError, RuntimeError, TypeError, ValueError) as error:
            raise CheckpointError(f"The state does not fit this trainer: {error}") from error
        self.epoch, self.n_updates = int(state["epoch"]), int(state["n_updates"])
        self.history = TrainingHistory(state["history"])

    def averaged_generator(self) -> nn.Module:
        """Return a copy of the generator that holds the moving average of its weights.

        Returns
        -------
        torch.nn.Module
            In evaluation mode, on the training device.

        Raises
        ------
        InvalidParameterError
            If the trainer was made without `average_decay`.
        """
        if self._updates.average is None:
            raise InvalidParameterError("No average was kept; make the trainer with average_decay, for example 0.999.")
        with computing(self.device):
            return self._updates.average.averaged_copy(self.generator).eval()

    def _train_epoch(self, source: BatchSource, last_update: int | None) -> None:
        """Run one epoch and record it, or stop if there is nothing to train on."""
        self.epoch += 1
        if self.callbacks:
            self._notify("on_epoch_begin")
            self._updates.bind()
        start, first = time.perf_counter(), self.n_updates
        self._updates.forget_sums()
        # `max_updates` may end training inside an epoch.
        remaining = None if last_update is None else last_update - self.n_updates
        for features, condition in itertools.islice(source.epoch(self.n_critic), remaining):
            self._updates.run(features, condition, self.noise_dim, self.lambda_gp, self.rng)
            self.n_updates += 1
            if self.device.type == "cpu" and (self.n_updates - first) % _UPDATES_BETWEEN_CHECKS == 0:
                self.progress = self._record(self.n_updates - first, time.perf_counter() - start)
            self._notify("on_update_end")
            if self._stopped:
                break
        if self.n_updates == first:  # the source was empty, so this was no epoch
            self.epoch -= 1
            self._stop_empty()
            return
        self.progress = self._record(self.n_updates - first, time.perf_counter() - start)
        self.history.append(self.progress)
        self._notify("on_epoch_end")

    def _record(self, n_updates: int, seconds: float) -> dict[str, float]:
        """Return the record of the present epoch so far."""
        means = self._updates.means(n_updates, self.n_critic, self.lambda_gp)
        if means is None:
            pair = self._updates.pair
            raise TrainingDivergedError(
                f"A loss is no longer finite in epoch {self.epoch} (generator update {self.n_updates}). Use a smaller "
                f"learning_rate (now {pair.generator_optimizer.learning_rate:g}), critic_learning_rate (now "
                f"{pair.critic_optimizer.learning_rate:g}) or lambda_gp (now {self.lambda_gp:g}), and scale the "
                "features to [-1, 1] if you train without the sampler."
            )
        return {"epoch": self.epoch, "n_updates": self.n_updates, **means, "seconds": seconds}

    def _stop_empty(self) -> None:
        self.stop()
        advice = "Pass a list or a DataLoader: a generator can be iterated only once."
        if self.n_updates == self._first_update:
            raise InvalidDataError(f"The loader yielded no batch. {advice}")
        warn_caller(
            f"The loader yielded no batch in epoch {self.epoch + 1}, so training ends after {self.epoch} epoch(s). "
            f"{advice}",
            TrainingStoppedEarlyWarning,
        )

    def _set_mode(self, *, training: bool) -> None:
        self.generator.train(training)
        self.critic.train(training)
        # Dropout draws from the trainer's own generator, so that training repeats.
        for module in self.generator.modules():
            if isinstance(module, SeededDropout):
                module.rng = self.rng if training else None

    def _notify(self, hook: str) -> None:
        for callback in self.callbacks:
            getattr(callback, hook)(self)

    @contextlib.contextmanager
    def _ending(self) -> Iterator[None]:
        """Leave the networks in evaluation mode and call each `on_train_end`, whatever fails; raise the first error."""
        errors: list[BaseException] = []
        # BaseException, so that Ctrl-C ends training in the same way.
        try:
            yield
        except BaseException as error:
            errors.append(error)
        self._set_mode(training=False)
        for callback in self.callbacks:
            try:
                callback.on_train_end(self)
            except BaseException as error:
                errors.append(error)
        if errors:
            for later in errors[1:]:
                errors[0].add_note(f"After this error, on_train_end failed too: {later!r}")
            raise errors[0]


def _check_objects(objects: Iterable[object], where: str, kind: type, name: str) -> None:
    for each in objects:
        if not isinstance(each, kind):
            raise InvalidParameterError(f"{where} an object of {name} or of a subclass of it; got {each!r}.")
