"""The bridge to `transformers`: tiny models with random weights, saved to a folder and loaded from it."""

import numpy as np
import pytest
import tokenizers
import torch
import transformers
from numpy.testing import assert_allclose
from tokenizers import decoders, models, normalizers, pre_tokenizers, trainers
from transformers import (
    BertConfig,
    BertForMaskedLM,
    GPT2Config,
    GPT2LMHeadModel,
    LlamaConfig,
    LlamaForCausalLM,
)

from helpers.models import hugging_face
from helpers.models.llama import Llama
from helpers.training.pytorch import sample

TEXT = "the cat sat on the mat; the dog, 12 years old, sat by the cat.\n" * 20
TEXTS = ["the cat", "x", " a b  c\n\n", "naïve 日本 😀!", "12 dogs\tsat", "a<s>b</s>", ""]


def byte_level():
    """Byte pairs as GPT-2's, with too few of them to join the bytes of a rare character."""
    backend = tokenizers.Tokenizer(models.BPE())
    backend.pre_tokenizer = pre_tokenizers.ByteLevel(add_prefix_space=False)
    backend.decoder = decoders.ByteLevel()
    alphabet = pre_tokenizers.ByteLevel.alphabet()
    trainer = trainers.BpeTrainer(
        vocab_size=300, initial_alphabet=alphabet, special_tokens=["<s>", "</s>"], show_progress=False
    )
    backend.train_from_iterator([TEXT], trainer)
    return backend


def sentencepiece_like():
    """Llama 2's way: a space before the text, ▁ for a space, bytes for what has no token."""
    names = ["<unk>", "<s>", "</s>", *(f"<0x{byte:02X}>" for byte in range(256))]
    names += ["▁", "t", "h", "e", "c", "a", "▁t", "▁th", "▁the", "ca", "▁ca"]
    merges = [("▁", "t"), ("▁t", "h"), ("▁th", "e"), ("c", "a"), ("▁", "ca")]
    ids = {name: i for i, name in enumerate(names)}
    backend = tokenizers.Tokenizer(
        models.BPE(ids, merges, unk_token="<unk>", byte_fallback=True, fuse_unk=True)
    )
    backend.normalizer = normalizers.Sequence([normalizers.Prepend("▁"), normalizers.Replace(" ", "▁")])
    parts = [decoders.Replace("▁", " "), decoders.ByteFallback(), decoders.Fuse(), decoders.Strip(" ", 1, 0)]
    backend.decoder = decoders.Sequence(parts)
    return backend


def fast(backend, **options):
    return transformers.PreTrainedTokenizerFast(
        tokenizer_object=backend, bos_token="<s>", eos_token="</s>", **options
    )


def llama(vocab_size, seed=0):
    torch.manual_seed(seed)
    config = LlamaConfig(
        vocab_size=vocab_size, hidden_size=32, intermediate_size=48, num_hidden_layers=2,
        num_attention_heads=4, num_key_value_heads=2, max_position_embeddings=64, tie_word_embeddings=True,
        rms_norm_eps=1e-3, rope_theta=500.0,
    )  # fmt: skip
    model = LlamaForCausalLM(config).eval()
    with torch.no_grad():
        for name, weight in model.named_parameters():
            weight.copy_(torch.randn_like(weight) * 0.3 + ("norm" in name))
    return model


@pytest.fixture(scope="module", params=[byte_level, sentencepiece_like])
def backend(request):
    return request.param()


@pytest.fixture
def folder(tmp_path, backend):
    llama(backend.get_vocab_size() + 5).save_pretrained(tmp_path)
    fast(backend).save_pretrained(tmp_path)
    return tmp_path


# ---- models ----------------------------------------------------------------------------------------------


def test_a_folder_gives_a_model_and_a_tokenizer(folder, backend):
    model, tokenizer = hugging_face.load(folder)
    ids = tokenizer.encode("the cat sat")
    with torch.inference_mode():
        logits = LlamaForCausalLM.from_pretrained(folder)(torch.tensor([[tokenizer.bos, *ids]])).logits[0]
    assert (model.vocab_size, model.context) == (backend.get_vocab_size() + 5, 64)
    assert len(tokenizer) == model.vocab_size
    assert_allclose(model.logits([tokenizer.bos, *ids]), logits, rtol=0, atol=1e-5)
    expected = logits[:-1].double().log_softmax(-1).numpy()[np.arange(len(ids)), ids]
    found = model.log_probs(ids, [tokenizer.bos])
    assert found.dtype == np.float64
    assert_allclose(found, expected, rtol=0, atol=1e-5)
    assert_allclose(model.log_probs(ids[2:], [tokenizer.bos, *ids[:2]]), expected[2:], rtol=0, atol=1e-5)


