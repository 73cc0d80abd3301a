"""Trainings in a folder: they can be stopped and resumed, bit for bit; other settings are refused by name."""

import contextlib
import copy
import json
import shutil
import signal
import subprocess
import sys
import time
from dataclasses import replace
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
import torch
from small_generators import QUICK

from wgan_resampler import Callback
from wgan_resampler.cli import main
from wgan_resampler.exceptions import (
    CheckpointError,
    DamagedCheckpointWarning,
    FileNameColumnWarning,
    IdentifierColumnWarning,
    InvalidParameterError,
    ManyClassesWarning,
    NumbersAsTextWarning,
    SingleClassWarning,
    ThinClassWarning,
    WGANResamplerWarning,
)
from wgan_resampler.records.files.json_records import RecordFile, write_records
from wgan_resampler.records.generator_file import load_generator
from wgan_resampler.records.training_run import Run, train_in_folder
from wgan_resampler.sampler import model_hash
from wgan_resampler.utils.storage.state_file import load_state, save_state

SETTINGS = replace(
    QUICK,
    noise_dim=4,
    hidden_dim=8,
    dropout=0.2,
    epochs=6,
    batch_size=16,
    n_critic=2,
    borrowed_rows=2.0,
    average_decay=0.9,
    rejection_rate=0.2,
    boundary_focus=0.5,
    moment_start=True,
)


@pytest.fixture
def data(tmp_path):
    """Return the path of a small file of records."""
    rng = np.random.default_rng(0)
    labels = np.arange(60) % 3 // 2
    write_records(
        tmp_path / "data.json", RecordFile(list(rng.normal(labels[:, None], 1.0, (60, 3))), labels, ("u", "v"))
    )
    return tmp_path / "data.json"


def a_run(data, folder, **changes):
    settings = replace(SETTINGS, **{key: changes.pop(key) for key in list(changes) if hasattr(SETTINGS, key)})
    return Run(str(data), str(folder), settings, device="cpu", **{"checkpoint_every": 2, **changes})


def final_states(folder):
    """Return what a finished training has left, without the seconds that it took."""
    last = load_state(max(folder.glob("checkpoint_epoch_*.pth"), key=lambda path: int(path.stem.split("_")[-1])))
    history = json.loads((folder / "training_history.json").read_text())
    for record in [*history, *last["trainer"]["history"]]:
        record.pop("seconds")
    return load_state(folder / "final_model.pth"), last, history


def assert_equal(first, second):
    if isinstance(first, torch.Tensor):
        assert torch.equal(first, second)
    elif isinstance(first, dict):
        assert first.keys() == second.keys()
        for key in first:
            assert_equal(first[key], second[key])
    elif isinstance(first, (list, tuple)):
        assert len(first) == len(second)
        for a, b in zip(first, second, strict=True):
            assert_equal(a, b)
    else:
        assert first == second


class StopsWith(Callback):
    def __init__(self, error, epoch, hook="on_epoch_begin"):
        self.error, self.epoch = error, epoch
        setattr(self, hook, self.stop)

    def stop(self, trainer):
        if trainer.epoch == self.epoch:
            raise self.error


def test_what_a_run_leaves(data, tmp_path):
    outcome = train_in_folder(a_run(data, tmp_path / "run"))
    assert sorted(path.name for path in (tmp_path / "run").iterdir()) == [
        "checkpoint_epoch_2.pth",
        "checkpoint_epoch_4.pth",
        "checkpoint_epoch_6.pth",
        "final_model.pth",
        "training_history.json",
    ]
    assert (outcome.epochs, outcome.was_finished, outcome.resumed_from) == (6, False, None)
    trained = load_generator(outcome.model)
    assert trained.data.n_coefficients == 3
    assert trained.model.classes.tolist() == ["u", "v"]
    assert trained.model.counts.tolist() == [40, 20]
    assert trained.epochs == 6
    assert trained.model.generator.hidden_dim == 8
    assert len(json.loads((tmp_path / "run" / "training_history.json").read_text())) == 6


@pytest.mark.parametrize("stopped_in", [1, 3, 4, 6])
def test_a_run_that_was_stopped_goes_on_bit_for_bit(data, tmp_path, stopped_in):
    train_in_folder(a_run(data, tmp_path / "whole"))
    with pytest.raises(KeyboardInterrupt):
        train_in_folder(a_run(data, tmp_path / "parts"), [StopsWith(KeyboardInterrupt(), stopped_in)])
    # The epochs that were complete are saved, whether or not a checkpoint was due.
    assert (tmp_path / "parts" / f"checkpoint_epoch_{stopped_in - 1}.pth").exists() == (stopped_in > 1)
    outcome = train_in_folder(a_run(data, tmp_path / "parts", resume=True))
    assert outcome.epochs == 6
    assert_equal(final_states(tmp_path / "whole"), final_states(tmp_path / "parts"))


