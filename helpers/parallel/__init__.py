"""The loss of one model on many processes: the tokens spread over them, or the classes.

On CPUs they talk through gloo, on GPUs through NCCL; the code is the same.
"""
