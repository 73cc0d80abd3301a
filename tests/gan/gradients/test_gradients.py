"""The hand-written gradients equal those of autograd on the readable losses."""

import itertools

import pytest
import torch
from gan.small_networks import gradient_penalty

from wgan_resampler import GanDiscriminator, GanGenerator
from wgan_resampler.gan.gradients.classifier import ClassifierPass
from wgan_resampler.gan.gradients.critic import CriticPass, ScorePass
from wgan_resampler.gan.gradients.flat_optimizers import FlatParameters
from wgan_resampler.gan.gradients.generator import GeneratorPass, knows_generator
from wgan_resampler.gan.losses import WGANGPLoss, mix_rows
from wgan_resampler.gan.networks import RowClassifier

FEATURES, CLASSES, NOISE, HIDDEN = 4, 3, 5, 7


def critic(num_layers=2, dtype=torch.float64, seed=0, device="cpu"):
    network = GanDiscriminator(
        feature_dim=FEATURES, num_classes=CLASSES, hidden_dim=HIDDEN, num_layers=num_layers, random_state=seed
    )
    return network.to(device, dtype)


def generator(
    num_layers=2,
    normalization="layer",
    skip_connections=True,
    dtype=torch.float64,
    device="cpu",
    block_sizes=(),
    moments=None,
):
    network = GanGenerator(
        num_classes=CLASSES,
        feature_dim=FEATURES,
        noise_dim=NOISE,
        hidden_dim=HIDDEN,
        num_layers=num_layers,
        dropout=0.0,
        normalization=normalization,
        skip_connections=skip_connections,
        block_sizes=block_sizes,
        moments=moments,
        random_state=1,
    )
    for i, norm in enumerate(network.norms):
        # Different from the initial ones and zeros, which would hide mistakes.
        if normalization == "layer":
            torch.nn.init.uniform_(norm.weight, 0.5, 1.5, generator=torch.Generator().manual_seed(i))
            torch.nn.init.uniform_(norm.bias, -0.5, 0.5, generator=torch.Generator().manual_seed(i))
    return network.to(device, dtype)


def batch(n, dtype=torch.float64, seed=2):
    rng = torch.Generator().manual_seed(seed)
    real, fake = torch.randn((2, n, FEATURES), generator=rng, dtype=dtype)
    mixed = mix_rows(real, fake, torch.rand((n, 1), generator=rng, dtype=dtype))
    noise = torch.randn((n, NOISE), generator=rng, dtype=dtype)
    condition = torch.eye(CLASSES, dtype=dtype)[torch.randint(CLASSES, (n,), generator=rng)]
    return real, fake, mixed, noise, condition


def critic_gradient_by_autograd(network, rows, condition, lambda_gp, scale=None):
    real, fake, mixed = rows
    penalty = gradient_penalty(network, mixed, condition, scale)
    loss = WGANGPLoss().critic_loss(network(real, condition), network(fake, condition), penalty, lambda_gp)
    gradients = torch.autograd.grad(loss, list(network.parameters()), allow_unused=True, materialize_grads=True)
    return torch.cat([gradient.flatten() for gradient in gradients])


def generator_gradient_by_autograd(network, scorer, noise, condition):
    loss = WGANGPLoss().generator_loss(scorer(network(noise, condition), condition))
    return torch.cat([gradient.flatten() for gradient in torch.autograd.grad(loss, list(network.parameters()))])


@pytest.mark.parametrize("num_layers", [1, 2, 3])
@pytest.mark.parametrize("scale", [None, [0.1, 1.0, 3.0, 0.5]])
@pytest.mark.parametrize("n", [1, 2, 9])
@pytest.mark.parametrize("lambda_gp", [0.0, 10.0])
def test_critic_gradient_equals_autograd(num_layers, scale, n, lambda_gp):
    network = critic(num_layers)
    scale = None if scale is None else torch.tensor(scale, dtype=torch.float64)
    *rows, _, condition = batch(n)
    flat = FlatParameters(network)
    flat.gradient.fill_(torch.nan)
    expected = critic_gradient_by_autograd(network, rows, condition, lambda_gp, scale)
    with torch.no_grad():
        critic_pass = CriticPass(network, n, scale)
        critic_pass.load(*rows, condition)
        critic_pass.gradients(lambda_gp)
    assert expected.abs().max() > 1e-3
    torch.testing.assert_close(flat.gradient, expected, rtol=0, atol=1e-12)


def test_critic_pass_can_be_used_again_after_the_weights_moved():
    network = critic()
    flat = FlatParameters(network)
    with torch.no_grad():
        critic_pass = CriticPass(network, 6)
        for seed in (3, 4):
            flat.values.mul_(1.1)
            *rows, _, condition = batch(6, seed=seed)
            critic_pass.load(*rows, condition)
            critic_pass.gradients(10.0)
    expected = critic_gradient_by_autograd(network, rows, condition, 10.0)
    torch.testing.assert_close(flat.gradient, expected, rtol=0, atol=1e-12)


