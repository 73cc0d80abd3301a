"""MFCCs of sound files: a folder of class folders becomes a file of records."""

from __future__ import annotations

import os
import sys
import warnings
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

import numpy as np
from numpy.typing import NDArray
from threadpoolctl import threadpool_limits
from tqdm.auto import tqdm

from wgan_resampler.exceptions import DataFileError, MissingDependencyError, SkippedFilesWarning
from wgan_resampler.records.files.json_records import RecordFile
from wgan_resampler.tables import one_line

SAMPLE_RATE: Final = 22_050
N_FFT: Final = 2048
HOP_LENGTH: Final = 512
N_MELS: Final = 128

SUFFIXES = frozenset({".aif", ".aiff", ".au", ".flac", ".mp3", ".oga", ".ogg", ".opus", ".wav"})
"""Endings of the files that are taken for sound; others are passed over in silence."""

_DECIMALS = 4
"""Digits after the point of a coefficient in decibels; more would be noise of single precision."""


@dataclass(frozen=True)
class SoundFile:
    """A sound file and its class.

    Parameters
    ----------
    path : Path
        Where it is.
    class_name : str
        Name of its folder.
    """

    path: Path
    class_name: str


@dataclass(frozen=True)
class Extraction:
    """What was extracted, and what was not.

    Parameters
    ----------
    file : RecordFile
        One sequence of frames for each file that could be read, with ``"files"`` among its further keys.
    skipped : tuple of (str, str)
        Files that could not be read, and why.
    """

    file: RecordFile
    skipped: tuple[tuple[str, str], ...]


def find_sounds(folder: str | os.PathLike[str]) -> list[SoundFile]:
    """Return the sound files in the folders of a folder, sorted by class and name.

    Parameters
    ----------
    folder : str or os.PathLike
        Holds a folder for each class; files in deeper folders count too, hidden ones do not.

    Returns
    -------
    list of SoundFile

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
    ...     [(sound.class_name, sound.path.name) for sound in find_sounds(folder)]
    [('jazz', 'a.mp3'), ('rock', 'b.wav')]
    """
    sounds: list[SoundFile] = []
    for class_folder in sorted(path for path in Path(folder).iterdir() if path.is_dir() and path.name[0] != "."):
        paths = (path for path in sorted(class_folder.rglob("*")) if path.suffix.lower() in SUFFIXES)
        sounds += [SoundFile(path, class_folder.name) for path in paths if path.name[0] != "." and path.is_file()]
    if not sounds:
        raise DataFileError(
            f"{folder} holds no sound files in folders named after classes, such as blues/song.wav. Known endings: "
            f"{', '.join(sorted(SUFFIXES))}."
        )
    return sounds


def mfcc_frames(path: str | os.PathLike[str], n_mfcc: int = 13) -> NDArray[np.float64]:
    """Return the mel-frequency cepstral coefficients of a sound file.

    The sound is mixed to one channel and resampled to 22 050 Hz. Frames of 2048 samples every 512, 128 mel bands,
    DCT-II with orthonormal scaling, of decibels: librosa's defaults.

    Parameters
    ----------
    path : str or os.PathLike
        A sound file.
    n_mfcc : int, default=13
        Coefficients, at most 128.

    Returns
    -------
    ndarray of shape (n_frames, n_mfcc)
        Rounded to four decimals.

    Raises
    ------
    DataFileError
        If the file cannot be decoded or holds no sound.
    MissingDependencyError
        If librosa is not installed.
    """
    librosa, soundfile = _libraries()
    try:
        # One thread, whatever the caller's setting: the order of sums, and so the last digits, follows the number.
        with warnings.catch_warnings(), threadpool_limits(limits=1):
            warnings.simplefilter("ignore")  # of clips shorter than a frame
            # Opened here, because librosa tries further decoders otherwise, which leave files open.
            with soundfile.SoundFile(os.fspath(path)) as file:
                sound, _ = librosa.load(file, sr=SAMPLE_RATE, mono=True)
            if not len(sound):
                raise DataFileError(f"{path} holds no sound.")
            frames = librosa.feature.mfcc(
                y=sound,
                sr=SAMPLE_RATE,
                n_mfcc=n_mfcc,
                n_fft=N_FFT,
                hop_length=HOP_LENGTH,
                n_mels=N_MELS,
                dct_type=2,
                norm="ortho",
            ).T
    except DataFileError:
        raise
    except (soundfile.SoundFileError, librosa.ParameterError, EOFError, ValueError, RuntimeError) as error:
        reason = one_line(error).removeprefix(f"Error opening {os.fspath(path)!r}: ")
        raise DataFileError(f"{path} cannot be read as sound: {reason}.") from error
    if not np.isfinite(frames).all():
        raise DataFileError(f"{path} holds samples that are no finite numbers.")
    rounded: NDArray[np.float64] = np.asarray(frames, dtype=np.float64).round(_DECIMALS)
    return rounded


