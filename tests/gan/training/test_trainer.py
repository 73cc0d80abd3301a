"""The training loop: what it learns, one step by hand, and how it ends."""

import copy
import math

import numpy as np
import pytest
import torch
from torch import nn
from torch.utils.data import DataLoader, TensorDataset

from wgan_resampler import Callback, GanDiscriminator, GanGenerator, GanTrainer, TrainingHistory
from wgan_resampler.exceptions import (
    DeviceUnavailableError,
    InvalidDataError,
    InvalidParameterError,
    TrainingDivergedError,
    TrainingStoppedEarlyWarning,
)
from wgan_resampler.gan.gradients import knows_critic, knows_generator
from wgan_resampler.gan.losses import critic_loss, generator_loss, gradient_penalty
from wgan_resampler.gan.rows.batches import ClassBalancedBatches, one_hot

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


class SubclassedGenerator(GanGenerator):
    """A generator that the explicit gradients do not know, so that autograd trains it."""


class SubclassedCritic(GanDiscriminator):
    """A critic that the explicit gradients do not know, so that autograd trains it."""


class LinearCritic(nn.Module):
    """score = features @ weight: its loss does not depend on where the rows are mixed."""

    def __init__(self):
        super().__init__()
        self.weight = nn.Parameter(torch.tensor([[3.0], [4.0]]))

    def forward(self, features, condition):
        return features @ self.weight


class OneRowGenerator(nn.Module):
    """Gives the same row for any noise."""

    def __init__(self):
        super().__init__()
        self.row = nn.Parameter(torch.tensor([[0.5, -1.0]]))

    def forward(self, noise, condition):
        return self.row.expand(len(noise), -1)


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


class FailAt(Callback):
    """Raises in one hook, once."""

    def __init__(self, hook):
        self.hook = hook
        self.armed = True
        setattr(self, hook, self._fail)

    def _fail(self, trainer):
        if self.armed:
            self.armed = False
            raise ZeroDivisionError(self.hook)


def networks(generator_class=GanGenerator, critic_class=GanDiscriminator, **kwargs):
    sizes = {"num_classes": 2, "feature_dim": 2, "hidden_dim": 8, "num_layers": 2}
    generator = {"noise_dim": 3, "normalization": "layer", "dropout": 0.0, "random_state": 1, **kwargs}
    return generator_class(**sizes, **generator), critic_class(**sizes, random_state=2)


def trainer_of(pair=None, **kwargs):
    generator, critic = pair or networks()
    settings = {"noise_dim": 3, "num_classes": 2, "n_critic": 2, "learning_rate": 1e-2, "device": "cpu"}
    return GanTrainer(generator=generator, discriminator=critic, **{"random_state": 3, **settings, **kwargs})


def batches(n_batches=3, n_rows=6, seed=0):
    rng = torch.Generator().manual_seed(seed)
    return [
        (torch.rand((n_rows, 2), generator=rng) * 2 - 1, torch.randint(2, (n_rows,), generator=rng))
        for _ in range(n_batches)
    ]


def weights_of(trainer):
    return torch.cat([p.detach().flatten() for net in (trainer.generator, trainer.critic) for p in net.parameters()])


def trained_weights(**kwargs):
    trainer = trainer_of(**kwargs)
    trainer.train(batches(), epochs=2)
    return weights_of(trainer)


def without_seconds(history):
    return [{key: value for key, value in record.items() if key != "seconds"} for record in history]


# One step by hand


