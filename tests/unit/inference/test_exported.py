import io
import pickle
import zipfile
from pathlib import Path

import numpy as np
import pytest
import torch
from torch import nn
from torch.nn import functional as F
from torchvision import models

from tests.support.asking import asked_of, shares_weights, untouched
from tests.support.bundle_factory import make_bundle
from tests.support.exported_factory import altered, exported_bundle, program_of
from tests.support.slice_factory import make_slice
from viewer.errors import ModelError
from viewer.explain.analyse import analyse_slice
from viewer.explain.capture import capture
from viewer.explain.grid import grid_reader
from viewer.explain.score import ablation_cam, score_cam
from viewer.explain.twin import twin
from viewer.inference.bundle import load_bundle
from viewer.inference.exported import ExportedNetwork, has_channels_last
from viewer.inference.loading import load_model
from viewer.inference.program import read_program
from viewer.inference.small_resnet import SmallResNet

QUIET = (lambda _done, _total: None, lambda: None)
SLICE = make_slice(np.random.default_rng(0).integers(-1000, 1000, (90, 70)).astype(np.int16))


def seeded(maker):
    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(3)
        network = maker().eval()
        for module in network.modules():
            if isinstance(module, nn.BatchNorm2d):
                module.running_mean.normal_(0, 0.1)
                module.running_var.uniform_(0.5, 1.5)
    return network.requires_grad_(False)


NETWORKS = {
    "small": lambda: SmallResNet(channels=3, labels=3, width=4, blocks=(1, 1, 1, 1)),
    "resnet": lambda: models.ResNet(models.resnet.Bottleneck, [1, 1, 2, 1], num_classes=3, width_per_group=8),
    "densenet": lambda: models.DenseNet(4, (2, 2), 8, num_classes=3),
    "vgg": lambda: models.VGG(models.vgg.make_layers([4, "M", 512, "M"], True), num_classes=3),
    "swin": lambda: models.SwinTransformer([4, 4], 8, [2, 2], [2, 2], [4, 4], num_classes=3),
    "convnext": lambda: models.ConvNeXt(
        [models.convnext.CNBlockConfig(8, 16, 1), models.convnext.CNBlockConfig(16, None, 1)], num_classes=3
    ),
}


@pytest.fixture(scope="module")
def pair():
    """Name -> the network itself and the one that runs its program; made once."""
    made = {}

    def of(name):
        if name not in made:
            eager = seeded(NETWORKS[name])
            program = read_program(program_of(eager, 3, 64, 64), name)
            made[name] = eager, ExportedNetwork(program, (3, 64, 64), name).eval()
        return made[name]

    return of


@pytest.fixture(scope="module")
def small(pair):
    return program_of(pair("small")[0], 3, 64, 64)


def picture():
    return torch.randn(1, 3, 64, 64, generator=torch.Generator().manual_seed(4))


@pytest.mark.parametrize("name", NETWORKS)
def test_every_grid_and_its_gradient_are_those_of_the_network_that_was_exported(name, pair):
    eager, exported = pair(name)
    places = grids_of(exported)
    layers = [path for path in grids_of(eager) if path in places]
    assert len(layers) >= 8 and set(exported.layer_paths) & set(layers)
    expected = capture(eager, picture(), layers, lambda _logits: 1)
    found = capture(exported, picture(), layers, lambda _logits: 1)
    torch.testing.assert_close(found.logits, expected.logits, rtol=1e-5, atol=1e-7)
    for layer in layers:
        for one, other in ((found.activations, expected.activations), (found.gradients, expected.gradients)):
            scale = float(other[layer].abs().max())
            torch.testing.assert_close(one[layer], other[layer], rtol=1e-5, atol=1e-6 * scale)
        if name == "swin" and layer in exported.layer_paths and layer != "permute":
            mine = grid_reader(exported, layer)(found.activations[layer])
            assert mine.shape == grid_reader(eager, layer)(expected.activations[layer]).shape


