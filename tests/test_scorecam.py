"""Score-CAM against its formula written out, and against two libraries."""

from dataclasses import replace

import numpy as np
import pytest
import torch
import torch.nn.functional as F
from torch import nn

from scenessl.arrays import write_arrays
from scenessl.errors import UserError
from scenessl.explain.faithfulness import STEPS, area, faithfulness, hottest_first
from scenessl.explain.maps import shrunk
from scenessl.explain.scorecam import ScoreCam, explain, masks, recorded
from scenessl.explain.variants import VARIANTS, chosen_formula, variant_named
from scenessl.models.folding import folded
from scenessl.models.network import Network
from scenessl.training.state import State

SIDE, CLASSES, TARGET = 17, 4, 2


def block(inputs, outputs, stride):
    return nn.Sequential(
        nn.Conv2d(inputs, outputs, 3, stride, 1, bias=False), nn.BatchNorm2d(outputs), nn.SiLU(inplace=True)
    )


class Toy(nn.Module):
    """Three blocks, a pooled linear classifier; batch norms with statistics as if trained."""

    def __init__(self, seed=0):
        super().__init__()
        torch.manual_seed(seed)
        self.features = nn.Sequential(block(3, 6, 2), block(6, 8, 2), block(8, 10, 1))
        self.classifier = nn.Sequential(nn.Dropout(0.5), nn.Linear(10, CLASSES))
        for norm in (module for module in self.modules() if isinstance(module, nn.BatchNorm2d)):
            norm.running_mean.normal_(0, 0.3)
            norm.running_var.uniform_(0.5, 2)
            nn.init.normal_(norm.weight, 1, 0.3)
            nn.init.normal_(norm.bias, 0.7, 0.3)
        nn.init.normal_(self.classifier[1].weight, 0, 3)

    def forward(self, images):
        return self.classifier(self.features(images).mean((2, 3)))


@pytest.fixture
def model():
    return Toy().eval()


@pytest.fixture
def image():
    return torch.randn(1, 3, SIDE, SIDE, generator=torch.Generator().manual_seed(3))


def normalise(images):
    return images.float() / 128 - 1


def photographs(number):
    return torch.randint(0, 256, (number, 3, SIDE, SIDE), generator=torch.Generator().manual_seed(4)).byte()


def activation(model, image, layer):
    with torch.no_grad():
        return model.features[: layer + 1](image)


def make(model, image, layer, variant, batch=64):
    return ScoreCam(model, VARIANTS[variant], batch).heats(image, [TARGET], activation(model, image, layer))[0]


def scaled(heat):
    return (heat - heat.min()) / (heat.max() - heat.min())


@pytest.mark.parametrize("layer", [0, 1, 2])
def test_paper_equals_the_formula_written_out(model, image, layer):
    maps, increases = activation(model, image, layer)[0], []
    for channel in maps:
        up = F.interpolate(channel[None, None], (SIDE, SIDE), mode="bilinear")
        masked = image * (up - up.min()) / (up.max() - up.min())
        increases.append(model(masked)[0, TARGET].item() - model(torch.zeros_like(image))[0, TARGET].item())
    low = sum(weight * channel for weight, channel in zip(torch.tensor(increases).softmax(0), maps, strict=True))
    expected = F.interpolate(low.clamp(min=0)[None, None], (SIDE, SIDE), mode="bilinear")[0, 0]
    heat = make(model, image, layer, "paper")
    assert heat.max() > 0
    torch.testing.assert_close(heat, expected.detach(), atol=1e-5, rtol=1e-5)


@pytest.mark.parametrize("layer", [0, 2])
def test_gradcam_equals_pytorch_grad_cam(model, image, layer):
    library = pytest.importorskip("pytorch_grad_cam", reason="pytorch-grad-cam is not installed")
    wanted = [library.utils.model_targets.ClassifierOutputTarget(TARGET)]
    with library.ScoreCAM(model, [model.features[layer]]) as cam:
        theirs = torch.from_numpy(cam(image, wanted)[0])
    torch.testing.assert_close(scaled(make(model, image, layer, "gradcam")), theirs, atol=1e-4, rtol=1e-4)


