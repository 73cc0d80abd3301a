"""Augmented files: the original records are unchanged, and the synthetic ones below are marked."""

import gzip
import json

import numpy as np
import pandas as pd
import pytest
from sequence_motion import autocorrelation, frame_variance
from shared_data import TRACKS, shared_file
from small_generators import write_generator

from wgan_resampler import GanAugmenter
from wgan_resampler.exceptions import (
    CheckpointError,
    DataFileError,
    DeviceUnavailableError,
    InvalidDataError,
    InvalidParameterError,
    LeakWarning,
    UnusedParameterWarning,
)
from wgan_resampler.records.augmentation.output_files import DONORS
from wgan_resampler.records.files.json_records import RecordFile, read_records, write_records
from wgan_resampler.records.files.labelled_data import read_labelled
from wgan_resampler.records.files.splits import Split, fingerprint, write_split
from wgan_resampler.sampler import PRESETS, model_hash
from wgan_resampler.tables import read_table, write_table
from wgan_resampler.utils.storage.state_file import load_state, save_state

SIZES = {"blues": 20, "jazz": 12, "rock": 7}
NAMES = np.repeat(list(SIZES), list(SIZES.values()))
N = len(NAMES)


def write_json(path, records, names=NAMES, mapping=None, layout="features", **extra):
    """Write records; `mapping` lists the classes in another order than the generator's, if it says so."""
    mapping = tuple(mapping or sorted(set(names)))
    labels = np.array([mapping.index(name) for name in names])
    write_records(path, RecordFile(list(records), labels, mapping, layout, extra))
    return path


def vectors(seed=0, width=4):
    rng = np.random.default_rng(seed)
    return rng.normal(size=(N, width)) + np.repeat([0, 5, -5], list(SIZES.values()))[:, None]


def sequences(seed=0):
    """Return smooth sequences of different lengths."""
    rng = np.random.default_rng(seed)
    return [rng.normal(size=(40 + i % 3, 2)).cumsum(axis=0) + 10 * i for i in range(N)]


def split_file(path, names=NAMES, test=(0, 1, 20, 32), group_key=None):
    """Write a split with a few test records; return it."""
    train = tuple(i for i in range(len(names)) if i not in test)
    split = Split(train, tuple(test), len(names), fingerprint(names), 0, 0.1, group_key)
    write_split(path, split, "data")
    return split


def frame(n_missing=0):
    """Return a table of all kinds of columns that files hold."""
    rng = np.random.default_rng(0)
    table = pd.DataFrame(
        {
            "loudness": rng.normal(size=N),
            "plays": rng.integers(0, 1000, size=N),
            "genre": NAMES,
            "live": rng.random(N) < 0.5,
            "mood": rng.choice(["sad", "happy", "NULL?"], size=N),
            "key": pd.Categorical(rng.choice(["C", "D"], size=N), categories=["D", "C", "E"]),
            "year": pd.array(rng.integers(1990, 2020, size=N), dtype="Int16"),
            "single": rng.normal(size=N).astype(np.float32),
            "released": pd.to_datetime("2020-01-01") + pd.to_timedelta(rng.integers(0, 900, size=N), unit="D"),
        }
    )
    table.loc[: n_missing - 1, ["loudness", "mood", "year", "released"]] = None
    return table


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    """Return a folder with vectors, sequences and tables, and a generator for each."""
    folder = tmp_path_factory.mktemp("augment")
    write_json(folder / "vectors.json", vectors())
    write_json(folder / "sequences.json", sequences(), layout="mfcc")
    frame(n_missing=9).to_parquet(folder / "table.parquet")
    frame(n_missing=9).to_csv(folder / "table.csv", index=False)
    for name, target in (("vectors.json", None), ("sequences.json", None), ("table.parquet", "genre")):
        made = write_generator(folder, folder / name, target)
        made.rename(folder / f"{name.partition('.')[0]}.pth")
    write_generator(folder, folder / "table.csv", "genre").rename(folder / "csv.pth")
    return folder


def balance(folder, name, tmp_path, **options):
    """Augment one of the folder's files; return the result and the path."""
    suffix = "json" if name in ("vectors", "sequences") else "csv" if name == "csv" else "parquet"
    data = folder / ("table.csv" if name == "csv" else f"{name}.{suffix}")
    output = tmp_path / f"out.{suffix}"
    target = None if suffix == "json" else "genre"
    augmenter = GanAugmenter(folder / f"{name}.pth", device="cpu")
    return augmenter.balance_dataset(data, output, target=target, **options), output


