"""The commands and their options, as the commands table of the README gives them."""

from __future__ import annotations

import argparse
import sys
from collections.abc import Sequence
from pathlib import Path

import tlstudio
from tlstudio.cli import checking, commands, data, evaluation, keeping, label_commands, packing, run_commands, tuning
from tlstudio.cli.usage import NEWEST, Parser, given, need_command, number, seed, setting
from tlstudio.domain.certificate import FileKind
from tlstudio.domain.errors import WrongUsage
from tlstudio.domain.preprocess import read_channels
from tlstudio.domain.runs import usual
from tlstudio.domain.safe_text import storable

COMMANDS = (
    "gui", "demo", "doctor", "import", "labels", "check", "models", "train", "evaluate", "explain",
    "export", "predict", "report", "backups", "runs", "find-images", "pack", "unpack",
)  # fmt: skip


def parse(arguments: Sequence[str]) -> argparse.Namespace:
    """The options, with `action` to call and `given`, the names of those that were said. No command means the window.

    Raises Misused for wrong ones.
    """
    words = list(arguments)
    if not words or (words[0] not in COMMANDS and not words[0].startswith("-")):
        if words:
            need_command(words[0], COMMANDS)
        words.insert(0, "gui")
    parser = _parser()
    options = parser.parse_args(words)
    options.given = given(parser, words)
    for name, value in vars(options).items():
        if isinstance(value, str):  # what becomes part of a project; a file's name stays what it is
            setattr(options, name, storable(value))
    return options


def _parser() -> argparse.ArgumentParser:
    parser: argparse.ArgumentParser = Parser(prog="tlstudio", description=sys.modules["tlstudio"].__doc__)
    parser.add_argument("--version", action="version", version=f"tlstudio {tlstudio.__version__}")
    shared = argparse.ArgumentParser(add_help=False)
    shared.add_argument(
        "--json", action="store_true", help="one JSON object a line on stdout; the last one is the result"
    )
    sub = parser.add_subparsers(dest="command", required=True, metavar="COMMAND")

    def command(name: str, help_text: str, action: commands.Action) -> argparse.ArgumentParser:
        made = sub.add_parser(name, help=help_text, description=help_text, parents=[shared])
        made.set_defaults(action=action)
        return made

    p = command("gui", "open the window", commands.gui)
    p.add_argument("project", nargs="?", type=Path, metavar="PROJECT")
    p = command("demo", "the whole way on sample data", commands.demo)
    p.add_argument("--out", type=Path, default=Path("tlstudio-demo"), metavar="DIR")
    p.add_argument("--gui", action="store_true", help="open the window on the result")
    command("doctor", "what this machine has", commands.doctor)
    p = command("import", "make a project of images, or add images to one", data.import_)
    data.import_options(p)
    keeping.changes_project(p)
    label_commands.labels_command(sub, shared)
    checking.check_options(command("check", "look for problems in the data", checking.check))
    _models(sub, shared)
    p = command("train", "train a model", commands.train)
    _train(p)
    keeping.changes_project(p)
    _pack(command("pack", "pack what a training needs into one file, for a machine without the images", commands.pack))
    p = command("unpack", "take in a run that was trained on another machine", packing.unpack)
    packing.unpack_options(p)
    keeping.changes_project(p)
    _evaluate(command("evaluate", "measure a model on images it did not learn from", evaluation.evaluate))
    _explain(
        command("explain", "show where in images the model finds its reasons, if that can be proven", commands.explain)
    )
    p = command("export", "write a model as one ONNX file with a certificate", commands.export)
    _run(p)
    p.add_argument("--out", type=Path, required=True, metavar="FILE.onnx")
    _file_kinds(p)
    p = command("predict", "classify images with an exported model, offline", commands.predict)
    p.add_argument("bundle", type=Path, metavar="BUNDLE.onnx")
    p.add_argument("paths", type=Path, nargs="+", metavar="PATH")
    p.add_argument("--csv", type=Path, metavar="FILE")
    p.add_argument("--recursive", action="store_true", help="look into sub-folders too")
    p = command("report", "write a report on a model as PDF or web page", commands.report)
    _run(p)
    p.add_argument("--out", type=Path, required=True, metavar="FILE.html|FILE.pdf")
    p = command(
        "find-images", "find images whose files were moved, by what is in them; what was said of them stays", data.find
    )
    p.add_argument("folder", type=Path, metavar="FOLDER", help="where the images may be now, at any depth")
    _project(p)
    keeping.changes_project(p)
    keeping.backups_command(sub, shared)
    run_commands.runs_command(sub, shared)
    return parser