@pytest.mark.parametrize("layer", [0, 2])
def test_torchcam_equals_torch_cam(model, image, layer):
    methods = pytest.importorskip("torchcam.methods", reason="torch-cam is not installed")
    with methods.ScoreCAM(model, model.features[layer], input_shape=(3, SIDE, SIDE)) as cam:
        model(image)
        theirs = cam(TARGET, normalized=False)[0]
    up = F.interpolate(theirs[None], (SIDE, SIDE), mode="bilinear")[0, 0]
    torch.testing.assert_close(make(model, image, layer, "torchcam"), up, atol=1e-5, rtol=1e-4)


def test_authors_equals_their_formula(model, image):
    expected = torch.zeros(SIDE, SIDE)
    for channel in activation(model, image, 1)[0]:
        up = F.interpolate(channel[None, None], (SIDE, SIDE), mode="bilinear", align_corners=False)
        mask = (up - up.min()) / (up.max() - up.min())
        expected += model(image * mask).softmax(1)[0, TARGET].item() * up[0, 0]
    torch.testing.assert_close(make(model, image, 1, "authors"), expected.relu(), atol=1e-5, rtol=1e-5)


def test_a_constant_baseline_cancels_on_logits(model, image):
    shown = activation(model, image, 2)
    heats = [
        ScoreCam(model, replace(VARIANTS["paper"], baseline=baseline)).heats(image, [TARGET], shown)
        for baseline in ("black", "image", "none")
    ]
    torch.testing.assert_close(heats[0], heats[1])
    torch.testing.assert_close(heats[0], heats[2])


def test_probability_and_raw_weights_give_other_maps(model, image):
    heats = [scaled(make(model, image, 2, name)) for name in ("paper", "authors")]
    assert (heats[0] - heats[1]).abs().max() > 0.01


@pytest.mark.parametrize("variant", VARIANTS)
def test_the_batch_size_changes_nothing(model, image, variant):
    torch.testing.assert_close(
        make(model, image, 2, variant, batch=1), make(model, image, 2, variant, batch=64), atol=1e-5, rtol=0
    )


@pytest.mark.parametrize("variant", VARIANTS)
def test_masks_lie_between_zero_and_one(variant):
    low = torch.randn(1, 5, 4, 4)
    made = masks(low, (SIDE, SIDE), VARIANTS[variant])
    assert made.shape == (5, 1, SIDE, SIDE)
    assert made.min() >= 0 and made.max() <= 1
    assert made.flatten(1).max(1).values.min() > 0.6


def test_constant_channels_are_left_out(model, image):
    shown = activation(model, image, 2)
    several = torch.cat([shown, torch.full_like(shown[:, :3], 2.5), torch.zeros_like(shown[:, :1])], 1)
    cam = ScoreCam(model, VARIANTS["paper"])
    torch.testing.assert_close(cam.heats(image, [TARGET], several), cam.heats(image, [TARGET], shown))


def test_constant_channels_count_as_black_where_libraries_do_so(image):
    library = pytest.importorskip("pytorch_grad_cam", reason="pytorch-grad-cam is not installed")
    model = Toy().eval()
    nn.init.zeros_(model.features[2][0].weight[3])  # channel 3 is its bias everywhere
    with library.ScoreCAM(model, [model.features[2]]) as cam:
        theirs = cam(image, [library.utils.model_targets.ClassifierOutputTarget(TARGET)])[0]
    heat = make(model, image, 2, "gradcam")
    torch.testing.assert_close(scaled(heat), torch.from_numpy(theirs), atol=1e-4, rtol=1e-4)


