"""How the model was trained: from what, how far, with which settings, and with which versions of the libraries."""

from __future__ import annotations

from collections.abc import Iterator

from tlstudio.domain.runs import Adapter, Balance, Mode, TrainSettings
from tlstudio.reports import words
from tlstudio.reports.charts import history_chart
from tlstudio.reports.content import Block, Chart, Facts, Heading, Paragraph
from tlstudio.reports.material import Known, Material, Training
from tlstudio.reports.sections.chapter import Chapter

MODES = {
    Mode.QUICK: "Quick: a simple classifier was fitted to what the pretrained model sees; the pretrained model was not changed.",
    Mode.BALANCED: "Balanced: starting from the quick result, the last layers of the pretrained model were adjusted.",
    Mode.THOROUGH: "Thorough: starting from the quick result, the whole pretrained model was adjusted.",
}
BALANCES = {
    Balance.NONE: "every image counts alike",
    Balance.SAMPLING: "images of rare classes are shown more often",
    Balance.LOGITS: "the training allows for how rare a class is",
}


def title_of(training: Training) -> str:
    """The pretrained model as people know it."""
    return training.card.title if training.card is not None else training.run.model


def _holds(known: Known) -> str:
    run = known.training.run
    epochs = f", {words.count(run.epochs, 'epoch')}" if run.epochs else ""
    return f"{title_of(known.training)}, {run.mode.value} mode{epochs}; settings, licence and versions."


def _write(material: Material) -> tuple[Block, ...]:
    training = material.known.training
    run = training.run
    blocks: list[Block] = [Paragraph(_story(training)), Heading("Pretrained model"), Facts(tuple(_origin(training)))]
    blocks += [Heading("Training"), Facts(tuple(_course(training)))]
    if run.history:
        told = "Accuracy on images kept from training after each epoch (one pass over all training images)."
        blocks.append(Chart(told, history_chart(run.history)))
    blocks += [Heading("Settings"), Facts(tuple(_settings(training)))]
    blocks += [Heading("To find it again"), Facts(tuple(_traces(material.known)))]
    return tuple(blocks)


def _story(training: Training) -> str:
    return (
        f"The model was not trained from nothing. It starts from {title_of(training)}, which learned to see on other images,"
        f" and was fitted to {words.count(training.learned, 'training image')} of this project."
    )


def _origin(training: Training) -> Iterator[tuple[str, str]]:
    card = training.card
    yield "Name", f"{card.title} ({card.id})" if card is not None else training.run.model
    if card is not None:
        yield "Source", "part of this program" if card.bundled else (card.source or "added on this computer")
        yield "Size", f"{card.parameters:.1f} million parameters"
        if card.limits:
            yield "Known limits", card.limits
    yield "Licence", training.license or "none named"
    yield "SHA-256 of the weights", training.weights_hash or "unknown"


def _course(training: Training) -> Iterator[tuple[str, str]]:
    run = training.run
    yield "Mode", MODES[run.mode]
    yield "Trained on", words.day(run.created_at)
    if training.elsewhere is not None:
        yield "Trained on another machine", training.elsewhere.machine.sentence()
    yield "Time", words.duration(run.seconds)
    if run.epochs:
        yield "Epochs", words.number(run.epochs)
    chosen = "The first result" if run.chosen == "probe" else run.chosen.capitalize()
    yield "Chosen", ". ".join(part for part in (chosen, run.reason) if part)
    if run.accuracy is not None:
        held = (
            words.count(training.held, "validation image")
            if training.held
            else "training images that were left out in turn"
        )
        if run.measured is not None:
            yield "Accuracy when it was chosen", f"{words.interval(run.measured)} on {held}"
            yield "Corrected for having been chosen by them", words.interval(run.accuracy)
        else:
            yield "Accuracy when it was chosen", f"{words.interval(run.accuracy)} on {held}"


def _settings(training: Training) -> Iterator[tuple[str, str]]:
    """All that decides a training besides the data; what only adjusting uses is left out for a quick one."""
    settings, spec = training.run.settings, training.preprocess
    yield "Image size", f"{spec.size} by {spec.size} pixels, {spec.fit}, {spec.interpolation}"
    if spec.low is not None and spec.high is not None:
        yield "More than 8 bits", f"values from {spec.low:,.6g} to {spec.high:,.6g} from black to white in all images"
    yield "Seed", str(settings.seed)
    yield "Device asked for", settings.device
    if settings.pseudo_labels:
        yield (
            "Images without a class",
            "learned from where that helped (pseudo-labels); the log of the run says whether",
        )
    if settings.mode is not Mode.QUICK:
        yield from _adjusting(settings)


def _adjusting(settings: TrainSettings) -> Iterator[tuple[str, str]]:
    yield "Epochs asked for", words.number(settings.epochs) if settings.epochs else "chosen by the program"
    yield "Batch size", words.number(settings.batch_size) if settings.batch_size else "chosen by the program"
    rate = f"{settings.learning_rate:g}" if settings.learning_rate else "the mode's own"
    yield "Learning rate", f"{rate}; factor from one layer group to the one before it {settings.layer_decay:g}"
    yield "Warm-up", f"{settings.warm_up:.0%} of the training"
    yield "Gradients clipped at", f"{settings.gradient_norm:g}"
    yield "Moving average of the weights", f"decay {settings.average_decay:g}, less at first"
    yield "Weight decay", f"{settings.weight_decay:g}"
    yield "Dropout", f"{settings.dropout:g} of the features, {settings.drop_path:g} of the residual branches"
    yield "Label smoothing", f"{settings.label_smoothing:g}"
    yield "Classes of unequal size", BALANCES[settings.balance]
    if settings.adapter is Adapter.LORA:
        yield "Small additions (LoRA)", f"of rank {settings.adapter_rank}"
    early = f"after {words.count(settings.patience, 'epoch')} without a gain" if settings.patience else "never"
    yield "Ends early", early
    yield "Left and right swapped", {None: "decided from the data", True: "yes", False: "no"}[settings.flips]


def _traces(known: Known) -> Iterator[tuple[str, str]]:
    training = known.training
    yield "Training", training.run.id
    yield "Fingerprint of the training data", training.fingerprint
    yield "Versions", ", ".join(f"{name} {version}" for name, version in known.versions.items())


CHAPTER = Chapter("training", "How it was trained", _holds, _write)
