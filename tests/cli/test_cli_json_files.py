"""The commands on typical JSON files of users: each file is used, or refused with one line."""

import pytest
from shared_data import shared_file

from wgan_resampler.cli import main


def run(*arguments):
    return main([str(argument) for argument in arguments])


@pytest.fixture
def refused_in_one_line(capsys):
    """Return a function that says whether a command refused its input, and checks the message."""

    def check(code):
        errors = [line for line in capsys.readouterr().err.splitlines() if line.startswith("wgan-resampler:")]
        assert (code, len(errors)) in ((0, 0), (1, 1)), errors
        return code == 1

    return check


def test_no_command_fails_on_any_shared_json_file_without_saying_why(tmp_path, refused_in_one_line):
    files = sorted(path for path in shared_file("files").iterdir() if path.suffix in (".json", ".jsonl"))
    used = []
    for data in files:
        folder = tmp_path / data.name
        folder.mkdir()
        split, output = folder / "split.json", folder / "augmented.json"
        is_refused = refused_in_one_line(run("split", "--data", data, "--output", split))
        training = ["--output", folder / "model", "--epochs", 1, "--hidden-dim", 8, "--device", "cpu"]
        assert refused_in_one_line(run("train", "--data", data, *training)) == is_refused
        results = ["--model", "logistic_regression", "--output", folder / "results"]
        if is_refused:
            assert refused_in_one_line(run("classify", "--data", data, *results))
            continue
        model = ["--generator", folder / "model" / "final_model.pth", "--device", "cpu"]
        assert not refused_in_one_line(run("augment", *model, "--input", data, "--output", output))
        assert not refused_in_one_line(run("classify", "--data", output, "--split-file", split, *results))
        used.append(data.name)
    assert used
