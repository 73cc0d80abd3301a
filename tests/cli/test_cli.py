"""The command line: exit codes, messages, and the commands on real input."""

import json
import os
import signal
import subprocess
import sys
import textwrap
import time
from concurrent.futures import ThreadPoolExecutor

import numpy as np
import pytest
from shared_data import TRACKS, shared_file

import wgan_resampler
from wgan_resampler import cli
from wgan_resampler.cli import main
from wgan_resampler.records.files.json_records import RecordFile, read_records, write_records
from wgan_resampler.records.files.splits import read_split


@pytest.fixture
def augmented(tmp_path):
    """Return a small file with synthetic records, and a split of its original ones."""
    tracks = read_records(TRACKS)
    keep = np.flatnonzero(np.isin(tracks.labels, [0, 1, 5]) & (np.arange(1000) % 4 == 0))
    originals = RecordFile([tracks.records[i] for i in keep], tracks.labels[keep], tracks.mapping)
    write_records(tmp_path / "tracks.json", originals)
    new = [record + 1 for record in originals.records[:10]]
    flags = [False] * len(keep) + [True] * 10
    labels = np.concatenate([originals.labels, originals.labels[:10]])
    both = RecordFile([*originals.records, *new], labels, tracks.mapping, extra={"is_synthetic": flags})
    write_records(tmp_path / "augmented.json", both)
    return tmp_path


def run(*arguments):
    return main([str(argument) for argument in arguments])


def error_line(capsys):
    """Return what went to stderr, which must be one line."""
    text = capsys.readouterr().err
    assert text.count("\n") == 1, text
    assert text.startswith("wgan-resampler: ")
    return text


@pytest.mark.parametrize("command", [[], *([name] for name in cli.COMMANDS)])
def test_help_comes_at_once_and_loads_nothing_heavy(command):
    code = f"""
import sys
from wgan_resampler.cli import main
try:
    main({[*command, "--help"]!r})
except SystemExit as end:
    heavy = {{"torch", "numpy", "sklearn", "pandas", "matplotlib", "librosa"}} & set(sys.modules)
    sys.exit(f"heavy: {{heavy}}" if heavy else end.code)
"""
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True)
    assert done.returncode == 0, done.stderr
    assert "usage: wgan-resampler" in done.stdout


def test_version(capsys):
    with pytest.raises(SystemExit, match="0"):
        run("--version")
    assert capsys.readouterr().out == f"wgan-resampler {wgan_resampler.__version__}\n"


@pytest.mark.parametrize("start", [["-m", "wgan_resampler"], ["-c", "from wgan_resampler.cli import main; main()"]])
def test_wrong_usage_is_2(start):
    done = subprocess.run([sys.executable, *start, "fly"], capture_output=True, text=True)
    assert done.returncode == 2
    assert "invalid choice: 'fly'" in done.stderr


@pytest.mark.parametrize(
    ("arguments", "fragment"),
    [
        ("split --data x", "required: --output"),
        ("split --data x --output y --test-size 1", "must be a finite number above 0 and below 1"),
        ("split --data x --output y --test-size nan", "must be a finite number above 0 and below 1"),
        ("split --data x --output y --group-size 0", "at least 1"),
        ("split --data x --output y --seed -1", "an integer of at least 0 and below 4294967296"),
        ("split --data x --output y --seed one", "an integer"),
        ("split --data x --output y --max-train 12", "must look like blues=12"),
        ("split --data x --output y --group-size 2 --group-key k", "not allowed with"),
        ("classify --data x --output y --model tree", "invalid choice: 'tree'"),
        ("classify --data x --output y --model svm --split-file s --group-size 9", "not allowed with argument"),
        ("extract --audio x --output y --n-mfcc 129", "an integer of at least 1 and below 129"),
    ],
)
def test_wrong_arguments_are_2(capsys, arguments, fragment):
    with pytest.raises(SystemExit, match="2"):
        main(arguments.split())
    assert fragment in capsys.readouterr().err


@pytest.mark.parametrize("command", ["split", "classify --model svm"])
def test_files_that_cannot_be_read_are_1(tmp_path, capsys, command):
    out = tmp_path / "out"
    assert run(*command.split(), "--data", tmp_path / "none.json", "--output", out) == 1
    assert "none.json: No such file" in error_line(capsys)
    (tmp_path / "bad.json").write_text("{")
    assert run(*command.split(), "--data", tmp_path / "bad.json", "--output", out) == 1
    assert "bad.json is not valid JSON" in error_line(capsys)
    (tmp_path / "x.csv").write_text("a\n1\n")
    assert run(*command.split(), "--data", tmp_path / "x.csv", "--output", out) == 1
    assert "--target COLUMN" in error_line(capsys)


def test_not_enough_memory_is_1(monkeypatch, capsys):
    def no_memory(_args):
        raise MemoryError

    monkeypatch.setattr("wgan_resampler.cli.split.run", no_memory)
    assert run("split", "--data", "x", "--output", "y") == 1
    assert "not enough memory" in error_line(capsys)


