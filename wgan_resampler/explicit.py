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

Beside the products there are small operations, whose call costs as much as their arithmetic. So there are few: buffers
and views are made once, D_i is read off h_{i+1}, which has the sign of a_i, sums over rows are products with a row of
ones (which torch does faster than sums), and what only the history needs is summed up later.
"""

from __future__ import annotations

import torch
from torch import Tensor, nn

from wgan_resampler.blocks import activate_explicitly, backward
from wgan_resampler.constants import GAN_LEAKY_SLOPE
from wgan_resampler.networks import GanDiscriminator, GanGenerator, RowClassifier

_leaky_relu_ = nn.functional.leaky_relu_
_leaky_relu_backward = torch.ops.aten.leaky_relu_backward.grad_input
_layer_norm_backward = torch.ops.aten.native_layer_norm_backward.default

_N_KEPT = 64
"""Critic updates whose gradient norms are kept before they are summed up."""


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
    n_updates : int, default=1
        Updates whose rows are loaded at a time.
    """

    def __init__(
        self, critic: GanDiscriminator, n_rows: int, feature_scale: Tensor | None = None, n_updates: int = 1
    ) -> None:
        w = self._weights = _Weights(critic)
        like, n, f = w.output, n_rows, critic.feature_dim
        self._n = n
        self._rows = like.new_empty(n_updates, 3, n, w.sizes[0])
        self._features, self._conditions = self._rows[..., :f], self._rows[..., f:]
        self._inputs = [_Stack(rows.flatten(0, 1), n) for rows in self._rows]
        self._hidden = [_Stack(like.new_empty(3 * n, size), n) for size in w.sizes[1:]]
        self._chain = [_Stack(like.new_empty(3 * n, size), n) for size in w.sizes[1:]]
        e = [like.new_empty(n, size) for size in w.sizes[1:]]
        self._layers = list(zip(self._chain, e, w.hidden_t, w.hidden_grad, w.bias_grad_row, self._hidden, strict=True))
        # The chain is linear in its seed: a row enters the loss with -1/n (real) or 1/n (fake), and the mixed rows
        # with 1, since their own gradient is what the penalty looks at.
        self._seeds = like.new_tensor([[-1.0 / n], [1.0 / n], [1.0]])
        self._seed_row = self._seeds.repeat_interleave(n).unsqueeze(0)
        self._seeded_output = like.new_empty(3, w.sizes[-1])
        self._seeded_by_kind = self._seeded_output.unsqueeze(1)
        self._ones = like.new_ones(1, 2 * n)

        # The last column adds the smallest number to the squared norm: a gradient of exactly zero has no direction, and
        # 0 / 0 becomes 0, as in autograd.
        wide, scaled = like.new_full((2, n, w.sizes[0] + 1), torch.finfo(like.dtype).tiny ** 0.5)
        self._wide_gradient, self._gradient, self._gradient_rows = wide, wide[:, :-1], wide.unsqueeze(1)
        self._wide_scaled, self._scaled, self._scaled_columns = scaled, scaled[:, :-1], scaled.unsqueeze(2)
        # Squared, since the derivative scales once more; 0 for the condition, which is not mixed.
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
        self._n_summed = 0

    def load(self, real: Tensor, fake: Tensor, mixed: Tensor, condition: Tensor) -> None:
        """Take the rows of the next `n_updates` updates.

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

        Equals ``critic_loss(critic(real), critic(fake), gradient_penalty(critic, mixed), lambda_gp).backward()``.

        Parameters
        ----------
        lambda_gp : float
            Weight of the gradient penalty.
        update : int, default=0
            Which of the loaded rows. They serve only once.
        """
        w, h, ones = self._weights, self._inputs[update], self._ones
        _forward(w, h.rows, self._hidden)
        self._score_sums.addmm_(self._hidden[-1].scored, w.output_t)
        torch.mm(self._seeds, w.output, out=self._seeded_output)
        _backward_chain(w, self._seeded_by_kind, self._hidden, self._chain)
        # The mixed rows have served. Their place takes e_i, so that one product per layer sums the gradients of the
        # scores and of the penalty.
        self._penalty_slope(lambda_gp, out=h.mixed)
        for c, e, weight_t, grad, bias_grad, following in self._layers:
            torch.mm(c.transposed, h.rows, out=grad)
            torch.mm(ones, c.scored, out=bias_grad)
            torch.mm(h.mixed, weight_t, out=e)
            mixed = following.mixed
            _leaky_relu_backward(e, mixed, GAN_LEAKY_SLOPE, True, grad_input=mixed)
            h = following
        torch.mm(self._seed_row, h.rows, out=w.output_grad)
        # The output's bias moves real and fake scores alike, so the loss does not depend on it.
        w.output_bias_grad_row.zero_()

    def _penalty_slope(self, lambda_gp: float, out: Tensor) -> None:
        """Write e_0, the derivative of the penalty with respect to each mixed row's gradient; note the norms."""
        if self._n_kept == _N_KEPT:
            self._sum_up()
        square_norms, products = self._slots[self._n_kept]
        self._n_kept += 1
        torch.mm(self._chain[0].mixed, self._weights.hidden[0], out=self._gradient)
        torch.mul(self._wide_gradient, self._square_scale, out=self._wide_scaled)
        torch.bmm(self._gradient_rows, self._scaled_columns, out=products)
        # 2 lambda_gp / n (|g| - 1) g / |g|, with each feature in its unit.
        weight = 2.0 * lambda_gp / self._n
        if lambda_gp != self._lambda_gp:
            self._lambda_gp = lambda_gp
            self._pull_at_infinity.fill_(weight)
        pull = torch.rsqrt(square_norms, out=self._pull)
        torch.add(self._pull_at_infinity, pull, alpha=-weight, out=pull)
        torch.mul(self._scaled, pull, out=out)

    def take_sums(self) -> Tensor:
        """Return the sums over updates of mean real score, mean fake score and penalty, and start anew.

        Returns
        -------
        torch.Tensor of shape (3,)
        """
        self._sum_up()
        scores = self._score_sums.view(2, self._n).mean(dim=1) + self._n_summed * self._weights.output_bias
        sums = torch.cat((scores, self._penalty_sum.unsqueeze(0)))
        self._score_sums.zero_()
        self._penalty_sum.zero_()
        self._n_summed = 0
        return sums

    def _sum_up(self) -> None:
        excess = self._square_norms[: self._n_kept].sqrt().sub_(1.0)
        self._penalty_sum += excess.square_().sum() / self._n
        self._n_summed += self._n_kept
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
    features : torch.Tensor of shape (n_rows, feature_dim)
        Where rows that are made for this pass can be put.
    """

    def __init__(self, critic: GanDiscriminator, n_rows: int) -> None:
        w = self._weights = _Weights(critic)
        like, f = w.output, critic.feature_dim
        self._input = _Stack(like.new_empty(n_rows, w.sizes[0]), n_rows)
        self.features, self._condition = self._input.rows[:, :f], self._input.rows[:, f:]
        self._hidden = [_Stack(like.new_empty(n_rows, size), n_rows) for size in w.sizes[1:]]
        self._chain = [_Stack(like.new_empty(n_rows, size), n_rows) for size in w.sizes[1:]]
        self._first = w.hidden[0][:, :f]
        self._gradient = like.new_zeros(n_rows, f)
        self.gradient_t = self._gradient.t()
        self._score_sums = like.new_zeros(n_rows, 1)
        self._n_summed = 0

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
            To be used before the next call.
        """
        w = self._weights
        if features is not self.features:
            self.features.copy_(features)
        self._condition.copy_(condition)
        _forward(w, self._input.rows, self._hidden)
        self._score_sums.addmm_(self._hidden[-1].rows, w.output_t)
        self._n_summed += 1
        _backward_chain(w, w.output, self._hidden, self._chain)
        d = self._gradient
        return torch.addmm(d, self._chain[0].rows, self._first, beta=0, alpha=-1.0 / len(self._score_sums), out=d)

    def take_sum(self) -> Tensor:
        """Return the sum over calls of the mean score, and start anew.

        Returns
        -------
        torch.Tensor of shape ()
        """
        total = self._score_sums.mean() + self._n_summed * self._weights.output_bias[0]
        self._score_sums.zero_()
        self._n_summed = 0
        return total


