"""A torch.export program (.pt2) as plain values: what it computes, step by step, and its weights.

Glassbox reads the file itself. `torch.export.load` unpickles parts of it and evaluates expressions in it
as Python, so that opening a stranger's file with it could run a stranger's code. Here only JSON and raw
numbers are read, and only the operations listed below are looked up: whatever else is there is refused,
or, like the example inputs, never opened.
"""

from __future__ import annotations

import io
import json
import re
import zipfile
import zlib
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any, NoReturn

import torch

from viewer.errors import ModelError

SCHEMA = 8
"""Major version of torch.export's file format, as torch 2.9 and later write it."""
MAX_PROGRAM_BYTES = 64 << 20
MAX_STEPS = 50_000

_LISTED = """
conv1d conv2d conv3d conv_transpose2d convolution batch_norm _native_batch_norm_legit_no_training
layer_norm native_layer_norm group_norm native_group_norm instance_norm linear addmm mm bmm matmul
baddbmm einsum relu relu_ relu6 relu6_ leaky_relu leaky_relu_ elu elu_ gelu gelu_ silu silu_ hardswish
hardswish_ hardsigmoid hardsigmoid_ hardtanh hardtanh_ mish mish_ sigmoid sigmoid_ tanh tanh_ softplus
prelu selu selu_ celu celu_ softmax _softmax log_softmax _log_softmax max_pool1d max_pool2d max_pool3d
max_pool2d_with_indices avg_pool1d avg_pool2d avg_pool3d adaptive_avg_pool1d adaptive_avg_pool2d
adaptive_avg_pool3d _adaptive_avg_pool2d adaptive_max_pool1d adaptive_max_pool2d mean sum amax amin max
min var var_mean std norm linalg_vector_norm cumsum add add_ sub sub_ rsub mul mul_ div div_ neg pow
sqrt rsqrt exp log abs square reciprocal clamp clamp_ clamp_min clamp_min_ clamp_max clamp_max_ maximum
minimum remainder floor erf cat stack split split_with_sizes chunk unbind select slice narrow index
index_select gather expand expand_as repeat tile permute transpose t view reshape _unsafe_view view_as
flatten unflatten unsqueeze squeeze movedim contiguous clone alias detach detach_ to _to_copy type_as
roll flip pad constant_pad_nd reflection_pad2d replication_pad2d upsample_nearest2d upsample_bilinear2d
upsample_bicubic2d pixel_shuffle pixel_unshuffle channel_shuffle dropout dropout_ feature_dropout
scaled_dot_product_attention zeros ones full arange zeros_like ones_like full_like new_zeros new_ones
new_full scalar_tensor linspace where eq ne lt gt le ge logical_not logical_and logical_or masked_fill
masked_fill_ fill_ copy_ zero_ im2col cosine_similarity sym_size
"""
OPERATIONS = frozenset(_LISTED.split())
"""Operations of `torch.ops.aten` that a program may use: of numbers alone, with no file, code or raw memory
in their reach."""

IGNORED = frozenset(
    {"_assert_tensor_metadata", "_assert_async", "_assert_scalar", "sym_constrain_range_for_size"}
)
"""Checks of the exporter's own; their answers are used by nothing."""

DTYPES = {
    1: torch.uint8,
    2: torch.int8,
    3: torch.int16,
    4: torch.int32,
    5: torch.int64,
    6: torch.float16,
    7: torch.float32,
    8: torch.float64,
    12: torch.bool,
    13: torch.bfloat16,
}
LAYOUTS = {7: torch.strided}
MEMORY_FORMATS = {
    1: torch.contiguous_format,
    2: torch.channels_last,
    3: torch.channels_last_3d,
    4: torch.preserve_format,
}
PATH = re.compile(r"[A-Za-z0-9_-]{1,100}(\.[A-Za-z0-9_-]{1,100}){0,39}")
"""A module path or a weight's name; a deeper tree than this is nobody's network."""
NOT_FINITE = ("Infinity", "-Infinity", "NaN")


