"""Training and generation on a GPU: equal to the CPU within float tolerance, repeatable, and free to move between both.

Each test needs a CUDA device. The same random numbers are used on both devices where results are compared.
"""

import copy
import logging
import pickle

import numpy as np
import pytest
import torch
from gan.small_networks import batches, networks, trainer_of, weights_of, without_seconds

from wgan_resampler import Callback, WGANGPOverSampler
from wgan_resampler.exceptions import OutOfDeviceMemoryError
from wgan_resampler.gan.losses import WGANGPLoss, gradient_norms
from wgan_resampler.gan.rows.batches import ClassBalancedBatches
from wgan_resampler.gan.rows.encoded_table import EncodedTable
from wgan_resampler.gan.training import cuda_graph
from wgan_resampler.gan.training.steps import noise_rows
from wgan_resampler.tables import RowLayout
from wgan_resampler.utils import new_generator, resolve_device

pytestmark = [
    pytest.mark.gpu,
    pytest.mark.skipif(not torch.cuda.is_available(), reason="needs a CUDA device"),
]

DEVICES = "cpu", "cuda"
LAYOUTS = {"numbers": RowLayout(4, ()), "numbers and categories": RowLayout(3, (2, 2, 3))}


def generator_of(seed, device="cuda"):
    return new_generator(seed, torch.device(device))


def table_of(layout, device, n_rows=300):
    rng = generator_of(0, "cpu")
    values = torch.rand(n_rows, layout.n_values, generator=rng) * 2 - 1
    states = torch.stack([torch.randint(s, (n_rows,), generator=rng) for s in layout.block_sizes or (1,)], dim=1)
    states = states[:, : len(layout.block_sizes)]
    classes = torch.arange(n_rows) % 3 // 2
    return EncodedTable.sort(values.to(device), states.to(device), classes.to(device), layout)


def table_batches(layout, device="cuda", batch_size=32, seed=5):
    return ClassBalancedBatches(table_of(layout, device), batch_size, generator_of(seed, device), borrowed_rows=60.0)


def trainer_for(layout, device="cuda", **kwargs):
    rng = generator_of(9, "cpu")
    pair = networks(
        feature_dim=layout.width,
        block_sizes=layout.block_sizes,
        normalization=None,
        moments=torch.randn(2, 4, layout.width, generator=rng) * 0.1,
    )
    return trainer_of(pair, device=device, average_decay=0.9, **kwargs)


def rows_and_labels():
    rng = np.random.default_rng(0)
    y = (np.arange(200) < 30).astype(int)
    return rng.standard_normal((200, 5)) + y[:, None], y


def sampler(**kwargs):
    return WGANGPOverSampler(**{"epochs": 3, "hidden_dim": 16, "device": "cuda", "random_state": 0, **kwargs})


# Equality with the CPU


def test_losses_and_penalties_equal_those_of_the_cpu():
    found = []
    for device in DEVICES:
        generator, critic = (network.to(device) for network in networks())
        rng = generator_of(0, "cpu")
        real, noise = (torch.randn(16, n, generator=rng).to(device) for n in (2, 3))
        condition = torch.eye(2, device=device)[torch.arange(16, device=device) % 2]
        fake, loss = generator(noise, condition), WGANGPLoss()
        norms = gradient_norms(critic, 0.5 * (real + fake), condition)
        penalty = loss.penalty(norms)
        scores = critic(real, condition), critic(fake, condition)
        values = norms.mean(), penalty, loss.critic_loss(*scores, penalty, 10.0), loss.generator_loss(scores[1])
        found.append(torch.stack(values).detach().cpu())
    torch.testing.assert_close(*found, rtol=1e-5, atol=1e-5)


