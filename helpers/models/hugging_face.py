"""Any causal language model that `transformers` can load, behind the book's two interfaces.

The book itself does not need `transformers`. Where it is installed (``pip install transformers``), what
the book does with one model can be done with another, out of a folder or off the Hugging Face hub.

The bytes of a token are read out of the vocabulary, not out of the offsets that a tokenizer reports: these
count characters, and a token may end inside one. What a tokenizer does to a text on its way (lower its case,
join its spaces, drop what it does not know) would be priced as if it were the text; so every encoding is put
together again and compared, and one that is not the text, to the byte, is refused.
"""

import inspect
import re
from pathlib import Path

import numpy as np
import tokenizers
import torch
from torch import Tensor, nn

from helpers.models import scoring
from helpers.tokenization import SPACE, Tokenizer, bytes_of_names
from helpers.validation import token_ids


def load(name: str | Path, *, dtype: torch.dtype = torch.float32) -> tuple["HuggingFaceModel", Tokenizer]:
    """A model and its tokenizer.

    Args:
        name: a folder that ``save_pretrained`` wrote, or a name on the hub: ``"openai-community/gpt2"``.
        dtype: what the model computes in, whatever it is stored in. bfloat16 has too few digits for prices.

    Raises:
        ModuleNotFoundError: `transformers` is not installed.
        OSError: there is no such folder, and the hub has no such name or cannot be reached.
        ValueError: the model sees later tokens, or its tokenizer's tokens stand for no bytes.
    """
    try:
        from transformers import AutoModelForCausalLM, AutoTokenizer
    except ModuleNotFoundError as error:
        raise ModuleNotFoundError(
            f"{error.name} is not installed; expected transformers, which the book does not need otherwise: "
            "pip install transformers"
        ) from error
    try:
        tokenizer = AutoTokenizer.from_pretrained(name)
        model = AutoModelForCausalLM.from_pretrained(name, dtype=dtype)
    except (OSError, ValueError) as error:  # an empty folder is a ValueError to transformers
        raise OSError(
            f"{name} is no folder with a model and its tokenizer, and the Hugging Face hub gave none of that "
            f"name; expected such a folder, or a network and a name that the hub has. It says: {error}"
        ) from error
    model = HuggingFaceModel(model)
    return model, as_tokenizer(tokenizer, model.vocab_size)


class HuggingFaceModel(nn.Module):
    """A model of `transformers` that can be sampled and priced as the book's own.

    Args:
        model: a causal language model; put into evaluation mode.

    Attributes:
        vocab_size: V, the number of logits.
        context: how many tokens of a text it can read; None if it says nothing about that.

    Raises:
        ValueError: the model was trained to fill gaps, and looks at the tokens that it should predict.
    """

    def __init__(self, model: nn.Module):
        super().__init__()
        config = model.config.get_text_config()
        trained_as = model.config.architectures or []
        if any("MaskedLM" in architecture for architecture in trained_as):
            raise ValueError(f"the model is a {trained_as[0]}; expected one that sees earlier tokens alone")
        self.model = model.eval()
        self.vocab_size = config.vocab_size
        self.context = getattr(config, "max_position_embeddings", None)
        takes = inspect.signature(model.forward).parameters
        self._cache = "cache" if "cache" in takes else "past_key_values"  # its name until transformers 5.23

    def forward(self, tokens: Tensor) -> Tensor:
        """Logits of the next token, shape (B, T, V), after each of the `tokens`, integers of shape (B, T)."""
        return self.advance(tokens)[0]

    def advance(self, tokens: Tensor, state=None) -> tuple[Tensor, object]:
        """Read on where an earlier call stopped.

        Args:
            tokens: the next piece of B texts, integers below V, shape (B, T).
            state: what the call for the piece before it returned, which is used up; None at the start.

        Returns:
            logits, shape (B, T, V), and the state after the last token.

        Raises:
            ValueError: the text so far is longer than `context`.
        """
        if self.context is not None:
            length = tokens.shape[1] + (0 if state is None else state.get_seq_length())
            if length > self.context:
                raise ValueError(
                    f"the text has {length} tokens; expected at most {self.context}, the context"
                )
        found = self.model(tokens, **{self._cache: state}, use_cache=True)
        return found.logits, found[self._cache]

    @torch.inference_mode()
    def logits(self, tokens) -> np.ndarray:
        """Logits of the next token after each token of one text, shape (T, V); `tokens` of shape (T,)."""
        tokens = torch.from_numpy(token_ids("tokens", tokens, self.vocab_size))[None]
        return self(tokens.to(self.model.device))[0].float().cpu().numpy()

    def log_probs(self, tokens, context=()) -> np.ndarray:
        """Log-probability of each token, in nats, shape (T,), by :func:`helpers.models.scoring.log_probs`."""
        return scoring.log_probs(self, tokens, context)