def test_critic_steps_equal_those_worked_out_by_hand():
    real = np.array([[1.0, 2.0], [3.0, -1.0], [0.0, 0.5]])
    fake = np.array([[0.5, -1.0]])
    trainer = trainer_of((OneRowGenerator(), LinearCritic()), n_critic=3, learning_rate=0.1, lambda_gp=10.0)
    trainer.train([(torch.tensor(real), torch.tensor([0, 1, 0]))], epochs=1)

    weight, first, second = np.array([3.0, 4.0]), np.zeros(2), np.zeros(2)
    scores = []
    for step in (1, 2, 3):
        norm = np.sqrt((weight**2).sum())
        scores.append(((real @ weight).mean(), (fake @ weight).mean(), (norm - 1.0) ** 2))
        # The critic descends on fake - real + 10 * (norm - 1)^2.
        gradient = fake.mean(0) - real.mean(0) + 10.0 * 2.0 * (norm - 1.0) * weight / norm
        first = 0.5 * first + 0.5 * gradient
        second = 0.9 * second + 0.1 * gradient**2
        weight = weight - 0.1 * (first / (1 - 0.5**step)) / (np.sqrt(second / (1 - 0.9**step)) + 1e-8)
    np.testing.assert_allclose(trainer.critic.weight.detach().numpy()[:, 0], weight, rtol=1e-6)

    # The generator then ascends the critic's slope; the first step of Adam has the length of the learning rate.
    moved = trainer.generator.row.detach().numpy()[0]
    np.testing.assert_allclose(moved, fake[0] + 0.1 * np.sign(weight), rtol=1e-6)

    record = trainer.history[0]
    real_score, fake_score, penalty = np.mean(scores, axis=0)
    assert record["real_score"] == pytest.approx(real_score, rel=1e-6)
    assert record["fake_score"] == pytest.approx(fake_score, rel=1e-6)
    assert record["gradient_penalty"] == pytest.approx(penalty, rel=1e-6)
    assert record["wasserstein_estimate"] == pytest.approx(real_score - fake_score, rel=1e-6)
    assert record["critic_loss"] == pytest.approx(fake_score - real_score + 10.0 * penalty, rel=1e-6)
    assert record["generator_loss"] == pytest.approx(-(fake[0] @ weight), rel=1e-6)


@pytest.mark.parametrize("scale", [None, [0.5, 2.0]])
def test_updates_equal_a_plain_float64_loop_with_torch_adam(scale):
    # Two rows: the slopes of more, where they cancel, leave rounding errors that Adam makes as large as a step.
    data = batches(2, n_rows=2)
    scale = None if scale is None else torch.tensor(scale)
    trainer = trainer_of(n_critic=3, feature_scale=scale)
    trainer.train(data, epochs=2)

    generator, critic = (network.double() for network in networks())
    wide_scale = None if scale is None else scale.double()
    adam = [torch.optim.Adam(network.parameters(), lr=1e-2, betas=(0.5, 0.9)) for network in (critic, generator)]
    rng = torch.Generator().manual_seed(3)
    for features, labels in data * 2:
        real, condition = features.double(), one_hot(labels, 2, torch.float64)
        noise = torch.randn(8, 3, generator=rng).double()
        with torch.no_grad():
            fakes = generator(noise[:6], condition.repeat(3, 1)).view(3, 2, 2)
        shares = torch.rand(3, 2, 1, generator=rng).double()
        for fake, share in zip(fakes, shares, strict=True):
            penalty = gradient_penalty(critic, share * real + (1 - share) * fake, condition, wide_scale)
            adam[0].zero_grad()
            critic_loss(critic(real, condition), critic(fake, condition), penalty, 10.0).backward()
            adam[0].step()
        adam[1].zero_grad()
        generator_loss(critic(generator(noise[6:], condition), condition)).backward()
        adam[1].step()
    for trained, reference in ((trainer.critic, critic), (trainer.generator, generator)):
        for ours, theirs in zip(trained.parameters(), reference.parameters(), strict=True):
            torch.testing.assert_close(ours.double(), theirs, rtol=0, atol=2e-5)


@pytest.mark.parametrize("n_rows", [1, 2])
@pytest.mark.parametrize(
    "classes",
    [
        (SubclassedGenerator, GanDiscriminator),
        (GanGenerator, SubclassedCritic),
        (SubclassedGenerator, SubclassedCritic),
    ],
)
def test_autograd_and_explicit_gradients_train_the_same_weights(classes, n_rows):
    # For the number of rows see above.
    scale = torch.tensor([0.5, 2.0])
    explicit = trainer_of(networks(), feature_scale=scale)
    autograd = trainer_of(networks(*classes), feature_scale=scale)
    assert knows_generator(explicit.generator)
    assert knows_critic(explicit.critic)
    assert not (knows_generator(autograd.generator) and knows_critic(autograd.critic))
    histories = [trainer.train(batches(3, n_rows), epochs=2) for trainer in (explicit, autograd)]
    torch.testing.assert_close(weights_of(autograd), weights_of(explicit), rtol=0, atol=1e-5)
    for ours, theirs in zip(*(without_seconds(history) for history in histories), strict=True):
        assert ours == pytest.approx(theirs, abs=1e-5)


# What it learns


