"""A step of training as one CUDA graph.

A step is about a hundred small operations. On a GPU, starting them costs more than computing them. A CUDA graph is a
recording of them, which is started as one.

A recording repeats the same operations on the same memory. So the inputs are copied into buffers first. What changes
from step to step stays outside: the random numbers, and the weight of the moving average. (Random numbers could be
recorded as well. Each replay would then write the state of the generator to the GPU, which costs as much as drawing.)
"""

from __future__ import annotations

import logging

import torch
from torch import Tensor

from wgan_resampler.gan.training.steps import Step

EAGER_RUNS = 3
"""Steps before the recording. They load the kernels, which must not happen while a graph is recorded."""

_log = logging.getLogger(__name__)


class GraphedStep:
    """A `Step` that is recorded after `EAGER_RUNS` runs, and replayed from then on.

    If it cannot be recorded, this is logged once, and the operations are started one by one as before.

    Parameters
    ----------
    step : Step
        A step with explicit gradients, on a CUDA device.
    """

    def __init__(self, step: Step) -> None:
        self._step = step
        self._graph: torch.cuda.CUDAGraph | None = None
        self._inputs: list[Tensor] = []
        self._lambda_gp: float | None = None
        self._n_eager = 0
        self._can_record = True
        self._sums_before = step.take_sums()

    @property
    def is_recorded(self) -> bool:
        """Whether the next run will be a replay."""
        return self._graph is not None

    def run(self, features: Tensor, condition: Tensor, noise: Tensor, shares: Tensor, lambda_gp: float) -> None:
        """Make the critic updates, then the generator update; see `Step.run`."""
        inputs = features, condition, noise, shares
        if lambda_gp != self._lambda_gp:  # a hook may change it, and the recording holds the number itself
            self._graph, self._n_eager, self._lambda_gp = None, 0, lambda_gp
        if self._graph is None and self._can_record and self._n_eager >= EAGER_RUNS:
            self._record(inputs, lambda_gp)
        if self._graph is None:
            self._n_eager += 1
            self._step.run(*inputs, lambda_gp)
            return
        torch._foreach_copy_(self._inputs, inputs)
        self._graph.replay()
        self._step.count_replay()

    def take_sums(self) -> Tensor:
        """Return sums over the updates since the last call; see `Step.take_sums`."""
        sums = self._sums_before + self._step.take_sums()
        self._sums_before.zero_()
        return sums

    def _record(self, inputs: tuple[Tensor, ...], lambda_gp: float) -> None:
        self._sums_before += self._step.take_sums()
        features, condition, noise, shares = buffers = [each.new_empty(each.shape) for each in inputs]
        try:
            with torch.cuda.device(inputs[0].device):
                graph = torch.cuda.CUDAGraph()
                # Other Python threads may use the GPU meanwhile.
                stream = torch.cuda.Stream()  # type: ignore[no-untyped-call]
                with torch.cuda.graph(graph, stream=stream, capture_error_mode="thread_local"):
                    self._step.run(features, condition, noise, shares, lambda_gp)
                    self._step.sum_up()
        except RuntimeError as error:
            self._can_record = False
            _log.warning("Training continues without a CUDA graph, because recording it failed: %s", error)
        else:
            self._graph, self._inputs = graph, buffers
        # Recording computes nothing, but Python has counted a run.
        self._step.take_sums()
