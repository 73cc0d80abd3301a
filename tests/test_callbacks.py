"""The callback base class and the progress bar."""

import re

import pytest
import torch

from wgan_resampler import Callback, GanDiscriminator, GanGenerator, GanTrainer, ProgressBar

HOOKS = ["on_train_begin", "on_epoch_begin", "on_update_end", "on_epoch_end", "on_train_end"]
BATCHES = [(torch.zeros(4, 2), torch.tensor([0, 1, 0, 1]))] * 3


def trainer_with(*callbacks):
    sizes = {"num_classes": 2, "feature_dim": 2, "hidden_dim": 4, "num_layers": 1, "random_state": 0}
    return GanTrainer(
        generator=GanGenerator(**sizes, noise_dim=2),
        discriminator=GanDiscriminator(**sizes),
        noise_dim=2,
        num_classes=2,
        n_critic=1,
        device="cpu",
        random_state=0,
        callbacks=callbacks,
    )


@pytest.mark.parametrize("hook", HOOKS)
def test_base_class_has_every_hook_and_does_nothing(hook):
    trainer = trainer_with()
    getattr(Callback(), hook)(trainer)
    assert vars(trainer).keys() == vars(trainer_with()).keys()
    assert trainer.epoch == trainer.n_updates == 0


def test_callback_may_override_a_single_hook():
    class CountEpochs(Callback):
        n_epochs = 0

        def on_epoch_end(self, trainer):
            self.n_epochs += 1

    counter = CountEpochs()
    trainer_with(counter).train(BATCHES, epochs=3)
    assert counter.n_epochs == 3


def test_progress_bar_counts_updates_and_shows_the_losses(capsys):
    trainer = trainer_with(ProgressBar("my bar"))
    trainer.train(BATCHES, epochs=2)
    captured = capsys.readouterr()
    assert captured.out == ""
    last = re.split(r"[\r\n]+", captured.err.strip())[-1]
    assert last.startswith("my bar: 100%")
    assert "6/6" in last
    for key in ("critic_loss", "generator_loss", "wasserstein_estimate"):
        assert f"{key}={trainer.history[-1][key]:.3g}" in last


def test_progress_bar_counts_without_a_total_where_the_length_is_unknown(capsys):
    trainer_with(ProgressBar()).train(iter(BATCHES), epochs=1)
    assert "3update" in capsys.readouterr().err


def test_progress_bar_is_closed_when_training_fails():
    class Fail(Callback):
        def on_update_end(self, trainer):
            shown.append(bar._bar)
            raise ZeroDivisionError

    shown, bar = [], ProgressBar()
    with pytest.raises(ZeroDivisionError):
        trainer_with(bar, Fail()).train(BATCHES, epochs=1)
    assert bar._bar is None
    assert shown[0].disable  # what tqdm sets when it is closed


def test_progress_bar_is_closed_when_a_later_callback_fails_at_the_beginning():
    class Fail(Callback):
        def on_train_begin(self, trainer):
            raise ZeroDivisionError

    bar = ProgressBar()
    with pytest.raises(ZeroDivisionError):
        trainer_with(bar, Fail()).train(BATCHES, epochs=1)
    assert bar._bar is None


def test_progress_bar_can_be_used_for_a_second_training(capsys):
    trainer = trainer_with(ProgressBar())
    trainer.train(BATCHES, epochs=1)
    trainer_with(*trainer.callbacks).train(BATCHES, epochs=1)
    assert capsys.readouterr().err.count("3/3") == 2