def test_trainer_learns_a_mixture_of_two_classes_with_two_modes_each():
    rng = np.random.default_rng(0)
    centres = np.array([[[-0.7, -0.6], [-0.3, 0.6]], [[0.3, -0.6], [0.7, 0.6]]])
    counts = [(150, 150), (30, 30)]
    rows = [rng.normal(centres[c][m], 0.06, (counts[c][m], 2)) for c in (0, 1) for m in (0, 1)]
    features = torch.tensor(np.concatenate(rows), dtype=torch.float32)
    labels = torch.tensor([0] * 300 + [1] * 60)
    generator = GanGenerator(
        num_classes=2,
        feature_dim=2,
        noise_dim=8,
        hidden_dim=64,
        dropout=0.0,
        normalization="layer",
        skip_connections=True,
        random_state=1,
    )
    critic = GanDiscriminator(feature_dim=2, num_classes=2, hidden_dim=64, random_state=2)
    trainer = GanTrainer(
        generator=generator,
        discriminator=critic,
        noise_dim=8,
        num_classes=2,
        n_critic=4,
        learning_rate=1e-3,
        device="cpu",
        random_state=3,
        average_decay=0.99,
    )
    source = ClassBalancedBatches(features, labels, 2, 64, torch.Generator().manual_seed(4))
    trainer.train(source, epochs=1000, max_updates=2000)
    averaged = trainer.averaged_generator()
    for label in (0, 1):
        noise = torch.randn(1000, 8, generator=torch.Generator().manual_seed(5))
        made = averaged(noise, one_hot(torch.full((1000,), label), 2)).detach().numpy()
        # Each mode lies 0.63 from the mean of its class, and 1.26 from the other.
        np.testing.assert_allclose(made.mean(0), centres[label].mean(0), atol=0.2)
        distance = np.linalg.norm(made[:, None] - centres[label][None], axis=2)
        share_near = (distance < 0.3).mean(0)
        assert share_near.min() > 0.15, share_near
        share_nearest = np.bincount(distance.argmin(1), minlength=2) / 1000
        assert share_nearest.min() > 0.3, share_nearest


# Sources of batches


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


def test_own_modules_are_trained_by_autograd():
    class Generator(nn.Module):
        def __init__(self):
            super().__init__()
            self.layers = nn.Sequential(nn.Linear(5, 8), nn.Tanh(), nn.Linear(8, 2))

        def forward(self, noise, condition):
            return self.layers(torch.cat([noise, condition], 1))

    class Critic(nn.Module):
        def __init__(self):
            super().__init__()
            self.layers = nn.Sequential(nn.Linear(4, 8), nn.Tanh(), nn.Linear(8, 1))

        def forward(self, features, condition):
            return self.layers(torch.cat([features, condition], 1))

    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(0)
        trainer = trainer_of((Generator(), Critic()), n_critic=4)
    before = weights_of(trainer)
    history = trainer.train([(torch.full((8, 2), 2.0), torch.arange(8) % 2)], epochs=400)
    assert (weights_of(trainer) != before).float().mean() > 0.9
    made = trainer.generator(torch.randn(20, 3, generator=torch.Generator().manual_seed(0)), torch.eye(2).repeat(10, 1))
    assert (made - 2.0).abs().mean() < 0.5
    assert all(math.isfinite(value) for value in history.column("critic_loss"))


# How long it runs


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


# Averages


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


# Hooks


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


# Divergence


@pytest.mark.parametrize("classes", [(GanGenerator, GanDiscriminator), (SubclassedGenerator, SubclassedCritic)])
def test_divergence_names_epoch_and_remedy(classes):
    trainer = trainer_of(networks(*classes), learning_rate=1e12)
    with pytest.raises(TrainingDivergedError) as caught:
        trainer.train(batches(), epochs=50)
    message = str(caught.value)
    assert f"in epoch {trainer.epoch} " in message
    assert "Use a smaller learning_rate (now 1e+12)" in message
    assert "critic_learning_rate (now" in message
    assert "lambda_gp (now 10)" in message
    assert len(trainer.history) == trainer.epoch - 1


def test_divergence_is_noticed_within_a_long_epoch():
    class Poison(Callback):
        def on_update_end(self, trainer):
            if trainer.n_updates == 3:
                with torch.no_grad():
                    trainer.critic.output.weight.fill_(torch.nan)

    trainer = trainer_of(callbacks=[Poison()])
    with pytest.raises(TrainingDivergedError, match="epoch 1 "):
        trainer.train(batches(1) * 2000, epochs=1)
    assert trainer.n_updates <= 200


def test_generator_that_became_nan_in_the_last_update_is_noticed():
    class Poison(Callback):
        def on_epoch_end(self, trainer):
            with torch.no_grad():
                trainer.generator.output.weight.fill_(torch.nan)

    trainer = trainer_of(callbacks=[Poison()])
    with pytest.raises(TrainingDivergedError, match=r"after epoch 1\. Use a smaller learning_rate"):
        trainer.train(batches(), epochs=1)


