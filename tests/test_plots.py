"""What the figures plot: nbval compares no pictures, so data, labels and limits are read back here."""

import re

import matplotlib as mpl
import matplotlib.pyplot as plt
import numpy as np
import pytest

from helpers import plots, style
from helpers.information import surprisal


@pytest.fixture(autouse=True)
def fresh_figures():
    yield
    plt.close("all")


def texts(ax):
    return [text.get_text() for text in ax.texts if text.get_text()]


# ---- style


def test_the_colours_of_the_roles_are_okabe_and_itos():
    palette = {"#E69F00", "#56B4E9", "#009E73", "#F0E442", "#0072B2", "#D55E00", "#CC79A7", "#000000"}
    assert {style.TRUTH, style.MODEL, style.LOSS, style.OTHER, *style.COLOURS} <= palette


def test_no_two_curves_share_a_line_style():
    assert len(set(style.LINES)) == len(style.LINES) == len(style.COLOURS)


def test_using_the_style_undoes_what_came_before():
    mpl.rcParams["font.size"] = 3
    style.use()
    assert mpl.rcParams["font.size"] == style.RC["font.size"]


# ---- curves


def test_a_curve_holds_its_numbers_and_its_name():
    x = np.linspace(0, 1, 5)
    ax = plots.curves(x, {"up": x, "down": 1 - x}, xlabel="x (units)", ylabel="y (nats)")
    up, down = ax.lines
    np.testing.assert_array_equal(up.get_ydata(), x)
    np.testing.assert_array_equal(down.get_ydata(), 1 - x)
    assert texts(ax) == ["up", "down"]
    assert (ax.get_xlabel(), ax.get_ylabel()) == ("x (units)", "y (nats)")
    assert up.get_linestyle() != down.get_linestyle()


def test_a_name_stands_where_it_was_asked_to():
    x = np.linspace(0, 10, 11)
    ax = plots.curves(x, {"a": x**2}, xlabel="x", ylabel="y", label_at={"a": 3.2})
    assert ax.texts[0].xy == (3.0, 9.0)


def boxes_of_names(ax):
    ax.figure.draw_without_rendering()
    return {text.get_text(): text.get_window_extent() for text in ax.texts}


def test_names_that_cover_each_other_move_as_far_apart_as_they_are_high_and_others_stay():
    ends = {"far above": 4.0, "lower": 1.0, "upper": 1.01, "middle": 1.005}
    ax = plots.curves([0, 1], {name: [0, y] for name, y in ends.items()}, xlabel="x", ylabel="y")
    ax.set(ylim=(0, 6))
    before = boxes_of_names(ax)
    assert before["lower"].y1 > before["upper"].y0
    after = boxes_of_names(plots.keep_names_apart(ax))
    assert after["lower"].y1 <= after["middle"].y0 + 1e-6
    assert after["middle"].y1 <= after["upper"].y0 + 1e-6
    assert after["upper"].y0 - after["lower"].y0 == pytest.approx(2 * max(b.height for b in before.values()))
    moves = {
        name: (after[name].y0 + after[name].y1) / 2 - ax.transData.transform((1, y))[1]
        for name, y in ends.items()
    }
    assert moves["far above"] == pytest.approx(0, abs=1e-6)  # its middle is beside the end of its curve
    assert moves["lower"] + moves["middle"] + moves["upper"] == pytest.approx(0, abs=1e-6)
    again = boxes_of_names(plots.keep_names_apart(ax))
    for name, box in after.items():
        assert again[name].y0 == pytest.approx(box.y0, abs=1e-6)


def test_a_name_before_the_right_end_is_left_where_it_is():
    curves = {"early": [0, 1, 1], "late": [0, 1, 1]}
    ax = plots.curves([0, 1, 2], curves, xlabel="x", ylabel="y", label_at={"early": 1})
    before = np.array([text.get_position() for text in ax.texts])
    plots.keep_names_apart(ax)
    early, late = (text.get_position() for text in ax.texts)
    np.testing.assert_allclose([early, late], [before[0], (before[1][0], 0)], atol=1e-9)


def test_names_keep_the_order_of_their_curves_where_an_axis_points_down():
    ax = plots.curves([0, 1], {"low": [0, 1.0], "high": [0, 1.01]}, xlabel="x", ylabel="y")
    ax.set(ylim=(6, 0))
    boxes = boxes_of_names(plots.keep_names_apart(ax))
    assert boxes["high"].y1 <= boxes["low"].y0 + 1e-6


def test_where_no_name_is_none_can_be_kept_apart():
    with pytest.raises(ValueError, match="no name to keep apart"):
        plots.keep_names_apart(plt.subplots()[1])