@dataclass(frozen=True, slots=True)
class Named:
    """The value that an earlier step, a weight or the input has by this name."""

    name: str


@dataclass(frozen=True, slots=True)
class OwnDevice:
    """Stands for the device the network is on, whatever the program was exported on."""


@dataclass(frozen=True, eq=False, slots=True)
class Step:
    """One operation: `outputs` names what it gives (None: not used), `modules` are the paths of the
    modules it ran in, from the outermost."""

    operation: Callable[..., Any]
    inputs: tuple[Any, ...]
    keywords: Mapping[str, Any]
    outputs: tuple[str | None, ...]
    several: bool
    modules: tuple[str, ...]
    name: str

    @property
    def aten(self) -> str:
        """The operation's name without its overload: "conv2d"."""
        return str(self.operation).split(".")[1]


@dataclass(frozen=True, eq=False, slots=True)
class Program:
    """What the file says, checked for form: `bindings` are (name in the program, name of the weight),
    `input` and `output` names in the program; `size` is that of the input, (images, channels, height, width),
    None where it may be any."""

    steps: tuple[Step, ...]
    weights: Mapping[str, torch.Tensor]
    bindings: tuple[tuple[str, str], ...]
    input: str
    output: str
    size: tuple[int | None, ...]


def read_program(data: bytes, name: str) -> Program:
    """The program in a .pt2 file's bytes; `name` is the model's, for the sentences.

    Raises ModelError for a file that is damaged, not a torch.export program, or asks for anything that
    Glassbox does not run.
    """
    try:
        return _Reader(data, name).program()
    except ModelError:
        raise
    except (
        zipfile.BadZipFile,
        zlib.error,
        NotImplementedError,
        KeyError,
        ValueError,
        TypeError,
        AttributeError,
        IndexError,
        RecursionError,
        RuntimeError,
        EOFError,
        OSError,
        OverflowError,
    ) as error:
        raise ModelError(
            f"The weights of the model '{name}' are not a torch.export program, or are damaged.",
            remedy="Export the model again with torch.export.save.",
        ) from error


