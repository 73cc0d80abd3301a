"""The moving average, and the parameters and buffers that updates work on."""

import copy

import pytest
import torch
from gan.small_networks import batches, networks, trainer_of, weights_of

from wgan_resampler import Callback, GanGenerator
from wgan_resampler.exceptions import InvalidParameterError


def test_averaged_generator_is_a_copy_in_evaluation_mode():
    trainer = trainer_of(networks(normalization="batch", dropout=0.1), average_decay=0.9)
    trainer.train(batches(), epochs=2)
    averaged = trainer.averaged_generator()
    assert type(averaged) is GanGenerator
    assert not averaged.training
    before = averaged.output.weight.clone()
    trainer.train(batches(), epochs=2)
    assert torch.equal(averaged.output.weight, before)
    assert not torch.equal(averaged.output.weight, trainer.generator.output.weight)


def test_average_follows_the_weights_after_every_update():
    class Follow(Callback):
        def __init__(self):
            self.weights = []

        def on_update_end(self, trainer):
            self.weights.append(trainer.generator.output.weight.detach().clone())

    follow = Follow()
    trainer = trainer_of(callbacks=[follow], average_decay=0.25)
    expected = trainer.generator.output.weight.detach().clone()
    trainer.train(batches(), epochs=1)
    for decay, weight in zip((2 / 11, 3 / 12, 0.25), follow.weights, strict=True):
        expected = decay * expected + (1 - decay) * weight
    torch.testing.assert_close(trainer.averaged_generator().output.weight, expected, check_stride=False)


def test_average_that_was_not_asked_for_is_an_error():
    with pytest.raises(InvalidParameterError, match="make the trainer with average_decay"):
        trainer_of().averaged_generator()


def none_gradients(trainer):
    trainer.generator.zero_grad(set_to_none=True)
    trainer.critic.zero_grad(set_to_none=True)


class NoneGradients(Callback):
    def on_epoch_begin(self, trainer):
        none_gradients(trainer)


@pytest.mark.gpu
@pytest.mark.skipif(not torch.cuda.is_available(), reason="needs a CUDA device")
@pytest.mark.parametrize("normalization", ["batch", "layer"])
def test_training_on_cuda_keeps_everything_there_and_global_generators_untouched(normalization):
    before = torch.cuda.get_rng_state().tolist()
    trainer = trainer_of(networks(normalization=normalization, dropout=0.1), device="cuda", average_decay=0.9)
    history = trainer.train(batches(), epochs=3)
    assert {p.device.type for p in trainer.averaged_generator().parameters()} == {"cuda"}
    assert history.column("n_updates") == [3, 6, 9]
    assert torch.cuda.get_rng_state().tolist() == before


@pytest.mark.parametrize("dropout", [0.0, 0.5], ids=["explicit", "autograd"])
@pytest.mark.parametrize("breakage", ["zero_grad", "in a hook", "second trainer", "deepcopy"])
def test_bug_training_did_nothing_once_the_parameters_were_no_views_any_more(breakage, dropout):
    def fresh(callbacks=()):
        return trainer_of(networks(dropout=dropout), random_state=0, callbacks=list(callbacks))

    undisturbed = fresh()
    undisturbed.train(batches(), epochs=2)
    trainer = fresh([NoneGradients()] if breakage == "in a hook" else [])
    if breakage == "zero_grad":
        none_gradients(trainer)
    elif breakage == "second trainer":
        trainer_of((trainer.generator, trainer.critic))
    elif breakage == "deepcopy":
        trainer.rng = None  # torch cannot copy its generators everywhere
        trainer = copy.deepcopy(trainer)
        trainer.rng = fresh().rng
    trainer.train(batches(), epochs=2)
    assert torch.equal(weights_of(trainer), weights_of(undisturbed))


def test_bug_buffers_were_kept_for_every_batch_size():
    trainer = trainer_of()
    sizes = [3, 4, 5, 6, 3]
    loader = [(torch.zeros(n, trainer.critic.feature_dim), torch.zeros(n, dtype=torch.int64)) for n in sizes]
    trainer.train(loader, epochs=1)
    assert len(trainer._updates._steps) <= 2
    assert trainer.history[-1]["gradient_penalty"] > 0


def test_bug_dropout_switched_on_in_an_epoch_met_a_new_batch_size():
    """The step of the new size was made for autograd and run in inference mode."""

    class Dropout(Callback):
        def on_update_end(self, trainer):
            trainer.generator.dropout.p = 0.3

    trainer = trainer_of(callbacks=[Dropout()])
    loader = [(torch.zeros(n, 2), torch.zeros(n, dtype=torch.int64)) for n in (8, 8, 5)]
    assert len(trainer.train(loader, epochs=2)) == 2  # in the second one autograd trains


def test_moments_loaded_between_trainings_are_those_that_train():
    """Bug: passes of the first training continued with their copies of the moments."""
    pair = networks(normalization=None, moments=torch.full((2, 4, 2), 0.1))
    trainer = trainer_of(pair)
    rows = [(torch.zeros(8, 2), torch.arange(8) % 2)]
    trainer.train(rows, 1)
    pair[0].load_state_dict({**pair[0].state_dict(), "moments": torch.full((2, 4, 2), 2.0)})
    fresh = trainer_of(copy.deepcopy(pair))
    fresh.load_state_dict(trainer.state_dict())
    for each in (trainer, fresh):
        each.train(rows, 1)
    assert torch.equal(weights_of(trainer), weights_of(fresh))