def test_dots_are_the_pairs_and_no_line_joins_them():
    ax = plots.dots([1, 2, 4], [3, 5, 2], xlabel="E (nats)", ylabel="exponent")
    (line,) = ax.lines
    assert line.get_xydata().tolist() == [[1, 3], [2, 5], [4, 2]]
    assert (line.get_linestyle(), line.get_marker()) == ("None", "o")
    assert (ax.get_xlabel(), ax.get_ylabel()) == ("E (nats)", "exponent")
    assert plots.dots([], [], xlabel="x", ylabel="y", ax=ax) is ax


def test_dots_come_in_pairs():
    with pytest.raises(ValueError, match=r"x has shape \(2,\) and y has shape \(3,\); expected the same"):
        plots.dots([1, 2], [1, 2, 3], xlabel="x", ylabel="y")


def test_a_value_that_is_not_finite_leaves_a_gap():
    ax = plots.curves([0, 1, 2], {"a": [np.inf, 1.0, np.nan]}, xlabel="x", ylabel="y")
    np.testing.assert_array_equal(ax.lines[0].get_ydata(), [np.nan, 1.0, np.nan])
    assert ax.texts[0].xy == (1.0, 1.0)


def test_a_role_overrides_the_next_colour():
    ax = plots.curves([0, 1], {"a": [0, 1]}, xlabel="x", ylabel="y", colours={"a": style.TRUTH})
    assert ax.lines[0].get_color() == ax.texts[0].get_color() == style.TRUTH


def test_a_curve_of_another_length_is_named():
    with pytest.raises(ValueError, match=r"'a' has shape \(2,\); expected \(3,\)"):
        plots.curves([0, 1, 2], {"a": [0, 1]}, xlabel="x", ylabel="y")


def test_a_figure_draws_on_the_axes_it_is_given():
    ax = plt.subplots()[1]
    assert plots.curves([0, 1], {"a": [0, 1]}, xlabel="x", ylabel="y", ax=ax) is ax
    assert plots.surprisal_curve(ax=ax) is ax
    assert plots.forecast_bars(["a"], [1.0], 0, ax=ax) is ax
    assert plots.gradient_arrows(["a", "b"], [0.5, 0.5], [-0.5, 0.5], 0, ax=ax) is ax
    assert plots.stacked_costs(["a"], [1.0], [0.5], ax=ax) is ax
    assert plots.measured_bars(["a"], [1.0], xlabel="x", ax=ax) is ax


# ---- points, levels


def test_a_mark_is_at_its_point_and_says_its_text():
    ax = plots.mark(0.5, 2.0, "here", ax=plt.subplots()[1])
    assert ax.lines[0].get_xydata().tolist() == [[0.5, 2.0]]
    assert texts(ax) == ["here"]


def test_a_level_is_a_line_across_at_its_height():
    ax = plots.level(1.5, "the floor", ax=plt.subplots()[1])
    assert set(ax.lines[0].get_ydata()) == {1.5}
    assert texts(ax) == ["the floor"]


# ---- the figures of the chapters


def test_the_surprisal_curve_is_minus_log_p_and_its_marks_say_what_they_cost():
    ax = plots.surprisal_curve(marked=[0.1, 0.7])
    curve = ax.lines[0]
    np.testing.assert_allclose(curve.get_ydata(), -np.log(curve.get_xdata()), atol=1e-12)
    assert texts(ax) == [f"p = 0.10: {surprisal(0.1):.3f}", f"p = 0.70: {surprisal(0.7):.3f}"]
    assert ax.lines[1].get_xydata().tolist() == [[0.1, pytest.approx(-np.log(0.1))]]


def test_the_bar_of_what_happened_differs_by_more_than_colour():
    ax = plots.forecast_bars(["six", "four", "dot"], [0.1, 0.2, 0.7], 0)
    assert [bar.get_height() for bar in ax.patches] == [0.1, 0.2, 0.7]
    assert [bool(bar.get_hatch()) for bar in ax.patches] == [False, True, True]
    assert [label.get_text() for label in ax.get_xticklabels()] == ["six ✓", "four", "dot"]
    assert texts(ax) == ["0.10", "0.20", "0.70"]


def test_before_anything_happened_no_bar_is_marked():
    ax = plots.forecast_bars(["a", "b"], [0.5, 0.5], None)
    assert all(bar.get_hatch() for bar in ax.patches)


def test_names_and_bars_must_be_as_many():
    with pytest.raises(ValueError, match="2 outcomes for 3 probabilities"):
        plots.forecast_bars(["a", "b"], [0.2, 0.3, 0.5], 0)


def test_each_arrow_leads_from_the_bar_to_the_answer():
    p = np.array([0.66, 0.24, 0.10])
    gradient = p - np.array([1.0, 0.0, 0.0])
    ax = plots.gradient_arrows(["a", "b", "c"], p, gradient, 0)
    arrows = [note for note in ax.texts if getattr(note, "arrow_patch", None)]
    np.testing.assert_allclose([a.xyann[1] for a in arrows], p)
    np.testing.assert_allclose([a.xy[1] for a in arrows], [1.0, 0.0, 0.0], atol=1e-12)
    assert [t for t in texts(ax) if t[0] in "+−"] == ["+0.340", "−0.240", "−0.100"]


