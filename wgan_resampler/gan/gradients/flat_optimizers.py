"""Adam and the moving average of weights, on one flat vector per network.

For networks of the size that tables need, updating each parameter tensor separately takes longer than computing the
gradient. So the parameters become views into one vector, and a step is a few operations on that vector.
"""

from __future__ import annotations

import copy
from collections.abc import Mapping
from typing import Any

import torch
from torch import nn


class FlatParameters:
    """All parameters of a module as one vector, and their gradients as another.

    Parameters
    ----------
    module : torch.nn.Module
        Its trainable parameters become views into `values`, and their ``.grad`` views into `gradient`. All must have
        the same dtype and device.

    Attributes
    ----------
    values, gradient : torch.Tensor of shape (n_parameters,)
        The parameters and their gradients, one tensor after the other.
    """

    def __init__(self, module: nn.Module) -> None:
        self._parameters = [p for p in module.parameters() if p.requires_grad]
        self.values = torch.cat([p.detach().reshape(-1) for p in self._parameters])
        self.gradient = torch.zeros_like(self.values)
        self.bind()

    def bind(self) -> bool:
        """Make all parameters views again, and return whether any was no longer a view.

        They are no longer views after gradients were set to None, a second trainer took the same network, or the
        network was copied. The present values of the parameters are kept.
        """
        sizes = [p.numel() for p in self._parameters]
        rebound = False
        for p, values, gradient in zip(
            self._parameters, torch.split(self.values, sizes), torch.split(self.gradient, sizes), strict=True
        ):
            # Two tensors are the same view if they begin at the same address.
            if p.data_ptr() != values.data_ptr():
                values.copy_(p.detach().reshape(-1))
                p.data = values.view_as(p)
                rebound = True
            if p.grad is None or p.grad.data_ptr() != gradient.data_ptr():
                p.grad = gradient.view_as(p)
                rebound = True
        return rebound


class Adam:
    """Adam (Kingma & Ba 2015, arXiv:1412.6980, Algorithm 1) on a flat vector.

    Parameters
    ----------
    parameters : FlatParameters
        The parameters to update.
    learning_rate : float
        Step size.
    betas : tuple of float
        Decay rates of the first and the second moment.
    """

    def __init__(self, parameters: FlatParameters, learning_rate: float, betas: tuple[float, float]) -> None:
        self.parameters = parameters
        self.learning_rate = learning_rate
        self.betas = betas
        self.first = torch.zeros_like(parameters.values)
        self.second = torch.zeros_like(parameters.values)
        self._step = torch.zeros((), dtype=torch.float32, device=parameters.values.device)
        vectors = parameters.values, parameters.gradient, self.first, self.second
        self._lists: list[list[torch.Tensor]] = [*([vector] for vector in vectors), [], [self._step]]

    def step(self) -> None:
        """Move the parameters against their gradient."""
        if self._step.is_cuda:
            self._step.add_(1.0)  # a CUDA graph repeats this, so that the GPU counts its replays
        else:
            self._step.fill_(self.n_steps + 1)  # faster than an addition
        # What torch.optim.Adam(fused=True) calls: one pass over the vector instead of six.
        torch._fused_adam_(
            *self._lists,
            lr=self.learning_rate,
            beta1=self.betas[0],
            beta2=self.betas[1],
            weight_decay=0.0,
            eps=1e-8,
            amsgrad=False,
            maximize=False,
        )

    @property
    def n_steps(self) -> int:
        """Number of steps made."""
        return int(self._step)

    def state_dict(self) -> dict[str, Any]:
        """Return the moments and the number of steps, to continue from later; the tensors are live."""
        return {"first": self.first, "second": self.second, "n_steps": self.n_steps}

    def load_state_dict(self, state: Mapping[str, Any]) -> None:
        """Continue from what :meth:`state_dict` returned."""
        self.first.copy_(state["first"])
        self.second.copy_(state["second"])
        self._step.fill_(state["n_steps"])


class MovingAverage:
    """Exponential moving average of a network's parameters and buffers.

    Parameters
    ----------
    module : torch.nn.Module
        The network that is averaged.
    parameters : FlatParameters
        Its flat parameters.
    decay : float
        Weight of the past average in each update, in [0, 1). In update t it is at most (1 + t) / (10 + t), so that the
        initial weights soon lose their influence.
    """

    def __init__(self, module: nn.Module, parameters: FlatParameters, decay: float) -> None:
        self._parameters = parameters
        self._buffers = _averaged_buffers(module)
        self.decay = decay
        self.n_updates = 0
        self.values = parameters.values.clone()
        self.buffers = [b.clone() for b in self._buffers]

    def update(self) -> None:
        """Add the present state of the network to the average."""
        self.n_updates += 1
        weight = 1.0 - min(self.decay, (1 + self.n_updates) / (10 + self.n_updates))
        self.values.lerp_(self._parameters.values, weight)
        for average, buffer in zip(self.buffers, self._buffers, strict=True):
            average.lerp_(buffer, weight)

    def state_dict(self) -> dict[str, Any]:
        """Return the averages, to continue from later; the tensors are live."""
        return {"values": self.values, "buffers": list(self.buffers), "n_updates": self.n_updates}

    def load_state_dict(self, state: Mapping[str, Any]) -> None:
        """Continue from what :meth:`state_dict` returned."""
        self.values.copy_(state["values"])
        for buffer, saved in zip(self.buffers, state["buffers"], strict=True):
            buffer.copy_(saved)
        self.n_updates = state["n_updates"]

    def averaged_copy(self, module: nn.Module) -> nn.Module:
        """Return a copy of `module`, which must be the averaged network, that holds the average."""
        duplicate = copy.deepcopy(module)
        trainable = [p for p in duplicate.parameters() if p.requires_grad]
        nn.utils.vector_to_parameters(self.values.clone(), trainable)
        for b, average in zip(_averaged_buffers(duplicate), self.buffers, strict=True):
            b.copy_(average)
        return duplicate


def _averaged_buffers(module: nn.Module) -> list[torch.Tensor]:
    """Return statistics that change in training: all floating-point buffers but the moments of a generator."""
    return [b for name, b in module.named_buffers() if b.is_floating_point() and name.rpartition(".")[2] != "moments"]
