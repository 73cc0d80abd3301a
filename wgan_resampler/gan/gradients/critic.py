"""The gradient of the critic's loss, and the gradient of its score that the generator needs."""

from __future__ import annotations

import torch
from torch import Tensor

from wgan_resampler.gan.defaults import GAN_LEAKY_SLOPE
from wgan_resampler.gan.gradients.weights import Stack, Weights, backward_chain, forward, leaky_relu_backward
from wgan_resampler.gan.networks import GanDiscriminator

_N_KEPT = 64
"""Critic updates whose gradient norms are kept before they are summed up."""


class CriticPass:
    """The gradient of the critic's loss, for batches of `n_rows` rows.

    Views into the weights and buffers are made only once, because they are the same in each update.

    Parameters
    ----------
    critic : GanDiscriminator
        Its parameters must have ``.grad`` tensors, and keep their storage as long as this object is used.
    n_rows : int
        Rows of a batch.
    feature_scale : torch.Tensor of shape (feature_dim,) or None, default=None
        Unit of each feature in the penalty; see `losses.gradient_norms`.
    n_updates : int, default=1
        Number of updates for which rows are loaded at a time.

    Attributes
    ----------
    n_summed : int
        Updates in the sums that `take_sums` returns.
    """

    def __init__(
        self, critic: GanDiscriminator, n_rows: int, feature_scale: Tensor | None = None, n_updates: int = 1
    ) -> None:
        w = self._weights = Weights(critic)
        like, n, f = w.output, n_rows, critic.feature_dim
        self._n = n
        self._rows = like.new_empty(n_updates, 3, n, w.sizes[0])
        self._features, self._conditions = self._rows[..., :f], self._rows[..., f:]
        self._inputs = [Stack(rows.flatten(0, 1), n) for rows in self._rows]
        self._hidden = [Stack(rows, n) for rows in w.buffers(3 * n)]
        self._chain = [Stack(rows, n) for rows in w.buffers(3 * n)]
        e = w.buffers(n)
        self._layers = list(zip(self._chain, e, w.hidden_t, w.hidden_grad, w.bias_grad_row, self._hidden, strict=True))
        # The chain c_i is linear in what it starts from. A real row enters the loss with -1/n and a fake one with 1/n.
        # A mixed row starts from 1, since the penalty needs its own gradient.
        self._seeds = like.new_tensor([[-1.0 / n], [1.0 / n], [1.0]])
        self._seed_row = self._seeds.repeat_interleave(n).unsqueeze(0)
        self._seeded_output = like.new_empty(3, w.sizes[-1])
        self._seeded_by_kind = self._seeded_output.unsqueeze(1)
        self._ones = like.new_ones(1, 2 * n)

        # A last column adds the smallest number to the squared norm. A gradient of exactly zero has no direction: 0 / 0
        # then becomes 0, as in autograd.
        wide, scaled = like.new_full((2, n, w.sizes[0] + 1), torch.finfo(like.dtype).tiny ** 0.5)
        self._wide_gradient, self._gradient, self._gradient_rows = wide, wide[:, :-1], wide.unsqueeze(1)
        self._wide_scaled, self._scaled, self._scaled_columns = scaled, scaled[:, :-1], scaled.unsqueeze(2)
        # The scale is squared, because the derivative contains it twice. It is 0 for the condition, which is not mixed.
        self._square_scale = like.new_zeros(w.sizes[0] + 1)
        self._square_scale[:f] = 1.0 if feature_scale is None else feature_scale.square()
        self._square_scale[-1] = 1.0
        self._pull = like.new_empty(n, 1)
        self._pull_at_infinity = like.new_zeros(n, 1)
        self._lambda_gp = 0.0

        self._square_norms = like.new_empty(_N_KEPT, n, 1)
        self._slots = [(norms, norms.unsqueeze(2)) for norms in self._square_norms]
        self._n_kept = 0
        self._score_sums = like.new_zeros(2 * n, 1)
        self._penalty_sum = like.new_zeros(())
        self.n_summed = 0

    def load(self, real: Tensor, fake: Tensor, mixed: Tensor, condition: Tensor) -> None:
        """Copy the rows of the next `n_updates` updates into the buffers.

        Parameters
        ----------
        real, fake, mixed : torch.Tensor of shape (n_updates, n_rows, feature_dim)
            Encoded rows.
        condition : torch.Tensor of shape (n_updates, n_rows, num_classes)
            One-hot class of row i of all three.
        """
        for kind, rows in enumerate((real, fake, mixed)):
            self._features[:, kind].copy_(rows)
        self._conditions.copy_(condition.unsqueeze(-3))

    def gradients(self, lambda_gp: float, update: int = 0) -> None:
        """Write the gradient of the critic's loss into ``.grad`` of its parameters.

        Equals ``backward()`` of `losses.WGANGPLoss.critic_loss`.

        Parameters
        ----------
        lambda_gp : float
            Weight of the gradient penalty.
        update : int, default=0
            Which of the loaded rows to use. They are overwritten, so each can be used only once.
        """
        w, h, ones = self._weights, self._inputs[update], self._ones
        forward(w, h.rows, self._hidden)
        self._score_sums.addmm_(self._hidden[-1].scored, w.output_t)
        torch.mm(self._seeds, w.output, out=self._seeded_output)
        backward_chain(w, self._seeded_by_kind, self._hidden, self._chain)
        # The mixed rows are no longer needed. e_i takes their place, so that one product per layer sums the gradients
        # of the scores and of the penalty.
        self._penalty_slope(lambda_gp, out=h.mixed)
        # Forward through the layers with e_i, and each weight's gradient on the way.
        for c, e, weight_t, grad, bias_grad, following in self._layers:
            torch.mm(c.transposed, h.rows, out=grad)
            torch.mm(ones, c.scored, out=bias_grad)
            torch.mm(h.mixed, weight_t, out=e)
            mixed = following.mixed
            leaky_relu_backward(e, mixed, GAN_LEAKY_SLOPE, True, grad_input=mixed)
            h = following
        torch.mm(self._seed_row, h.rows, out=w.output_grad)
        # The bias of the output moves real and fake scores by the same amount, so the loss does not depend on it.
        w.output_bias_grad_row.zero_()

    def _penalty_slope(self, lambda_gp: float, out: Tensor) -> None:
        """Write e_0, the derivative of the penalty with respect to each mixed row's gradient; keep the norms."""
        if self._n_kept == _N_KEPT:
            self.sum_up()
        square_norms, products = self._slots[self._n_kept]
        self._n_kept += 1
        torch.mm(self._chain[0].mixed, self._weights.hidden[0], out=self._gradient)
        torch.mul(self._wide_gradient, self._square_scale, out=self._wide_scaled)
        torch.bmm(self._gradient_rows, self._scaled_columns, out=products)
        # e_0 = 2 lambda_gp / n (|g| - 1) g / |g|, with each feature in its unit.
        weight = 2.0 * lambda_gp / self._n
        # (|g| - 1) / |g| times the weight is weight - weight / |g|. The first part stays in its buffer.
        if lambda_gp != self._lambda_gp:
            self._lambda_gp = lambda_gp
            self._pull_at_infinity.fill_(weight)
        pull = torch.rsqrt(square_norms, out=self._pull)
        torch.add(self._pull_at_infinity, pull, alpha=-weight, out=pull)
        torch.mul(self._scaled, pull, out=out)

    def take_sums(self) -> Tensor:
        """Return mean real score, mean fake score and penalty, summed over the updates since the last call.

        Returns
        -------
        torch.Tensor of shape (3,)
        """
        self.sum_up()
        # The scores were summed without the bias of the output, which is added once here.
        scores = self._score_sums.view(2, self._n).mean(dim=1) + self.n_summed * self._weights.output_bias
        sums = torch.cat((scores, self._penalty_sum.unsqueeze(0)))
        self._score_sums.zero_()
        self._penalty_sum.zero_()
        self.n_summed = 0
        return sums

    def sum_up(self) -> None:
        """Add the kept gradient norms to the sum of the penalties."""
        excess = self._square_norms[: self._n_kept].sqrt().sub_(1.0)
        self._penalty_sum += excess.square_().sum() / self._n
        self.n_summed += self._n_kept
        self._n_kept = 0