class _Reader:
    """Reads one file; every refusal is a sentence with the model's name."""

    def __init__(self, data: bytes, name: str) -> None:
        self._model = name
        self._zip = zipfile.ZipFile(io.BytesIO(data))
        files = {info.filename: info for info in self._zip.infolist()}
        programs = [path for path in files if re.fullmatch(r"[^/]+/models/[^/]+\.json", path)]
        if len(programs) != 1:
            raise ValueError("not one program")
        if any(info.compress_type != zipfile.ZIP_STORED for info in files.values()):
            self._refuse("is compressed")
        if any("/data/aotinductor/" in path for path in files):
            self._refuse("holds compiled code")
        self._root, _, file = programs[0].split("/")
        self._stem = file.removesuffix(".json")
        self._files = files
        self._fixed: set[str] = set()

    def _refuse(self, what: str) -> NoReturn:
        raise ModelError(
            f"The program of the model '{self._model}' {what}, which Glassbox does not run.",
            remedy="Export the network with torch.export, in evaluation mode, for one image at a time.",
        )

    def program(self) -> Program:
        table = self._json(f"models/{self._stem}.json")
        if table["schema_version"]["major"] != SCHEMA:
            self._refuse(f"has the file format {int(table['schema_version']['major'])}, not {SCHEMA}")
        graph, signature = table["graph_module"]["graph"], table["graph_module"]["signature"]
        if len(graph["nodes"]) > MAX_STEPS:
            self._refuse(f"has more than {MAX_STEPS} steps")
        bindings, inputs = [], []
        for spec in signature["input_specs"]:
            ((kind, value),) = spec.items()
            match kind:
                case "parameter" | "buffer" | "tensor_constant":
                    bindings.append((value["arg"]["name"], value[f"{kind}_name"]))
                case "user_input" if "as_tensor" in value["arg"]:
                    inputs.append(value["arg"]["as_tensor"]["name"])
                case _:
                    self._refuse(f"has an input of the kind '{kind}'")
        wanted = [
            out["as_tensor"]["name"]
            for out, spec in zip(graph["outputs"], signature["output_specs"], strict=True)
            if "user_output" in spec
        ]
        if len(inputs) != 1 or len(wanted) != 1:
            self._refuse(f"takes {len(inputs)} inputs and gives {len(wanted)} answers")
        size = tuple(side.get("as_int") for side in graph["tensor_values"][inputs[0]]["sizes"])
        if len(size) != 4 or size[0] not in (1, None):
            self._refuse(f"takes an input of {_words(size)} numbers")
        self._fixed = {name for name, _weight in bindings}
        steps = [step for step in map(self._step, graph["nodes"]) if step is not None]
        stored = self._tensors("weights") | self._tensors("constants")
        missing = [weight for _, weight in bindings if weight not in stored]
        if missing:
            raise ModelError(
                f"The program of the model '{self._model}' lacks its weight '{missing[0]}'.",
                remedy="Export the model again with torch.export.save.",
            )
        odd = [weight for _, weight in bindings if not PATH.fullmatch(weight)]
        if odd:
            self._refuse(f"has a weight of the odd name '{odd[0][:100]}'")
        used = {weight: stored[weight] for _, weight in bindings}
        return Program(tuple(steps), used, tuple(bindings), inputs[0], wanted[0], size)

    def _bytes(self, path: str) -> bytes:
        return self._zip.read(self._files[f"{self._root}/{path}"])

    def _json(self, path: str) -> Any:
        if self._files[f"{self._root}/{path}"].file_size > MAX_PROGRAM_BYTES:
            self._refuse(f"describes itself on more than {MAX_PROGRAM_BYTES >> 20} MiB")
        return json.loads(self._bytes(path))

    def _tensors(self, kind: str) -> dict[str, torch.Tensor]:
        """Name -> tensor of all weights, or of all constants; nothing is unpickled."""
        listed = f"data/{kind}/{self._stem}_{kind}_config.json"
        if f"{self._root}/{listed}" not in self._files:
            self._refuse("keeps its weights in the old, pickled form")
        stored: dict[str, torch.Tensor] = {}
        memory: dict[str, bytearray] = {}
        for name, entry in self._json(listed)["config"].items():
            path, meta = entry["path_name"], entry["tensor_meta"]
            if entry["use_pickle"] or meta is None or not re.fullmatch(r"(weight|tensor)_\d+", path):
                self._refuse(f"keeps '{name[:100]}' as a Python object")
            if path not in memory:
                memory[path] = bytearray(self._bytes(f"data/{kind}/{path}"))
            stored[name] = self._tensor(memory[path], meta)
        return stored

    def _tensor(self, memory: bytearray, meta: Mapping[str, Any]) -> torch.Tensor:
        dtype = DTYPES.get(meta["dtype"])
        if dtype is None or meta["layout"] not in LAYOUTS:
            self._refuse("has weights of an unusual kind")
        sizes, strides = ([int(side["as_int"]) for side in meta[key]] for key in ("sizes", "strides"))
        numbers = 1
        for side in sizes:
            numbers *= side
        if min(sizes, default=1) < 0 or numbers * dtype.itemsize > len(memory):
            raise ValueError("a weight is larger than its numbers")
        if not numbers:
            return torch.zeros(sizes, dtype=dtype)
        flat = torch.frombuffer(memory, dtype=dtype)
        return flat.as_strided(sizes, strides, int(meta["storage_offset"]["as_int"]))

    def _step(self, node: Mapping[str, Any]) -> Step | None:
        match = re.fullmatch(r"torch\.ops\.aten\.(\w+)\.(\w+)", node["target"])
        aten, overload = match.groups() if match else ("", "")
        if aten in IGNORED:
            return None
        if aten not in OPERATIONS or overload not in getattr(torch.ops.aten, aten).overloads():
            self._refuse(f"uses the operation '{str(node['target'])[:100]}'")
        given = [(entry["name"], _value(entry["arg"]), entry["kind"]) for entry in node["inputs"]]
        if any(kept is _UNKNOWN for _name, kept, _kind in given):
            self._refuse(f"gives '{aten}' an argument of an unusual kind")
        if any(name in ("training", "train") and value is True for name, value, _kind in given):
            self._refuse("was exported in training mode")
        outputs, several = _outputs(node["outputs"])
        if aten.endswith("_") and any(
            isinstance(v, Named) and v.name in self._fixed for _n, v, _k in given[:1]
        ):
            self._refuse("changes its own weights, as in training mode")
        stack = str(node["metadata"].get("nn_module_stack", ""))
        paths = [entry.split(",")[1] for entry in stack.split(";") if entry.count(",") >= 2]
        return Step(
            operation=getattr(getattr(torch.ops.aten, aten), overload),
            inputs=tuple(value for _name, value, kind in given if kind == 1),
            keywords={name: value for name, value, kind in given if kind != 1},
            outputs=outputs,
            several=several,
            modules=tuple(path for path in paths if path),
            name=str(node.get("name") or outputs[0] or aten),
        )


