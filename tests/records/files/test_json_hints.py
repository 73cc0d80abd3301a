"""JSON files of other layouts or with other keys: what to do with them."""

import contextlib
import json
import shlex

import pytest
from hypothesis import HealthCheck, given, settings, strategies as st

from wgan_resampler.exceptions import DataFileError
from wgan_resampler.records.files.json_hints import other_layout, renaming
from wgan_resampler.records.files.json_records import read_records
from wgan_resampler.records.files.labelled_data import read_labelled

TWO = {"features": [[1.0, 2.0], [3.0, 4.0]], "labels": [1, 0], "mapping": ["jazz", "rock"]}
ROWS = [{"loudness": 0.5, "code": "01", "genre": "jazz"}, {"loudness": 2.0, "code": "02", "genre": "rock"}]
VECTORS = [{"mfcc": [1.5, 2.5], "genre": "jazz"}, {"mfcc": [3.5, 4.5], "genre": "rock"}]


def message_for(path, content):
    path.write_text(content if isinstance(content, str) else json.dumps(content))
    with pytest.raises(DataFileError) as caught:
        read_records(path)
    return str(caught.value)


@pytest.mark.parametrize(
    ("right", "wrong", "hint"),
    [
        ("features", "MFCCs", "There is no key 'features' or 'mfcc', but 'MFCCs'. Rename it to 'mfcc'."),
        ("features", "MFCC", "but 'MFCC'. Rename it to 'mfcc'."),
        ("features", "mfccs", "but 'mfccs'. Rename it to 'mfcc'."),
        ("features", "feature", "but 'feature'. Rename it to 'features'."),
        ("features", "Features", "but 'Features'. Rename it to 'features'."),
        ("features", "feautres", "but 'feautres'. Rename it to 'features'."),
        ("features", "X", "but 'X'. Rename it to 'features'."),
        ("features", "data", "but 'data'. Rename it to 'features'."),
        ("labels", "label", "There is no key 'labels', but 'label'. Rename it."),
        ("labels", "LABELS", "but 'LABELS'. Rename it."),
        ("labels", "lables", "but 'lables'. Rename it."),
        ("labels", "targets", "but 'targets'. Rename it."),
        ("labels", "genres", "There is no key 'labels', but 'genres'. Rename it."),
        ("mapping", "mappings", "There is no key 'mapping', but 'mappings'. Rename it."),
        ("mapping", "Mapping", "but 'Mapping'. Rename it."),
        ("mapping", "genres", "There is no key 'mapping', but 'genres'. Rename it."),
        ("mapping", "class_names", "but 'class_names'. Rename it."),
    ],
)
def test_a_key_of_another_name_is_to_be_renamed(tmp_path, right, wrong, hint):
    content = {wrong if key == right else key: value for key, value in TWO.items()}
    assert hint in message_for(tmp_path / "data.json", {"files": ["a", "b"], **content})


def test_all_keys_to_rename_are_named_at_once(tmp_path):
    content = dict(zip(("MFCCs", "label", "genres"), TWO.values(), strict=True))
    message = message_for(tmp_path / "data.json", content)
    assert message.count("Rename it") == 3
    renamed = {"mfcc": [[[1, 2]], [[3, 4]]], "labels": content["label"], "mapping": content["genres"]}
    (tmp_path / "data.json").write_text(json.dumps(renamed))
    assert len(read_records(tmp_path / "data.json").records) == 2


def test_a_key_is_not_taken_for_another_one_whose_values_it_cannot_hold():
    assert renaming("labels", {"genres": ["jazz"]}) is None
    assert renaming("mapping", {"genres": [0]}) is None
    assert renaming("features", {"feature": "mfcc"}) is None


def test_without_a_similar_key_the_keys_are_listed(tmp_path):
    message = message_for(tmp_path / "data.json", {"features": [[1]], "labels": [0], "zzz": 1})
    assert "has no key 'mapping', but a file of records is one object" in message
    assert "Its keys: 'features', 'labels', 'zzz'." in message


def as_lines(rows):
    return "".join(f"{json.dumps(row)}\n" for row in rows)


LAYOUTS = {
    "list of objects": ("songs.json", json.dumps(ROWS)),
    "list of objects with vectors": ("songs.json", json.dumps(VECTORS)),
    "JSON lines": ("songs.jsonl", as_lines(ROWS)),
    "JSON lines of vectors": ("songs.ndjson", as_lines(VECTORS)),
    "JSON lines in a file named .json": ("my songs.json", as_lines(ROWS)),
    "one line": ("songs.jsonl", as_lines(ROWS[:1])),
    "columns as pandas writes them": ("songs.json", json.dumps({k: {"0": v} for k, v in ROWS[0].items()})),
    "columns as lists": ("songs.json", json.dumps({key: [value] for key, value in ROWS[0].items()})),
}


@pytest.mark.parametrize(("name", "content"), LAYOUTS.values(), ids=LAYOUTS.keys())
def test_a_table_in_json_is_converted_by_the_command_of_the_message(tmp_path, name, content, monkeypatch):
    message = message_for(tmp_path / name, content)
    assert "but a file of records is one object with 'features' or 'mfcc', 'labels' and 'mapping'" in message
    program, option, code = shlex.split(message.partition("Convert it to a table: ")[2].removesuffix("."))
    assert (program, option) == ("python", "-c")
    monkeypatch.chdir(tmp_path)
    exec(code, {})  # noqa: S102 - in this process, as pandas takes long to import
    table = read_labelled(tmp_path / name.replace(name.rpartition(".")[2], "csv"), target="genre")
    assert table.names.tolist()[0] == "jazz"
    assert table.samples.iloc[0, 0] == (0.5 if "loudness" in content else 1.5)


def test_a_list_of_lists_is_refused(tmp_path):
    assert "holds a list, but a file of records is one object" in message_for(tmp_path / "data.json", [[1, 2]])


def test_a_file_of_records_that_is_only_damaged_is_not_taken_for_another_layout(tmp_path):
    path = tmp_path / "data.json"
    path.write_text(json.dumps(TWO, indent=4)[:-10])
    assert other_layout(path) is None


@given(st.text(max_size=30) | st.text('[]{}",:\n1 ', max_size=30), st.sampled_from(["x.json", "x.jsonl"]))
@settings(suppress_health_check=[HealthCheck.function_scoped_fixture], deadline=None)
def test_any_text_gets_an_answer(tmp_path, text, name):
    (tmp_path / name).write_text(text, encoding="utf-8", errors="surrogatepass")
    with contextlib.suppress(DataFileError):
        assert len(other_layout(tmp_path / name) or "x\n".strip()) > 0
