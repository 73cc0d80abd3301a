"""MFCCs of sound files: librosa's known parameters, real clips, and files that are not sound."""

import numpy as np
import pytest
from shared_data import TRACKS, shared_file

from wgan_resampler.exceptions import DataFileError
from wgan_resampler.records.audio.mfcc_extraction import SAMPLE_RATE, extract, find_sounds, mfcc_segments
from wgan_resampler.records.files.json_records import read_records

soundfile = pytest.importorskip("soundfile")


def tone(seconds=0.5, frequency=440.0, rate=SAMPLE_RATE):
    return 0.5 * np.sin(2 * np.pi * frequency * np.arange(int(seconds * rate)) / rate)


def mfcc_frames(path, n_mfcc=13):
    (frames,) = mfcc_segments(path, n_mfcc)
    return frames


@pytest.fixture
def folder(tmp_path):
    for name, frequency in (("rock/b.wav", 440), ("rock/a.flac", 880), ("jazz/c.wav", 220)):
        path = tmp_path / "sounds" / name
        path.parent.mkdir(parents=True, exist_ok=True)
        soundfile.write(path, tone(frequency=frequency), SAMPLE_RATE)
    (tmp_path / "sounds" / "rock" / "notes.txt").write_text("no sound")
    (tmp_path / "sounds" / "rock" / ".hidden.wav").write_text("no sound")
    (tmp_path / "sounds" / "loose.wav").write_text("in no class folder")
    return tmp_path / "sounds"


def test_sounds_are_found_by_class_and_name(folder):
    names = [path.relative_to(folder).as_posix() for path in find_sounds(folder)]
    assert names == ["jazz/c.wav", "rock/a.flac", "rock/b.wav"]


