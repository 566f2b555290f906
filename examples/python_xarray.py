"""Draws the heat map of a result's aggregation weights (Figure 6) and its learning curve, with xarray.

    python examples/python_xarray.py RESULT.h5 OUTPUT_FOLDER

Needs xarray, h5netcdf and matplotlib.
"""

import pathlib
import sys

import matplotlib
import xarray

matplotlib.use("Agg")  # writes plots to files; needs no display
import matplotlib.pyplot as plt

LAYER = "fc1"


def draw_weights(result, output):
    """The aggregation weights of one layer after the last recorded round."""
    weights = result["aggregation/weights"].sel(layer=LAYER).isel(recorded_round=-1)
    figure, axes = plt.subplots(figsize=(5.5, 4.5), layout="constrained")
    image = weights.transpose("client", "source_client").plot.imshow(
        ax=axes, cmap="viridis", yincrease=False, add_colorbar=False)
    axes.set(title=f"{result.attrs['method_title']}, {LAYER}, round {int(weights.recorded_round)}",
             xlabel="source client", ylabel="client", aspect="equal")
    axes.locator_params(integer=True)
    figure.colorbar(image, label="aggregation weight")
    figure.savefig(output / f"weights-{LAYER}.png", dpi=150)


def draw_learning_curve(result, output):
    """Mean test accuracy over clients; the band is one standard deviation to each side."""
    figure, axes = plt.subplots(figsize=(6, 4), layout="constrained")
    for model in ["received", "trained"]:
        accuracy = result[f"test_accuracy_{model}"].dropna("round", how="all")  # evaluated rounds
        mean, spread = accuracy.mean("client"), accuracy.std("client")
        line, = axes.plot(accuracy["round"], mean, marker="o", markersize=3, label=f"{model} model")
        axes.fill_between(accuracy["round"], mean - spread, mean + spread, alpha=0.2,
                          color=line.get_color())
    axes.set(title=result.attrs["title"], xlabel="round", ylabel="test accuracy, mean over clients")
    axes.locator_params(axis="x", integer=True)
    axes.legend()
    figure.savefig(output / "learning-curve.png", dpi=150)


def main(path, folder):
    output = pathlib.Path(folder)
    output.mkdir(parents=True, exist_ok=True)
    with xarray.open_datatree(path, engine="h5netcdf") as result:
        draw_learning_curve(result, output)
        if "aggregation" in result.children:
            draw_weights(result, output)
        else:
            print(f"{path} has no aggregation weights (method {result.attrs['method']}): no heat map")


if __name__ == "__main__":
    if len(sys.argv) != 3:
        sys.exit("usage: python_xarray.py RESULT.h5 OUTPUT_FOLDER")
    main(*sys.argv[1:])
