import pytest

from tests.support.bundle_factory import make_bundle
from viewer.errors import ModelError
from viewer.explain.grid import grid_reader
from viewer.explain.layers import MAX_FOUND, default_layer, find_layers, offered_layers
from viewer.inference.architectures import build, torchvision_names
from viewer.inference.bundle import load_bundle
from viewer.inference.card import CardArchitecture
from viewer.inference.loading import load_model

torch = pytest.importorskip("torch")


def loaded(folder, **changes):
    return load_model(load_bundle(make_bundle(folder, **changes)), "cpu")


def torchvision_model(folder, name, size, **changes):
    return loaded(
        folder, architecture={"family": "torchvision", "name": name}, input={"size": size}, **changes
    )


def test_layers_are_found_named_and_measured_at_the_cards_input_size(tmp_path):
    layers = offered_layers(loaded(tmp_path, input={"size": [64, 96]}))
    assert [(layer.name, layer.title, layer.grid, layer.channels) for layer in layers] == [
        ("stem", "stem", (16, 24), 4),
        ("block1", "block 1 of 4", (16, 24), 4),
        ("block2", "block 2 of 4", (8, 12), 8),
        ("block3", "block 3 of 4", (4, 6), 16),
        ("block4", "block 4 of 4", (4, 6), 32),
    ]


def test_the_cards_own_choice_and_titles_come_first(tmp_path):
    offered = [{"name": "block2"}, {"name": "block4", "title": "the end"}]
    model = loaded(tmp_path, layers={"default": "block2", "offered": offered})
    assert [layer.title for layer in offered_layers(model)] == ["block 2 of 4", "the end"]
    assert default_layer(model) == "block2"


def test_a_default_that_is_not_among_the_found_layers_joins_them_in_its_place(tmp_path):
    model = loaded(tmp_path, layers={"default": "block2.0.bn2"})
    names = [layer.name for layer in offered_layers(model)]
    assert default_layer(model) == "block2.0.bn2"
    assert names.index("block2.0.bn2") == names.index("block2") + 1


def test_without_a_word_of_the_card_the_last_layer_is_the_default(tmp_path):
    assert default_layer(torchvision_model(tmp_path, "resnet18", [64, 64])) == "layer4"


@pytest.mark.parametrize("name", ["missing", "block9.conv"])
def test_a_layer_the_network_does_not_have_is_refused_in_words(tmp_path, name):
    with pytest.raises(ModelError, match="no layer"):
        offered_layers(loaded(tmp_path, layers={"default": name, "offered": [{"name": name}]}))


def test_a_layer_without_a_grid_is_refused_in_words(tmp_path):
    with pytest.raises(ModelError, match="no spatial grid"):
        offered_layers(loaded(tmp_path, layers={"default": "head", "offered": [{"name": "head"}]}))


# RegNet computes its widths with tensors, so it cannot be built without memory: its smallest stand for it.
NAMES = [name for name in torchvision_names() if "regnet" not in name] + ["regnet_x_400mf", "regnet_y_400mf"]


@pytest.mark.parametrize("name", NAMES)
def test_every_torchvision_network_has_layers_worth_offering_that_exist(name):
    with torch.device("cpu" if "regnet" in name else "meta"):
        network = build(CardArchitecture("torchvision", name), channels=1, labels=2)
    found = find_layers(network)
    known = dict(network.named_modules())
    assert len(found) >= 3 and all(layer.name in known and layer.title for layer in found)
    assert len({layer.title for layer in found}) == len(found)


def test_a_network_with_many_layers_offers_an_even_choice_with_the_last_among_them(tmp_path):
    model = torchvision_model(tmp_path, "mobilenet_v2", [64, 64])
    layers = offered_layers(model)
    assert len(layers) == MAX_FOUND
    assert (layers[0].name, layers[-1].name) == ("features.0", "features.18")


def test_an_unknown_kind_of_network_needs_its_layers_on_the_card():
    with pytest.raises(ModelError, match="not known"):
        find_layers(torch.nn.Linear(2, 2))


def test_channels_last_grids_are_turned_and_convolutions_left(tmp_path):
    network = torchvision_model(tmp_path, "swin_t", [64, 64]).module
    output = torch.arange(1 * 2 * 3 * 5).reshape(1, 2, 3, 5)
    assert torch.equal(grid_reader(network, "features.1")(output)[:, 1, 2], output[0, 1, 2])
    assert torch.equal(grid_reader(network, "features.0.0")(output), output[0])


def test_tokens_become_a_grid_row_by_row_without_the_class_token(tmp_path):
    network = torchvision_model(tmp_path, "vit_b_32", [64, 64]).module
    tokens = torch.arange(10.0).reshape(1, 10, 1).repeat(1, 1, 2)
    read = grid_reader(network, "encoder.layers.encoder_layer_0.ln_1")
    assert read(tokens)[0].tolist() == [[1, 2, 3], [4, 5, 6], [7, 8, 9]]
    for odd in (torch.zeros(1, 9, 2), torch.zeros(1, 1, 2), torch.zeros(1, 4)):
        with pytest.raises(ModelError, match="no spatial grid"):
            read(odd)
