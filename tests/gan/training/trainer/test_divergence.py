"""Training that is no longer finite."""

import pytest
import torch
from gan.small_networks import SubclassedCritic, SubclassedGenerator, batches, networks, trainer_of

from wgan_resampler import Callback, GanDiscriminator, GanGenerator
from wgan_resampler.exceptions import TrainingDivergedError


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
