"""When hooks are called, and what they can do."""

import pytest
from gan.small_networks import FailAt, SubclassedCritic, SubclassedGenerator, batches, networks, trainer_of

from wgan_resampler import Callback, GanDiscriminator, GanGenerator
from wgan_resampler.gan.rows.batches import one_hot


class Recorder(Callback):
    def __init__(self, stop_at=None):
        self.calls = []
        self.stop_at = stop_at

    def _note(self, hook, trainer):
        self.calls.append((hook, trainer.epoch, trainer.n_updates, len(trainer.history)))
        if hook == self.stop_at:
            trainer.stop()

    def on_train_begin(self, trainer):
        self._note("on_train_begin", trainer)

    def on_epoch_begin(self, trainer):
        self._note("on_epoch_begin", trainer)

    def on_update_end(self, trainer):
        self._note("on_update_end", trainer)

    def on_epoch_end(self, trainer):
        self._note("on_epoch_end", trainer)

    def on_train_end(self, trainer):
        self._note("on_train_end", trainer)


def test_hooks_are_called_in_order_with_the_state_of_training():
    recorder = Recorder()
    trainer_of(callbacks=[recorder]).train(batches(2), epochs=2)
    assert recorder.calls == [
        ("on_train_begin", 0, 0, 0),
        ("on_epoch_begin", 1, 0, 0),
        ("on_update_end", 1, 1, 0),
        ("on_update_end", 1, 2, 0),
        ("on_epoch_end", 1, 2, 1),
        ("on_epoch_begin", 2, 2, 1),
        ("on_update_end", 2, 3, 1),
        ("on_update_end", 2, 4, 1),
        ("on_epoch_end", 2, 4, 2),
        ("on_train_end", 2, 4, 2),
    ]


def test_callbacks_are_called_in_the_order_given_and_not_copied():
    order = []

    class Named(Callback):
        def __init__(self, name):
            self.name = name

        def on_train_begin(self, trainer):
            order.append(self.name)

    callbacks = [Named("first"), Named("second")]
    trainer = trainer_of(callbacks=callbacks)
    trainer.train(batches(), epochs=1)
    assert order == ["first", "second"]
    assert all(ours is theirs for ours, theirs in zip(trainer.callbacks, callbacks, strict=True))


@pytest.mark.parametrize(
    ("hook", "n_epochs"),
    [("on_train_begin", 0), ("on_epoch_begin", 1), ("on_update_end", 1), ("on_epoch_end", 1), ("on_train_end", 4)],
)
def test_stop_ends_training_after_the_present_update(hook, n_epochs):
    recorder = Recorder(stop_at=hook)
    trainer = trainer_of(callbacks=[recorder])
    history = trainer.train(batches(2), epochs=4)
    assert len(history) == n_epochs
    assert trainer.n_updates == (1 if hook in ("on_epoch_begin", "on_update_end") else 2 * n_epochs)
    assert recorder.calls[-1][0] == "on_train_end"


def test_stopped_trainer_can_be_trained_further():
    recorder = Recorder(stop_at="on_epoch_begin")
    trainer = trainer_of(callbacks=[recorder])
    trainer.train(batches(), epochs=4)
    recorder.stop_at = None
    assert len(trainer.train(batches(), epochs=4)) == 5


@pytest.mark.parametrize("hook", ["on_train_begin", "on_epoch_begin", "on_update_end", "on_epoch_end", "on_train_end"])
def test_error_in_a_hook_ends_training_and_tidies_up(hook):
    recorder = Recorder()
    trainer = trainer_of(networks(dropout=0.5), callbacks=[recorder, FailAt(hook)])
    with pytest.raises(ZeroDivisionError, match=hook):
        trainer.train(batches(), epochs=2)
    assert [name for name, *_ in recorder.calls].count("on_train_end") == 1
    assert not trainer.generator.training
    assert trainer.generator.dropout.rng is None


def test_errors_at_the_end_hide_no_earlier_error_and_skip_no_callback():
    recorder = Recorder()
    callbacks = [FailAt("on_update_end"), FailAt("on_train_end"), FailAt("on_train_end"), recorder]
    trainer = trainer_of(callbacks=callbacks)
    with pytest.raises(ZeroDivisionError, match="on_update_end") as caught:
        trainer.train(batches(), epochs=2)
    assert recorder.calls[-1][0] == "on_train_end"
    assert len(caught.value.__notes__) == 2
    assert "on_train_end failed too: ZeroDivisionError('on_train_end')" in caught.value.__notes__[0]


def test_interrupt_at_the_end_is_raised_after_the_other_callbacks_have_ended():
    class Interrupt(Callback):
        def on_train_end(self, trainer):
            raise KeyboardInterrupt

    recorder = Recorder()
    with pytest.raises(KeyboardInterrupt):
        trainer_of(callbacks=[Interrupt(), recorder]).train(batches(), epochs=1)
    assert recorder.calls[-1][0] == "on_train_end"


@pytest.mark.parametrize("classes", [(GanGenerator, GanDiscriminator), (SubclassedGenerator, SubclassedCritic)])
def test_sums_of_an_interrupted_epoch_do_not_leak_into_the_next(classes):
    trainer = trainer_of(networks(*classes), learning_rate=1e-12, callbacks=[FailAt("on_update_end")])
    with pytest.raises(ZeroDivisionError):
        trainer.train(batches(1), epochs=1)
    (record,) = trainer.train(batches(1), epochs=1)
    # At this step size the networks do not move, so the real score is that of the initial critic.
    ((features, labels),) = batches(1)
    expected = networks()[1](features, one_hot(labels, 2)).mean().item()
    assert record["real_score"] == pytest.approx(expected, rel=1e-4)
