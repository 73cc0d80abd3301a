"""What a generator makes, and the gradient of its loss."""

from __future__ import annotations

import torch
from torch import Tensor, nn

from wgan_resampler.blocks import activate_explicitly, backward
from wgan_resampler.constants import GAN_LEAKY_SLOPE
from wgan_resampler.explicit.critic import ScorePass
from wgan_resampler.explicit.weights import Norm, Weights, leaky_relu_, leaky_relu_backward
from wgan_resampler.networks import GanDiscriminator, GanGenerator


class ForwardPass:
    """What a generator makes of `n_rows` rows of noise, and all that its gradient needs.

    Parameters
    ----------
    generator : GanGenerator
        Without batch normalisation and dropout. Its parameters must keep their storage as long as this object is used.
    n_rows : int
        Rows of noise.

    Attributes
    ----------
    inputs : list of torch.Tensor of shape (n_rows, units)
        Those of the hidden layers, then that of the output layer.
    linear, activations : list of torch.Tensor of shape (n_rows, hidden_dim)
        Hidden layers before the normalisation, and after LeakyReLU.
    statistics : list of tuple of torch.Tensor of shape (n_rows, 1)
        Mean and reciprocal standard deviation of each row; empty without normalisation.
    """

    def __init__(self, generator: GanGenerator, n_rows: int) -> None:
        w = self._weights = Weights(generator)
        like, z, c = w.output, generator.noise_dim, generator.num_classes
        self.n_rows = n_rows
        self.norms = [Norm(norm) for norm in generator.norms if isinstance(norm, nn.LayerNorm)]
        self._layout = generator.layout
        self._moments: Tensor | None = None
        width = z + c
        if generator.moments is not None:
            # One copy of the conditions serves both products: means first, as conditions come first behind the noise.
            self._moments = torch.cat((generator.moments[:, -1], generator.moments[:, :-1].flatten(0, 1)))
            width += c * z
        inputs = like.new_empty(n_rows, width)
        first = inputs[:, : z + c]
        self._noise, self._condition, self._of_moments = first[:, :z], first[:, z:], inputs[:, z:]
        self._by_class = inputs[:, z + c :].view(n_rows, (width - z - c) // z, z)
        self._sums = [like.new_empty(n_rows, size) if generator.skip_connections else None for size in w.sizes[1:]]
        self._sums[0] = None
        self._output = like.new_empty(n_rows, generator.feature_dim)
        self.linear = [like.new_empty(n_rows, size) for size in w.sizes[1:]]
        self.activations = list(self.linear)
        self.inputs = [first, *self.linear]
        self.statistics: list[tuple[Tensor, Tensor]] = [(first, first)] * len(self.norms)

    def load(self, noise: Tensor, condition: Tensor) -> None:
        """Take what rows are to be made of.

        Parameters
        ----------
        noise : torch.Tensor of shape (n_rows, noise_dim)
            Standard normal numbers.
        condition : torch.Tensor of shape (n_rows, num_classes)
            One-hot classes.
        """
        self._noise.copy_(noise)
        self._condition.copy_(condition)
        if self._moments is not None:
            torch.mul(condition.unsqueeze(2), noise.unsqueeze(1), out=self._by_class)

    def rows(self) -> tuple[Tensor, Tensor]:
        """Return the rows, and the probabilities of states that `blocks.backward` needs; for use before the next call.

        Returns
        -------
        rows, shares : torch.Tensor of shape (n_rows, feature_dim)
        """
        w = self._weights
        h = self.inputs[0]
        for i, linear in enumerate(self.linear):
            a = torch.addmm(w.bias[i], h, w.hidden_t[i], out=linear)
            if self.norms:
                norm = self.norms[i]
                a, mean, deviation = torch.native_layer_norm(a, norm.shape, norm.weight, norm.bias, norm.eps)
                self.statistics[i] = mean, deviation
            self.activations[i] = leaky_relu_(a, GAN_LEAKY_SLOPE)
            total = self._sums[i]
            h = self.inputs[i + 1] = a if total is None else torch.add(a, h, out=total)
        output = torch.addmm(w.output_bias, h, w.output_t, out=self._output)
        if self._moments is not None:
            output.addmm_(self._of_moments, self._moments)
        return activate_explicitly(output, self._layout)


class GeneratorPass:
    """The gradient of the generator's loss, for some of the rows of a forward pass.

    Parameters
    ----------
    generator : GanGenerator
        Without batch normalisation and dropout. Its parameters must have ``.grad`` tensors, and keep their storage as
        long as this object is used.
    critic : GanDiscriminator
        Left as it is.
    forward_pass : ForwardPass
        Of the same generator.
    n_rows : int
        How many of its rows, the last ones, make the batch.
    """

    def __init__(
        self, generator: GanGenerator, critic: GanDiscriminator, forward_pass: ForwardPass, n_rows: int
    ) -> None:
        w = self._weights = Weights(generator)
        self._skip = generator.skip_connections
        self._layout = generator.layout
        self._forward = forward_pass
        self._batch = slice(forward_pass.n_rows - n_rows, forward_pass.n_rows)
        self._score_pass = ScorePass(critic, n_rows)
        self._ones = w.output.new_ones(1, n_rows)
        self._d = [w.output.new_empty(n_rows, size) for size in w.sizes[1:]]
        self._da = [w.output.new_empty(n_rows, size) for size in w.sizes[1:]]

    def gradients(self, rows: Tensor, shares: Tensor, condition: Tensor) -> None:
        """Write the gradient of the generator's loss into ``.grad`` of its parameters.

        Equals ``generator_loss(critic(generator(noise, condition), condition)).backward()`` for the noise that was
        loaded; the generator must not have changed since the rows were made.

        Parameters
        ----------
        rows, shares : torch.Tensor of shape (forward_pass.n_rows, feature_dim)
            What the forward pass gave.
        condition : torch.Tensor of shape (n_rows, num_classes)
            One-hot classes of the batch.
        """
        w, f, ones, batch = self._weights, self._forward, self._ones, self._batch
        d = backward(self._score_pass.gradient(rows[batch], condition), shares[batch], self._layout)
        torch.mm(self._score_pass.gradient_t, f.inputs[-1][batch], out=w.output_grad)
        torch.mm(ones, d, out=w.output_bias_grad_row)
        d = torch.mm(d, w.output, out=self._d[-1])
        for i in range(len(self._d) - 1, -1, -1):
            da = leaky_relu_backward(d, f.activations[i][batch], GAN_LEAKY_SLOPE, True, grad_input=self._da[i])
            if f.norms:
                mean, deviation = f.statistics[i]
                da = f.norms[i].backward(da, f.linear[i][batch], mean[batch], deviation[batch])
            torch.mm(da.t(), f.inputs[i][batch], out=w.hidden_grad[i])
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
