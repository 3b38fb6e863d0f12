"""Classes built on a framework, described as if the framework were there.

The pages of functions are made with stand-ins for the frameworks (``autodoc_mock_imports``), and two of their
ways show. A stand-in keeps what it is called with, so that ``@keras.utils.register_keras_serializable()``
would turn a class into another stand-in; here a class or a function that is decorated comes back as it is.
And it is made from any arguments, so that each class derived from one would be signed ``(*args, **kwargs)``;
here autodoc looks on, to the class's own ``__init__``. And autodoc asks for the source of each base class,
which would import the real framework after all, for seconds and with lines on stderr; here it is told that
there is none. Last, what stands in for a type knows no ``|``: here ``Tensor | None`` is what it says.
"""

from types import FunctionType
from typing import ForwardRef, Union

from sphinx.errors import PycodeError
from sphinx.ext import autodoc
from sphinx.ext.autodoc.mock import _MockObject
from sphinx.pycode import ModuleAnalyzer

call = _MockObject.__call__
find_source = ModuleAnalyzer.get_module_source


def decorate(self, *args, **kwargs):
    """A class or function given alone comes back; any other call is the stand-in's own."""
    decorates = len(args) == 1 and not kwargs and isinstance(args[0], type | FunctionType)
    return args[0] if decorates else call(self, *args, **kwargs)


def either(self, other):
    """This type or another, by its name."""
    return Union[ForwardRef(repr(self)), other]  # noqa: UP007 (an instance knows no `|`)


def source_of(module: str, frameworks: list[str]):
    """Where the source of a module is, as Sphinx finds it; a framework has none."""
    if module.partition(".")[0] in frameworks:
        raise PycodeError(f"{module} is stood in for")
    return find_source(module)


def withhold_sources(app, config):
    """Keep the frameworks from being imported for their source."""
    frameworks = list(config.autodoc_mock_imports)
    ModuleAnalyzer.get_module_source = staticmethod(lambda module: source_of(module, frameworks))


def setup(app):
    """Register with Sphinx."""
    app.connect("config-inited", withhold_sources)
    _MockObject.__call__ = decorate
    _MockObject.__or__ = either
    made = _MockObject.__new__
    autodoc._CLASS_NEW_BLACKLIST.append(f"{made.__module__}.{made.__qualname__}")
    return {"parallel_read_safe": True, "parallel_write_safe": True}
