"""What the advanced settings are: their words and their limits."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

CHOSEN = "Chosen for you"
Choices = tuple[tuple[Any, str], ...]
BY_DATA: Choices = ((None, CHOSEN), (True, "Yes"), (False, "No"))


@dataclass(frozen=True, slots=True)
class Field:
    """One setting. name: of the control; setting: of TrainSettings; then the caption and one plain sentence.

    Either `choices`, or a list of numbers that fits a `pattern`, or one number from `least` to `most` by `step` with so many
    `decimals`; `special` is shown for the least, or for no list.
    """

    name: str
    setting: str
    caption: str
    sentence: str
    choices: Choices = ()
    least: float = 0
    most: float = 0
    step: float = 1
    decimals: int = 0
    start: float = 0
    special: str = ""
    pattern: str = ""


SECTIONS: tuple[tuple[str, tuple[Field, ...]], ...] = (
    (
        "Images",
        (
            Field(
                "size",
                "input_size",
                "Image size",
                "Larger shows more detail and takes longer: twice the size is four times the time. The model's own"
                " becomes less where the images are small.",
                most=1024,
                step=32,
                special="The model's own",
            ),
            Field(
                "fit",
                "fit",
                "How images are fitted",
                "Models see squares. Choose what happens to images that are not square.",
                choices=(
                    ("stretch", "Stretch to a square"),
                    ("crop", "Cut out the middle"),
                    ("pad", "Add black borders"),
                ),
            ),
            Field(
                "depth",
                "depth",
                "Images of more than 8 bits",
                "Scans and 16-bit pictures: stretch each one by itself, or let a value look the same in all of them.",
                choices=(("image", "Each by its own range"), ("dataset", "The same range for all images")),
            ),
            Field(
                "channels",
                "channels",
                "Channels",
                "Microscopy files with several: up to three to look at, such as 1,4,2. They become red, green and blue.",
                special="The first three",
                pattern=r"\d{1,4}(\s*,\s*\d{1,4}){0,2}",
            ),
            Field(
                "flips",
                "flips",
                "Mirror left and right",
                "May the model see images mirrored? Not when left and right differ in meaning.",
                choices=BY_DATA,
            ),
            Field(
                "upside",
                "flips_vertical",
                "Mirror up and down",
                "May the model see images upside down? Right for surfaces, wrong for most scenes.",
                choices=BY_DATA,
            ),
            Field(
                "augmentation",
                "augmentation",
                "Random changes",
                "How much crops, angles and light vary from round to round. More helps few images; too much hides details.",
                most=3,
                step=0.25,
                decimals=2,
                start=1,
                special="None",
            ),
        ),
    ),
    (
        "How long",
        (
            Field(
                "minutes",
                "minutes",
                "Time limit in minutes",
                "The whole training takes this long and ends with the best model.",
                most=10_000,
                step=5,
                special="None",
            ),
            Field(
                "epochs",
                "epochs",
                "Practice rounds (epochs)",
                "How often the model sees every image.",
                most=500,
                special=CHOSEN,
            ),
            Field(
                "patience",
                "patience",
                "Rounds without a gain",
                "Training ends after so many. The last rounds are often the best, so it usually goes on.",
                most=500,
                special="Never ends early",
            ),
            Field(
                "low_resolution",
                "low_resolution",
                "Begin with smaller images",
                "The first half is about twice as fast; details come in the second.",
                choices=BY_DATA,
            ),
            Field(
                "rehearse",
                "rehearse",
                "Rehearse on halves",
                "With few images to choose by, training is tried on one half and judged on the other. Takes twice as long.",
                choices=BY_DATA,
            ),
        ),
    ),
    (
        "What is learned",
        (
            Field(
                "layers",
                "layers",
                "Layers that are trained",
                "How many parts of the model change, counted from the last. 0 leaves the pretrained model as it is.",
                least=-1,
                most=500,
                start=-1,
                special="As the mode says",
            ),
            Field(
                "adapter",
                "adapter",
                "Small additions (LoRA)",
                "Trains a few new numbers beside the model's own. For large models, when memory is short.",
                choices=(("none", "No"), ("lora", "Yes")),
            ),
            Field(
                "rank", "adapter_rank", "Size of the additions", "Larger can learn more.", least=1, most=256, start=8
            ),
            Field(
                "unlabeled",
                "pseudo_labels",
                "Learn from images without a class",
                "What the model is surest of counts as true, where images left out in turn say that this helps. For few labels.",
                choices=((False, "No"), (True, "Where it helps")),
            ),
            Field(
                "balance",
                "balance",
                "Classes of unequal size",
                "Without help, rare classes are easily overlooked. With it, the accuracy over all images may fall.",
                choices=(
                    ("none", "Every image counts alike"),
                    ("sampling", "Show rare classes more often"),
                    ("logits", "Allow for how rare they are"),
                ),
            ),
        ),
    ),
    (
        "How it is learned",
        (
            Field(
                "batch",
                "batch_size",
                "Images at a time",
                "More is a little faster and needs more memory.",
                most=512,
                step=8,
                special=CHOSEN,
            ),
            Field(
                "rate",
                "learning_rate",
                "Learning rate",
                "How large each correction is. Leave it, or look for one that suits your images.",
                most=1,
                step=0.0001,
                decimals=6,
                special=CHOSEN,
            ),
            Field(
                "layer_decay",
                "layer_decay",
                "Rate from layer to layer",
                "Early layers know what all images share and change less: this share of the rate of the next group.",
                least=0.05,
                most=1,
                step=0.05,
                decimals=2,
                start=0.75,
            ),
            Field(
                "warm_up",
                "warm_up",
                "Warm-up",
                "Share of the training over which the learning rate rises, so that nothing good is broken at the start.",
                most=0.9,
                step=0.05,
                decimals=2,
                start=0.1,
                special="None",
            ),
            Field(
                "gradient_norm",
                "gradient_norm",
                "Longest correction",
                "Corrections longer than this are cut back to it (gradient clipping). Less where training is unstable.",
                least=0.01,
                most=100,
                step=0.1,
                decimals=2,
                start=1,
            ),
            Field(
                "average_decay",
                "average_decay",
                "Memory of the average",
                "The weights are averaged over the steps. How far back at most: lower looks back less. Counts in long trainings.",
                most=0.9999,
                step=0.001,
                decimals=4,
                start=0.998,
                special="None",
            ),
            Field(
                "weight_decay",
                "weight_decay",
                "Weight decay",
                "Keeps the model simple. More of it for few images.",
                most=1,
                step=0.01,
                decimals=3,
                start=0.05,
                special="None",
            ),
            Field(
                "dropout",
                "dropout",
                "Dropout",
                "Share of what the model sees that is hidden in each step, so that it leans on nothing alone.",
                most=0.9,
                step=0.05,
                decimals=2,
                start=0.1,
                special="None",
            ),
            Field(
                "drop_path",
                "drop_path",
                "Branches left out (drop path)",
                "Share of a deep model's side branches skipped in each step. For transformers and many images.",
                most=0.9,
                step=0.05,
                decimals=2,
                start=0,
                special="None",
            ),
            Field(
                "smoothing",
                "label_smoothing",
                "Label smoothing",
                "How far a label is taken as nearly sure instead of sure: helps where some labels are wrong.",
                most=0.5,
                step=0.05,
                decimals=2,
                start=0.1,
                special="None",
            ),
            Field(
                "mixup",
                "mixup",
                "Blend pairs of images (mixup)",
                "Helps with thousands of images.",
                choices=((None, CHOSEN), (0.0, "No"), (0.2, "A little"), (0.8, "Much")),
            ),
        ),
    ),
    (
        "This computer",
        (
            Field(
                "device",
                "device",
                "Device",
                "What computes. A graphics card is many times faster.",
                choices=(
                    ("auto", "The fastest there is"),
                    ("cpu", "Processor"),
                    ("cuda", "NVIDIA graphics card"),
                    ("mps", "Apple graphics"),
                ),
            ),
            Field(
                "compile",
                "compile",
                "Compile the model first",
                "Translates it for this device: a minute or two, then steps may be faster. Worth it for long trainings.",
                choices=BY_DATA,
            ),
            Field("seed", "seed", "Random seed", "The same number gives the same result again.", most=2**31 - 1),
            Field(
                "events",
                "events",
                "TensorBoard files",
                "Also writes the curves for that program, into the folder of the training.",
                choices=((False, "No"), (True, "Yes")),
            ),
        ),
    ),
)
