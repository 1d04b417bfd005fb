"""Jobs and torchvision without PyTorch's compiler: as good as with it, and the compiler stays to be had."""

import re
import subprocess
import sys

import pytest
from project import ROOT

LOOK = """
import sys
from scenessl import vision
from scenessl.joblog import job
with job("/dev/null", 1):
    from torch import are_deterministic_algorithms_enabled, is_deterministic_algorithms_warn_only_enabled
    assert are_deterministic_algorithms_enabled() and is_deterministic_algorithms_warn_only_enabled()
left_out = "torch._dynamo" not in sys.modules and "sympy" not in sys.modules
import torch
network = vision.efficientnet_b0().eval()
with torch.inference_mode():
    network(torch.zeros(1, 3, 32, 32))
left_out = left_out and "torch._dynamo" not in sys.modules
from torchvision.ops import roi_align
kinds = [roi_align.__globals__["is_compile_supported"](kind) for kind in ("cpu", "meta")]
from torch._dynamo import utils
print(left_out, kinds == [utils.is_compile_supported(kind) for kind in ("cpu", "meta")])
"""


@pytest.mark.slow
def test_the_compiler_is_left_out_until_it_is_asked_for():
    result = subprocess.run([sys.executable, "-c", LOOK], cwd=ROOT, capture_output=True, text=True, check=False)
    assert result.stdout.split() == ["True", "True"], result.stderr


def test_torchvision_is_imported_in_one_place():
    imports = re.compile(r"^\s*(from|import) torchvision", re.MULTILINE)
    modules = [*ROOT.glob("scenessl/**/*.py"), *ROOT.glob("workflow_scripts/*.py")]
    found = [str(path.relative_to(ROOT)) for path in modules if imports.search(path.read_text(encoding="utf-8"))]
    assert found == ["scenessl/vision.py"]
