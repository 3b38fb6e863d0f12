"""The losses of a classifier, written three times with the same names, arguments and numbers.

:mod:`helpers.losses.reference` is the definition (NumPy, float64); :mod:`helpers.losses.pytorch` and
:mod:`helpers.losses.tensorflow` say it again in the idioms of the frameworks. Importing this package imports
none of them.
"""
