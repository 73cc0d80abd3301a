"""One step of training: the critic's updates and the generator's, with explicit gradients or by autograd.

Differs from Gulrajani et al. (2017), Algorithm 1: the generator stands still during the critic updates, so their fake
rows are made in one go. With batch normalisation, its statistics then span all of them. The explicit step makes the
rows for the generator's own update with them.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Protocol, cast

import torch
from torch import Tensor, nn

from wgan_resampler.gan.gradients import CriticPass, ForwardPass, GeneratorPass, knows_critic, knows_generator
from wgan_resampler.gan.losses import critic_loss, generator_loss, gradient_penalty, mix_rows
from wgan_resampler.gan.networks import GanDiscriminator, GanGenerator
from wgan_resampler.gan.training.flat_optimizers import Adam


@dataclass(frozen=True)
class Pair:
    """Two networks in training, and what moves their parameters.

    Parameters
    ----------
    generator, critic : torch.nn.Module
        The networks.
    generator_optimizer, critic_optimizer : Adam
        On their flat parameters.
    feature_scale : torch.Tensor of shape (feature_dim,) or None
        Unit of each feature in the penalty; see `losses.gradient_penalty`.
    """

    generator: nn.Module
    critic: nn.Module
    generator_optimizer: Adam
    critic_optimizer: Adam
    feature_scale: Tensor | None

    @property
    def is_explicit(self) -> bool:
        """Whether the explicit gradients hold for both networks, so that autograd is not needed."""
        return knows_critic(self.critic) and knows_generator(self.generator)


class Step(Protocol):
    """Makes steps with `n_critic` batches of `n_rows` real rows each; to be run with gradients off."""

    def run(self, features: Tensor, condition: Tensor, noise: Tensor, shares: Tensor, lambda_gp: float) -> None:
        """Make the critic updates, then the generator update.

        Parameters
        ----------
        features : torch.Tensor of shape (n_critic, n_rows, feature_dim)
            Real rows, encoded.
        condition : torch.Tensor of shape (n_critic, n_rows, num_classes)
            Their one-hot classes. The rows of the last batch also give those of the generator update.
        noise : torch.Tensor of shape (noise_rows(n_critic, n_rows), noise_dim)
            Standard normal numbers.
        shares : torch.Tensor of shape (n_critic, n_rows, 1)
            Uniform numbers in [0, 1), the share of the real row in each mixed one.
        lambda_gp : float
            Weight of the gradient penalty.
        """
        ...

    def take_sums(self) -> Tensor:
        """Return sums over updates, and start anew: of mean real score, mean fake score, penalty; of mean score.

        Returns
        -------
        torch.Tensor of shape (4,)
            The last one over generator updates, the others over critic updates.
        """
        ...


def new_step(pair: Pair, n_critic: int, n_rows: int, *, explicit: bool) -> Step:
    """Return what makes steps of this size, with explicit gradients or by autograd; see `Pair.is_explicit`."""
    return (_ExplicitStep if explicit else _AutogradStep)(pair, n_critic, n_rows)


def noise_rows(n_critic: int, n_rows: int) -> int:
    """Return the number of rows that a step makes: those for the critic, then those for the generator's update."""
    return max(n_critic * n_rows, 2) + max(n_rows, 2)


def _conditions(condition: Tensor) -> tuple[Tensor, Tensor]:
    """Return the classes of the rows for the critic, and of those for the generator's update."""
    return _at_least_two(condition.flatten(0, 1)), _at_least_two(condition[-1])


def _at_least_two(condition: Tensor) -> Tensor:
    # Batch normalisation cannot train on a single row: make a second fake row of the same class.
    return condition if len(condition) > 1 else condition.repeat(2, 1)


def _update_critic_explicitly(
    critic_pass: CriticPass,
    optimizer: Adam,
    features: Tensor,
    fakes: Tensor,
    mixed: Tensor,
    condition: Tensor,
    lambda_gp: float,
) -> None:
    """Make all critic updates of a step with explicit gradients."""
    critic_pass.load(features, fakes, mixed, condition)
    for i in range(len(features)):
        critic_pass.gradients(lambda_gp, i)
        optimizer.step()


