"""From probabilities to bits and back: codes of whole bits, arithmetic coding, files coded with a model."""
