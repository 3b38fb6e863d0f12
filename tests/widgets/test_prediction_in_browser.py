"""A question that asks for a number, on a page without a kernel."""

import numpy as np
import pytest
from as_shown import fixed, plain, significant, size

from helpers.widgets import Prediction

pytestmark = pytest.mark.browser

ANSWER = float(np.log(10))


def written(x: float, decimals: int) -> str:
    """A number with its decimals, or a whole one where it is large."""
    return fixed(x, decimals) if abs(x) < 1000 else f"{'-' if x < 0 else ''}{size(abs(x))}"


def percent(share: float) -> str:
    return f"{significant(100 * share, 1) if share < 0.005 else fixed(100 * share, 0)}%"


def distance(guess: float, answer: float, decimals: int) -> str:
    """How far off a guess is, in words."""
    ratio = guess / answer if guess > 0 < answer else None
    share = (
        ""
        if ratio is None
        else f": {written(ratio, 1)} times the answer"
        if ratio >= 2
        else f": {percent(ratio)} of the answer"
        if ratio <= 0.5
        else f", {percent(abs(ratio - 1))} off"
    )
    return f"{written(abs(guess - answer), decimals)} too {'high' if guess > answer else 'low'}{share}"


def verdict(made: Prediction) -> str:
    """What is said of the guess of `made`."""

    def near(value):
        return abs(made.guess - value) <= max(0.5 * 10**-made.decimals, made.tolerance * abs(value))

    right = plain(made.right_answer)
    if near(made.answer):
        return f"Right: {right}."
    mistake = [plain(sentence) for number, sentence in made.mistakes if near(number)]
    off = distance(made.guess, made.answer, made.decimals)
    return " ".join([f"The answer is {right}; your guess is {off}.", *mistake])


def assert_shows(figure, made: Prediction) -> None:
    """The two agree on a question that has been answered: both numbers, the verdict and the derivation."""
    numbers, lines = (
        [plain(text) for text in figure.locator(name).all_inner_texts()]
        for name in (".xe-number", ".xe-because li")
    )
    assert numbers == [written(x, made.decimals) for x in (made.guess, made.answer)], made
    assert plain(figure.locator(".xe-verdict").inner_text()) == verdict(made), made
    assert lines == [plain(line) for line in made.because], made


@pytest.fixture
def question():
    return Prediction(
        "What did it pay?",
        ANSWER,
        unit="nats",
        because=["−log 0.10 = 2.303.", "It is log 10."],
        mistakes={float(np.log2(10)): "That is in bits."},
    )


def guess(figure, text, press="Enter"):
    """Type a guess, send it, and read what is said of it."""
    figure.get_by_label("Your guess").fill(text)
    if press == "click":
        figure.get_by_role("button", name="Check").click()
    else:
        figure.get_by_label("Your guess").press(press)
    return plain(figure.locator(".xe-verdict").inner_text())


def test_nothing_of_the_answer_is_seen_before_a_guess(visit, question):
    figure = visit(question).figure()
    assert figure.get_by_text("What did it pay?").is_visible()
    assert "2.303" not in figure.inner_text()
    assert "log 10" not in figure.inner_text()


@pytest.mark.parametrize(
    ("text", "verdict"),
    [
        ("2.3", "Right: 2.303 nats."),
        ("2,303", "Right: 2.303 nats."),
        ("log 10", "Right: 2.303 nats."),
        ("2.32", "Right: 2.303 nats."),
        ("2", "The answer is 2.303 nats; your guess is 0.303 too low, 13% off."),
        ("1/2", "The answer is 2.303 nats; your guess is 1.803 too low: 22% of the answer."),
        ("0.001", "The answer is 2.303 nats; your guess is 2.302 too low: 0.04% of the answer."),
        ("2500", "The answer is 2.303 nats; your guess is 2,498 too high: 1,086 times the answer."),
        ("-1", "The answer is 2.303 nats; your guess is 3.303 too low."),
        ("3.32", "The answer is 2.303 nats; your guess is 1.017 too high, 44% off. That is in bits."),
    ],
)
def test_a_guess_is_told_how_far_off_it_is_and_which_mistake_it_looks_like(visit, question, text, verdict):
    assert guess(visit(question).figure(), text) == verdict


