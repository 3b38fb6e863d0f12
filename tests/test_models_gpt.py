"""The small GPT: against attention written out in NumPy, and what is read in pieces against the whole."""

import numpy as np
import pytest
import torch
from numpy.testing import assert_allclose, assert_array_equal
from torch.utils.flop_counter import FlopCounterMode

from helpers.losses import reference
from helpers.models.gpt import GPT
from helpers.models.llama import Llama
from helpers.models.pytorch import SimpleLanguageModel
from helpers.models.scoring import log_probs
from helpers.training.pytorch import evaluate, sample, train

V, CONTEXT = 7, 5


def gpt(context=CONTEXT, layers=2, heads=2, dim=8, seed=0, dtype=torch.float64):
    torch.manual_seed(seed)
    model = GPT(V, context=context, layers=layers, heads=heads, dim=dim)
    with torch.no_grad():
        model.fc.weight.mul_(50)  # so that what the blocks say shows in the logits
        model.neighbours.normal_()
    return model.to(dtype)


def text(*shape, seed=0):
    return np.random.default_rng(seed).integers(V, size=shape)


@torch.no_grad()
def logits_of(model, tokens):
    return model(torch.from_numpy(tokens)).numpy()


# ---- the equations ---------------------------------------------------------------------------------------


def gpt_in_words(model, tokens, context=CONTEXT):
    """Logits of one text, one position, one head and one earlier token at a time."""
    w = {name: value.detach().numpy() for name, value in model.named_parameters()}
    norm = lambda x, name: x / np.sqrt((x * x).mean() + np.finfo(float).eps) * w[name]  # noqa: E731
    e = w["embedding.weight"][tokens]  # (T, D)
    x = e.copy()
    for back in (1, 2):
        for t in range(back, len(e)):
            x[t] += w["neighbours"][back - 1] * e[t - back]
    dim, heads = x.shape[1], model.blocks[0].attention.heads
    size = dim // heads
    for i in range(len(model.blocks)):
        asked = np.array(
            [w[f"blocks.{i}.attention.ask.weight"] @ norm(v, f"blocks.{i}.attention_norm.weight") for v in x]
        )
        found = np.zeros_like(x)
        for head in range(heads):
            q, k, v = (asked[:, part * dim + head * size :][:, :size] for part in range(3))
            for t in range(len(x)):
                near = range(max(0, t - context + 1), t + 1)
                scores = np.array([turned(q[t], t) @ turned(k[s], s) for s in near]) / np.sqrt(size)
                shares = reference.softmax(scores)
                found[t, head * size :][:size] = sum(a * v[s] for a, s in zip(shares, near, strict=True))
        x = x + found @ w[f"blocks.{i}.attention.output.weight"].T
        for t in range(len(x)):
            y = norm(x[t], f"blocks.{i}.feed_forward_norm.weight")
            gate = w[f"blocks.{i}.feed_forward.gate.weight"] @ y
            inner = gate / (1 + np.exp(-gate)) * (w[f"blocks.{i}.feed_forward.up.weight"] @ y)
            x[t] = x[t] + w[f"blocks.{i}.feed_forward.down.weight"] @ inner
    return np.array([w["fc.weight"] @ norm(v, "norm.weight") for v in x])


def turned(x, position):
    """RoPE by rotation matrices: numbers 2j and 2j + 1 turn by position / 100^(2j / size)."""
    y = np.empty_like(x)
    for j in range(0, x.size, 2):
        angle = position / 100 ** (j / x.size)
        y[j] = np.cos(angle) * x[j] - np.sin(angle) * x[j + 1]
        y[j + 1] = np.sin(angle) * x[j] + np.cos(angle) * x[j + 1]
    return y


@pytest.mark.parametrize("length", [1, CONTEXT, 3 * CONTEXT])
def test_the_logits_are_those_of_the_equations(length):
    model, tokens = gpt(), text(2, length)
    expected = [gpt_in_words(model, row) for row in tokens]
    assert np.abs(expected).max() > 1
    assert_allclose(logits_of(model, tokens), expected, rtol=1e-8, atol=1e-8)


