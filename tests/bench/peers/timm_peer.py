"""A timm fine-tuning loop as an engineer writes it: AdamW, cosine, RandomResizedCrop and flip, label smoothing, the best epoch.

As many epochs as give 1,000 steps, as this program's thorough mode plans, but at least 20 and at most 40. The whole network is
trained at one learning rate, statistics of batch normalisation included; no average of weights. What is kept is the epoch that is
best on the validation images, by accuracy, then by loss; a split without any gives a fifth of its training images for that. Each
rate of the sweep is a method of its own, `timm@1e-04`; `results` picks the one that was best on validation.
"""

from __future__ import annotations

import copy

import numpy as np
import torch
from torch import Tensor, nn
from torch.nn import functional
from torchvision.transforms import v2

from tests.bench.peers.data import Cell, Ints, Part
from tests.bench.peers.method import BATCH, Outcome, backbone, judged, mixed, normalised, outputs, watch

STEPS = 1000
EPOCHS = (20, 40)
HELD_BACK = 0.2
SMOOTHING = 0.1
DECAY = 0.05
LEAST_AREA = 0.35  # torchvision's own 0.08 leaves too little of a small defect


def epochs_for(cell: Cell, images: int) -> int:
    low, high = EPOCHS
    return cell.epochs(min(high, max(low, STEPS // max(1, images // BATCH))))


def fine_tune(cell: Cell, rate: float) -> Outcome:
    torch.manual_seed(cell.seed)
    rng = np.random.default_rng(cell.seed)
    train, val = cell.held_back(HELD_BACK)
    model = backbone(cell, len(cell.classes))
    epochs = epochs_for(cell, len(train))
    batch = min(BATCH, max(8, len(train) // 4))
    steps = max(1, len(train) // batch)
    optimizer = torch.optim.AdamW(model.parameters(), lr=rate, weight_decay=DECAY)
    schedule = torch.optim.lr_scheduler.CosineAnnealingLR(optimizer, epochs * steps)
    crop = v2.RandomResizedCrop(cell.size, scale=(LEAST_AREA, 1.0), antialias=True)
    views = v2.Compose([crop, v2.RandomHorizontalFlip()])
    best, best_epoch, state = (-1.0, 0.0), 0, {}
    with watch(cell) as spent:
        for epoch in range(1, epochs + 1):
            model.train()
            order = rng.permutation(len(train))
            for step in range(steps):
                rows = order[step * batch : (step + 1) * batch]
                pictures = np.asarray(cell.wide.take([train.keys[i] for i in rows]))
                seen = torch.stack([views(torch.from_numpy(p).permute(2, 0, 1)) for p in pictures])
                _step(cell, model, optimizer, seen, train.labels[rows])
                schedule.step()
            score = _score(cell, model, val)
            if score > best:
                best, best_epoch, state = score, epoch, copy.deepcopy(model.state_dict())
        model.load_state_dict(state)
    predicted = outputs(cell, model, cell.parts["test"]).argmax(axis=1)
    details = {"rate": rate, "epochs": epochs, "best_epoch": best_epoch, "batch": batch}
    return judged(cell, predicted, spent.seconds, **details, validation=list(best), validation_images=len(val))


def _step(cell: Cell, model: nn.Module, optimizer: torch.optim.Optimizer, pixels: Tensor, labels: Ints) -> None:
    """pixels: uint8 (k, 3, size, size); labels: (k,)."""
    truth = torch.from_numpy(labels).to(cell.device)
    with mixed(cell):
        logits = model(normalised(cell, pixels.to(cell.device)).contiguous(memory_format=torch.channels_last))
    loss = functional.cross_entropy(logits.float(), truth, label_smoothing=SMOOTHING)
    optimizer.zero_grad(set_to_none=True)
    loss.backward()
    optimizer.step()


def _score(cell: Cell, model: nn.Module, val: Part) -> tuple[float, float]:
    """Accuracy and negative loss in nats, so that larger is better."""
    logits, truth = torch.from_numpy(outputs(cell, model, val)), torch.from_numpy(val.labels)
    hits = (logits.argmax(dim=1) == truth).float().mean()
    return float(hits), -float(functional.cross_entropy(logits, truth))
