"""Generator and critic: the documented architecture, its defaults, and where their randomness comes from."""

import inspect

import numpy as np
import pytest
import torch
from torch import nn

from wgan_resampler import GanDiscriminator, GanGenerator, GanTrainer
from wgan_resampler.exceptions import InvalidParameterError
from wgan_resampler.gan import defaults as constants
from wgan_resampler.gan.networks import SeededDropout


def generator(**kwargs):
    return GanGenerator(**{"num_classes": 3, "feature_dim": 5, "noise_dim": 4, "hidden_dim": 8, **kwargs})


def critic(**kwargs):
    return GanDiscriminator(**{"num_classes": 3, "feature_dim": 5, "hidden_dim": 8, **kwargs})


def one_hot(n, num_classes=3):
    return torch.eye(num_classes)[torch.arange(n) % num_classes]


def default_of(function, name):
    return inspect.signature(function).parameters[name].default


@pytest.mark.parametrize(
    ("constant", "number"),
    [
        ("GAN_NOISE_DIM", 100),
        ("GAN_HIDDEN_DIM", 256),
        ("GAN_NUM_LAYERS", 3),
        ("GAN_DROPOUT", 0.2),
        ("GAN_N_CRITIC", 5),
        ("GAN_LAMBDA_GP", 10.0),
        ("GAN_LEARNING_RATE", 5e-5),
    ],
)
def test_constants_hold_the_documented_numbers(constant, number):
    assert getattr(constants, constant) == number


@pytest.mark.parametrize(
    ("function", "name", "value"),
    [
        (GanGenerator, "noise_dim", 100),
        (GanGenerator, "hidden_dim", 256),
        (GanGenerator, "num_layers", 3),
        (GanGenerator, "dropout", 0.2),
        (GanGenerator, "normalization", "batch"),
        (GanGenerator, "skip_connections", False),
        (GanDiscriminator, "hidden_dim", 256),
        (GanDiscriminator, "num_layers", 3),
        (GanTrainer, "lambda_gp", 10.0),
        (GanTrainer, "n_critic", 5),
        (GanTrainer, "learning_rate", 5e-5),
        (GanTrainer, "device", "auto"),
        (GanTrainer.train, "epochs", 100),
    ],
)
def test_defaults_are_the_documented_ones(function, name, value):
    assert default_of(function, name) == value


@pytest.mark.parametrize("function", [GanGenerator, GanDiscriminator, GanTrainer])
def test_all_arguments_are_keyword_only(function):
    kinds = {parameter.kind for parameter in inspect.signature(function).parameters.values()}
    assert kinds == {inspect.Parameter.KEYWORD_ONLY}


def test_default_generator_has_three_blocks_of_batch_norm_and_dropout():
    network = GanGenerator(num_classes=2, feature_dim=7, random_state=0)
    assert [(layer.in_features, layer.out_features) for layer in network.hidden] == [(102, 256), (256, 256), (256, 256)]
    assert [type(norm) for norm in network.norms] == [nn.BatchNorm1d] * 3
    assert [norm.num_features for norm in network.norms] == [256] * 3
    assert network.dropout.p == 0.2
    assert (network.output.in_features, network.output.out_features) == (256, 7)


def test_generator_computes_linear_norm_leaky_relu_dropout_then_tanh():
    network = generator(num_layers=2, dropout=0.0, random_state=0)
    noise, condition = torch.randn(6, 4, generator=torch.Generator().manual_seed(1)), one_hot(6)
    h = torch.cat([noise, condition], 1)
    for layer in network.hidden:
        a = h @ layer.weight.T + layer.bias
        a = (a - a.mean(0)) / torch.sqrt(a.var(0, correction=0) + 1e-5)
        h = torch.where(a > 0, a, 0.2 * a)
    expected = torch.tanh(h @ network.output.weight.T + network.output.bias)
    torch.testing.assert_close(network(noise, condition), expected)