def as_tokenizer(theirs, vocab_size: int) -> Tokenizer:
    """A tokenizer of `transformers` with the interface of :mod:`helpers.tokenization`.

    ``bos`` is the one of `theirs`, or its token for the end of a document, if none begins one. Ids that
    `theirs` does not use, with which some models fill up a round V, have no bytes.

    Args:
        theirs: one that the library `tokenizers` runs: byte-level, as GPT-2's, or with ``"▁"`` for a space,
            which is SentencePiece's.
        vocab_size: V of the model.

    Raises:
        ValueError: `theirs` is of another kind.
    """
    if not getattr(theirs, "is_fast", False):
        raise ValueError(f"the tokenizer is a {type(theirs).__name__}; expected one run by `tokenizers`")
    # A copy: each call of `theirs` sets anew what is set here.
    backend = tokenizers.Tokenizer.from_str(theirs.backend_tokenizer.to_str())
    backend.encode_special_tokens = True  # "<|endoftext|>" in a text is the signs that one sees
    backend.no_truncation()
    backend.no_padding()
    added = backend.get_added_tokens_decoder()
    special = {token.content: i for i, token in added.items() if token.special}
    names = {i: name for name, i in backend.get_vocab().items() if i not in added}
    if isinstance(backend.decoder, tokenizers.decoders.ByteLevel):
        pieces = bytes_of_names(names.values())
    elif any(SPACE in name for name in names.values()):
        pieces = [_sentencepiece_bytes(name) for name in names.values()]
    else:
        raise ValueError(
            f"the tokenizer decodes with {backend.decoder}; expected byte-level, or ▁ for a space"
        )
    bytes_of = dict(zip(names, pieces, strict=True))
    bytes_of |= {i: b"" if token.special else token.content.encode() for i, token in added.items()}
    tokens = [bytes_of.get(i, b"") for i in range(max(vocab_size, max(bytes_of) + 1))]

    def encode(text: str) -> list[int]:
        return backend.encode(text, add_special_tokens=False).ids

    return ComparedTokenizer(
        theirs.name_or_path or type(theirs).__name__,
        tokens,
        encode,
        special=special,
        bos=theirs.eos_token_id if theirs.bos_token_id is None else theirs.bos_token_id,
        adds_space=b"".join(tokens[i] for i in encode("a")) == b" a",
    )


class ComparedTokenizer(Tokenizer):
    """A tokenizer that is not known to keep every text, and is held to each one that it encodes."""

    def encode(self, text: str) -> np.ndarray:
        """Ids of the pieces of `text`, shape (T,), int64; none is added before or behind.

        Raises:
            ValueError: the pieces, joined, are not `text`.
        """
        ids = np.fromiter(self._encode(text), dtype=np.int64)
        back, wanted = b"".join(self.pieces(ids)), text.encode()
        if back != wanted:
            at = next(
                (i for i, pair in enumerate(zip(back, wanted, strict=False)) if pair[0] != pair[1]), len(back)
            )
            raise ValueError(
                f"{self.name} changes the text: byte {at} begins {wanted[at : at + 12]!r}, and comes back as "
                f"{back[at : at + 12]!r}; expected a text that it keeps"
            )
        return ids


def _sentencepiece_bytes(name: str) -> bytes:
    """The bytes of a SentencePiece token: "<0x0A>" is one byte, "▁" a space."""
    byte = re.fullmatch("<0x([0-9A-F]{2})>", name)
    return bytes.fromhex(byte[1]) if byte else name.replace(SPACE, " ").encode()
