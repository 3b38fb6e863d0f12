"""The code behind the book: definitions, losses, metrics, models, data and figures.

Importing this package imports nothing else; each module brings in only what it needs, so that a reader of
:mod:`helpers.information` waits for NumPy and for nothing more.
"""
