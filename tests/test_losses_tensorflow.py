"""What is particular to TensorFlow: its own losses as oracles, graphs, XLA, and silence at the start."""

import subprocess
import sys

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from strategies import assert_close, batch_shapes, distribution_arrays, index_arrays, logit_arrays, modest

from helpers.losses import reference, tensorflow
from helpers.quiet_tensorflow import tf

rng = np.random.default_rng(0)
LOGITS = rng.normal(size=(2, 5, 3))
INDICES = np.array([[0, 1, 2, -100, 0], [2, 2, -100, 1, 1]])
PROBABILITIES = reference.softmax(rng.normal(size=(2, 5, 3)))
OPTIONS = {"weight": np.array([1.0, 0.0, 2.0]), "label_smoothing": 0.1}


def batches_of(targets):
    """Logits of four classes and the targets that `targets(shape)` draws for them."""
    return batch_shapes.flatmap(lambda shape: st.tuples(logit_arrays((*shape, 4)), targets(shape)))


@modest
@given(batch=batches_of(lambda shape: index_arrays(shape, 4, 0)))
def test_class_indices_equal_the_sparse_loss_of_tensorflow(batch):
    logits, targets = batch
    ours = tensorflow.cross_entropy(logits, targets, reduction="none")
    assert_close(ours, tf.nn.sparse_softmax_cross_entropy_with_logits(targets, logits))


@modest
@given(batch=batches_of(lambda shape: distribution_arrays((*shape, 4))))
def test_class_probabilities_equal_the_dense_loss_of_tensorflow(batch):
    logits, targets = batch
    ours = tensorflow.cross_entropy(logits, targets, reduction="none")
    assert_close(ours, tf.nn.softmax_cross_entropy_with_logits(targets, logits), atol=1e-9)


@modest
@given(
    batch=batches_of(lambda shape: distribution_arrays((*shape, 4))).filter(lambda batch: batch[0].ndim > 1),
    label_smoothing=st.floats(0, 1),
)
def test_label_smoothing_equals_keras(batch, label_smoothing):
    logits, targets = (x.astype(np.float32) for x in batch)
    keras = tf.keras.losses.CategoricalCrossentropy(
        from_logits=True, label_smoothing=label_smoothing, reduction="sum"
    )
    ours = tensorflow.cross_entropy(logits, targets, label_smoothing=label_smoothing, reduction="sum")
    assert_close(ours, keras(targets, logits), rtol=1e-5, atol=1e-4)


def test_an_ignored_class_equals_keras():
    keras = tf.keras.losses.SparseCategoricalCrossentropy(from_logits=True, ignore_class=-100, reduction=None)
    ours = tensorflow.cross_entropy(LOGITS.astype(np.float32), INDICES, reduction="none")
    assert_close(ours, keras(INDICES, LOGITS.astype(np.float32)), rtol=1e-5, atol=1e-6)


@pytest.mark.parametrize("targets", [INDICES, PROBABILITIES], ids=["indices", "probabilities"])
@pytest.mark.parametrize("jit_compile", [False, True], ids=["graph", "XLA"])
@pytest.mark.parametrize("reduction", ["mean", "none"])
def test_a_graph_gives_the_same_loss_and_gradient(targets, jit_compile, reduction):
    @tf.function(jit_compile=jit_compile)
    def loss_and_gradient(logits, targets):
        with tf.GradientTape() as tape:
            tape.watch(logits)
            loss = tensorflow.cross_entropy(logits, targets, reduction=reduction, **OPTIONS)
        return loss, tape.gradient(loss, logits)

    loss, gradient = loss_and_gradient(tf.constant(LOGITS), tf.constant(targets))
    assert_close(loss, reference.cross_entropy(LOGITS, targets, reduction=reduction, **OPTIONS))
    expected = reference.cross_entropy_gradient(LOGITS, targets, reduction=reduction, **OPTIONS)
    assert_close(gradient, expected)


def traced(loss, *dtypes_and_shapes):
    """A `tf.function` of `loss` whose shapes are not known when it is traced."""
    return tf.function(
        loss, input_signature=[tf.TensorSpec(shape, dtype) for shape, dtype in dtypes_and_shapes]
    )


