"""Some functions need an optional package. If it is missing, the error message says what to install."""

import sys
from pathlib import Path

import numpy as np
import pytest

from wgan_resampler import MFCCDataset
from wgan_resampler.exceptions import MissingDependencyError
from wgan_resampler.records.audio.mfcc_extraction import mfcc_segments
from wgan_resampler.records.classification.lstm import lstm_predictions
from wgan_resampler.records.classification.report import write_results
from wgan_resampler.tables import read_table, write_table

ROWS = np.zeros((2, 2))
CALLS = {
    "ijson": (lambda folder: MFCCDataset(folder / "x.json"), "files"),
    "pandas": (lambda folder: read_table(folder / "x.csv", "genre"), "files"),
    "pyarrow": (lambda folder: read_table(folder / "x.parquet", "genre"), "files"),
    "librosa": (lambda folder: mfcc_segments(folder / "x.wav"), "audio"),
    "soundfile": (lambda folder: mfcc_segments(folder / "x.wav"), "audio"),
    "skorch": (lambda _: lstm_predictions(ROWS, np.array([0, 1]), ROWS, "passthrough", 0), "classify"),
    "matplotlib.figure": (lambda folder: write_results(folder, {}, {}), "classify"),
}


@pytest.mark.parametrize("package", CALLS)
def test_the_message_says_what_to_install(tmp_path, monkeypatch, package):
    call, extra = CALLS[package]
    monkeypatch.setitem(sys.modules, package, None)
    with pytest.raises(MissingDependencyError, match=rf"needs? .*[:] pip install 'wgan-resampler\[{extra}\]'"):
        call(Path(tmp_path))


def test_a_table_cannot_be_written_as_parquet_without_pyarrow(tmp_path, monkeypatch):
    import pandas as pd

    monkeypatch.setitem(sys.modules, "pyarrow", None)
    with pytest.raises(MissingDependencyError, match="pyarrow"):
        write_table(tmp_path / "x.parquet", pd.DataFrame({"a": [1]}))
    assert list(tmp_path.iterdir()) == []