def extract(
    folder: str | os.PathLike[str], n_mfcc: int = 13, *, n_jobs: int | None = None, progress: bool = False
) -> Extraction:
    """Extract the MFCCs of all sound files in the folders of a folder, several files at a time.

    Parameters
    ----------
    folder : str or os.PathLike
        Holds a folder for each class.
    n_mfcc : int, default=13
        Coefficients, at most 128.
    n_jobs : int or None, default=None
        Processes; None takes as many as there are CPU cores. Only what is extracted is kept in memory.
    progress : bool, default=False
        Whether to show a bar on stderr.

    Returns
    -------
    Extraction
        Records in the order of classes and file names, whatever the number of processes.

    Raises
    ------
    DataFileError
        If there is no sound file, or none that could be read.
    MissingDependencyError
        If librosa is not installed.

    Warns
    -----
    SkippedFilesWarning
        If some files could not be read.
    """
    _libraries()
    sounds = find_sounds(folder)
    records, labels, names, skipped = [], [], [], []
    mapping = tuple(sorted({sound.class_name for sound in sounds}))
    done = _in_parallel([sound.path for sound in sounds], n_mfcc, n_jobs)
    bar = tqdm(done, total=len(sounds), desc="MFCC", unit="file", disable=not progress, file=sys.stderr)
    for sound, (frames, reason) in zip(sounds, bar, strict=True):
        name = sound.path.relative_to(folder).as_posix()
        if frames is None:
            skipped.append((name, reason))
            continue
        records.append(frames)
        labels.append(mapping.index(sound.class_name))
        names.append(name)
    if not records:
        raise DataFileError(f"{folder} holds {len(sounds)} sound files, but none can be read; first: {skipped[0][1]}")
    if skipped:
        warnings.warn(
            f"{len(skipped)} of {len(sounds)} files could not be read and were skipped: "
            f"{', '.join(name for name, _ in skipped[:5])}{', ...' if len(skipped) > 5 else ''}",
            SkippedFilesWarning,
            stacklevel=2,
        )
    file = RecordFile(records, np.asarray(labels, dtype=np.int64), mapping, "features", {"files": names})
    return Extraction(file, tuple(skipped))


def _in_parallel(
    paths: Sequence[Path], n_mfcc: int, n_jobs: int | None
) -> Iterator[tuple[NDArray[np.float64] | None, str]]:
    from joblib import Parallel, delayed

    # Results come in order while later files are still at work.
    run = Parallel(n_jobs=-1 if n_jobs is None else n_jobs, return_as="generator")
    done: Iterator[tuple[NDArray[np.float64] | None, str]] = run(
        delayed(_frames_or_reason)(path, n_mfcc) for path in paths
    )
    return done


def _frames_or_reason(path: Path, n_mfcc: int) -> tuple[NDArray[np.float64] | None, str]:
    """Return frames and no reason, or no frames and the reason; one bad file must not stop a thousand good ones."""
    try:
        return mfcc_frames(path, n_mfcc), ""
    except (DataFileError, OSError) as error:
        return None, one_line(error)


def _libraries() -> tuple[Any, Any]:
    """Return librosa and soundfile."""
    try:
        import librosa
        import soundfile
    except ImportError as error:
        raise MissingDependencyError(
            "Reading sound files needs librosa: pip install 'wgan-resampler[audio]'"
        ) from error
    return librosa, soundfile