@pytest.mark.parametrize("explicit", [True, False], ids=["explicit", "autograd"])
@pytest.mark.parametrize("layout", LAYOUTS.values(), ids=LAYOUTS)
def test_one_update_of_each_network_equals_that_of_the_cpu(layout, explicit):
    found = []
    for device in DEVICES:
        trainer, n_rows = trainer_for(layout, device, n_critic=1), 16
        if not explicit:
            trainer.generator.dropout.p = 1e-9
        rng = generator_of(1, "cpu")
        features = torch.rand(1, n_rows, layout.width, generator=rng)
        condition = torch.eye(2)[torch.arange(n_rows) % 2].unsqueeze(0)
        noise, shares = torch.randn(noise_rows(1, n_rows), 3, generator=rng), torch.rand(1, n_rows, 1, generator=rng)
        updates = trainer._updates
        with torch.no_grad():
            updates.bind(afresh=True)
            step = updates._step(1, n_rows)
            step.run(*(each.to(device) for each in (features, condition, noise, shares)), 10.0)
        gradients = [o.parameters.gradient for o in (updates.pair.critic_optimizer, updates.pair.generator_optimizer)]
        found.append([each.cpu() for each in (weights_of(trainer), step.take_sums(), *gradients)])
    for on_cpu, on_cuda in zip(*found, strict=True):
        # Adam's first step is the learning rate times the sign of the gradient: weights differ where that is nearly 0.
        tolerance = 2e-3 if on_cpu is found[0][0] else 1e-4
        torch.testing.assert_close(on_cuda, on_cpu, rtol=1e-4, atol=tolerance)


class Moved(ClassBalancedBatches):
    """Batches that are drawn on the CPU, for trainings of the same rows on both devices."""

    target = "cuda"

    def epoch(self, n_critic):
        for pair in super().epoch(n_critic):
            yield tuple(each.to(self.target) for each in pair)


def test_whole_training_equals_that_of_the_cpu_on_the_same_random_numbers(monkeypatch):
    randn, rand = torch.randn, torch.rand
    layout, found = LAYOUTS["numbers"], []
    for device in DEVICES:
        rows = Moved(table_of(layout, "cpu"), 32, generator_of(5, "cpu"))
        rows.target = device
        trainer = trainer_for(layout, device, learning_rate=1e-3)
        trainer.rng = generator_of(3, "cpu")
        with monkeypatch.context() as patch:
            if device == "cuda":
                patch.setattr(torch, "randn", lambda *a, device, **k: randn(*a, **k).to(device))
                patch.setattr(torch, "rand", lambda *a, device, **k: rand(*a, **k).to(device))
            history = trainer.train(rows, epochs=2)
        found.append((weights_of(trainer).cpu(), history[-1]))
    torch.testing.assert_close(found[1][0], found[0][0], rtol=1e-2, atol=5e-3)
    for key in ("critic_loss", "generator_loss", "gradient_penalty", "wasserstein_estimate"):
        assert found[1][1][key] == pytest.approx(found[0][1][key], rel=1e-2, abs=1e-2)


def test_rows_of_a_short_fit_are_like_those_of_the_cpu():
    X, y = rows_and_labels()
    made = [sampler(device=device, epochs="auto").fit_resample(X, y)[0][len(X) :] for device in DEVICES]
    assert made[0].shape == made[1].shape
    minority = X[y == 1]
    for rows in made:  # means within half a standard deviation, spreads within a factor of two
        assert (np.abs(rows.mean(axis=0) - minority.mean(axis=0)) < 0.5 * minority.std(axis=0)).all()
        assert (np.abs(np.log(rows.std(axis=0) / minority.std(axis=0))) < np.log(2)).all()


# Repeatability


@pytest.mark.parametrize("settings", [{}, {"normalization": "batch", "dropout": 0.1}], ids=["explicit", "autograd"])
def test_the_same_seed_gives_the_same_rows_twice(settings):
    X, y = rows_and_labels()
    first, again = (sampler(**settings).fit_resample(X, y)[0] for _ in range(2))
    other = sampler(random_state=1, **settings).fit_resample(X, y)[0]
    np.testing.assert_array_equal(first, again)
    assert not np.array_equal(first, other)


