import argparse
import json

import pandas as pd
import pytest

from wgan_resampler import compare_samplers
from wgan_resampler.cli import compare, main
from wgan_resampler.exceptions import ComparisonStoreError, InvalidParameterError


@pytest.fixture
def files(tmp_path):
    from sklearn.datasets import make_classification

    paths = []
    for seed in (0, 1):
        X, y = make_classification(n_samples=90, n_features=4, weights=[0.7], random_state=seed)
        frame = pd.DataFrame(X, columns=list("abcd")).assign(kind=y)
        paths.append(tmp_path / f"set{seed}.csv.gz")
        frame.to_csv(paths[-1], index=False)
    return [str(path) for path in paths]


def call(*arguments):
    parser = argparse.ArgumentParser()
    compare.add_parser(parser.add_subparsers())
    args = parser.parse_args(["compare", *arguments])
    return args.run(args)


def options(folder, *more):
    return [
        "--target",
        "kind",
        "--classifiers",
        "knn,decision_tree",
        "--cv",
        "2",
        "--output",
        str(folder),
        "--quiet",
        *more,
    ]


def test_files_in_results_summary_and_report_out(files, tmp_path, capsys):
    out = tmp_path / "out"
    assert call(*files, *options(out), "--samplers", "none, smote", "--scoring", "f1,roc_auc") == 0
    *written, last = capsys.readouterr().out.splitlines()
    assert written == [str(out / name) for name in ("results.parquet", "summary.csv", "report.html")]
    assert last == (
        f"Next: wgan-resampler train --data {files[0]} --target kind --output {tmp_path}/model --preset tuned"
    )
    frame = pd.read_parquet(out / "results.parquet")
    expected = compare_samplers(
        files,
        ["none", "smote"],
        classifiers=["knn", "decision_tree"],
        scoring=["f1", "roc_auc"],
        cv=2,
        target="kind",
        verbose=0,
    ).to_frame()
    assert frame["dataset"].unique().tolist() == ["set0", "set1"]
    pd.testing.assert_frame_equal(frame[["f1", "roc_auc"]], expected[["f1", "roc_auc"]])


def test_rows_of_a_group_stay_together(files, tmp_path):
    table = pd.read_csv(files[0])
    # If the group were a column of the table, it would reveal the class.
    table["who"] = [f"{kind}-{row // 6}" for row, kind in enumerate(table["kind"])]
    table.to_csv(tmp_path / "grouped.csv", index=False)
    path = str(tmp_path / "grouped.csv")
    assert call(path, *options(tmp_path / "out"), "--samplers", "none", "--scoring", "f1", "--groups", "who") == 0
    frame = pd.read_parquet(tmp_path / "out" / "results.parquet")
    data = {"grouped": (table.drop(columns=["kind", "who"]), table["kind"], table["who"])}
    expected = compare_samplers(
        data, ["none"], classifiers=["knn", "decision_tree"], scoring=["f1"], cv=2, verbose=0
    ).to_frame()
    pd.testing.assert_frame_equal(frame[["dataset", "n_train", "f1"]], expected[["dataset", "n_train", "f1"]])
    facts = json.loads((tmp_path / "out" / "run.json").read_text())
    assert facts["datasets"][0]["grouped"]
    assert facts["datasets"][0]["numeric_columns"] == 4
    assert facts["datasets"][0]["categorical_columns"] == 0


def test_a_second_run_resumes_only_when_told(files, tmp_path, capsys):
    out = options(tmp_path / "out", "--format", "csv", "--scoring", "f1")
    assert call(*files, *out, "--samplers", "none") == 0
    with pytest.raises(ComparisonStoreError, match="resume=True"):
        call(*files, *out, "--samplers", "none")
    assert main(["compare", *files, *out, "--samplers", "none"]) == 1
    assert "Continue with them (--resume)" in capsys.readouterr().err
    lines = (tmp_path / "out" / "cells.jsonl").read_text()
    assert call(*files, *out, "--samplers", "none", "--resume") == 0
    assert (tmp_path / "out" / "cells.jsonl").read_text() == lines
    assert len(pd.read_csv(tmp_path / "out" / "results.csv")) == 8


def test_what_is_refused_is_said(files, tmp_path):
    with pytest.raises(InvalidParameterError, match="no sampler 'smoat'"):
        call(*files, *options(tmp_path / "out"), "--samplers", "smoat")
    assert not (tmp_path / "out").exists()


def test_failing_cells_are_reported_and_are_no_failure(files, tmp_path, capsys):
    assert call(files[0], *options(tmp_path / "out"), "--samplers", "none,kmeans_smote", "--scoring", "f1") == 0
    frame = pd.read_parquet(tmp_path / "out" / "results.parquet")
    failed = int(frame["error"].notna().sum())
    assert (f"{failed} of {len(frame)} fits failed" in capsys.readouterr().out) == bool(failed)