def grids_of(network):
    """The modules that give out a grid of one picture in their last run, in the order they do."""
    seen = {}

    def note(path):
        return lambda _module, _inputs, out: seen.update({path: out})

    handles = [module.register_forward_hook(note(path)) for path, module in network.named_modules() if path]
    network(picture())
    for handle in handles:
        handle.remove()
    return [
        path
        for path, out in seen.items()
        if isinstance(out, torch.Tensor) and out.ndim == 4 and len(out) == 1 and out.numel() > out.shape[1]
    ]


def test_the_layers_offered_are_the_networks_outer_modules_in_their_order(pair):
    assert pair("resnet")[1].layer_paths == (
        *("conv1", "bn1", "relu", "maxpool"),
        *("layer1", "layer2", "layer3", "layer4"),
    )
    last = ("features.denseblock1", "features.transition1", "features.denseblock2", "features")
    assert pair("densenet")[1].layer_paths[-4:] == last
    assert pair("swin")[1].layer_paths[:3] == ("features.0", "features.1", "features.2")


def test_where_the_channels_are_is_read_from_the_operations(pair):
    _eager, swin = pair("swin")
    assert [has_channels_last(swin, path) for path in ("features.1", "features.3", "permute")] == [
        True,
        True,
        False,
    ]
    _eager, convnext = pair("convnext")
    assert not any(has_channels_last(convnext, path) for path in convnext.layer_paths)
    assert has_channels_last(convnext, "features.1.0.block.3")


def test_a_program_without_modules_offers_its_steps():
    class Plain(nn.Module):
        def __init__(self):
            super().__init__()
            self.kernel = nn.Parameter(torch.ones(4, 1, 3, 3))

        def forward(self, images):
            return F.conv2d(F.relu(F.conv2d(images, self.kernel)), torch.ones(3, 4, 3, 3)).mean((2, 3))

    exported = ExportedNetwork(read_program(program_of(Plain(), 1, 16, 16), "plain"), (1, 16, 16), "plain")
    assert exported.layer_paths == ("conv2d", "relu", "conv2d_1")
    captured = capture(exported, torch.ones(1, 1, 16, 16), ["relu"], lambda _logits: 0)
    assert captured.activations["relu"].unique().item() == 9


def test_a_bundle_with_a_program_gives_the_maps_of_the_network_it_was_made_from(tmp_path):
    eager = load_model(load_bundle(make_bundle(tmp_path / "eager")), "cpu")
    bundle = load_bundle(exported_bundle(tmp_path / "program", program_of(eager.module, 1, 64, 64)))
    program = load_model(bundle, "cpu")
    assert not any(weight.requires_grad for weight in program.module.parameters())
    for method in ("grad-cam", "layer-cam"):
        expected = analyse_slice(eager, SLICE, target="cyst", method=method)
        found = analyse_slice(program, SLICE, target="cyst", method=method)
        np.testing.assert_array_equal(found.prediction.logits, expected.prediction.logits)
        assert [layer.name for layer in found.layers] == ["stem", "block1", "block2", "block3", "block4"]
        for layer in expected.layers:
            np.testing.assert_allclose(
                found.cams[layer.name], expected.cams[layer.name], rtol=1e-5, atol=1e-9
            )


@pytest.mark.parametrize("method", [score_cam, ablation_cam])
def test_methods_that_ask_in_batches_work_on_a_program_for_one_image(method, pair):
    eager, exported = pair("small")
    expected = method(asked_of(eager, picture(), 1, "block2"), *QUIET).cam
    with untouched(exported):
        found = method(asked_of(exported, picture(), 1, "block2"), *QUIET).cam
    np.testing.assert_allclose(found, expected, rtol=1e-4, atol=1e-6 * np.abs(expected).max())


def test_a_program_answers_about_several_images_as_about_each(pair):
    _eager, exported = pair("resnet")
    images = torch.randn(3, 3, 64, 64, generator=torch.Generator().manual_seed(5))
    torch.testing.assert_close(exported(images), torch.cat([exported(image[None]) for image in images]))