class ForwardPass:
    """What a generator makes, and all that its gradient needs, for `n_rows` rows.

    Parameters
    ----------
    generator : GanGenerator
        Without batch normalisation and dropout. Its parameters must keep their storage as long as this object is used.
    n_rows : int
        Rows of a batch.
    output : torch.Tensor of shape (n_rows, feature_dim) or None, default=None
        Where the output goes; None takes new memory.

    Attributes
    ----------
    inputs : list of torch.Tensor of shape (n_rows, units)
        Those of the hidden layers, then that of the output layer.
    linear, activations : list of torch.Tensor of shape (n_rows, hidden_dim)
        Hidden layers before the normalisation, and after LeakyReLU.
    moments : list of tuple of torch.Tensor
        Mean and reciprocal standard deviation of each row; empty without normalisation.
    """

    def __init__(self, generator: GanGenerator, n_rows: int, output: Tensor | None = None) -> None:
        w = self._weights = _Weights(generator)
        like, z = w.output, generator.noise_dim
        self.n_rows = n_rows
        self.norms = [_Norm(norm) for norm in generator.norms if isinstance(norm, nn.LayerNorm)]
        self._layout = generator.layout
        c = generator.num_classes
        self._moments = None
        if generator.moments is not None:
            # One copy of the conditions serves both products: means first, as conditions come first behind the noise.
            self._moments = torch.cat((generator.moments[:, -1], generator.moments[:, :-1].flatten(0, 1)))
        inputs = like.new_empty(n_rows, z + c + (0 if self._moments is None else c * z))
        first = inputs[:, : z + c]
        self._noise, self._condition = first[:, :z], first[:, z:]
        self._noise_row, self._condition_column = self._noise.unsqueeze(1), self._condition.unsqueeze(2)
        self._by_class = inputs[:, z + c :].view(n_rows, c, z) if self._moments is not None else inputs
        self._of_moments = inputs[:, z:]
        self._sums = [like.new_empty(n_rows, size) if generator.skip_connections else None for size in w.sizes[1:]]
        self._sums[0] = None
        self._output = like.new_empty(n_rows, generator.feature_dim) if output is None else output
        self.linear = [like.new_empty(n_rows, size) for size in w.sizes[1:]]
        self.activations = list(self.linear)
        self.inputs = [first, *self.linear]
        self.moments: list[tuple[Tensor, Tensor]] = [(first, first)] * len(self.norms)

    def rows(self, noise: Tensor, condition: Tensor) -> tuple[Tensor, Tensor]:
        """Return the rows, and the probabilities of states that `blocks.backward` needs; for use before the next call.

        Parameters
        ----------
        noise : torch.Tensor of shape (n_rows, noise_dim)
            Standard normal numbers.
        condition : torch.Tensor of shape (n_rows, num_classes)
            One-hot classes.

        Returns
        -------
        rows, shares : torch.Tensor of shape (n_rows, feature_dim)
        """
        w = self._weights
        self._noise.copy_(noise)
        self._condition.copy_(condition)
        h = self.inputs[0]
        for i, linear in enumerate(self.linear):
            a = torch.addmm(w.bias[i], h, w.hidden_t[i], out=linear)
            if self.norms:
                norm = self.norms[i]
                a, mean, deviation = torch.native_layer_norm(a, norm.shape, norm.weight, norm.bias, norm.eps)
                self.moments[i] = mean, deviation
            self.activations[i] = _leaky_relu_(a, GAN_LEAKY_SLOPE)
            total = self._sums[i]
            h = self.inputs[i + 1] = a if total is None else torch.add(a, h, out=total)
        output = torch.addmm(w.output_bias, h, w.output_t, out=self._output)
        if self._moments is not None:
            torch.mul(self._condition_column, self._noise_row, out=self._by_class)
            output.addmm_(self._of_moments, self._moments)
        return activate_explicitly(output, self._layout)


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
        w = self._weights = _Weights(generator)
        self._skip = generator.skip_connections
        self._layout = generator.layout
        self._score_pass = ScorePass(critic, n_rows)
        # Rows without blocks are made in place; with blocks, the probabilities behind the states are still needed.
        in_place = not generator.layout.block_sizes
        self._forward = ForwardPass(generator, n_rows, self._score_pass.features if in_place else None)
        self._ones = w.output.new_ones(1, n_rows)
        self._d = [w.output.new_empty(n_rows, size) for size in w.sizes[1:]]
        self._da = [w.output.new_empty(n_rows, size) for size in w.sizes[1:]]

    def gradients(self, noise: Tensor, condition: Tensor) -> None:
        """Write the gradient of the generator's loss into ``.grad`` of its parameters.

        Equals ``generator_loss(critic(generator(noise, condition), condition)).backward()``.

        Parameters
        ----------
        noise : torch.Tensor of shape (n_rows, noise_dim)
            Standard normal numbers.
        condition : torch.Tensor of shape (n_rows, num_classes)
            One-hot classes.
        """
        w, f, ones = self._weights, self._forward, self._ones
        fake, shares = f.rows(noise, condition)
        d = backward(self._score_pass.gradient(fake, condition), shares, self._layout)
        torch.mm(self._score_pass.gradient_t, f.inputs[-1], out=w.output_grad)
        torch.mm(ones, d, out=w.output_bias_grad_row)
        d = torch.mm(d, w.output, out=self._d[-1])
        for i in range(len(self._d) - 1, -1, -1):
            da = _leaky_relu_backward(d, f.activations[i], GAN_LEAKY_SLOPE, True, grad_input=self._da[i])
            if f.norms:
                da = f.norms[i].backward(da, f.linear[i], *f.moments[i])
            torch.mm(da.t(), f.inputs[i], out=w.hidden_grad[i])
            torch.mm(ones, da, out=w.bias_grad_row[i])
            if i > 0:
                through = torch.mm(da, w.hidden[i], out=self._d[i - 1])
                d = through.add_(d) if self._skip else through

    def take_sum(self) -> Tensor:
        """Return the sum over calls of the critic's mean score of the rows, and start anew.

        Returns
        -------
        torch.Tensor of shape ()
        """
        return self._score_pass.take_sum()


