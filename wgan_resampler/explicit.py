"""Gradients of the losses written out by hand for the networks of this package.

The critic is piecewise linear, so its gradient with respect to a row is a plain product of weights and LeakyReLU
slopes, and the gradient penalty needs no second pass of automatic differentiation. For networks of tabular size the
bookkeeping of autograd costs several times the arithmetic, so this is what makes training fast. `losses` holds the
same mathematics in its readable form; the tests hold one against the other.

Notation, for a critic with hidden layers i = 0 .. L-1 and one row:

    a_i = W_i h_i + b_i,   h_{i+1} = lrelu(a_i),   score = w h_L + b          (h_0: features and condition)
    c_{L-1} = D_{L-1} w,   c_{i-1} = D_{i-1} W_i^T c_i                       (D_i: slopes of lrelu at a_i)

so that c_i is the gradient of the score with respect to a_i, and W_0^T c_0 the one with respect to the input. Since the
slopes are constant almost everywhere, the penalty P = mean (|g| - 1)^2 with g = W_0^T c_0 is differentiated by running
forward through the same chain with e_0 = dP/dg:

    e_{i+1} = D_i W_i e_i,   dP/dW_i = c_i e_i^T,   dP/dw = e_L.

All three kinds of rows (real, fake, mixed) are stacked, so each weight's gradient is one matrix product.
"""

from __future__ import annotations

from itertools import pairwise

import torch
from torch import Tensor, nn

from wgan_resampler.blocks import activate_explicitly, backward
from wgan_resampler.constants import GAN_LEAKY_SLOPE
from wgan_resampler.networks import GanDiscriminator, GanGenerator

_aten = torch.ops.aten


def knows_critic(critic: nn.Module) -> bool:
    """Whether the passes of this module hold for this critic."""
    return type(critic) is GanDiscriminator


def knows_generator(generator: nn.Module) -> bool:
    """Whether `GeneratorPass` holds for this generator."""
    return type(generator) is GanGenerator and generator.normalization != "batch" and generator.dropout.p == 0.0


class CriticPass:
    """The gradient of the critic's loss, for batches of `n_rows` rows.

    Everything that is the same in each update (views into the weights, buffers) is set up once.

    Parameters
    ----------
    critic : GanDiscriminator
        Its parameters must have ``.grad`` tensors, and keep their storage as long as this object is used.
    n_rows : int
        Rows of a batch.
    feature_scale : torch.Tensor of shape (feature_dim,) or None, default=None
        Unit of each feature in the penalty; see `losses.gradient_penalty`.
    """

    def __init__(self, critic: GanDiscriminator, n_rows: int, feature_scale: Tensor | None = None) -> None:
        weights = _Weights(critic)
        like = weights.output
        self._feature_scale = feature_scale
        n, self._n = 3 * n_rows, n_rows
        self._weights = weights
        self._hidden = [like.new_empty(n, size) for size in weights.sizes]
        self._pre = [like.new_empty(n, size) for size in weights.sizes[1:]]
        self._chain = [like.new_empty(n, size) for size in weights.sizes[1:]]
        # The chain is linear in its seed: a row enters the loss with -1/n (real) or 1/n (fake), and the mixed rows
        # with 1, since their own gradient is what the penalty looks at.
        self._seed = like.new_full((n, 1), 1.0)
        self._seed[:n_rows] = -1.0 / n_rows
        self._seed[n_rows : 2 * n_rows] = 1.0 / n_rows
        self._seed_row = self._seed.t()

        f, mixed = critic.feature_dim, slice(2 * n_rows, None)
        self._features, self._conditions = self._hidden[0][:, :f], self._hidden[0][:, f:]
        self._mixed_features, self._mixed_conditions = self._features[mixed], self._conditions[mixed]
        self._first = weights.hidden[0][:, :f]
        self._mixed_hidden = [h[mixed] for h in self._hidden]
        self._mixed_pre = [a[mixed] for a in self._pre]
        self._mixed_chain = self._chain[0][mixed]
        self._chain_t = [c.t() for c in self._chain]
        self._score_chain = [c[: 2 * n_rows] for c in self._chain]

        self._scores = like.new_zeros(n, 1)
        self._score_sums = like.new_zeros(n, 1)
        self._penalty_sums = like.new_zeros(n_rows, 1)
        # The root, because 1 / tiny times lambda_gp would overflow, and 0 * inf is not 0.
        self._tiny = torch.finfo(like.dtype).tiny ** 0.5

    def gradients(self, real: Tensor, fake: Tensor, mixed: Tensor, condition: Tensor, lambda_gp: float) -> None:
        """Write the gradient of the critic's loss into ``.grad`` of its parameters.

        Equals ``critic_loss(critic(real), critic(fake), gradient_penalty(critic, mixed), lambda_gp).backward()``.

        Parameters
        ----------
        real, fake, mixed : torch.Tensor of shape (n_rows, feature_dim)
            Encoded rows.
        condition : torch.Tensor of shape (n_rows, num_classes)
            One-hot class of row i of all three.
        lambda_gp : float
            Weight of the gradient penalty.
        """
        w, hidden, pre, chain = self._weights, self._hidden, self._pre, self._chain
        torch.cat((real, fake, mixed), out=self._features)
        torch.cat((condition, condition, condition), out=self._conditions)
        _forward(w, hidden, pre, self._scores)
        _backward_chain(w, self._seed, pre, chain)

        gradient = torch.mm(self._mixed_chain, self._first)
        if self._feature_scale is not None:
            gradient *= self._feature_scale
        norm = torch.linalg.vector_norm(gradient, dim=1, keepdim=True)
        excess = norm - 1.0
        self._score_sums.add_(self._scores)
        self._penalty_sums.addcmul_(excess, excess)
        # A gradient of exactly zero has no direction: 0 / 0 becomes 0, as in autograd.
        pull = excess.div_(norm.clamp_min_(self._tiny)).mul_(2.0 * lambda_gp / self._n)

        if self._feature_scale is not None:
            gradient *= self._feature_scale  # once more: the derivative of gradient * scale
        # The mixed rows of `hidden` have served. Their place takes e_i, so that one product per layer sums the
        # gradients of the scores and of the penalty.
        torch.mul(gradient, pull, out=self._mixed_features)
        self._mixed_conditions.zero_()
        for i, weight_t in enumerate(w.hidden_t):
            torch.mm(self._chain_t[i], hidden[i], out=w.hidden_grad[i])
            torch.sum(self._score_chain[i], dim=0, out=w.bias_grad[i])
            e = torch.mm(self._mixed_hidden[i], weight_t)
            _slopes(e, self._mixed_pre[i], self._mixed_hidden[i + 1])
        torch.mm(self._seed_row, hidden[-1], out=w.output_grad)
        # The output's bias moves real and fake scores alike, so the loss does not depend on it.
        w.output_bias_grad.zero_()

    def take_sums(self) -> Tensor:
        """Return the sums over updates of mean real score, mean fake score and penalty, and start anew.

        Returns
        -------
        torch.Tensor of shape (3,)
        """
        real, fake, _ = self._score_sums.view(3, self._n).mean(dim=1)
        sums = torch.stack((real, fake, self._penalty_sums.mean()))
        self._score_sums.zero_()
        self._penalty_sums.zero_()
        return sums