def test_original_records_come_first_and_stay(folder, tmp_path):
    extra = {"files": [f"{i}.wav" for i in range(N)], "comment": {"by": ["us", None]}, "rate": 22050}
    data = write_json(tmp_path / "in.json", vectors(), mapping=["rock", "none", "jazz", "blues"], **extra)
    augmenter = GanAugmenter(folder / "vectors.pth", device="cpu")
    done = augmenter.balance_dataset(data, tmp_path / "out.json")
    before, after = json.loads(data.read_text()), json.loads((tmp_path / "out.json").read_text())
    assert after["features"][:N] == before["features"]
    assert after["labels"][:N] == before["labels"]
    assert {key: after[key] for key in (*extra, "mapping")} == {key: before[key] for key in (*extra, "mapping")}
    assert after["is_synthetic"] == [False] * N + [True] * (60 - N)
    assert [after["mapping"][i] for i in after["labels"][N:]] == ["jazz"] * 8 + ["rock"] * 13
    added = {"augmented", "original_samples", "synthetic_samples", "augmentation_ratio", "is_synthetic"}
    assert set(after) - set(before) == added | {"class_counts", "seed", "model_hash"}
    assert after["augmented"] is True
    assert (after["original_samples"], after["synthetic_samples"]) == (N, 21)
    assert after["augmentation_ratio"] == 21 / N == done.augmentation_ratio
    assert after["class_counts"]["rock"] == {"original": 7, "training": 7, "synthetic": 13}
    assert (after["seed"], after["model_hash"]) == (0, augmenter.model_hash)
    # Lists with a value for each original record are still recognized.
    again = read_labelled(tmp_path / "out.json")
    assert again.groups("files").tolist() == list(range(N))
    assert again.originals.tolist() == list(range(N))


@pytest.mark.parametrize(
    ("method", "target_samples", "added"),
    [
        ("equal", None, {"jazz": 8, "rock": 13}),
        ("upsample", None, {"blues": 10, "jazz": 6, "rock": 3}),
        ("custom", None, {"blues": 180, "jazz": 188, "rock": 193}),
        ("custom", 15, {"jazz": 3, "rock": 8}),
        ("custom", {"rock": 9}, {"rock": 2}),
        ("custom", 1, {}),
    ],
)
def test_counts_follow_from_the_method(folder, tmp_path, method, target_samples, added):
    done, output = balance(folder, "vectors", tmp_path, balance_method=method, target_samples=target_samples)
    assert {name: counts.synthetic for name, counts in done.class_counts.items() if counts.synthetic} == added
    file = read_records(output)
    names, counts = np.unique(file.names[file.is_synthetic], return_counts=True)
    assert dict(zip(names.tolist(), counts.tolist(), strict=True)) == added


def test_bug_target_samples_with_another_method_was_an_error(folder, tmp_path):
    plain, _ = balance(folder, "vectors", tmp_path, balance_method="upsample")
    with pytest.warns(UnusedParameterWarning, match="target_samples=9 .* no effect with 'upsample'") as caught:
        done, _ = balance(folder, "vectors", tmp_path, balance_method="upsample", target_samples=9)
    assert done == plain
    assert caught[0].filename == __file__


@pytest.mark.parametrize("name", ["vectors", "sequences", "csv"])
def test_numpys_reaction_to_floating_point_errors_has_no_influence(folder, tmp_path, name):
    contents = []
    for reaction in ("ignore", "raise"):
        (tmp_path / reaction).mkdir()
        with np.errstate(all=reaction):
            before = np.geterr()
            contents.append(balance(folder, name, tmp_path / reaction)[1].read_bytes())
            assert np.geterr() == before
    assert contents[0] == contents[1]


@pytest.mark.parametrize("name", ["vectors", "sequences", "table", "csv"])
def test_the_seed_decides(folder, tmp_path, name):
    contents = []
    for i, seed in enumerate((3, 3, 4)):
        (tmp_path / str(i)).mkdir()
        _, output = balance(folder, name, tmp_path / str(i), seed=seed)
        contents.append(output.read_bytes())
    assert contents[0] == contents[1] != contents[2]


