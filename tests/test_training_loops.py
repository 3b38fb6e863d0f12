"""The two training loops: each against brute force, and both against one another."""

import logging
from dataclasses import asdict
from types import SimpleNamespace

import numpy as np
import pytest
import torch
from numpy.testing import assert_allclose, assert_array_equal

from helpers.batches import random_windows
from helpers.losses import reference
from helpers.models import pytorch as torch_models
from helpers.models.counting import BigramModel
from helpers.models.gpt import GPT
from helpers.models.tensorflow import transfer_weights
from helpers.quiet_tensorflow import tf
from helpers.training import pytorch as torch_training
from helpers.training import tensorflow as tf_training
from helpers.training.schedule import rate_share

V = 7
TEXT = np.random.default_rng(0).integers(V, size=500)
# After 0 comes now 1, now 2, in turn: to know which one, it takes a memory of more than one token.
ALTERNATING = np.tile([0, 1, 3, 0, 2, 4], 100)


def torch_model(embedding_dim=3, hidden_dim=5, seed=0, dtype=torch.float64):
    torch.manual_seed(seed)
    return torch_models.SimpleLanguageModel(V, embedding_dim, hidden_dim).to(dtype)


FRAMEWORKS = {
    "pytorch": SimpleNamespace(
        loop=torch_training,
        model=torch_model,
        logits=lambda model, tokens: model(torch.as_tensor(tokens)).detach().cpu().numpy(),
        weights=lambda model: [p.detach().cpu().numpy().copy() for p in model.parameters()],
    ),
    "tensorflow": SimpleNamespace(
        loop=tf_training,
        model=lambda *sizes, **options: transfer_weights(torch_model(*sizes, **options)),
        logits=lambda model, tokens: model(np.asarray(tokens)).numpy(),
        weights=lambda model: model.get_weights(),
    ),
}


@pytest.fixture(params=FRAMEWORKS)
def framework(request):
    return FRAMEWORKS[request.param]


def trained(framework, model, text=TEXT, validation=TEXT[:60], **options):
    options = {"steps": 3, "batch_size": 4, "length": 8, "evaluate_every": 2} | options
    return framework.loop.train(model, text, validation, **options)


# ---- evaluate --------------------------------------------------------------------------------------------


