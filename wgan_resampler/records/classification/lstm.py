"""An LSTM that classifies sequences."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import Any, Final

import numpy as np
import torch
from numpy.typing import NDArray
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler
from torch import Tensor, nn
from torch.nn.utils.rnn import pack_padded_sequence, pad_packed_sequence, pad_sequence

from wgan_resampler.utils import CLASSIFY, computing, require

MAX_FRAMES: Final = 130
"""Longer sequences are shortened to this many frames, each the mean of several. 3 s of 23 ms frames stay as they are.

The cost of a training step grows with the number of frames. An LSTM also learns slowly over a thousand of them.
"""

_HIDDEN = 64
_EPOCHS = 50
_BATCH_SIZE = 32


class LSTMNetwork(nn.Module):
    """One LSTM layer, the mean of its outputs over time, and a linear layer.

    Parameters
    ----------
    n_features : int
        Coefficients of a frame.
    n_classes : int
        Classes.

    Examples
    --------
    >>> import torch
    >>> from wgan_resampler.records.classification.lstm import LSTMNetwork
    >>> LSTMNetwork(13, 10)(torch.zeros(4, 7, 13), torch.tensor([7, 1, 5, 2])).shape
    torch.Size([4, 10])
    """

    def __init__(self, n_features: int, n_classes: int) -> None:
        super().__init__()
        self.lstm = nn.LSTM(n_features, _HIDDEN, batch_first=True)
        self.out = nn.Linear(_HIDDEN, n_classes)

    def forward(self, x: Tensor, lengths: Tensor) -> Tensor:
        """Return the class scores.

        Parameters
        ----------
        x : torch.Tensor of shape (n, n_frames, n_features)
            Padded sequences.
        lengths : torch.Tensor of shape (n,)
            Their true lengths.

        Returns
        -------
        torch.Tensor of shape (n, n_classes)
        """
        packed = pack_padded_sequence(x, lengths.cpu(), batch_first=True, enforce_sorted=False)
        outputs, _ = pad_packed_sequence(self.lstm(packed)[0], batch_first=True)  # zero beyond each length
        scores: Tensor = self.out(outputs.sum(dim=1) / lengths[:, None])
        return scores


def lstm_predictions(train: Any, classes: NDArray[np.intp], test: Any, scaler: Any, seed: int) -> NDArray[np.intp]:
    """Train an LSTM and return the classes that it predicts.

    Parameters
    ----------
    train, test : sequence of ndarray, array of vectors, or DataFrame
        Training and test records.
    classes : ndarray of int of shape (n_train,)
        The classes of the training records, numbered consecutively from 0.
    scaler : transformer or "passthrough"
        Makes an array of vectors from a table or from vectors. "passthrough" for sequences, which are scaled frame by
        frame.
    seed : int
        Seed of the weights and of the order of batches. torch's own random state is left as it was.

    Returns
    -------
    ndarray of int of shape (n_test,)

    Raises
    ------
    MissingDependencyError
        If skorch is not installed.
    """
    skorch = require("skorch", "The LSTM classifier", CLASSIFY)
    scalers = make_pipeline(scaler)
    train_records, test_records = sequences(scalers.fit_transform(train)), sequences(scalers.transform(test))
    standardize = StandardScaler().fit(np.concatenate(train_records))
    inputs, test_inputs = padded(train_records, standardize), padded(test_records, standardize)
    # skorch and its DataLoader draw from torch's global generator. So it is seeded here and restored afterwards.
    with torch.random.fork_rng(devices=[]), computing(torch.device("cpu")):
        torch.manual_seed(seed)
        network = skorch.NeuralNetClassifier(
            LSTMNetwork,
            module__n_features=inputs["x"].shape[-1],
            module__n_classes=int(classes.max()) + 1,
            criterion=nn.CrossEntropyLoss,
            optimizer=torch.optim.Adam,
            lr=3e-3,
            max_epochs=_EPOCHS,
            batch_size=_BATCH_SIZE,
            iterator_train__shuffle=True,
            train_split=None,
            verbose=0,
            device="cpu",
        )
        predicted = network.fit(inputs, classes.astype(np.int64)).predict(test_inputs)
    return np.asarray(predicted, dtype=np.intp)


def sequences(records: Iterable[NDArray[np.float64]]) -> list[NDArray[np.float64]]:
    """Return records as sequences of at most `MAX_FRAMES` frames. A vector becomes a sequence of one frame."""
    found = [np.atleast_2d(record) for record in records]
    for i, frames in enumerate(found):
        if len(frames) > MAX_FRAMES:
            edges = np.linspace(0, len(frames), MAX_FRAMES + 1).astype(np.intp)
            found[i] = np.add.reduceat(frames, edges[:-1], axis=0) / np.diff(edges)[:, None]
    return found


def padded(records: Sequence[NDArray[np.float64]], scaler: StandardScaler) -> dict[str, Tensor]:
    """Return the arguments of `LSTMNetwork`: scaled sequences, padded with zeros to one length, and their lengths.

    Examples
    --------
    >>> import numpy as np
    >>> from sklearn.preprocessing import StandardScaler
    >>> from wgan_resampler.records.classification.lstm import padded
    >>> records = [np.array([[0.0], [2.0]]), np.array([[1.0]])]
    >>> inputs = padded(records, StandardScaler().fit(np.concatenate(records)))
    >>> inputs["x"][..., 0].tolist(), inputs["lengths"].tolist()
    ([[-1.2247449159622192, 1.2247449159622192], [0.0, 0.0]], [2, 1])
    """
    scaled = [torch.from_numpy(scaler.transform(record)).float() for record in records]
    return {
        "x": pad_sequence(scaled, batch_first=True),
        "lengths": torch.tensor([len(each) for each in scaled], device="cpu"),
    }