class ClassifierPass:
    """The gradient of a classifier's cross-entropy, for batches of `n_rows` rows.

    Parameters
    ----------
    classifier : RowClassifier
        Its parameters must have ``.grad`` tensors, and keep their storage as long as this object is used.
    n_rows : int
        Rows of a batch.
    """

    def __init__(self, classifier: RowClassifier, n_rows: int) -> None:
        w = self._weights = _Weights(classifier)
        self._hidden = [_Stack(w.output.new_empty(n_rows, size), n_rows) for size in w.sizes[1:]]
        self._d = [w.output.new_empty(n_rows, size) for size in w.sizes[1:]]
        self._ones = w.output.new_ones(1, n_rows)

    def gradients(self, features: Tensor, condition: Tensor) -> None:
        """Write the gradient of the loss into ``.grad`` of the classifier's parameters.

        Equals ``cross_entropy(classifier(features), condition).backward()``.

        Parameters
        ----------
        features : torch.Tensor of shape (n_rows, feature_dim)
            Encoded rows.
        condition : torch.Tensor of shape (n_rows, num_classes)
            One-hot classes.
        """
        w, hidden = self._weights, self._hidden
        _forward(w, features, hidden)
        share = torch.softmax(torch.addmm(w.output_bias, hidden[-1].rows, w.output_t), dim=1)
        d = share.sub_(condition).div_(len(features))
        torch.mm(d.t(), hidden[-1].rows, out=w.output_grad)
        torch.mm(self._ones, d, out=w.output_bias_grad_row)
        d = torch.mm(d, w.output, out=self._d[-1])
        for i in range(len(hidden) - 1, -1, -1):
            _leaky_relu_backward(d, hidden[i].rows, GAN_LEAKY_SLOPE, True, grad_input=d)
            torch.mm(d.t(), hidden[i - 1].rows if i else features, out=w.hidden_grad[i])
            torch.mm(self._ones, d, out=w.bias_grad_row[i])
            if i:
                d = torch.mm(d, w.hidden[i], out=self._d[i - 1])


