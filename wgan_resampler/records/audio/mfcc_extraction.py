"""MFCCs of sound files: a folder of class folders becomes a file of records."""

from __future__ import annotations

import os
import warnings
from pathlib import Path
from typing import Final

import numpy as np
from numpy.typing import NDArray
from threadpoolctl import threadpool_limits

from wgan_resampler.exceptions import DataFileError
from wgan_resampler.records.files.json_records import TRACK, RecordFile
from wgan_resampler.tables import one_line
from wgan_resampler.utils import AUDIO, own_settings, progress_bar, require

SAMPLE_RATE: Final = 22_050
"""Samples per second to which every sound is resampled."""

SUFFIXES = frozenset({".aif", ".aiff", ".au", ".flac", ".mp3", ".oga", ".ogg", ".opus", ".wav"})
"""Endings of sound files. Files with other endings are ignored."""

_DECIMALS = 4
"""Digits after the point of a coefficient in decibels; more would be noise of single precision."""


def find_sounds(folder: str | os.PathLike[str]) -> list[Path]:
    """Return the sound files in the folders of a folder, sorted by class and name.

    Parameters
    ----------
    folder : str or os.PathLike
        Holds a folder for each class; files in deeper folders count too, hidden ones do not.

    Returns
    -------
    list of pathlib.Path

    Raises
    ------
    DataFileError
        If there is no sound file.
    OSError
        If the folder does not exist.

    Examples
    --------
    >>> import pathlib, tempfile
    >>> from wgan_resampler.records.audio.mfcc_extraction import find_sounds
    >>> with tempfile.TemporaryDirectory() as folder:
    ...     for name in ("rock/b.wav", "jazz/a.mp3", "jazz/notes.txt"):
    ...         path = pathlib.Path(folder, name)
    ...         path.parent.mkdir(exist_ok=True)
    ...         path.touch()
    ...     [path.name for path in find_sounds(folder)]
    ['a.mp3', 'b.wav']
    """
    sounds: list[Path] = []
    for class_folder in sorted(path for path in Path(folder).iterdir() if path.is_dir() and path.name[0] != "."):
        paths = (path for path in sorted(class_folder.rglob("*")) if path.suffix.lower() in SUFFIXES)
        sounds += [path for path in paths if path.name[0] != "." and path.is_file()]
    if not sounds:
        raise DataFileError(
            f"{folder} holds no sound files in folders named after classes, such as blues/song.wav. Known endings: "
            f"{', '.join(sorted(SUFFIXES))}."
        )
    return sounds


@own_settings
def mfcc_segments(
    path: str | os.PathLike[str], n_mfcc: int = 13, segment_seconds: float | None = None
) -> list[NDArray[np.float64]]:
    """Return the mel-frequency cepstral coefficients of a sound file, or of each segment of it.

    The sound is mixed to one channel and resampled to 22 050 Hz. Everything else is librosa's default: frames of 2048
    samples, a new frame every 512 samples, 128 mel bands in decibels, and the orthonormal DCT-II.

    Parameters
    ----------
    path : str or os.PathLike
        A sound file.
    n_mfcc : int, default=13
        Coefficients, at most 128.
    segment_seconds : float or None, default=None
        Length of a segment. The rest of the sound, which is shorter, is left out. None takes the whole sound.

    Returns
    -------
    list of ndarray of shape (n_frames, n_mfcc)
        One for each segment, or a single one for the whole sound. Rounded to four decimals.

    Raises
    ------
    DataFileError
        If the file cannot be decoded, holds no sound, or is shorter than a segment.
    MissingDependencyError
        If librosa is not installed.
    """
    librosa, soundfile = (require(name, "Reading sound files", AUDIO) for name in ("librosa", "soundfile"))
    try:
        # The number of threads changes the order of sums, and so the last digits. So one thread is used in all cases.
        with warnings.catch_warnings(), threadpool_limits(limits=1):
            warnings.simplefilter("ignore")  # librosa warns of clips shorter than a frame
            # Opened here. Otherwise librosa would try further decoders, which leave files open.
            with soundfile.SoundFile(os.fspath(path)) as file:
                sound, _ = librosa.load(file, sr=SAMPLE_RATE, mono=True)
            size = len(sound) if segment_seconds is None else max(round(segment_seconds * SAMPLE_RATE), 1)
            starts = range(0, len(sound) - size + 1, size) if len(sound) else ()
            parts = (sound[start : start + size] for start in starts)
            segments = [librosa.feature.mfcc(y=part, sr=SAMPLE_RATE, n_mfcc=n_mfcc).T for part in parts]
    except (soundfile.SoundFileError, librosa.ParameterError, EOFError, ValueError, RuntimeError) as error:
        reason = one_line(error).removeprefix(f"Error opening {os.fspath(path)!r}: ")
        raise DataFileError(f"{path} cannot be read as sound: {reason}.") from error
    if not len(sound):
        raise DataFileError(f"{path} holds no sound.")
    if not segments:
        seconds = len(sound) / SAMPLE_RATE
        raise DataFileError(f"{path} has {seconds:.2f} seconds of sound, less than one segment of {segment_seconds:g}.")
    if not all(np.isfinite(frames).all() for frames in segments):
        raise DataFileError(f"{path} holds samples that are not finite numbers.")
    return [np.asarray(frames, dtype=np.float64).round(_DECIMALS) for frames in segments]


