"""A generator that is read from its file, draws samples and balances files."""

from __future__ import annotations

import os
from collections import Counter
from collections.abc import Mapping
from dataclasses import replace
from typing import Any, cast

import numpy as np
import torch
from numpy.typing import NDArray

from wgan_resampler.exceptions import CheckpointError, DataFileError, InvalidParameterError, LeakWarning
from wgan_resampler.records.augmentation.class_counts import Augmentation, ClassCounts, records_to_add
from wgan_resampler.records.augmentation.column_matching import own_format, shown
from wgan_resampler.records.augmentation.output_files import (
    check_output,
    check_records,
    format_of_table,
    write_augmented_records,
    write_augmented_table,
)
from wgan_resampler.records.files.json_records import JSON_SUFFIXES
from wgan_resampler.records.files.labelled_data import LabelledData, read_labelled
from wgan_resampler.records.files.splits import read_split
from wgan_resampler.records.generator_file import load_generator
from wgan_resampler.sampler import model_hash
from wgan_resampler.tables import (
    META_SUFFIX,
    TABLE_SUFFIXES,
    TEXT_NAMES,
    Cells,
    CsvOptions,
    NewRows,
    NumericCells,
    TableFile,
    table_suffix,
)
from wgan_resampler.utils import FILES, next_seed, own_settings, require, resolve_device, seed_sequence, warn_caller

Path = str | os.PathLike[str]


