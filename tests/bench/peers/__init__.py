"""This program's training against fastai, scikit-learn and a hand-written timm loop: `python -m tests.bench.peers`."""
