"""CSV files: the values of their cells, and copies in which the original rows are unchanged."""

import io
import re
import warnings

import numpy as np
import pandas as pd
import pytest
from csv_examples import csv_files
from hypothesis import HealthCheck, assume, example, given, settings

from wgan_resampler.exceptions import DataFileError, DataFileWarning
from wgan_resampler.tables.files.csv_dialect import CsvOptions
from wgan_resampler.tables.files.new_rows import NewRows
from wgan_resampler.tables.files.table_files import open_table

SAFE = settings(suppress_health_check=[HealthCheck.function_scoped_fixture], deadline=None)


def read(folder, content, *columns, **options):
    path = folder / "x.csv"
    path.write_bytes(content if isinstance(content, bytes) else content.encode())
    return open_table(path, *columns, options=CsvOptions(**options))


def copied(table, target, donors=(0,), **features):
    """Return a copy of the file with new rows: those of the donors, with some features replaced."""
    donors = np.array(donors, dtype=np.intp)
    rows = table.frame.drop(columns=[target, "is_synthetic"], errors="ignore").take(donors).reset_index(drop=True)
    file = io.BytesIO()
    table.write_with(file, NewRows(rows.assign(**features), target, donors))
    return file.getvalue()


@given(csv_files())
@example(
    (b'"\r",the class\n"",NA', b'"\r",the class,is_synthetic\n"",NA,False\n', ",", [["\r", "the class"], ["", "NA"]])
)
@SAFE
def test_the_original_rows_are_copied_byte_for_byte(tmp_path, drawn):
    content, marked, separator, cells = drawn
    assume(cells[0].count("the class") == 1)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", DataFileWarning)
        try:
            table = read(tmp_path, content, "the class", separator=separator)
        except DataFileError as error:
            assume("header of several rows" not in str(error))
            raise
    # Words among numbers are missing values, also in the column of the classes.
    classes = [None if word else row[-1] for row, word in zip(cells[1:], table.frame["the class"].isna(), strict=True)]
    assert table.spelled("the class").tolist() == classes
    copy = copied(table, "the class", [0, len(cells) - 2])
    assert copy.startswith(marked)
    # The copy holds two rows more, and is read as the same table.
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", DataFileWarning)
        again = read(tmp_path, copy, "the class", separator=separator)
    assert again.frame["is_synthetic"].tolist() == [False] * len(table.frame) + [True] * 2
    assert again.spelled("the class").tolist() == [*classes, classes[0], classes[-1]]
    # The new rows have the values of the rows that they were made from.
    expected = table.frame.take([*range(len(table.frame)), 0, len(table.frame) - 1]).reset_index(drop=True)
    pd.testing.assert_frame_equal(again.frame.drop(columns="is_synthetic"), expected, check_exact=True)


