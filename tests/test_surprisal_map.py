"""helpers.surprisal_map: what stands on the page, and what is said without colours."""

import re
from html.parser import HTMLParser

import numpy as np
import pytest

from helpers.surprisal_map import STRONGEST, SurprisalMap, visible

PIECES = [b"Is", b" this", b" <a>", b"\n", "é".encode()[:1]]
PRICES = [12.04, 0.5, 5.0, 0.0, np.inf]


class Reader(HTMLParser):
    """The words of a page, the grounds that they stand on, and tags that are open."""

    def __init__(self, page):
        super().__init__()
        self.words, self.grounds, self.open = [], [], []
        self.feed(page)

    def handle_starttag(self, tag, attributes):
        if tag != "br":
            self.open.append(tag)
        if found := re.search(r"rgb\(213 94 0 / ([\d.]+)\)", dict(attributes).get("style", "")):
            self.grounds.append(float(found[1]))

    def handle_endtag(self, tag):
        assert self.open.pop() == tag

    def handle_data(self, data):
        self.words.append(data)


def test_each_token_is_followed_by_its_price_and_stands_on_a_ground_of_its_strength():
    page = Reader(SurprisalMap(PIECES, PRICES)._repr_html_())
    assert page.words == ["Is", "12.0", " this", "0.5", " <a>", "5.0", "⏎", "0.0", "\\xc3", "inf"]
    assert page.grounds == pytest.approx([STRONGEST, 0.025, STRONGEST / 2, 0, STRONGEST], abs=0.006)
    assert page.open == []


def test_a_line_break_of_the_text_breaks_the_map():
    page = SurprisalMap(PIECES, PRICES)._repr_html_()
    assert page.count("<br>") == 1
    assert "⏎" in page.split("<br>")[0]


def test_without_colours_it_is_a_list():
    assert repr(SurprisalMap(PIECES[:2], PRICES[:2])) == " 12.0 nats  Is\n  0.5 nats  ␣this"


def test_the_strongest_colour_is_reached_where_it_was_asked_for():
    assert Reader(SurprisalMap([b"a"], [1.0], most=2)._repr_html_()).grounds == [STRONGEST / 2]


def channel(value):
    value /= 255
    return value / 12.92 if value <= 0.04045 else ((value + 0.055) / 1.055) ** 2.4


def luminance(colour):
    return np.dot([0.2126, 0.7152, 0.0722], [channel(value) for value in colour])


@pytest.mark.parametrize(("paper", "ink"), [((255, 255, 255), (50, 50, 50)), ((20, 24, 30), (206, 214, 221))])
def test_text_is_read_on_every_ground_in_both_themes(paper, ink):
    """A contrast of 4.5 : 1 or more, as WCAG 2 asks of small text."""
    for strength in np.linspace(0, STRONGEST, 11):
        ground = strength * np.array([213, 94, 0]) + (1 - strength) * np.array(paper)
        lights = sorted([luminance(ground) + 0.05, luminance(ink) + 0.05])
        assert lights[1] / lights[0] >= 4.5


@pytest.mark.parametrize(
    ("piece", "shown"),
    [(b" \xe4\xb8\xad", " 中"), (b"\xb8\xad", "\\xb8\\xad"), (b"\t\n\n", "⇥⏎⏎"), (b"", "")],
)
def test_bytes_are_shown_as_what_they_are(piece, shown):
    assert visible(piece) == shown


def test_bad_input_is_named():
    with pytest.raises(ValueError, match=r"surprisals have shape \(1,\) for 2 pieces"):
        SurprisalMap([b"a", b"b"], [1.0])
    with pytest.raises(ValueError, match="surprisals hold nan at position 1"):
        SurprisalMap([b"a", b"b"], [1.0, np.nan])
