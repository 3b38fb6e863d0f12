"""Weights out of a GGUF file: small files written for the purpose, damaged ones, and SmolLM2's own."""

import json
from pathlib import Path

import gguf
import numpy as np
import pytest
import torch
from numpy.testing import assert_allclose, assert_array_equal

from helpers import tokenization
from helpers.models.gguf import in_file, load_llama, load_smollm2
from helpers.models.llama import Llama

SIZES = dict(
    context=64, layers=2, heads=2, key_heads=1, dim=64, hidden_dim=96, rope_base=50_000.0, epsilon=1e-4
)
FIELDS = {
    "context_length": 64,
    "block_count": 2,
    "attention.head_count": 2,
    "attention.head_count_kv": 1,
    "embedding_length": 64,
    "feed_forward_length": 96,
    "rope.freq_base": 50_000.0,
    "attention.layer_norm_rms_epsilon": 1e-4,
}
Q4_1, Q8_0, F16, F32 = (gguf.GGMLQuantizationType[name] for name in ("Q4_1", "Q8_0", "F16", "F32"))


@pytest.fixture(scope="module")
def model():
    torch.manual_seed(0)
    return Llama(40, **SIZES).eval()


def q4_1(values):
    """Rows of weights, 32 at a time, as the sixteen numbers between the smallest and the largest of them."""
    blocks = values.reshape(-1, 32)
    low = blocks.min(1, keepdims=True).astype(np.float16)
    step = ((blocks.max(1, keepdims=True) - low) / 15).astype(np.float16)
    codes = np.clip(np.rint((blocks - low) / step.astype(np.float32)), 0, 15).astype(np.uint8)
    packed = codes[:, :16] | codes[:, 16:] << 4  # a byte holds a weight and the one sixteen places on
    stored = np.concatenate([step.view(np.uint8), low.view(np.uint8), packed], axis=1)
    kept = codes * step.astype(np.float32) + low.astype(np.float32)
    return stored.reshape(len(values), -1), kept.reshape(values.shape)


def write(path, model, *, architecture="llama", fields=(), tensors=(), kind=F32):
    """The model as a GGUF file; `fields` and `tensors` replace some of it, None leaves one out."""
    writer = gguf.GGUFWriter(path, architecture)
    for name, value in (FIELDS | dict(fields)).items():
        if value is not None:
            add = {str: writer.add_string, int: writer.add_uint32, float: writer.add_float32}[type(value)]
            add(f"llama.{name}", value)
    arrays = {in_file(name): weight.detach().numpy() for name, weight in model.named_parameters()}
    for name, array in (arrays | dict(tensors)).items():
        if array is None:
            continue
        if kind is F32 or array.ndim == 1:
            writer.add_tensor(name, np.ascontiguousarray(array))
        elif kind is Q4_1:
            writer.add_tensor(name, q4_1(array)[0], raw_dtype=kind)
        else:
            writer.add_tensor(name, gguf.quants.quantize(array, kind), raw_dtype=kind)
    writer.write_header_to_file()
    writer.write_kv_data_to_file()
    writer.write_tensors_to_file()
    writer.close()
    return path


def test_a_file_gives_back_the_model(tmp_path, model):
    loaded = load_llama(write(tmp_path / "model.gguf", model))
    assert_array_equal(loaded.logits(np.arange(40)), model.logits(np.arange(40)))
    assert (loaded.vocab_size, loaded.context, loaded.training) == (40, 64, False)
    assert not any(weight.requires_grad for weight in loaded.parameters())


def test_weights_of_four_bits_are_multiplied_out(tmp_path, model):
    loaded = load_llama(write(tmp_path / "model.gguf", model, kind=Q4_1))
    for (name, found), original in zip(loaded.named_parameters(), model.parameters(), strict=True):
        expected = original.detach().numpy()
        assert found.dtype == torch.float32
        if expected.ndim == 2:
            assert np.abs(found.numpy() - expected).max() > 0, name
            expected = q4_1(expected)[1]
        assert_allclose(found, expected, rtol=0, atol=1e-7, err_msg=name)


