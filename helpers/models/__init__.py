"""Language models: the ones that count, and the ones that are trained."""
