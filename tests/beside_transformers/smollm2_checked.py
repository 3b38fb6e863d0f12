"""SmolLM2 as we run it and as `transformers` does, from one file: texts drawn at random, and the record."""

import json

import numpy as np
import pytest
import transformers
from numpy.testing import assert_allclose
from recorded_smollm2 import BOS, RECORD, encoded, loaded, log_probs_of, logits_after

from helpers.data import load_play
from helpers.languages import LANGUAGES, declaration
from helpers.metrics import perplexity
from helpers.models.gguf import load_smollm2
from helpers.tokenization import smollm2

SEED = 20261126


@pytest.fixture(scope="module")
def ours():
    return load_smollm2()


def drawn(rng, characters):
    """A piece of a play, or of the Universal Declaration in some language."""
    code = rng.choice(["", *LANGUAGES])
    text = declaration(code) if code else load_play("the-tempest")
    start = rng.integers(len(text) - characters)
    return text[start : start + characters]


def scribbled(rng, characters):
    """Signs that make no sense, spaces and digits among them; all that our tokenizer can hold."""
    pool = "  \n\t0123456789aeiouäßñ.,;:'\"()[]{}<|>_-+=/\\@#€한日本ไทยعربي∑→😀"
    return "".join(rng.choice(list(pool), size=characters))


def test_texts_are_cut_into_the_same_tokens():
    rng = np.random.default_rng(SEED)
    texts = [make(rng, int(rng.integers(1, 400))) for make in (drawn, scribbled) for _ in range(150)]
    for text in texts:
        assert smollm2().encode(text).tolist() == encoded(text), text


def test_the_step_that_transformers_leaves_out_shows_before_a_number():
    raw, _ = loaded()
    same, other = "page 23, page 42", "a page.\n\n23"
    assert raw.encode(same, add_special_tokens=False).ids == encoded(same)
    assert len(raw.encode(other, add_special_tokens=False).ids) == len(encoded(other)) + 1


def test_the_logits_and_the_perplexity_are_the_same(ours):
    rng = np.random.default_rng(SEED + 1)
    texts = [drawn(rng, 120) for _ in range(3)] + [scribbled(rng, 60), load_play("macbeth")[5000:8400]]
    for text in texts:
        ids = encoded(text)[:1023]
        theirs = logits_after(ids)
        found = ours.logits([BOS, *ids])
        prices, expected = ours.log_probs(ids, [BOS]), log_probs_of(theirs, ids)
        ratio = perplexity(-prices.sum(), len(ids)) / perplexity(-expected.sum(), len(ids))
        print(
            f"{len(ids)} tokens: logits differ by {np.abs(found - theirs).max():.1e} at most, log-probs by "
            f"{np.abs(prices - expected).max():.1e}, the perplexity by {ratio - 1:.1e} of itself"
        )
        assert_allclose(found, theirs, rtol=0, atol=1e-3)
        assert_allclose(prices, expected, rtol=0, atol=5e-4)
        assert abs(ratio - 1) < 1e-5


def test_the_record_is_what_this_version_says():
    record = json.loads(RECORD.read_text(encoding="utf-8"))
    assert record["transformers"] == transformers.__version__
    for entry in record["texts"]:
        assert encoded(entry["text"]) == entry["ids"]
        logits = logits_after(entry["ids"])
        assert_allclose(log_probs_of(logits, entry["ids"]), entry["log_probs"], rtol=0, atol=1e-3)
        assert_allclose(logits[-1, entry["likeliest"]], entry["logits"], rtol=0, atol=1e-3)
