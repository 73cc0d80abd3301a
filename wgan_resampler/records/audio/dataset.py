"""Files of MFCC features as a data set for torch."""

from __future__ import annotations

import os

import numpy as np
import torch
from torch import Tensor
from torch.utils.data import Dataset

from wgan_resampler.records.files.json_records import mean_over_time, read_records
from wgan_resampler.utils import own_settings


class MFCCDataset(Dataset[tuple[Tensor, Tensor]]):
    """A JSON file of MFCC records: one vector of features and one class index each.

    A sequence is reduced to the mean of each coefficient over time. Its frames are not kept, so only the means take
    memory.

    Parameters
    ----------
    path : str or os.PathLike
        A JSON file with ``"features"`` (vectors or sequences) or ``"mfcc"`` (sequences), ``"labels"`` and
        ``"mapping"``; it is unpacked if its name ends in ``.gz`` or another packing.

    Attributes
    ----------
    features : torch.Tensor of shape (n_records, n_features), float32
        The records, or their means over time.
    labels : torch.Tensor of shape (n_records,), int64
        Their class indices.
    class_to_idx : dict of str to int
        Index of each class by its name.

    Raises
    ------
    DataFileError
        If the file is not of this kind.
    OSError
        If it cannot be read.

    See Also
    --------
    GanTrainer : Trains on a DataLoader of such a data set.

    Examples
    --------
    >>> import pathlib, tempfile
    >>> from torch.utils.data import DataLoader
    >>> from wgan_resampler import MFCCDataset
    >>> with tempfile.TemporaryDirectory() as folder:
    ...     path = pathlib.Path(folder, "two.json")
    ...     n_chars = path.write_text('{"features": [[1, 2], [3, 4]], "labels": [1, 0], "mapping": ["jazz", "rock"]}')
    ...     dataset = MFCCDataset(path)
    >>> dataset.class_to_idx, dataset.features.shape
    ({'jazz': 0, 'rock': 1}, torch.Size([2, 2]))
    >>> features, labels = next(iter(DataLoader(dataset, batch_size=2)))
    >>> labels
    tensor([1, 0])
    """

    @own_settings
    def __init__(self, path: str | os.PathLike[str]) -> None:
        file = read_records(path, reduce=mean_over_time)
        self.features = torch.from_numpy(np.stack(file.records)).float()
        self.labels = torch.from_numpy(file.labels)
        self.class_to_idx = {name: i for i, name in enumerate(file.mapping)}

    def __len__(self) -> int:
        return len(self.labels)

    def __getitem__(self, index: int) -> tuple[Tensor, Tensor]:
        return self.features[index], self.labels[index]