class _Stack:
    """Stacked rows of one or more kinds, n of each, and views of them."""

    def __init__(self, rows: Tensor, n: int) -> None:
        self.rows = rows
        self.transposed = rows.t()
        self.by_kind = rows.view(-1, n, rows.shape[1])
        self.scored = rows[: 2 * n]
        self.mixed = rows[2 * n :]


class _Weights:
    """Plain tensors that share their storage with a network's parameters and gradients."""

    def __init__(self, network: GanGenerator | GanDiscriminator | RowClassifier) -> None:
        linears = [layer for layer in network.hidden if isinstance(layer, nn.Linear)]
        self.sizes = [linears[0].in_features, *(layer.out_features for layer in linears)]
        self.hidden = [layer.weight.detach() for layer in linears]
        self.hidden_t = [weight.t() for weight in self.hidden]
        self.bias = [layer.bias.detach() for layer in linears]
        self.hidden_grad = [_grad(layer.weight) for layer in linears]
        self.bias_grad_row = [_grad(layer.bias).unsqueeze(0) for layer in linears]
        self.output = network.output.weight.detach()
        self.output_t = self.output.t()
        self.output_bias = network.output.bias.detach()
        self.output_grad = _grad(network.output.weight)
        self.output_bias_grad_row = _grad(network.output.bias).unsqueeze(0)