@pytest.mark.parametrize(("number", "code"), [(signal.SIGINT, 130), (signal.SIGTERM, 143)])
def test_signals(number, code):
    program = """
        import sys, time
        import wgan_resampler.cli.split
        from wgan_resampler.cli import main
        def wait(args):
            print("waiting", flush=True)
            time.sleep(60)
        wgan_resampler.cli.split.run = wait
        sys.exit(main(["split", "--data", "x", "--output", "y"]))
    """
    pipes = {"stdout": subprocess.PIPE, "stderr": subprocess.PIPE}
    with subprocess.Popen([sys.executable, "-c", textwrap.dedent(program)], **pipes) as process:
        assert process.stdout.readline() == b"waiting\n"
        time.sleep(0.05)
        process.send_signal(number)
        _, errors = process.communicate(timeout=20)
    assert process.returncode == code
    assert errors.count(b"\n") == 1
    assert b"stopped by" in errors


def test_the_handler_of_sigterm_is_put_back(tmp_path):
    before = signal.getsignal(signal.SIGTERM)
    run("split", "--data", tmp_path / "none.json", "--output", tmp_path / "out")
    assert signal.getsignal(signal.SIGTERM) is before


def test_a_reader_that_goes_away_is_no_traceback(augmented):
    command = f"{sys.executable} -m wgan_resampler split --data {augmented}/tracks.json --output {augmented}/s.json"
    done = subprocess.run(f"{command} | true", shell=True, capture_output=True, text=True)  # noqa: S602
    assert done.stderr == ""
    assert (augmented / "s.json").exists()


def test_messages_name_flags_and_leave_paths_alone(tmp_path, capsys):
    folder = tmp_path / "target=x seed=1"
    folder.mkdir()
    (folder / "x.csv").write_text("a\n1\n")
    assert run("split", "--data", folder / "x.csv", "--output", tmp_path / "out") == 1
    assert f"{folder}/x.csv is a table. Name the column of its classes with --target COLUMN." in error_line(capsys)


def test_split_of_the_tracks(tmp_path, capsys):
    arguments = ["split", "--data", TRACKS, "--test-size", 0.3, "--seed", 7, "--max-train", "blues=12"]
    assert run(*arguments, "--output", tmp_path / "split.json") == 0
    output = capsys.readouterr().out
    assert "blues         12    30" in output
    assert "all          642   300" in output
    split = read_split(tmp_path / "split.json")
    assert (len(split.train), len(split.test), split.seed, dict(split.max_train)) == (642, 300, 7, {"blues": 12})
    assert run("split", "--data", "not read", "--output", tmp_path / "split.json") == 1
    assert "written once" in error_line(capsys)
    assert run(*arguments, "--output", tmp_path / "again.json") == 0
    assert (tmp_path / "again.json").read_bytes() == (tmp_path / "split.json").read_bytes()


def test_split_refuses_synthetic_records(augmented, capsys):
    assert run("split", "--data", augmented / "augmented.json", "--output", augmented / "split.json") == 1
    assert "10 synthetic records" in error_line(capsys)


