"""The two LSTM language models: against the equations written out in NumPy, and against each other."""

import numpy as np
import pytest
import torch
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from numpy.testing import assert_allclose, assert_array_equal

from helpers.batches import padded_batch
from helpers.losses import pytorch as torch_losses
from helpers.losses import reference
from helpers.losses import tensorflow as tf_losses
from helpers.metrics import TokenMean
from helpers.models import pytorch, tensorflow
from helpers.models.tensorflow import transfer_weights
from helpers.quiet_tensorflow import tf

few = settings(max_examples=8, deadline=None, suppress_health_check=[HealthCheck.too_slow])


def torch_model(vocab_size=7, embedding_dim=3, hidden_dim=5, seed=0, dtype=torch.float64):
    torch.manual_seed(seed)
    return pytorch.SimpleLanguageModel(vocab_size, embedding_dim, hidden_dim).to(dtype)


def tokens_of(model, *shape, seed=0):
    return np.random.default_rng(seed).integers(model.vocab_size, size=shape)


def logits_of(model, tokens):
    """Logits of either model as an array."""
    if isinstance(model, torch.nn.Module):
        return model(torch.from_numpy(tokens)).detach().numpy()
    return model(tokens).numpy()


MODELS = {
    "pytorch": torch_model,
    "tensorflow": lambda *sizes: transfer_weights(torch_model(*sizes)),
}


@pytest.fixture(params=MODELS)
def model(request):
    return MODELS[request.param]()


# ---- one model -------------------------------------------------------------------------------------------


def lstm_in_words(model, tokens):
    """Logits of one text by the equations of the LSTM, one token after the other; `model` is PyTorch's."""
    w = {name: value.detach().numpy() for name, value in model.named_parameters()}
    sigmoid = lambda z: 1 / (1 + np.exp(-z))  # noqa: E731
    h = c = np.zeros(w["fc.weight"].shape[1])
    logits = []
    for token in tokens:
        gates = w["lstm.weight_ih_l0"] @ w["embedding.weight"][token] + w["lstm.bias_ih_l0"]
        gates += w["lstm.weight_hh_l0"] @ h + w["lstm.bias_hh_l0"]
        i, f, g, o = np.split(gates, 4)
        c = sigmoid(f) * c + sigmoid(i) * np.tanh(g)
        h = sigmoid(o) * np.tanh(c)
        logits.append(w["fc.weight"] @ h + w["fc.bias"])
    return np.array(logits)


@pytest.mark.parametrize("convert", [lambda model: model, transfer_weights], ids=["pytorch", "tensorflow"])
def test_the_logits_are_those_of_the_equations(convert):
    model = torch_model()
    tokens = tokens_of(model, 3, 6)
    expected = [lstm_in_words(model, text) for text in tokens]
    assert_allclose(logits_of(convert(model), tokens), expected, rtol=1e-12, atol=1e-13)


def test_the_shape_is_batch_time_vocabulary(model):
    assert logits_of(model, tokens_of(model, 2, 4)).shape == (2, 4, 7)


def test_a_prediction_knows_nothing_of_the_tokens_after_it(model):
    tokens = tokens_of(model, 1, 8)
    other = tokens.copy()
    other[:, 5:] = (other[:, 5:] + 1) % 7
    before, after = logits_of(model, tokens), logits_of(model, other)
    assert_array_equal(before[:, :5], after[:, :5])
    assert (before[:, 5:] != after[:, 5:]).any(axis=-1).all()


def test_a_text_read_in_pieces_is_the_text_read_at_once(model):
    tokens = tokens_of(model, 2, 9)
    as_input = torch.from_numpy if isinstance(model, torch.nn.Module) else tf.constant
    state, pieces = None, []
    for piece in np.split(tokens, [4, 5], axis=1):
        logits, state = model.advance(as_input(piece), state)
        pieces.append(logits.detach().numpy() if isinstance(logits, torch.Tensor) else logits.numpy())
    assert_allclose(np.concatenate(pieces, axis=1), logits_of(model, tokens), rtol=1e-12, atol=1e-13)


def test_a_padded_batch_costs_what_its_lines_cost_one_by_one(model):
    lines = [tokens_of(model, n, seed=n) for n in (9, 2, 5)]
    inputs, targets = padded_batch(lines)
    found = reference.cross_entropy(logits_of(model, inputs), targets)
    one_by_one = TokenMean()
    for line in lines:
        total = reference.cross_entropy(logits_of(model, line[None, :-1]), line[None, 1:], reduction="sum")
        one_by_one.update(total, line.size - 1)
    assert_allclose(found, one_by_one.mean, rtol=1e-12)


def test_both_have_the_layers_of_the_same_names_and_sizes():
    torch_layers = dict(torch_model().named_children())
    keras_layers = {layer.name: layer for layer in tensorflow.SimpleLanguageModel(7, 3, 5).layers}
    assert list(torch_layers) == list(keras_layers) == ["embedding", "lstm", "fc"]
    sizes = {name: sum(p.numel() for p in layer.parameters()) for name, layer in torch_layers.items()}
    sizes["lstm"] -= 4 * 5  # Keras has one bias where PyTorch has two
    assert {name: layer.count_params() for name, layer in keras_layers.items()} == sizes


