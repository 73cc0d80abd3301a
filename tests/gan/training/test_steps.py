"""A step moves both networks by the gradients of the losses, whether they are explicit or autograd's."""

import pytest
import torch
from gan.small_networks import SameLoss, SubclassedCritic, SubclassedGenerator, gradient_penalty

from wgan_resampler import GanDiscriminator, GanGenerator
from wgan_resampler.gan.gradients.flat_optimizers import Adam, FlatParameters
from wgan_resampler.gan.losses import WGANGPLoss, mix_rows
from wgan_resampler.gan.training.steps import N_SUMS, Pair, Step, noise_rows

SIZES = {"feature_dim": 4, "num_classes": 3, "hidden_dim": 6, "num_layers": 2}
NOISE = 5


def pair_of(generator_class=GanGenerator, critic_class=GanDiscriminator, learning_rate=1e-12, loss=None, **kwargs):
    """Return networks that do not move: where slopes cancel, Adam would make whole steps of rounding errors."""
    options = {"noise_dim": NOISE, "dropout": 0.0, "normalization": "layer", "random_state": 0, **kwargs}
    generator, critic = generator_class(**SIZES, **options), critic_class(**SIZES, random_state=1)
    optimizers = [Adam(FlatParameters(network), learning_rate, (0.5, 0.9)) for network in (generator, critic)]
    return Pair(generator, critic, *optimizers, torch.tensor([1.0, 0.5, 2.0, 1.0]), loss or WGANGPLoss())


def inputs(n_critic, n_rows, seed=2):
    rng = torch.Generator().manual_seed(seed)
    features = torch.rand(n_critic, n_rows, 4, generator=rng) * 2 - 1
    condition = torch.eye(3)[torch.randint(3, (n_critic, n_rows), generator=rng)]
    noise = torch.randn(noise_rows(n_critic, n_rows), NOISE, generator=rng)
    return features, condition, noise, torch.rand(n_critic, n_rows, 1, generator=rng)


@pytest.mark.parametrize(("n_critic", "n_rows"), [(1, 1), (1, 2), (3, 1), (2, 7)])
@pytest.mark.parametrize(
    "options",
    [
        {"generator_class": SubclassedGenerator},
        {"critic_class": SubclassedCritic},
        {"generator_class": SubclassedGenerator, "critic_class": SubclassedCritic},
        {"loss": SameLoss()},
    ],
    ids=["own generator", "own critic", "own networks", "own loss"],
)
def test_explicit_step_equals_autograd(n_critic, n_rows, options):
    explicit, autograd = pair_of(), pair_of(**options)
    assert explicit.is_explicit
    assert not autograd.is_explicit
    sums = []
    for pair in (explicit, autograd):
        step = Step(pair, n_critic, n_rows, explicit=pair.is_explicit)
        with torch.no_grad():
            step.run(*inputs(n_critic, n_rows), lambda_gp=10.0)
        sums.append(step.take_sums())
        assert step.take_sums().tolist() == [0.0] * N_SUMS
    real, fake, penalty, _, generator_loss = sums[0]
    critic_loss = 0.0 if autograd.critic_is_explicit else fake - real + 10.0 * penalty
    expected = torch.tensor([real, fake, penalty, critic_loss, generator_loss])
    torch.testing.assert_close(sums[1], expected, rtol=1e-5, atol=1e-5)
    for ours, theirs in zip(
        (explicit.generator_optimizer, explicit.critic_optimizer),
        (autograd.generator_optimizer, autograd.critic_optimizer),
        strict=True,
    ):
        # Adam's first moment, since autograd leaves the generator's loss in the critic's gradient.
        assert ours.first.abs().max() > 1e-3
        torch.testing.assert_close(ours.first, theirs.first, rtol=1e-4, atol=1e-5)


@pytest.mark.parametrize("generator_class", [GanGenerator, SubclassedGenerator])
def test_sums_are_those_of_the_rows_made_from_the_noise_in_its_order(generator_class):
    """The first rows of noise are for the critic's updates, the last ones for the generator's."""
    pair = pair_of(generator_class)
    features, condition, noise, shares = inputs(2, 7)
    step = Step(pair, 2, 7, explicit=pair.is_explicit)
    with torch.no_grad():
        step.run(features, condition, noise, shares, 10.0)
        fakes = pair.generator(noise[:14], condition.flatten(0, 1)).view(2, 7, 4)
        made = pair.generator(noise[14:], condition[1])
        expected = [sum(pair.critic(rows[i], condition[i]).mean() for i in range(2)) for rows in (features, fakes)]
    mixed = mix_rows(features, fakes, shares)
    expected.append(sum(gradient_penalty(pair.critic, mixed[i], condition[i], pair.feature_scale) for i in range(2)))
    expected.append(torch.zeros(()))  # the critic loss, which follows from the others
    expected.append(-pair.critic(made, condition[1]).mean())
    torch.testing.assert_close(step.take_sums(), torch.stack(expected).detach(), rtol=1e-5, atol=1e-6)


def test_batch_normalization_gets_two_rows_where_a_batch_has_one():
    pair = pair_of(normalization="batch", learning_rate=1e-2)
    before = pair.generator_optimizer.parameters.values.clone()
    with torch.no_grad():
        Step(pair, 1, 1, explicit=False).run(*inputs(1, 1), lambda_gp=10.0)
    assert pair.generator_optimizer.parameters.values.isfinite().all()
    assert not torch.equal(pair.generator_optimizer.parameters.values, before)