def _words(size: tuple[int | None, ...]) -> str:
    return " x ".join("any" if side is None else str(side) for side in size)


class _Unknown:
    """An argument of a kind that no listed operation needs."""


_UNKNOWN = _Unknown()


def _value(argument: Mapping[str, Any]) -> Any:
    """One argument as a plain value; names become `Named`. Expressions are never evaluated."""
    ((kind, value),) = argument.items()
    match kind:
        case "as_none":
            return None
        case "as_tensor":
            return Named(value["name"])
        case "as_tensors":
            return [Named(item["name"]) for item in value]
        case "as_optional_tensors":
            return [Named(item["as_tensor"]["name"]) if "as_tensor" in item else None for item in value]
        case "as_optional_tensor":
            return Named(value["as_tensor"]["name"]) if "as_tensor" in value else None
        case "as_int" | "as_bool" | "as_string":
            return value if isinstance(value, (int, str)) else _UNKNOWN
        case "as_ints" | "as_bools":
            return list(value) if all(isinstance(item, int) for item in value) else _UNKNOWN
        case "as_float":
            return _number(value)
        case "as_floats":
            return [_number(item) for item in value]
        case "as_sym_int":
            return _size(value)
        case "as_sym_ints":
            return [_size(item) for item in value]
        case "as_scalar_type":
            return DTYPES.get(value, _UNKNOWN)
        case "as_layout":
            return LAYOUTS.get(value, _UNKNOWN)
        case "as_memory_format":
            return MEMORY_FORMATS.get(value, _UNKNOWN)
        case "as_device":
            return OwnDevice()
    return _UNKNOWN


def _number(value: Any) -> float:
    if isinstance(value, str) and value not in NOT_FINITE:
        raise ValueError("not a number")
    return float(value)


def _size(value: Mapping[str, Any]) -> Any:
    return Named(value["as_name"]) if "as_name" in value else int(value["as_int"])


def _outputs(given: list[Mapping[str, Any]]) -> tuple[tuple[str | None, ...], bool]:
    """The names of what a step gives, and whether it gives a list or tuple."""
    if len(given) == 1 and "as_tensors" in given[0]:
        return tuple(item["name"] for item in given[0]["as_tensors"]), True
    names: list[str | None] = []
    for item in given:
        ((kind, value),) = item.items()
        names.append(None if kind == "as_none" else value["name" if kind == "as_tensor" else "as_name"])
    return tuple(names), len(names) > 1