def _project(p: argparse.ArgumentParser) -> None:
    p.add_argument("--project", type=Path, required=True, metavar="DIR")


def _file_kinds(p: argparse.ArgumentParser) -> None:
    kinds = {"full": FileKind.FULL, "int8": FileKind.INT8, "stored-small": FileKind.STORED_SMALL, "half": FileKind.HALF}
    told = "; ".join(f"{name}: {kind.meaning}" for name, kind in kinds.items())
    ways = p.add_mutually_exclusive_group()
    ways.add_argument("--as", dest="kind", choices=kinds, default="full", help=f"{told}. Default: full")
    ways.add_argument("--int8", dest="kind", action="store_const", const="int8", help="the same as --as int8")
    p.set_defaults(kinds=kinds)


def _run(p: argparse.ArgumentParser) -> None:
    _project(p)
    p.add_argument("--run", metavar="RUN", help="default: the newest finished run")


def _evaluate(p: argparse.ArgumentParser) -> None:
    _run(p)
    p.add_argument(
        "--split",
        choices=("val", "test"),
        default="test",
        help="images to measure on; each opening of the test images is counted and kept, as comparing many trainings by them"
        " makes the best look better than it is (default: test)",
    )
    ways = p.add_mutually_exclusive_group()
    ways.add_argument(
        "--folds",
        type=number(2, whole=True),
        metavar="K",
        help="for small data: each image left out once, quick recipe",
    )
    ways.add_argument(
        "--sensitivity",
        metavar="CLASS=VALUE|none",
        help="keep a threshold that surely finds this share of a class, if one is needed, such as crack=0.95; none removes it",
    )


def _explain(p: argparse.ArgumentParser) -> None:
    _run(p)
    p.add_argument("--method", metavar="NAME", help="stages (default), gradcam, integrated-gradients or occlusion")
    p.add_argument("--class", dest="label", metavar="NAME", help="default: what the model says of each image")
    p.add_argument("images", type=Path, nargs="+", metavar="IMAGE")
    p.add_argument("--out", type=Path, required=True, metavar="DIR")


def _models(sub: argparse._SubParsersAction[argparse.ArgumentParser], shared: argparse.ArgumentParser) -> None:
    models = sub.add_parser("models", help="list, compare and get pretrained models")
    inner = models.add_subparsers(dest="what", required=True, metavar="list|recommend|layers|add|download")
    p = inner.add_parser("list", parents=[shared], help="all models and where they are")
    p.set_defaults(action=commands.models_list)
    p = inner.add_parser("recommend", parents=[shared], help="compare those on this machine on your images")
    p.set_defaults(action=commands.models_recommend)
    _project(p)
    p.add_argument(
        "--time-limit", type=number(1), default=600.0, metavar="SECONDS", help="for each model; default: 600"
    )
    p = inner.add_parser("layers", parents=[shared], help="the parts of a model, and which of them each mode trains")
    p.set_defaults(action=tuning.models_layers)
    p.add_argument("model", metavar="ID")
    p = inner.add_parser("add", parents=[shared], help="add weights from a file, folder or stick")
    p.set_defaults(action=commands.models_add)
    p.add_argument("path", type=Path, metavar="PATH")
    p = inner.add_parser("download", parents=[shared], help="download a model; its licence is shown first")
    p.set_defaults(action=commands.models_download)
    p.add_argument("model", metavar="ID")
    p.add_argument("--yes", action="store_true", help="accept the licence without being asked")


def _pack(p: argparse.ArgumentParser) -> None:
    _project(p)
    p.add_argument("--out", type=Path, required=True, metavar="FILE")
    p.add_argument(
        "--with-weights", action="store_true", help="with the pretrained model, for a machine without internet"
    )
    _wishes(p)
    keeping.changes_project(p)


def _train(p: argparse.ArgumentParser) -> None:
    packing.packed_options(p)
    ways = p.add_mutually_exclusive_group()
    ways.add_argument(
        "--resume",
        nargs="?",
        const=NEWEST,
        metavar="RUN",
        help="go on with an interrupted run, the newest where none is named; its own settings count",
    )
    ways.add_argument(
        "--find-rate", action="store_true", help="train nothing: tell which learning rate suits these settings"
    )
    p.add_argument("--finish", action="store_true", help="with --resume: end now, with the best model so far")
    p.add_argument(
        "--keep-first", action="store_true", help="make the first result a run of its own, to be used at once"
    )
    _wishes(p)