def test_skip_connections_add_the_input_of_all_layers_but_the_first():
    network = generator(num_layers=3, dropout=0.0, normalization=None, skip_connections=True, random_state=0)
    noise, condition = torch.randn(6, 4, generator=torch.Generator().manual_seed(1)), one_hot(6)
    h = torch.cat([noise, condition], 1)
    for i, layer in enumerate(network.hidden):
        a = h @ layer.weight.T + layer.bias
        a = torch.where(a > 0, a, 0.2 * a)
        h = a + h if i else a
    expected = torch.tanh(h @ network.output.weight.T + network.output.bias)
    torch.testing.assert_close(network(noise, condition), expected)


@pytest.mark.parametrize("normalization", ["batch", "layer", None])
def test_generator_stays_within_one_even_for_huge_noise(normalization):
    network = generator(normalization=normalization, random_state=0)
    rows = network(torch.full((6, 4), 1e6) * torch.tensor([[1.0], [-1.0]]).repeat(3, 1), one_hot(6))
    assert rows.shape == (6, 5)
    assert rows.abs().max() <= 1.0


def test_generator_heeds_the_condition():
    network = generator(random_state=0).eval()
    rows = network(torch.zeros(3, 4), torch.eye(3))
    assert torch.pdist(rows).min() > 1e-3


def test_layer_norm_generator_treats_each_row_for_itself():
    network = generator(normalization="layer", dropout=0.0, random_state=0).train()
    noise = torch.randn(6, 4, generator=torch.Generator().manual_seed(1))
    torch.testing.assert_close(network(noise, one_hot(6))[:2], network(noise[:2], one_hot(2)))


def test_critic_has_three_hidden_layers_and_no_normalization():
    network = GanDiscriminator(feature_dim=7, num_classes=2, random_state=0)
    assert [(layer.in_features, layer.out_features) for layer in network.hidden] == [(9, 256), (256, 256), (256, 256)]
    assert {type(module) for module in network.modules()} == {GanDiscriminator, nn.ModuleList, nn.Linear}
    assert list(network.buffers()) == []


def test_critic_computes_leaky_relu_layers_and_a_linear_score():
    network = critic(num_layers=2, random_state=0)
    features = torch.randn(6, 5, generator=torch.Generator().manual_seed(1))
    h = torch.cat([features, one_hot(6)], 1)
    for layer in network.hidden:
        a = h @ layer.weight.T + layer.bias
        h = torch.where(a > 0, a, 0.2 * a)
    torch.testing.assert_close(network(features, one_hot(6)), h @ network.output.weight.T + network.output.bias)


def test_critic_score_is_single_and_unbounded():
    network = critic(random_state=0)
    direction = torch.randn(1, 5, generator=torch.Generator().manual_seed(1))
    scores = network(torch.cat([direction * 1e4, direction * 1e6]), one_hot(2))
    assert scores.shape == (2, 1)
    assert scores.abs().min() > 1.0
    assert scores[1].abs() > 50 * scores[0].abs()


@pytest.mark.parametrize("make", [generator, critic])
def test_initial_weights_are_uniform_within_one_over_root_of_inputs(make):
    network = make(hidden_dim=100, random_state=0)
    for layer in [*network.hidden, network.output]:
        bound = layer.in_features**-0.5
        assert layer.weight.abs().max() <= bound
        assert layer.bias.abs().max() <= bound
        assert layer.weight.std().item() == pytest.approx(bound / 3**0.5, rel=0.1)


@pytest.mark.parametrize("make", [generator, critic])
@pytest.mark.parametrize("seed", [7, np.int64(7), torch.Generator().manual_seed(7)])
def test_random_state_leaves_the_global_generator_alone(make, seed):
    before = torch.get_rng_state()
    make(random_state=seed)
    assert torch.equal(torch.get_rng_state(), before)


@pytest.mark.parametrize("make", [generator, critic])
def test_without_random_state_the_global_seed_decides(make):
    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(3)
        first, other = make(), make()
        torch.manual_seed(3)
        again = make()
    assert torch.equal(first.output.weight, again.output.weight)
    assert not torch.equal(first.output.weight, other.output.weight)


@pytest.mark.parametrize("make", [generator, critic])
def test_same_seed_gives_the_same_weights_in_every_form(make):
    networks = [make(random_state=seed) for seed in (7, np.int64(7), torch.Generator().manual_seed(7))]
    for parameters in zip(*(network.parameters() for network in networks), strict=True):
        assert torch.equal(parameters[0], parameters[1])
        assert torch.equal(parameters[0], parameters[2])
    assert not torch.equal(make(random_state=8).output.weight, networks[0].output.weight)