class ScorePass:
    """The critic's scores and their gradient with respect to the features, for `n_rows` rows.

    Parameters
    ----------
    critic : GanDiscriminator
        Its parameters must keep their storage as long as this object is used.
    n_rows : int
        Rows of a batch.
    """

    def __init__(self, critic: GanDiscriminator, n_rows: int) -> None:
        weights = _Weights(critic)
        like = weights.output
        self._weights = weights
        self._hidden = [like.new_empty(n_rows, size) for size in weights.sizes]
        self._pre = [like.new_empty(n_rows, size) for size in weights.sizes[1:]]
        self._chain = [like.new_empty(n_rows, size) for size in weights.sizes[1:]]
        self._seed = like.new_full((n_rows, 1), 1.0)
        self._first = weights.hidden[0][:, : critic.feature_dim]

    def gradient(self, features: Tensor, condition: Tensor) -> tuple[Tensor, Tensor]:
        """Return the scores and the gradient of each with respect to its row's features.

        Parameters
        ----------
        features : torch.Tensor of shape (n_rows, feature_dim)
            Encoded rows.
        condition : torch.Tensor of shape (n_rows, num_classes)
            One-hot classes.

        Returns
        -------
        scores : torch.Tensor of shape (n_rows, 1)
        gradient : torch.Tensor of shape (n_rows, feature_dim)
        """
        scores = features.new_empty(len(features), 1)
        torch.cat((features, condition), dim=1, out=self._hidden[0])
        _forward(self._weights, self._hidden, self._pre, scores)
        _backward_chain(self._weights, self._seed, self._pre, self._chain)
        return scores, torch.mm(self._chain[0], self._first)


