"""To predict in chapter 9: what overlap costs, and what another tokenizer does to a perplexity."""

import numpy as np

from helpers.metrics import perplexity
from helpers.widgets.prediction import Prediction


def tokens_computed() -> Prediction:
    """Overlap is paid for in tokens that are read again."""
    length, stride = 1024, 128
    factor = length / stride
    return Prediction(
        "A long text is read in windows of 1,024 tokens. Each window scores the last 128 of them; the others "
        "are context, and are read again. How many tokens does the model compute for each token of the text?",
        factor,
        unit="tokens",
        because=[
            "Every window computes 1,024 tokens and moves on by 128.",
            f"1,024 / 128 = {factor:.0f}: eight times the work of windows that do not overlap.",
        ],
        mistakes={
            1.0: "That holds without overlap: every token is computed once.",
            (length - stride)
            / stride: "That is (1,024 − 128) / 128: the token is computed once as a target too.",
            length
            / (length - stride): "That is 1,024 / (1,024 − 128). A window moves on by 128, not by the rest.",
            float(length): "That would be a stride of 1.",
        },
        decimals=1,
    )


def the_same_text_in_more_pieces() -> Prediction:
    """The same price for the text, spread over more tokens."""
    fewer, more, price = 1_000, 1_500, 3.0
    here = float(perplexity(fewer * price, fewer))
    there = float(perplexity(fewer * price, more))
    return Prediction(
        "One tokenizer cuts a text into 1,000 tokens, and a model pays 3.0 nats for each: perplexity 20.1. "
        "Another tokenizer cuts the same text into 1,500 tokens, and its model pays as much for the text. "
        "What is the perplexity of the second model?",
        there,
        unit="choices",
        because=[
            f"Both pay 1,000 · 3.0 = {fewer * price:,.0f} nats for the text.",
            f"3,000 / 1,500 = {fewer * price / more:.1f} nats a token, and exp(2.0) = {there:.2f}.",
        ],
        mistakes={
            here: "That is the perplexity of the first model. The second has more tokens for the same sum.",
            here * fewer / more: "That divides 20.1 by 1.5. Divide the loss, then take the exponential.",
            float(np.log(there)): "That is the mean loss in nats; its exponential is asked for.",
            float(
                perplexity(more * price, fewer)
            ): "That is exp(4.5): more tokens make each of them cheaper.",
        },
        decimals=2,
    )


PREDICTIONS = (tokens_computed, the_same_text_in_more_pieces)
