"""helpers.training without a framework: what is recorded, what is shown, what is drawn."""

import io
import sys

import numpy as np
import pytest
from numpy.testing import assert_allclose, assert_array_equal

from helpers.losses.reference import softmax
from helpers.metrics import TokenMean
from helpers.training.history import Recorder
from helpers.training.options import check_options
from helpers.training.sampling import continue_text, draw


class Terminal(io.StringIO):
    def isatty(self):
        return True


def recorded(steps=5, evaluate_every=2, progress=True):
    """A run of losses 1, 1/2, 1/3 …, evaluated when it is time; with the recorder's view of the time."""
    recorder = Recorder(steps, evaluate_every, progress=progress)
    recorder.add_validation(TokenMean(30.0, 10))
    for step in range(1, steps + 1):
        recorder.add_step(np.float32(1 / step), 10 * step, 64)
        if recorder.time_to_evaluate:
            recorder.add_validation(TokenMean(20.0, 10 * step))
    return recorder.history()


def test_a_history_holds_each_step_and_each_evaluation():
    history = recorded()
    assert_array_equal(history.step, [1, 2, 3, 4, 5])
    assert_allclose(history.train_loss, [1, 1 / 2, 1 / 3, 1 / 4, 1 / 5], rtol=1e-6)
    assert_array_equal(history.gradient_norm, [10, 20, 30, 40, 50])
    assert_array_equal(history.tokens_seen, [64, 128, 192, 256, 320])
    assert_array_equal(history.validation_step, [0, 2, 4, 5])  # before, every second, and at the end
    assert_allclose(history.validation_loss, [3, 1, 0.5, 0.4])


def test_the_last_step_is_evaluated_once():
    assert_array_equal(recorded(steps=4).validation_step, [0, 2, 4])


def test_nothing_is_shown_where_stderr_is_no_terminal(capsys):
    recorded()
    assert capsys.readouterr() == ("", "")


def test_a_terminal_shows_one_line_that_ends_with_the_run(monkeypatch):
    monkeypatch.setattr("sys.stderr", Terminal())
    recorded()
    shown = sys.stderr.getvalue()
    assert shown.startswith("\rstep 0/5  validation 3.000 nats/token\r")
    assert shown.endswith("\rstep 5/5  train 0.200  validation 0.400 nats/token\n")
    assert shown.count("\n") == 1


def test_progress_can_be_turned_off(monkeypatch):
    monkeypatch.setattr("sys.stderr", Terminal())
    recorded(progress=False)
    assert sys.stderr.getvalue() == ""


# ---- drawing ---------------------------------------------------------------------------------------------

LOGITS = np.array([2.0, 1.0, 0.1])


@pytest.mark.parametrize("temperature", [0.5, 1.0, 3.0])
def test_tokens_are_drawn_as_often_as_softmax_says(temperature):
    rng = np.random.default_rng(0)
    counts = np.bincount([draw(LOGITS, rng, temperature) for _ in range(5_000)], minlength=3)
    assert_allclose(counts / 5_000, softmax(LOGITS / temperature), atol=0.02)


def test_temperature_zero_takes_the_likeliest():
    rng = np.random.default_rng(0)
    assert {draw(np.array([0.0, 1e-6, -1.0]), rng, temperature=0) for _ in range(50)} == {1}


def test_a_forbidden_token_is_never_drawn():
    rng = np.random.default_rng(0)
    assert {draw([0.0, -np.inf, 0.0], rng) for _ in range(200)} == {0, 2}


def test_a_model_is_shown_the_prompt_and_then_each_token_it_drew():
    shown = []

    def counting_up(tokens, state):  # likeliest is the number of tokens read so far
        shown.append(tokens.tolist())
        state = (state or 0) + tokens.shape[1]
        return np.log(np.eye(9)[[[state] * tokens.shape[1]]] + 1e-300), state

    drawn = continue_text(counting_up, [7, 8], 3, np.random.default_rng(0), 1.0, vocab_size=9)
    assert_array_equal(drawn, [2, 3, 4])
    assert shown == [[[7, 8]], [[2]], [[3]]]


# ---- bad input -------------------------------------------------------------------------------------------


def options(**changed):
    check_options(**{"steps": 1, "evaluate_every": 1, "learning_rate": 0.1, "clip": 1.0} | changed)


def continued(prompt=(0,), n=1, temperature=1.0):
    def uniform(tokens, state):
        return np.zeros((1, tokens.shape[1], 3)), state

    return continue_text(uniform, prompt, n, np.random.default_rng(0), temperature, vocab_size=3)


def test_no_limit_to_the_gradient_is_an_option():
    options(clip=np.inf)


@pytest.mark.parametrize(
    ("call", "message"),
    [
        (lambda: options(steps=0), "steps is 0; expected a whole number"),
        (lambda: options(evaluate_every=1.5), "evaluate_every is 1.5; expected a whole number"),
        (lambda: options(learning_rate=0), "learning_rate is 0; expected a number above 0"),
        (lambda: options(clip=np.nan), "clip is nan; expected a number above 0"),
        (lambda: continued([]), "prompt is empty"),
        (lambda: continued([3]), r"prompt holds 3 at position \(0,\); expected classes 0 to 2"),
        (lambda: continued([[1]]), r"prompt has shape \(1, 1\); expected one sequence"),
        (lambda: continued(n=0), "n is 0; expected a whole number"),
        (lambda: continued(temperature=-1), "temperature is -1; expected a number, 0 or more"),
        (lambda: draw(LOGITS, None, np.nan), "temperature is nan"),
        (lambda: draw([LOGITS], None), r"logits has shape \(1, 3\); expected \(V,\)"),
        (lambda: draw([0.0, np.nan], np.random.default_rng(0)), "logits holds nan"),
    ],
)
def test_bad_input_is_named(call, message):
    with pytest.raises(ValueError, match=message):
        call()