# The columns of a file and their cells, its options, what it means, and the first two rows written anew.
WRITINGS = {
    "leading zeros": (["01", "007"], {}, ["01", "007"], ["01", "007"]),
    "hexadecimal codes": (["0x10", "0x2f"], {}, ["0x10", "0x2f"], ["0x10", "0x2f"]),
    "words that are no numbers": (["NA", "None"], {}, ["NA", "None"], ["NA", "None"]),
    "booleans": (["TRUE", "FALSE"], {}, ["TRUE", "FALSE"], ["TRUE", "FALSE"]),
    "integers beside a missing value": (["23", ""], {}, [23, None], ["23", ""]),
    "identifiers beside a missing value": (["9007199254740993", ""], {}, [2**53 + 1, None], ["9007199254740993", ""]),
    "integers above int64": (["18446744073709551615", "1"], {}, [2**64 - 1, 1], ["18446744073709551615", "1"]),
    "integers above 64 bits": (["18446744073709551616", "A"], {}, ["18446744073709551616", "A"], None),
    "fixed decimals": (["1.10", "2.25"], {}, [1.1, 2.25], ["1.10", "2.25"]),
    "exponents": (["2E+03", "1E+02"], {}, [2000.0, 100.0], ["2E+03", "1E+02"]),
    "decimal commas": (['"1,5"', '"12,25"'], {}, [1.5, 12.25], ['"1,5"', '"12,25"']),
    "decimal commas, told": (['"1,500"', '"2,250"'], {"decimal": ","}, [1.5, 2.25], ['"1,500"', '"2,250"']),
    "thousands": (['"4,118"', '"69,441"'], {}, [4118, 69441], ['"4,118"', '"69,441"']),
    "thousands and decimals": (["1'234.50", "7.00"], {}, [1234.5, 7.0], ["1'234.50", "7.00"]),
    "currency": (["$1.50", "$-2.25"], {}, [1.5, -2.25], None),
    "currency, without negative numbers": (["$1.50", "$2.25"], {}, [1.5, 2.25], None),
    "currency of letters": (["USD 1.50", "USD 12.00"], {}, [1.5, 12.0], None),
    "currency of letters and a sign": (['"R$ 1,50"', '"-R$ 12,00"'], {}, [1.5, -12.0], None),
    "brackets around negative numbers": (['"1,234.50"', "(2.00)"], {}, [1234.5, -2.0], None),
    "the accounts of Excel": (['" $ 1,234.50 "', '" $ (2.00)"'], {}, [1234.5, -2.0], None),
    "the accounts of Excel, brackets at the sign": (['" $ 1,234.50 "', '" $(2.00)"'], {}, [1234.5, -2.0], None),
    "brackets around all numbers": (["(1)", "(2)"], {}, ["(1)", "(2)"], None),
    "a typographic minus": (["\u22122.5", "1.0"], {}, [-2.5, 1.0], None),
    "plus signs": (["+17", "-3"], {}, [17, -3], None),
    "plus signs and 17 digits": (["+49171123456789013", "+1"], {}, [49171123456789013, 1], None),
    "a unit": (["5 kg", "12 kg"], {}, [5, 12], None),
    "degrees": (["21.5°C", "-3.0°C"], {}, [21.5, -3.0], None),
    "several units": (["5 kg", "12 g"], {}, ["5 kg", "12 g"], None),
    "codes that end in a letter": (["2WD", "4WD"], {}, ["2WD", "4WD"], None),
    "percent": (["12 %", "3 %"], {}, [12, 3], ["12 %", "3 %"]),
    "spaces around numbers": ([" 1", " 2"], {}, [1, 2], None),
    "other spaces around each number": ([" 1", "2"], {}, [1, 2], ["1", "2"]),
    "some decimals": (["1.0", "2.25"], {}, [1.0, 2.25], None),
    "no zero before the mark": ([".5", "-.25"], {}, [0.5, -0.25], None),
    "exponents of one digit": (["2E3", "15E-2"], {}, [2000.0, 0.15], ["2E3", "1.5E-1"]),
    "some exponents": (["7.293e+07", "0.5"], {}, [72930000.0, 0.5], None),
    "integers beyond 64 bits": (["18446744073709551616", "36893488147419103232"], {}, [2.0**64, 2.0**65], None),
    "spaces around strings": ([" a", "a "], {}, [" a", "a "], [" a", "a "]),
    "quoted strings": (['"a"', '"b"'], {}, ["a", "b"], ['"a"', '"b"']),
    "quotes in strings": (['"a ""b"""', "c"], {}, ['a "b"', "c"], ['"a ""b"""', "c"]),
    "a told word": (["x", "none"], {"missing": ("none",)}, ["x", None], ["x", "none"]),
    "numbers of two writings": (["$5", "5%"], {}, ["$5", "5%"], ["$5", "5%"]),
}