def test_a_program_for_any_number_of_images_is_read_without_evaluating_its_expressions(pair):
    eager, _exported = pair("resnet")
    batch = torch.export.Dim("batch", max=64)
    program = torch.export.export(eager, (torch.zeros(2, 3, 64, 64),), dynamic_shapes=({0: batch},))
    file = io.BytesIO()
    torch.export.save(program, file)
    exported = ExportedNetwork(read_program(file.getvalue(), "any"), (3, 64, 64), "any")
    assert not exported.takes_one_image
    images = torch.randn(3, 3, 64, 64, generator=torch.Generator().manual_seed(5))
    torch.testing.assert_close(exported(images), eager(images), rtol=1e-4, atol=1e-6)


def test_a_program_has_a_twin_over_the_same_weights(pair):
    _eager, exported = pair("resnet")
    other = twin(exported)
    assert shares_weights(exported, other) and other is not exported
    before = exported(picture())
    seen = []
    other.get_submodule("layer2").register_forward_hook(lambda *_given: seen.append(1))
    torch.testing.assert_close(other(picture()), before)
    assert seen == [1]
    exported(picture())
    assert seen == [1]


class Trap:
    """Leaves a file behind when it is unpickled."""

    def __init__(self, path):
        self._path = path

    def __reduce__(self):
        return Path.write_text, (self._path, "code of a stranger ran")


def node(target, **changes):
    def change(table):
        step = table["graph_module"]["graph"]["nodes"][3]
        step.update({"target": target} | changes)

    return change


def pickled_weight(table):
    next(iter(table["config"].values()))["use_pickle"] = True


def version(table):
    table["schema_version"]["major"] = 9


def custom_object(table):
    table["graph_module"]["graph"]["nodes"][3]["inputs"][0]["arg"] = {
        "as_custom_obj": {"name": "x", "class_fqn": "y"}
    }


def subgraph(table):
    table["graph_module"]["graph"]["nodes"][3]["inputs"][0]["arg"] = {"as_graph": {"name": "x", "graph": {}}}


def unknown_value(table):
    table["graph_module"]["graph"]["nodes"][3]["inputs"][0]["arg"] = {"as_tensor": {"name": "nothing"}}


def enormous(table):
    step = table["graph_module"]["graph"]["nodes"][3]
    step["target"] = "torch.ops.aten.new_zeros.default"
    step["inputs"] = [step["inputs"][0], {"name": "size", "arg": {"as_ints": [10**6, 10**6]}, "kind": 1}]


def oversized(table):
    meta = next(iter(table["config"].values()))["tensor_meta"]
    meta["sizes"] = [{"as_int": 10**9}]
    meta["strides"] = [{"as_int": 0}]


def outside(table):
    next(iter(table["config"].values()))["tensor_meta"]["storage_offset"] = {"as_int": 10**6}


def elsewhere(table):
    next(iter(table["config"].values()))["path_name"] = "../../../etc/passwd"


CHANGES = {
    "a file opened": ({"model": node("torch.ops.aten.from_file.default")}, "from_file"),
    "memory resized": ({"model": node("torch.ops.aten.set_.source_Storage")}, "set_"),
    "an operator of Python": ({"model": node("os.system")}, "os.system"),
    "another library": ({"model": node("torch.ops.mylib.evil.default")}, "mylib"),
    "a dunder": ({"model": node("torch.ops.aten.__class__.default")}, "__class__"),
    "an unknown overload": ({"model": node("torch.ops.aten.relu.__call__")}, "relu"),
    "a custom object": ({"model": custom_object}, "unusual kind"),
    "a graph in the graph": ({"model": subgraph}, "unusual kind"),
    "another version": ({"model": version}, "format 9"),
    "a pickled weight": ({"weights": pickled_weight}, "Python object"),
    "a path out of the file": ({"weights": elsewhere}, "Python object"),
    "a value nobody made": ({"model": unknown_value}, "does not work"),
    "an enormous value": ({"model": enormous}, "does not work"),
    "a weight larger than its bytes": ({"weights": oversized}, "damaged"),
    "a weight outside its bytes": ({"weights": outside}, "damaged"),
    "compression": ({"compression": zipfile.ZIP_DEFLATED}, "compressed"),
    "compiled code": ({"files": {"data/aotinductor/model/x.so": b"elf"}}, "compiled"),
    "nonsense": ({"files": {"models/model.json": b"[" * 100_000}}, "damaged"),
    "another table": ({"files": {"models/model.json": b'{"schema_version": 3}'}}, "damaged"),
}