@pytest.mark.parametrize("variant", VARIANTS)
@pytest.mark.parametrize("value", [0.0, -1.7, 1e30])
def test_nothing_but_constant_channels_gives_no_nan(model, image, variant, value):
    heat = ScoreCam(model, VARIANTS[variant]).heats(image, [TARGET], torch.full((1, 5, 4, 4), value))
    assert torch.isfinite(heat).all()
    if variant == "paper":
        assert (heat == 0).all()


def test_tiny_and_nearly_constant_channels_give_no_nan(model, image):
    noise = torch.rand(1, 4, 4, 4)
    for shown in (noise * 1e-38, noise * 1e-44, 1 + noise * 1e-7, noise * 1e37):
        heat = ScoreCam(model, VARIANTS["paper"]).heats(image, [TARGET], shown)
        assert torch.isfinite(heat).all()


def test_a_diverged_model_is_named(model):
    nn.init.constant_(model.classifier[1].weight, float("nan"))
    with pytest.raises(UserError, match="not finite"):
        explain(model, photographs(1), [7], [0], normalise, layers=[2], report=list)


def test_explain_gives_what_the_contract_says(model):
    images = photographs(3)
    result = explain(model, images, [30, 10, 20], [0, 1, 3], normalise, layers=[2, 0], report=list)
    assert result["maps"].shape == (3, 2, SIDE, SIDE) and result["maps"].dtype == np.float32
    assert result["maps"].min() >= 0
    assert result["layers"].tolist() == [2, 0] and result["images"].tolist() == [30, 10, 20]
    assert str(result["variant"]) == "paper"
    with torch.no_grad():
        chances = model(normalise(images)).softmax(1)
    np.testing.assert_allclose(result["confidence"], chances[range(3), [0, 1, 3]], atol=1e-5)
    single = ScoreCam(model, VARIANTS["paper"]).heats(
        normalise(images[1:2]), [1], activation(model, normalise(images[1:2]), 0)
    )[0]
    np.testing.assert_allclose(result["maps"][1, 1], single, atol=1e-5)


def test_explain_works_for_no_images(model):
    result = explain(model, photographs(0), [], [], normalise, layers=[2, 1, 0], report=list)
    assert result["maps"].shape == (0, 3, SIDE, SIDE)


class Breaking(Toy):
    def forward(self, images):
        if len(images) > 1:
            raise RuntimeError("broken")
        return super().forward(images)


@pytest.mark.parametrize("kind", [Toy, Breaking])
def test_the_model_is_left_as_it_was_found(kind):
    model = kind().train()
    model.features[1].eval()
    before = {name: tensor.clone() for name, tensor in model.state_dict().items()}
    modes = [module.training for module in model.modules()]
    try:
        explain(model, photographs(1), [0], [0], normalise, layers=[0, 2], report=list)
    except RuntimeError as error:
        assert kind is Breaking and str(error) == "broken"
    assert [module.training for module in model.modules()] == modes
    assert all(not module._forward_hooks for module in model.modules())
    assert all(parameter.requires_grad and parameter.grad is None for parameter in model.parameters())
    assert all(torch.equal(tensor, before[name]) for name, tensor in model.state_dict().items())


def test_hooks_go_also_after_an_error(model):
    with pytest.raises(RuntimeError), recorded(model.features, [0, 1]):
        raise RuntimeError("inside")
    with pytest.raises(IndexError), recorded(model.features, [0, 99]):
        pass
    assert all(not module._forward_hooks for module in model.modules())


def test_folding_changes_the_output_by_rounding_only(model, image):
    twin = folded(model)
    assert not any(isinstance(module, nn.BatchNorm2d) for module in twin.modules())
    assert not any(parameter.requires_grad for parameter in twin.parameters())
    torch.testing.assert_close(twin(image), model(image).detach(), atol=1e-5, rtol=1e-5)


