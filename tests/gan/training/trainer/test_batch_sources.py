"""Where batches may come from, and what is recorded of each epoch."""

import math

import pytest
import torch
from gan.small_networks import batches, networks, trainer_of, weights_of
from torch.utils.data import DataLoader, TensorDataset

from wgan_resampler import TrainingHistory
from wgan_resampler.exceptions import InvalidDataError, TrainingStoppedEarlyWarning

KEYS = [
    "epoch",
    "n_updates",
    "critic_loss",
    "generator_loss",
    "gradient_penalty",
    "wasserstein_estimate",
    "real_score",
    "fake_score",
    "seconds",
]


def test_dataloader_is_read_once_per_epoch():
    dataset = TensorDataset(torch.rand(25, 2), torch.arange(25) % 2)
    trainer = trainer_of()
    history = trainer.train(DataLoader(dataset, batch_size=10, shuffle=True), epochs=4)
    assert isinstance(history, TrainingHistory)
    assert history is trainer.history
    assert history.column("epoch") == [1, 2, 3, 4]
    assert history.column("n_updates") == [3, 6, 9, 12]
    assert trainer.n_updates == trainer.total_updates == 12


def test_records_hold_finite_numbers_under_the_documented_keys():
    (record,) = trainer_of().train(batches(), epochs=1)
    assert list(record) == KEYS
    assert all(type(value) in (int, float) and math.isfinite(value) for value in record.values())
    assert TrainingHistory.from_json(TrainingHistory([record]).to_json()) == TrainingHistory([record])


def test_generator_object_that_runs_dry_ends_training_with_a_warning():
    trainer = trainer_of()
    with pytest.warns(TrainingStoppedEarlyWarning, match=r"no batch in epoch 2.*after 1 epoch") as caught:
        history = trainer.train((batch for batch in batches()), epochs=5)
    assert caught[0].filename == __file__
    assert len(history) == trainer.epoch == 1
    assert trainer.n_updates == 3
    assert trainer.total_updates is None
    assert not trainer.generator.training


@pytest.mark.parametrize("empty", [[], iter([])])
def test_empty_loader_is_an_error(empty):
    trainer = trainer_of()
    with pytest.raises(InvalidDataError, match="yielded no batch"):
        trainer.train(empty, epochs=2)
    assert trainer.epoch == 0


def test_empty_loader_is_an_error_in_a_later_call_too():
    trainer = trainer_of()
    trainer.train(batches(), epochs=1)
    with pytest.raises(InvalidDataError, match="yielded no batch"):
        trainer.train([], epochs=2)


@pytest.mark.parametrize("n_critic", [1, 2])
@pytest.mark.parametrize("normalization", ["batch", "layer", None])
def test_last_batch_may_hold_a_single_row(n_critic, normalization):
    trainer = trainer_of(networks(normalization=normalization, dropout=0.2), n_critic=n_critic)
    history = trainer.train([*batches(1, 6), *batches(1, 1)], epochs=2)
    assert history.column("n_updates") == [2, 4]
    assert bool(weights_of(trainer).isfinite().all())


def test_bad_batch_in_the_middle_of_an_epoch_is_refused():
    with pytest.raises(InvalidDataError, match="got 7"):
        trainer_of().train([*batches(2), (torch.zeros(1, 2), [7])], epochs=1)
