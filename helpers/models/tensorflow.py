"""A language model that is trained, in Keras: embedding, LSTM, linear; and the way to it from PyTorch."""

from helpers.quiet_tensorflow import tf

keras = tf.keras


class SimpleLanguageModel(keras.Model):
    """Logits of the next token at every position of a text, from all tokens up to that position.

    The same as :class:`helpers.models.pytorch.SimpleLanguageModel`, layer by layer and name by name. Its
    weights exist from the start, and begin as Keras has it: smaller embeddings than PyTorch's, and a forget
    gate that starts open.

    Args:
        vocab_size: V, the number of distinct tokens.
        embedding_dim: E, the length of a token's vector.
        hidden_dim: H, the length of the LSTM's memory.
        **options: of every Keras model: ``name``, ``dtype``.
    """

    def __init__(self, vocab_size: int, embedding_dim: int, hidden_dim: int, **options):
        super().__init__(**options)
        self.vocab_size = vocab_size
        layers, dtype = keras.layers, self.dtype_policy
        self.embedding = layers.Embedding(vocab_size, embedding_dim, dtype=dtype, name="embedding")
        self.lstm = layers.LSTM(
            hidden_dim, return_sequences=True, return_state=True, dtype=dtype, name="lstm"
        )
        self.fc = layers.Dense(vocab_size, dtype=dtype, name="fc")
        self(keras.Input((None,), dtype="int32"))  # Keras makes the weights when a model is first called

    def call(self, tokens):
        """Logits of the next token, shape (B, T, V), after each of the `tokens`, integers of shape (B, T)."""
        logits, _ = self.advance(tokens)
        return logits

    def advance(self, tokens, state=None):
        """Read on where an earlier call stopped.

        The same as :meth:`helpers.models.pytorch.SimpleLanguageModel.advance`.
        """
        embedded = self.embedding(tokens)  # (B, T, E)
        hidden, *state = self.lstm(embedded, initial_state=state)  # (B, T, H)
        logits = self.fc(hidden)  # (B, T, V)
        return logits, state

    def get_config(self):
        """What makes the model again: `save` writes it beside the weights, for `load_model`."""
        sizes = {"embedding_dim": self.embedding.output_dim, "hidden_dim": self.lstm.units}
        return {**super().get_config(), "vocab_size": self.vocab_size, **sizes}


keras.utils.register_keras_serializable(package="helpers")(SimpleLanguageModel)  # for `load_model` to find it


def transfer_weights(pytorch_model) -> SimpleLanguageModel:
    """The Keras model that computes what `pytorch_model` computes, in the same dtype; the weights are copies.

    Both stack the four gates in the order i, f, g, o. PyTorch keeps a matrix as (out, in), Keras as
    (in, out); PyTorch adds two biases to every gate, and Keras has one, which is their sum.

    Args:
        pytorch_model: a :class:`helpers.models.pytorch.SimpleLanguageModel`, on any device.

    Raises:
        ValueError: the model has other parameters than an embedding, one layer of LSTM and a linear layer.
    """
    state = {name: tensor.detach().cpu().numpy() for name, tensor in pytorch_model.state_dict().items()}
    wrong = sorted(state.keys() ^ _PARAMETERS.keys())
    if wrong:
        raise ValueError(
            f"the model differs in {', '.join(wrong)}; expected the parameters {', '.join(_PARAMETERS)}"
        )
    vocab_size, embedding_dim = state["embedding.weight"].shape
    hidden_dim = state["fc.weight"].shape[1]
    dtype = state["embedding.weight"].dtype.name
    model = SimpleLanguageModel(vocab_size, embedding_dim, hidden_dim, dtype=dtype)
    model.embedding.set_weights([state["embedding.weight"]])
    bias = state["lstm.bias_ih_l0"] + state["lstm.bias_hh_l0"]
    model.lstm.set_weights([state["lstm.weight_ih_l0"].T, state["lstm.weight_hh_l0"].T, bias])
    model.fc.set_weights([state["fc.weight"].T, state["fc.bias"]])
    return model


_PARAMETERS = {  # with their shapes
    "embedding.weight": "(V, E)",
    "lstm.weight_ih_l0": "(4H, E)",
    "lstm.weight_hh_l0": "(4H, H)",
    "lstm.bias_ih_l0": "(4H,)",
    "lstm.bias_hh_l0": "(4H,)",
    "fc.weight": "(V, H)",
    "fc.bias": "(V,)",
}
