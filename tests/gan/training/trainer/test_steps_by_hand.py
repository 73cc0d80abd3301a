"""Steps of training against numbers worked out by hand, a plain loop in float64, and autograd."""

import numpy as np
import pytest
import torch
from gan.small_networks import (
    SubclassedCritic,
    SubclassedGenerator,
    batches,
    gradient_penalty,
    networks,
    trainer_of,
    weights_of,
    without_seconds,
)
from torch import nn

from wgan_resampler import GanDiscriminator, GanGenerator
from wgan_resampler.gan.losses import WGANGPLoss
from wgan_resampler.gan.rows.batches import one_hot

LOSS = WGANGPLoss()


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
    # Two rows only. With more rows, slopes can cancel, and Adam makes whole steps of the rounding errors that are left.
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
            LOSS.critic_loss(critic(real, condition), critic(fake, condition), penalty, 10.0).backward()
            adam[0].step()
        adam[1].zero_grad()
        LOSS.generator_loss(critic(generator(noise[6:], condition), condition)).backward()
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
    assert explicit._updates.pair.is_explicit
    assert not autograd._updates.pair.is_explicit
    assert autograd._updates.pair.critic_is_explicit == (classes[1] is GanDiscriminator)
    histories = [trainer.train(batches(3, n_rows), epochs=2) for trainer in (explicit, autograd)]
    torch.testing.assert_close(weights_of(autograd), weights_of(explicit), rtol=0, atol=1e-5)
    for ours, theirs in zip(*(without_seconds(history) for history in histories), strict=True):
        assert ours == pytest.approx(theirs, abs=1e-5)
