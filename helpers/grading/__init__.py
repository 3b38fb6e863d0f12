"""Grading of a whole class, unattended: ``python -m helpers.grading SUBMISSIONS --out OUT``.

The code of a student is not trusted. It runs in a sandbox (:mod:`helpers.grading.sandbox`), in which
:mod:`helpers.grading.worker` hands it numbers and sends numbers back. What is right is decided outside, by
:mod:`helpers.grading.grader`, on cases that only the holder of a secret can draw.
"""
