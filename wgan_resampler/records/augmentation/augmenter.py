"""A trained generator, taken from its file to draw from, and files balanced with it."""

from __future__ import annotations

import os
import warnings
from collections.abc import Mapping
from dataclasses import replace
from numbers import Integral
from typing import Any, Final

import numpy as np
import torch
from numpy.typing import NDArray

from wgan_resampler.exceptions import (
    CheckpointError,
    DataFileError,
    InvalidParameterError,
    LeakWarning,
    MissingDependencyError,
)
from wgan_resampler.records.augmentation.class_counts import Augmentation, ClassCounts, records_to_add
from wgan_resampler.records.augmentation.column_matching import own_format, shown_names
from wgan_resampler.records.augmentation.output_files import Source, Synthetic, check_output, read_source
from wgan_resampler.records.files.splits import Split, read_split
from wgan_resampler.records.generator_file import load_generator
from wgan_resampler.sampler import model_hash
from wgan_resampler.tables import Cells, NumericCells
from wgan_resampler.utils import next_seed, resolve_device, seed_sequence

SIZES: Final = ("noise_dim", "hidden_dim", "num_layers")
"""What may be said of the architecture, to be sure which generator this is."""

Path = str | os.PathLike[str]


class GanAugmenter:
    """Draws samples from a trained generator, and balances files with them.

    Parameters
    ----------
    generator_path : str or os.PathLike
        The file of a trained generator, ``final_model.pth``. Nothing in it is run.
    num_classes : int or None, default=None
        Number of classes, to be compared with what the file says. None takes what it says.
    feature_dim : int or None, default=None
        Likewise the number of coefficients of a record or frame, or of columns of a table.
    noise_dim, hidden_dim, num_layers : int or None, default=None
        Likewise the sizes of the generator.
    device : str or torch.device, default="auto"
        ``"auto"``, ``"cpu"``, ``"cuda"`` or ``"cuda:N"``. The same seed gives the same samples on the same kind of
        device.
    random_state : int or None, default=None
        Root of the seeds of :meth:`generate_samples`. None takes it from the operating system.

    Attributes
    ----------
    classes : tuple of str
        Names of the classes, sorted.
    class_to_idx : dict of str to int
        Index of each class by its name. Where a file lists its classes in another order, `MFCCDataset.class_to_idx`
        differs: then give names.
    feature_dim : int
        Coefficients of a record or frame, or columns of a table.
    model_hash : str
        SHA-256 of weights and encoder, whatever file they are in.

    Raises
    ------
    CheckpointError
        If the file is damaged, of another kind or of a newer version.
    InvalidParameterError
        If a number contradicts the file.
    OSError
        If the file cannot be read.

    See Also
    --------
    WGANGPOverSampler : Trains and resamples in one step, in memory.

    Examples
    --------
    >>> import json, pathlib, tempfile
    >>> from wgan_resampler import GanAugmenter
    >>> from wgan_resampler.cli import main
    >>> songs = {"features": [[i % 3, i] for i in range(9)], "labels": [0] * 6 + [1] * 3, "mapping": ["jazz", "rock"]}
    >>> with tempfile.TemporaryDirectory() as folder:
    ...     path = pathlib.Path(folder, "songs.json")
    ...     n_chars = path.write_text(json.dumps(songs))
    ...     code = main(["train", "--data", str(path), "--output", folder, "--epochs", "1"])
    ...     augmenter = GanAugmenter(pathlib.Path(folder, "final_model.pth"), num_classes=2, feature_dim=2)
    ...     done = augmenter.balance_dataset(path, pathlib.Path(folder, "balanced.json"))  # doctest: +ELLIPSIS
    Trained for 1 epochs. Wrote ...final_model.pth
    >>> augmenter.generate_samples(5, "rock").shape, done.class_counts["rock"].synthetic
    ((5, 2), 3)
    """

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
        asked = {"noise_dim": noise_dim, "hidden_dim": hidden_dim, "num_layers": num_layers}
        self._check("num_classes", num_classes, len(self.classes))
        self._check("feature_dim", feature_dim, self.feature_dim)
        for name in SIZES:
            self._check(name, asked[name], getattr(model.generator, name))
        self.model_hash = model_hash(model)
        self._trained = replace(self._trained, model=model.to(place))
        self._seeds = seed_sequence(random_state)

    def _check(self, name: str, given: int | None, found: int) -> None:
        if given is not None and given != found:
            raise InvalidParameterError(
                f"{name} is {given}, but {self.generator_path} was trained with {found}. Leave it out, or give the "
                "file of another generator."
            )

    def generate_samples(self, num_samples: int, class_idx: int | str) -> Any:
        """Draw samples of one class; other ones with each call.

        Parameters
        ----------
        num_samples : int
            How many; 0 or more.
        class_idx : int or str
            Index of the class in `classes`, or its name.

        Returns
        -------
        ndarray of float of shape (num_samples, feature_dim), or DataFrame
            Vectors. Of a generator trained on sequences, the means over time: a time course comes from real records,
            which only :meth:`balance_dataset` has. Of one trained on a table, a frame with its columns; categories
            are objects, and whole numbers with missing cells floats.

        Raises
        ------
        InvalidParameterError
            If the class is unknown or the number is none.
        MissingDependencyError
            If rows of a table are asked for and pandas is not installed.
        """
        index = self._class_index(class_idx)
        if not isinstance(num_samples, Integral) or isinstance(num_samples, bool) or num_samples < 0:
            raise InvalidParameterError(f"num_samples must be a whole number of at least 0; got {num_samples!r}.")
        cells = self._draw(np.full(int(num_samples), index, dtype=np.int64), next_seed(self._seeds))
        data, schema = self._trained.data, self._trained.model.encoder.schema
        if data.kind != "table":
            return np.column_stack([c.values for c in cells[: data.n_coefficients] if isinstance(c, NumericCells)])
        try:
            return own_format(data, schema).build(cells)
        except ImportError as error:
            raise MissingDependencyError("Rows of tables need pandas: pip install 'wgan-resampler[files]'") from error

    def balance_dataset(
        self,
        input_data_path: Path,
        output_data_path: Path,
        balance_method: str = "equal",
        target_samples: int | Mapping[str, int] | None = None,
        *,
        target: str | None = None,
        split_file: Path | None = None,
        seed: int = 0,
        progress: bool = False,
    ) -> Augmentation:
        """Write a file with synthetic records below its original ones.

        Parameters
        ----------
        input_data_path : str or os.PathLike
            JSON file of records, or table, as the generator was trained on. It is held in memory, 8 bytes for each
            number; synthetic sequences are made one by one while they are written.
        output_data_path : str or os.PathLike
            Where to: a file of the same kind, that is none of those read here. A table gets a second file of this
            name with ``.meta.json`` at its end.
        balance_method : {"equal", "upsample", "custom"}, default="equal"
            ``"equal"`` brings every class to the size of the largest, ``"upsample"`` adds half as many records as a
            class has, ``"custom"`` brings every class to `target_samples`.
        target_samples : int, mapping of str to int, or None, default=None
            For ``"custom"`` only: records of each class, or ``{class: records}`` for some of them; None takes 200.
            Classes that have as many already stay as they are.
        target : str or None, default=None
            The column of the classes, for tables only.
        split_file : str or os.PathLike or None, default=None
            What ``wgan-resampler split`` wrote. Then only its training records count, and only they lend synthetic
            sequences their time course. All original records are written.
        seed : int, default=0
            Seed of the synthetic records. The same seed gives the same file.
        progress : bool, default=False
            Whether a bar shows how far writing is.

        Returns
        -------
        Augmentation

        Raises
        ------
        DataFileError
            If a file cannot be read as what it should be, its features or classes are not those of the generator, it
            holds synthetic records, or the output would replace a file that is read.
        InvalidParameterError
            If method and target make no sense for these records.
        OSError
            If a file cannot be read or written.

        Warns
        -----
        LeakWarning
            If the generator was trained on more records of a class than the split has training records.
        """
        check_output(
            output_data_path, input_data_path, [self.generator_path, *([] if split_file is None else [split_file])]
        )
        split = None if split_file is None else read_split(split_file)
        source = read_source(input_data_path, target)
        names = source.names
        if split is not None:
            split.check_against(source.path, names)
        training = np.arange(len(names)) if split is None else np.array(split.train, dtype=np.intp)
        self._check_classes(source, names[training])
        numbers = records_to_add(balance_method, target_samples, names[training])
        plan = self._plan(names, training, numbers, seed)
        source.check(self._trained, plan, None if split is None else split.group_key)
        self._warn_of_leak(source, split, plan)
        synthetic = self._synthesise(names, training, numbers, seed)
        written = source.write(str(output_data_path), synthetic, self._trained, plan, progress=progress)
        return replace(plan, written=written)

    def _plan(
        self, names: NDArray[np.str_], training: NDArray[np.intp], numbers: Mapping[str, int], seed: int
    ) -> Augmentation:
        """Return what is going to be added."""
        counts = {
            str(name): ClassCounts(
                int((names == name).sum()), int((names[training] == name).sum()), numbers.get(name, 0)
            )
            for name in np.unique(names)
        }
        return Augmentation(len(names), sum(numbers.values()), counts, seed, self.model_hash)

    def _synthesise(
        self, names: NDArray[np.str_], training: NDArray[np.intp], numbers: Mapping[str, int], seed: int
    ) -> Synthetic:
        """Draw the synthetic records, sorted by class, and a donor for each."""
        seeds = seed_sequence(seed)
        indices = np.array([self.class_to_idx[name] for name in numbers], dtype=np.int64)
        classes = np.repeat(indices, list(numbers.values()))
        cells = self._draw(classes, next_seed(seeds))
        rng = np.random.default_rng(next_seed(seeds))
        donors = [rng.choice(training[names[training] == name], size=n) for name, n in numbers.items()]
        return Synthetic(cells, np.concatenate([np.empty(0, dtype=np.intp), *donors]))

    def _draw(self, class_indices: NDArray[np.int64], seed: int) -> list[Cells]:
        cells = self._trained.model.draw(class_indices, seed)
        for column in cells:
            if isinstance(column, NumericCells) and not bool(np.isfinite(column.values).all()):
                raise CheckpointError(
                    f"{self.generator_path} makes numbers that are not finite; its weights are worthless. Train anew."
                )
        return cells

    def _class_index(self, class_idx: int | str) -> int:
        if isinstance(class_idx, str) and class_idx in self.class_to_idx:
            return self.class_to_idx[class_idx]
        is_index = isinstance(class_idx, Integral) and not isinstance(class_idx, bool)
        if is_index and 0 <= int(class_idx) < len(self.classes):
            return int(class_idx)
        raise InvalidParameterError(
            f"There is no class {class_idx!r}: give an index from 0 to {len(self.classes) - 1}, or a name. Classes: "
            f"{shown_names(self.classes)}."
        )

    def _check_classes(self, source: Source, names: NDArray[np.str_]) -> None:
        """Raise unless the training records have the classes that the generator was trained on."""
        found = np.unique(names).tolist()
        if set(found) == set(self.classes):
            return
        unknown, absent = sorted(set(found) - set(self.classes)), sorted(set(self.classes) - set(found))
        difference = f"class {unknown[0]!r} is not known to it" if unknown else f"class {absent[0]!r} has no records"
        raise DataFileError(
            f"{source.path} and the generator have different classes: {difference}. {len(found)} classes of records: "
            f"{shown_names(found)}; {len(self.classes)} of the generator: {shown_names(self.classes)}."
        )

    def _warn_of_leak(self, source: Source, split: Split | None, plan: Augmentation) -> None:
        """Warn where the generator has seen more records than the split lets it."""
        if split is None:
            return
        for name, seen in zip(self.classes, self._trained.model.counts.tolist(), strict=True):
            allowed = plan.class_counts[name].training
            if seen > allowed:
                warnings.warn(
                    f"The generator was trained on {seen} records of class {name!r}, but the split has {allowed} "
                    f"training records of it in {source.path}: it may have seen test records. Train it with the same "
                    "split.",
                    LeakWarning,
                    stacklevel=3,
                )
                return
