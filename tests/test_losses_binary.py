"""Binary cross-entropy: against torch and Keras, and where it goes further than they do."""

import numpy as np
import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra import numpy as hnp
from strategies import IMPLEMENTATIONS, array, assert_close, batch_shapes, modest, reductions

from helpers.losses import reference
from helpers.quiet_tensorflow import tf

each = pytest.mark.parametrize("losses", IMPLEMENTATIONS.values(), ids=IMPLEMENTATIONS)
targets_01 = st.sampled_from([0.0, 1.0]) | st.floats(0, 1)


def pairs(forecasts):
    """A forecast and a target array of one shape."""
    return batch_shapes.flatmap(
        lambda shape: st.tuples(
            hnp.arrays(np.float64, shape, elements=forecasts),
            hnp.arrays(np.float64, shape, elements=targets_01),
        )
    )


@each
@modest
@given(pair=pairs(st.floats(1e-40, 1 - 1e-15)), reduction=reductions)
def test_binary_cross_entropy_equals_torch(losses, pair, reduction):
    p, y = pair
    theirs = torch.nn.functional.binary_cross_entropy(torch.tensor(p), torch.tensor(y), reduction=reduction)
    assert_close(losses.binary_cross_entropy(p, y, reduction=reduction), theirs)


@each
@modest
@given(pair=pairs(st.floats(-30, 30) | st.sampled_from([1e4, -1e4])), reduction=reductions)
def test_binary_cross_entropy_with_logits_equals_torch(losses, pair, reduction):
    z, y = pair
    theirs = torch.nn.functional.binary_cross_entropy_with_logits(
        torch.tensor(z), torch.tensor(y), reduction=reduction
    )
    assert_close(losses.binary_cross_entropy_with_logits(z, y, reduction=reduction), theirs)


@each
@modest
@given(pair=pairs(st.floats(-20, 20)))
def test_logits_give_the_same_as_their_sigmoid(losses, pair):
    z, y = pair
    p = 1 / (1 + np.exp(-z))
    assert_close(losses.binary_cross_entropy_with_logits(z, y), losses.binary_cross_entropy(p, y), rtol=1e-6)


@each
@modest
@given(pair=pairs(st.floats(-20, 20)))
def test_two_classes_with_logits_z_and_0_are_the_binary_case(losses, pair):
    z, y = pair
    assert_close(
        losses.binary_cross_entropy_with_logits(z, y, reduction="none"),
        losses.cross_entropy(np.stack([z, 0 * z], -1), np.stack([y, 1 - y], -1), reduction="none"),
    )


@each
@pytest.mark.parametrize(("p", "y"), [(0.0, 1.0), (1.0, 0.0), (0.0, 0.25)])
def test_a_certain_forecast_that_is_wrong_costs_infinity_where_torch_clamps(losses, p, y):
    assert array(losses.binary_cross_entropy(np.float64(p), np.float64(y))) == np.inf
    theirs = torch.nn.functional.binary_cross_entropy(torch.tensor(p).double(), torch.tensor(y).double())
    assert theirs == 100 * abs(y - p)


@each
def test_a_probability_below_exp_minus_100_is_not_clamped(losses):
    assert_close(losses.binary_cross_entropy(np.float64(1e-60), np.float64(1)), 60 * np.log(10))


@each
def test_zero_times_log_zero_is_zero(losses):
    assert_close(losses.binary_cross_entropy([0.0, 1.0], [0, 1], reduction="none"), [0, 0])


@each
def test_infinite_logits_are_the_certain_forecasts(losses):
    z, y = np.array([np.inf, np.inf, -np.inf, -np.inf, np.inf]), np.array([1, 0, 1, 0, 0.5])
    expected = [0, np.inf, np.inf, 0, np.inf]
    assert_close(losses.binary_cross_entropy_with_logits(z, y, reduction="none"), expected)
    assert torch.nn.functional.binary_cross_entropy_with_logits(torch.tensor(z), torch.tensor(y)).isnan()


@each
def test_targets_may_be_integers_or_booleans(losses):
    for y in ([1, 0, 1], [True, False, True]):
        assert_close(losses.binary_cross_entropy(np.full(3, 0.5), y), np.log(2))
        assert_close(losses.binary_cross_entropy_with_logits(np.zeros(3), y), np.log(2))


@each
def test_the_mean_of_no_forecasts_is_nan_and_their_sum_0(losses):
    for loss in (losses.binary_cross_entropy, losses.binary_cross_entropy_with_logits):
        nothing = np.zeros((0, 2))
        assert np.isnan(array(loss(nothing, nothing)))
        assert_close(loss(nothing, nothing, reduction="sum"), 0.0)
        assert_close(loss(nothing, nothing, reduction="none"), nothing)


@each
@modest
@given(pair=pairs(st.floats(-30, 30)))
def test_logits_agree_with_tensorflow(losses, pair):
    z, y = pair
    theirs = tf.nn.sigmoid_cross_entropy_with_logits(labels=y, logits=z)
    assert_close(losses.binary_cross_entropy_with_logits(z, y, reduction="none"), theirs)


def test_keras_clips_the_probability_and_we_do_not():
    p, y = np.array([[1e-12]]), np.array([[1.0]])
    assert_close(reference.binary_cross_entropy(p, y), 12 * np.log(10))
    assert_close(tf.keras.losses.binary_crossentropy(y, p)[0], 7 * np.log(10), rtol=1e-4)


@each
def test_a_loss_is_never_negative(losses):
    p, y = np.random.default_rng(0).random((2, 1000))
    assert array(losses.binary_cross_entropy(p, y, reduction="none")).min() >= 0
