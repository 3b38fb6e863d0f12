"""Readers and what they make of texts, for the scripts: a file, a step of an LSTM, prices, likenesses."""

import base64
import unicodedata

import numpy as np
import torch

from helpers.data import CharVocabulary
from helpers.models import reader
from helpers.models.folding import fold
from helpers.models.pytorch import SimpleLanguageModel
from helpers.widgets.reading_lab import read


def readers() -> dict:
    """Every part of a file with random weights; and of the reader of the book, what it pays for texts."""
    rng = np.random.default_rng(7)
    torch.manual_seed(7)
    stored = reader.Reader(
        SimpleLanguageModel(8, 4, 12), CharVocabulary("\n abcé—😀"), rng.random(8).astype(np.float32)
    )
    file = reader.write(stored)
    model, vocabulary, frequencies = reader.read(file)
    h, c = torch.randn(2, 12).unbind()
    logits, (next_h, next_c) = model.advance(torch.tensor([[3]]), (h[None, None], c[None, None]))
    return {
        "file": base64.b64encode(file).decode(),
        "alphabet": list(vocabulary.characters),
        "frequencies": frequencies.tolist(),
        "parts": {name: values.flatten().tolist() for name, values in model.state_dict().items()},
        "step": {
            **{"id": 3, "h": h.tolist(), "c": c.tolist()},
            **{"nextH": next_h.flatten().tolist(), "nextC": next_c.flatten().tolist()},
            "logProbs": logits.flatten().log_softmax(-1).tolist(),
        },
        "book": base64.b64encode(reader.FILE.read_bytes()).decode(),
        "texts": [priced(text) for text in texts(rng)],
        "likenesses": likenesses(),
    }


def texts(rng) -> list[str]:
    """Lines of every kind of character that the reader knows, and of some that it does not."""
    known = list(reader.alphabet().characters)
    mixed = [*known, *"“”’—é…ß@日😀"]
    drawn = ["".join(rng.choice(known, 150)) for _ in range(4)] + [
        "".join(rng.choice(mixed, 90)) for _ in range(4)
    ]
    return ["", "\n", "a", "@", "To be, or not to be, that is the question:\n" * 6, *drawn]


def priced(text: str) -> dict:
    """What each character that is read costs, and which character of the text it stands for."""
    found = read(text)
    return {"text": text, "owners": found.owners.tolist(), "surprisals": found.surprisals.tolist()}


def likenesses() -> dict:
    """{character: what is read for it}, of all characters of the basic plane that Python knows of."""
    known = set(reader.alphabet().characters)
    assigned = (chr(k) for k in range(0x10000) if unicodedata.category(chr(k)) not in ("Cn", "Cs", "Co"))
    return {one: fold(one, known) for one in assigned}
