"""Training, evaluation and sampling of the models that learn: one short loop for each framework.

:mod:`helpers.training.pytorch` and :mod:`helpers.training.tensorflow` have the same three functions:
``train``, ``evaluate`` and ``sample``. Importing this package imports neither.
"""