def _wishes(p: argparse.ArgumentParser) -> None:
    """What is wished of a training, be it done now or packed."""
    p.add_argument("--model", metavar="ID", help="default: the best first choice on this machine")
    p.add_argument("--mode", choices=("quick", "balanced", "thorough"), default="balanced")
    p.add_argument("--device", choices=("auto", "cpu", "cuda", "mps"), default="auto")
    p.add_argument("--seed", type=seed, default=0, metavar="N")
    p.add_argument(
        "--minutes",
        type=setting("minutes"),
        default=0.0,
        metavar="M",
        help="take this long, and end with the best model",
    )
    data.changed_option(p)
    _advanced(p.add_argument_group("advanced"))


# The settings of a training that are numbers: metavar and help.
NUMBERS: dict[str, tuple[str, str]] = {
    "epochs": ("N", "default: chosen from the data size"),
    "batch_size": ("N", "default: as many images at once as suit the device"),
    "learning_rate": ("R", "default: by mode and batch size; see --find-rate"),
    "layers": ("N", "layer groups to train; default: the mode's"),
    "layer_decay": ("F", "rate of a group to the next one's"),
    "warm_up": ("F", "share of the training over which the rate rises"),
    "gradient_norm": ("F", "longer gradients are clipped"),
    "average_decay": ("F", "of the weights' moving average, at most"),
    "weight_decay": ("F", "how far weights are pulled to zero"),
    "label_smoothing": ("F", "share of a label that is spread over all classes"),
    "dropout": ("F", "share of features left out of a step"),
    "drop_path": ("F", "residual branches left out of a step"),
    "patience": ("N", "epochs without gain; default: never ends early"),
    "augmentation": ("F", "strength of random changes, 0 to 3"),
    "mixup": ("F", "default: for many images only"),
}


def _channels(text: str) -> tuple[int, ...]:
    try:
        return read_channels(text)
    except WrongUsage as error:
        raise argparse.ArgumentTypeError(f"{error.what} {error.remedy}".removesuffix(".")) from error


def _advanced(advanced: argparse._ArgumentGroup) -> None:
    """Everything about a training that can be tuned; every option is a setting of the same name."""
    advanced.add_argument(
        "--input-size",
        type=number(8, 2048, whole=True),
        default=usual("input_size"),
        metavar="PX",
        help="default: the model's own, less where the images are small",
    )
    advanced.add_argument("--fit", choices=("stretch", "crop", "pad"), default=usual("fit"))
    advanced.add_argument(
        "--depth",
        choices=("image", "dataset"),
        default=usual("depth"),
        help="more than 8 bits become 8: each image by its own range, or all by one; default: image",
    )
    advanced.add_argument(
        "--channels",
        type=_channels,
        metavar="N,N,N",
        help="of images with several, up to three to look at; default: the first three",
    )
    for name, (metavar, words) in NUMBERS.items():
        _number(advanced, name, metavar, words)
    for name, words in (
        ("flips", "swap left and right; default: asked of the first result"),
        ("flips-vertical", "swap up and down; default: asked of the first result"),
        ("low-resolution", "first half at about half the pixels; default: for many images"),
        ("rehearse", "try the training on halves of the images first; default: where there are few to choose by"),
        ("compile", "compile the model for this device first; default: where the training is long enough to repay it"),
    ):
        advanced.add_argument(f"--{name}", action=argparse.BooleanOptionalAction, help=words)
    advanced.add_argument(
        "--balance", choices=("none", "sampling", "logits"), default="none", help="let rare classes count"
    )
    advanced.add_argument("--adapter", choices=("none", "lora"), default="none", help="train small additions only")
    _number(advanced, "adapter_rank", "N", "size of these additions")
    advanced.add_argument(
        "--pseudo-labels",
        action="store_true",
        help="learn from images without a class as well, where images left out in turn say that this helps",
    )
    advanced.add_argument("--events", action="store_true", help="also write TensorBoard event files")


def _number(group: argparse._ArgumentGroup, name: str, metavar: str, words: str) -> None:
    default = usual(name)
    option = "--" + name.replace("_", "-")
    group.add_argument(option, type=setting(name), default=default, metavar=metavar, help=words)