def losses_of_rows(framework, model, tokens, rows):
    """Summed loss of each of the rows that the text is cut into, each read in one go."""
    cuts = np.arange(0, tokens.size - 1, -(-(tokens.size - 1) // rows))
    for start, end in zip(cuts, [*cuts[1:], tokens.size - 1], strict=True):
        logits = framework.logits(model, tokens[None, start:end])
        yield float(reference.cross_entropy(logits, tokens[None, start + 1 : end + 1], reduction="sum"))


@pytest.mark.parametrize("batch_size", [1, 4, 7])
def test_evaluate_is_the_loss_of_every_token_by_brute_force(framework, batch_size):
    model, text = framework.model(), TEXT[:102]  # 101 predictions: no row and no window comes out even
    found = framework.loop.evaluate(model, text, batch_size=batch_size, length=9)
    assert found.tokens == 101
    assert_allclose(found.total, sum(losses_of_rows(framework, model, text, batch_size)), rtol=1e-10)


def test_evaluate_does_not_depend_on_the_length_of_its_windows(framework):
    model = framework.model()
    totals = [framework.loop.evaluate(model, TEXT, batch_size=3, length=n).total for n in (1, 20, 10_000)]
    assert_allclose(totals, totals[0], rtol=1e-10)


def test_evaluate_of_the_shortest_text_is_one_prediction(framework):
    model = framework.model()
    found = framework.loop.evaluate(model, TEXT[:2])
    expected = reference.cross_entropy(framework.logits(model, TEXT[None, :1]), TEXT[None, 1:2])
    assert found.tokens == 1
    assert_allclose(found.mean, expected, rtol=1e-10)


def test_evaluate_leaves_the_model_in_the_mode_it_was_in():
    model = torch_model()
    for mode in (True, False):
        model.train(mode)
        torch_training.evaluate(model, TEXT[:20])
        torch_training.sample(model, [0], 2, np.random.default_rng(0))
        assert model.training is mode


def test_the_parts_that_are_read_side_by_side_are_texts_of_their_own(framework):
    model = framework.model()
    halves = framework.loop.evaluate(model, TEXT[:61], batch_size=2)
    parts = [framework.loop.evaluate(model, part, batch_size=1) for part in (TEXT[:31], TEXT[30:61])]
    assert halves.tokens == (parts[0] + parts[1]).tokens == 60
    assert_allclose(halves.total, (parts[0] + parts[1]).total, rtol=1e-10)


# ---- train -----------------------------------------------------------------------------------------------


def test_the_first_step_is_recorded_as_it_was_before_it_was_taken(framework):
    model = framework.model()
    before = framework.loop.evaluate(model, TEXT[:60])
    inputs, targets = random_windows(TEXT, 4, 8, np.random.default_rng(5))
    expected = reference.cross_entropy(framework.logits(model, inputs), targets)
    history = trained(framework, model, seed=5)
    assert_allclose(history.train_loss[0], expected, rtol=1e-10)
    assert_allclose(history.validation_loss[0], before.mean, rtol=1e-12)
    assert_allclose(history.validation_loss[-1], framework.loop.evaluate(model, TEXT[:60]).mean, rtol=1e-12)
    assert_array_equal(history.validation_step, [0, 2, 3])
    assert_array_equal(history.tokens_seen, [32, 64, 96])


def test_the_gradient_norm_is_that_of_the_whole_gradient_before_clipping(framework):
    twin = torch_model()
    if framework.loop is tf_training:  # one bias where PyTorch has two
        twin.lstm.bias_hh_l0.requires_grad_(False)
    inputs, targets = map(torch.from_numpy, random_windows(TEXT, 4, 8, np.random.default_rng(0)))
    torch.nn.functional.cross_entropy(twin(inputs).flatten(0, 1), targets.flatten()).backward()
    gradient = np.concatenate([p.grad.flatten() for p in twin.parameters() if p.grad is not None])
    for clip in (1e-3, np.inf):
        history = trained(framework, framework.model(), steps=1, clip=clip)
        assert_allclose(history.gradient_norm, [np.linalg.norm(gradient)], rtol=1e-6)


def moved(framework, **options):
    """The largest step of any weight."""
    model = framework.model()
    before = framework.weights(model)
    trained(framework, model, **options)
    return max(np.abs(b - a).max() for a, b in zip(before, framework.weights(model), strict=True))


def test_a_clipped_gradient_moves_the_weights_less(framework):
    # Adam divides the length of a gradient away, until it is as small as the number that it adds to it.
    assert_allclose(moved(framework, steps=1, clip=1.0, learning_rate=0.01), 0.01, rtol=1e-3)
    assert 0 < moved(framework, steps=1, clip=1e-10, learning_rate=0.01) < 0.0001


def test_the_learning_rate_falls_linearly_to_zero(framework):
    # A weight whose gradient stays the same moves, with Adam, by the rate of each step.
    assert_allclose(moved(framework, steps=3, learning_rate=0.012), 0.012 + 0.008 + 0.004, rtol=0.02)


def test_the_same_seed_gives_the_same_history_to_the_last_bit(framework):
    runs = [trained(framework, framework.model(dtype=torch.float32), steps=8) for _ in range(2)]
    for name, values in asdict(runs[0]).items():
        assert_array_equal(values, getattr(runs[1], name))
    other = trained(framework, framework.model(dtype=torch.float32), steps=8, seed=1)
    assert (other.train_loss != runs[0].train_loss).any()


def test_a_text_that_takes_memory_is_learned_to_its_floor(framework):
    model = framework.model(8, 16, dtype=torch.float32)
    options = {"steps": 80, "batch_size": 8, "length": 24, "learning_rate": 0.03, "evaluate_every": 80}
    history = trained(framework, model, ALTERNATING, ALTERNATING[:200], **options)
    assert abs(history.validation_loss[0] - np.log(V)) < 0.5
    bigram = -BigramModel.fit(ALTERNATING, V, concentration=1e-3).log_probs(ALTERNATING).mean()
    assert_allclose(bigram, np.log(2) / 3, atol=0.01)  # one token in three is a toss-up to it
    assert framework.loop.evaluate(model, ALTERNATING, batch_size=1).mean < 0.02


def test_both_loops_walk_the_same_way():
    ours = torch_model()
    theirs = transfer_weights(ours)
    ours.lstm.bias_hh_l0.requires_grad_(False)  # two biases that both learn move their sum twice as fast
    options = {"steps": 25, "clip": 0.2}
    one, two = (
        trained(FRAMEWORKS[name], m, **options) for name, m in [("pytorch", ours), ("tensorflow", theirs)]
    )
    assert 0 < np.count_nonzero(one.gradient_norm > 0.2) < 25  # some are clipped
    for name, values in asdict(one).items():
        assert_allclose(getattr(two, name), values, rtol=0, atol=2e-4, err_msg=name)


# ---- warm-up, and runs that are stopped --------------------------------------------------------------------


def test_the_rate_climbs_to_its_top_and_falls_to_zero_in_straight_lines():
    shares = [rate_share(step, steps=10, warm_up=3) for step in range(11)]
    assert_allclose(shares, [1 / 4, 2 / 4, 3 / 4, 1, 6 / 7, 5 / 7, 4 / 7, 3 / 7, 2 / 7, 1 / 7, 0])
    falling = torch.optim.lr_scheduler.LinearLR(
        torch.optim.SGD([torch.zeros(1)], lr=1.0), 1.0, 0.0, total_iters=10
    )
    for step in range(10):
        assert_allclose(rate_share(step, steps=10), falling.get_last_lr()[0], rtol=1e-12)
        falling.optimizer.step()
        falling.step()


def test_with_a_warm_up_the_first_steps_are_short():
    # As above: with Adam, a weight whose gradient stays the same moves by the rate of each step.
    torch_only = FRAMEWORKS["pytorch"]
    found = moved(torch_only, steps=4, warm_up=1, learning_rate=0.012)
    assert_allclose(found, 0.006 + 0.012 + 0.008 + 0.004, rtol=0.03)
    assert_allclose(moved(torch_only, steps=1, learning_rate=0.01), 0.01, rtol=1e-3)


class Halt(Exception):
    """The power fails."""


def stopped_after(model, steps):
    """The model, which fails in the step after so many: only `train` calls it, the others call `advance`."""
    left = iter(range(steps))

    def forward(*_):
        if next(left, None) is None:
            raise Halt

    model.register_forward_hook(forward)
    return model


def forgetful():
    """A model that draws random numbers in training: what is dropped out."""
    torch.manual_seed(0)

    class Forgetful(torch_models.SimpleLanguageModel):
        def forward(self, tokens):
            return torch.nn.functional.dropout(super().forward(tokens), 0.2, self.training)

    return Forgetful(V, 3, 5)


def small_gpt():
    torch.manual_seed(0)
    return GPT(V, context=8, layers=1, heads=1, dim=4)


@pytest.mark.parametrize("make", [lambda: torch_model(dtype=torch.float32), small_gpt, forgetful])
@pytest.mark.parametrize("stops", [[5], [6], [2, 3], [19], []])
def test_a_run_that_was_stopped_ends_as_one_that_was_not_to_the_last_bit(make, stops, tmp_path):
    options = {"steps": 20, "evaluate_every": 3, "warm_up": 4}
    whole = make()
    expected = trained(FRAMEWORKS["pytorch"], whole, **options)
    path = tmp_path / "runs" / "run.pt"
    for stop in stops:
        with pytest.raises(Halt):
            trained(FRAMEWORKS["pytorch"], stopped_after(make(), stop), checkpoint=path, **options)
        torch.rand(7)  # something else happens in between
    model = make()
    history = trained(FRAMEWORKS["pytorch"], model, checkpoint=path, **options)
    for name, values in asdict(expected).items():
        assert_array_equal(getattr(history, name), values, err_msg=name)
    for name, weight in model.state_dict().items():
        assert torch.equal(weight, whole.state_dict()[name]), name
    assert [file.name for file in path.parent.iterdir()] == ["run.pt"]


def test_a_run_that_has_ended_is_read_and_not_run_again(tmp_path):
    path = tmp_path / "run.pt"
    first = torch_model(dtype=torch.float32)
    history = trained(FRAMEWORKS["pytorch"], first, checkpoint=path)
    again = stopped_after(torch_model(seed=1, dtype=torch.float32), 0)
    assert_array_equal(trained(FRAMEWORKS["pytorch"], again, checkpoint=path).train_loss, history.train_loss)
    assert torch.equal(again.fc.weight, first.fc.weight)


def test_a_checkpoint_is_whole_or_not_there_when_the_disk_fails(tmp_path, monkeypatch):
    path = tmp_path / "run.pt"
    options = {"steps": 6, "evaluate_every": 2, "checkpoint": path}
    with pytest.raises(Halt):
        trained(FRAMEWORKS["pytorch"], stopped_after(torch_model(), 3), **options)
    before = path.read_bytes()

    def half(state, file):
        file.write_bytes(before[:100])
        raise OSError("no space left")

    monkeypatch.setattr(torch, "save", half)
    with pytest.raises(OSError, match="no space left"):
        trained(FRAMEWORKS["pytorch"], torch_model(), **options)
    assert path.read_bytes() == before


@pytest.mark.parametrize(
    ("changed", "message"),
    [
        (
            {"learning_rate": 0.02},
            r"run.pt is of a run with learning_rate 0.01; expected 0.02. Give the options",
        ),
        ({"steps": 9}, "of a run with steps 3; expected 9"),
        ({"seed": 3}, "of a run with seed 0; expected 3"),
        ({"text": TEXT[::-1]}, r"of a run with train_tokens \w{16}; expected \w{16}"),
        ({"validation": TEXT[:61]}, "of a run with validation_tokens"),
    ],
)
def test_a_checkpoint_of_another_run_is_named_and_nothing_is_changed(changed, message, tmp_path):
    path = tmp_path / "run.pt"
    trained(FRAMEWORKS["pytorch"], torch_model(), checkpoint=path)
    before, model = path.read_bytes(), torch_model(seed=2)
    weights = FRAMEWORKS["pytorch"].weights(model)
    with pytest.raises(ValueError, match=message):
        trained(FRAMEWORKS["pytorch"], model, checkpoint=path, **changed)
    assert path.read_bytes() == before
    for a, b in zip(weights, FRAMEWORKS["pytorch"].weights(model), strict=True):
        assert_array_equal(a, b)


def test_a_checkpoint_of_another_model_is_named(tmp_path):
    path = tmp_path / "run.pt"
    trained(FRAMEWORKS["pytorch"], torch_model(), checkpoint=path)
    with pytest.raises(
        ValueError, match=r"another model: shape of lstm.weight_ih_l0 is \(20, 3\); expected \(24, 3"
    ):
        trained(FRAMEWORKS["pytorch"], torch_model(hidden_dim=6), checkpoint=path)
    with pytest.raises(ValueError, match=r"another model: shape of neighbours is none; expected \(2, 4\)"):
        trained(FRAMEWORKS["pytorch"], small_gpt(), checkpoint=path)


def test_a_checkpoint_that_would_run_code_is_refused(tmp_path):
    path = tmp_path / "run.pt"
    torch.save({"options": SimpleNamespace()}, path)
    with pytest.raises(Exception, match=r"[Ww]eights.only"):
        trained(FRAMEWORKS["pytorch"], torch_model(), checkpoint=path)


@pytest.mark.parametrize("warm_up", [-1, 3, 1.5])
def test_a_warm_up_that_is_no_part_of_the_run_is_named(warm_up):
    with pytest.raises(ValueError, match=f"warm_up is {warm_up}; expected a whole number from 0 to 2"):
        trained(FRAMEWORKS["pytorch"], torch_model(), steps=3, warm_up=warm_up)


# ---- sample ----------------------------------------------------------------------------------------------


def test_a_sample_is_what_reading_everything_anew_for_each_token_draws(framework):
    model, rng = framework.model(), np.random.default_rng(3)
    drawn = framework.loop.sample(model, [1, 2, 3], 12, rng, temperature=0.7)
    text, rng = [1, 2, 3], np.random.default_rng(3)
    for _ in range(12):
        q = reference.softmax(framework.logits(model, np.array([text]))[0, -1] / 0.7)
        text.append(int(rng.choice(V, p=q)))
    assert_array_equal(drawn, text[3:])


# ---- Keras' own loop, and silence ------------------------------------------------------------------------


def test_fit_and_evaluate_of_keras_take_the_model_as_it_is():
    model = FRAMEWORKS["tensorflow"].model(8, 16, dtype=torch.float32)
    loss = tf.keras.losses.SparseCategoricalCrossentropy(from_logits=True)
    model.compile(optimizer=tf.keras.optimizers.Adam(0.03, global_clipnorm=1.0), loss=loss)
    inputs, targets = random_windows(ALTERNATING, 160, 12, np.random.default_rng(0))
    first = reference.cross_entropy(model(inputs).numpy(), targets)
    assert_allclose(model.evaluate(inputs, targets, verbose=0), first, rtol=1e-5)
    model.fit(inputs, targets, batch_size=8, epochs=3, verbose=0)
    assert tf_training.evaluate(model, ALTERNATING, batch_size=1).mean < 0.1


def test_many_models_make_tensorflow_warn_of_nothing(capfd):
    heard = []
    listener = logging.Handler()
    listener.emit = heard.append
    logging.getLogger("tensorflow").addHandler(listener)
    try:
        for hidden_dim in range(1, 4):
            model = FRAMEWORKS["tensorflow"].model(2, hidden_dim)
            tf_training.evaluate(model, TEXT[:50], batch_size=2, length=hidden_dim)
            tf_training.sample(model, [0, 1], 2, np.random.default_rng(0))
    finally:
        logging.getLogger("tensorflow").removeHandler(listener)
    assert heard == []
    assert capfd.readouterr() == ("", "")


# ---- bad input -------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        ({"text": [0, 1, V] * 9}, r"train_tokens holds 7 at position \(2,\); expected classes 0 to 6"),
        ({"validation": [0, -1]}, r"validation_tokens holds -1 at position \(1,\); expected classes 0 to 6"),
        ({"validation": [0]}, "expected at least 2, one to predict from another"),
        ({"length": 500}, "tokens has 500 tokens for windows of length 500"),
        ({"steps": 0}, "steps is 0"),
        ({"learning_rate": -1.0}, "learning_rate is -1.0; expected a number above 0"),
        ({"clip": 0}, "clip is 0; expected a number above 0"),
    ],
)
def test_bad_input_is_named_before_a_weight_moves(framework, arguments, message):
    model = framework.model()
    before = framework.weights(model)
    with pytest.raises(ValueError, match=message):
        trained(framework, model, **arguments)
    for a, b in zip(before, framework.weights(model), strict=True):
        assert_array_equal(a, b)