@pytest.mark.parametrize("normalization", ["batch", "layer"])
def test_networks_are_float32_whatever_the_default_dtype(normalization):
    torch.set_default_dtype(torch.float64)
    try:
        networks = generator(normalization=normalization, random_state=0), critic(random_state=0)
    finally:
        torch.set_default_dtype(torch.float32)
    states = [value for network in networks for value in network.state_dict().values() if value.is_floating_point()]
    assert {value.dtype for value in states} == {torch.float32}
    assert torch.equal(networks[0].hidden[0].weight, generator(random_state=0).hidden[0].weight)


def test_dropout_silences_a_share_and_scales_up_the_rest():
    dropout = SeededDropout(0.2).train()
    dropout.rng = torch.Generator().manual_seed(0)
    out = dropout(torch.full((100, 100), 2.0))
    assert set(out.unique().tolist()) == {0.0, 2.5}
    assert (out == 0).float().mean().item() == pytest.approx(0.2, abs=0.02)


def test_dropout_draws_from_its_own_generator_only():
    dropout = SeededDropout(0.5).train()
    before = torch.get_rng_state()
    outs = []
    for _ in range(2):
        dropout.rng = torch.Generator().manual_seed(0)
        outs.append(dropout(torch.ones(20, 20)))
    assert torch.equal(*outs)
    assert torch.equal(torch.get_rng_state(), before)


def test_dropout_does_nothing_in_evaluation_mode():
    network = generator(dropout=0.9, random_state=0).eval()
    noise = torch.randn(6, 4, generator=torch.Generator().manual_seed(1))
    assert torch.equal(network(noise, one_hot(6)), network(noise, one_hot(6)))


@pytest.mark.parametrize("name", ["num_classes", "feature_dim", "hidden_dim", "num_layers", "noise_dim"])
@pytest.mark.parametrize("value", [0, -1, 2.0, "3", True, None])
def test_sizes_must_be_positive_integers(name, value):
    makes = [generator] if name == "noise_dim" else [generator, critic]
    for make in makes:
        with pytest.raises(InvalidParameterError, match=rf"{name} must be an integer .* got {value!r}"):
            make(**{name: value})


def test_sizes_may_be_numpy_integers():
    network = generator(num_classes=np.int64(3), feature_dim=np.int32(5), random_state=0)
    assert network(torch.zeros(2, 4), one_hot(2)).shape == (2, 5)


@pytest.mark.parametrize(
    ("arguments", "fragment"),
    [
        ({"dropout": 1.0}, r"dropout must lie in \[0, 1\); got 1.0"),
        ({"dropout": -0.1}, r"dropout must lie in \[0, 1\); got -0.1"),
        ({"dropout": float("nan")}, "got nan"),
        ({"normalization": "group"}, "'batch', 'layer' or None; got 'group'"),
    ],
)
def test_bad_generator_argument_is_named(arguments, fragment):
    with pytest.raises(InvalidParameterError, match=fragment):
        generator(**arguments)


def test_generator_with_blocks_gives_values_and_one_hot_blocks():
    network = GanGenerator(num_classes=2, feature_dim=7, noise_dim=3, hidden_dim=4, block_sizes=(2, 3), random_state=0)
    rows = network.eval()(torch.randn(50, 3, generator=torch.Generator().manual_seed(0)), torch.eye(2)[[0, 1] * 25])
    assert rows.shape == (50, 7)
    assert rows[:, :2].abs().max() < 1
    for block in (rows[:, 2:4], rows[:, 4:]):
        torch.testing.assert_close(block.max(dim=1).values, torch.ones(50))
        torch.testing.assert_close(block.sum(dim=1), torch.ones(50))


@pytest.mark.parametrize("block_sizes", [(8,), (3, 2), (0, 2), (4, 4)])
def test_blocks_that_do_not_fit_are_refused(block_sizes):
    with pytest.raises(InvalidParameterError, match="block_sizes must be positive, in increasing order"):
        GanGenerator(num_classes=2, feature_dim=7, block_sizes=block_sizes)