@pytest.mark.parametrize(("cells", "options", "meaning", "written"), WRITINGS.values(), ids=WRITINGS.keys())
def test_cells_mean_what_they_say_and_new_ones_are_written_alike(tmp_path, cells, options, meaning, written):
    table = read(tmp_path, "x,t\n" + "".join(f"{cell},a\n" for cell in cells), "t", **options)
    found = table.frame["x"]
    assert [value for value, is_gone in zip(found, found.isna(), strict=True) if not is_gone] == [
        value for value in meaning if value is not None
    ]
    assert found.isna().tolist() == [value is None for value in meaning]
    rows = copied(table, "t", [0, 1]).decode().splitlines()[-2:]
    assert rows == [f"{cell},a,True" for cell in written or cells]


DATES = {
    "days": ["2020-01-31", "1999-12-01"],
    "seconds": ["2020-01-31 23:59:59", "2021-02-01 00:00:00"],
    "minutes of ISO 8601": ["2020-01-31T12:30Z", "2021-02-01T00:00Z"],
    "milliseconds": ["2020-01-31T12:30:15.123", "2021-02-01T00:00:00.000"],
    "day first": ["31.01.2020", "01.02.2020"],
    "month first": ["01/31/2020", "12/01/2020"],
    "year first": ["2020/01/31", "2020/12/01"],
    "day first, with minutes": ["31-01-2020 12:30", "01-02-2020 00:00"],
}


@pytest.mark.parametrize("cells", DATES.values(), ids=DATES.keys())
def test_dates_are_dates_and_new_ones_are_written_alike(tmp_path, cells):
    table = read(tmp_path, "x,t\n" + "".join(f"{cell},a\n" for cell in [*cells, ""]), "t")
    assert table.frame["x"].dtype.kind == "M"
    assert table.frame["x"].isna().tolist() == [False, False, True]
    assert table.frame["x"].dt.year.tolist()[0] == 2020
    rows = copied(table, "t", [0, 1, 2]).decode().splitlines()[-3:]
    assert rows == [f"{cell},a,True" for cell in [*cells, ""]]


@pytest.mark.parametrize("cell", ["2020-1-5", "01/02/2020", "2020-13-01", "2020-02-30", "192.168.1.1", "1234-56-7890"])
def test_what_could_be_another_date_or_none_is_a_string(tmp_path, cell):
    assert read(tmp_path, f"x,t\n{cell},a\n", "t").frame["x"].tolist() == [cell]


@pytest.mark.parametrize(
    "word", ["NA", "n/a", "?", "-", " ", "NULL", "nan", "#N/A", ".", r"\N", "#DIV/0!", "n.a.", "#NV", ".A"]
)
def test_a_word_among_numbers_is_missing_and_said_aloud(tmp_path, word):
    with pytest.warns(DataFileWarning, match=f"missing values: {re.escape(repr(word))} in column 'x'"):
        table = read(tmp_path, f"x,t\n1.5,a\n{word},b\n", "t")
    assert table.frame["x"].isna().tolist() == [False, True]
    assert copied(table, "t", [1]).decode().splitlines()[-1] == f"{word},b,True"


@pytest.mark.filterwarnings("ignore::wgan_resampler.exceptions.DataFileWarning")
@pytest.mark.parametrize(
    ("content", "separator", "columns"),
    [
        ("a;b;c\n1,5;2,5;x\n", ";", ["a", "b", "c"]),
        ("a\tb\n1\t2\n", "\t", ["a", "b"]),
        ("a|b\n1|2\n", "|", ["a", "b"]),
        ("a;b\n0,5;1\n", ";", ["a", "b"]),
        ("a;b\n0,5;1\n;1\n", ";", ["a", "b"]),
        ("a,b\n1;2,2\n", ",", ["a", "b"]),
        ("a,b\nid,1,2\n", ",", ["a", "b"]),
        ("a\nx\n", ",", ["a"]),
        ('"a;b";"c,d"\n1;2\n', ";", ["a;b", "c,d"]),
    ],
)
def test_the_separator_is_found(tmp_path, content, separator, columns):
    table = read(tmp_path, content)
    assert table.dialect.separator == separator
    assert list(table.frame.columns) == columns