def test_split_by_group(tmp_path, capsys):
    path = shared_file("gtzan/segments_13_clips.json.gz")
    arguments = ["split", "--data", path, "--output", tmp_path / "split.json", "--test-size", "0.34"]
    assert run(*arguments, "--group-size", 10) == 0
    split = read_split(tmp_path / "split.json")
    assert not {i // 10 for i in split.train} & {i // 10 for i in split.test}
    assert len(split.test) == 90
    capsys.readouterr()
    (tmp_path / "split.json").unlink()
    assert run(*arguments, "--group-size", 7) == 1
    assert "cannot be divided into groups of 7" in error_line(capsys)


def test_split_by_a_key_of_a_table(tmp_path):
    rows = "".join(f"{i},artist{i // 3},{'jazz' if i < 30 else 'rock'}\n" for i in range(60))
    (tmp_path / "songs.csv").write_text("loudness,artist,genre\n" + rows)
    arguments = ["--data", tmp_path / "songs.csv", "--target", "genre"]
    assert run("split", *arguments, "--group-key", "artist", "--output", tmp_path / "split.json") == 0
    split = read_split(tmp_path / "split.json")
    assert not {i // 3 for i in split.train} & {i // 3 for i in split.test}
    out = tmp_path / "out"
    assert run("classify", *arguments, "--model", "svm", "--split-file", tmp_path / "split.json", "--output", out) == 0


def test_classify_with_a_split_and_baseline(augmented, capsys):
    assert run("split", "--data", augmented / "tracks.json", "--output", augmented / "split.json") == 0
    capsys.readouterr()
    arguments = ["classify", "--data", augmented / "augmented.json", "--model", "Random_Forest", "--baseline"]
    arguments += ["--split-file", augmented / "split.json", "--seed", 3]
    assert run(*arguments, "--output", augmented / "one") == 0
    output = capsys.readouterr()
    assert output.err == ""
    assert "recall without" in output.out
    metrics = json.loads((augmented / "one" / "metrics.json").read_text())
    assert list(metrics["results"]) == ["baseline", "with_synthetic"]
    assert metrics["results"]["baseline"]["n_train_synthetic"] == 0
    assert metrics["results"]["with_synthetic"]["n_train_synthetic"] == 10
    assert metrics["results"]["with_synthetic"]["n_test"] == metrics["results"]["baseline"]["n_test"] == 15
    assert (metrics["model"], metrics["seed"], metrics["split_file"]) == ("random_forest", 3, "split.json")
    assert "without synthetic records" in (augmented / "one" / "report.txt").read_text()
    assert (augmented / "one" / "confusion_matrix.png").read_bytes()[:4] == b"\x89PNG"
    assert run(*arguments, "--output", augmented / "two") == 0
    for name in ("metrics.json", "report.txt", "confusion_matrix.png"):
        assert (augmented / "two" / name).read_bytes() == (augmented / "one" / name).read_bytes()


def test_classify_warns_where_the_generator_may_have_seen_the_test_records(augmented, capsys):
    arguments = ["classify", "--data", augmented / "augmented.json", "--model", "svm", "--output", augmented / "out"]
    assert run(*arguments) == 0
    assert "warning: Without --split-file" in error_line(capsys)
    metrics = json.loads((augmented / "out" / "metrics.json").read_text())
    assert list(metrics["results"]) == ["with_synthetic"]


def test_classify_of_originals_only(augmented, capsys):
    arguments = ["classify", "--data", augmented / "tracks.json", "--model", "svm", "--output", augmented / "out"]
    assert run(*arguments, "--baseline") == 0
    output = capsys.readouterr()
    assert output.err == ""
    assert "nothing to compare" in output.out


def test_classify_refuses_contradictions_and_other_splits(augmented, capsys):
    split = augmented / "split.json"
    assert run("split", "--data", TRACKS, "--output", split) == 0
    capsys.readouterr()
    arguments = ["classify", "--data", augmented / "augmented.json", "--model", "svm", "--split-file", split]
    arguments += ["--output", augmented / "out"]
    assert run(*arguments) == 1
    assert "made for 1000 original records" in error_line(capsys)
    assert run(*arguments, "--test-size", 0.3) == 1
    assert "--test-size 0.3 has no meaning with --split-file" in error_line(capsys)
    (augmented / "file").write_text("")
    assert run(*arguments[:-1], augmented / "file") == 1
    assert "file: File exists" in error_line(capsys)


def test_extract_then_split_then_classify(tmp_path, capsys):
    soundfile = pytest.importorskip("soundfile")
    rng = np.random.default_rng(0)
    for genre, frequency in (("hum", 110), ("whistle", 1760)):
        (tmp_path / "sounds" / genre).mkdir(parents=True)
        for i in range(8):
            sound = np.sin(2 * np.pi * frequency * np.arange(8000) / 22_050) + rng.normal(0, 0.01, 8000)
            soundfile.write(tmp_path / "sounds" / genre / f"{i}.wav", sound / 2, 22_050)
    (tmp_path / "sounds" / "hum" / "broken.wav").write_text("no sound")
    data = tmp_path / "sounds.json.gz"
    assert run("extract", "--audio", tmp_path / "sounds", "--output", data, "--n-mfcc", 20, "--jobs", 1) == 0
    output = capsys.readouterr()
    assert "16 records of 20 coefficients in 2 classes. Skipped files: 1" in output.out
    assert "skipped" in output.err
    assert "broken.wav" in output.err
    assert run("split", "--data", data, "--output", tmp_path / "split.json") == 0
    for model in ("LSTM", "logistic_regression"):
        arguments = ["--data", data, "--model", model, "--split-file", tmp_path / "split.json"]
        assert run("classify", *arguments, "--output", tmp_path / "out") == 0
        metrics = json.loads((tmp_path / "out" / "metrics.json").read_text())
        assert metrics["results"]["original_only"]["accuracy"] == 1


def test_extract_checks_the_output_first(tmp_path, capsys):
    assert run("extract", "--audio", tmp_path, "--output", tmp_path / "out.txt") == 1
    assert "must end in .json or .json.gz" in error_line(capsys)
    assert run("extract", "--audio", tmp_path, "--output", tmp_path / "none" / "out.json") == 1
    assert "no such folder" in error_line(capsys)
    assert run("extract", "--audio", tmp_path / "none", "--output", tmp_path / "out.json") == 1
    assert "none: No such file" in error_line(capsys)
    assert os.listdir(tmp_path) == []  # noqa: PTH208


def test_a_command_also_runs_outside_the_main_thread(tmp_path, capsys):
    with ThreadPoolExecutor(1) as pool:
        command = ["split", "--data", str(tmp_path / "none.json"), "--output", str(tmp_path / "split.json")]
        assert pool.submit(main, command).result() == 1
    assert "none.json" in capsys.readouterr().err
