"""Arguments of the trainer that are refused."""

import math

import pytest
from gan.small_networks import batches, networks, trainer_of

from wgan_resampler import Callback, GanDiscriminator
from wgan_resampler.exceptions import DeviceUnavailableError, InvalidParameterError
from wgan_resampler.gan.losses import WGANGPLoss


@pytest.mark.parametrize(
    ("arguments", "error", "fragment"),
    [
        ({"n_critic": 0}, InvalidParameterError, "n_critic must be an integer of at least 1; got 0"),
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
        ({"epochs": 0}, "epochs must be an integer of at least 1; got 0"),
        ({"epochs": 2.0}, "got 2.0"),
        ({"max_updates": 0}, "max_updates must be an integer of at least 1; got 0"),
        ({"max_updates": 2.5}, "got 2.5"),
    ],
)
def test_bad_train_argument_is_named(arguments, fragment):
    trainer = trainer_of()
    with pytest.raises(InvalidParameterError, match=fragment):
        trainer.train(batches(), **arguments)
    assert trainer.n_updates == 0


@pytest.mark.parametrize("callback", [Callback, "a hook", None])
def test_callback_of_another_class_is_refused(callback):
    with pytest.raises(InvalidParameterError, match=r"callbacks must hold an object of wgan_resampler\.Callback"):
        trainer_of(callbacks=[callback])


@pytest.mark.parametrize("loss", [WGANGPLoss, "hinge"])
def test_loss_of_another_class_is_refused(loss):
    with pytest.raises(InvalidParameterError, match=r"loss must be an object of wgan_resampler\.gan\.WGANGPLoss"):
        trainer_of(loss=loss)


def test_critic_of_another_number_of_classes_is_refused():
    critic = GanDiscriminator(feature_dim=2, num_classes=5, hidden_dim=8, random_state=0)
    with pytest.raises(InvalidParameterError, match="the discriminator was built for 5"):
        trainer_of((networks()[0], critic))


def test_networks_of_different_widths_are_refused():
    critic = GanDiscriminator(feature_dim=9, num_classes=2, hidden_dim=8, random_state=0)
    with pytest.raises(InvalidParameterError, match="makes 2 features, but the discriminator expects 9"):
        trainer_of((networks()[0], critic))