# Randomness and torch's settings


@pytest.mark.parametrize(("normalization", "dropout"), [("layer", 0.0), ("batch", 0.3)])
def test_same_random_state_gives_bit_identical_weights(normalization, dropout):
    results = [trained_weights(pair=networks(normalization=normalization, dropout=dropout)) for _ in range(2)]
    assert torch.equal(*results)


def test_other_random_state_gives_other_weights():
    assert not torch.equal(trained_weights(random_state=3), trained_weights(random_state=4))
    assert not torch.equal(trained_weights(random_state=None), trained_weights(random_state=None))


@pytest.fixture
def restored_settings():
    n_threads = torch.get_num_threads()
    yield
    torch.set_num_threads(n_threads)
    torch.set_default_dtype(torch.float32)


def settings():
    return {
        "torch generator": torch.get_rng_state().tolist(),
        "numpy generator": [part.tolist() if hasattr(part, "tolist") else part for part in np.random.get_state()],
        "threads": torch.get_num_threads(),
        "dtype": torch.get_default_dtype(),
        "gradients": torch.is_grad_enabled(),
        "inference": torch.is_inference_mode_enabled(),
        "autocast": torch.is_autocast_enabled("cpu"),
    }


@pytest.mark.usefixtures("restored_settings")
@pytest.mark.parametrize("failing", [False, True])
def test_global_settings_and_generators_are_left_untouched(failing):
    torch.set_num_threads(2)
    torch.set_default_dtype(torch.float64)
    before = settings()
    callbacks = [FailAt("on_update_end")] if failing else []
    trainer = trainer_of(networks(normalization="batch", dropout=0.3), callbacks=callbacks, average_decay=0.9)
    if failing:
        with pytest.raises(ZeroDivisionError):
            trainer.train(batches(), epochs=2)
    else:
        trainer.train(batches(), epochs=2)
    trainer.averaged_generator()
    assert settings() == before


@pytest.mark.usefixtures("restored_settings")
@pytest.mark.parametrize("explicit", [True, False])
@pytest.mark.parametrize(
    "surrounding",
    [
        torch.no_grad,
        torch.enable_grad,
        torch.inference_mode,
        lambda: torch.autocast("cpu", dtype=torch.bfloat16),
        lambda: torch.set_num_threads(2),
        lambda: torch.set_default_dtype(torch.float64),
        lambda: torch.manual_seed(99),
    ],
    ids=["no_grad", "enable_grad", "inference_mode", "autocast", "two threads", "float64", "seed"],
)
def test_result_does_not_depend_on_the_callers_settings(surrounding, explicit):
    def pair():
        return networks() if explicit else networks(normalization="batch", dropout=0.2)

    data, expected = batches(), trained_weights(pair=pair())
    inside = pair()
    with torch.random.fork_rng(devices=[]):
        context = surrounding()
        if hasattr(context, "__enter__"):
            with context:
                trainer = trainer_of(inside)
                trainer.train(data, epochs=2)
        else:
            trainer = trainer_of(inside)
            trainer.train(data, epochs=2)
    assert torch.equal(weights_of(trainer), expected)


def test_result_on_large_layers_does_not_depend_on_the_thread_count(restored_settings):
    generator = {"noise_dim": 64, "hidden_dim": 256, "normalization": "layer", "dropout": 0.0, "random_state": 1}
    rows = [(torch.rand((300, 2), generator=torch.Generator().manual_seed(0)), torch.arange(300) % 2)]
    results = []
    for n_threads in (1, 2):
        torch.set_num_threads(n_threads)
        pair = (
            GanGenerator(num_classes=2, feature_dim=2, **generator),
            GanDiscriminator(feature_dim=2, num_classes=2, hidden_dim=256, random_state=2),
        )
        trainer = trainer_of(pair, noise_dim=64, n_critic=1)
        trainer.train(rows, epochs=2)
        results.append(weights_of(trainer))
    assert torch.equal(*results)


# Bad arguments


