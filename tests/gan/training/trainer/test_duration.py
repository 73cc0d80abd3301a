"""How long training runs, and how it continues."""

import pytest
import torch
from gan.small_networks import batches, networks, trainer_of, weights_of, without_seconds

from wgan_resampler import Callback


@pytest.mark.parametrize(
    ("max_updates", "n_updates"), [(1, [1]), (3, [3]), (4, [3, 4]), (6, [3, 6]), (100, [3, 6, 9, 12])]
)
def test_max_updates_may_end_inside_an_epoch(max_updates, n_updates):
    trainer = trainer_of()
    history = trainer.train(batches(3), epochs=4, max_updates=max_updates)
    assert history.column("n_updates") == n_updates
    assert trainer.total_updates == trainer.n_updates == n_updates[-1]


def test_means_of_a_cut_epoch_are_over_its_own_updates():
    whole = trainer_of().train(batches(3)[:1], epochs=1)
    cut = trainer_of().train(batches(3), epochs=1, max_updates=1)
    assert without_seconds(cut) == without_seconds(whole)


def test_second_call_goes_on_where_the_first_ended():
    once, twice = trainer_of(average_decay=0.9), trainer_of(average_decay=0.9)
    once.train(batches(), epochs=5)
    twice.train(batches(), epochs=2)
    assert twice.total_updates == 6
    history = twice.train(batches(), epochs=3)
    assert twice.total_updates == 15
    assert without_seconds(history) == without_seconds(once.history)
    assert torch.equal(weights_of(once), weights_of(twice))
    for ours, theirs in zip(
        once.averaged_generator().parameters(), twice.averaged_generator().parameters(), strict=True
    ):
        assert torch.equal(ours, theirs)


def test_second_call_counts_max_updates_anew():
    trainer = trainer_of()
    trainer.train(batches(), epochs=5, max_updates=4)
    history = trainer.train(batches(), epochs=5, max_updates=4)
    assert history.column("n_updates") == [3, 4, 7, 8]


def test_networks_are_left_in_evaluation_mode_and_apart_from_the_trainers_generator():
    trainer = trainer_of(networks(normalization="batch", dropout=0.5))
    trainer.train(batches(), epochs=1)
    assert not trainer.generator.training
    assert not trainer.critic.training
    assert trainer.generator.dropout.rng is None


def test_progress_is_renewed_inside_a_long_epoch():
    seen = []

    class Watch(Callback):
        def on_update_end(self, trainer):
            if trainer.progress is not None:
                seen.append(trainer.progress["n_updates"])

    trainer = trainer_of(callbacks=[Watch()])
    history = trainer.train(batches(120), epochs=1)
    assert sorted(set(seen)) == [50, 100]
    assert trainer.progress == history[-1]
