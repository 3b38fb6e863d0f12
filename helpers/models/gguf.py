"""Pretrained weights out of a GGUF file, the format of llama.cpp, into :class:`helpers.models.llama.Llama`.

A GGUF file holds named fields and named tensors. Most tensors are quantised: Q4_1 keeps 32 weights as 32
integers of 4 bits, one scale and one minimum. They are multiplied out to float32 once, when the file is read:
the model computes in full precision, with weights that have lost some.

llama.cpp and :class:`Llama` turn neighbours among the numbers of a query and of a key; `transformers` turns
each number with the one half a head away, and reorders the rows of these two matrices when it reads such a file.
"""

import re
from pathlib import Path

import gguf
import torch

from helpers import parts
from helpers.models.llama import Llama

ARCHITECTURE = "llama"

# The arguments of Llama, as the file's fields call them, after "llama.".
FIELDS = {
    "context": "context_length",
    "layers": "block_count",
    "heads": "attention.head_count",
    "key_heads": "attention.head_count_kv",
    "dim": "embedding_length",
    "hidden_dim": "feed_forward_length",
    "rope_base": "rope.freq_base",
    "epsilon": "attention.layer_norm_rms_epsilon",
}

# The parameters of Llama, as the file's tensors call them; those of block 3 stand after "blk.3.".
TENSORS = {
    "embedding": "token_embd",
    "norm": "output_norm",
    "attention_norm": "attn_norm",
    "attention.query": "attn_q",
    "attention.key": "attn_k",
    "attention.value": "attn_v",
    "attention.output": "attn_output",
    "feed_forward_norm": "ffn_norm",
    "feed_forward.gate": "ffn_gate",
    "feed_forward.up": "ffn_up",
    "feed_forward.down": "ffn_down",
}


def load_smollm2() -> Llama:
    """SmolLM2-135M-Instruct (Allal et al. 2025), 135 million weights; `make data` brings its file.

    Raises:
        FileNotFoundError: the file is not there.
    """
    return load_llama(parts.path("smollm2"))


def load_llama(path: str | Path) -> Llama:
    """The model in a GGUF file, in float32, its weights fixed.

    Raises:
        FileNotFoundError: no file is there.
        ValueError: the file is no GGUF or is cut short; it holds another architecture than Llama's, or a
            form of it that :class:`Llama` does not compute; a field or a tensor is missing. The message names it.
    """
    reader = _read(path)
    fields, tensors = reader.fields, {tensor.name: tensor for tensor in reader.tensors}
    architecture = _named("field", "general.architecture", fields, path).contents()
    if architecture != ARCHITECTURE:
        raise ValueError(f"{path} holds the architecture {architecture!r}; expected {ARCHITECTURE!r}")
    sizes = {
        argument: _named("field", f"{ARCHITECTURE}.{field}", fields, path).contents()
        for argument, field in FIELDS.items()
    }
    vocab_size = int(
        _named("tensor", "token_embd.weight", tensors, path).shape[-1]
    )  # a file's axes go backwards
    with torch.device("meta"):  # shapes alone: no random weights are drawn to be thrown away
        model = Llama(len(embedding.data), **sizes)
    weights = {}
    for parameter, shape in ((name, tensor.shape) for name, tensor in model.state_dict().items()):
        name = in_file(parameter)
        tensor = _named("tensor", name, tensors, path)
        weights[parameter] = torch.from_numpy(gguf.quants.dequantize(tensor.data, tensor.tensor_type).copy())
        if weights[parameter].shape != shape:
            came = tuple(weights[parameter].shape)
            raise ValueError(f"{path}: tensor {name} has shape {came}; expected {tuple(shape)}")
        del tensors[name]
    if tensors:
        raise ValueError(
            f"{path} holds tensors that Llama has no use for: {', '.join(tensors)}; expected none"
        )
    model.load_state_dict(weights, assign=True)
    return model.eval().requires_grad_(False)


def in_file(parameter: str) -> str:
    """What a parameter of :class:`Llama` is called in a GGUF file."""
    block, name = re.fullmatch(r"(?:blocks\.(\d+)\.)?(.+)\.weight", parameter).groups()
    return ("" if block is None else f"blk.{block}.") + f"{TENSORS[name]}.weight"


def _read(path: str | Path) -> gguf.GGUFReader:
    """The file, mapped into memory: a tensor is read when it is looked at."""
    with open(path, "rb") as file:
        magic = file.read(4)
    if magic != b"GGUF":
        raise ValueError(f"{path} begins with {magic!r}; expected a GGUF file, which begins with b'GGUF'")
    try:
        return gguf.GGUFReader(path)
    except (ValueError, IndexError) as error:
        raise ValueError(f"{path} is cut short or damaged, {error}; expected a whole GGUF file") from error


def _named(kind: str, name: str, found: dict, path: str | Path):
    """The field or tensor of this name."""
    if name not in found:
        raise ValueError(f"{path} has no {kind} {name}; expected the fields and tensors of a Llama")
    return found[name]
