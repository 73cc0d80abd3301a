"""Files of generators for tests, with a training of two epochs."""

from pathlib import Path

import numpy as np
import torch

from wgan_resampler.records.generator_file import TrainedGenerator, save_generator
from wgan_resampler.records.training_data import read_training_data
from wgan_resampler.sampler import FitSettings, prepare

QUICK = FitSettings(
    noise_dim=8,
    hidden_dim=16,
    num_layers=2,
    dropout=0.0,
    epochs=2,
    batch_size=32,
    n_critic=1,
    lambda_gp=10.0,
    learning_rate=1e-3,
    critic_learning_rate=1e-3,
    normalization="batch",
    skip_connections=False,
    m_neighbors=0,
    borrowed_rows=0.0,
    average_decay=0.5,
    rejection_rate=0.0,
    boundary_focus=0.0,
    moment_start=False,
)


def write_generator(folder, data, target=None, split_file=None, settings=QUICK):
    """Train a generator on a file of records, and return the path of the generator's file.

    The training uses the training records of a split. Without a split, these are all original records.
    """
    training = read_training_data(data, target, split_file)
    ready = prepare(settings, training.cells, training.names, torch.device("cpu"), np.random.SeedSequence(0))
    ready.train()
    epochs, n_updates = ready.trainer.epoch, ready.trainer.n_updates
    path = Path(folder, "final_model.pth")
    save_generator(path, TrainedGenerator(ready.finish(), training.description, {"seed": 0}, epochs, n_updates))
    return path
