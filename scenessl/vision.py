"""torchvision, imported without PyTorch's compiler.

torchvision asks for it because of one operator that nothing here calls. Importing it takes two seconds, and a study has
many jobs. Everything of torchvision is to be imported from here.
"""

import importlib
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from types import ModuleType

COMPILER = "torch._dynamo.utils"


@contextmanager
def _compiler_put_off() -> Iterator[None]:
    """Stand in for the compiler's module until it is asked something; afterwards any import finds the real one."""
    if COMPILER in sys.modules:
        yield
        return
    stand_in = ModuleType(COMPILER)
    stand_in.is_compile_supported = lambda kind: importlib.import_module(COMPILER).is_compile_supported(kind)
    sys.modules[COMPILER] = stand_in
    try:
        yield
    finally:
        del sys.modules[COMPILER]


with _compiler_put_off():
    from torchvision.models import EfficientNet_B0_Weights, efficientnet_b0
    from torchvision.transforms import InterpolationMode
    from torchvision.transforms import functional as transforms

__all__ = ["EfficientNet_B0_Weights", "InterpolationMode", "efficientnet_b0", "transforms"]