@pytest.mark.parametrize(("kind", "share"), [(Q8_0, 0.6 / 127), (F16, 2**-11)])
def test_other_formats_lose_about_half_of_their_last_digit(tmp_path, model, kind, share):
    loaded = load_llama(write(tmp_path / "model.gguf", model, kind=kind))
    for found, original in zip(loaded.parameters(), model.parameters(), strict=True):
        assert_allclose(found, original.detach(), rtol=0, atol=share * original.abs().max().item())


def test_the_model_outlives_its_file(tmp_path, model):
    path = write(tmp_path / "model.gguf", model)
    loaded = load_llama(path)
    before = loaded.logits([1, 2, 3])
    path.write_bytes(bytes(path.stat().st_size))
    assert_array_equal(loaded.logits([1, 2, 3]), before)


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        (dict(architecture="gpt2"), "holds the architecture 'gpt2'; expected 'llama'"),
        (dict(fields={"block_count": None}), "has no field llama.block_count; expected"),
        (dict(fields={"block_count": 3}), r"has no tensor blk\.2\.attn_norm\.weight"),
        (dict(fields={"rope.scaling.type": "yarn"}), "llama.rope.scaling.type is 'yarn'; expected 'none'"),
        (dict(fields={"rope.dimension_count": 16}), "llama.rope.dimension_count is 16; expected 32"),
        (dict(tensors={"blk.1.attn_k.weight": None}), r"has no tensor blk\.1\.attn_k\.weight; expected"),
        (dict(tensors={"token_embd.weight": None}), r"has no tensor token_embd\.weight"),
        (
            dict(tensors={"blk.0.ffn_up.weight": np.zeros((95, 64), np.float32)}),
            r"tensor blk\.0\.ffn_up\.weight has shape \(95, 64\); expected \(96, 64\)",
        ),
        (
            dict(tensors={"output.weight": np.zeros((40, 64), np.float32)}),
            r"holds output\.weight; expected no tensor that Llama has no use for",
        ),
    ],
)
def test_a_file_of_another_model_is_refused(tmp_path, model, changes, message):
    path = write(tmp_path / "model.gguf", model, **changes)
    with pytest.raises(ValueError, match=message):
        load_llama(path)


def test_fields_that_say_what_is_computed_anyway_are_welcome(tmp_path, model):
    fields = {"rope.scaling.type": "none", "rope.dimension_count": 32}
    load_llama(write(tmp_path / "model.gguf", model, fields=fields))


def test_what_is_no_whole_gguf_file_is_refused(tmp_path, model):
    path = tmp_path / "model.gguf"
    with pytest.raises(FileNotFoundError):
        load_llama(path)
    path.write_text("no weights here")
    with pytest.raises(ValueError, match=r"model.gguf begins with b'no w'; expected a GGUF file"):
        load_llama(path)
    whole = write(path, model).read_bytes()
    for length in (4, 20, 100, 700, len(whole) // 2, len(whole) - 40):
        path.write_bytes(whole[:length])
        with pytest.raises(ValueError, match="is cut short or damaged"):
            load_llama(path)


# ---- SmolLM2 ---------------------------------------------------------------------------------------------


@pytest.fixture(scope="module")
def smollm2():
    return load_smollm2()


RECORD = json.loads(
    (Path(__file__).parent / "beside_transformers" / "recorded_smollm2.json").read_text(encoding="utf-8")
)


@pytest.mark.parametrize("entry", RECORD["texts"], ids=lambda entry: entry["text"][:12])
def test_smollm2_prices_texts_as_transformers_does(smollm2, entry):
    ids = tokenization.smollm2().encode(entry["text"])
    assert ids.tolist() == entry["ids"]
    assert_allclose(smollm2.log_probs(ids, [0]), entry["log_probs"], rtol=0, atol=1e-3)
    logits = smollm2.logits([0, *ids])[-1]
    assert np.argsort(-logits)[:5].tolist() == entry["likeliest"]
    assert_allclose(logits[entry["likeliest"]], entry["logits"], rtol=0, atol=1e-3)


def test_smollm2_is_the_model_that_its_card_describes(smollm2):
    weights = sum(weight.numel() for weight in smollm2.parameters())
    assert (weights, smollm2.vocab_size, smollm2.context) == (134_515_008, 49_152, 8192)
    assert len(tokenization.smollm2()) == smollm2.vocab_size
