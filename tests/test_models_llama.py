"""Llama: against its equations written out in NumPy, one token and one head at a time, and against itself."""

import numpy as np
import pytest
import torch
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from numpy.testing import assert_allclose, assert_array_equal

from helpers.losses import reference
from helpers.models import llama
from helpers.models.llama import Llama
from helpers.training.pytorch import sample

few = settings(max_examples=8, deadline=None, suppress_health_check=[HealthCheck.too_slow])
SIZES = dict(context=16, layers=2, heads=4, key_heads=2, dim=16, hidden_dim=12)


def random_model(vocab_size=11, seed=0, dtype=torch.float64, **sizes):
    """A model whose every weight matters: the norms' are no ones."""
    torch.manual_seed(seed)
    model = Llama(vocab_size, **(SIZES | sizes)).to(dtype)
    with torch.no_grad():
        for name, weight in model.named_parameters():
            weight.copy_(torch.randn_like(weight) * 0.5 + ("norm" in name))
    return model.eval()


@pytest.fixture(scope="module")
def model():
    return random_model()


def tokens_of(model, *shape, seed=0):
    return np.random.default_rng(seed).integers(model.vocab_size, size=shape)


def logits_of(model, tokens):
    with torch.inference_mode():
        return model(torch.from_numpy(tokens)).numpy()


# ---- the equations ---------------------------------------------------------------------------------------