@own_settings
def extract(
    folder: str | os.PathLike[str],
    n_mfcc: int = 13,
    *,
    segment_seconds: float | None = None,
    n_jobs: int | None = None,
    progress: bool = False,
) -> tuple[RecordFile, list[str]]:
    """Extract the MFCCs of all sound files in the subfolders of a folder. Several files are read at a time.

    Parameters
    ----------
    folder : str or os.PathLike
        Holds a folder for each class.
    n_mfcc : int, default=13
        Coefficients, at most 128.
    segment_seconds : float or None, default=None
        Length of the segments into which each sound is cut. None makes one record of each file.
    n_jobs : int or None, default=None
        Processes; None takes as many as there are CPU cores. Only what is extracted is kept in memory.
    progress : bool, default=False
        Whether to show a bar on stderr.

    Returns
    -------
    file : RecordFile
        A sequence of frames for each file that could be read, or for each segment of it, in the order of classes and
        file names, whatever the number of processes. The names of the files are its further key ``"files"``. If sounds
        are cut, the names are the key ``"track"`` instead, and ``"segment"`` numbers the segments of a track from 0.
    skipped : list of str
        For each file that could not be read: the reason, which names the file.

    Raises
    ------
    DataFileError
        If there is no sound file, or none that could be read.
    MissingDependencyError
        If librosa is not installed.
    """
    from joblib import Parallel, delayed

    sounds = find_sounds(folder)
    # Results come in the order of the files, while later files are still being read.
    run = Parallel(n_jobs=-1 if n_jobs is None else n_jobs, return_as="generator")
    done = run(delayed(_segments_or_reason)(path, n_mfcc, segment_seconds) for path in sounds)
    bar = progress_bar(done, total=len(sounds), desc="MFCC", unit="file", disable=not progress)
    results = dict(zip(sounds, bar, strict=True))
    skipped = [reason for reason in results.values() if isinstance(reason, str)]
    if len(skipped) == len(sounds):
        raise DataFileError(f"{folder} holds {len(sounds)} sound files, but none can be read; first: {skipped[0]}")
    tracks = {path.relative_to(folder): each for path, each in results.items() if not isinstance(each, str)}
    records = [segment for segments in tracks.values() for segment in segments]
    paths = [path for path, segments in tracks.items() for _ in segments]
    mapping = sorted({path.relative_to(folder).parts[0] for path in sounds})
    labels = np.array([mapping.index(path.parts[0]) for path in paths], dtype=np.int64)
    names = [path.as_posix() for path in paths]
    numbers = [i for segments in tracks.values() for i in range(len(segments))]
    extra = {"files": names} if segment_seconds is None else {TRACK: names, "segment": numbers}
    return RecordFile(records, labels, tuple(mapping), "features", extra), skipped


def _segments_or_reason(path: Path, n_mfcc: int, segment_seconds: float | None) -> list[NDArray[np.float64]] | str:
    """Return the frames of a file or of its segments, or the reason why there are none."""
    try:  # one bad file must not stop a thousand good ones
        return mfcc_segments(path, n_mfcc, segment_seconds)
    except (DataFileError, OSError) as error:
        return one_line(error)
