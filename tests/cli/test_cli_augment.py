"""``wgan-resampler augment``: exit codes, messages, and the chain from split to classify."""

import json
import os

import pytest
from shared_data import TRACKS
from small_generators import write_generator

from wgan_resampler.cli import main
from wgan_resampler.records.files.json_records import read_records


@pytest.fixture(scope="module")
def generator(tmp_path_factory):
    """Return the file of a generator of the tracks."""
    return write_generator(tmp_path_factory.mktemp("tracks"), TRACKS)


def run(generator, data, output, *more):
    parts = ["augment", "--generator", generator, "--input", data, "--output", output, "--device", "cpu", *more]
    return main([str(part) for part in parts])


def test_custom_takes_200_by_default(generator, tmp_path, capsys):
    assert run(generator, TRACKS, tmp_path / "out.json", "--method", "custom", "--seed", 3) == 0
    shown = capsys.readouterr().out
    assert ["blues", "100", "100"] in [line.split() for line in shown.splitlines()]
    assert f"Wrote {tmp_path / 'out.json'}" in shown
    content = json.loads((tmp_path / "out.json").read_text())
    assert (content["synthetic_samples"], content["augmentation_ratio"], content["seed"]) == (1000, 1.0, 3)
    assert len(read_records(tmp_path / "out.json").records) == 2000


def test_bug_target_samples_with_another_method_was_an_error(generator, tmp_path, capsys):
    assert run(generator, TRACKS, tmp_path / "out.json", "--target-samples", 9) == 0
    assert "warning: --target-samples 9 is only used with 'custom'" in capsys.readouterr().err


@pytest.mark.parametrize("kind", ["path", "dots", "hard link", "symbolic link"])
def test_the_input_is_never_overwritten(generator, tmp_path, capsys, kind):
    data, other = tmp_path / "in.json", tmp_path / "other.json"
    data.write_bytes(TRACKS.read_bytes())
    if kind == "hard link":
        os.link(data, other)
    elif kind == "symbolic link":
        other.symlink_to(data)
    output = {"path": data, "dots": tmp_path / ".." / tmp_path.name / "in.json"}.get(kind, other)
    assert run(generator, data, output) == 1
    assert "read here and must stay" in capsys.readouterr().err
    assert data.read_bytes() == TRACKS.read_bytes()


@pytest.mark.parametrize(
    ("more", "fragment"),
    [
        (["--noise-dim", 100], "--noise-dim 100 contradicts"),
        (["--hidden-dim", 256], "--hidden-dim 256 contradicts"),
        (["--num-layers", 3], "--num-layers 3 contradicts"),
        (["--target", "genre"], "--target genre is only used with"),
        (["--device", "tpu"], "device must be"),
        (["--split-file", "none.json"], "none.json: No such file"),
        (["--generator", "none.pth"], "none.pth: No such file"),
        (["--generator", str(TRACKS)], "is damaged"),
        (["--output", "out.csv"], "must end in .json"),
        (["--output", "/no/such/folder/out.json"], "no such folder"),
    ],
)
def test_refusals_are_1_with_one_line(generator, tmp_path, capsys, monkeypatch, more, fragment):
    monkeypatch.chdir(tmp_path)
    assert run(generator, TRACKS, "out.json", *more) == 1
    text = capsys.readouterr().err
    assert text.startswith("wgan-resampler: ")
    assert text.count("\n") == 1
    assert fragment in text
    assert not list(tmp_path.iterdir())


@pytest.mark.parametrize("more", [["--method", "smote"], ["--target-samples", "0"], ["--seed", "-1"]])
def test_wrong_usage_is_2(generator, tmp_path, more):
    with pytest.raises(SystemExit, match="2"):
        run(generator, TRACKS, tmp_path / "out.json", *more)


def test_from_split_to_classify(tmp_path, capsys):
    def step(command, **options):
        flags = [str(part) for key, value in options.items() for part in (f"--{key.replace('_', '-')}", value)]
        assert main([command, *flags]) == 0

    split, out = tmp_path / "split.json", tmp_path / "out.json"
    step("split", data=TRACKS, output=split, max_train="blues=12")
    step("train", data=TRACKS, output=tmp_path / "run", split_file=split, epochs=1, hidden_dim=8, device="cpu")
    model = tmp_path / "run" / "final_model.pth"
    step("augment", generator=model, input=TRACKS, output=out, split_file=split, device="cpu")
    assert ["blues", "100", "12", "68"] in [line.split() for line in capsys.readouterr().out.splitlines()]
    step("classify", data=out, split_file=split, model="logistic_regression", output=tmp_path / "results")
    assert "warning" not in capsys.readouterr().err