class GanAugmenter:
    """Draws samples from a trained generator, and balances files with them.

    Parameters
    ----------
    generator_path : str or os.PathLike
        The file of a trained generator, ``final_model.pth``. Its source need not be trusted: nothing in it is run.
    num_classes : int or None, default=None
        Number of classes. An error is raised if the file has another number. None accepts the file's number.
    feature_dim : int or None, default=None
        Number of coefficients of a record or frame, or number of columns of a table. It is checked like `num_classes`.
    noise_dim, hidden_dim, num_layers : int or None, default=None
        Sizes of the generator. They are checked like `num_classes`.
    device : str or torch.device, default="auto"
        ``"auto"``, ``"cpu"``, ``"cuda"`` or ``"cuda:N"``. The same seed gives the same samples on the same kind of
        device.
    random_state : int or None, default=None
        Seed of :meth:`generate_samples`. None takes one from the operating system.

    Attributes
    ----------
    classes : tuple of str
        Names of the classes, sorted.
    class_to_idx : dict of str to int
        Index of each class by its name. If a file lists its classes in another order, its `MFCCDataset.class_to_idx`
        differs. Then use names instead of indices.
    feature_dim : int
        Coefficients of a record or frame, or columns of a table.
    model_hash : str
        SHA-256 of the generator's weights and encoder. It does not depend on the file that holds them.

    Raises
    ------
    CheckpointError
        If the file is damaged, of another kind or of another version.
    InvalidParameterError
        If a number differs from the number in the file.
    OSError
        If the file cannot be read.

    See Also
    --------
    WGANGPOverSampler : Trains and resamples in one step, in memory.

    Examples
    --------
    >>> import json, pathlib, tempfile
    >>> from wgan_resampler import GanAugmenter
    >>> from wgan_resampler.records import Run, train_in_folder
    >>> from wgan_resampler.sampler import FitSettings
    >>> songs = {"features": [[i % 3, i] for i in range(15)], "labels": [0] * 9 + [1] * 6, "mapping": ["jazz", "rock"]}
    >>> with tempfile.TemporaryDirectory() as folder:
    ...     path = pathlib.Path(folder, "songs.json")
    ...     n_chars = path.write_text(json.dumps(songs))
    ...     result = train_in_folder(Run(str(path), folder, FitSettings(epochs=1)))
    ...     augmenter = GanAugmenter(result.model, num_classes=2, feature_dim=2)
    ...     done = augmenter.balance_dataset(path, pathlib.Path(folder, "balanced.json"))
    >>> augmenter.generate_samples(5, "rock").shape, done.class_counts["rock"].synthetic
    ((5, 2), 3)
    """

    @own_settings
    def __init__(
        self,
        generator_path: Path,
        num_classes: int | None = None,
        feature_dim: int | None = None,
        *,
        noise_dim: int | None = None,
        hidden_dim: int | None = None,
        num_layers: int | None = None,
        device: str | torch.device = "auto",
        random_state: int | None = None,
    ) -> None:
        self.generator_path = generator_path
        place = resolve_device(device)
        self._trained = load_generator(generator_path)
        model, data = self._trained.model, self._trained.data
        self.classes: tuple[str, ...] = tuple(str(label) for label in model.classes.tolist())
        self.class_to_idx = {name: i for i, name in enumerate(self.classes)}
        self.feature_dim: int = len(data.columns) if data.n_coefficients is None else data.n_coefficients
        sizes = model.generator
        for name, given, found in (
            ("num_classes", num_classes, len(self.classes)),
            ("feature_dim", feature_dim, self.feature_dim),
            ("noise_dim", noise_dim, sizes.noise_dim),
            ("hidden_dim", hidden_dim, sizes.hidden_dim),
            ("num_layers", num_layers, sizes.num_layers),
        ):
            if given is not None and given != found:
                raise InvalidParameterError(
                    f"{name}={given} contradicts {generator_path}, which was trained with {found}. Leave it out, or "
                    "give the file of another generator."
                )
        self.model_hash = model_hash(model)
        self._trained = replace(self._trained, model=model.to(place))
        self._seeds = seed_sequence(random_state)

    @own_settings
    def generate_samples(self, num_samples: int, class_idx: int | str) -> Any:
        """Draw samples of one class. Each call draws other samples.

        Parameters
        ----------
        num_samples : int
            Number of samples, 0 or more.
        class_idx : int or str
            Index of the class in `classes`, or its name.

        Returns
        -------
        ndarray of float of shape (num_samples, feature_dim), or DataFrame
            One vector for each sample. If the generator was trained on sequences, a vector holds means over time. Whole
            sequences need the time course of real records, and only :meth:`balance_dataset` has real records. If the
            generator was trained on a table, the result is a frame with the table's columns. In it, categories are
            objects, and integers with missing values are floats.

        Raises
        ------
        InvalidParameterError
            If the class is unknown, or `num_samples` is not an integer of at least 0.
        MissingDependencyError
            If the generator was trained on a table and pandas is not installed.
        """
        names = dict(enumerate(self.classes)) | {name: name for name in self.classes}
        if isinstance(class_idx, bool) or class_idx not in names:
            raise InvalidParameterError(
                f"There is no class {class_idx!r}: give an index from 0 to {len(self.classes) - 1}, or a name. "
                f"Classes: {shown(self.classes)}."
            )
        data, model = self._trained.data, self._trained.model
        class_indices = model.choose(num_samples, names[class_idx], seed=0)
        cells = self._draw(class_indices, next_seed(self._seeds))
        if data.kind != "table":
            return np.column_stack([c.values for c in cells[: data.n_coefficients] if isinstance(c, NumericCells)])
        require("pandas", "Drawing rows of a table", FILES)
        return own_format(data, model.encoder.schema).build(cells)

    @own_settings
    def balance_dataset(
        self,
        input_data_path: Path,
        output_data_path: Path,
        balance_method: str = "equal",
        target_samples: int | Mapping[str, int] | None = None,
        *,
        target: str | None = None,
        split_file: Path | None = None,
        csv_options: CsvOptions | None = None,
        seed: int = 0,
        progress: bool = False,
    ) -> Augmentation:
        """Write a file with the original records and, below them, synthetic ones.

        Parameters
        ----------
        input_data_path : str or os.PathLike
            JSON file of records, or table. It must be of the kind that the generator was trained on. Its content is
            held in memory, with 8 bytes for each number. Synthetic sequences are not held in memory: each is made when
            it is written.
        output_data_path : str or os.PathLike
            The file to write. It must be of the same kind as the input, and must not be a file that is read. For a
            table, a second file is written, with ``.meta.json`` added to the name.
        balance_method : {"equal", "upsample", "custom"}, default="equal"
            ``"equal"`` brings every class to the size of the largest, ``"upsample"`` adds half as many records as a
            class has, ``"custom"`` brings every class to `target_samples`.
        target_samples : int, mapping of str to int, or None, default=None
            Used for ``"custom"``: the number of records of each class, or ``{class: records}`` for some classes. None
            takes 200. A class that already has as many records stays unchanged. With another method, it has no effect,
            and causes a warning.
        target : str or None, default=None
            The column of the classes, for tables only.
        split_file : str or os.PathLike or None, default=None
            A file written by :func:`~wgan_resampler.records.write_split`. If given, only its training records are
            counted when classes are balanced, and only their time courses are used for synthetic sequences. The output
            still holds all original records.
        csv_options : CsvOptions or None, default=None
            How CSV files are read. None detects it.
        seed : int, default=0
            Seed of the synthetic records. The same seed gives the same file.
        progress : bool, default=False
            Whether a progress bar is shown while sequences are written.

        Returns
        -------
        Augmentation

        Raises
        ------
        DataFileError
            If a file has unexpected content, has other features or classes than the generator, or already holds
            synthetic records; or if the output would replace a file that is read.
        InvalidParameterError
            If `balance_method` is unknown, or `target_samples` does not fit the classes.
        OSError
            If a file cannot be read or written.

        Warns
        -----
        LeakWarning
            If the generator was trained on more records of a class than the split has training records.
        UnusedParameterWarning
            If `target_samples` is given with another method than ``"custom"``.
        """
        read = [input_data_path, self.generator_path, *([] if split_file is None else [split_file])]
        if table_suffix(input_data_path) is None:
            check_output(output_data_path, JSON_SUFFIXES, read)
        else:
            # The original rows are copied without changes, so the output has the format of the input.
            is_parquet = table_suffix(input_data_path) == ".parquet"
            endings = [suffix for suffix in TABLE_SUFFIXES if (suffix == ".parquet") == is_parquet]
            check_output(output_data_path, endings, read, [META_SUFFIX], ".parquet" if is_parquet else TEXT_NAMES)
        split = None if split_file is None else read_split(split_file)
        data = read_labelled(input_data_path, target, options=csv_options, reduce=None)
        if data.is_synthetic.any():
            n = int(data.is_synthetic.sum())
            raise DataFileError(f"{data.path} holds {n} synthetic records already. Augment the original file instead.")
        training = np.arange(len(data.names))
        if split is not None:
            split.check_against(data.path, data.names)
            training = np.array(split.train, dtype=np.intp)
        plan = self._plan(data, training, balance_method, target_samples, seed)
        if split is not None:
            self._warn_of_leak(plan)
        # All checks come before anything is drawn.
        path, about = str(output_data_path), plan.to_plain()
        if target is None:
            check_records(data, self._trained.data, about)
            cells, donors = self._synthesize(data, training, plan)
            write_augmented_records(path, data, cells, donors, about, progress)
            return replace(plan, written=(path,))
        form = format_of_table(data, self._trained, None if split is None else split.group_key)
        cells, donors = self._synthesize(data, training, plan)
        new = NewRows(form.build(cells), target, donors)
        write_augmented_table(path, cast(TableFile, data.content), new, about)
        return replace(plan, written=(path, f"{path}{META_SUFFIX}"))

    def _plan(
        self,
        data: LabelledData,
        training: NDArray[np.intp],
        method: str,
        target_samples: int | Mapping[str, int] | None,
        seed: int,
    ) -> Augmentation:
        """Return what will be added. Raise an error if the classes are not those of the generator."""
        names = data.names[training]
        present, counted = Counter(data.names.tolist()), Counter(names.tolist())
        unknown, absent = sorted(counted.keys() - self.class_to_idx), sorted(self.class_to_idx.keys() - counted)
        if unknown or absent:
            raise DataFileError(
                f"{data.path} and the generator have different classes. Classes of records that the generator does not "
                f"know: {shown(unknown)}. Classes of the generator without records: {shown(absent)}."
            )
        numbers = records_to_add(method, target_samples, names)
        counts = {name: ClassCounts(present[name], counted[name], numbers.get(name, 0)) for name in sorted(present)}
        return Augmentation(len(data.names), sum(numbers.values()), counts, seed, self.model_hash)

    def _synthesize(
        self, data: LabelledData, training: NDArray[np.intp], plan: Augmentation
    ) -> tuple[list[Cells], NDArray[np.intp]]:
        """Draw the synthetic records, sorted by class, and a donor for each."""
        seeds = seed_sequence(plan.seed)
        numbers = {name: counts.synthetic for name, counts in plan.class_counts.items() if counts.synthetic}
        indices = np.array([self.class_to_idx[name] for name in numbers], dtype=np.int64)
        cells = self._draw(np.repeat(indices, list(numbers.values())), next_seed(seeds))
        rng = np.random.default_rng(next_seed(seeds))
        donors = [rng.choice(training[data.names[training] == name], size=n) for name, n in numbers.items()]
        return cells, np.concatenate([np.empty(0, dtype=np.intp), *donors])

    def _draw(self, class_indices: NDArray[np.int64], seed: int) -> list[Cells]:
        cells = self._trained.model.draw(class_indices, seed)
        for column in cells:
            if isinstance(column, NumericCells) and not bool(np.isfinite(column.values).all()):
                raise CheckpointError(
                    f"{self.generator_path} makes numbers that are not finite. Its weights are useless: train it again."
                )
        return cells

    def _warn_of_leak(self, plan: Augmentation) -> None:
        """Warn if the generator was trained on more records than the split has for training."""
        for name, seen in zip(self.classes, self._trained.model.counts.tolist(), strict=True):
            allowed = plan.class_counts[name].training
            if seen > allowed:
                warn_caller(
                    f"The generator was trained on {seen} records of class {name!r}, but the split has {allowed} "
                    f"training records of this class. It may have seen test records. Train it with the same split.",
                    LeakWarning,
                )
                return