def test_row_names_are_no_feature_and_go_on(tmp_path):
    with pytest.warns(DataFileWarning, match="one cell more than the header"):
        named = read(tmp_path, "a,t\nid1,1.5,x\nid2,2.5,y\n", "t")
    assert named.frame.to_dict("list") == {"a": [1.5, 2.5], "t": ["x", "y"]}
    assert copied(named, "t").decode() == "a,t,is_synthetic\nid1,1.5,x,False\nid2,2.5,y,False\n3,1.5,x,True\n"
    counted = read(tmp_path, ",a,t\n7,1.5,x\n9,2.5,y\n", "t")
    assert list(counted.frame.columns) == ["a", "t"]
    assert copied(counted, "t").decode().splitlines()[-1] == "10,1.5,x,True"


def test_a_column_without_a_name_whose_values_repeat_is_a_feature(tmp_path):
    assert list(read(tmp_path, ",t\n1,x\n1,y\n", "t").frame.columns) == ["", "t"]


def test_bug_a_column_without_a_name_could_not_be_the_target(tmp_path):
    table = read(tmp_path, ",a\nx,1\ny,2\n", "")
    assert table.frame.to_dict("list") == {"": ["x", "y"], "a": [1, 2]}


def test_rows_that_end_in_a_separator_keep_it(tmp_path):
    table = read(tmp_path, "a,t\n1,x,\n2,y,\n", "t")
    assert table.frame["a"].tolist() == [1, 2]
    assert copied(table, "t").decode() == "a,t,,is_synthetic\n1,x,,False\n2,y,,False\n1,x,,True\n"


def test_repeated_names_stay(tmp_path):
    table = read(tmp_path, "a,a,t\n1,x,y\n", "t")
    assert list(table.frame.columns) == ["a", "a.1", "t"]
    assert copied(table, "t").decode() == "a,a,t,is_synthetic\n1,x,y,False\n1,x,y,True\n"
    with pytest.raises(DataFileError, match="several columns of the name 'a'"):
        read(tmp_path, "a,a,t\n1,x,y\n", "a")


def test_a_file_without_a_header(tmp_path):
    table = read(tmp_path, "1;x\n2;y\n", "1", header=False)
    assert table.frame.to_dict("list") == {"0": [1, 2], "1": ["x", "y"]}
    assert copied(table, "1").decode() == "1;x;False\n2;y;False\n1;x;True\n"


@pytest.mark.parametrize("start", ["feature,a,a\nnumber,01,02\ntrack_id,,\n", ",track,track\n,len,set\nid,,\n"])
def test_a_header_of_several_rows_is_refused_as_that(tmp_path, start):
    with pytest.raises(DataFileError, match="header of several rows"):
        read(tmp_path, start + "".join(f"{i},1.5,2\n" for i in range(5)))


@pytest.mark.filterwarnings("ignore::wgan_resampler.exceptions.DataFileWarning")
@pytest.mark.parametrize("word", ["NA", "?", "unknown", "#N/A", "<5", "x"])
def test_bug_a_word_in_the_first_row_was_taken_for_a_second_header(tmp_path, word):
    table = read(tmp_path, f"age,city,t\n{word},Rome,a\n" + "1,Rome,b\n2,Oslo,a\n" * 5, "t")
    assert len(table.frame) == 11


def test_a_header_of_several_rows_above_missing_values_is_refused_as_that(tmp_path):
    rows = "".join(f"{i},NA,a\n{i}.5,,b\n" for i in range(5))
    with pytest.raises(DataFileError, match="header of several rows"):
        read(tmp_path, "age,length,t\nyears,cm,\n" + rows, "t")


