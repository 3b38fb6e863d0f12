"""What comes of a call, and its way through JSON: whole for the honest, refused for anything else."""

import json

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra import numpy as arrays

from helpers.outcomes import LONGEST_TEXT, Outcome, name_and_message, one_line, outcome_of
from helpers.questions import QUESTIONS

each_question = pytest.mark.parametrize("question", QUESTIONS.values(), ids=QUESTIONS)
numbers = arrays.arrays(
    st.sampled_from([np.float64, np.float32, np.float16, np.int64, np.uint8]),
    arrays.array_shapes(min_dims=0, max_dims=4, min_side=0, max_side=5),
)
anything = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=5),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=5), inner, max_size=3),
)


def sent(outcome):
    """An outcome as it arrives on the other side."""
    return Outcome.from_json(json.loads(json.dumps(outcome.as_json())))


@given(value=numbers)
def test_an_array_arrives_as_it_was_sent(value):
    outcome = outcome_of(lambda: value, ())
    arrived = sent(outcome)
    assert (arrived.what, arrived.dtype) == ("value", str(value.dtype))
    assert arrived.value.shape == value.shape
    np.testing.assert_array_equal(arrived.value, value.astype(float))


@given(text=st.text())
def test_a_text_arrives_printable_on_one_line_and_short(text):
    def answer():
        raise ValueError(text)

    arrived = sent(outcome_of(answer, ()))
    assert arrived.what == "raised"
    assert arrived.said.isprintable()
    assert len(arrived.said) <= LONGEST_TEXT + len("ValueError: ")


@given(found=anything)
def test_whatever_else_arrives_is_an_outcome_or_an_error_that_is_expected(found):
    try:
        outcome = Outcome.from_json(found)
    except ValueError:
        return
    assert outcome.what in ("not attempted", "nothing", "raised", "kind", "value")


@given(shape=anything, numbers=anything, dtype=anything)
def test_a_value_of_the_wrong_form_is_refused(shape, numbers, dtype):
    found = {"what": "value", "shape": shape, "numbers": numbers, "dtype": dtype}
    try:
        outcome = Outcome.from_json(found)
    except ValueError:
        return
    assert outcome.value.shape == tuple(shape)
    assert isinstance(outcome.dtype, str)


@pytest.mark.parametrize(
    "change",
    [
        {"shape": [2]},
        {"shape": [-1]},
        {"shape": [True]},
        {"shape": [1.0]},
        {"shape": [1] * 33},
        {"shape": "1"},
        {"numbers": [True]},
        {"numbers": ["1"]},
        {"numbers": [[1]]},
        {"numbers": [10**400]},
        {"numbers": 1},
        {"dtype": None},
        {"what": "right"},
        {"what": ["value"]},
    ],
)
def test_one_wrong_field_is_enough(change):
    found = {"what": "value", "shape": [1], "numbers": [1.5], "dtype": "float64"}
    assert Outcome.from_json(found).value == [1.5]
    with pytest.raises(ValueError, match="expected"):
        Outcome.from_json(found | change)


def test_of_a_long_array_the_shape_alone_is_sent_and_takes_no_memory():
    outcome = outcome_of(lambda: np.zeros((1000, 1000)), ())
    assert outcome.as_json()["numbers"] == []
    assert sent(outcome).value.shape == (1000, 1000)
    claimed = {"what": "value", "shape": [2**20, 2**20], "numbers": [], "dtype": "float64"}
    assert Outcome.from_json(claimed).value.strides == (0, 0)


@each_question
def test_the_arguments_of_every_question_survive_their_way_into_the_sandbox(question):
    from helpers.grading.sandbox import _sent
    from helpers.grading.worker import _argument

    for seed in range(8):
        for argument in question.arguments(seed):
            arrived = _argument(json.loads(json.dumps(_sent(argument))))
            np.testing.assert_array_equal(arrived, argument)
            assert isinstance(arrived, type(argument)) or np.isscalar(argument)
            assert getattr(arrived, "dtype", None) == getattr(argument, "dtype", None) or np.isscalar(
                argument
            )


class Unspeakable(Exception):
    """An exception that objects to being read."""

    def __str__(self):
        raise RuntimeError("no")


def test_an_exception_that_cannot_be_read_is_named():
    assert name_and_message(Unspeakable()) == "Unspeakable"
    assert name_and_message(ValueError()) == "ValueError"
    assert name_and_message(ValueError("a\n\x1b[31mb")) == "ValueError: a [31mb"


def test_one_line_takes_texts_alone():
    assert one_line("x" * 400)[-1] == "…"
    with pytest.raises(ValueError, match="expected a text"):
        one_line(7)
