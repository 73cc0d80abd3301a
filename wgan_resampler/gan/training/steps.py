"""One step of training: `n_critic` updates of the critic, then one of the generator.

A step takes the gradients of the losses from one of two places:

- For the networks of this package and the default loss, `wgan_resampler.gan.gradients` has them in closed form.
- For any other network, and for any other loss (``GanTrainer(loss=...)``, see `wgan_resampler.gan.losses`), autograd
  computes them.

The tests compare the two.

Differs from Gulrajani et al. (2017), Algorithm 1: the fake rows of all critic updates of a step are made at once. The
generator does not change between them, so the rows are the same. They differ only with batch normalization, because
its statistics then cover all these rows. The explicit step makes the rows of the generator's own update at the same
time.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import cast

import torch
from torch import Tensor, nn

from wgan_resampler.gan.gradients.critic import CriticPass
from wgan_resampler.gan.gradients.flat_optimizers import Adam
from wgan_resampler.gan.gradients.generator import GeneratorPass, knows_generator
from wgan_resampler.gan.losses import WGANGPLoss, gradient_norms, mix_rows
from wgan_resampler.gan.networks import GanDiscriminator, GanGenerator

N_SUMS = 5
"""Length of what `Step.take_sums` returns."""


@dataclass(frozen=True)
class Pair:
    """Two networks in training, and what changes their parameters.

    Parameters
    ----------
    generator, critic : torch.nn.Module
        The networks.
    generator_optimizer, critic_optimizer : Adam
        The optimizers of their flat parameters.
    feature_scale : torch.Tensor of shape (feature_dim,) or None
        Unit of each feature in the penalty; see `losses.gradient_norms`.
    loss : WGANGPLoss
        What both networks minimize.
    """

    generator: nn.Module
    critic: nn.Module
    generator_optimizer: Adam
    critic_optimizer: Adam
    feature_scale: Tensor | None
    loss: WGANGPLoss

    @property
    def critic_is_explicit(self) -> bool:
        """Whether the critic's gradient is known in closed form."""
        # A subclass may have changed any formula, so only the class itself counts.
        return type(self.loss) is WGANGPLoss and type(self.critic) is GanDiscriminator

    @property
    def is_explicit(self) -> bool:
        """Whether the gradients of both networks are known in closed form, so that autograd is not needed."""
        return self.critic_is_explicit and knows_generator(self.generator)