@pytest.mark.parametrize("layout", LAYOUTS.values(), ids=LAYOUTS)
def test_training_goes_on_from_a_state_as_if_it_had_not_been_interrupted(layout):
    whole, source = trainer_for(layout), table_batches(layout)
    whole.train(source, epochs=2)
    state, rows = whole.state_dict(), source.state_dict()
    whole.train(source, epochs=1)
    resumed, resumed_source = trainer_for(layout), table_batches(layout)
    resumed.load_state_dict(state)
    resumed_source.load_state_dict(rows)
    resumed.train(resumed_source, epochs=1)
    assert torch.equal(weights_of(resumed), weights_of(whole))
    assert without_seconds(resumed.history) == without_seconds(whole.history)


def test_generators_of_two_devices_are_apart():
    cpu, cuda = (generator_of(5, device) for device in DEVICES)
    before = cpu.get_state()
    first = torch.rand(8, generator=cuda, device="cuda")
    assert torch.equal(cpu.get_state(), before)
    assert torch.equal(torch.rand(8, generator=generator_of(5), device="cuda"), first)
    assert cuda.device.type == "cuda"
    assert resolve_device("cuda").type == resolve_device("auto").type == "cuda"


@pytest.mark.skipif(torch.cuda.device_count() < 2, reason="needs two CUDA devices")
def test_training_on_the_second_device_leaves_the_first_alone():
    layout = LAYOUTS["numbers"]
    trainer, source = trainer_for(layout, "cuda:1"), table_batches(layout, "cuda:1")
    before = torch.cuda.memory_allocated(0)
    trainer.train(source, epochs=3)
    assert {p.device.index for p in trainer.generator.parameters()} == {1}
    assert torch.cuda.memory_allocated(0) == before


# From one device to the other


def test_a_sampler_saved_on_cuda_is_loaded_and_draws_on_the_cpu(tmp_path):
    X, y = rows_and_labels()
    trained = sampler()
    trained.fit_resample(X, y)
    trained.save(tmp_path / "sampler.pth")
    loaded = WGANGPOverSampler.load(tmp_path / "sampler.pth")
    assert {p.device.type for p in loaded.generator_.parameters()} == {"cpu"}
    rows, labels = loaded.sample(20, label=1)
    assert rows.shape == (20, 5)
    assert set(labels) == {1}
    assert np.isfinite(rows).all()


def test_a_pickled_sampler_draws_on_the_cpu():
    trained = sampler()
    trained.fit_resample(*rows_and_labels())
    loaded = pickle.loads(pickle.dumps(trained))
    assert {p.device.type for p in loaded.generator_.parameters()} == {"cpu"}
    assert trained.generator_.output.weight.device.type == "cuda"
    assert loaded.sample(7)[0].shape == (7, 5)


# Memory


def test_out_of_memory_says_what_to_lower():
    X, y = rows_and_labels()
    with pytest.raises(OutOfDeviceMemoryError, match=r"cuda.*smaller batch_size or hidden_dim") as caught:
        sampler(batch_size=2**27).fit_resample(X, y)
    assert isinstance(caught.value, RuntimeError)
    del caught
    torch.cuda.empty_cache()
    assert sampler().fit_resample(X, y)[0].shape == (340, 5)  # the device can still be used


# No waiting for the host, and CUDA graphs


debug_mode_is_a_prototype = pytest.mark.filterwarnings("ignore:Synchronization debug mode")


class NoWaiting(Callback):
    """Lets torch raise an error where an update makes the host wait, from the tenth to the `last` update."""

    def __init__(self, last):
        self.last = last

    def on_update_end(self, trainer):
        torch.cuda.set_sync_debug_mode("error" if 10 <= trainer.n_updates < self.last else "default")

    def on_train_end(self, trainer):
        torch.cuda.set_sync_debug_mode("default")


@debug_mode_is_a_prototype
@pytest.mark.parametrize("graphs", [True, False], ids=["graph", "eager"])
@pytest.mark.parametrize("layout", LAYOUTS.values(), ids=LAYOUTS)
def test_updates_never_make_the_host_wait_for_the_gpu(layout, graphs, monkeypatch):
    if not graphs:
        monkeypatch.setattr(cuda_graph, "EAGER_RUNS", 10**9)
    source = ClassBalancedBatches(table_of(layout, "cuda", 4500), 32, generator_of(0), borrowed_rows=60.0)
    trainer = trainer_for(layout, callbacks=[NoWaiting(130)])
    trainer.train(source, epochs=1)  # 141 updates
    assert trainer.n_updates == 141