def test_the_hash_is_that_of_the_model_and_not_of_the_file(folder, tmp_path):
    state = load_state(folder / "vectors.pth")
    save_state(tmp_path / "same.pth", {**state, "settings": {"other": 1}, "epochs": 9})
    first = next(iter(state["model"]["generator"]))
    state["model"]["generator"][first] = state["model"]["generator"][first] + 1
    save_state(tmp_path / "other.pth", state)
    hashes = [
        GanAugmenter(path, device="cpu").model_hash
        for path in (folder / "vectors.pth", tmp_path / "same.pth", tmp_path / "other.pth")
    ]
    assert hashes[0] == hashes[1] != hashes[2]


def test_sequences_are_moved_records_of_their_class(folder, tmp_path):
    _, output = balance(folder, "sequences", tmp_path)
    content = json.loads(output.read_text())
    file = read_records(output)
    assert file.layout == "mfcc"
    donors = content[DONORS]
    assert donors[:N] == [None] * N
    for i in range(N, len(file.records)):
        made, donor = file.records[i], file.records[donors[i]]
        assert file.labels[i] == file.labels[donors[i]]
        assert made.shape == donor.shape
        # Moved and stretched: each coefficient runs as the donor's does, at another level.
        for j in range(made.shape[1]):
            assert np.corrcoef(made[:, j], donor[:, j])[0, 1] == pytest.approx(1)
        assert np.abs(made.mean(axis=0) - donor.mean(axis=0)).max() > 1e-3


def test_no_test_record_leaks_through_a_split(folder, tmp_path):
    split = split_file(tmp_path / "split.json")
    made = write_generator(tmp_path, folder / "sequences.json", split_file=tmp_path / "split.json")
    augmenter = GanAugmenter(made, device="cpu")
    options = {"split_file": tmp_path / "split.json", "balance_method": "custom", "target_samples": 60}
    done = augmenter.balance_dataset(folder / "sequences.json", tmp_path / "out.json", **options)
    assert done.class_counts["blues"].training == 18  # of 20
    assert done.class_counts["blues"].synthetic == 42  # for 60 beside the training records
    content = json.loads((tmp_path / "out.json").read_text())
    assert done.original_samples == N
    assert set(content[DONORS][N:]) <= set(split.train)
    # The same split fits what comes out.
    out = read_labelled(tmp_path / "out.json")
    split.check_against("out", out.names[out.originals])
    # The content of the test records does not change what is added.
    others = sequences()
    for i in split.test:
        others[i] = others[i] * 3 + 100
    write_json(tmp_path / "others.json", others, layout="mfcc")
    augmenter.balance_dataset(tmp_path / "others.json", tmp_path / "out2.json", **options)
    assert json.loads((tmp_path / "out2.json").read_text())["mfcc"][N:] == content["mfcc"][N:]


def test_a_generator_that_saw_more_than_the_split_allows_is_named(folder, tmp_path):
    split_file(tmp_path / "split.json")
    with pytest.warns(LeakWarning, match="trained on 20 records of class 'blues', but the split has 18"):
        balance(folder, "vectors", tmp_path, split_file=tmp_path / "split.json")


def test_equal_with_a_split_goes_by_the_training_records(folder, tmp_path):
    split_file(tmp_path / "split.json", test=tuple(range(10)))
    made = write_generator(tmp_path, folder / "vectors.json", split_file=tmp_path / "split.json")
    done = GanAugmenter(made, device="cpu").balance_dataset(
        folder / "vectors.json", tmp_path / "out.json", split_file=tmp_path / "split.json"
    )
    assert {name: (c.training, c.synthetic) for name, c in done.class_counts.items()} == {
        "blues": (10, 2),
        "jazz": (12, 0),
        "rock": (7, 5),
    }


@pytest.mark.parametrize("name", ["table", "csv"])
def test_tables_keep_their_columns_and_dtypes(folder, tmp_path, name):
    done, output = balance(folder, name, tmp_path, balance_method="custom", target_samples=60)
    before = read_table(folder / ("table.csv" if name == "csv" else "table.parquet"), "genre")
    after = read_table(output, "genre")
    assert list(after.columns) == [*before.columns, "is_synthetic"]
    pd.testing.assert_frame_equal(after.iloc[:N, :-1], before)
    assert after.dtypes.iloc[:-1].tolist() == before.dtypes.tolist()
    assert after["is_synthetic"].tolist() == [False] * N + [True] * (180 - N)
    assert after["genre"].value_counts().to_dict() == dict.fromkeys(SIZES, 60)
    new = after.iloc[N:]
    for column in ("mood", "key", "live"):
        assert set(new[column].dropna()) <= set(before[column].dropna())
    assert before["plays"].min() <= new["plays"].min() <= new["plays"].max() <= before["plays"].max()
    assert new["plays"].notna().all()
    meta = json.loads((tmp_path / f"{output.name}.meta.json").read_text())
    assert meta == done.to_plain()
    assert meta["synthetic_samples"] == 180 - N
    assert done.written == (str(output), f"{output}.meta.json")


