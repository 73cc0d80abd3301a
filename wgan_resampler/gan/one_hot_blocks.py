"""One-hot blocks in tensors: compact rows <-> rows with one-hot blocks, and the activation of a generator's output.

A generator outputs a real number for each column of the encoded matrix. Values go through tanh, and each block goes
through a softmax. The critic sees only the most probable state of each block, as in real rows. Gradients pass as if it
had seen the probabilities (straight-through estimator, Bengio et al. 2013, arXiv:1308.3432). States vary because the
generator's noise varies. Two alternatives were measured and made rows that fit their classes less well: additional
Gumbel noise (Jang et al. 2017, arXiv:1611.01144), and probabilities in place of states.
"""

from __future__ import annotations

import torch
from torch import Tensor

from wgan_resampler.tables import BlockGroup, RowLayout

_tanh_backward = torch.ops.aten.tanh_backward.grad_input


def expand(values: Tensor, states: Tensor, layout: RowLayout) -> Tensor:
    """Return encoded rows: the values, then a one-hot block for each state.

    Parameters
    ----------
    values : torch.Tensor of shape (n, n_values)
        In [-1, 1].
    states : torch.Tensor of shape (n, n_blocks)
        The state of each block; integers.
    layout : RowLayout
        Sizes of both.

    Returns
    -------
    torch.Tensor of shape (n, layout.width)

    Examples
    --------
    >>> import torch
    >>> from wgan_resampler.gan.one_hot_blocks import expand
    >>> from wgan_resampler.tables.encoding.schema import BlockGroup, RowLayout
    >>> expand(torch.tensor([[0.5]]), torch.tensor([[1, 0]]), RowLayout(1, (2, 3))).tolist()
    [[0.5, 0.0, 1.0, 1.0, 0.0, 0.0]]
    """
    if not layout.block_sizes:
        return values
    rows = values.new_zeros(len(values), layout.width)
    rows[:, : layout.n_values] = values
    # Made on the device: copying them to a GPU would make the host wait for the GPU.
    starts = torch.cat(
        [torch.arange(group.start, group.stop, group.size, device=values.device) for group in layout.groups]
    )
    return rows.scatter_(1, states + starts, 1.0)


def collapse(rows: Tensor, layout: RowLayout) -> tuple[Tensor, Tensor]:
    """Undo `expand`: return the values and the most probable state of each block."""
    states = [_blocks(rows, group).argmax(dim=2) for group in layout.groups]
    empty = rows.new_zeros((len(rows), 0), dtype=torch.int64)
    return rows[:, : layout.n_values], torch.cat([empty, *states], dim=1)


def activate(output: Tensor, layout: RowLayout) -> Tensor:
    """Return the encoded rows of a generator's output, differentiable by the straight-through estimator.

    Parameters
    ----------
    output : torch.Tensor of shape (n, layout.width)
        Any real numbers.
    layout : RowLayout
        Sizes of values and blocks.

    Returns
    -------
    torch.Tensor of shape (n, layout.width)
        Values in [-1, 1] and one-hot blocks.
    """
    parts = [torch.tanh(output[:, : layout.n_values])]
    for group in layout.groups:
        share = torch.softmax(_blocks(output, group), dim=2)
        # Its value is the one-hot block; its gradient is that of the softmax.
        parts.append((_one_hot(share) + share - share.detach()).flatten(1))
    return torch.cat(parts, dim=1)


def activate_explicitly(output: Tensor, layout: RowLayout) -> tuple[Tensor, Tensor]:
    """Return the rows that `activate` returns, and the probabilities that `backward` needs, without autograd.

    Parameters
    ----------
    output : torch.Tensor of shape (n, layout.width)
        Any real numbers; overwritten with `shares`.
    layout : RowLayout
        Sizes of values and blocks.

    Returns
    -------
    rows : torch.Tensor of shape (n, layout.width)
    shares : torch.Tensor of shape (n, layout.width)
        The probabilities of the states. In the columns of values, the same as `rows`.
    """
    if not layout.block_sizes:
        output.tanh_()
        return output, output
    output[:, : layout.n_values].tanh_()
    rows = output.clone()
    for group in layout.groups:
        logits = _blocks(output, group)
        share = torch.softmax(logits, dim=2)
        logits.copy_(share)
        rows[:, group.start : group.stop] = _one_hot(share).flatten(1)
    return rows, output


def backward(gradient: Tensor, shares: Tensor, layout: RowLayout) -> Tensor:
    """Turn the gradient with respect to the rows into the one with respect to the output, in place, and return it."""
    if not layout.block_sizes:
        _tanh_backward(gradient, shares, grad_input=gradient)
        return gradient
    d_values = gradient[:, : layout.n_values]
    _tanh_backward(d_values, shares[:, : layout.n_values], grad_input=d_values)
    for group in layout.groups:
        share = _blocks(shares, group)
        d = _blocks(gradient, group)
        # The derivative of a softmax s: s * (d - sum(d * s)).
        d.sub_((d * share).sum(dim=2, keepdim=True)).mul_(share)
    return gradient


def _blocks(rows: Tensor, group: BlockGroup) -> Tensor:
    """Return a view of a group's blocks, of shape (n, n_blocks, size)."""
    n_blocks = (group.stop - group.start) // group.size
    return rows[:, group.start : group.stop].view(len(rows), n_blocks, group.size)


def _one_hot(share: Tensor) -> Tensor:
    return torch.zeros_like(share).scatter_(2, share.detach().argmax(dim=2, keepdim=True), 1.0)
