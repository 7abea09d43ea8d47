"""What `make bench` makes of its measurements; the measuring itself is no test."""

from __future__ import annotations

import json
import sys
from pathlib import Path

import pytest

BENCH = Path(__file__).resolve().parents[2] / "bench"


@pytest.fixture(autouse=True)
def bench_on_path(monkeypatch):
    monkeypatch.syspath_prepend(str(BENCH))
    yield
    for name in ("figures", "load"):
        sys.modules.pop(name, None)


REPORT = (
    'Running 1s test\nREPORT {"requests": 1000, "microseconds": 2000000, "refused": 30, "busy": 20, "broken": 4, '
    '"p50": 1500, "p99": 9000}\n'
)


def test_only_answers_with_200_count_and_503s_are_told_apart():
    from load import parse

    report = parse(REPORT)
    assert (report.answered, report.busy, report.failed) == (970, 20, 14)
    assert (report.per_second, report.p50_ms, report.p99_ms) == (485, 1.5, 9)


def test_an_output_without_a_report_is_an_error():
    from load import parse

    with pytest.raises(ValueError, match="unable to connect"):
        parse("unable to connect")


def test_the_ratio_is_the_median_over_the_rounds_and_not_that_of_the_medians():
    from figures import compare

    figure = compare("x", "peer", "ms", [(1, 1), (8, 4), (30, 10)], bar="<= 2.0")
    assert (figure.value, figure.of_peer, figure.ratio, figure.verdict) == (8, 4, 2, "yes")


def test_a_round_in_which_the_peer_answered_nothing_is_left_out():
    from figures import compare

    figure = compare("x", "peer", "/s", [(1, 0), (8, 4)])
    assert (figure.ratio, figure.rounds) == (2, 1)
    with pytest.raises(ValueError, match="quieter machine"):
        compare("x", "peer", "/s", [(1, 0)])


@pytest.mark.parametrize(("bar", "verdict"), [("<= 1.9", "no"), (">= 2.0", "yes"), (">= 2.1", "no"), ("", "")])
def test_a_bar_is_reached_or_not(bar, verdict):
    from figures import compare

    assert compare("x", "peer", "ms", [(2, 1)], bar=bar).verdict == verdict


def test_the_figures_are_a_table_and_a_json_file(tmp_path):
    from figures import compare, save, table

    figures = [compare("render", "helm create", "ms", [(200, 50)], bar="<= 5.0", note="noted")]
    cells = [cell.strip() for cell in table(figures).splitlines()[2].strip("|").split("|")]
    assert cells == ["render", "200", "helm create", "50", "ms", "4.00", "<= 5.0", "yes", "noted"]
    save(tmp_path / "build" / "bench.json", figures, {"helm": "v4"})
    saved = json.loads((tmp_path / "build" / "bench.json").read_text())
    assert saved["about"] == {"helm": "v4"}
    assert (saved["figures"][0]["ratio"], saved["figures"][0]["reached"]) == (4, "yes")