@pytest.mark.parametrize("name", ["table", "csv"])
def test_a_table_that_needs_no_rows_only_gets_the_mark(folder, tmp_path, name):
    done, output = balance(folder, name, tmp_path, balance_method="custom", target_samples=1)
    assert done.synthetic_samples == 0
    before = read_table(folder / ("table.csv" if name == "csv" else "table.parquet"), "genre")
    pd.testing.assert_frame_equal(read_table(output, "genre"), before.assign(is_synthetic=False))


def test_a_table_is_packed_as_the_name_says_and_stays_of_its_kind(folder, tmp_path):
    augmenter = GanAugmenter(folder / "csv.pth", device="cpu")
    for name in ("out.csv", "out.csv.gz"):
        augmenter.balance_dataset(folder / "table.csv", tmp_path / name, target="genre")
    assert gzip.decompress((tmp_path / "out.csv.gz").read_bytes()) == (tmp_path / "out.csv").read_bytes()
    with pytest.raises(DataFileError, match=r"must end in \.csv, \.tsv"):
        augmenter.balance_dataset(folder / "table.csv", tmp_path / "out.parquet", target="genre")
    with pytest.raises(DataFileError, match=r"must end in \.parquet"):
        augmenter.balance_dataset(folder / "table.parquet", tmp_path / "out.csv", target="genre")


def test_numbers_and_truth_values_as_classes_stay_what_they_are(tmp_path):
    table = pd.DataFrame({"x": np.arange(30.0), "y": [1] * 20 + [10] * 10})
    write_table(tmp_path / "in.parquet", table)
    made = write_generator(tmp_path, tmp_path / "in.parquet", "y")
    GanAugmenter(made, device="cpu").balance_dataset(tmp_path / "in.parquet", tmp_path / "out.parquet", target="y")
    after = pd.read_parquet(tmp_path / "out.parquet")
    assert after["y"].dtype == table["y"].dtype
    assert after["y"].value_counts().to_dict() == {1: 20, 10: 20}