def test_folding_covers_all_of_efficientnet():
    torchvision = pytest.importorskip("torchvision", reason="torchvision is not installed")
    model = torchvision.models.efficientnet_b0(num_classes=5).eval()
    for norm in (module for module in model.modules() if isinstance(module, nn.BatchNorm2d)):
        norm.running_mean.normal_(0, 0.1)
        norm.running_var.uniform_(0.5, 1.5)
    twin, images = folded(model), torch.randn(2, 3, 32, 32)
    assert not any(isinstance(module, nn.BatchNorm2d) for module in twin.modules())
    with torch.no_grad():
        features = model.features(images)
        torch.testing.assert_close(twin.features(images), features, atol=1e-4 * features.abs().max(), rtol=1e-4)


def test_folding_leaves_other_batch_norms_alone():
    sequence = nn.Sequential(nn.Conv2d(3, 4, 1), nn.ReLU(), nn.BatchNorm2d(4)).eval()
    assert isinstance(folded(sequence)[2], nn.BatchNorm2d)


def test_a_killed_run_goes_on_where_it_was(model, tmp_path, monkeypatch):
    asked = {"layers": [2, 1], "report": list}
    whole = explain(model, photographs(3), [5, 6, 7], [0, 1, 2], normalise, **asked)
    heats, made = ScoreCam.heats, []

    def killed_at_the_fourth(self, *arguments):
        if len(made) == 3:
            raise KeyboardInterrupt
        made.append(heats(self, *arguments))
        return made[-1]

    monkeypatch.setattr(ScoreCam, "heats", killed_at_the_fourth)
    with pytest.raises(KeyboardInterrupt):
        explain(model, photographs(3), [5, 6, 7], [0, 1, 2], normalise, state=State(tmp_path / "s", "a"), **asked)
    made.clear()
    again = explain(model, photographs(3), [5, 6, 7], [0, 1, 2], normalise, state=State(tmp_path / "s", "a"), **asked)
    assert len(made) == 3
    assert all(np.array_equal(again[name], whole[name]) for name in whole)


def network(outputs, seed=0):
    """A network of the pooled kind, whose features are those of every other one made with this seed."""
    features = Toy(seed).features
    torch.manual_seed(seed + outputs)
    return Network("toy", features, nn.Sequential(nn.Dropout(0.5), nn.Linear(10, outputs))).eval()


@pytest.mark.parametrize("variant", ["paper", "authors"])
def test_a_pretext_s_own_map_is_made_by_the_same_passes(variant):
    scheme, pretext, asked = network(CLASSES), network(2), {"layers": [2, 0], "variant": variant, "report": list}
    both = explain(scheme, photographs(2), [0, 1], [3, 1], normalise, pretext=pretext.classifier, **asked)
    alone = explain(scheme, photographs(2), [0, 1], [3, 1], normalise, **asked)
    for name in alone:
        assert name == "variant" or np.allclose(both[name], alone[name], atol=1e-5)
    with torch.no_grad():
        answers = pretext(normalise(photographs(2))).argmax(1).tolist()
    own = explain(pretext, photographs(2), [0, 1], answers, normalise, **asked)
    assert both["pretext_targets"].tolist() == answers
    for name in ("maps", "confidence"):
        np.testing.assert_allclose(both[f"pretext_{name}"], own[name], atol=1e-5)


def test_switches_replace_what_a_name_stands_for(model):
    asked = {"layers": [2], "report": list}
    switched = explain(
        model, photographs(1), [0], [1], normalise, switches={"confidence": "probability", "weights": "raw"}, **asked
    )
    assert str(switched["variant"]) == "paper+confidence=probability+weights=raw"
    formula, _ = chosen_formula("paper", {"upsample_first": False})
    assert formula == replace(VARIANTS["paper"], upsample_first=False)


def test_what_a_map_keeps_is_asked_of_the_masked_image(model):
    found = explain(model, photographs(1), [0], [1], normalise, layers=[2], report=list)
    image = normalise(photographs(1))
    heat = torch.from_numpy(found["maps"][0, 0])
    with torch.no_grad():
        kept = model(image * heat / heat.max()).softmax(1)[0, 1]
    assert found["kept"][0, 0] == pytest.approx(float(kept), abs=1e-5)