def test_a_text_read_in_pieces_is_the_text_read_at_once(folder):
    model, _ = hugging_face.load(folder)
    tokens = torch.from_numpy(np.random.default_rng(0).integers(model.vocab_size, size=(2, 12)))
    found, state = [], None
    with torch.inference_mode():
        for piece in tokens.split([5, 1, 6], dim=1):
            logits, state = model.advance(piece, state)
            found.append(logits)
        assert_allclose(torch.cat(found, 1), model(tokens), rtol=0, atol=1e-5)


def test_it_is_sampled_as_the_books_own_models_are(folder):
    model, _ = hugging_face.load(folder)
    text = [3, 1]
    for token in sample(model, text, 6, np.random.default_rng(0), temperature=0):
        assert token == model.logits(text)[-1].argmax()
        text.append(int(token))


def test_what_cannot_be_priced_is_refused(folder):
    model, _ = hugging_face.load(folder)
    with pytest.raises(ValueError, match="context is empty"):
        model.log_probs([1, 2])
    with pytest.raises(ValueError, match="the text has 65 tokens; expected at most 64"):
        model.log_probs(np.ones(65, int), [0])


def test_weights_in_bfloat16_are_computed_with_in_float32(tmp_path):
    fast(byte_level()).save_pretrained(tmp_path)
    llama(300).to(torch.bfloat16).save_pretrained(tmp_path)
    model, _ = hugging_face.load(tmp_path)
    assert {weight.dtype for weight in model.parameters()} == {torch.float32}


def test_our_llama_is_theirs():
    """The same random weights; theirs turn numbers half a head apart, so the rows go by another order."""
    theirs = llama(50)
    ours = Llama(
        50, context=64, layers=2, heads=4, key_heads=2, dim=32, hidden_dim=48, rope_base=500.0, epsilon=1e-3
    ).eval()
    names = {
        "model.embed_tokens": "embedding", "model.norm": "norm", "model.layers": "blocks",
        "input_layernorm": "attention_norm", "post_attention_layernorm": "feed_forward_norm",
        "self_attn.q_proj": "attention.query", "self_attn.k_proj": "attention.key",
        "self_attn.v_proj": "attention.value", "self_attn.o_proj": "attention.output",
        "mlp.gate_proj": "feed_forward.gate", "mlp.up_proj": "feed_forward.up",
        "mlp.down_proj": "feed_forward.down",
    }  # fmt: skip
    weights = {}
    for name, weight in theirs.named_parameters():
        if "q_proj" in name or "k_proj" in name:  # heads of 8 rows: 0 4 1 5 2 6 3 7
            weight = weight.view(-1, 2, 4, 32).transpose(1, 2).reshape(weight.shape)
        for long, short in names.items():
            name = name.replace(long, short)
        weights[name] = weight
    ours.load_state_dict(weights)
    tokens = torch.from_numpy(np.random.default_rng(0).integers(50, size=(3, 40)))
    with torch.inference_mode():
        assert_allclose(ours(tokens), theirs(tokens).logits, rtol=0, atol=1e-4)
        assert_allclose(ours.double()(tokens), theirs.double()(tokens).logits, rtol=0, atol=1e-5)


def test_another_architecture_serves_as_well(tmp_path):
    torch.manual_seed(0)
    config = GPT2Config(vocab_size=300, n_positions=32, n_embd=16, n_layer=1, n_head=2)
    GPT2LMHeadModel(config).save_pretrained(tmp_path)
    fast(byte_level()).save_pretrained(tmp_path)
    model, tokenizer = hugging_face.load(tmp_path)
    assert model.context == 32
    found = model.log_probs(tokenizer.encode("the cat"), [tokenizer.bos])
    assert_allclose(found, -np.log(300), rtol=0, atol=0.3)


def test_a_model_that_fills_gaps_is_refused(tmp_path):
    config = BertConfig(vocab_size=300, hidden_size=16, num_hidden_layers=1, num_attention_heads=2)
    BertForMaskedLM(config).save_pretrained(tmp_path)
    fast(byte_level()).save_pretrained(tmp_path)
    with pytest.raises(ValueError, match="the model is a BertForMaskedLM; expected one that sees earlier"):
        hugging_face.load(tmp_path)