@debug_mode_is_a_prototype
def test_batches_of_a_loader_do_not_make_the_host_wait():
    trainer = trainer_of(device="cuda", callbacks=[NoWaiting(50)])
    trainer.train(batches(n_batches=60), epochs=1)


@pytest.mark.parametrize("layout", LAYOUTS.values(), ids=LAYOUTS)
def test_a_graph_trains_as_its_single_calls_do(layout, monkeypatch):
    trained = []
    for eager_runs in (3, 10**9):
        monkeypatch.setattr(cuda_graph, "EAGER_RUNS", eager_runs)
        trainer, source = trainer_for(layout), table_batches(layout)
        trainer.train(source, epochs=5)
        trained.append(trainer)
    graph, eager = trained
    (step,) = graph._updates._steps.values()
    assert step.is_recorded
    torch.testing.assert_close(weights_of(graph), weights_of(eager), rtol=1e-3, atol=1e-4)
    for ours, theirs in zip(graph.history, eager.history, strict=True):
        assert ours["critic_loss"] == pytest.approx(theirs["critic_loss"], rel=1e-3, abs=1e-3)
        assert ours["real_score"] == pytest.approx(theirs["real_score"], rel=1e-3, abs=1e-3)
    states = [each.state_dict() for each in trained]
    assert states[0]["critic_optimizer"]["n_steps"] == states[1]["critic_optimizer"]["n_steps"]


def test_a_graph_follows_a_hook_that_changes_lambda_gp(monkeypatch):
    class Stronger(Callback):
        def on_update_end(self, trainer):
            if trainer.n_updates == 12:
                trainer.lambda_gp = 0.5

    layout, found = LAYOUTS["numbers"], []
    for eager_runs in (3, 10**9):
        monkeypatch.setattr(cuda_graph, "EAGER_RUNS", eager_runs)
        trainer = trainer_for(layout, callbacks=[Stronger()])
        trainer.train(table_batches(layout), epochs=3)
        found.append(weights_of(trainer))
    torch.testing.assert_close(*found, rtol=1e-3, atol=1e-4)


def test_a_graph_that_cannot_be_recorded_is_logged_once_and_training_goes_on(monkeypatch, caplog):
    class Refused:
        def __init__(self, *_, **__):
            raise RuntimeError("operation not permitted when stream is capturing")

    layout = LAYOUTS["numbers"]
    monkeypatch.setattr(torch.cuda, "CUDAGraph", Refused)
    trainer = trainer_for(layout)
    with caplog.at_level(logging.WARNING):
        trainer.train(table_batches(layout), epochs=2)
    assert [record.levelname for record in caplog.records] == ["WARNING"]
    assert "not permitted" in caplog.text
    monkeypatch.undo()
    monkeypatch.setattr(cuda_graph, "EAGER_RUNS", 10**9)
    eager = trainer_for(layout)
    eager.train(table_batches(layout), epochs=2)
    assert torch.equal(weights_of(trainer), weights_of(eager))


def test_the_average_is_kept_beside_a_graph():
    layout = LAYOUTS["numbers"]
    trainer, source = trainer_for(layout), table_batches(layout)
    trainer.train(source, epochs=2)
    averaged = torch.cat([p.flatten() for p in trainer.averaged_generator().parameters()])
    present = torch.cat([p.flatten() for p in trainer.generator.parameters()])
    assert not torch.equal(averaged, present)
    torch.testing.assert_close(averaged, present, rtol=0, atol=0.2)
    assert trainer.state_dict()["average"]["n_updates"] == trainer.n_updates


def test_networks_trained_with_a_graph_can_be_copied():
    layout = LAYOUTS["numbers"]
    trainer = trainer_for(layout)
    trainer.train(table_batches(layout), epochs=2)
    twin = copy.deepcopy(trainer.critic)
    assert all(torch.equal(a, b) for a, b in zip(twin.parameters(), trainer.critic.parameters(), strict=True))