def test_a_graph_with_unknown_lengths_takes_batches_of_any_size():
    by_index = traced(tensorflow.cross_entropy, ([None, None, None], tf.float64), ([None, None], tf.int64))
    by_probability = traced(
        lambda z, q: tensorflow.cross_entropy(z, q, label_smoothing=0.1),
        ([None, None, None], tf.float64),
        ([None, None, None], tf.float64),
    )
    for rows in (1, 2):
        z, y, q = LOGITS[:rows], INDICES[:rows], PROBABILITIES[:rows]
        assert_close(by_index(z, y), reference.cross_entropy(z, y))
        assert_close(by_probability(z, q), reference.cross_entropy(z, q, label_smoothing=0.1))
    assert np.isnan(by_index(LOGITS[:0], INDICES[:0]))


def test_a_graph_refuses_shapes_that_do_not_go_together_when_it_is_traced():
    with pytest.raises(
        ValueError, match=r"targets have shape \(None, 4\).*class indices of shape \(None, 5\)"
    ):
        traced(
            tensorflow.cross_entropy, ([None, 5, 3], tf.float64), ([None, 4], tf.int64)
        ).get_concrete_function()


@pytest.mark.parametrize(
    ("loss", "first", "second", "message"),
    [
        (tensorflow.cross_entropy, LOGITS[0], INDICES[0] + 7, "targets: not valid as class_indices"),
        (tensorflow.cross_entropy, LOGITS[0] * np.nan, INDICES[0], "logits: not valid as logits"),
        (tensorflow.cross_entropy, LOGITS[0], PROBABILITIES[0] * 2, "targets: not valid as"),
        (tensorflow.cross_entropy, LOGITS[0], PROBABILITIES[0, :1], "targets has another shape"),
        (tensorflow.binary_cross_entropy, np.array([1.5]), np.array([1.0]), "probabilities: not valid as"),
        (tensorflow.binary_cross_entropy, np.array([0.5, 0.5]), np.array([1.0]), "targets has another shape"),
    ],
)
def test_a_graph_asserts_values_when_it_runs(loss, first, second, message):
    specs = [([None] * x.ndim, x.dtype) for x in (first, second)]
    with pytest.raises(tf.errors.InvalidArgumentError, match=message):
        traced(loss, *specs)(first, second)


@pytest.mark.parametrize("dtype", [tf.float16, tf.bfloat16])
def test_low_precision_is_computed_and_returned_in_float32(dtype):
    logits = tf.Variable(tf.cast(LOGITS, dtype))
    with tf.GradientTape() as tape:
        loss = tensorflow.cross_entropy(logits, tf.cast(PROBABILITIES, dtype))
    assert loss.dtype == tf.float32
    assert tape.gradient(loss, logits).dtype == dtype
    assert_close(loss, reference.cross_entropy(LOGITS, PROBABILITIES), rtol=0.02)


def test_gradients_flow_into_soft_targets():
    q = tf.Variable(PROBABILITIES)
    with tf.GradientTape() as tape:
        loss = tensorflow.cross_entropy(LOGITS, q)
    assert_close(tape.gradient(loss, q), -reference.log_softmax(LOGITS) / 10)


def test_a_keras_model_trains_with_it():
    tf.keras.utils.set_random_seed(0)
    model = tf.keras.Sequential([tf.keras.layers.Dense(3)])
    # Keras hands the targets over as floats with a spare axis.
    model.compile("sgd", loss=lambda y, z: tensorflow.cross_entropy(z, tf.cast(tf.squeeze(y, -1), tf.int64)))
    x = rng.normal(size=(30, 4)).astype(np.float32)
    history = model.fit(x, x[:, :3].argmax(-1)[:, None], epochs=5, verbose=0).history["loss"]
    assert history[-1] < history[0]


def test_tensorflow_starts_without_a_word():
    # Seen from outside, where C++ writes; and what comes afterwards is heard.
    script = """
import os, sys
os.environ.pop("TF_CPP_MIN_LOG_LEVEL", None)
from helpers.quiet_tensorflow import tf
tf.constant(1.0) + 1
print("heard", os.environ["TF_CPP_MIN_LOG_LEVEL"], file=sys.stderr)
"""
    run = subprocess.run([sys.executable, "-c", script], capture_output=True, text=True, check=True)
    assert run.stderr == "heard 3\n"
