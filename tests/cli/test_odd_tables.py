"""Typical tables of users in split, train, augment and compare. The original rows do not change."""

import codecs
import warnings

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from wgan_resampler.cli import main
from wgan_resampler.exceptions import WGANResamplerWarning

ROWS = np.random.default_rng(0).normal(size=(24, 2)).round(3).tolist()
CLASSES = ["01"] * 16 + ["NA"] * 8


def train_and_augment(folder, name, *flags, target="kind"):
    """Return the bytes of the file, and those of the augmented one."""
    table, model, out = folder / name, folder / "model", folder / f"out_{name}"
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", WGANResamplerWarning)
        shared = ["--target", target, *flags]
        small = ["--epochs", "1", "--hidden-dim", "8", "--device", "cpu"]
        assert main(["train", "--data", str(table), "--output", str(model), *shared, *small]) == 0
        files = ["--generator", str(model / "final_model.pth"), "--input", str(table), "--output", str(out)]
        assert main(["augment", *files, *shared, "--device", "cpu"]) == 0
    return table.read_bytes(), out.read_bytes()


# A row of the file for each kind of cell that a reader might change.
TEXTS = [
    "{x},01,{kind}",
    "{x},NA,{kind}",
    "{x},None,{kind}",
    '{x},"a, b",{kind}',
    "{x},2E03,{kind}",
    "{x},TRUE,{kind}",
    "{x},,{kind}",
    '{x},"",{kind}',
]


def lines(separator=",", decimal="."):
    texts = [
        TEXTS[i % len(TEXTS)].format(x=row[0], kind=kind)
        for i, (row, kind) in enumerate(zip(ROWS, CLASSES, strict=True))
    ]
    texts = ["x,code,kind", *texts]
    return (
        [text.replace("a, b", "a b").replace(".", decimal).replace(",", separator) for text in texts]
        if separator != ","
        else texts
    )


@pytest.mark.parametrize(
    ("name", "separator", "decimal", "encoding", "mark", "line_end"),
    [
        ("a.csv", ",", ".", "utf-8", b"", "\n"),
        ("a.tsv", "\t", ".", "utf-8", codecs.BOM_UTF8, "\r\n"),
        ("a.CSV", ";", ",", "utf-16-le", codecs.BOM_UTF16_LE, "\n"),
        ("a.data", "|", ".", "utf-8", b"", "\r"),
    ],
)
def test_the_bytes_of_the_original_rows_stay(tmp_path, name, separator, decimal, encoding, mark, line_end):
    content = lines(separator, decimal)
    (tmp_path / name).write_bytes(mark + line_end.join(content).encode(encoding))
    _, out = train_and_augment(tmp_path, name)
    marks = ["is_synthetic", *["False"] * 24]
    expected = "".join(f"{text}{separator}{mark}{line_end}" for text, mark in zip(content, marks, strict=True))
    assert out.startswith(mark + expected.encode(encoding))
    new = out[len(mark + expected.encode(encoding)) :].decode(encoding).split(line_end)[:-1]
    assert len(new) == 8
    assert all(row.endswith(f"{separator}NA{separator}True") for row in new)
    # New numbers have the decimals of the column.
    assert all(len(row.split(separator)[0].partition(decimal)[2]) <= 3 for row in new)


def test_a_class_is_called_as_the_file_spells_it(tmp_path, capsys):
    (tmp_path / "a.csv").write_text("\n".join(lines()))
    split = ["split", "--data", str(tmp_path / "a.csv"), "--target", "kind", "--output", str(tmp_path / "s.json")]
    assert main([*split, "--max-train", "01=5", "--test-size", "0.25"]) == 0
    assert "01" in capsys.readouterr().out


def test_flags_tell_how_a_file_is_written(tmp_path):
    content = "".join(f"{x};?;K\u00f6ln{kind}\n" for (x, _), kind in zip(ROWS, CLASSES, strict=True))
    (tmp_path / "a.csv").write_text(content, encoding="cp1252")
    flags = ["--separator", ";", "--encoding", "cp1252", "--missing", "?", "--no-header", "--decimal", "."]
    _, out = train_and_augment(tmp_path, "a.csv", *flags, target="2")
    assert out.startswith(content.replace("\n", ";False\n").encode("cp1252"))


def test_parquet_columns_stay_in_value_type_and_metadata(tmp_path):
    ids = pa.array([2**53 + i if i % 3 else None for i in range(24)], pa.int64())
    table = pa.table(
        {"x": [row[0] for row in ROWS], "id": ids, "kind": pa.array(CLASSES).dictionary_encode()},
        metadata={"made by": "me"},
    )
    pq.write_table(table, tmp_path / "a.parquet")
    train_and_augment(tmp_path, "a.parquet")
    out = pq.read_table(tmp_path / "out_a.parquet")
    assert out.slice(0, 24).select(table.column_names).equals(table, check_metadata=True)
    assert pa.types.is_int64(out.schema.field("id").type)
    assert out.num_rows == 32


def test_scores_are_those_of_the_original_rows_of_an_augmented_file(tmp_path):
    from wgan_resampler import compare_samplers

    rng = np.random.default_rng(0)
    lines = [f"{a},{b},{'rare' if i < 20 else 'common'}" for i, (a, b) in enumerate(rng.normal(size=(80, 2)).round(4))]
    (tmp_path / "noise.csv").write_text("\n".join(["a,b,target", *lines]))
    copies = "".join(f"{line},False\n" for line in lines) + "".join(f"{line},True\n" for line in lines[:20] * 3)
    (tmp_path / "noise_aug.csv").write_text("a,b,target,is_synthetic\n" + copies)
    scores = []
    for name in ("noise.csv", "noise_aug.csv"):
        with warnings.catch_warnings():
            warnings.simplefilter("ignore", WGANResamplerWarning)
            result = compare_samplers(
                {"noise": tmp_path / name}, ["none"], classifiers=["random_forest"], cv=2, verbose=0, scoring=["f1"]
            )
        scores.append(result.to_frame()["f1"].tolist())
    assert scores[0] == scores[1]