def test_costs_are_stacked_and_their_sum_is_written():
    ax = plots.stacked_costs(["a", "b"], [0.8, 0.8], [0.0, 1.2])
    bars = [(bar.get_x(), bar.get_width()) for bar in ax.patches]
    assert bars == [(0, 0.8), (0, 0.8), (0.8, 0.0), (0.8, 1.2)]
    assert texts(ax) == ["0.800", "2.000"]
    assert "nats" in ax.get_xlabel()


def test_a_bar_of_two_parts_says_their_sum():
    parts = {"file": [41.5, 29.7], "weights": [0.0, 278.4]}
    ax = plots.stacked_bars(["gzip", "LSTM"], parts, xlabel="size (kB)", form="{:.1f}", colour=style.MODEL)
    bars = [(bar.get_x(), bar.get_width(), bar.get_hatch()) for bar in ax.patches]
    assert bars == [(0, 41.5, None), (0, 29.7, None), (41.5, 0.0, "//"), (29.7, 278.4, "//")]
    assert mpl.colors.to_hex(ax.patches[0].get_facecolor()).upper() == style.MODEL
    assert texts(ax) == ["41.5", "308.1"]
    assert [entry.get_text() for entry in ax.get_legend().get_texts()] == ["file", "weights"]


def test_words_of_a_code_take_their_share_from_their_row_down():
    ax = plots.code_blocks(["a", "b", "c"], ["0", "10", "11"])
    blocks = [(bar.get_x(), bar.get_width(), bar.get_y() + 0.45, bar.get_hatch()) for bar in ax.patches]
    assert blocks == [(0, 0.5, 1, None), (0, 0.5, 2, "//"), (0.5, 0.25, 2, None), (0.75, 0.25, 2, None)]
    assert texts(ax) == ["a\n0", "b\n10", "c\n11"]
    top, bottom = sorted(ax.get_ylim())
    assert ax.yaxis_inverted()
    assert top < 1
    assert bottom > 2


def test_a_message_narrows_its_interval_column_by_column():
    ax = plots.narrowing_interval(["a", "b"], [0.75, 0.25], [1, 0])
    assert [bar.get_height() for bar in ax.patches] == [0.75, 0.25, 0.75, 0.25, 1]
    chosen = [mpl.colors.to_hex(bar.get_facecolor()).upper() == style.TRUTH for bar in ax.patches]
    assert chosen == [False, True, True, False, True]
    ends = [text for text in texts(ax) if text[0].isdigit()]
    assert ends == ["0", "1", "0.75", "1", "0.75", "0.9375"]
    assert [text for text in texts(ax) if "✓" in text] == ["b ✓", "a ✓"]
    joints = [line.get_ydata().tolist() for line in ax.lines]
    assert joints == [[0.75, 0.0], [1.0, 1.0], [0.0, 0.0], [0.75, 1.0]]


def test_a_measurement_is_written_beside_its_bar():
    ax = plots.measured_bars(["a", "b"], [79.0, 12.84], xlabel="perplexity", form="{:.1f}")
    assert [bar.get_width() for bar in ax.patches] == [79.0, 12.84]
    assert texts(ax) == ["79.0", "12.8"]
    assert ax.get_xlim()[0] == 0  # a bar that does not start at zero lies about its length


def test_a_bar_of_several_measurements_shows_each_and_its_number_stands_beyond_them():
    each = [[1.0, 3.0, 2.5], [4.0]]
    ax = plots.measured_bars(["a", "b"], [2.5, 4.0], xlabel="time", form="{:.1f}", each=each)
    (dots,) = ax.lines
    assert dots.get_xydata().tolist() == [[1.0, 0.0], [3.0, 0.0], [2.5, 0.0]]
    assert [(text.get_text(), text.xy) for text in ax.texts] == [("2.5", (3.0, 0)), ("4.0", (4.0, 1))]
    assert ax.get_xlim() == (0, pytest.approx(4.8))


@pytest.mark.parametrize(("each", "lengths"), [([[1.0]], "[1]"), ([[1.0], []], "[1, 0]")])
def test_each_bar_needs_its_measurements(each, lengths):
    message = re.escape(f"each has lists of {lengths} measurements; expected 2 lists, none empty")
    with pytest.raises(ValueError, match=message):
        plots.measured_bars(["a", "b"], [1.0, 2.0], xlabel="time", each=each)


def test_a_logarithmic_axis_of_perplexities_starts_at_the_least_there_is():
    ax = plots.measured_bars(["a"], [1022.0], xlabel="perplexity", log=True)
    assert ax.get_xscale() == "log"
    assert ax.get_xlim()[0] == 1
