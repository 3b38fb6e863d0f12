"""The graded questions: what is asked, on which cases, with the right answer and the usual wrong ones."""

from helpers.questions import (
    formula,
    intuition,
    kl_divergence,
    perplexity,
    pitfalls,
    pytorch,
    tensorflow,
)
from helpers.questions.question import Question

#: Every question by its name, in the order of the exercises.
QUESTIONS: dict[str, Question] = {
    question.name: question
    for chapter in (intuition, formula, kl_divergence, perplexity, pytorch, tensorflow, pitfalls)
    for question in chapter.QUESTIONS
}
