"""A training that lives in a folder: begun, stopped at any moment, gone on with, extended.

The folder holds ``checkpoint_epoch_N.pth``, ``training_history.json`` and, at the end, ``final_model.pth``. A run that
goes on from a checkpoint makes the same model, bit for bit on a CPU, as one that was never stopped: everything else
(networks, order of seeds, encoder) follows from the data, the settings and the seed, which are compared first.
"""

from __future__ import annotations

import contextlib
import hashlib
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass, replace
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from wgan_resampler.exceptions import CheckpointError, InvalidParameterError
from wgan_resampler.gan import Callback, Checkpoint
from wgan_resampler.records.generator_file import TrainedGenerator, load_generator, save_generator
from wgan_resampler.records.training_data import DataDescription, read_training_data
from wgan_resampler.sampler import FitSettings, Preparation, epochs_of, prepare
from wgan_resampler.tables import Cells, NumericCells
from wgan_resampler.utils import resolve_device, seed_sequence
from wgan_resampler.utils.storage import (
    Count,
    FoundState,
    Scalar,
    atomic_writer,
    convert_state,
    newest_good,
    remove_leftovers,
)

FINAL_MODEL = "final_model.pth"
HISTORY = "training_history.json"


@dataclass(frozen=True)
class Run:
    """What is to be trained, on what, and where the files go.

    Parameters
    ----------
    data : str
        File of records, or table.
    folder : str
        Where the files go.
    settings : FitSettings
        How to train. ``epochs="auto"`` becomes the number of whole epochs that cover the usual number of updates.
    target : str or None, default=None
        Column of the classes, for tables.
    split_file : str or None, default=None
        What `split` wrote; only its training records are used.
    seed : int, default=0
        Decides everything random.
    device : str, default="auto"
        Where to train; results are the same, bit for bit, on CPUs only.
    checkpoint_every : int, default=10
        Epochs between checkpoints.
    resume : bool, default=False
        Whether to go on with what the folder holds.
    """

    data: str
    folder: str
    settings: FitSettings
    target: str | None = None
    split_file: str | None = None
    seed: int = 0
    device: str = "auto"
    checkpoint_every: int = 10
    resume: bool = False


@dataclass(frozen=True)
class Outcome:
    """What a run has come to.

    Parameters
    ----------
    model : pathlib.Path
        The file of the trained generator.
    epochs : int
        Epochs that it has been trained for.
    resumed_from : pathlib.Path or None
        The checkpoint that the run went on from.
    was_finished : bool
        Whether there was nothing left to do.
    """

    model: Path
    epochs: int
    resumed_from: Path | None
    was_finished: bool


def train_in_folder(run: Run, callbacks: Sequence[Callback] = ()) -> Outcome:
    """Train a generator, or go on with its training.

    Parameters
    ----------
    run : Run
        What, on what and where.
    callbacks : sequence of Callback, default=()
        Further hooks of the trainer.

    Returns
    -------
    Outcome

    Raises
    ------
    InvalidParameterError
        If the folder holds a training and `run` does not resume it, or resumes one of other settings or data.
    DataFileError
        If the data cannot be read.
    CheckpointError
        If a file cannot be written.
    """
    folder = Path(run.folder)
    found = _find(run, folder)
    description, cells, labels = _read(run)
    run = replace(run, settings=replace(run.settings, epochs=epochs_of(run.settings, labels)))
    about = _about(run, description, cells, labels)
    if found.state is not None:
        _compare(found, about, run)
    checkpoint = Checkpoint(folder, run.checkpoint_every, about)
    device, seeds = resolve_device(run.device), seed_sequence(run.seed)
    preparation = prepare(run.settings, cells, labels, device, seeds, [checkpoint, *callbacks])
    if found.state is not None:
        _load(preparation, found)
    if _is_finished(folder, preparation, found):
        return Outcome(folder / FINAL_MODEL, preparation.trainer.epoch, found.path, was_finished=True)
    try:
        preparation.train()
    except BaseException:  # also Ctrl-C: what was trained has a history
        with contextlib.suppress(OSError):  # the error that ended the training says more
            _write_history(folder, preparation)
        raise
    _write_history(folder, preparation)
    fit = preparation.finish()
    trained = TrainedGenerator(fit.model, description, about, len(fit.history), fit.n_updates)
    save_generator(folder / FINAL_MODEL, trained)
    return Outcome(folder / FINAL_MODEL, len(fit.history), found.path, was_finished=False)


