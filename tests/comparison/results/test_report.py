import re
from html.parser import HTMLParser

import pytest
from comparison.browser import CHROMIUM, browser
from comparison.results_for_tests import ResultOf
from comparison.samplers import Failing

from wgan_resampler import compare_samplers

WIDTHS = {"desktop": (1280, 1600, False), "phone": (390, 844, True)}


@pytest.fixture(scope="module")
def page_path(two_classes, three_classes, mixed, tmp_path_factory):
    data = {"two": two_classes, "three": three_classes, "mixed <&>": mixed}
    samplers = {"none": None, "class_weight": "class_weight", "smote": "smote", "random_over": "random_over"}
    result = compare_samplers(
        data,
        {**samplers, "bad": Failing()},
        classifiers=["logistic_regression", "knn"],
        scoring=["balanced_accuracy", "brier"],
        cv=2,
        verbose=0,
    )
    path = tmp_path_factory.mktemp("report") / "report.html"
    result.to_html(path, title="Samplers <compared>")
    return path


class Reader(HTMLParser):
    def __init__(self):
        super().__init__()
        self.addresses, self.tags = [], []

    def handle_starttag(self, tag, attrs):
        self.tags.append(tag)
        self.addresses += [value for name, value in attrs if name in ("src", "href")]


def test_the_page_needs_nothing_else(page_path):
    text = page_path.read_text(encoding="utf-8")
    reader = Reader()
    reader.feed(text)
    assert all(address.startswith(("data:", "#")) for address in reader.addresses)
    assert not re.search(r"@import|url\((?!data:)|https?://", text)
    for anchor in (address for address in reader.addresses if address.startswith("#")):
        assert f'id="{anchor[1:]}"' in text
    assert reader.tags.count("img") == sum(tag == "details" for tag in reader.tags) * 3 - 9 + 2


def test_the_page_says_what_was_done_and_what_failed(page_path):
    text = page_path.read_text(encoding="utf-8")
    assert "Samplers &lt;compared&gt;" in text
    assert "mixed &lt;&amp;&gt;" in text
    assert "ValueError: no such rows" in text
    assert "Without class_weight" in text
    for fact in ("scikit-learn", "imbalanced-learn", "Seed (random_state)", "fingerprint", "random_state=0"):
        assert fact in text


def test_the_same_result_gives_the_same_page(page_path, two_classes, tmp_path):
    result = compare_samplers(two_classes, ["none"], classifiers=["knn"], scoring=["f1"], cv=2, verbose=0)
    result.to_html(tmp_path / "a.html")
    result.to_html(tmp_path / "b.html")
    assert (tmp_path / "a.html").read_bytes() == (tmp_path / "b.html").read_bytes()


@pytest.mark.skipif(CHROMIUM is None, reason="no Chromium is installed")
@pytest.mark.parametrize("width", WIDTHS)
def test_in_a_browser(page_path, tmp_path, width):
    pixels, height, mobile = WIDTHS[width]
    with browser() as page:
        page.open(page_path, pixels, height, mobile=mobile)
        page.screenshot(tmp_path / f"{width}.png")
        assert (tmp_path / f"{width}.png").stat().st_size > 20_000
        # Wide tables scroll, but the page does not scroll sideways.
        assert page.run("document.documentElement.scrollWidth") <= pixels
        pictures = "[...document.images].every(image => { image.loading = 'eager'; return true; })"
        assert page.run(pictures)
        page.run("document.querySelectorAll('details').forEach(details => details.open = true)")
        assert page.run("Promise.all([...document.images].map(image => image.decode())).then(() => 1) && 1") == 1
        table = "document.querySelector('details table')"
        column = f"[...{table}.tBodies[0].rows].map(row => row.cells[1].textContent)"
        values = []
        for expected in ("ascending", "descending"):
            page.run(f"{table}.querySelectorAll('thead button')[1].click()")
            assert page.run(f"{table}.querySelectorAll('thead th')[1].getAttribute('aria-sort')") == expected
            values.append([float(value) for value in page.run(column)])
        assert values[0] == sorted(values[0])
        assert values[1] == sorted(values[0], reverse=True)
        names = f"[...{table}.tBodies[0].rows].map(row => row.cells[0].textContent)"
        page.run(f"{table}.querySelectorAll('thead button')[0].click()")
        assert page.run(names) == sorted(page.run(names))
        # Empty cells stay last in both directions.
        for _ in range(2):
            page.run(f"{table}.querySelectorAll('thead button')[6].click()")
            assert page.run(f"[...{table}.tBodies[0].rows].at(-1).cells[6].textContent") == ""
        assert page.complaints == []
        assert [url for url in page.requests if not url.startswith(("data:", "file:"))] == []


def test_a_significant_sampler_is_named_where_its_median_effect_is_zero(tmp_path):
    """More than half of the data sets are ties, and the sampler loses on all others."""
    lost = 23
    scores = {(f"{data:02}", "none"): [0.5] for data in range(50)}
    scores |= {(f"{data:02}", "s"): [0.5 - 0.01 * (data < lost)] for data in range(50)}
    result = ResultOf()(scores)
    row = result.summary().set_index("sampler").loc["s"]
    assert row["p_holm"] < 0.05
    assert row["median_effect"] == 0
    result.to_html(tmp_path / "page.html")
    assert "significantly better no sampler; significantly worse s." in (tmp_path / "page.html").read_text()


def test_samplers_that_share_the_best_rank_are_all_named(tmp_path):
    ResultOf()({("a", name): [0.5] for name in ("none", "s")}).to_html(tmp_path / "page.html")
    assert "Best mean rank: none and s (1.50, on 1 dataset)." in (tmp_path / "page.html").read_text()