def llama_in_words(model, tokens, heads, key_heads, rope_base, epsilon):
    """Logits of one text, shape (T, V)."""
    w = {name: value.detach().numpy() for name, value in model.named_parameters()}
    norm = lambda x, weight: weight * x / np.sqrt((x**2).mean() + epsilon)  # noqa: E731
    x = [w["embedding.weight"][token] for token in tokens]
    size = x[0].size // heads

    def turned(part, position):
        out = np.empty(size)
        for j in range(size // 2):
            angle = position / rope_base ** (2 * j / size)
            turn = np.array([[np.cos(angle), -np.sin(angle)], [np.sin(angle), np.cos(angle)]])
            out[2 * j : 2 * j + 2] = turn @ part[2 * j : 2 * j + 2]
        return out

    for block in range(len(model.blocks)):
        b = {name.removeprefix(f"blocks.{block}."): value for name, value in w.items()}
        normed = [norm(vector, b["attention_norm.weight"]) for vector in x]
        for t in reversed(range(len(x))):  # the last first: what it finds must not change what others see
            found = []
            for head in range(heads):
                mine = slice(head * size, (head + 1) * size)
                asked = head // (heads // key_heads)
                theirs = slice(asked * size, (asked + 1) * size)
                query = turned((b["attention.query.weight"] @ normed[t])[mine], t)
                keys = [turned((b["attention.key.weight"] @ normed[s])[theirs], s) for s in range(t + 1)]
                values = [(b["attention.value.weight"] @ normed[s])[theirs] for s in range(t + 1)]
                match = np.exp([query @ key / np.sqrt(size) for key in keys])
                found.append(sum(m * value for m, value in zip(match / match.sum(), values, strict=True)))
            x[t] = x[t] + b["attention.output.weight"] @ np.concatenate(found)
        for t, vector in enumerate(x):
            normed = norm(vector, b["feed_forward_norm.weight"])
            gate = b["feed_forward.gate.weight"] @ normed
            inner = gate / (1 + np.exp(-gate)) * (b["feed_forward.up.weight"] @ normed)
            x[t] = vector + b["feed_forward.down.weight"] @ inner
    return np.stack([w["embedding.weight"] @ norm(vector, w["norm.weight"]) for vector in x])


@few
@given(
    st.sampled_from([(1, 1), (4, 4), (4, 2), (6, 1)]),
    st.integers(1, 3),
    st.sampled_from([10.0, 1e5]),
    st.sampled_from([1e-5, 0.3]),
    st.integers(0, 2**32 - 1),
)
def test_the_logits_are_those_of_the_equations(heads, layers, rope_base, epsilon, seed):
    heads, key_heads = heads
    options = dict(heads=heads, key_heads=key_heads, rope_base=rope_base, epsilon=epsilon)
    model = random_model(seed=seed, layers=layers, dim=heads * 4, **options)
    tokens = tokens_of(model, 7, seed=seed)
    assert_allclose(
        logits_of(model, tokens[None])[0], llama_in_words(model, tokens, **options), rtol=0, atol=1e-10
    )


# ---- reading ---------------------------------------------------------------------------------------------


def test_a_later_token_changes_no_earlier_logit(model):
    tokens = tokens_of(model, 3, 12)
    before = logits_of(model, tokens)
    for t in range(1, 12):
        changed = tokens.copy()
        changed[:, t] = (changed[:, t] + 1) % model.vocab_size
        after = logits_of(model, changed)
        assert_allclose(after[:, :t], before[:, :t], rtol=0, atol=1e-12)
        assert (np.abs(after[:, t] - before[:, t]).max(-1) > 1e-3).all()


def test_attention_depends_on_how_far_tokens_stand_apart_not_on_where(model):
    normed = torch.from_numpy(np.random.default_rng(0).normal(size=(1, 6, 16)))

    def found(start):
        turns = model.turns(torch.arange(start, start + 6, dtype=torch.float64))
        return model.blocks[0].attention(normed, turns, None)[0].detach().numpy()

    assert_allclose(found(9), found(0), rtol=0, atol=1e-12)


@pytest.mark.parametrize("pieces", [(12,), (5, 7), (1,) * 12, (4, 1, 1, 6)])
def test_a_text_read_in_pieces_is_the_text_read_at_once(model, pieces):
    tokens = tokens_of(model, 2, 12)
    found, state = [], None
    with torch.inference_mode():
        for piece in torch.from_numpy(tokens).split(pieces, dim=1):
            logits, state = model.advance(piece, state)
            found.append(logits.numpy())
    assert_allclose(np.concatenate(found, axis=1), logits_of(model, tokens), rtol=0, atol=1e-12)


def test_a_state_can_be_continued_twice(model):
    start, one, other = (torch.from_numpy(tokens_of(model, 1, 4, seed=seed)) for seed in range(3))
    with torch.inference_mode():
        _, state = model.advance(start)
        model.advance(one, state)
        after, _ = model.advance(other, state)
        assert_allclose(after, model(torch.cat([start, other], 1))[:, 4:], rtol=0, atol=1e-12)


def test_the_hidden_vectors_times_the_embedding_are_the_logits(model):
    tokens = torch.from_numpy(tokens_of(model, 2, 5))
    with torch.inference_mode():
        hidden = model.hidden(tokens)
        assert hidden.shape == (2, 5, 16)
        assert_allclose(hidden @ model.embedding.weight.T, model(tokens), rtol=0, atol=1e-12)


def test_the_logits_of_one_text_are_an_array(model):
    tokens = tokens_of(model, 5)
    found = model.logits(tokens)
    assert isinstance(found, np.ndarray)
    assert_array_equal(found, logits_of(model, tokens[None])[0])
    with pytest.raises(ValueError, match=r"tokens holds 11 at position \(1,\); expected classes 0 to 10"):
        model.logits([0, 11])


def test_more_than_the_context_is_refused(model):
    tokens = torch.from_numpy(tokens_of(model, 1, 17))
    with torch.inference_mode():
        model(tokens[:, :16])
        with pytest.raises(ValueError, match="the text has 17 tokens; expected at most 16"):
            model(tokens)
        _, state = model.advance(tokens[:, :16])
        with pytest.raises(ValueError, match="the text has 17 tokens"):
            model.advance(tokens[:, 16:], state)


@pytest.mark.parametrize(
    ("sizes", "message"),
    [
        (dict(layers=0), "layers is 0; expected a whole number, 1 or more"),
        (dict(hidden_dim=2.5), "hidden_dim is 2.5"),
        (dict(heads=4, key_heads=3), "heads is 4, key_heads is 3; expected .* heads of key_heads"),
        (dict(dim=18), "dim is 18, heads is 4"),
        (dict(dim=12), "dim is 12, heads is 4"),  # three numbers a head are no pairs
    ],
)
def test_sizes_that_make_no_model_are_refused(sizes, message):
    with pytest.raises(ValueError, match=message):
        Llama(11, **(SIZES | sizes))


def test_it_can_be_trained():
    model = random_model(dtype=torch.float32).train()
    tokens = torch.from_numpy(tokens_of(model, 4, 9))
    optimizer = torch.optim.Adam(model.parameters(), lr=1e-2)
    losses = []
    for _ in range(30):
        loss = torch.nn.functional.cross_entropy(model(tokens[:, :-1]).flatten(0, 1), tokens[:, 1:].flatten())
        optimizer.zero_grad()
        loss.backward()
        assert all(weight.grad.abs().max() > 0 for weight in model.parameters())
        optimizer.step()
        losses.append(loss.item())
    assert losses[-1] < losses[0] / 3


# ---- pricing ---------------------------------------------------------------------------------------------


@pytest.mark.parametrize("at_once", [1, 3, 128])
@pytest.mark.parametrize(("context", "length"), [(1, 12), (5, 7), (12, 1), (16, 1), (3, 14)])
def test_log_probs_are_the_logits_normalised(model, monkeypatch, context, length, at_once):
    monkeypatch.setattr(llama, "SCORED_AT_ONCE", at_once)
    text = tokens_of(model, context + length)
    found = model.log_probs(text[context:], text[:context])
    expected = reference.log_softmax(logits_of(model, text[None, :-1])[0])
    expected = expected[np.arange(context - 1, text.size - 1), text[context:]]
    assert (found.dtype, found.shape) == (np.float64, (length,))
    assert_allclose(found, expected, rtol=0, atol=1e-12)


def test_a_model_in_float32_prices_in_float64():
    single = random_model(dtype=torch.float32)
    found = single.log_probs([1, 2, 3], [0])
    assert found.dtype == np.float64
    assert_allclose(found, single.double().log_probs([1, 2, 3], [0]), rtol=0, atol=1e-4)


def test_no_tokens_cost_nothing(model):
    assert model.log_probs([], [0]).shape == (0,)


@pytest.mark.parametrize(
    ("tokens", "context", "message"),
    [
        ([1, 2], [], "context is empty, .*; expected at least one token"),
        ([1, 11], [0], r"tokens holds 11 at position \(1,\)"),
        ([1], [-1], r"context holds -1 at position \(0,\)"),
        ([[1]], [0], "tokens has shape"),
        (np.zeros(8, int), np.zeros(10, int), "the text has 17 tokens; expected at most 16"),
    ],
)
def test_what_cannot_be_priced_is_refused(model, tokens, context, message):
    with pytest.raises(ValueError, match=message):
        model.log_probs(tokens, context)


def test_sampling_with_a_cache_takes_the_likeliest_of_the_whole_text(model):
    text = [3, 1]
    drawn = sample(model, text, 8, np.random.default_rng(0), temperature=0)
    for token in drawn:
        assert token == model.logits(text)[-1].argmax()
        text.append(int(token))