def test_a_name_that_nobody_has_is_refused(tmp_path):
    with pytest.raises(OSError, match=r"no-one/nothing is no folder with a model .* expected such a folder"):
        hugging_face.load("no-one/nothing")
    with pytest.raises(OSError, match="is no folder with a model"):
        hugging_face.load(tmp_path)


# ---- tokenizers ------------------------------------------------------------------------------------------


def test_the_pieces_are_the_bytes_of_the_text(folder):
    _, tokenizer = hugging_face.load(folder)
    for text in TEXTS:
        ids = tokenizer.encode(text)
        assert ids.dtype == np.int64
        assert b"".join(tokenizer.pieces(ids)) == text.encode()
        assert tokenizer.decode(ids) == text


def test_a_character_in_two_tokens_is_two_pieces(folder):
    _, tokenizer = hugging_face.load(folder)
    pieces = tokenizer.pieces(tokenizer.encode("日"))
    assert [piece for piece in pieces if piece] == [b"\xe6", b"\x97", b"\xa5"]


def test_the_ids_are_those_of_the_tokenizer_itself(backend):
    tokenizer = hugging_face.as_tokenizer(fast(backend), 600)
    for text in TEXTS:
        if "<s>" not in text:  # in theirs the mark itself; in ours three signs
            assert tokenizer.encode(text).tolist() == backend.encode(text, add_special_tokens=False).ids
    assert 1 not in tokenizer.encode("a<s>b</s>")


def test_marks_and_unused_ids_have_no_bytes(backend):
    theirs = fast(backend)
    theirs.add_tokens([tokenizers.AddedToken("catdog", normalized=False)])
    tokenizer = hugging_face.as_tokenizer(theirs, 600)
    assert tokenizer.bos == theirs.bos_token_id == tokenizer.special["<s>"]
    assert len(tokenizer) == 600
    assert tokenizer.pieces([tokenizer.bos, 599]) == [b"", b""]
    assert b"catdog" in tokenizer.pieces(tokenizer.encode("the catdog"))  # a token of its own, and text
    nameless = transformers.PreTrainedTokenizerFast(tokenizer_object=backend, eos_token="</s>")
    assert hugging_face.as_tokenizer(nameless, 600).bos == nameless.eos_token_id


def test_neither_tokenizer_changes_the_other(backend):
    theirs = fast(backend)
    before = theirs("a<s>b")["input_ids"]
    tokenizer = hugging_face.as_tokenizer(theirs, 600)
    assert theirs("a<s>b")["input_ids"] == before
    assert tokenizer.decode(tokenizer.encode("a<s>b")) == "a<s>b"  # a call of theirs sets how marks are read


def test_truncation_and_padding_are_taken_off(backend):
    theirs = fast(backend, pad_token="</s>")
    theirs("the cat", truncation=True, max_length=9, padding="max_length")  # stays set for later calls
    tokenizer = hugging_face.as_tokenizer(theirs, 600)
    assert tokenizer.decode(tokenizer.encode(TEXT)) == TEXT
    assert theirs.pad_token_id not in tokenizer.encode("the")


def test_a_tokenizer_that_changes_the_text_is_found_out():
    backend = byte_level()
    backend.normalizer = normalizers.Lowercase()
    tokenizer = hugging_face.as_tokenizer(fast(backend), 300)
    assert tokenizer.decode(tokenizer.encode("the cat")) == "the cat"
    with pytest.raises(ValueError, match="changes the text: byte 4 begins b'Cat', and comes back as b'cat'"):
        tokenizer.encode("the Cat")


def test_a_text_that_loses_its_end_is_found_out():
    backend = byte_level()
    backend.normalizer = normalizers.Strip()
    with pytest.raises(ValueError, match="byte 3 begins b' ', and comes back as b''"):
        hugging_face.as_tokenizer(fast(backend), 300).encode("the ")


def test_a_tokenizer_whose_tokens_are_no_bytes_is_refused():
    words = tokenizers.Tokenizer(models.WordLevel({"<s>": 0, "</s>": 1, "cat": 2}, unk_token="<s>"))
    with pytest.raises(ValueError, match="expected byte-level, or ▁ for a space"):
        hugging_face.as_tokenizer(fast(words), 3)
    with pytest.raises(ValueError, match="the tokenizer is a object; expected one run by `tokenizers`"):
        hugging_face.as_tokenizer(object(), 3)
