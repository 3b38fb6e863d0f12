"""Train, evaluate and sample a language model in Keras, with a training step of our own.

TensorFlow puts the work on a GPU by itself where it finds one. The steps are traced once for each model and
shape (`tf.function`), which takes a second or two, and then run as graphs. :meth:`keras.Model.fit` trains the
same models too; these loops show what it does, and return the same :class:`~helpers.training.history.History`
as those of :mod:`helpers.training.pytorch`.
"""

import numpy as np

from helpers.batches import IGNORE_INDEX, consecutive_windows, random_windows
from helpers.metrics import TokenMean
from helpers.quiet_tensorflow import tf
from helpers.training.history import History, Recorder
from helpers.training.options import check_options
from helpers.training.sampling import continue_text
from helpers.validation import token_ids

keras = tf.keras


def train(
    model: keras.Model,
    train_tokens,
    validation_tokens,
    *,
    steps: int,
    batch_size: int = 32,
    length: int = 64,
    learning_rate: float = 1e-2,
    clip: float = 1.0,
    seed: int = 0,
    evaluate_every: int = 100,
    progress: bool = True,
) -> History:
    """Minimise the mean loss of random windows with Adam, as :func:`helpers.training.pytorch.train` does.

    There is no warm-up and no checkpoint here.

    NB: two numbers differ between the frameworks. Keras adds 1e-7 where PyTorch's Adam adds 1e-8, and an LSTM
    of PyTorch has two biases that both learn, so that their sum moves twice as fast.

    The model has ``vocab_size``, ``call`` and ``advance``, as
    :class:`helpers.models.tensorflow.SimpleLanguageModel` has them, and is trained in place.
    """
    train_tokens = token_ids("train_tokens", train_tokens, model.vocab_size)
    validation_tokens = token_ids("validation_tokens", validation_tokens, model.vocab_size)
    check_options(steps=steps, evaluate_every=evaluate_every, learning_rate=learning_rate, clip=clip)
    recorder, rng = Recorder(steps, evaluate_every, progress=progress), np.random.default_rng(seed)
    schedule = keras.optimizers.schedules.PolynomialDecay(learning_rate, steps, end_learning_rate=0.0)
    optimizer = keras.optimizers.Adam(schedule)
    optimizer.build(model.trainable_variables)
    limit = tf.constant(clip, model.variable_dtype)

    recorder.add_validation(evaluate(model, validation_tokens))
    for _ in range(steps):
        inputs, targets = map(tf.constant, random_windows(train_tokens, batch_size, length, rng))  # (B, T)
        loss, norm = _run(_train_step, model, optimizer, inputs, targets, limit)
        recorder.add_step(loss, norm, targets.shape.num_elements())
        if recorder.time_to_evaluate:
            recorder.add_validation(evaluate(model, validation_tokens))
    return recorder.history()


def evaluate(model: keras.Model, tokens, *, batch_size: int = 32, length: int = 256) -> TokenMean:
    """Loss of a whole text, in nats, each token weighing the same.

    The same as :func:`helpers.training.pytorch.evaluate`.
    """
    tokens = token_ids("tokens", tokens, model.vocab_size)
    mean, state = TokenMean(), None
    for windows in consecutive_windows(tokens, batch_size, length):
        inputs, targets = map(tf.constant, windows)  # (B, T)
        total, state = _run(_score, model, inputs, targets, state)
        mean.update(total.numpy(), np.count_nonzero(windows[1] != IGNORE_INDEX))
    return mean


def sample(
    model: keras.Model, prompt, n: int, rng: np.random.Generator, temperature: float = 1.0
) -> np.ndarray:
    """`n` tokens, each drawn after those before it. The same as :func:`helpers.training.pytorch.sample`."""

    def advance(tokens, state):
        logits, state = _run(_advance, model, tf.constant(tokens), state)
        return logits.numpy(), state

    return continue_text(advance, prompt, n, rng, temperature, model.vocab_size)


@tf.function(autograph=False)
def _train_step(model, optimizer, inputs, targets, clip):
    """One step of gradient descent: the loss before it, and the length of the gradient before clipping."""
    loss_of = keras.losses.SparseCategoricalCrossentropy(from_logits=True, dtype=model.variable_dtype)
    with tf.GradientTape() as tape:
        loss = loss_of(targets, model(inputs, training=True))
    gradients = tape.gradient(loss, model.trainable_variables)
    # The embedding's gradient comes as a list of rows, one for each use of a token: those of the same token
    # must be added up before their length is taken.
    gradients = [tf.convert_to_tensor(gradient) for gradient in gradients]
    norm = tf.linalg.global_norm(gradients)
    scale = tf.minimum(clip / norm, 1.0)
    optimizer.apply([scale * gradient for gradient in gradients], model.trainable_variables)
    return loss, norm


@tf.function(autograph=False)
def _score(model, inputs, targets, state):
    """Summed loss of the targets that are not ignored, in nats, and the state after them."""
    logits, state = model.advance(inputs, state)
    losses = keras.losses.sparse_categorical_crossentropy(
        targets, logits, from_logits=True, ignore_class=IGNORE_INDEX
    )  # (B, T), 0 where ignored
    return tf.reduce_sum(losses), state


@tf.function(autograph=False)
def _advance(model, tokens, state):
    """One piece of text read, and the state after it."""
    return model.advance(tokens, state)


def _run(function, *arguments):
    """Run a `tf.function`; its graph is made at the first call with a model and a shape, and kept.

    To call the function would do the same, but TensorFlow warns on stderr of calls that make many graphs.
    """
    return function.get_concrete_function(*arguments)(*arguments)
