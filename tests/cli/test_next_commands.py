"""The last line of each command is the command to run next, with the names of the real files."""

import shlex

import numpy as np
import pandas as pd
import pytest

from wgan_resampler.cli import main


@pytest.fixture
def follow(tmp_path, monkeypatch, capsys):
    """Return a function that runs a command in an empty folder, and returns its output and the next command."""
    monkeypatch.chdir(tmp_path)
    quick = {"train": ["--epochs", "1"], "extract": ["--jobs", "1"]}

    def follow(command):
        assert main([*command, *quick.get(command[0], [])]) == 0
        lines = capsys.readouterr().out.splitlines()
        program, *following = shlex.split(lines[-1].removeprefix("Next: "))
        assert program == "wgan-resampler"
        return lines, following

    return follow


def write_sounds(folder):
    soundfile = pytest.importorskip("soundfile")
    rng = np.random.default_rng(0)
    for name, pitch, n_files in (("hum", 110, 6), ("high whistle", 1760, 4)):
        (folder / name).mkdir(parents=True)
        for i in range(n_files):
            sound = np.sin(2 * np.pi * pitch * rng.uniform(0.9, 1.1) * np.arange(12_000) / 22_050)
            soundfile.write(folder / name / f"{i}.wav", sound / 2 + rng.normal(0, 0.02, len(sound)), 22_050)


def test_from_a_folder_of_sounds_to_a_classifier_by_the_next_commands(follow, tmp_path):
    write_sounds(tmp_path / "my sounds")
    lines, command = follow(
        ["extract", "--audio", "my sounds", "--output", "my music.json.gz", "--segment-seconds", "0.25"]
    )
    assert "Wrote my music.json.gz: 20 records" in lines[0]
    assert command == ["split", "--data", "my music.json.gz", "--output", "split.json"]
    lines, command = follow(command)
    assert any("Each track is on one side only" in line for line in lines)
    assert command[0] == "train"
    for expected in ("augment", "classify"):
        _, command = follow(command)
        assert command[0] == expected
    lines, command = follow(command)
    assert any(line.startswith("Balanced accuracy") and "in 2 groups" in line for line in lines)
    assert command[0] == "classify"
    _, command = follow(command)
    assert not (tmp_path / command[-1]).exists()


def test_a_balanced_table_is_said_to_be_balanced_and_the_next_command_adds_rows(follow, tmp_path):
    table = pd.DataFrame(np.random.default_rng(0).normal(size=(40, 2)), columns=["a", "b"]).assign(kind=["u", "v"] * 20)
    table.to_csv(tmp_path / "table.csv", index=False)
    lines, command = follow(["train", "--data", "table.csv", "--target", "kind", "--output", "model"])
    lines, command = follow(command)
    assert "The classes are already balanced, so no records were added." in lines
    assert len(pd.read_csv("augmented.csv")) == 40  # written as asked for
    lines, command = follow(command)
    assert len(pd.read_csv("augmented.csv")) == 60
    for target_samples, n_rows, said in (("7", 40, True), ("25", 50, False)):
        custom = ["--method", "custom", "--target-samples", target_samples, "--output", "more.csv"]
        augment = ["augment", "--generator", "model/final_model.pth", "--input", "table.csv", "--target", "kind"]
        lines, following = follow([*augment, *custom])
        assert len(pd.read_csv("more.csv")) == n_rows
        assert any("already has as many" in line for line in lines) == said
        assert (following[0] == "augment") == said


def test_without_records_to_compare_the_next_command_leads_there(follow, tmp_path):
    table = pd.DataFrame(np.random.default_rng(0).normal(size=(40, 2)), columns=["a", "b"]).assign(kind=["u", "v"] * 20)
    table.to_csv(tmp_path / "table.csv", index=False)
    classify = ["classify", "--data", "table.csv", "--target", "kind", "--model", "svm", "--output", "out"]
    _, split = follow(classify)
    assert split == ["split", "--data", "table.csv", "--target", "kind", "--output", "split.json"]
    follow(split)
    _, train = follow([*classify, "--split-file", "split.json"])
    assert train[:3] == ["train", "--data", "table.csv"]
    assert train[train.index("--split-file") + 1] == "split.json"
    table.assign(is_synthetic=[False] * 30 + [True] * 10).to_csv(tmp_path / "table.csv", index=False)
    _, again = follow([*classify, "--seed", "3", "--test-size", "0.5"])
    assert again[0] == "classify"
    lines, _ = follow(again)
    assert any(line.startswith("Balanced accuracy") for line in lines)
