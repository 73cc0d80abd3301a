"""Training in a folder: it can be stopped at any moment, resumed and extended.

The folder holds the last three ``checkpoint_epoch_N.pth``, ``training_history.json`` and, at the end,
``final_model.pth``. A resumed training makes the same model as one that was never stopped, bit for bit on a CPU. A
checkpoint therefore holds the state of the trainer and of the batches. Everything else (encoder, order of seeds)
follows from the data, the settings and the seed, which are compared before the training is resumed.

To change what a checkpoint holds, see :class:`~wgan_resampler.gan.Checkpoint`, which writes it, and
`Preparation.load_state_dict`, which reads it. What is compared is in `_about`. The final model is described in
`generator_file`.
"""

from __future__ import annotations

import contextlib
import hashlib
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass, replace
from pathlib import Path
from typing import Any

import numpy as np

from wgan_resampler.exceptions import CheckpointError, InvalidParameterError
from wgan_resampler.gan import Callback, Checkpoint
from wgan_resampler.records.generator_file import TrainedGenerator, load_generator, save_generator
from wgan_resampler.records.training_data import TrainingData, read_training_data
from wgan_resampler.sampler import FitSettings, Preparation, ReadColumn, epochs_of, prepare, warn_of_data
from wgan_resampler.tables import CsvOptions, NumericCells
from wgan_resampler.utils import own_settings, resolve_device, seed_sequence
from wgan_resampler.utils.storage import (
    FoundState,
    Scalar,
    atomic_writer,
    convert_state,
    newest_good,
    remove_leftovers,
)

FINAL_MODEL = "final_model.pth"
HISTORY = "training_history.json"

KEPT_CHECKPOINTS = 3
"""Number of checkpoints in the folder: the newest one, and two in case it gets damaged."""


@dataclass(frozen=True)
class Run:
    """A training: its data, its settings and the folder of its files.

    Parameters
    ----------
    data : str
        File of records, or table.
    folder : str
        Where the files go.
    settings : FitSettings
        Hyper-parameters. ``epochs="auto"`` becomes as many whole epochs as 900 generator updates need.
    target : str or None, default=None
        Column of the classes, for tables.
    csv_options : CsvOptions or None, default=None
        How CSV files are read.
    split_file : str or None, default=None
        File of a split. With it, only its training records are used.
    seed : int, default=0
        Seed of all random numbers.
    device : str, default="auto"
        Where to train. Results are the same, bit for bit, on CPUs only.
    checkpoint_every : int, default=10
        Epochs between checkpoints.
    resume : bool, default=False
        Whether to continue from the newest checkpoint in the folder.
    """

    data: str
    folder: str
    settings: FitSettings
    target: str | None = None
    csv_options: CsvOptions | None = None
    split_file: str | None = None
    seed: int = 0
    device: str = "auto"
    checkpoint_every: int = 10
    resume: bool = False


@dataclass(frozen=True)
class TrainingResult:
    """The result of a training.

    Parameters
    ----------
    model : pathlib.Path
        The file of the trained generator.
    epochs : int
        Epochs that the generator was trained for.
    resumed_from : pathlib.Path or None
        The checkpoint that the training was resumed from.
    was_finished : bool
        Whether the training was complete before, so that nothing was done.
    written : tuple of pathlib.Path, default=()
        All files of the training that were written, in the order: model, history, checkpoints from old to new.
    """

    model: Path
    epochs: int
    resumed_from: Path | None
    was_finished: bool
    written: tuple[Path, ...] = ()


