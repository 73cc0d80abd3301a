"""The training loop of the conditional WGAN-GP."""

from __future__ import annotations

import contextlib
import copy
import itertools
import time
import warnings
from collections.abc import Iterable, Mapping, Sequence
from typing import TYPE_CHECKING, Any

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
from wgan_resampler.gan.networks import SeededDropout
from wgan_resampler.gan.parameter_checks import check_hooks, check_networks, check_numbers, check_sizes
from wgan_resampler.gan.rows.batches import BatchSource, ClassBalancedBatches, LoaderBatches
from wgan_resampler.gan.training.flat_optimizers import Adam, FlatParameters, MovingAverage
from wgan_resampler.gan.training.history import TrainingHistory
from wgan_resampler.gan.training.steps import Pair, Step, new_step, noise_rows
from wgan_resampler.utils import computing, new_generator, resolve_device

if TYPE_CHECKING:
    from wgan_resampler.gan.training.callbacks import Callback

_UPDATES_BETWEEN_CHECKS = 50
"""How many updates may pass before the losses are looked at; each look makes a GPU wait for the host."""


_MAX_STEPS = 2
"""Batch sizes for which buffers are kept: that of the batches, and that of a shorter last one."""


class GanTrainer:
    """Trains a generator against a critic: conditional WGAN-GP, Algorithm 1 of Gulrajani et al. 2017 [1]_.

    Parameters
    ----------
    generator : GanGenerator or torch.nn.Module
        Called as ``generator(noise, condition)``; gives rows of shape (n, feature_dim). It is trained in place.
    discriminator : GanDiscriminator or torch.nn.Module
        The critic, called as ``critic(features, condition)``; gives scores of shape (n, 1). It is trained in place.
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
        Where to train. ``"auto"`` takes CUDA where there is one. Both networks are moved there.
    random_state : int or None, default=None
        Seed of the noise, the mixing and the dropout. None takes one from the operating system. torch's global
        generator is left alone, unless a network of your own draws from it.
    callbacks : sequence of Callback or None, default=None
        Objects whose hooks are called with this trainer.
    betas : tuple of two floats, default=(0.5, 0.9)
        Decay rates of Adam's moments.
    average_decay : float or None, default=None
        If given, a moving average of the generator's weights is kept with this decay; see
        :meth:`averaged_generator`.
    feature_scale : torch.Tensor of shape (feature_dim,) or None, default=None
        The unit in which the gradient penalty measures changes of each feature, for example its spread within a class:
        the critic's score may then change by 1 per such unit. None takes 1 for all, as the paper does.
    critic_learning_rate : float or None, default=None
        Step size of Adam for the critic, if it is not that of the generator. A faster critic follows the generator
        more closely in few updates (two time-scale update rule, Heusel et al. 2017, arXiv:1706.08500).

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
        Generator updates that the present call of :meth:`train` will have made at its end, where that is known.
    progress : dict or None
        Means over the present epoch so far, with the keys of a record; renewed every 50 updates. None before.
    source : object or None
        Where the real rows of the present call of :meth:`train` come from.
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
    ) -> None:
        check_sizes(noise_dim=noise_dim, num_classes=num_classes, n_critic=n_critic)
        check_networks(generator, discriminator, noise_dim, num_classes, feature_scale)
        check_numbers(
            positive={"learning_rate": learning_rate, "critic_learning_rate": critic_learning_rate},
            not_negative={"lambda_gp": lambda_gp},
            shares={"average_decay": average_decay, "betas[0]": betas[0], "betas[1]": betas[1]},
        )
        check_hooks(callbacks or ())
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
        # What is made in inference mode could not be trained outside it.
        with torch.inference_mode(False), torch.no_grad():
            self._generator_parameters = FlatParameters(self.generator)
            self._critic_parameters = FlatParameters(self.critic)
            self._generator_optimizer = Adam(self._generator_parameters, learning_rate, betas)
            # Differs from Gulrajani et al. (2017), if asked for: a rate of its own for the critic.
            critic_rate = learning_rate if critic_learning_rate is None else critic_learning_rate
            self._critic_optimizer = Adam(self._critic_parameters, critic_rate, betas)
            self._average = (
                None
                if average_decay is None
                else MovingAverage(self.generator, self._generator_parameters, average_decay)
            )
            scale = None if feature_scale is None else feature_scale.to(self.device, torch.float32)
            self._pair = Pair(self.generator, self.critic, self._generator_optimizer, self._critic_optimizer, scale)
            self._totals = torch.zeros(4, dtype=torch.float32, device=self.device)
        self._steps: dict[tuple[int, int], Step] = {}
        self._is_explicit = False
        self._stopped = False
        self._first_update = 0

    def stop(self) -> None:
        """End training after the present update, and with it the present epoch; for use in callbacks."""
        self._stopped = True

    def train(
        self, loader: Iterable[Any] | ClassBalancedBatches, epochs: int = 100, *, max_updates: int | None = None
    ) -> TrainingHistory:
        """Train both networks. A further call goes on where the last one ended.

        Parameters
        ----------
        loader : iterable of (features, labels)
            Batches of encoded rows, shape (n, feature_dim), and class indices, shape (n,): a torch ``DataLoader``, a
            list, anything that can be iterated once per epoch. Each batch serves `n_critic` critic updates and one
            generator update. (The sampler's own source draws fresh rows for each critic update instead.)
        epochs : int, default=100
            Passes over `loader`.
        max_updates : int or None, default=None
            If given, training ends after this many generator updates, even inside an epoch.

        Returns
        -------
        TrainingHistory
            One record per epoch begun, of this and of earlier calls.

        Raises
        ------
        TrainingDivergedError
            If a loss is no longer finite.
        InvalidDataError
            If `loader` yields nothing, or batches that do not fit the networks.

        Warns
        -----
        TrainingStoppedEarlyWarning
            If `loader` yields nothing after the first epoch, as a generator does.
        """
        check_sizes(epochs=epochs)
        if max_updates is not None:
            check_sizes(max_updates=max_updates)
        source = self.source = self._source(loader)
        last_update = None if max_updates is None else self.n_updates + max_updates
        self.total_updates = _expected_updates(self.n_updates, source, epochs, last_update)
        self._stopped = False
        self._first_update = self.n_updates
        self._set_mode(training=True)
        with computing(self.device):
            try:
                self._notify("on_train_begin")
                self._bind()
                self._steps.clear()  # they hold the generator's moments as they were
                for _ in range(epochs):
                    if self._stopped or (last_update is not None and self.n_updates >= last_update):
                        break
                    if not self._train_epoch(source, last_update):
                        break
                self._check_weights()
            finally:
                self._set_mode(training=False)
                self._notify("on_train_end")
        return self.history

    def state_dict(self) -> dict[str, Any]:
        """Return all that the rest of the training depends on, apart from the data: call it between epochs.

        Returns
        -------
        dict
            Tensors and plain values: networks, optimisers, moving average, random state, epoch, history. It shares no
            memory with the trainer.

        See Also
        --------
        load_state_dict : Goes on from there.
        wgan_resampler.Checkpoint : Writes it to files.
        """
        state = {
            "generator": dict(self.generator.state_dict()),
            "critic": dict(self.critic.state_dict()),
            "generator_optimizer": self._generator_optimizer.state_dict(),
            "critic_optimizer": self._critic_optimizer.state_dict(),
            "average": None if self._average is None else self._average.state_dict(),
            "rng": self.rng.get_state(),
            "epoch": self.epoch,
            "n_updates": self.n_updates,
            "history": self.history.to_records(),
        }
        return copy.deepcopy(state)

    def load_state_dict(self, state: Mapping[str, Any]) -> None:
        """Go on from where another trainer was, made with the same parameters and networks of the same sizes.

        Parameters
        ----------
        state : mapping
            What :meth:`state_dict` returned.

        Raises
        ------
        CheckpointError
            If the state is of another kind of trainer.
        """
        if (state.get("average") is None) != (self._average is None):
            with_or_without = "without" if state.get("average") is None else "with"
            raise CheckpointError(f"The state is of a trainer {with_or_without} average_decay, and this is not.")
        try:
            with torch.inference_mode(False), torch.no_grad():
                self.generator.load_state_dict(state["generator"])
                self.critic.load_state_dict(state["critic"])
                self._bind()
                self._steps.clear()
                self._generator_optimizer.load_state_dict(state["generator_optimizer"])
                self._critic_optimizer.load_state_dict(state["critic_optimizer"])
                if self._average is not None:
                    self._average.load_state_dict(state["average"])
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
        if self._average is None:
            raise InvalidParameterError("No average was kept; make the trainer with average_decay, for example 0.999.")
        with computing(self.device):
            return self._average.averaged_copy(self.generator).eval()

    def _train_epoch(self, source: BatchSource, last_update: int | None) -> bool:
        """Run one epoch and record it; False if there was nothing to train on."""
        self.epoch += 1
        if self.callbacks:
            self._notify("on_epoch_begin")
            self._bind()
        start, first = time.perf_counter(), self.n_updates
        self._forget_sums()
        remaining = None if last_update is None else last_update - self.n_updates
        for features, condition in itertools.islice(source.epoch(self.n_critic), remaining):
            self._update(features, condition)
            self.n_updates += 1
            if (self.n_updates - first) % _UPDATES_BETWEEN_CHECKS == 0:
                self._check_finite()
                self.progress = self._record(self.n_updates - first, time.perf_counter() - start)
            self._notify("on_update_end")
            if self._stopped:
                break
        if self.n_updates == first:
            self.epoch -= 1
            self._report_empty()
            return False
        self._check_finite()
        self.progress = self._record(self.n_updates - first, time.perf_counter() - start)
        self.history.append(self.progress)
        self._notify("on_epoch_end")
        return True

    def _update(self, features: Tensor, condition: Tensor) -> None:
        """Make n_critic critic updates and one generator update."""
        n_critic, n_rows = features.shape[:2]
        step = self._step(n_critic, n_rows)
        with torch.inference_mode() if self._is_explicit else contextlib.nullcontext():  # where calls cost less
            noise = self._noise(noise_rows(n_critic, n_rows))
            shares = torch.rand((n_critic, n_rows, 1), generator=self.rng, dtype=features.dtype, device=self.device)
            step.run(features, condition, noise, shares, self.lambda_gp)
            if self._average is not None:
                self._average.update()

    def _step(self, n_critic: int, n_rows: int) -> Step:
        """Return what makes steps of this size; not in inference mode, as its buffers are also changed outside."""
        if (n_critic, n_rows) not in self._steps:
            if len(self._steps) == _MAX_STEPS:
                self._take_sums()
                del self._steps[next(iter(self._steps))]
            self._steps[n_critic, n_rows] = new_step(self._pair, n_critic, n_rows, explicit=self._is_explicit)
        return self._steps[n_critic, n_rows]

    def _take_sums(self) -> None:
        for step in self._steps.values():
            self._totals += step.take_sums()

    def _noise(self, n: int) -> Tensor:
        return torch.randn(n, self.noise_dim, generator=self.rng, dtype=torch.float32, device=self.device)

    def _record(self, n_updates: int, seconds: float) -> dict[str, float]:
        totals = self._totals.tolist()
        real, fake, penalty = (total / (n_updates * self.n_critic) for total in totals[:3])
        return {
            "epoch": self.epoch,
            "n_updates": self.n_updates,
            "critic_loss": fake - real + self.lambda_gp * penalty,
            "generator_loss": -totals[3] / n_updates,
            "gradient_penalty": penalty,
            "wasserstein_estimate": real - fake,
            "real_score": real,
            "fake_score": fake,
            "seconds": seconds,
        }

    def _check_finite(self) -> None:
        self._take_sums()
        if not bool(self._totals.isfinite().all()):
            raise TrainingDivergedError(
                f"A loss is no longer finite in epoch {self.epoch} (generator update {self.n_updates}). Use a smaller "
                f"learning_rate (now {self._generator_optimizer.learning_rate:g}), critic_learning_rate (now "
                f"{self._critic_optimizer.learning_rate:g}) or lambda_gp (now {self.lambda_gp:g}), and scale the "
                "features to [-1, 1] if you train without the sampler."
            )

    def _bind(self) -> None:
        """Undo what a caller or a hook may have done to the parameters' storage; see `FlatParameters.bind`."""
        changed = [self._critic_parameters.bind(), self._generator_parameters.bind()]
        changed.append(self._pair.is_explicit != self._is_explicit)
        if any(changed):
            self._steps.clear()
        self._is_explicit = self._pair.is_explicit

    def _forget_sums(self) -> None:
        # An epoch that an error ended leaves sums behind.
        self._take_sums()
        self._totals.zero_()

    def _report_empty(self) -> None:
        advice = "Pass a list or a DataLoader: a generator can be iterated only once."
        if self.n_updates == self._first_update:
            raise InvalidDataError(f"The loader yielded no batch. {advice}")
        warnings.warn(
            f"The loader yielded no batch in epoch {self.epoch + 1}, so training ends after {self.epoch} epoch(s). "
            f"{advice}",
            TrainingStoppedEarlyWarning,
            stacklevel=4,
        )

    def _check_weights(self) -> None:
        if not bool(self._generator_parameters.values.isfinite().all()):
            raise TrainingDivergedError(
                f"The generator's weights are no longer finite after epoch {self.epoch}. Use a smaller learning_rate."
            )

    def _source(self, loader: Iterable[Any] | ClassBalancedBatches) -> BatchSource:
        if isinstance(loader, ClassBalancedBatches):
            return loader
        feature_dim = getattr(self.critic, "feature_dim", None)
        return LoaderBatches(loader, feature_dim, self.num_classes, self.device)

    def _set_mode(self, *, training: bool) -> None:
        self.generator.train(training)
        self.critic.train(training)
        for module in self.generator.modules():
            if isinstance(module, SeededDropout):
                module.rng = self.rng if training else None

    def _notify(self, hook: str) -> None:
        for callback in self.callbacks:
            getattr(callback, hook)(self)


def _expected_updates(done: int, source: object, epochs: int, last_update: int | None) -> int | None:
    """Return the number of updates at the end of training, if the source knows its length."""
    try:
        by_epochs = done + epochs * len(source)  # type: ignore[arg-type]
    except TypeError:
        return last_update
    return by_epochs if last_update is None else min(by_epochs, last_update)