class _ExplicitStep:
    """A step with explicit gradients; buffers are made once, and outside inference mode."""

    def __init__(self, pair: Pair, n_critic: int, n_rows: int) -> None:
        generator, critic = cast(GanGenerator, pair.generator), cast(GanDiscriminator, pair.critic)
        self._pair = pair
        self._forward_pass = ForwardPass(generator, noise_rows(n_critic, n_rows))
        self._critic_pass = CriticPass(critic, n_rows, pair.feature_scale, n_critic)
        self._generator_pass = GeneratorPass(generator, critic, self._forward_pass, max(n_rows, 2))

    def run(self, features: Tensor, condition: Tensor, noise: Tensor, shares: Tensor, lambda_gp: float) -> None:
        for_critic, for_generator = _conditions(condition)
        self._forward_pass.load(noise, torch.cat((for_critic, for_generator)))
        rows = self._forward_pass.rows()
        fakes = rows[: shares.numel()].view(features.shape)
        mixed = mix_rows(features, fakes, shares)
        optimizer = self._pair.critic_optimizer
        _update_critic_explicitly(self._critic_pass, optimizer, features, fakes, mixed, condition, lambda_gp)
        self._generator_pass.gradients(rows[-len(for_generator) :], for_generator)
        self._pair.generator_optimizer.step()

    def take_sums(self) -> Tensor:
        return torch.cat((self._critic_pass.take_sums(), self._generator_pass.take_sum().unsqueeze(0)))


class _AutogradStep:
    """A step by autograd, but for the gradient of a critic that is known."""

    def __init__(self, pair: Pair, n_critic: int, n_rows: int) -> None:
        self._pair = pair
        self._critic_pass = None
        if knows_critic(pair.critic):
            self._critic_pass = CriticPass(cast(GanDiscriminator, pair.critic), n_rows, pair.feature_scale, n_critic)
        self._sums = torch.zeros(4, dtype=torch.float32, device=pair.critic_optimizer.parameters.values.device)

    def run(self, features: Tensor, condition: Tensor, noise: Tensor, shares: Tensor, lambda_gp: float) -> None:
        for_critic, for_generator = _conditions(condition)
        fakes = self._pair.generator(noise[: len(for_critic)], for_critic)[: shares.numel()].view(features.shape)
        mixed = mix_rows(features, fakes, shares)
        if self._critic_pass is None:
            for batch in zip(features, fakes, mixed, condition, strict=True):
                self._update_critic(*batch, lambda_gp)
        else:
            optimizer = self._pair.critic_optimizer
            _update_critic_explicitly(self._critic_pass, optimizer, features, fakes, mixed, condition, lambda_gp)
        self._update_generator(noise[len(for_critic) :], for_generator)

    def _update_critic(self, real: Tensor, fake: Tensor, mixed: Tensor, condition: Tensor, lambda_gp: float) -> None:
        critic, optimizer = self._pair.critic, self._pair.critic_optimizer
        optimizer.parameters.bind()
        optimizer.parameters.gradient.zero_()
        with torch.enable_grad():
            real_score, fake_score = critic(real, condition), critic(fake, condition)
            penalty = gradient_penalty(critic, mixed, condition, self._pair.feature_scale)
            critic_loss(real_score, fake_score, penalty, lambda_gp).backward()  # type: ignore[no-untyped-call]
        self._sums[:3] += torch.stack((real_score.mean(), fake_score.mean(), penalty)).detach()
        optimizer.step()

    def _update_generator(self, noise: Tensor, condition: Tensor) -> None:
        optimizer = self._pair.generator_optimizer
        optimizer.parameters.bind()
        optimizer.parameters.gradient.zero_()
        with torch.enable_grad():
            scores = self._pair.critic(self._pair.generator(noise, condition), condition)
            generator_loss(scores).backward()  # type: ignore[no-untyped-call]
        self._sums[3] += scores.detach().mean()
        optimizer.step()

    def take_sums(self) -> Tensor:
        sums = self._sums.clone()
        self._sums.zero_()
        if self._critic_pass is not None:
            sums[:3] += self._critic_pass.take_sums()
        return sums