def test_a_longer_run_equals_one_of_that_length_from_the_start(data, tmp_path):
    train_in_folder(a_run(data, tmp_path / "long", epochs=9))
    train_in_folder(a_run(data, tmp_path / "extended", epochs=4))
    outcome = train_in_folder(a_run(data, tmp_path / "extended", epochs=9, resume=True))
    assert outcome.resumed_from.name == "checkpoint_epoch_4.pth"
    assert_equal(final_states(tmp_path / "long"), final_states(tmp_path / "extended"))


def test_a_finished_run_ends_at_once(data, tmp_path):
    train_in_folder(a_run(data, tmp_path / "run"))
    before = {path.name: path.stat().st_mtime_ns for path in (tmp_path / "run").iterdir()}
    assert train_in_folder(a_run(data, tmp_path / "run", resume=True)).was_finished
    assert {path.name: path.stat().st_mtime_ns for path in (tmp_path / "run").iterdir()} == before


def test_resuming_an_empty_folder_starts_afresh(data, tmp_path):
    outcome = train_in_folder(a_run(data, tmp_path / "new", resume=True))
    assert (outcome.resumed_from, outcome.epochs) == (None, 6)


@pytest.mark.parametrize("damage", ["truncated", "garbage", "empty", "payload"])
def test_a_damaged_checkpoint_is_named_and_the_one_before_it_used(data, tmp_path, damage):
    train_in_folder(a_run(data, tmp_path / "whole"))
    shutil.copytree(tmp_path / "whole", tmp_path / "run")
    (tmp_path / "run" / "final_model.pth").unlink()
    newest = tmp_path / "run" / "checkpoint_epoch_6.pth"
    whole = newest.read_bytes()
    newest.write_bytes(
        {
            "truncated": whole[: len(whole) // 2],
            "garbage": b"\x80\x04" + bytes(999),
            "empty": b"",
            "payload": b"cposix\nsystem\n(S'echo gone'\ntR.",
        }[damage]
    )
    with pytest.warns(DamagedCheckpointWarning, match=r"checkpoint_epoch_6\.pth"):
        outcome = train_in_folder(a_run(data, tmp_path / "run", resume=True))
    assert outcome.resumed_from.name == "checkpoint_epoch_4.pth"
    assert_equal(final_states(tmp_path / "whole"), final_states(tmp_path / "run"))


def test_a_damaged_or_lost_final_model_is_made_anew(data, tmp_path):
    train_in_folder(a_run(data, tmp_path / "run"))
    before = (tmp_path / "run" / "final_model.pth").read_bytes()
    for damage in (lambda path: path.unlink(), lambda path: path.write_bytes(before[:99])):
        damage(tmp_path / "run" / "final_model.pth")
        assert not train_in_folder(a_run(data, tmp_path / "run", resume=True)).was_finished
        assert (tmp_path / "run" / "final_model.pth").read_bytes() == before


@pytest.mark.parametrize(
    ("changes", "fragment"),
    [
        ({"hidden_dim": 9}, r"hidden_dim=9 differs from .*checkpoint_epoch_6\.pth, which has 8"),
        ({"seed": 7}, "seed=7 differs from .* which has 0"),
        ({"epochs": 3}, "epochs=3 is less than the 6 epochs that .*checkpoint_epoch_6"),
        ({"learning_rate": 1e-2}, "learning_rate=0.01 differs from .* which has 0.001"),
        ({"normalization": "layer"}, "normalization='layer' differs from .* which has 'batch'"),
    ],
)
def test_contradictions_name_both_values(data, tmp_path, changes, fragment):
    train_in_folder(a_run(data, tmp_path / "run"))
    with pytest.raises(InvalidParameterError, match=f"(?s){fragment}"):
        train_in_folder(a_run(data, tmp_path / "run", resume=True, **changes))


def test_other_data_are_refused(data, tmp_path):
    train_in_folder(a_run(data, tmp_path / "run"))
    content = json.loads(data.read_text())
    content["features"][0][0] += 1e-9
    data.write_text(json.dumps(content))
    with pytest.raises(InvalidParameterError, match=r"was trained on other data than .*data\.json: 60 records"):
        train_in_folder(a_run(data, tmp_path / "run", resume=True))


def test_a_folder_in_use_is_not_overwritten(data, tmp_path):
    train_in_folder(a_run(data, tmp_path / "run"))
    with pytest.raises(InvalidParameterError, match=r"holds a training already .*resume=True"):
        train_in_folder(a_run(data, tmp_path / "run"))


def test_a_state_file_of_another_kind_is_no_checkpoint(data, tmp_path):
    (tmp_path / "run").mkdir()
    save_state(tmp_path / "run" / "checkpoint_epoch_3.pth", {"weights": torch.ones(2)})
    with pytest.raises(CheckpointError, match="not the checkpoint of a training"):
        train_in_folder(a_run(data, tmp_path / "run", resume=True))


def test_a_checkpoint_with_other_weights_than_it_says_is_refused(data, tmp_path):
    train_in_folder(a_run(data, tmp_path / "run", epochs=2))
    path = tmp_path / "run" / "checkpoint_epoch_2.pth"
    state = load_state(path)
    state["trainer"]["generator"]["output.bias"] = torch.zeros(7)
    save_state(path, state)
    with pytest.raises(CheckpointError, match=r"checkpoint_epoch_2\.pth: .*output\.bias' should have shape \(3,\)"):
        train_in_folder(a_run(data, tmp_path / "run", epochs=4, resume=True))


def test_a_failed_save_stops_the_run(data, tmp_path, monkeypatch):
    class FillsTheDisk(Callback):
        def on_epoch_begin(self, trainer):
            if trainer.epoch == 4:
                shutil.rmtree(tmp_path / "run")

    with pytest.raises(CheckpointError, match=r"checkpoint_epoch_4\.pth could not be written"):
        train_in_folder(a_run(data, tmp_path / "run"), [FillsTheDisk()])


def test_the_last_three_checkpoints_are_kept(data, tmp_path):
    def checkpoints():
        return sorted(path.name for path in (tmp_path / "run").glob("checkpoint_*"))

    outcome = train_in_folder(a_run(data, tmp_path / "run", epochs=9))
    assert checkpoints() == [f"checkpoint_epoch_{epoch}.pth" for epoch in (6, 8, 9)]
    names = ["final_model.pth", "training_history.json", *checkpoints()]
    assert [path.name for path in outcome.written] == names
    # A damaged checkpoint of a later epoch is not counted: the new ones are all kept.
    (tmp_path / "run" / "checkpoint_epoch_99.pth").write_bytes(b"damaged")
    with pytest.warns(DamagedCheckpointWarning):
        train_in_folder(a_run(data, tmp_path / "run", epochs=13, resume=True))
    assert checkpoints() == [f"checkpoint_epoch_{epoch}.pth" for epoch in (10, 12, 13, 99)]


def test_sequences_are_learnt_by_their_means_and_spreads(tmp_path):
    rng = np.random.default_rng(0)
    labels = np.arange(40) % 4 // 3
    records = [rng.normal(size=(20 + i % 3, 2)) for i in range(40)]
    write_records(tmp_path / "data.json", RecordFile(records, labels, ("u", "v"), layout="mfcc"))
    trained = load_generator(train_in_folder(a_run(tmp_path / "data.json", tmp_path / "run", epochs=1)).model)
    assert trained.data.kind == "sequences"
    assert trained.data.n_coefficients == 2
    assert len(trained.model.draw(np.array([0, 1]), 0)) == 4


def test_tables_are_learnt_with_their_categories(tmp_path):
    rng = np.random.default_rng(0)
    lines = ["size,colour,kind"] + [
        f"{rng.normal():.3f},{'red' if i % 2 else ''},{'u' if i % 4 else 'v'}" for i in range(40)
    ]
    (tmp_path / "data.csv").write_text("\n".join(lines))
    run = a_run(tmp_path / "data.csv", tmp_path / "run", epochs=1, target="kind")
    trained = load_generator(train_in_folder(run).model)
    assert trained.data.columns == ("size", "colour")
    assert trained.data.categories == (None, ("red",))


# The command


def command(data, folder, *flags):
    arguments = ["train", "--data", data, "--output", folder, "--device", "cpu", "--epochs", "6", "--hidden-dim", "8"]
    return [str(argument) for argument in [*arguments, *flags]]


def test_the_command_trains_and_says_so(data, tmp_path, capsys):
    assert main(command(data, tmp_path / "run", "--checkpoint-every", 1)) == 0
    lines = capsys.readouterr().out.splitlines()
    assert lines[0] == f"Loading torch, then training on {data}"
    assert lines[1] == "Trained for 6 epochs."
    assert sorted(lines[2:-1]) == sorted(f"Wrote {path}" for path in (tmp_path / "run").iterdir())
    assert lines[-1] == (
        f"Next: wgan-resampler augment --generator {tmp_path}/run/final_model.pth --input {data} "
        f"--output {tmp_path}/augmented.json"
    )
    assert main(command(data, tmp_path / "run", "--resume")) == 0
    assert "nothing is left to do" in capsys.readouterr().out
    assert main(command(data, tmp_path / "run")) == 1
    assert capsys.readouterr().err.count("\n") == 1


@pytest.mark.skipif(not Path("/dev/full").exists(), reason="needs /dev/full")
@pytest.mark.parametrize("name", ["stdout", "stderr"])
def test_a_progress_bar_that_cannot_be_shown_does_not_end_the_training(data, tmp_path, monkeypatch, name):
    with Path("/dev/full").open("w") as full:
        monkeypatch.setattr(sys, name, full)
        assert main(command(data, tmp_path / "run")) == 0
        monkeypatch.undo()
    assert (tmp_path / "run" / "final_model.pth").exists()


def test_the_presets(data, tmp_path):
    assert main(command(data, tmp_path / "classic", "--epochs", 1)) == 0
    assert main(command(data, tmp_path / "tuned", "--epochs", 1, "--preset", "tuned", "--noise-dim", 5)) == 0
    classic, tuned = (load_generator(tmp_path / name / "final_model.pth") for name in ("classic", "tuned"))
    assert classic.settings["noise_dim"] == 100
    assert classic.settings["normalization"] == "batch"
    assert classic.model.classifier is None
    assert tuned.settings["noise_dim"] == 5
    assert tuned.settings["normalization"] is None
    assert tuned.model.classifier is not None


def test_tuned_without_epochs_trains_for_the_usual_updates_in_whole_epochs(data, tmp_path):
    arguments = command(data, tmp_path / "run", "--preset", "tuned", "--batch-size", 16)
    del arguments[arguments.index("--epochs") : arguments.index("--epochs") + 2]
    assert main(arguments) == 0
    assert load_generator(tmp_path / "run" / "final_model.pth").n_updates == 900


@pytest.mark.parametrize(
    "flags", [["--epochs", "0"], ["--lambda-gp", "-1"], ["--learning-rate", "nan"], ["--preset", "x"]]
)
def test_wrong_arguments_end_with_2(data, tmp_path, flags):
    with pytest.raises(SystemExit) as end:
        main(command(data, tmp_path / "run", *flags))
    assert end.value.code == 2


def start(arguments):
    code = "import sys; from wgan_resampler.cli import main; sys.exit(main(sys.argv[1:]))"
    return subprocess.Popen([sys.executable, "-c", code, *arguments], stdout=subprocess.PIPE, stderr=subprocess.PIPE)


def wait_for(path, process, seconds=120):
    end = time.monotonic() + seconds
    while not path.exists():
        assert process.poll() is None, process.communicate()
        assert time.monotonic() < end
        time.sleep(0.02)


@pytest.mark.skipif(sys.platform == "win32", reason="signals are those of POSIX")
@pytest.mark.parametrize(
    ("number", "exit_code"), [pytest.param(signal.SIGINT, 130, marks=pytest.mark.slow), (signal.SIGTERM, 143)]
)
def test_signals_save_and_say_how_to_go_on(data, tmp_path, number, exit_code):
    process = start(command(data, tmp_path / "run", "--epochs", 100_000, "--checkpoint-every", 5))
    wait_for(tmp_path / "run" / "checkpoint_epoch_5.pth", process)
    process.send_signal(number)
    _, errors = process.communicate(timeout=60)
    assert process.returncode == exit_code
    last = errors.decode().strip().splitlines()[-2:]
    newest = max((tmp_path / "run").glob("checkpoint_*.pth"), key=lambda path: int(path.stem.rpartition("_")[2]))
    assert f"Newest checkpoint: {newest}. Continue with: wgan-resampler train" in last[0]
    assert last[0].endswith("--resume")
    assert "stopped by" in last[1]
    assert (tmp_path / "run" / "training_history.json").exists()


def test_a_signal_before_the_first_checkpoint_is_one_line(data, tmp_path, monkeypatch, capsys):
    monkeypatch.setattr(
        "wgan_resampler.records.training_run.read_training_data", lambda *_: signal.raise_signal(signal.SIGTERM)
    )
    assert main(command(data, tmp_path / "run")) == 143
    assert capsys.readouterr().err == "wgan-resampler: stopped by SIGTERM\n"


@pytest.mark.slow
@pytest.mark.skipif(sys.platform == "win32", reason="signals are those of POSIX")
def test_killed_at_random_moments_the_result_is_that_of_an_uninterrupted_run(data, tmp_path):
    flags = ["--epochs", 400, "--checkpoint-every", 1, "--hidden-dim", 64, "--n-critic", 4]
    assert main(command(data, tmp_path / "whole", *flags)) == 0
    chance, n_kills = np.random.default_rng(0), 0

    def newest():
        return max((int(path.stem.rpartition("_")[2]) for path in (tmp_path / "run").glob("checkpoint_*")), default=0)

    while True:
        present = newest()
        process = start(command(data, tmp_path / "run", *flags, "--resume"))
        # Wait until this process has written something itself, so that the kill falls into its training.
        end = time.monotonic() + 120
        while process.poll() is None and newest() <= present:
            assert time.monotonic() < end
            time.sleep(0.01)
        time.sleep(chance.uniform(0.0, 0.15))
        if process.poll() is None and n_kills < 25:
            process.kill()
            process.communicate()
            n_kills += 1
            continue
        process.communicate(timeout=300)
        if process.returncode == 0:
            break
    assert n_kills >= 20
    assert_equal(final_states(tmp_path / "whole"), final_states(tmp_path / "run"))
    assert not list((tmp_path / "run").glob(".*.part"))
    assert (tmp_path / "whole" / "final_model.pth").read_bytes() == (tmp_path / "run" / "final_model.pth").read_bytes()


def test_the_hash_of_a_model_is_that_of_weights_and_encoder(data, tmp_path):
    first, second, other = (
        load_generator(train_in_folder(a_run(data, tmp_path / name, epochs=1, seed=seed)).model).model
        for name, seed in (("a", 0), ("b", 0), ("c", 1))
    )
    assert model_hash(first) == model_hash(second) != model_hash(other)


ODD = [None, -1, 2**70, 0.5, float("nan"), "x", [], {}, [{"epoch": "1"}], torch.zeros(2, 2)]


def test_a_checkpoint_with_odd_values_is_refused_or_continued(data, tmp_path):
    # bug: TypeError, AttributeError, KeyError and others came out of odd values under trainer, source and about
    train_in_folder(a_run(data, tmp_path / "run", epochs=1))
    path = tmp_path / "run" / "checkpoint_epoch_1.pth"
    good, chance = load_state(path), np.random.default_rng(0)
    places = [(top, key) for top in ("trainer", "source", "about") for key in good[top]]
    places += [("trainer", name, key) for name in ("generator_optimizer", "average") for key in good["trainer"][name]]
    for place in places:
        state = copy.deepcopy(good)
        holder = state
        for key in place[:-1]:
            holder = holder[key]
        holder[place[-1]] = ODD[chance.integers(len(ODD))]
        save_state(path, state)
        with contextlib.suppress(CheckpointError, InvalidParameterError):
            train_in_folder(a_run(data, tmp_path / "run", epochs=2, resume=True))
        (tmp_path / "run" / "checkpoint_epoch_2.pth").unlink(missing_ok=True)


WARNED = {
    "a thin class": ({"x": range(30)}, ["u"] * 28 + ["v"] * 2, ThinClassWarning),
    "an identifier": ({"x": [f"customer {i}" for i in range(60)]}, ["u", "u", "v"] * 20, IdentifierColumnWarning),
    "names of files": ({"x": [f"{i}.wav" for i in range(30)]}, ["u", "u", "v"] * 10, FileNameColumnWarning),
    "strings like numbers": ({"x": [*map(str, range(29)), "see note"]}, ["u", "v"] * 15, NumbersAsTextWarning),
    "a regression target": ({"x": range(30)}, [f"{i / 10}" for i in range(30)], ManyClassesWarning),
    "one class": ({"x": range(30)}, ["u"] * 30, SingleClassWarning),
}


@pytest.mark.parametrize(("columns", "classes", "category"), WARNED.values(), ids=WARNED)
def test_bug_training_in_a_folder_did_not_warn_of_doubtful_data(tmp_path, columns, classes, category):
    pd.DataFrame({**columns, "kind": classes}).to_csv(tmp_path / "data.csv", index=False)
    with pytest.warns(WGANResamplerWarning) as caught:
        train_in_folder(a_run(tmp_path / "data.csv", tmp_path / "out", target="kind", epochs=1, moment_start=False))
    assert [warning.category for warning in caught] == [category]
    assert caught[0].filename == __file__
