"""The updates of a whole training, and the sums that the history needs."""

from __future__ import annotations

import contextlib
import math
from collections.abc import Mapping
from typing import Any

import torch
from torch import Tensor, nn

from wgan_resampler.gan.gradients.flat_optimizers import Adam, FlatParameters, MovingAverage
from wgan_resampler.gan.losses import WGANGPLoss
from wgan_resampler.gan.training.cuda_graph import GraphedStep
from wgan_resampler.gan.training.steps import N_SUMS, Pair, Step, noise_rows

_MAX_STEPS = 2
"""Batch sizes for which buffers are kept: that of the batches, and that of a shorter last one."""


class Updates:
    """Updates two networks, keeps the moving average of the generator's weights, and sums up scores and losses.

    Parameters
    ----------
    generator, critic : torch.nn.Module
        The networks, on one device.
    loss : WGANGPLoss
        What they minimize.
    learning_rates : tuple of two floats
        Step sizes of Adam for the generator and for the critic.
    betas : tuple of two floats
        Decay rates of Adam's moments.
    average_decay : float or None
        Decay of the moving average; None keeps none.
    feature_scale : torch.Tensor of shape (feature_dim,) or None
        Unit of each feature in the penalty.

    Attributes
    ----------
    pair : Pair
        The networks and their optimizers.
    average : MovingAverage or None
        The moving average of the generator.
    """

    def __init__(
        self,
        generator: nn.Module,
        critic: nn.Module,
        loss: WGANGPLoss,
        learning_rates: tuple[float, float],
        betas: tuple[float, float],
        average_decay: float | None,
        feature_scale: Tensor | None,
    ) -> None:
        # Tensors that are made in inference mode could not be trained outside of it.
        with torch.inference_mode(False), torch.no_grad():
            of_generator = Adam(FlatParameters(generator), learning_rates[0], betas)
            of_critic = Adam(FlatParameters(critic), learning_rates[1], betas)
            parameters = of_generator.parameters
            self.average = None if average_decay is None else MovingAverage(generator, parameters, average_decay)
            device = parameters.values.device
            scale = None if feature_scale is None else feature_scale.to(device, torch.float32)
            self.pair = Pair(generator, critic, of_generator, of_critic, scale, loss)
            self._totals = torch.zeros(N_SUMS, dtype=torch.float32, device=device)
        self._steps: dict[tuple[int, int], Step | GraphedStep] = {}
        self._is_explicit = False

    def bind(self, *, afresh: bool = False) -> None:
        """Undo what a caller or a hook may have done to the parameters' storage; see `FlatParameters.bind`.

        `afresh` also forgets the buffers of the steps, which hold a copy of the generator's moments.
        """
        changed = [each.parameters.bind() for each in (self.pair.critic_optimizer, self.pair.generator_optimizer)]
        changed.append(
            self.pair.is_explicit != self._is_explicit
        )  # by a hook that has switched dropout on, for example
        if afresh or any(changed):
            self._steps.clear()
        self._is_explicit = self.pair.is_explicit

    def run(self, features: Tensor, condition: Tensor, noise_dim: int, lambda_gp: float, rng: torch.Generator) -> None:
        """Make as many critic updates as there are batches, and one generator update.

        Parameters
        ----------
        features : torch.Tensor of shape (n_critic, n_rows, feature_dim)
            Real rows, encoded.
        condition : torch.Tensor of shape (n_critic, n_rows, num_classes)
            Their one-hot classes.
        noise_dim : int
            Length of the noise vector.
        lambda_gp : float
            Weight of the gradient penalty.
        rng : torch.Generator
            The source of the noise and of the shares of mixed rows.
        """
        n_critic, n_rows = features.shape[:2]
        # Not in inference mode: the buffers are also changed outside it.
        step = self._step(n_critic, n_rows)
        # Calls cost less in inference mode.
        with torch.inference_mode() if self._is_explicit else contextlib.nullcontext():
            size = noise_rows(n_critic, n_rows), noise_dim
            noise = torch.randn(size, generator=rng, dtype=torch.float32, device=features.device)
            shares = torch.rand((n_critic, n_rows, 1), generator=rng, dtype=features.dtype, device=features.device)
            step.run(features, condition, noise, shares, lambda_gp)
            if self.average is not None:
                self.average.update()

    def _step(self, n_critic: int, n_rows: int) -> Step | GraphedStep:
        """Return the `Step` for this size."""
        if (n_critic, n_rows) not in self._steps:
            if len(self._steps) == _MAX_STEPS:
                self._take_sums()
                del self._steps[next(iter(self._steps))]
            step = Step(self.pair, n_critic, n_rows, explicit=self._is_explicit)
            in_graph = self._is_explicit and self._totals.device.type == "cuda"
            self._steps[n_critic, n_rows] = GraphedStep(step) if in_graph else step
        return self._steps[n_critic, n_rows]

    def _take_sums(self) -> None:
        for step in self._steps.values():
            self._totals += step.take_sums()

    def forget_sums(self) -> None:
        """Set the sums to 0."""
        # An epoch that an error ended leaves sums behind in the steps, too.
        self._take_sums()
        self._totals.zero_()

    def means(self, n_updates: int, n_critic: int, lambda_gp: float) -> dict[str, float] | None:
        """Return the means over the updates since `forget_sums`, as the history names them; None if one is not finite.

        Parameters
        ----------
        n_updates : int
            How many generator updates these were.
        n_critic : int
            Critic updates before each of them.
        lambda_gp : float
            Weight of the gradient penalty.

        Returns
        -------
        dict or None
        """
        self._take_sums()
        totals = self._totals.tolist()  # a GPU makes the host wait here, and nowhere else
        if not all(map(math.isfinite, totals)):
            return None
        *of_critic, generator_loss = totals
        real, fake, penalty, critic_loss = (total / (n_updates * n_critic) for total in of_critic)
        return {
            "critic_loss": fake - real + lambda_gp * penalty if self.pair.critic_is_explicit else critic_loss,
            "generator_loss": generator_loss / n_updates,
            "gradient_penalty": penalty,
            "wasserstein_estimate": real - fake,
            "real_score": real,
            "fake_score": fake,
        }

    def state_dict(self) -> dict[str, Any]:
        """Return networks, optimizers and moving average, to continue from later; the tensors are live."""
        return {
            "generator": dict(self.pair.generator.state_dict()),
            "critic": dict(self.pair.critic.state_dict()),
            "generator_optimizer": self.pair.generator_optimizer.state_dict(),
            "critic_optimizer": self.pair.critic_optimizer.state_dict(),
            "average": None if self.average is None else self.average.state_dict(),
        }

    def load_state_dict(self, state: Mapping[str, Any]) -> None:
        """Continue from what :meth:`state_dict` returned."""
        with torch.inference_mode(False), torch.no_grad():
            self.pair.generator.load_state_dict(state["generator"])
            self.pair.critic.load_state_dict(state["critic"])
            self.bind(afresh=True)
            self.pair.generator_optimizer.load_state_dict(state["generator_optimizer"])
            self.pair.critic_optimizer.load_state_dict(state["critic_optimizer"])
            if self.average is not None:
                self.average.load_state_dict(state["average"])
