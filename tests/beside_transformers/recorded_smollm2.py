"""What `transformers` makes of SmolLM2's file: the numbers that our own model is compared with everywhere.

.. code-block:: bash

    PYTHONPATH=_build/transformers/… python tests/beside_transformers/recorded_smollm2.py

writes recorded_smollm2.json anew; the folder is what tests/transformers_folder.py fills.
"""

import json
from functools import cache
from pathlib import Path

import numpy as np
import torch
from tokenizers import Tokenizer, pre_tokenizers

from helpers import parts

RECORD = Path(__file__).with_suffix(".json")
BOS = 0  # <|endoftext|>
TEXTS = [
    "Tomorrow, and tomorrow, and tomorrow, creeps in this petty pace from day to day.",
    "def mean(x):\n    return sum(x) / len(x)\n\n12345.678",
    "La perplexité d’un modèle est l’exponentielle de sa perte.",
    "सभी मनुष्यों को गौरव और अधिकारों के मामले में जन्मजात स्वतन्त्रता और समानता प्राप्त है।",
    "掛け算は足し算になる。\U0001f40d",
]
PLACES = 5


@cache
def loaded():
    """The tokenizer, as it is read from the file, and the model, in float32."""
    from transformers import AutoModelForCausalLM, AutoTokenizer

    folder, file = parts.path("smollm2").parent, parts.path("smollm2").name
    tokenizer = AutoTokenizer.from_pretrained(folder, gguf_file=file).backend_tokenizer
    return tokenizer, AutoModelForCausalLM.from_pretrained(folder, gguf_file=file, dtype=torch.float32)


@cache
def whole_tokenizer() -> Tokenizer:
    """The tokenizer with the step that `transformers` leaves out when it reads a GGUF file.

    The file names the splitting of "smollm", which sets each digit apart before anything else: so two line
    breaks before a number are one token. (llama.cpp, LLAMA_VOCAB_PRE_TYPE_SMOLLM)
    """
    tokenizer = Tokenizer.from_str(loaded()[0].to_str())
    steps = [pre_tokenizers.Digits(individual_digits=True), tokenizer.pre_tokenizer]
    tokenizer.pre_tokenizer = pre_tokenizers.Sequence(steps)
    return tokenizer


def encoded(text: str) -> list[int]:
    """Ids of a text, none added."""
    return whole_tokenizer().encode(text, add_special_tokens=False).ids


@torch.inference_mode()
def logits_after(ids: list[int]) -> np.ndarray:
    """Logits after BOS and after each of the ids, shape (T + 1, V), float32."""
    return loaded()[1](torch.tensor([[BOS, *ids]])).logits[0].numpy()


def log_probs_of(logits: np.ndarray, ids: list[int]) -> np.ndarray:
    """Log-probability of each id, in nats, shape (T,)."""
    normalised = torch.from_numpy(logits[:-1]).double().log_softmax(-1).numpy()
    return normalised[np.arange(len(ids)), ids]


def recorded(text: str) -> dict:
    """The ids of a text, their log-probabilities, and the five largest logits after the last one."""
    ids = encoded(text)
    logits = logits_after(ids)
    likeliest = np.argsort(-logits[-1])[:5]
    return {
        "text": text,
        "ids": ids,
        "log_probs": log_probs_of(logits, ids).round(PLACES).tolist(),
        "likeliest": likeliest.tolist(),
        "logits": logits[-1, likeliest].astype(float).round(PLACES).tolist(),
    }


def main():
    import transformers

    record = {
        "made by": f"tests/beside_transformers/{Path(__file__).name}",
        "transformers": transformers.__version__,
        "torch": torch.__version__.split("+")[0],
        "texts": [recorded(text) for text in TEXTS],
    }
    RECORD.write_text(json.dumps(record, ensure_ascii=False, indent=1) + "\n", encoding="utf-8")


if __name__ == "__main__":
    main()
