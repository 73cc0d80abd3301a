"""Random states, and torch's global settings."""

import numpy as np
import pytest
import torch
from gan.small_networks import FailAt, batches, networks, trainer_of, weights_of

from wgan_resampler import GanDiscriminator, GanGenerator


def trained_weights(**kwargs):
    trainer = trainer_of(**kwargs)
    trainer.train(batches(), epochs=2)
    return weights_of(trainer)


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