class Step:
    """Makes steps with `n_critic` batches of `n_rows` real rows each. It is run with gradients off.

    Buffers are made once, and must be made outside inference mode.

    Parameters
    ----------
    pair : Pair
        The networks.
    n_critic, n_rows : int
        Numbers of batches and of rows in each.
    explicit : bool
        Whether to use the explicit gradients of both networks; see `Pair.is_explicit`. Otherwise autograd computes the
        generator's gradient, and also the critic's, unless that is known (`Pair.critic_is_explicit`).
    """

    def __init__(self, pair: Pair, n_critic: int, n_rows: int, *, explicit: bool) -> None:
        self._pair = pair
        self._n_critic = n_critic
        self._critic_pass: CriticPass | None = None
        self._generator_pass: GeneratorPass | None = None
        critic = cast(GanDiscriminator, pair.critic)
        if pair.critic_is_explicit:
            self._critic_pass = CriticPass(critic, n_rows, pair.feature_scale, n_critic)
        if explicit:
            generator = cast(GanGenerator, pair.generator)
            self._generator_pass = GeneratorPass(generator, critic, noise_rows(n_critic, n_rows), max(n_rows, 2))
        device = pair.critic_optimizer.parameters.values.device
        self._sums = torch.zeros(N_SUMS, dtype=torch.float32, device=device)

    def run(self, features: Tensor, condition: Tensor, noise: Tensor, shares: Tensor, lambda_gp: float) -> None:
        """Make the critic updates, then the generator update.

        Parameters
        ----------
        features : torch.Tensor of shape (n_critic, n_rows, feature_dim)
            Real rows, encoded.
        condition : torch.Tensor of shape (n_critic, n_rows, num_classes)
            Their one-hot classes. The generator update uses those of the last batch.
        noise : torch.Tensor of shape (noise_rows(n_critic, n_rows), noise_dim)
            Standard normal numbers: first those for the critic updates, then those for the generator update.
        shares : torch.Tensor of shape (n_critic, n_rows, 1)
            Uniform numbers in [0, 1): the share of the real row in each mixed one.
        lambda_gp : float
            Weight of the gradient penalty.
        """
        for_critic, for_generator = _at_least_two(condition.flatten(0, 1)), _at_least_two(condition[-1])
        if self._generator_pass is None:
            rows = self._pair.generator(noise[: len(for_critic)], for_critic)
        else:
            self._generator_pass.load(noise, torch.cat((for_critic, for_generator)))
            rows = self._generator_pass.rows()
        fakes = rows[: shares.numel()].view(features.shape)  # leaves out the second fake row, if any
        self._update_critic(features, fakes, mix_rows(features, fakes, shares), condition, lambda_gp)
        if self._generator_pass is None:
            self._update_generator_by_autograd(noise[len(for_critic) :], for_generator)
        else:
            self._generator_pass.gradients(rows[-len(for_generator) :], for_generator)
            self._pair.generator_optimizer.step()

    def _update_critic(self, real: Tensor, fake: Tensor, mixed: Tensor, condition: Tensor, lambda_gp: float) -> None:
        if self._critic_pass is None:
            for batch in zip(real, fake, mixed, condition, strict=True):
                self._update_critic_by_autograd(*batch, lambda_gp)
            return
        self._critic_pass.load(real, fake, mixed, condition)
        for i in range(len(real)):
            self._critic_pass.gradients(lambda_gp, i)
            self._pair.critic_optimizer.step()

    def _update_critic_by_autograd(
        self, real: Tensor, fake: Tensor, mixed: Tensor, condition: Tensor, lambda_gp: float
    ) -> None:
        critic, loss, optimizer = self._pair.critic, self._pair.loss, self._pair.critic_optimizer
        _clear_gradient(optimizer)
        with torch.enable_grad():
            real_score, fake_score = critic(real, condition), critic(fake, condition)
            penalty = loss.penalty(gradient_norms(critic, mixed, condition, self._pair.feature_scale))
            critic_loss = loss.critic_loss(real_score, fake_score, penalty, lambda_gp)
            critic_loss.backward()  # type: ignore[no-untyped-call]
        self._sums[:4] += torch.stack((real_score.mean(), fake_score.mean(), penalty, critic_loss)).detach()
        optimizer.step()

    def _update_generator_by_autograd(self, noise: Tensor, condition: Tensor) -> None:
        optimizer = self._pair.generator_optimizer
        _clear_gradient(optimizer)
        with torch.enable_grad():
            scores = self._pair.critic(self._pair.generator(noise, condition), condition)
            generator_loss = self._pair.loss.generator_loss(scores)
            generator_loss.backward()  # type: ignore[no-untyped-call]
        self._sums[4] += generator_loss.detach()
        optimizer.step()

    def sum_up(self) -> None:
        """Add up what the critic updates have kept, so that the next run finds the same empty buffers."""
        if self._critic_pass is not None:
            self._critic_pass.sum_up()

    def count_replay(self) -> None:
        """Count a run of which a CUDA graph has made the operations."""
        if self._critic_pass is not None and self._generator_pass is not None:
            self._critic_pass.n_summed += self._n_critic
            self._generator_pass.score_pass.n_summed += 1

    def take_sums(self) -> Tensor:
        """Return sums over the updates since the last call.

        Returns
        -------
        torch.Tensor of shape (N_SUMS,)
            Mean real score, mean fake score, gradient penalty and critic loss, summed over the critic updates, and the
            generator loss, summed over the generator updates. The critic loss is 0 where the critic's gradient is known
            in closed form: there it follows from the first three.
        """
        sums = self._sums.clone()
        self._sums.zero_()
        if self._critic_pass is not None:
            sums[:3] += self._critic_pass.take_sums()
        if self._generator_pass is not None:
            sums[4] -= self._generator_pass.score_pass.take_sum()
        return sums


def noise_rows(n_critic: int, n_rows: int) -> int:
    """Return the number of rows that a step makes: those for the critic, then those for the generator's update."""
    return max(n_critic * n_rows, 2) + max(n_rows, 2)


def _at_least_two(condition: Tensor) -> Tensor:
    # Batch normalization cannot train on a single row: make a second fake row of the same class.
    return condition if len(condition) > 1 else condition.repeat(2, 1)


def _clear_gradient(optimizer: Adam) -> None:
    # The generator's loss leaves a gradient in the critic too, and a network may set its gradients to None.
    optimizer.parameters.bind()
    optimizer.parameters.gradient.zero_()
