"""The rows that a generator makes, and the gradient of its loss."""

from __future__ import annotations

import torch
from torch import Tensor, nn

from wgan_resampler.gan.defaults import GAN_LEAKY_SLOPE
from wgan_resampler.gan.gradients.critic import ScorePass
from wgan_resampler.gan.gradients.weights import Norm, Weights, leaky_relu_, leaky_relu_backward
from wgan_resampler.gan.networks import GanDiscriminator, GanGenerator
from wgan_resampler.gan.one_hot_blocks import activate_explicitly, backward


def knows_generator(generator: nn.Module) -> bool:
    """Return whether `ForwardPass` and `GeneratorPass` are right for this generator."""
    # A subclass may compute something else, so only the class itself counts.
    return type(generator) is GanGenerator and generator.normalization != "batch" and generator.dropout.p == 0.0


class ForwardPass:
    """The rows that a generator makes from `n_rows` rows of noise, and all that its gradient needs.

    Parameters
    ----------
    generator : GanGenerator
        Without batch normalization and dropout. Its parameters must keep their storage as long as this object is used.
    n_rows : int
        Rows of noise.

    Attributes
    ----------
    inputs : list of torch.Tensor of shape (n_rows, units)
        Inputs of the hidden layers, then that of the output layer.
    linear, activations : list of torch.Tensor of shape (n_rows, hidden_dim)
        Hidden layers before the normalization, and after LeakyReLU. Without normalization both share their memory.
    statistics : list of tuple of torch.Tensor of shape (n_rows, 1)
        Mean and reciprocal standard deviation of each row; empty without normalization.
    output : torch.Tensor of shape (n_rows, feature_dim)
        The rows. With blocks, their values and the probabilities of their states.
    """

    def __init__(self, generator: GanGenerator, n_rows: int) -> None:
        w = self.weights = Weights(generator)
        like, z, c = w.output, generator.noise_dim, generator.num_classes
        self.n_rows = n_rows
        self.norms = [Norm(norm) for norm in generator.norms if isinstance(norm, nn.LayerNorm)]
        self._layout = generator.layout
        self._moments: Tensor | None = None
        width = z + c
        if generator.moments is not None:
            # The input is [noise, condition, noise by class]. Its first two parts feed the first layer, and its last
            # two the moments; so the means, which belong to the condition, come first here.
            self._moments = torch.cat((generator.moments[:, -1], generator.moments[:, :-1].flatten(0, 1)))
            width += c * z
        inputs = like.new_empty(n_rows, width)
        first = inputs[:, : z + c]
        self._noise, self._condition, self._of_moments = first[:, :z], first[:, z:], inputs[:, z:]
        self._by_class = inputs[:, z + c :].view(n_rows, (width - z - c) // z, z)
        self.linear = w.buffers(n_rows)
        self.activations = w.buffers(n_rows) if self.norms else self.linear
        self.statistics = [(like.new_empty(n_rows, 1), like.new_empty(n_rows, 1)) for _ in self.norms]
        sums = self.activations[1:]
        if generator.skip_connections:
            sums = [torch.empty_like(activation) for activation in sums]
        self.inputs = [first, self.activations[0], *sums]
        self._skip = generator.skip_connections
        self.output = like.new_empty(n_rows, generator.feature_dim)

    def load(self, noise: Tensor, condition: Tensor) -> None:
        """Copy noise and conditions into the buffers.

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

    def rows(self) -> Tensor:
        """Return the rows, which the next call overwrites.

        Returns
        -------
        torch.Tensor of shape (n_rows, feature_dim)
        """
        w = self.weights
        for i, (h, a, activation) in enumerate(zip(self.inputs, self.linear, self.activations, strict=False)):
            # As in `GanGenerator.forward`: linear map, normalization, LeakyReLU; then the layer's own input is added.
            torch.addmm(w.bias[i], h, w.hidden_t[i], out=a)
            if self.norms:
                self.norms[i].forward(a, activation, *self.statistics[i])
            leaky_relu_(activation, GAN_LEAKY_SLOPE)
            if self._skip and i > 0:
                torch.add(activation, h, out=self.inputs[i + 1])
        output = torch.addmm(w.output_bias, self.inputs[-1], w.output_t, out=self.output)
        if self._moments is not None:
            output.addmm_(self._of_moments, self._moments)
        return activate_explicitly(output, self._layout)[0]


class GeneratorPass(ForwardPass):
    """A forward pass with the gradient of the generator's loss for the last of its rows, the batch.

    Parameters
    ----------
    generator : GanGenerator
        Without batch normalization and dropout. Its parameters must have ``.grad`` tensors, and keep their storage as
        long as this object is used.
    critic : GanDiscriminator
        The critic, which is not changed.
    n_rows : int
        Rows of noise.
    batch_size : int
        Rows of the batch.

    Attributes
    ----------
    score_pass : ScorePass
        The critic's part of the gradient, which also sums up the scores of the rows.
    """

    def __init__(self, generator: GanGenerator, critic: GanDiscriminator, n_rows: int, batch_size: int) -> None:
        super().__init__(generator, n_rows)
        last = slice(n_rows - batch_size, n_rows)
        self.score_pass = ScorePass(critic, batch_size)
        self._ones = self.output.new_ones(1, batch_size)
        self._shares, self._input = self.output[last], self.inputs[-1][last]
        self._layers = [_Layer(self.weights, self, i, last) for i in reversed(range(len(self.linear)))]

    def gradients(self, rows: Tensor, condition: Tensor) -> None:
        """Write the gradient of the generator's loss into ``.grad`` of its parameters.

        Equals ``backward()`` of `losses.WGANGPLoss.generator_loss` for the noise that was loaded. The generator must
        not have changed since `rows` was called.

        Parameters
        ----------
        rows : torch.Tensor of shape (batch_size, feature_dim)
            The last rows that `rows` returned.
        condition : torch.Tensor of shape (batch_size, num_classes)
            One-hot classes of the batch.
        """
        w, ones = self.weights, self._ones
        d = backward(self.score_pass.gradient(rows, condition), self._shares, self._layout)
        torch.mm(self.score_pass.gradient_t, self._input, out=w.output_grad)
        torch.mm(ones, d, out=w.output_bias_grad_row)
        d = torch.mm(d, w.output, out=self._layers[0].d)
        # From the last layer to the first: d is the gradient with respect to the activations, da to the linear map.
        for i, layer in enumerate(self._layers, start=1):
            da = leaky_relu_backward(d, layer.activation, GAN_LEAKY_SLOPE, True, grad_input=layer.da)
            if layer.norm is not None:
                mean, deviation = layer.statistics
                layer.norm.backward(da, layer.linear, mean, deviation, out=da)
            torch.mm(layer.da_t, layer.input, out=layer.weight_grad)
            torch.mm(ones, da, out=layer.bias_grad_row)
            if i < len(self._layers):
                through = torch.mm(da, layer.weight, out=self._layers[i].d)
                d = through.add_(d) if self._skip else through


class _Layer:
    """What the gradient needs in one hidden layer, for the rows `last` of a forward pass, and its buffers."""

    def __init__(self, w: Weights, f: ForwardPass, i: int, last: slice) -> None:
        self.input, self.linear, self.activation = f.inputs[i][last], f.linear[i][last], f.activations[i][last]
        self.norm = f.norms[i] if f.norms else None
        self.statistics = [each[last] for each in f.statistics[i]] if f.norms else []
        self.weight, self.weight_grad, self.bias_grad_row = w.hidden[i], w.hidden_grad[i], w.bias_grad_row[i]
        # Gradients with respect to the activations, and to the output of the linear map.
        self.d, self.da = torch.empty_like(self.linear), torch.empty_like(self.linear)
        self.da_t = self.da.t()
