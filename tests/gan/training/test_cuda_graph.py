"""Recording and replaying a step, with a stand-in for CUDA graphs that works on the CPU. tests/gan/test_cuda.py has the
tests of real ones."""

import contextlib
import logging

import pytest
import torch
from gan.small_networks import batches, trainer_of, weights_of, without_seconds

from wgan_resampler import Callback
from wgan_resampler.gan.training import cuda_graph, updates
from wgan_resampler.gan.training.cuda_graph import GraphedStep


class ReplayingStep(GraphedStep):
    """Undoes what recording has changed, because on a GPU it changes nothing, and replays by running the step."""

    n_replays = 0

    def _record(self, inputs, lambda_gp):
        pair = self._step._pair
        optimizers = pair.generator_optimizer, pair.critic_optimizer
        tensors = [t for o in optimizers for t in (o.parameters.values, o.first, o.second, o._step)]
        before = [tensor.clone() for tensor in tensors]
        super()._record(inputs, lambda_gp)
        for tensor, value in zip(tensors, before, strict=True):
            tensor.copy_(value)
        if self._graph is not None:
            self._graph.replay = self._replay

    def _replay(self):
        assert self.is_recorded
        type(self).n_replays += 1
        critic_pass, score_pass = self._step._critic_pass, self._step._generator_pass.score_pass
        counts = critic_pass.n_summed, score_pass.n_summed
        self._step.run(*self._inputs, self._lambda_gp)
        self._step.sum_up()
        critic_pass.n_summed, score_pass.n_summed = counts  # Python does not run in a replay


class Graph:
    """Stands in for torch.cuda.CUDAGraph."""


@pytest.fixture
def graphs(monkeypatch):
    """Let trainings on the CPU use graphs."""
    monkeypatch.setattr(torch.cuda, "CUDAGraph", Graph)
    monkeypatch.setattr(torch.cuda, "Stream", lambda: None)
    monkeypatch.setattr(torch.cuda, "device", lambda _: contextlib.nullcontext())
    monkeypatch.setattr(torch.cuda, "graph", lambda *_, **__: contextlib.nullcontext())
    original = updates.Updates._step

    def step(self, n_critic, n_rows):
        found = original(self, n_critic, n_rows)
        if not isinstance(found, GraphedStep):
            found = self._steps[n_critic, n_rows] = ReplayingStep(found)
        return found

    monkeypatch.setattr(ReplayingStep, "n_replays", 0)
    monkeypatch.setattr(updates.Updates, "_step", step)


class Weaker(Callback):
    def on_update_end(self, trainer):
        if trainer.n_updates == 40:
            trainer.lambda_gp = 1.0


def trained():
    trainer = trainer_of(average_decay=0.9, callbacks=[Weaker()])
    trainer.train(batches(30), epochs=2)
    return trainer


def assert_equal(ours, theirs):
    assert torch.equal(weights_of(ours), weights_of(theirs))
    for mine, other in zip(without_seconds(ours.history), without_seconds(theirs.history), strict=True):
        assert mine == pytest.approx(other, rel=1e-5)
    states = ours.state_dict(), theirs.state_dict()
    assert states[0]["critic_optimizer"]["n_steps"] == states[1]["critic_optimizer"]["n_steps"] == 120


def test_replays_train_and_count_as_eager_steps_do(request):
    eager = trained()
    request.getfixturevalue("graphs")
    assert_equal(trained(), eager)
    # Each value of lambda_gp has a recording of its own.
    assert ReplayingStep.n_replays == 60 - 2 * cuda_graph.EAGER_RUNS


def test_a_recording_that_fails_is_logged_once_and_training_goes_on(request, monkeypatch, caplog):
    eager = trained()
    request.getfixturevalue("graphs")

    @contextlib.contextmanager
    def refused(*_, **__):
        yield
        raise RuntimeError("operation not permitted when stream is capturing")

    monkeypatch.setattr(torch.cuda, "graph", refused)
    with caplog.at_level(logging.WARNING):
        assert_equal(trained(), eager)
    assert len(caplog.records) == 1
    assert "without a CUDA graph" in caplog.text
    assert ReplayingStep.n_replays == 0