def test_critic_pass_leaves_weights_and_rows_as_they_are():
    network = critic()
    flat = FlatParameters(network)
    *rows, _, condition = batch(6)
    before = [tensor.clone() for tensor in (flat.values, *rows, condition)]
    with torch.no_grad():
        critic_pass = CriticPass(network, 6)
        critic_pass.load(*rows, condition)
        critic_pass.gradients(10.0)
    for tensor, old in zip((flat.values, *rows, condition), before, strict=True):
        assert torch.equal(tensor, old)


@pytest.mark.parametrize("dtype", [torch.float32, torch.float64])
@pytest.mark.parametrize("n", [1, 3, 8])
def test_critic_without_slope_gets_the_finite_gradient_of_autograd(dtype, n):
    network = critic(dtype=dtype)
    flat = FlatParameters(network)
    flat.values.zero_()
    *rows, _, condition = batch(n, dtype)
    expected = critic_gradient_by_autograd(network, rows, condition, 10.0)
    with torch.no_grad():
        critic_pass = CriticPass(network, n)
        critic_pass.load(*rows, condition)
        critic_pass.gradients(10.0)
    assert bool(expected.isfinite().all())
    torch.testing.assert_close(flat.gradient, expected)


def test_sums_are_those_of_the_scores_and_of_the_penalty():
    network = critic()
    FlatParameters(network)
    scale = torch.tensor([0.1, 1.0, 3.0, 0.5], dtype=torch.float64)
    expected = torch.zeros(3, dtype=torch.float64)
    with torch.no_grad():
        critic_pass = CriticPass(network, 6, scale)
    for seed in (3, 4):
        real, fake, mixed, _, condition = batch(6, seed=seed)
        with torch.no_grad():
            critic_pass.load(real, fake, mixed, condition)
            critic_pass.gradients(10.0)
        penalty = gradient_penalty(network, mixed, condition, scale)
        expected += torch.stack((network(real, condition).mean(), network(fake, condition).mean(), penalty)).detach()
    torch.testing.assert_close(critic_pass.take_sums(), expected, rtol=0, atol=1e-12)
    assert critic_pass.take_sums().tolist() == [0.0, 0.0, 0.0]


@pytest.mark.parametrize("num_layers", [1, 2, 3])
@pytest.mark.parametrize("n", [1, 6])
def test_score_pass_equals_the_critic_and_the_slope_of_the_loss(num_layers, n):
    network = critic(num_layers)
    features, _, _, _, condition = batch(n)
    with torch.no_grad():
        score_pass = ScorePass(network, n)
        gradient = score_pass.gradient(features, condition)
    features.requires_grad_()
    expected = network(features, condition)
    torch.testing.assert_close(score_pass.take_sum(), expected.detach().mean(), rtol=0, atol=1e-12)
    (slope,) = torch.autograd.grad(WGANGPLoss().generator_loss(expected), features)
    torch.testing.assert_close(gradient, slope, rtol=0, atol=1e-12)


def gradients_of_the_last_rows(network, scorer, noise, condition):
    """Run the pass on a batch that follows four other rows."""
    others = torch.ones(4, NOISE, dtype=noise.dtype, device=noise.device)
    generator_pass = GeneratorPass(network, scorer, 4 + len(noise), len(noise))
    generator_pass.load(torch.cat([others, noise]), torch.cat([condition[:1].expand(4, -1), condition]))
    generator_pass.gradients(generator_pass.rows()[4:], condition)
    return generator_pass


@pytest.mark.parametrize("num_layers", [1, 2, 3])
@pytest.mark.parametrize(("normalization", "skip"), list(itertools.product(["layer", None], [True, False])))
@pytest.mark.parametrize("n", [1, 2, 9])
def test_generator_gradient_equals_autograd(num_layers, normalization, skip, n):
    network, scorer = generator(num_layers, normalization, skip), critic()
    *_, noise, condition = batch(n)
    flat = FlatParameters(network)
    flat.gradient.fill_(torch.nan)
    FlatParameters(scorer)
    expected = generator_gradient_by_autograd(network, scorer, noise, condition)
    with torch.no_grad():
        generator_pass = gradients_of_the_last_rows(network, scorer, noise, condition)
    assert expected.abs().max() > 1e-3
    torch.testing.assert_close(flat.gradient, expected, rtol=0, atol=1e-12)
    scores = scorer(network(noise, condition), condition).detach()
    torch.testing.assert_close(generator_pass.score_pass.take_sum(), scores.mean(), rtol=0, atol=1e-12)