def test_every_guess_is_judged_by_the_numbers_of_the_question(visit):
    rng = np.random.default_rng(8)
    questions = []
    for decimals in (1, 2, 3):
        for answer in (0.004, -0.75, ANSWER, 1234.56):
            for miss in (1, 1.004, *10 ** rng.uniform(-3, 3, 2)):
                made = Prediction("How many?", answer, because=["So many."], decimals=decimals)
                made.guess = float(answer * miss)
                questions.append(made)
    page = visit(*questions)
    for number, made in enumerate(questions):
        assert_shows(page.figure(number), made)
    assert page.errors == []


def test_a_near_miss_is_told_by_its_first_digit(visit):
    strict = Prediction("How many?", ANSWER, because=["log 10"], tolerance=0.001)
    assert guess(visit(strict).figure(), "2.31") == (
        "The answer is 2.303; your guess is 0.007 too high, 0.3% off."
    )


def test_the_derivation_follows_the_guess_line_by_line(visit, question):
    figure = visit(question).figure()
    guess(figure, "2", press="click")
    assert figure.locator(".xe-because li").all_inner_texts() == question.because
    assert [plain(text) for text in figure.locator(".xe-number").all_inner_texts()] == ["2.000", "2.303"]
    assert not figure.get_by_role("button", name="Show the answer").is_visible()


def test_the_bars_are_as_long_as_the_numbers_and_start_at_zero(visit, question):
    figure = visit(question).figure()

    def box(name):
        return figure.locator(name).bounding_box()

    for said in (1.0, 4.0, -2.0):
        guess(figure, str(said))
        lane, mine, right = box(".xe-lane >> nth=0"), box(".xe-guess-bar"), box(".xe-answer-bar")
        scale = lane["width"] / (max(said, ANSWER) - min(said, 0))
        assert mine["width"] == pytest.approx(abs(said) * scale, abs=1)
        assert right["width"] == pytest.approx(ANSWER * scale, abs=1)
        zero = mine["x"] + mine["width"] if said < 0 else mine["x"]
        assert zero == pytest.approx(right["x"], abs=1)


@pytest.mark.parametrize("text", ["", "about two", "1/0", "log 0", "1.2.3"])
def test_what_is_no_number_is_asked_for_again_and_gives_nothing_away(visit, question, text):
    figure = visit(question).figure()
    guess(figure, text)
    complaint = figure.get_by_role("alert").inner_text()
    assert "Type a number" in complaint
    assert text in complaint
    assert figure.get_by_label("Your guess").get_attribute("aria-invalid") == "true"
    assert "2.303" not in figure.inner_text()
    guess(figure, "2.3")
    assert figure.get_by_role("alert").inner_text() == ""
    assert figure.get_by_label("Your guess").get_attribute("aria-invalid") == "false"


def test_who_gives_up_is_shown_the_answer_and_may_still_guess(visit, question):
    figure = visit(question).figure()
    figure.get_by_role("button", name="Show the answer").press("Enter")
    assert figure.locator(".xe-verdict").inner_text() == "The answer is 2.303 nats."
    assert not figure.locator(".xe-comparison").is_visible()
    assert guess(figure, "2.3") == "Right: 2.303 nats."


def test_the_verdict_and_the_derivation_are_announced(visit, question):
    page = visit(question)
    guess(page.figure(), "2.3")
    page.page.wait_for_function("document.querySelector('.xe-announcement').textContent !== ''")
    spoken = page.figure().locator(".xe-announcement").text_content()
    assert spoken == "Right: 2.303 nats. −log 0.10 = 2.303. It is log 10."


def test_two_views_share_a_guess(visit, question):
    page = visit(question, question)
    guess(page.figure(0), "2")
    assert page.figure(1).get_by_label("Your guess").input_value() == "2"
    assert page.figure(1).locator(".xe-verdict").is_visible()