class GeneratorPass:
    """The gradient of the generator's loss, for batches of `n_rows` rows.

    Parameters
    ----------
    generator : GanGenerator
        Without batch normalisation and dropout. Its parameters must have ``.grad`` tensors, and keep their storage as
        long as this object is used.
    critic : GanDiscriminator
        Left as it is.
    n_rows : int
        Rows of a batch.
    """

    def __init__(self, generator: GanGenerator, critic: GanDiscriminator, n_rows: int) -> None:
        self._weights = _Weights(generator)
        self._norms: list[nn.LayerNorm] = [n for n in generator.norms if isinstance(n, nn.LayerNorm)]
        self._skip = generator.skip_connections
        self._layout = generator.layout
        self._score_pass = ScorePass(critic, n_rows)

    def gradients(self, noise: Tensor, condition: Tensor) -> Tensor:
        """Write the gradient of the generator's loss into ``.grad`` of its parameters.

        Equals ``generator_loss(critic(generator(noise, condition), condition)).backward()``.

        Parameters
        ----------
        noise : torch.Tensor of shape (n_rows, noise_dim)
            Standard normal numbers.
        condition : torch.Tensor of shape (n_rows, num_classes)
            One-hot classes.

        Returns
        -------
        torch.Tensor of shape (n_rows, 1)
            Critic scores of the fake rows.
        """
        w = self._weights
        h = torch.cat((noise, condition), dim=1)
        inputs, linears, stats = [h], [], []
        for i, weight_t in enumerate(w.hidden_t):
            a = torch.addmm(w.bias[i], h, weight_t)
            linears.append(a)
            stats.append(self._normalize(i, a))
            h = nn.functional.leaky_relu(stats[i][0], GAN_LEAKY_SLOPE)
            if self._skip and i > 0:
                h += inputs[i]
            inputs.append(h)
        fake, shares = activate_explicitly(torch.addmm(w.output_bias, h, w.output_t), self._layout)

        scores, d = self._score_pass.gradient(fake, condition)
        d = backward(d.mul_(-1.0 / len(d)), shares, self._layout)
        torch.mm(d.t(), h, out=w.output_grad)
        torch.sum(d, dim=0, out=w.output_bias_grad)
        d = torch.mm(d, w.output)
        for i in range(len(linears) - 1, -1, -1):
            da = _aten.leaky_relu_backward(d, stats[i][0], GAN_LEAKY_SLOPE, False)
            da = self._normalize_backward(i, da, linears[i], stats[i])
            torch.mm(da.t(), inputs[i], out=w.hidden_grad[i])
            torch.sum(da, dim=0, out=w.bias_grad[i])
            if i > 0:
                through = torch.mm(da, w.hidden[i])
                d = through.add_(d) if self._skip else through
        return scores

    def _normalize(self, i: int, a: Tensor) -> tuple[Tensor, ...]:
        if not self._norms:
            return (a,)
        norm = self._norms[i]
        stats: tuple[Tensor, ...] = _aten.native_layer_norm(a, a.shape[1:], norm.weight, norm.bias, norm.eps)
        return stats

    def _normalize_backward(self, i: int, d: Tensor, a: Tensor, stats: tuple[Tensor, ...]) -> Tensor:
        if not self._norms:
            return d
        norm = self._norms[i]
        da: Tensor
        da, weight_grad, bias_grad = _aten.native_layer_norm_backward(
            d, a, a.shape[1:], stats[1], stats[2], norm.weight, norm.bias, [True, True, True]
        )
        _grad(norm.weight).copy_(weight_grad)
        _grad(norm.bias).copy_(bias_grad)
        return da


class _Weights:
    """Plain tensors that share their storage with a network's parameters and gradients."""

    def __init__(self, network: GanGenerator | GanDiscriminator) -> None:
        linears = [layer for layer in network.hidden if isinstance(layer, nn.Linear)]
        self.sizes = [linears[0].in_features, *(layer.out_features for layer in linears)]
        self.hidden = [layer.weight.detach() for layer in linears]
        self.hidden_t = [weight.t() for weight in self.hidden]
        self.bias = [layer.bias.detach() for layer in linears]
        self.hidden_grad = [_grad(layer.weight) for layer in linears]
        self.bias_grad = [_grad(layer.bias) for layer in linears]
        self.output = network.output.weight.detach()
        self.output_t = self.output.t()
        self.output_bias = network.output.bias.detach()
        self.output_grad = _grad(network.output.weight)
        self.output_bias_grad = _grad(network.output.bias)


def _grad(parameter: Tensor) -> Tensor:
    return torch.empty_like(parameter) if parameter.grad is None else parameter.grad


def _forward(w: _Weights, hidden: list[Tensor], pre: list[Tensor], scores: Tensor) -> None:
    """Fill h_1 .. h_L, a_0 .. a_{L-1} and the scores, from h_0."""
    for i, (h, following) in enumerate(pairwise(hidden)):
        torch.addmm(w.bias[i], h, w.hidden_t[i], out=pre[i])
        _aten.leaky_relu.out(pre[i], GAN_LEAKY_SLOPE, out=following)
    torch.addmm(w.output_bias, hidden[-1], w.output_t, out=scores)


def _backward_chain(w: _Weights, seed: Tensor, pre: list[Tensor], chain: list[Tensor]) -> None:
    """Fill c_0 .. c_{L-1}, each row's multiplied by its seed."""
    c = torch.mul(seed, w.output)
    for i in range(len(pre) - 1, 0, -1):
        _slopes(c, pre[i], chain[i])
        c = torch.mm(chain[i], w.hidden[i])
    _slopes(c, pre[0], chain[0])


def _slopes(gradient: Tensor, pre: Tensor, out: Tensor) -> None:
    """Multiply by the slope of LeakyReLU at `pre`."""
    _aten.leaky_relu_backward.grad_input(gradient, pre, GAN_LEAKY_SLOPE, False, grad_input=out)