@pytest.mark.parametrize("block_sizes", [(4,), (1, 2), (2, 2), (1, 3)])
@pytest.mark.parametrize("n", [1, 9])
def test_generator_gradient_through_blocks_equals_autograd(block_sizes, n):
    network, scorer = generator(block_sizes=block_sizes), critic()
    *_, noise, condition = batch(n)
    flat = FlatParameters(network)
    expected = generator_gradient_by_autograd(network, scorer, noise, condition)
    with torch.no_grad():
        generator_pass = gradients_of_the_last_rows(network, scorer, noise, condition)
    assert expected.abs().max() > 1e-3
    torch.testing.assert_close(flat.gradient, expected, rtol=0, atol=1e-12)
    scores = scorer(network(noise, condition), condition).detach()
    torch.testing.assert_close(generator_pass.score_pass.take_sum(), scores.mean(), rtol=0, atol=1e-12)


@pytest.mark.parametrize("block_sizes", [(), (1, 2)])
@pytest.mark.parametrize("n", [1, 9])
def test_generator_gradient_beside_moments_equals_autograd(block_sizes, n):
    moments = torch.randn(CLASSES, NOISE + 1, FEATURES, generator=torch.Generator().manual_seed(5), dtype=torch.float64)
    network, scorer = generator(block_sizes=block_sizes, moments=moments), critic()
    *_, noise, condition = batch(n)
    flat = FlatParameters(network)
    expected = generator_gradient_by_autograd(network, scorer, noise, condition)
    with torch.no_grad():
        gradients_of_the_last_rows(network, scorer, noise, condition)
    assert expected.abs().max() > 1e-4
    torch.testing.assert_close(flat.gradient, expected, rtol=0, atol=1e-12)
    torch.testing.assert_close(network.moments, moments, rtol=0, atol=0)


def test_generator_pass_can_be_used_again_after_both_networks_moved():
    network, scorer = generator(3), critic(3)
    flat, scorer_flat = FlatParameters(network), FlatParameters(scorer)
    with torch.no_grad():
        generator_pass = GeneratorPass(network, scorer, 6, 6)
        for seed in (3, 4):
            flat.values.mul_(1.1)
            scorer_flat.values.mul_(0.9)
            *_, noise, condition = batch(6, seed=seed)
            generator_pass.load(noise, condition)
            generator_pass.gradients(generator_pass.rows(), condition)
    expected = generator_gradient_by_autograd(network, scorer, noise, condition)
    torch.testing.assert_close(flat.gradient, expected, rtol=0, atol=1e-12)


def test_generator_pass_leaves_the_critic_without_gradient():
    network, scorer = generator(), critic()
    FlatParameters(network)
    scorer_flat = FlatParameters(scorer)
    *_, noise, condition = batch(6)
    with torch.no_grad():
        gradients_of_the_last_rows(network, scorer, noise, condition)
    assert not scorer_flat.gradient.any()


@pytest.mark.parametrize("n", [1, 2, 9])
def test_classifier_gradient_equals_autograd(n):
    classifier = RowClassifier(feature_dim=FEATURES, num_classes=CLASSES, hidden_dim=HIDDEN, random_state=0).double()
    features, _, _, _, condition = batch(n)
    flat = FlatParameters(classifier)
    loss = torch.nn.functional.cross_entropy(classifier(features), condition)
    expected = torch.cat([g.flatten() for g in torch.autograd.grad(loss, list(classifier.parameters()))])
    flat.gradient.fill_(torch.nan)
    with torch.no_grad():
        ClassifierPass(classifier, n).gradients(features, condition)
    torch.testing.assert_close(flat.gradient, expected, rtol=0, atol=1e-12)


def test_only_the_generators_of_this_package_are_known():
    class Generator(GanGenerator):
        pass

    sizes = {"feature_dim": 2, "num_classes": 2, "hidden_dim": 4}
    plain = {**sizes, "noise_dim": 2, "dropout": 0.0, "random_state": 0}
    assert knows_generator(GanGenerator(**plain, normalization="layer"))
    assert knows_generator(GanGenerator(**plain, normalization=None))
    assert not knows_generator(GanGenerator(**plain, normalization="batch"))
    assert not knows_generator(GanGenerator(**{**plain, "dropout": 0.1}, normalization="layer"))
    assert not knows_generator(Generator(**plain, normalization="layer"))


@pytest.mark.gpu
@pytest.mark.skipif(not torch.cuda.is_available(), reason="needs a CUDA device")
def test_gradients_on_cuda_equal_those_on_the_cpu():
    gradients = []
    for device in ("cpu", "cuda"):
        network = generator(3, dtype=torch.float32, device=device)
        scorer = critic(3, dtype=torch.float32, device=device)
        flats = FlatParameters(network), FlatParameters(scorer)
        *rows, noise, condition = (tensor.to(device) for tensor in batch(9, torch.float32))
        with torch.no_grad():
            critic_pass = CriticPass(scorer, 9)
            critic_pass.load(*rows, condition)
            critic_pass.gradients(10.0)
            gradients_of_the_last_rows(network, scorer, noise, condition)
        gradients.append([flat.gradient.cpu() for flat in flats])
    for on_cpu, on_cuda in zip(*gradients, strict=True):
        torch.testing.assert_close(on_cuda, on_cpu, rtol=1e-5, atol=1e-5)