class _Norm:
    """A layer normalisation, as plain tensors."""

    def __init__(self, norm: nn.LayerNorm) -> None:
        self.shape = norm.normalized_shape
        self.eps = norm.eps
        self.weight, self.bias = norm.weight.detach(), norm.bias.detach()
        self.weight_grad, self.bias_grad = _grad(norm.weight), _grad(norm.bias)

    def backward(self, d: Tensor, a: Tensor, mean: Tensor, reciprocal_deviation: Tensor) -> Tensor:
        """Return the gradient with respect to the input `a`, and write those of the parameters."""
        da: Tensor
        da, weight_grad, bias_grad = _layer_norm_backward(
            d, a, self.shape, mean, reciprocal_deviation, self.weight, self.bias, [True, True, True]
        )
        self.weight_grad.copy_(weight_grad)
        self.bias_grad.copy_(bias_grad)
        return da


def _grad(parameter: Tensor) -> Tensor:
    return torch.empty_like(parameter) if parameter.grad is None else parameter.grad


def _forward(w: _Weights, rows: Tensor, hidden: list[_Stack]) -> None:
    """Fill h_1 .. h_L from h_0."""
    for bias, weight_t, following in zip(w.bias, w.hidden_t, hidden, strict=True):
        rows = torch.addmm(bias, rows, weight_t, out=following.rows)
        _leaky_relu_(rows, GAN_LEAKY_SLOPE)


def _backward_chain(w: _Weights, last: Tensor, hidden: list[_Stack], chain: list[_Stack]) -> None:
    """Fill c_0 .. c_{L-1}, each row's multiplied by its seed; `last` is the output's weight times the seeds."""
    # LeakyReLU keeps the sign (the True below), so its slope can be read off what it gave.
    _leaky_relu_backward(last, hidden[-1].by_kind, GAN_LEAKY_SLOPE, True, grad_input=chain[-1].by_kind)
    for i in range(len(chain) - 1, 0, -1):
        c = torch.mm(chain[i].rows, w.hidden[i], out=chain[i - 1].rows)
        _leaky_relu_backward(c, hidden[i - 1].rows, GAN_LEAKY_SLOPE, True, grad_input=c)