class ScorePass:
    """The critic's mean score and its gradient with respect to the features, for `n_rows` rows.

    Parameters
    ----------
    critic : GanDiscriminator
        Its parameters must keep their storage as long as this object is used.
    n_rows : int
        Rows of a batch.

    Attributes
    ----------
    n_summed : int
        Calls of `gradient` in the sum that `take_sum` returns.
    """

    def __init__(self, critic: GanDiscriminator, n_rows: int) -> None:
        w = self._weights = Weights(critic)
        like, f = w.output, critic.feature_dim
        self._input = Stack(like.new_empty(n_rows, w.sizes[0]), n_rows)
        self._features, self._condition = self._input.rows[:, :f], self._input.rows[:, f:]
        self._hidden = [Stack(rows, n_rows) for rows in w.buffers(n_rows)]
        self._chain = [Stack(rows, n_rows) for rows in w.buffers(n_rows)]
        self._first = w.hidden[0][:, :f]
        self._gradient = like.new_zeros(n_rows, f)
        self.gradient_t = self._gradient.t()
        self._score_sums = like.new_zeros(n_rows, 1)
        self.n_summed = 0

    def gradient(self, features: Tensor, condition: Tensor) -> Tensor:
        """Return the gradient of minus the mean score with respect to the features: that of the generator's loss.

        Parameters
        ----------
        features : torch.Tensor of shape (n_rows, feature_dim)
            Encoded rows.
        condition : torch.Tensor of shape (n_rows, num_classes)
            One-hot classes.

        Returns
        -------
        torch.Tensor of shape (n_rows, feature_dim)
            Overwritten by the next call.
        """
        w = self._weights
        self._features.copy_(features)
        self._condition.copy_(condition)
        forward(w, self._input.rows, self._hidden)
        self._score_sums.addmm_(self._hidden[-1].rows, w.output_t)
        self.n_summed += 1
        backward_chain(w, w.output, self._hidden, self._chain)
        d = self._gradient
        return torch.addmm(d, self._chain[0].rows, self._first, beta=0, alpha=-1.0 / len(self._score_sums), out=d)

    def take_sum(self) -> Tensor:
        """Return the mean score, summed over the calls of `gradient` since the last call.

        Returns
        -------
        torch.Tensor of shape ()
        """
        total = self._score_sums.mean() + self.n_summed * self._weights.output_bias[0]
        self._score_sums.zero_()
        self.n_summed = 0
        return total