@own_settings
def train_in_folder(run: Run, callbacks: Sequence[Callback] = ()) -> TrainingResult:
    """Train a generator, or resume its training.

    Parameters
    ----------
    run : Run
        What is trained, on which data and where.
    callbacks : sequence of Callback, default=()
        Further hooks of the trainer.

    Returns
    -------
    TrainingResult

    Raises
    ------
    InvalidParameterError
        If the folder holds a training that `run` does not resume, or one with other settings or data.
    DataFileError
        If the data cannot be read.
    CheckpointError
        If a file cannot be written.
    """
    folder = Path(run.folder)
    found = _find(run, folder)
    data = read_training_data(run.data, run.target, run.split_file, run.csv_options)
    run = replace(run, settings=replace(run.settings, epochs=epochs_of(run.settings, data.names)))
    description = data.description
    parts = zip(map(repr, description.columns), data.cells, description.categories, strict=False)
    warn_of_data(data.names, [ReadColumn(*part) for part in parts])
    about = _about(run, data)
    if found.state is not None:
        _compare(found.state, found.path, about, run.data)
    checkpoint = Checkpoint(folder, run.checkpoint_every, about, keep=KEPT_CHECKPOINTS)
    seeds = seed_sequence(run.seed)
    device, hooks = resolve_device(run.device), [checkpoint, *callbacks]
    preparation = prepare(run.settings, data.cells, data.names, device, seeds, hooks)
    if found.state is not None:
        try:
            preparation.load_state_dict(found.state)
        except CheckpointError as error:
            raise CheckpointError(f"{found.path}: {error}") from error
    if preparation.trainer.epoch > preparation.n_epochs:
        raise InvalidParameterError(
            f"epochs={preparation.n_epochs} is less than the {preparation.trainer.epoch} epochs that {found.path} was "
            "trained for. Give at least as many, or another folder."
        )
    if _is_finished(folder, preparation):
        return TrainingResult(folder / FINAL_MODEL, preparation.trainer.epoch, found.path, was_finished=True)
    try:
        preparation.train()
    except BaseException:  # after Ctrl-C too, the epochs that are complete get their history
        with contextlib.suppress(OSError):  # the first error says more
            _write_history(folder, preparation)
        raise
    _write_history(folder, preparation)
    trainer = preparation.trainer
    trained = TrainedGenerator(preparation.finish(), data.description, about, trainer.epoch, trainer.n_updates)
    save_generator(folder / FINAL_MODEL, trained)
    checkpoints = sorted(folder.glob("checkpoint_epoch_*.pth"), key=lambda path: path.stat().st_mtime_ns)
    written = (folder / FINAL_MODEL, folder / HISTORY, *checkpoints)
    return TrainingResult(folder / FINAL_MODEL, trainer.epoch, found.path, was_finished=False, written=written)


def _find(run: Run, folder: Path) -> FoundState:
    """Return the checkpoint to resume from. Raise if there is one and the run is to start from the beginning."""
    folder.mkdir(parents=True, exist_ok=True)
    remove_leftovers(folder)
    if run.resume:
        return newest_good(folder)
    present = sorted(path.name for path in folder.glob("*.pth"))
    if present:
        raise InvalidParameterError(
            f"{folder} holds a training already (see {present[0]}). Continue it with resume=True, or choose another "
            "folder."
        )
    return FoundState(None, None, ())


def _about(run: Run, data: TrainingData) -> dict[str, Any]:
    """Return everything that decides the result of the training, except the number of epochs, as plain values."""
    settings = asdict(run.settings)
    del settings["epochs"]
    digest = hashlib.sha256("\n".join(data.names).encode())
    for column in data.cells:
        values = column.values if isinstance(column, NumericCells) else column.codes
        digest.update(f"{values.dtype.str} ".encode() + np.ascontiguousarray(values).tobytes())
        if column.missing is not None:
            digest.update(column.missing.tobytes())
    return {
        **settings,
        "seed": run.seed,
        "data": digest.hexdigest(),
        "n_records": len(data.names),
        "kind": data.description.kind,
    }


def _compare(state: Mapping[str, Any], path: Path | None, about: Mapping[str, Any], data: str) -> None:
    """Raise InvalidParameterError for the first difference between the run and the training in the folder."""
    try:
        before = convert_state(state.get("about"), dict[str, Scalar | None])
    except CheckpointError as error:
        raise CheckpointError(f"{path} is not the checkpoint of a training. {error}") from error
    if any(before.get(key) != about[key] for key in ("data", "n_records", "kind")):
        raise InvalidParameterError(
            f"{path} was trained on other data than {data}: {before.get('n_records')} records with "
            f"fingerprint {str(before.get('data'))[:12]}, now {about['n_records']} with {about['data'][:12]}. Give the "
            "same file and split, or another folder."
        )
    for key, value in about.items():
        if before.get(key) != value:
            raise InvalidParameterError(
                f"{key}={value!r} differs from {path}, which has {before.get(key)!r}. Give the same value, or "
                "another folder."
            )


def _is_finished(folder: Path, preparation: Preparation) -> bool:
    """Whether the final model is that of the last epoch. If it is damaged, it will be written again."""
    try:
        return preparation.n_epochs == preparation.trainer.epoch == load_generator(folder / FINAL_MODEL).epochs
    except (CheckpointError, FileNotFoundError):
        return False


def _write_history(folder: Path, preparation: Preparation) -> None:
    if len(preparation.trainer.history):
        with atomic_writer(folder / HISTORY) as file:
            file.write(preparation.trainer.history.to_json().encode())
