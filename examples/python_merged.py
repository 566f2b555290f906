"""Draws the learning curves of several methods from a file of `pfedla merge`, with xarray.

    pfedla merge runs/*.h5 --output all.h5
    python examples/python_merged.py all.h5 OUTPUT_FOLDER

One panel per setting, one line per method: the mean test accuracy over clients, then over seeds. The band is
one standard deviation over seeds to each side. Needs xarray, h5netcdf and matplotlib.
"""

import pathlib
import sys

import matplotlib
import xarray

matplotlib.use("Agg")  # writes plots to files; needs no display
import matplotlib.pyplot as plt


def reported_accuracy(results):
    """Axes (method, seed, setting, round, client): of the model whose accuracy each method's paper reports."""
    return xarray.where(
        results.reported_model == "received", results.test_accuracy_received, results.test_accuracy_trained)


def main(path, folder):
    output = pathlib.Path(folder)
    output.mkdir(parents=True, exist_ok=True)
    with xarray.open_dataset(path, engine="h5netcdf") as results:
        accuracy = reported_accuracy(results).mean("client")
        figure, panels = plt.subplots(1, results.sizes["setting"], squeeze=False, sharey=True,
                                      figsize=(6 * results.sizes["setting"], 4), layout="constrained")
        for axes, setting in zip(panels[0], results.setting.values):
            for method in results.method.values:
                # Not sel(method=…), which is how to find the nearest label.
                curve = accuracy.sel({"method": method, "setting": setting}).dropna("round", how="all")
                if curve.sizes["round"] == 0:
                    continue  # no run of the method in this setting
                mean, spread = curve.mean("seed"), curve.std("seed")
                line, = axes.plot(curve["round"], mean, marker="o", markersize=3, label=method)
                axes.fill_between(curve["round"], mean - spread, mean + spread, alpha=0.2,
                                  color=line.get_color())
            axes.set(title=setting, xlabel="round", ylabel="test accuracy, mean over clients")
            axes.locator_params(axis="x", integer=True)
            axes.legend()
        figure.savefig(output / "methods.png", dpi=150)


if __name__ == "__main__":
    if len(sys.argv) != 3:
        sys.exit("usage: python_merged.py MERGED.h5 OUTPUT_FOLDER")
    main(*sys.argv[1:])