def test_a_frame_every_512_samples(folder):
    frames = mfcc_frames(folder / "rock" / "b.wav")
    assert frames.shape == (1 + int(0.5 * SAMPLE_RATE) // 512, 13)
    assert frames.dtype == np.float64
    assert mfcc_frames(folder / "rock" / "b.wav", n_mfcc=5).tolist() == frames[:, :5].tolist()


def test_the_first_coefficient_of_silence_is_known(tmp_path):
    # Silence has -100 dB in each of 128 bands; the orthonormal DCT sums them up over sqrt(128).
    soundfile.write(tmp_path / "silence.wav", np.zeros(SAMPLE_RATE), SAMPLE_RATE)
    frames = mfcc_frames(tmp_path / "silence.wav")
    np.testing.assert_allclose(frames[:, 0], -100 * np.sqrt(128), rtol=1e-5)
    np.testing.assert_allclose(frames[:, 1:], 0, atol=1e-3)


def test_channels_are_mixed_and_rates_made_one(tmp_path):
    soundfile.write(tmp_path / "mono.wav", tone(), SAMPLE_RATE)
    soundfile.write(tmp_path / "stereo.wav", np.column_stack([tone(), tone()]), SAMPLE_RATE)
    soundfile.write(tmp_path / "fast.wav", tone(rate=44_100), 44_100)
    mono, stereo, fast = (mfcc_frames(tmp_path / f"{name}.wav") for name in ("mono", "stereo", "fast"))
    np.testing.assert_allclose(stereo, mono, atol=0.01)
    assert fast.shape == mono.shape
    assert abs(fast[5:-5, 1:4].mean(axis=0) - mono[5:-5, 1:4].mean(axis=0)).max() < 20


@pytest.fixture
def own_workers():
    """End joblib's idle workers. In later tests, their memory would look like a leak, because they imported more."""
    from joblib.externals.loky import get_reusable_executor

    yield
    get_reusable_executor().shutdown(wait=True, kill_workers=True)


@pytest.mark.usefixtures("own_workers")
def test_records_come_in_the_order_of_names_however_many_processes(folder):
    one, two = (extract(folder, n_jobs=n_jobs)[0] for n_jobs in (1, 2))
    assert one.extra == two.extra == {"files": ["jazz/c.wav", "rock/a.flac", "rock/b.wav"]}
    assert one.labels.tolist() == [0, 1, 1]
    assert one.mapping == ("jazz", "rock")
    assert (one.layout, one.is_sequence, one.n_features) == ("features", True, 13)
    for first, second in zip(one.records, two.records, strict=True):
        assert (first == second).all()
    assert (one.records[0] == mfcc_frames(folder / "jazz" / "c.wav")).all()


def test_sounds_are_cut_into_segments_that_name_their_track(tmp_path):
    (tmp_path / "rock").mkdir()
    soundfile.write(tmp_path / "rock" / "long.wav", np.r_[tone(0.5, 220), tone(0.5, 880), tone(0.3)], SAMPLE_RATE)
    soundfile.write(tmp_path / "rock" / "exact.wav", tone(0.5, 880), SAMPLE_RATE)
    soundfile.write(tmp_path / "rock" / "short.wav", tone(0.4), SAMPLE_RATE)
    file, skipped = extract(tmp_path, segment_seconds=0.5, n_jobs=1)
    assert file.extra == {"track": ["rock/exact.wav", "rock/long.wav", "rock/long.wav"], "segment": [0, 0, 1]}
    assert [record.shape for record in file.records] == [(22, 13)] * 3
    # A segment is extracted as if it were a file, so nothing of its neighbors is in it.
    np.testing.assert_allclose(file.records[2], file.records[0], atol=0.05)
    assert len(skipped) == 1
    assert "short.wav has 0.40 seconds of sound, less than one segment of 0.5" in skipped[0]


def test_files_that_are_no_sound_are_skipped_and_listed(folder):
    (folder / "rock" / "broken.wav").write_bytes(b"RIFF" + np.random.default_rng(0).bytes(500))
    (folder / "rock" / "empty.mp3").write_bytes(b"")
    soundfile.write(folder / "rock" / "nothing.wav", np.zeros(0), SAMPLE_RATE)
    file, skipped = extract(folder, n_jobs=1)
    assert len(skipped) == 3
    for name, reason in zip(["rock/broken.wav", "rock/empty.mp3", "rock/nothing.wav"], skipped, strict=True):
        assert name in reason
    assert file.extra["files"] == ["jazz/c.wav", "rock/a.flac", "rock/b.wav"]


def test_a_folder_without_sounds_is_an_error(tmp_path):
    with pytest.raises(DataFileError, match=r"blues/song\.wav"):
        find_sounds(tmp_path)
    (tmp_path / "rock").mkdir()
    (tmp_path / "rock" / "x.wav").write_bytes(b"no sound")
    with pytest.raises(DataFileError, match="none can be read"):
        extract(tmp_path, n_jobs=1)
    with pytest.raises(FileNotFoundError):
        find_sounds(tmp_path / "none")


def test_segments_of_a_real_clip_are_those_of_others():
    segments = mfcc_segments(shared_file("gtzan/audio") / "blues" / "blues.00000.wav", segment_seconds=3)
    others = read_records(shared_file("gtzan/segments_13_clips.json.gz")).records[:10]
    assert len(segments) == 10
    for segment, other in zip(segments, others, strict=True):
        np.testing.assert_allclose(segment, other, atol=0.001)


def test_real_clips_agree_with_the_published_table():
    audio = shared_file("gtzan/audio")
    tracks = read_records(TRACKS)
    extracted, skipped = extract(audio, n_jobs=1)
    assert skipped == []
    for record, file in zip(extracted.records, extracted.extra["files"], strict=True):
        # Each is the first track of its genre in the table.
        row = tracks.records[tracks.names.tolist().index(file.split("/")[0])]
        np.testing.assert_allclose(record.mean(axis=0), row, atol=0.1)
    blues = extracted.records[extracted.extra["files"].index("blues/blues.00000.wav")]
    assert blues[:, 0].mean() == pytest.approx(-113.6, abs=0.05)
