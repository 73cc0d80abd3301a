"""An LSTM that classifies sequences, with the interface of a scikit-learn classifier."""

from __future__ import annotations

from typing import Any, Final

import numpy as np
import torch
from numpy.typing import NDArray
from sklearn.base import BaseEstimator, TransformerMixin
from sklearn.pipeline import make_pipeline
from torch import Tensor, nn
from torch.nn.utils.rnn import pack_padded_sequence, pad_packed_sequence

from wgan_resampler.utils import CLASSIFY, computing, require

MAX_FRAMES: Final = 130
"""Longer sequences are shortened to this many frames, each the mean of several. 3 s of 23 ms frames stay as they are.

The cost of a training step grows with the number of frames. An LSTM also learns slowly over a thousand of them.
"""

_HIDDEN = 64
_EPOCHS = 50
_BATCH_SIZE = 32


class SequenceScaler(TransformerMixin, BaseEstimator):  # type: ignore[misc]
    """Standardizes each coefficient over all frames, and pads sequences to one length.

    A vector is treated as a sequence of one frame.

    Attributes
    ----------
    mean_, scale_ : ndarray of shape (n_features,)
        Mean and standard deviation of each coefficient over all training frames; a standard deviation of 0 becomes 1.

    Examples
    --------
    >>> import numpy as np
    >>> from wgan_resampler.records.classification.lstm import SequenceScaler
    >>> padded = SequenceScaler().fit_transform([np.array([[0.0], [2.0]]), np.array([[1.0]])])
    >>> padded["x"][..., 0].tolist(), padded["lengths"].tolist()
    ([[-1.2247449159622192, 1.2247449159622192], [0.0, 0.0]], [2, 1])
    """

    def fit(self, X: Any, y: Any = None) -> SequenceScaler:
        """Learn mean and spread of each coefficient.

        Parameters
        ----------
        X : sequence of ndarray of shape (n_frames, n_features) or (n_features,)
            Training sequences.
        y : Any, default=None
            Not used.

        Returns
        -------
        SequenceScaler
            Itself.
        """
        frames = np.concatenate([_shorten(np.atleast_2d(record)) for record in X])
        self.mean_ = frames.mean(axis=0)
        spread = frames.std(axis=0)
        self.scale_ = np.where(spread > 0, spread, 1.0)
        return self

    def transform(self, X: Any) -> dict[str, NDArray[Any]]:
        """Return standardized sequences, padded with zeros, and their lengths.

        Parameters
        ----------
        X : sequence of ndarray of shape (n_frames, n_features) or (n_features,)
            Sequences.

        Returns
        -------
        dict
            ``x`` of shape (n, longest, n_features), float32, and ``lengths`` of shape (n,).
        """
        scaled = [(_shorten(np.atleast_2d(record)) - self.mean_) / self.scale_ for record in X]
        lengths = np.array([len(record) for record in scaled], dtype=np.int64)
        padded = np.zeros((len(scaled), int(lengths.max()), len(self.mean_)), dtype=np.float32)
        for i, record in enumerate(scaled):
            padded[i, : len(record)] = record
        return {"x": padded, "lengths": lengths}


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
        The classes of the training records, numbered from 0 without gaps.
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
    scalers = make_pipeline(scaler, SequenceScaler())
    scaled = scalers.fit_transform(train)
    # skorch and its DataLoader draw from torch's global generator, so it is seeded here and put back afterwards.
    with torch.random.fork_rng(devices=[]), computing(torch.device("cpu")):
        torch.manual_seed(seed)
        network = skorch.NeuralNetClassifier(
            LSTMNetwork,
            module__n_features=scaled["x"].shape[-1],
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
        predicted = network.fit(scaled, classes.astype(np.int64)).predict(scalers.transform(test))
    return np.asarray(predicted, dtype=np.intp)


def _shorten(record: NDArray[np.float64]) -> NDArray[np.float64]:
    """Return a sequence of at most `MAX_FRAMES` frames, each the mean of a stretch of the given ones."""
    n_frames = len(record)
    if n_frames <= MAX_FRAMES:
        return record
    edges = np.linspace(0, n_frames, MAX_FRAMES + 1).astype(np.intp)
    means: NDArray[np.float64] = np.add.reduceat(record, edges[:-1], axis=0) / np.diff(edges)[:, None]
    return means
