import pytest
import torch
from torch import nn

from viewer.errors import ModelError
from viewer.inference.architectures import build, torchvision_names
from viewer.inference.card import CardArchitecture

FAMILIES = {
    "alexnet": "alexnet",
    "convnext": "convnext_tiny",
    "densenet": "densenet121",
    "efficientnet": "efficientnet_b0",
    "efficientnet_v2": "efficientnet_v2_s",
    "googlenet": "googlenet",
    "inception": "inception_v3",
    "maxvit": "maxvit_t",
    "mnasnet": "mnasnet0_5",
    "mobilenet_v2": "mobilenet_v2",
    "mobilenet_v3": "mobilenet_v3_small",
    "regnet": "regnet_y_400mf",
    "resnet": "resnet18",
    "resnext": "resnext50_32x4d",
    "shufflenet": "shufflenet_v2_x0_5",
    "squeezenet": "squeezenet1_1",
    "swin": "swin_t",
    "swin_v2": "swin_v2_t",
    "vgg": "vgg11",
    "vgg_bn": "vgg11_bn",
    "vit": "vit_b_32",
    "wide_resnet": "wide_resnet50_2",
}


def torchvision_network(name, **arguments):
    return CardArchitecture("torchvision", name, arguments)


@pytest.mark.parametrize("name", FAMILIES.values())
@pytest.mark.parametrize(("channels", "labels"), [(1, 2), (3, 5), (4, 14)])
def test_every_family_takes_any_number_of_channels_and_labels(name, channels, labels):
    with torch.device("meta") if not name.startswith("regnet") else torch.device("cpu"):
        network = build(torchvision_network(name), channels=channels, labels=labels, size=(224, 224)).eval()
        images = torch.zeros(1, channels, 224, 224)
    assert network(images).shape == (1, labels)


def test_every_torchvision_classification_name_belongs_to_a_family_that_is_tested():
    known = (
        "alexnet",
        "convnext_",
        "densenet",
        "efficientnet_",
        "googlenet",
        "inception_v3",
        "maxvit_",
        "mnasnet",
        "mobilenet_",
        "regnet_",
        "resnet",
        "resnext",
        "shufflenet_",
        "squeezenet",
        "swin_",
        "vgg",
        "vit_",
        "wide_resnet",
    )
    assert [name for name in torchvision_names() if not name.startswith(known)] == []


@pytest.mark.parametrize("name", ["googlenet", "inception_v3"])
def test_auxiliary_heads_come_only_when_asked_for(name):
    plain = build(torchvision_network(name), channels=1, labels=3)
    full = build(torchvision_network(name, aux_logits=True), channels=1, labels=3)
    extra = set(full.state_dict()) - set(plain.state_dict())
    assert extra and all(key.lower().startswith("aux") for key in extra)


def test_the_first_convolution_keeps_its_geometry():
    network = build(torchvision_network("resnet18"), channels=2, labels=3)
    first = next(m for m in network.modules() if isinstance(m, nn.Conv2d))
    assert (first.in_channels, first.kernel_size, first.stride, first.padding) == (2, (7, 7), (2, 2), (3, 3))
    assert first.bias is None


def test_a_finer_grid_can_be_asked_for_with_dilation():
    card = torchvision_network("resnet50", replace_stride_with_dilation=[False, True, True])
    network = build(card, channels=1, labels=2).eval()
    stages = [network.layer1, network.layer2, network.layer3, network.layer4]
    grid = network.maxpool(network.conv1(torch.zeros(1, 1, 64, 64)))
    for stage in stages:
        grid = stage(grid)
    assert grid.shape[-2:] == (8, 8)


@pytest.mark.parametrize(
    "architecture",
    [
        CardArchitecture("torchvision", "resnet9000"),
        CardArchitecture("torchvision", "get_model"),
        CardArchitecture("torchvision", "fasterrcnn_resnet50_fpn"),
        CardArchitecture("torchvision", "resnet18", {"weights": 1}),
        CardArchitecture("torchvision", "resnet18", {"dropout": 0.1}),
        CardArchitecture("glassbox", "Sequential"),
        CardArchitecture("glassbox", "SmallResNet", {"depth": 3}),
        CardArchitecture("glassbox", "SmallResNet", {"blocks": [1, 1], "strides": [1]}),
        CardArchitecture("glassbox", "SmallResNet", {"blocks": [4096] * 64, "strides": [1] * 64}),
        CardArchitecture("glassbox", "SmallResNet", {"width": 0}),
        CardArchitecture("somewhere", "resnet18"),
    ],
)
def test_a_network_that_cannot_be_built_is_refused_in_words(architecture):
    with pytest.raises(ModelError) as caught:
        build(architecture, channels=1, labels=2)
    assert caught.value.remedy


def test_a_vision_transformer_wants_a_square_input():
    with pytest.raises(ModelError, match="square"):
        build(torchvision_network("vit_b_16"), channels=1, labels=2, size=(224, 160))


def test_maxvit_refuses_a_size_that_its_windows_do_not_divide():
    with pytest.raises(ModelError, match="divisible"):
        build(torchvision_network("maxvit_t"), channels=1, labels=2, size=(200, 200))