def _find(run: Run, folder: Path) -> FoundState:
    """Return the checkpoint to go on from; an error if there is one and the run is a new one."""
    remove_leftovers(folder)
    if run.resume:
        return newest_good(folder)
    present = sorted(path.name for path in folder.glob("*.pth")) if folder.is_dir() else []
    if present:
        raise InvalidParameterError(
            f"{folder} holds a training already ({present[0]}{', ...' if len(present) > 1 else ''}). Go on with it by "
            "--resume, or choose another folder."
        )
    return FoundState(None, None, ())


def _read(run: Run) -> tuple[DataDescription, list[Cells], NDArray[np.str_]]:
    """Return what the original samples that train look like, their cells and their classes."""
    training = read_training_data(run.data, run.target)
    originals = training.data.originals
    positions = originals
    if run.split_file is not None:
        from wgan_resampler.records.files.splits import read_split

        split = read_split(run.split_file)
        split.check_against(run.data, training.data.names[originals])
        positions = originals[np.array(split.train, dtype=np.intp)]
        if split.group_key is not None:
            training = training.without(split.group_key)
    description, cells = training.cells(positions)
    return description, cells, training.data.names[positions]


def _about(run: Run, description: DataDescription, cells: Sequence[Cells], labels: NDArray[np.str_]) -> dict[str, Any]:
    """Return, as plain values, all that decides what the training makes, but for its length."""
    settings = asdict(run.settings)
    del settings["epochs"]
    digest = hashlib.sha256("\n".join(labels).encode())
    for column in cells:
        values = column.values if isinstance(column, NumericCells) else column.codes
        digest.update(f"{values.dtype.str} ".encode() + np.ascontiguousarray(values).tobytes())
        if column.missing is not None:
            digest.update(column.missing.tobytes())
    return {
        **settings,
        "seed": run.seed,
        "data": digest.hexdigest(),
        "n_records": len(labels),
        "kind": description.kind,
    }


_FLAGS = {
    "noise_dim": "--noise-dim",
    "hidden_dim": "--hidden-dim",
    "num_layers": "--num-layers",
    "batch_size": "--batch-size",
    "n_critic": "--n-critic",
    "lambda_gp": "--lambda-gp",
    "learning_rate": "--learning-rate",
    "seed": "--seed",
}


def _compare(found: FoundState, about: Mapping[str, Any], run: Run) -> None:
    """Raise InvalidParameterError for the first thing in which the run differs from the one in the folder."""
    state = found.state or {}
    trainer = state.get("trainer")
    try:
        before = convert_state(state.get("about"), dict[str, Scalar | None])
        epoch = convert_state(trainer.get("epoch") if type(trainer) is dict else None, Count)
    except CheckpointError as error:
        raise CheckpointError(f"{found.path} holds no training of this program. {error}") from error
    for key, value in about.items():
        if before.get(key) == value:
            continue
        if key in ("data", "n_records", "kind"):
            raise InvalidParameterError(
                f"{found.path} was trained on other data than {run.data}: {before.get('n_records')} records with "
                f"fingerprint {str(before.get('data'))[:12]}, now {about['n_records']} with {about['data'][:12]}. Give "
                "the same file and split, or another folder."
            )
        name = _FLAGS.get(key, f"the preset's {key}")
        raise InvalidParameterError(
            f"{name} is {value!r}, but {found.path} was trained with {before.get(key)!r}. Give the same value, or "
            "another folder."
        )
    if epoch > int(run.settings.epochs):
        raise InvalidParameterError(
            f"--epochs is {run.settings.epochs}, but {found.path} has been trained for {epoch} epochs. Give "
            "at least as many, or another folder."
        )


def _load(preparation: Preparation, found: FoundState) -> None:
    try:
        preparation.load_state_dict(found.state or {})
    except CheckpointError as error:
        raise CheckpointError(f"{found.path}: {error}") from error


def _is_finished(folder: Path, preparation: Preparation, found: FoundState) -> bool:
    """Whether the final model is there and as old as the last epoch; a damaged one will be made anew."""
    if found.state is None or preparation.trainer.epoch < preparation.n_epochs or not (folder / FINAL_MODEL).exists():
        return False
    try:
        return load_generator(folder / FINAL_MODEL).epochs == preparation.trainer.epoch
    except CheckpointError:
        return False


def _write_history(folder: Path, preparation: Preparation) -> None:
    if len(preparation.trainer.history):
        with atomic_writer(folder / HISTORY) as file:
            file.write(preparation.trainer.history.to_json().encode())
