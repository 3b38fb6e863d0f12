"""Pretrained weights out of a GGUF file, the format of llama.cpp, into :class:`helpers.models.llama.Llama`.

A GGUF file holds named fields and named tensors. Most tensors are quantised: Q4_1 keeps 32 weights as 32
integers of 4 bits, one scale and one minimum. They are multiplied out to float32 once, when the file is read:
the model computes in full precision, with weights that have lost some.

llama.cpp and our Llama turn neighbours among the numbers of a query and of a key. `transformers` turns
each number with the one half a head away; it reorders the rows of these matrices when it reads such a file.
"""

import re
from pathlib import Path

import gguf
import numpy as np
import torch

from helpers import parts
from helpers.models.llama import Llama

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
        ValueError: the file is no GGUF or is cut short; it holds another architecture, or a form of Llama's
            that ``Llama`` does not compute; a field or a tensor is missing. The message names it.
    """
    reader = _read(path)
    fields, tensors = reader.fields, {tensor.name: tensor for tensor in reader.tensors}

    def field(name: str):
        return _named("field", name, fields, path).contents()

    if (architecture := field("general.architecture")) != "llama":
        raise ValueError(f"{path} holds the architecture {architecture!r}; expected 'llama'")
    sizes = {argument: field(f"llama.{name}") for argument, name in FIELDS.items()}
    for name, computed in {
        "rope.scaling.type": "none",
        "rope.dimension_count": sizes["dim"] // sizes["heads"],
    }.items():
        if f"llama.{name}" in fields and field(f"llama.{name}") != computed:
            raise ValueError(f"{path}: llama.{name} is {field(f'llama.{name}')!r}; expected {computed!r}")
    embedding = _named("tensor", in_file("embedding.weight"), tensors, path)
    with torch.device("meta"):  # shapes alone: no random weights are drawn to be thrown away
        model = Llama(len(embedding.data), **sizes)
    weights = {}
    for parameter, empty in model.state_dict().items():
        tensor = _named("tensor", in_file(parameter), tensors, path)
        values = gguf.quants.dequantize(tensor.data, tensor.tensor_type)
        weights[parameter] = torch.from_numpy(np.require(values, requirements="W"))  # no view of the file
        if weights[parameter].shape != empty.shape:
            came, expected = tuple(weights[parameter].shape), tuple(empty.shape)
            raise ValueError(f"{path}: tensor {tensor.name} has shape {came}; expected {expected}")
        del tensors[tensor.name]
    if tensors:
        raise ValueError(f"{path} holds {', '.join(tensors)}; expected no tensor that Llama has no use for")
    model.load_state_dict(weights, assign=True)
    return model.eval().requires_grad_(False)


def in_file(parameter: str) -> str:
    """What a parameter of ``Llama`` is called in a GGUF file."""
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