@pytest.mark.parametrize("make", [pytorch.SimpleLanguageModel, tensorflow.SimpleLanguageModel])
def test_an_untrained_model_is_near_log_v(make):
    torch.manual_seed(0)
    tf.keras.utils.set_random_seed(0)
    model = make(79, 32, 128)
    logits = logits_of(model, tokens_of(model, 8, 64)).astype(np.float64)
    loss = torch_losses.cross_entropy(logits, tokens_of(model, 8, 64, seed=1))
    assert abs(float(loss) - np.log(79)) < 0.02


def test_a_state_dict_carries_the_model_to_another(tmp_path):
    saved, loaded = torch_model(seed=1), torch_model(seed=2)
    tokens = tokens_of(saved, 2, 5)
    assert (logits_of(saved, tokens) != logits_of(loaded, tokens)).any()
    torch.save(saved.state_dict(), tmp_path / "model.pt")
    loaded.load_state_dict(torch.load(tmp_path / "model.pt", weights_only=True))
    assert_array_equal(logits_of(loaded, tokens), logits_of(saved, tokens))


@pytest.mark.filterwarnings("ignore:__array__:DeprecationWarning")  # of Keras, on its own way to NumPy
def test_a_keras_file_holds_the_whole_model(tmp_path):
    saved = MODELS["tensorflow"]()
    saved.save(tmp_path / "model.keras")
    loaded = tf.keras.models.load_model(tmp_path / "model.keras")
    assert isinstance(loaded, tensorflow.SimpleLanguageModel)
    assert loaded.dtype == "float64"
    tokens = tokens_of(saved, 2, 5)
    assert_array_equal(logits_of(loaded, tokens), logits_of(saved, tokens))


# ---- the two models --------------------------------------------------------------------------------------


@st.composite
def problems(draw):
    """A random model, tokens, targets of which some are ignored, class weights or none, and smoothing."""
    sizes = draw(st.tuples(st.integers(2, 6), st.integers(1, 4), st.integers(1, 5)))
    rng = np.random.default_rng(draw(st.integers(0, 2**32 - 1)))
    shape = draw(st.tuples(st.integers(1, 3), st.integers(1, 6)))
    targets = rng.integers(sizes[0], size=shape)
    targets[rng.random(shape) < draw(st.sampled_from([0.0, 0.3]))] = -100
    targets[0, 0] = 0  # the mean of nothing is another test's
    options = {"label_smoothing": draw(st.sampled_from([0.0, 0.1]) | st.floats(0, 1))}
    if draw(st.booleans()):
        options["weight"] = rng.uniform(0.5, 2, size=sizes[0])
    return sizes, int(rng.integers(1000)), rng.integers(sizes[0], size=shape), targets, options


def torch_loss_and_gradients(model, tokens, targets, options):
    loss = torch_losses.cross_entropy(model(torch.from_numpy(tokens)), targets, **options)
    loss.backward()
    return loss.item(), {name: p.grad.numpy() for name, p in model.named_parameters()}


def keras_loss_and_gradients(model, tokens, targets, options):
    with tf.GradientTape() as tape:
        loss = tf_losses.cross_entropy(model(tokens), targets, **options)
    gradients = map(tf.convert_to_tensor, tape.gradient(loss, model.trainable_variables))
    return loss.numpy(), [gradient.numpy() for gradient in gradients]


@few
@given(problems(), st.sampled_from([torch.float32, torch.float64]))
def test_weights_carried_over_give_the_same_logits_loss_and_gradients(problem, dtype):
    sizes, seed, tokens, targets, options = problem
    ours = torch_model(*sizes, seed=seed, dtype=dtype)
    theirs = transfer_weights(ours)
    exact = dtype == torch.float64
    assert theirs.dtype == ("float64" if exact else "float32")
    assert_allclose(logits_of(theirs, tokens), logits_of(ours, tokens), rtol=0, atol=1e-12 if exact else 1e-5)
    loss, gradients = torch_loss_and_gradients(ours, tokens, targets, options)
    keras_loss, keras_gradients = keras_loss_and_gradients(theirs, tokens, targets, options)
    assert_allclose(keras_loss, loss, rtol=0, atol=1e-12 if exact else 1e-6)
    # Both biases of PyTorch have the gradient that the one bias of Keras has.
    assert_allclose(gradients["lstm.bias_ih_l0"], gradients["lstm.bias_hh_l0"], rtol=1e-5, atol=1e-7)
    expected = [
        gradients["embedding.weight"],
        gradients["lstm.weight_ih_l0"].T,
        gradients["lstm.weight_hh_l0"].T,
        gradients["lstm.bias_ih_l0"],
        gradients["fc.weight"].T,
        gradients["fc.bias"],
    ]
    for found, wanted in zip(keras_gradients, expected, strict=True):
        assert_allclose(found, wanted, rtol=0, atol=1e-12 if exact else 1e-5)


def test_the_weights_carried_over_are_copies():
    ours = torch_model()
    theirs, tokens = transfer_weights(ours), tokens_of(ours, 2, 5)
    before = logits_of(theirs, tokens)
    with torch.no_grad():
        for parameter in ours.parameters():
            parameter.zero_()
    assert_array_equal(logits_of(theirs, tokens), before)


def test_a_model_of_other_layers_is_not_carried_over():
    model = torch_model()
    model.lstm = torch.nn.LSTM(3, 5, num_layers=2, batch_first=True)
    with pytest.raises(ValueError, match=r"the model differs in lstm.bias_hh_l1, .*expected the parameters"):
        transfer_weights(model)
    with pytest.raises(ValueError, match=r"differs in bias, embedding.weight"):
        transfer_weights(torch.nn.Linear(2, 3))