def test_the_hottest_pixels_decide_deletion_and_insertion():
    heat = torch.zeros(10, 10)
    heat[2:4, 5:10] = torch.rand(2, 5) + 0.5  # a tenth of the pixels
    image = torch.zeros(1, 3, 10, 10)
    image[..., 2:4, 5:10] = 1

    def share(images):  # of the hot pixels that are there, not blurred
        return (images[:, 0, 2:4, 5:10] == 1).float().mean((1, 2))

    found = faithfulness(share, image, heat)
    assert found["deletion"] == pytest.approx(0.05, abs=1e-6)  # falls from 1 to 0 within the first tenth
    assert found["insertion"] > 0.9 > faithfulness(share, image, heat.max() - heat)["insertion"]
    assert faithfulness(share, image, heat.max() - heat)["deletion"] == pytest.approx(0.95, abs=1e-6)


def test_pixels_go_in_the_order_of_a_sort():
    heat = torch.rand(7, 9)
    order = np.argsort(-heat.numpy(), axis=None, kind="stable")
    for step, marked in enumerate(hottest_first(heat)):
        number = round(63 * step / STEPS)
        assert set(np.flatnonzero(marked[0].numpy())) == set(order[:number])
    assert torch.equal(hottest_first(heat), hottest_first(heat * 3))
    curve = torch.rand(STEPS + 1)
    assert area(curve) == pytest.approx(float(np.trapezoid(curve.numpy(), dx=1 / STEPS)), abs=1e-6)


def test_no_side_of_an_image_goes_first_where_there_is_no_heat():
    heat, image = torch.zeros(20, 20), torch.ones(1, 3, 20, 20)
    heat[8:12, 8:12] = 1
    top, bottom = (
        faithfulness(lambda images, rows=rows: images[:, 0, rows].mean((1, 2)), image, heat)
        for rows in (slice(None, 6), slice(14, None))
    )
    for name in ("deletion", "insertion"):
        assert top[name] == pytest.approx(float(bottom[name]), abs=0.03)


def test_confidence_is_asked_a_batch_at_a_time(model):
    images, seen = normalise(photographs(5)), []
    with torch.no_grad():
        whole = ScoreCam(model, VARIANTS["paper"]).confidence(images, TARGET)
        hook = model.register_forward_pre_hook(lambda _, inputs: seen.append(len(inputs[0])))
        torch.testing.assert_close(ScoreCam(model, VARIANTS["paper"], 2).confidence(images, TARGET), whole)
    hook.remove()
    assert seen == [2, 2, 1]


def test_a_map_without_heat_orders_nothing(model):
    found = faithfulness(lambda images: images[:, 0, 0, 0], torch.rand(1, 3, 4, 4), torch.zeros(4, 4))
    assert all(torch.isnan(value) for value in found.values())


def test_the_maps_of_a_sample_are_averaged_to_a_grid():
    maps = np.random.default_rng(0).random((2, 1, 112, 112)).astype(np.float32)
    assert np.allclose(shrunk(maps), maps[:, 0].reshape(2, 56, 2, 56, 2).mean((2, 4)))
    assert shrunk(maps[..., :8, :8]).shape == (2, 8, 8)


def test_arrays_are_written_with_equal_bytes(tmp_path):
    for name in ("one.npz", "two.npz"):
        write_arrays(tmp_path / name, {"maps": np.arange(6.0), "variant": np.array("paper")})
    assert (tmp_path / "one.npz").read_bytes() == (tmp_path / "two.npz").read_bytes()


def test_one_line_of_progress_per_image(model):
    lines = []
    explain(model, photographs(2), [5, 6], [0, 1], normalise, layers=[1], report=lines.append)
    assert [line for line in lines if "1 of 2" in line] and len(lines) == 2


def test_an_unknown_variant_is_named():
    with pytest.raises(UserError, match=r"gradcamm.*paper"):
        variant_named("gradcamm")