@pytest.mark.parametrize(
    ("arguments", "error", "fragment"),
    [
        ({"n_critic": 0}, InvalidParameterError, "n_critic must be a whole number of at least 1; got 0"),
        ({"n_critic": 1.5}, InvalidParameterError, "got 1.5"),
        ({"noise_dim": 4}, InvalidParameterError, "noise_dim is 4, but the generator was built for 3"),
        ({"num_classes": 3}, InvalidParameterError, "num_classes is 3, but the generator was built for 2"),
        ({"learning_rate": 0.0}, InvalidParameterError, "learning_rate must be a positive number; got 0.0"),
        ({"learning_rate": math.nan}, InvalidParameterError, "got nan"),
        ({"learning_rate": math.inf}, InvalidParameterError, "got inf"),
        ({"lambda_gp": -1.0}, InvalidParameterError, "lambda_gp must be a number of at least 0; got -1.0"),
        ({"lambda_gp": math.inf}, InvalidParameterError, "got inf"),
        ({"average_decay": 1.0}, InvalidParameterError, r"average_decay must lie in \[0, 1\); got 1.0"),
        ({"average_decay": -0.1}, InvalidParameterError, "got -0.1"),
        ({"device": "gpu"}, InvalidParameterError, "'auto', 'cpu', 'cuda' or 'cuda:N'; got 'gpu'"),
        ({"device": "cuda:99"}, DeviceUnavailableError, "Use device='cpu' or 'auto'"),
    ],
)
def test_bad_trainer_argument_is_named(arguments, error, fragment):
    with pytest.raises(error, match=fragment):
        trainer_of(**arguments)


@pytest.mark.parametrize(
    ("arguments", "fragment"),
    [
        ({"epochs": 0}, "epochs must be a whole number of at least 1; got 0"),
        ({"epochs": 2.0}, "got 2.0"),
        ({"max_updates": 0}, "max_updates must be a whole number of at least 1; got 0"),
        ({"max_updates": 2.5}, "got 2.5"),
    ],
)
def test_bad_train_argument_is_named(arguments, fragment):
    trainer = trainer_of()
    with pytest.raises(InvalidParameterError, match=fragment):
        trainer.train(batches(), **arguments)
    assert trainer.n_updates == 0


def test_critic_of_another_number_of_classes_is_refused():
    critic = GanDiscriminator(feature_dim=2, num_classes=5, hidden_dim=8, random_state=0)
    with pytest.raises(InvalidParameterError, match="the discriminator was built for 5"):
        trainer_of((networks()[0], critic))


def test_networks_of_different_widths_are_refused():
    critic = GanDiscriminator(feature_dim=9, num_classes=2, hidden_dim=8, random_state=0)
    with pytest.raises(InvalidParameterError, match="makes 2 features, but the discriminator expects 9"):
        trainer_of((networks()[0], critic))


# CUDA


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


def weights(trainer):
    return torch.cat([p.detach().reshape(-1).clone() for p in trainer.generator.parameters()])


def none_gradients(trainer):
    trainer.generator.zero_grad(set_to_none=True)
    trainer.critic.zero_grad(set_to_none=True)


class NoneGradients(Callback):
    def on_epoch_begin(self, trainer):
        none_gradients(trainer)


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
    assert torch.equal(weights(trainer), weights(undisturbed))


def test_bug_buffers_were_kept_for_every_batch_size():
    trainer = trainer_of()
    sizes = [3, 4, 5, 6, 3]
    loader = [(torch.zeros(n, trainer.critic.feature_dim), torch.zeros(n, dtype=torch.int64)) for n in sizes]
    trainer.train(loader, epochs=1)
    assert len(trainer._steps) <= 2
    assert trainer.history[-1]["gradient_penalty"] > 0


def test_bug_dropout_switched_on_in_an_epoch_met_a_new_batch_size():
    """The step of the new size was made for autograd and run in inference mode."""

    class Dropout(Callback):
        def on_update_end(self, trainer):
            trainer.generator.dropout.p = 0.3

    trainer = trainer_of(callbacks=[Dropout()])
    loader = [(torch.zeros(n, 2), torch.zeros(n, dtype=torch.int64)) for n in (8, 8, 5)]
    assert len(trainer.train(loader, epochs=2)) == 2  # in the second one autograd trains


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


def test_moments_loaded_between_trainings_are_those_that_train():
    """Bug: passes of the first training went on with the moments that they had copied."""
    pair = networks(normalization=None, moments=torch.full((2, 4, 2), 0.1))
    trainer = trainer_of(pair)
    rows = [(torch.zeros(8, 2), torch.arange(8) % 2)]
    trainer.train(rows, 1)
    pair[0].load_state_dict({**pair[0].state_dict(), "moments": torch.full((2, 4, 2), 2.0)})
    fresh = trainer_of(copy.deepcopy(pair))
    fresh.load_state_dict(trainer.state_dict())
    for each in (trainer, fresh):
        each.train(rows, 1)
    assert torch.equal(weights(trainer), weights(fresh))
