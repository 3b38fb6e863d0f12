"""The graded questions: what is asked, on which cases, with the right answer and the usual wrong ones."""

from helpers.questions import (
    clinic_averages,
    clinic_classes,
    clinic_comparisons,
    clinic_context,
    clinic_labels,
    clinic_loops,
    clinic_machines,
    clinic_numbers,
    clinic_reports,
    clinic_softmax,
    compression,
    evaluating,
    formula,
    fused,
    intuition,
    kl_divergence,
    parallel,
    perplexity,
    pytorch,
    scaling,
    tensorflow,
    training,
)
from helpers.questions.question import Question

#: The modules of the clinic, in its order.
CLINIC = (
    clinic_averages,
    clinic_softmax,
    clinic_classes,
    clinic_labels,
    clinic_context,
    clinic_comparisons,
    clinic_numbers,
    clinic_loops,
    clinic_reports,
    clinic_machines,
)

#: Every module of questions, in the order of the exercises.
CHAPTERS = (
    *(intuition, formula, kl_divergence, perplexity, pytorch, tensorflow),
    *CLINIC,
    *(training, evaluating, compression),
    *(fused, parallel, scaling),
)

#: Every question by its name, in the order of the exercises.
QUESTIONS: dict[str, Question] = {
    question.name: question for chapter in CHAPTERS for question in chapter.QUESTIONS
}
