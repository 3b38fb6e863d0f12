"""The bridge to `transformers` where there is none; what crosses it is tested in beside_transformers/."""

import sys
from types import SimpleNamespace

import numpy as np
import pytest
import torch
from numpy.testing import assert_allclose

from helpers.models.hugging_face import HuggingFaceModel, load
from helpers.models.pytorch import SimpleLanguageModel


def test_without_transformers_the_error_says_what_to_install(monkeypatch):
    monkeypatch.setitem(sys.modules, "transformers", None)
    with pytest.raises(ModuleNotFoundError, match=r"transformers, .*: pip install transformers"):
        load("anything")


class State(tuple):
    """The state of an LSTM, with what a cache of `transformers` says of itself."""

    length = 0

    def get_seq_length(self):
        return self.length


class Other(torch.nn.Module):
    """An LSTM behind the interface that models of `transformers` had before their cache was called cache."""

    device = torch.device("cpu")

    def __init__(self, **settings):
        super().__init__()
        torch.manual_seed(0)
        self.inner = SimpleLanguageModel(9, 4, 5)
        text = SimpleNamespace(vocab_size=9, **settings)
        self.config = SimpleNamespace(architectures=None, get_text_config=lambda: text)

    def forward(self, input_ids, past_key_values=None, use_cache=False):
        logits, state = self.inner.advance(input_ids, past_key_values and tuple(past_key_values))
        state = State(state)
        state.length = input_ids.shape[1] + (past_key_values.length if past_key_values else 0)
        return Output(logits=logits, past_key_values=state)


class Output(dict):
    """Values by name, in brackets and after a dot."""

    __getattr__ = dict.__getitem__


def test_a_model_of_an_older_version_is_read_in_pieces_too():
    model = HuggingFaceModel(Other(max_position_embeddings=600))
    tokens = np.random.default_rng(0).integers(9, size=590)
    expected = model.model.inner.log_probs(tokens[1:], tokens[:1])
    assert_allclose(model.log_probs(tokens[1:], tokens[:1]), expected, rtol=0, atol=1e-6)
    with pytest.raises(ValueError, match="the text has 601 tokens; expected at most 600"):
        model.log_probs(np.zeros(601, int), [0])


def test_a_model_that_names_no_context_reads_on():
    model = HuggingFaceModel(Other())
    assert model.context is None
    assert model.log_probs(np.zeros(700, int), [0]).shape == (700,)
