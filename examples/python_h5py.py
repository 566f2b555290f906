"""Draws the heat map of a result's aggregation weights (Figure 6) and its learning curve, with h5py.

    python examples/python_h5py.py RESULT.h5 OUTPUT_FOLDER

Needs h5py and matplotlib.
"""

import pathlib
import sys

import h5py
import matplotlib
import numpy as np

matplotlib.use("Agg")  # writes plots to files; needs no display
import matplotlib.pyplot as plt

LAYER = "fc1"


def draw_weights(file, output):
    """The aggregation weights of one layer after the last recorded round."""
    layer = list(file["layer"].asstr()).index(LAYER)
    weights = file["aggregation/weights"][-1, :, layer, :]  # axes (client, source_client)
    last_round = file["aggregation/recorded_round"][-1]
    figure, axes = plt.subplots(figsize=(5.5, 4.5), layout="constrained")
    image = axes.imshow(weights, cmap="viridis")
    axes.set(title=f"{file.attrs['method_title']}, {LAYER}, round {last_round}",
             xlabel="source client", ylabel="client")
    axes.locator_params(integer=True)
    figure.colorbar(image, label="aggregation weight")
    figure.savefig(output / f"weights-{LAYER}.png", dpi=150)


def draw_learning_curve(file, output):
    """Mean test accuracy over clients; the band is one standard deviation to each side."""
    figure, axes = plt.subplots(figsize=(6, 4), layout="constrained")
    for model in ["received", "trained"]:
        accuracy = file[f"test_accuracy_{model}"][:]  # axes (round, client); NaN: not evaluated
        evaluated = ~np.isnan(accuracy).all(axis=1)
        rounds, accuracy = file["round"][evaluated], accuracy[evaluated]
        mean, spread = np.nanmean(accuracy, axis=1), np.nanstd(accuracy, axis=1)
        line, = axes.plot(rounds, mean, marker="o", markersize=3, label=f"{model} model")
        axes.fill_between(rounds, mean - spread, mean + spread, alpha=0.2, color=line.get_color())
    axes.set(title=file.attrs["title"], xlabel="round", ylabel="test accuracy, mean over clients")
    axes.locator_params(axis="x", integer=True)
    axes.legend()
    figure.savefig(output / "learning-curve.png", dpi=150)


def main(path, folder):
    output = pathlib.Path(folder)
    output.mkdir(parents=True, exist_ok=True)
    with h5py.File(path) as file:
        draw_learning_curve(file, output)
        if "aggregation" in file:
            draw_weights(file, output)
        else:
            print(f"{path} has no aggregation weights (method {file.attrs['method']}): no heat map")


if __name__ == "__main__":
    if len(sys.argv) != 3:
        sys.exit("usage: python_h5py.py RESULT.h5 OUTPUT_FOLDER")
    main(*sys.argv[1:])
