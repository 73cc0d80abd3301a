"""The callback base class, the progress bar, checkpoints and early stopping."""

import re

import pytest
import torch

from wgan_resampler import Callback, Checkpoint, EarlyStopping, GanDiscriminator, GanGenerator, GanTrainer, ProgressBar
from wgan_resampler.exceptions import CheckpointError, InvalidParameterError
from wgan_resampler.utils.storage.state_file import newest_good

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


# Checkpoint


def test_checkpoints_are_written_in_turn_and_after_the_last_epoch(tmp_path):
    checkpoint = Checkpoint(tmp_path / "new" / "folder", every=2)
    trainer_with(checkpoint).train(BATCHES, epochs=5)
    names = sorted(path.name for path in (tmp_path / "new" / "folder").iterdir())
    assert names == ["checkpoint_epoch_2.pth", "checkpoint_epoch_4.pth", "checkpoint_epoch_5.pth"]
    assert checkpoint.newest.name == "checkpoint_epoch_5.pth"


def test_older_checkpoints_are_removed_on_request(tmp_path):
    (tmp_path / "checkpoint_epoch_x.pth").touch()  # of somebody else
    trainer_with(Checkpoint(tmp_path, every=2, keep=2)).train(BATCHES, epochs=7)
    names = sorted(path.name for path in tmp_path.iterdir())
    assert names == ["checkpoint_epoch_6.pth", "checkpoint_epoch_7.pth", "checkpoint_epoch_x.pth"]
    with pytest.raises(InvalidParameterError, match="keep"):
        Checkpoint(tmp_path, keep=0)


def test_a_trainer_goes_on_from_a_checkpoint_bit_for_bit(tmp_path):
    whole = trainer_with()
    whole.train(BATCHES, epochs=5)
    trainer_with(Checkpoint(tmp_path, about={"note": "mine"})).train(BATCHES, epochs=2)
    state = newest_good(tmp_path).state
    assert state["about"] == {"note": "mine"}
    assert state["source"] is None  # a list of batches has no state
    trainer = trainer_with()
    trainer.load_state_dict(state["trainer"])
    trainer.train(BATCHES, epochs=3)
    assert trainer.history.column("critic_loss") == whole.history.column("critic_loss")
    for a, b in ((trainer.generator, whole.generator), (trainer.critic, whole.critic)):
        assert all(torch.equal(x, y) for x, y in zip(a.state_dict().values(), b.state_dict().values(), strict=True))


def test_an_error_saves_the_last_complete_epoch(tmp_path):
    class Fails(Callback):
        def on_update_end(self, trainer):
            if trainer.epoch == 4:
                raise KeyError("from the hook")

    with pytest.raises(KeyError):
        trainer_with(Checkpoint(tmp_path, every=100), Fails()).train(BATCHES, epochs=5)
    assert [path.name for path in tmp_path.iterdir()] == ["checkpoint_epoch_3.pth"]


def test_a_checkpoint_that_cannot_be_written_ends_training(tmp_path):
    (tmp_path / "file").write_text("no folder")
    with pytest.raises(OSError, match="file"):
        trainer_with(Checkpoint(tmp_path / "file")).train(BATCHES, epochs=1)


def test_a_state_of_another_trainer_is_refused():
    state = trainer_with().state_dict()
    state["generator"]["output.bias"] = torch.zeros(9)
    with pytest.raises(CheckpointError, match="does not fit this trainer"):
        trainer_with().load_state_dict(state)
    del state["rng"]
    with pytest.raises(CheckpointError, match="does not fit this trainer"):
        trainer_with().load_state_dict({**trainer_with().state_dict(), "rng": "x"})
    with pytest.raises(CheckpointError, match="with average_decay, unlike this trainer"):
        trainer_with().load_state_dict({**trainer_with().state_dict(), "average": {}})


def test_the_state_shares_no_memory():
    trainer = trainer_with()
    state = trainer.state_dict()
    before = state["generator"]["output.weight"].clone()
    trainer.train(BATCHES, epochs=1)
    assert torch.equal(state["generator"]["output.weight"], before)


# Early stopping


class Scripted(Callback):
    """Puts given values into the history."""

    def __init__(self, values):
        self.values = values

    def on_epoch_end(self, trainer):
        record = trainer.history[-1]
        record["wasserstein_estimate"] = self.values[trainer.epoch - 1]


@pytest.mark.parametrize(
    ("values", "patience", "min_delta", "stops_after"),
    [
        ([5, 4, 3, 2, 1], 1, 0.0, None),
        ([5, 4, 4, 4, 1], 2, 0.0, 4),
        ([5, 6, 4, 6, 6], 2, 0.0, 5),
        ([5, 4.9, 4.8, 4.7, 4.6], 3, 0.5, 4),
    ],
)
def test_early_stopping_waits_for_a_new_least_value(values, patience, min_delta, stops_after):
    stopping = EarlyStopping(patience=patience, min_delta=min_delta)
    trainer = trainer_with(Scripted(values), stopping)
    trainer.train(BATCHES, epochs=5)
    assert trainer.epoch == (stops_after or 5)
    assert stopping.stopped_epoch == stops_after
    trainer_with(stopping).train(BATCHES, epochs=1)
    assert stopping.stopped_epoch is None  # it has forgotten the first training


def test_early_stopping_names_the_keys_that_there_are():
    with pytest.raises(InvalidParameterError, match=r"monitor='loss' is not a key .*'critic_loss'"):
        trainer_with(EarlyStopping("loss")).train(BATCHES, epochs=1)
