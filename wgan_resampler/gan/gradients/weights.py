"""Networks as plain tensors, and the chains of products that several passes need."""

from __future__ import annotations

import torch
from torch import Tensor, nn

from wgan_resampler.gan.defaults import GAN_LEAKY_SLOPE
from wgan_resampler.gan.networks import GanDiscriminator, GanGenerator, RowClassifier

leaky_relu_ = nn.functional.leaky_relu_
leaky_relu_backward = torch.ops.aten.leaky_relu_backward.grad_input
_layer_norm = torch.ops.aten.native_layer_norm.out
_layer_norm_backward = torch.ops.aten.native_layer_norm_backward.default


class Stack:
    """Stacked rows of one or more kinds (real, fake, mixed), n of each, and views of them."""

    def __init__(self, rows: Tensor, n: int) -> None:
        self.rows = rows
        self.transposed = rows.t()
        self.by_kind = rows.view(-1, n, rows.shape[1])
        self.scored = rows[: 2 * n]
        self.mixed = rows[2 * n :]


class Weights:
    """A network as plain tensors, which share their memory with its parameters and gradients."""

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

    def buffers(self, n_rows: int) -> list[Tensor]:
        """Return new tensors for `n_rows` rows of each hidden layer."""
        return [self.output.new_empty(n_rows, size) for size in self.sizes[1:]]


class Norm:
    """A layer normalization as plain tensors."""

    def __init__(self, norm: nn.LayerNorm) -> None:
        self.shape = norm.normalized_shape
        self.eps = norm.eps
        self.weight, self.bias = norm.weight.detach(), norm.bias.detach()
        self.weight_grad, self.bias_grad = _grad(norm.weight), _grad(norm.bias)

    def forward(self, a: Tensor, out: Tensor, mean: Tensor, reciprocal_deviation: Tensor) -> None:
        """Write the normalized rows, and the mean and the reciprocal standard deviation of each row."""
        _layer_norm(a, self.shape, self.weight, self.bias, self.eps, out0=out, out1=mean, out2=reciprocal_deviation)

    def backward(self, d: Tensor, a: Tensor, mean: Tensor, reciprocal_deviation: Tensor, out: Tensor) -> None:
        """Write the gradients with respect to the input `a` and to the parameters."""
        da, weight_grad, bias_grad = _layer_norm_backward(
            d, a, self.shape, mean, reciprocal_deviation, self.weight, self.bias, [True, True, True]
        )
        # There is no form of this operation that writes into given tensors.
        out.copy_(da)
        self.weight_grad.copy_(weight_grad)
        self.bias_grad.copy_(bias_grad)


def _grad(parameter: Tensor) -> Tensor:
    return torch.empty_like(parameter) if parameter.grad is None else parameter.grad


def forward(w: Weights, rows: Tensor, hidden: list[Stack]) -> None:
    """Fill h_1 .. h_L from h_0."""
    for bias, weight_t, following in zip(w.bias, w.hidden_t, hidden, strict=True):
        rows = torch.addmm(bias, rows, weight_t, out=following.rows)
        leaky_relu_(rows, GAN_LEAKY_SLOPE)


def backward_chain(w: Weights, last: Tensor, hidden: list[Stack], chain: list[Stack]) -> None:
    """Fill c_0 .. c_{L-1}. `last` is what the chain starts from: the output's weight times a number for each kind."""
    # LeakyReLU keeps the sign, so its slope can be read from its result instead of its input (the True below).
    leaky_relu_backward(last, hidden[-1].by_kind, GAN_LEAKY_SLOPE, True, grad_input=chain[-1].by_kind)
    for i in range(len(chain) - 1, 0, -1):
        c = torch.mm(chain[i].rows, w.hidden[i], out=chain[i - 1].rows)
        leaky_relu_backward(c, hidden[i - 1].rows, GAN_LEAKY_SLOPE, True, grad_input=c)