def test_bug_a_first_number_in_brackets_was_taken_for_a_second_header(tmp_path):
    assert read(tmp_path, "x,t\n(2),a\n" + "1,b\n" * 5, "t").frame["x"].tolist() == [-2, 1, 1, 1, 1, 1]


def test_empty_lines_stay(tmp_path):
    table = read(tmp_path, "\n\na,t\n\n1,x\n\n2,y\n\n", "t")
    assert copied(table, "t").decode() == ("\n\na,t,is_synthetic\n\n1,x,False\n\n2,y,False\n\n1,x,True\n")


def test_the_mark_of_a_file_that_has_one_is_kept_in_its_writing(tmp_path):
    table = read(tmp_path, "is_synthetic,a,t\nFALSE,1,x\nFALSE,2,y\n", "t")
    assert table.frame["is_synthetic"].tolist() == [False, False]
    assert copied(table, "t").decode().splitlines()[1:] == ["FALSE,1,x", "FALSE,2,y", "TRUE,1,x"]


@pytest.mark.parametrize("false", ["FALSE", "0", "0.0", "no", "N", "f"])
@pytest.mark.parametrize("name", ["is_synthetic", "IS_SYNTHETIC", "Is Synthetic", "is.synthetic"])
def test_the_mark_is_known_in_other_spellings(tmp_path, name, false):
    table = read(tmp_path, f"{name},a,t\n{false},1,x\n{false},2,y\n", "t")
    assert table.frame["is_synthetic"].tolist() == [False, False]
    true = copied(table, "t").decode().splitlines()[-1].partition(",")[0]
    assert read(tmp_path, f"{name},a,t\n{false},1,x\n{true},2,y\n", "t").frame["is_synthetic"].tolist() == [False, True]


def test_the_line_by_which_excel_knows_the_separator_stays(tmp_path):
    table = read(tmp_path, "\ufeffsep=|\r\na|t\r\n1|x;\r\n2|y;\r\n", "t")
    assert table.frame.to_dict("list") == {"a": [1, 2], "t": ["x;", "y;"]}
    assert copied(table, "t").decode() == (
        "\ufeffsep=|\r\na|t|is_synthetic\r\n1|x;|False\r\n2|y;|False\r\n1|x;|True\r\n"
    )


def test_missing_words_of_r_stay_without_quotes(tmp_path):
    table = read(tmp_path, 'sex,t\n"M","x"\nNA,"y"\n', "t")
    assert copied(table, "t", [0, 1]).decode().splitlines()[-2:] == ['"M","x","True"', 'NA,"y","True"']
    quoted = read(tmp_path, 'sex,t\n"M","x"\n"","y"\n"NA","y"\n', "t")
    assert copied(quoted, "t", [1, 2]).decode().splitlines()[-2:] == ['"","y","True"', '"NA","y","True"']


def test_a_class_that_is_a_missing_word_is_missing(tmp_path):
    told = read(tmp_path, "a,t\n1,x\n2,None\n", "t", missing=("None",))
    assert told.spelled("t").tolist() == ["x", None]
    with pytest.warns(DataFileWarning, match="'NA' in column 't'"):
        assert read(tmp_path, "a,t\n1,0\n2,NA\n", "t").spelled("t").tolist() == ["0", None]
    assert read(tmp_path, "a,t\n1,x\n2,None\n", "t").spelled("t").tolist() == ["x", "None"]


def test_cells_of_more_characters_than_the_csv_module_allows_are_read(tmp_path):
    cell = "word, " * 30_000
    table = read(tmp_path, f'a,t\n"{cell}",x\n', "t")
    assert table.frame["a"].tolist() == [cell]
    assert copied(table, "t").decode().endswith(f'"{cell}",x,True\n')