def test_without_its_look_at_the_neighbours_it_is_a_llama_with_a_head_of_its_own():
    ours, dim = gpt(context=16), 8
    torch.nn.init.zeros_(ours.neighbours)
    sizes = dict(context=16, layers=2, heads=2, key_heads=2, dim=dim, hidden_dim=8 * dim // 3)
    llama = Llama(V, rope_base=100.0, epsilon=2.3e-16, **sizes).double()
    weights = {
        name: value for name, value in ours.state_dict().items() if name not in ("fc.weight", "neighbours")
    }
    for i in range(2):
        parts = weights.pop(f"blocks.{i}.attention.ask.weight").chunk(3)
        for name, part in zip(("query", "key", "value"), parts, strict=True):
            weights[f"blocks.{i}.attention.{name}.weight"] = part
    llama.load_state_dict(weights)
    tokens = torch.from_numpy(text(1, 16))
    with torch.no_grad():
        assert_allclose(ours(tokens), llama.hidden(tokens) @ ours.fc.weight.T, rtol=1e-5, atol=1e-6)


# ---- reading in pieces -----------------------------------------------------------------------------------


@pytest.mark.parametrize("cuts", [[4], [1, 2, 3], [5, 6, 16], list(range(1, 17))])
@pytest.mark.parametrize("context", [1, 2, CONTEXT, 40])
def test_a_text_read_in_pieces_is_the_text_read_at_once(cuts, context):
    model, tokens = gpt(context), text(3, 17)
    state, pieces = None, []
    with torch.no_grad():
        for piece in np.split(tokens, cuts, axis=1):
            logits, state = model.advance(torch.from_numpy(piece), state)
            pieces.append(logits.numpy())
    assert_allclose(np.concatenate(pieces, axis=1), logits_of(model, tokens), rtol=1e-8, atol=1e-8)
    for key, value in state[1]:
        assert (
            key.shape == value.shape == (3, 2, min(context - 1, 17), 4)
        )  # no more is kept than can be asked


def test_a_prediction_knows_nothing_of_the_tokens_after_it():
    model, tokens = gpt(), text(1, 9)
    other = tokens.copy()
    other[:, 5:] = (other[:, 5:] + 1) % V
    before, after = logits_of(model, tokens), logits_of(model, other)
    assert_array_equal(before[:, :5], after[:, :5])
    assert (before[:, 5:] != after[:, 5:]).any(axis=-1).all()


@pytest.mark.parametrize("layers", [1, 2])
def test_each_layer_reaches_back_by_one_context_and_no_further(layers):
    model, tokens = gpt(layers=layers), text(1, 20)
    reach = layers * (CONTEXT - 1) + 2
    for back, changes in [(reach, True), (reach + 1, False)]:
        other = tokens.copy()
        other[0, -1 - back] = (other[0, -1 - back] + 1) % V
        last, changed = logits_of(model, tokens)[0, -1], logits_of(model, other)[0, -1]
        assert (np.abs(last - changed).max() > 1e-9) is np.bool_(changes)


def test_the_order_of_the_tokens_counts():
    model = gpt()
    one, two = logits_of(model, np.array([[1, 2, 3, 4]])), logits_of(model, np.array([[2, 1, 3, 4]]))
    assert np.abs(one[0, -1] - two[0, -1]).max() > 1e-3


# ---- at the start ----------------------------------------------------------------------------------------


def test_the_first_loss_lies_above_log_v_by_half_the_variance_of_the_logits():
    torch.manual_seed(0)
    model = GPT(79)
    tokens = np.random.default_rng(0).integers(79, size=(16, 65))
    logits = logits_of(model, tokens[:, :-1])
    loss = reference.cross_entropy(logits, tokens[:, 1:])
    half_variance = logits.var() / 2
    assert 0.01 < half_variance < 0.05  # 128 numbers of size 1, times weights of size 0.02: 0.0512 / 2
    assert_allclose(loss, np.log(79) + half_variance, atol=0.01)


def test_no_layer_makes_the_vectors_much_longer_or_shorter():
    torch.manual_seed(0)
    model = GPT(79)
    sizes = []
    for block in model.blocks:
        block.register_forward_hook(lambda _, __, out: sizes.append(out[0].std().item()))
    logits_of(model, np.random.default_rng(0).integers(79, size=(4, 64)))
    assert len(sizes) == 4
    assert 1 < sizes[0] < sizes[-1] < 2


def test_the_parameters_are_as_many_as_the_shapes_say():
    layers, dim, inner = 4, 128, 341
    expected = 2 * 79 * dim + 2 * dim + layers * (4 * dim**2 + 3 * dim * inner + 2 * dim) + dim
    assert sum(p.numel() for p in GPT(79).parameters()) == expected


@pytest.mark.parametrize(("layers", "dim"), [(1, 32), (3, 96)])
def test_a_step_takes_six_operations_for_each_weight_of_a_matrix(layers, dim):
    model = GPT(79, context=16, layers=layers, heads=2, dim=dim)
    tokens = torch.from_numpy(np.random.default_rng(0).integers(79, size=(4, 17)))
    with FlopCounterMode(display=False) as counter:
        logits = model(tokens[:, :-1])
        torch.nn.functional.cross_entropy(logits.flatten(0, 1), tokens[:, 1:].flatten()).backward()
    weights = sum(p.numel() for name, p in model.named_parameters() if name != "embedding.weight")
    asking = (
        6 * layers * 2 * 16 * dim
    )  # each of 16 positions asks 16 and takes from 16; some counters count it
    assert 6 * 0.97 * weights < counter.get_total_flops() / 64 < 6 * weights + 1.2 * asking


# ---- in the loops ----------------------------------------------------------------------------------------


def test_the_loops_train_it_on_a_text_that_takes_memory_and_it_writes_that_text():
    text = np.tile([0, 1, 3, 0, 2, 4], 100)  # after 0 comes now 1, now 2: two tokens earlier stands which one
    torch.manual_seed(0)
    model = GPT(V, context=8, layers=2, heads=2, dim=16)
    torch.nn.init.zeros_(model.neighbours).requires_grad_(False)  # attention alone has to find it
    options = {"steps": 150, "batch_size": 8, "length": 24, "learning_rate": 0.01, "warm_up": 10}
    train(model, text, text[:60], **options)
    assert evaluate(model, text, batch_size=1).mean < 0.05
    assert_array_equal(sample(model, text[:4], 20, np.random.default_rng(0), temperature=0), text[4:24])


# ---- log-probabilities -----------------------------------------------------------------------------------


def lstm():
    torch.manual_seed(0)
    return SimpleLanguageModel(V, 3, 5).double()


@pytest.mark.parametrize("make", [gpt, lstm])
@pytest.mark.parametrize("read", [1, 4])
def test_log_probs_are_the_logs_of_the_softmax_at_what_came(make, read):
    model, tokens = make(), text(15)
    log_q = reference.log_softmax(logits_of(model, tokens[None]))[0]
    expected = [log_q[t - 1, tokens[t]] for t in range(read, 15)]
    found = model.log_probs(tokens[read:], context=tokens[:read])
    assert found.dtype == np.float64
    assert_allclose(found, expected, rtol=1e-8)
    for at_once in (1, 2, 14, 100):
        assert_allclose(log_probs(model, tokens[read:], tokens[:read], at_once=at_once), expected, rtol=1e-8)


@pytest.mark.parametrize("make", [gpt, lstm])
def test_the_probabilities_of_all_continuations_sum_to_one(make):
    model = make()
    total = sum(np.exp(model.log_probs([a, b], [3, 1])).prod() for a in range(V) for b in range(V))
    assert_allclose(total, 1, rtol=1e-10)


def test_nothing_to_price_has_no_prices():
    assert gpt().log_probs([], [1]).shape == (0,)


# ---- bad input -------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("sizes", "message"),
    [
        ({"vocab_size": 0}, "vocab_size is 0"),
        ({"context": 0}, "context is 0"),
        ({"layers": 1.5}, "layers is 1.5"),
        ({"dim": 12, "heads": 4}, r"dim is 12 and heads is 4; expected dim a multiple of 2 · heads"),
    ],
)
def test_sizes_that_make_no_model_are_named(sizes, message):
    with pytest.raises(ValueError, match=message):
        GPT(**{"vocab_size": V, "dim": 8, "heads": 2} | sizes)


@pytest.mark.parametrize(
    ("tokens", "context", "message"),
    [
        ([1], [], "context is empty, and nothing says what a text begins with; expected at least one token"),
        ([1, V], [0], r"tokens holds 7 at position \(1,\)"),
        ([1], [-1], r"context holds -1"),
    ],
)
def test_what_cannot_be_priced_is_named(tokens, context, message):
    with pytest.raises(ValueError, match=message):
        gpt().log_probs(tokens, context)