@pytest.mark.parametrize("case", CHANGES)
def test_a_program_that_asks_for_more_than_numbers_is_refused_in_a_sentence(case, small):
    changes, words = CHANGES[case]
    with pytest.raises(ModelError, match=words) as refusal:
        ExportedNetwork(read_program(altered(small, **changes), "strange"), (3, 64, 64), "strange")
    assert "strange" in refusal.value.what and refusal.value.remedy and "\n" not in str(refusal.value)


def test_no_code_in_the_file_ever_runs(small, tmp_path):
    trap = tmp_path / "ran"
    poison = pickle.dumps(Trap(trap))
    expression = f"__import__('pathlib').Path({str(trap)!r}).write_text('ran')"

    def evaluate(table):
        table["range_constraints"] = {expression: {"min_val": 0, "max_val": 1}}
        table["guards_code"] = [expression]
        graph = table["graph_module"]["graph"]
        graph["sym_int_values"] = {"s0": {"as_expr": {"expr_str": expression, "hint": None}}}
        for meta in graph["tensor_values"].values():
            meta["sizes"] = [{"as_expr": {"expr_str": expression, "hint": None}} for _side in meta["sizes"]]

    files = {
        "data/sample_inputs/model.pt": poison,
        "data/constants/custom_obj_0": poison,
        "extra/x.py": poison,
    }
    data = altered(small, model=evaluate, files=files)
    network = ExportedNetwork(read_program(data, "trap"), (3, 64, 64), "trap")
    assert network(picture()).shape == (1, 3)
    assert not trap.exists()
    pickle.loads(poison)
    assert trap.exists(), "the trap itself must work"


def test_a_program_in_training_mode_is_refused():
    with pytest.raises(ModelError, match="training mode"):
        read_program(program_of(seeded(NETWORKS["resnet"]).train(), 3, 64, 64), "learning")


@pytest.mark.parametrize("damage", ["empty", "text", "half", "flipped", "pickle"])
def test_a_damaged_or_foreign_file_is_refused_in_a_sentence(damage, small):
    flipped = bytearray(small)
    flipped[len(small) // 2] ^= 0xFF
    data = {
        "empty": b"",
        "text": b"not a program",
        "half": small[: len(small) // 2],
        "flipped": bytes(flipped),
        "pickle": pickle.dumps([1]),
    }[damage]
    with pytest.raises(ModelError, match=r"not a torch\.export program, or are damaged"):
        read_program(data, "broken")


def test_the_card_must_describe_the_program(tmp_path, pair):
    data = program_of(
        seeded(lambda: SmallResNet(channels=1, labels=3, width=4, blocks=(1, 1, 1, 1))), 1, 64, 64
    )
    for number, (changes, words) in enumerate(
        [
            ({"input": {"size": [32, 64]}}, "1 x 32 x 64"),
            ({"input": {"channels": 3, "mean": [0, 0, 0], "std": [1, 1, 1]}}, "3 x 64 x 64"),
            ({"labels": ["one", "other"], "background": ""}, "2 numbers"),
            ({"weights": {"sha256": "0" * 64}}, "not the ones its card describes"),
        ]
    ):
        with pytest.raises(ModelError, match=words):
            load_model(load_bundle(exported_bundle(tmp_path / str(number), data, **changes)), "cpu")
    for number, file in enumerate(["weights.safetensors", "../weights.pt2"]):
        with pytest.raises(ModelError, match=r"\.pt2"):
            load_bundle(exported_bundle(tmp_path / f"file{number}", data, weights={"file": file}))
    with pytest.raises(ModelError, match=r"\.safetensors"):
        load_bundle(make_bundle(tmp_path / "plain", weights={"file": "weights.pt2"}))