@pytest.mark.parametrize("rows", ["1,5;01\n2,5;02\n", "1,5;2,5\n-3,0;1.200,5\n", "1,5 €;x\n$2,5;y\n"])
def test_decimal_commas_are_no_separators_without_a_header(tmp_path, rows):
    assert read(tmp_path, rows, header=False).dialect.separator == ";"
    assert read(tmp_path, "1,a;b\n2,c;d\n", header=False).dialect.separator == ","


def test_a_first_line_without_names_is_to_be_removed(tmp_path):
    with pytest.raises(DataFileError, match=r"begins with a line that holds no names: '# made in March'. Remove this"):
        read(tmp_path, "# made in March\na;b;c\n1;2;3\n")


def test_cells_with_spaces_between_them(tmp_path):
    table = read(tmp_path, '"a" "t"\n1.5 "x y"\n2.5 "z"\n', "t")
    assert table.frame.to_dict("list") == {"a": [1.5, 2.5], "t": ["x y", "z"]}
    assert copied(table, "t").decode().splitlines()[-1] == '1.5 "x y" True'
    assert read(tmp_path, "A11 6 1 \nA12 48 2 \n", "2", header=False).frame["1"].tolist() == [6, 48]
    with pytest.raises(DataFileError, match=r"several spaces between its cells.*read_csv\('x.csv', sep=r'\\s\+'\)"):
        read(tmp_path, "ADT1  0.58 CYT\nADT2 0.43  MIT\n", "2", header=False)


def test_other_encodings_are_told_and_named(tmp_path):
    content = "a,t\nKöln,x\n".encode("cp1252")
    with pytest.raises(DataFileError, match=r"not encoded in utf-8 \(byte 5\).*encoding=cp1252"):
        read(tmp_path, content, "t")
    table = read(tmp_path, content, "t", encoding="cp1252")
    assert table.frame["a"].tolist() == ["Köln"]
    assert copied(table, "t") == "a,t,is_synthetic\nKöln,x,False\nKöln,x,True\n".encode("cp1252")


def test_utf_16_without_a_mark_is_named(tmp_path):
    content = "a,t\n1,x\n".encode("utf-16-le")
    with pytest.raises(DataFileError, match="encoding=utf-16-le"):
        read(tmp_path, content, "t")
    assert read(tmp_path, content, "t", encoding="utf-16-le").frame["a"].tolist() == [1]


def test_bytes_that_are_not_text_are_refused_wherever_they_are(tmp_path):
    content = b"a,t\n" + b"1,x\n" * 100_000 + b"\xff,x\n"
    with pytest.raises(DataFileError, match="not encoded in utf-8"):
        read(tmp_path, content, "t")


def test_a_file_that_changes_while_it_is_augmented_is_named(tmp_path):
    table = read(tmp_path, "a,t\n1,x\n2,y\n", "t")
    (tmp_path / "x.csv").write_text("a,t\n1,x\n")
    with pytest.raises(DataFileError, match="had 2 rows when it was read, and has 1 now"):
        copied(table, "t")


def test_columns_that_new_rows_lack_are_missing_there(tmp_path):
    table = read(tmp_path, "a,group,t\n1,7,x\n2,8,y\n", "t")
    features, file = table.frame[["a"]].take([0]), io.BytesIO()
    table.write_with(file, NewRows(features, "t", np.array([0])))
    assert file.getvalue().decode().splitlines()[1:] == ["1,7,x,False", "2,8,y,False", "1,,x,True"]


@pytest.mark.parametrize("size", [100, 5000])
def test_a_sample_that_ends_inside_a_cell_tells_the_writing(tmp_path, size):
    # The first bytes of the file, from which its dialect is detected, end inside a cell of several lines.
    cell = "word, and a line\n" * size
    text = "a;b\n" + "".join(f'{i};"{cell}"\n' for i in range(400))
    table = read(tmp_path, text, "b")
    assert table.dialect.separator == ";"
    assert len(table.frame) == 400
    assert copied(table, "b").decode().startswith(text.replace('"\n', '";False\n').replace("a;b", "a;b;is_synthetic"))