def test_the_column_of_groups_is_left_out_and_empty_in_new_rows(tmp_path):
    table = frame()[["loudness", "genre"]].assign(artist=np.arange(N) // 2, signed=True)
    write_table(tmp_path / "in.parquet", table)
    split_file(tmp_path / "split.json", group_key="artist")
    made = write_generator(tmp_path, tmp_path / "in.parquet", "genre", tmp_path / "split.json")
    augmenter = GanAugmenter(made, device="cpu")
    options = {"target": "genre", "split_file": tmp_path / "split.json"}
    augmenter.balance_dataset(tmp_path / "in.parquet", tmp_path / "out.parquet", **options)
    after = pd.read_parquet(tmp_path / "out.parquet")
    assert after["artist"].iloc[:N].tolist() == table["artist"].tolist()
    assert after["artist"].iloc[N:].isna().all()
    assert read_labelled(tmp_path / "out.parquet", "genre").groups("artist").tolist() == table["artist"].tolist()
    with pytest.raises(DataFileError, match="Only the file has: 'artist'"):
        augmenter.balance_dataset(tmp_path / "in.parquet", tmp_path / "out.parquet", target="genre")


def changed(**columns):
    """Return a change of a table."""
    return lambda table: table.assign(**columns)


@pytest.mark.parametrize(
    ("change", "fragment"),
    [
        (lambda t: t.drop(columns="mood"), "Only the generator makes: 'mood'. Only the file has: none"),
        (changed(extra=1.0), "Only the generator makes: none. Only the file has: 'extra'"),
        (
            lambda t: t[[*t.columns[::-1]]],
            "another order of columns. .* makes: none. .* has: none. .* columns in order: '",
        ),
        (lambda t: t.rename(columns={"mood": "humour"}), "makes: 'mood'. .* has: 'humour'"),
        (changed(mood=1.5), "'mood' holds numbers, but the generator makes categories"),
        (changed(loudness="loud"), "'loudness' holds categories, such as 'loud', but the generator makes numbers"),
        (changed(live="yes"), "'live' holds 'yes', but the generator makes (False, True|True, False)"),
        (changed(loudness=1), "dtype int64, but the generator makes float64|cannot hold the missing values"),
        (changed(key=pd.Categorical(["D"] * N)), "without 'C', which the generator makes"),
        (changed(genre=["rock"] * N), "does not know: none. .* without records: 'blues', 'jazz'"),
        (
            changed(genre=["ska", *NAMES[1:]]),
            "does not know: 'ska'. .* without records: none",
        ),
        (changed(is_synthetic=[True] + [False] * (N - 1)), "holds 1 synthetic records already"),
    ],
)
def test_tables_that_do_not_fit(folder, tmp_path, change, fragment):
    write_table(tmp_path / "in.parquet", change(frame(n_missing=9)))
    augmenter = GanAugmenter(folder / "table.pth", device="cpu")
    with pytest.raises(DataFileError, match=fragment):
        augmenter.balance_dataset(tmp_path / "in.parquet", tmp_path / "out.parquet", target="genre")
    assert not (tmp_path / "out.parquet").exists()


@pytest.mark.parametrize(
    ("records", "names", "extra", "fragment"),
    [
        (vectors(width=5), NAMES, {}, "vectors of 5 coefficients.*trained on vectors of 4 coefficients"),
        (sequences(), NAMES, {}, "sequences of 2 coefficients.*trained on vectors of 4 coefficients"),
        (vectors(), np.where(NAMES == "rock", "jazz", NAMES), {}, "without records: 'rock'"),
        (vectors(), np.where(NAMES == "rock", "ska", NAMES), {}, "does not know: 'ska'. .* without records: 'rock'"),
        (vectors(), NAMES, {"is_synthetic": [False] * (N - 1) + [True]}, "holds 1 synthetic records already"),
        (vectors(), NAMES, {"seed": 3}, "has the key 'seed', which is to be added"),
        (vectors(), NAMES, {"augmented": False}, "has the key 'augmented'"),
    ],
)
def test_records_that_do_not_fit(folder, tmp_path, records, names, extra, fragment):
    write_json(tmp_path / "in.json", records, names, **extra)
    with pytest.raises(DataFileError, match=fragment):
        GanAugmenter(folder / "vectors.pth", device="cpu").balance_dataset(tmp_path / "in.json", tmp_path / "out.json")
    assert not (tmp_path / "out.json").exists()


@pytest.mark.parametrize(
    ("name", "options", "error", "fragment"),
    [
        ("vectors", {"balance_method": "smote"}, InvalidParameterError, "one of equal, upsample, custom; got 'smote'"),
        ("vectors", {"balance_method": "custom", "target_samples": 0}, InvalidParameterError, "at least 1; got 0"),
        ("vectors", {"balance_method": "custom", "target_samples": {"ska": 9}}, InvalidParameterError, "'ska'"),
    ],
)
def test_arguments_that_make_no_sense(folder, tmp_path, name, options, error, fragment):
    with pytest.raises(error, match=fragment):
        balance(folder, name, tmp_path, **options)


def test_one_class_cannot_be_balanced(tmp_path):
    data = write_json(tmp_path / "in.json", vectors(), np.repeat("blues", N))
    made = write_generator(tmp_path, data)
    with pytest.raises(InvalidDataError, match="more than 1 class"):
        GanAugmenter(made, device="cpu").balance_dataset(data, tmp_path / "out.json")


@pytest.mark.parametrize(
    ("options", "fragment"),
    [
        ({"num_classes": 4}, "num_classes=4 contradicts .*vectors.pth, which was trained with 3"),
        ({"feature_dim": 13}, "feature_dim=13 contradicts .*vectors.pth, which was trained with 4"),
        ({"noise_dim": 100}, "noise_dim=100 contradicts .* with 8"),
        ({"hidden_dim": 256}, "hidden_dim=256 contradicts .* with 16"),
        ({"num_layers": 3}, "num_layers=3 contradicts .* with 2"),
    ],
)
def test_numbers_that_contradict_the_file(folder, options, fragment):
    with pytest.raises(InvalidParameterError, match=fragment):
        GanAugmenter(folder / "vectors.pth", **options)


def test_samples_of_vectors_and_sequences(folder):
    augmenter = GanAugmenter(folder / "vectors.pth", 3, 4, random_state=0)
    assert augmenter.class_to_idx == {"blues": 0, "jazz": 1, "rock": 2}
    samples = augmenter.generate_samples(500, 1)
    assert samples.shape == (500, 4)
    assert samples.dtype == np.float64
    assert not (augmenter.generate_samples(500, 1) == samples).any()
    again = GanAugmenter(folder / "vectors.pth", random_state=0).generate_samples(500, "jazz")
    np.testing.assert_array_equal(again, samples)
    assert augmenter.generate_samples(0, 0).shape == (0, 4)
    # Of sequences the means only, within the range of the real ones.
    means = GanAugmenter(folder / "sequences.pth", feature_dim=2).generate_samples(50, 0)
    real = np.stack([record.mean(axis=0) for record in sequences()])
    assert means.shape == (50, 2)
    assert (means >= real.min(axis=0)).all()
    assert (means <= real.max(axis=0)).all()


def test_samples_of_tables_are_frames(folder):
    rows = GanAugmenter(folder / "csv.pth", num_classes=3, feature_dim=8, device="cpu").generate_samples(30, "rock")
    assert rows.columns.tolist() == [name for name in frame().columns if name != "genre"]
    assert set(rows["mood"].dropna()) <= {"sad", "happy", "NULL?"}
    assert rows["plays"].dtype == np.int64


@pytest.mark.parametrize(
    ("number", "label", "fragment"),
    [
        (5, 3, "no class 3: give an index from 0 to 2, or a name. Classes: 'blues', 'jazz', 'rock'"),
        (5, -1, "no class -1"),
        (5, True, "no class True"),
        (5, "ska", "no class 'ska'"),
        (-1, 0, "at least 0; got -1"),
        (1.5, 0, "an integer"),
    ],
)
def test_samples_that_cannot_be_drawn(folder, number, label, fragment):
    with pytest.raises(InvalidParameterError, match=fragment):
        GanAugmenter(folder / "vectors.pth").generate_samples(number, label)


def test_a_device_that_is_not_there(folder):
    with pytest.raises(DeviceUnavailableError, match="cuda:9999"):
        GanAugmenter(folder / "vectors.pth", device="cuda:9999")


def test_weights_that_overflow_are_reported(folder, tmp_path):
    state = load_state(folder / "vectors.pth")
    for name, tensor in state["model"]["generator"].items():
        if name.endswith("weight"):
            tensor.fill_(3e38)
    save_state(tmp_path / "x.pth", state)
    with pytest.raises(CheckpointError, match="not finite"):
        GanAugmenter(tmp_path / "x.pth", device="cpu").generate_samples(3, 0)


def test_nothing_is_written_when_writing_fails(folder, tmp_path, monkeypatch):
    def full(*_args):
        raise OSError(28, "No space left on device")

    (tmp_path / "out.json").write_text("before")
    monkeypatch.setattr("os.fsync", full)
    with pytest.raises(OSError, match="No space"):
        balance(folder, "sequences", tmp_path)
    monkeypatch.undo()
    assert [(path.name, path.read_text()) for path in tmp_path.iterdir()] == [("out.json", "before")]


def test_the_model_of_the_tracks_is_the_one_that_was_trained(tmp_path):
    made = write_generator(tmp_path, TRACKS)
    augmenter = GanAugmenter(made, num_classes=10, feature_dim=13, device="cpu")
    assert augmenter.model_hash == model_hash(augmenter._trained.model)
    assert augmenter.generate_samples(7, 0).shape == (7, 13)


@pytest.mark.slow
@pytest.mark.full_training
def test_synthetic_clips_move_as_real_clips_do(tmp_path):
    data = shared_file("gtzan/gtzan_13_clips.json.gz")
    augmenter = GanAugmenter(write_generator(tmp_path, data, settings=PRESETS["tuned"]), feature_dim=13, device="cpu")
    augmenter.balance_dataset(data, tmp_path / "out.json.gz", "custom", 8)
    file = read_records(tmp_path / "out.json.gz")
    new = [record for record, flag in zip(file.records, file.is_synthetic, strict=True) if flag]
    real = [record for record, flag in zip(file.records, file.is_synthetic, strict=True) if not flag]
    assert all(record.ndim == 2 and record.shape[1] == 13 for record in new)
    np.testing.assert_allclose(autocorrelation(new), autocorrelation(real), atol=0.1)
    np.testing.assert_allclose(np.log(frame_variance(new)), np.log(frame_variance(real)), atol=np.log(2.5))
