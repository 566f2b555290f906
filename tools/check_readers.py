"""Opens a result of pfedla in the readers that researchers use, and checks what they see.

    python tools/check_readers.py [--pfedla PROGRAM] [RESULT.h5 …]

Without a result, two small ones are made from synthetic data: one of HeurpFedLA and one of FedAvg.
Then the scripts in examples/ draw their pictures of each, in R where Rscript finds rhdf5, and the notebook's cells run.
Last, the results are merged into one file (`pfedla merge`), which is opened and drawn too.
Needs h5py, xarray, h5netcdf, netCDF4 and matplotlib. Any warning of a reader is an error.
"""

import argparse
import json
import os
import pathlib
import shutil
import subprocess
import sys
import tempfile
import warnings

import h5py
import matplotlib.image
import netCDF4
import numpy as np
import xarray

warnings.simplefilter("error")
# netCDF4 wheels may have been built against an older numpy than the one installed.
warnings.filterwarnings("ignore", message="numpy.ndarray size changed")

EXAMPLES = pathlib.Path(__file__).resolve().parent.parent / "examples"

METRICS = ["test_accuracy_received", "test_accuracy_trained", "test_loss_received",
           "test_loss_trained", "train_loss"]

SPECIFICATION = """
name: readers
method: heurpfedla
dataset: {name: cifar10}
partition: {scheme: classes-per-client, clients: 5, classes_per_client: 3, samples_per_client: 40}
rounds: 3
participation: 0.6
local_epochs: 1
evaluate_every: 2
record_class_confusion: true
methods: {heurpfedla: {retained_layers: 2}}
"""


def make_results(program, folder):
    """Two results of three rounds on synthetic CIFAR-10."""
    data = folder / "data"
    subprocess.run([program, "datasets", "synthesize", "cifar10", "--samples-per-class", "60",
                    "--datasets", data], check=True, stdout=subprocess.DEVNULL)
    specification = folder / "readers.yaml"
    specification.write_text(SPECIFICATION)
    results = []
    for method in ["heurpfedla", "fedavg"]:
        result = folder / f"{method}.h5"
        subprocess.run([program, "run", specification, "--audit", "--set", f"method={method}", "--datasets",
                        data, "--output", result],
                       check=True, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
        results.append(result)
    return results


def check_labels(group):
    """Every axis of every dataset has a dimension scale with the axis's name."""
    for name, item in group.items():
        if isinstance(item, h5py.Group):
            check_labels(item)
            continue
        for axis, dimension in enumerate(item.dims):
            if item.is_scale:
                continue
            assert len(dimension) == 1, f"{item.name}: axis {axis} has no dimension scale"
            scale = dimension[0]
            assert scale.shape == (item.shape[axis],), f"{item.name}: axis {axis} mislabelled"
            assert scale.name.startswith("/"), scale.name


def check_h5py(path):
    with h5py.File(path) as file:
        check_labels(file)
        rounds, clients = len(file["round"]), len(file["client"])
        for name in METRICS:
            assert file[name].shape == (rounds, clients) and file[name].dtype == np.float32, name
            assert np.isnan(file[name].fillvalue), name
        participated = file["participated"][:].astype(bool)
        assert np.array_equal(~np.isnan(file["train_loss"][:]), participated)
        accuracy = file["test_accuracy_received"][-1]
        assert np.all((accuracy >= 0) & (accuracy <= 1)), "the last round is evaluated"
        assert isinstance(file.attrs["method"], str)
        settings = file["settings"].attrs
        assert settings["rounds"] == rounds and settings["rounds"].dtype == np.int64
        assert isinstance(settings["learning_rate"], np.float64)
        assert settings["model_batch_normalisation"].dtype == np.int8
        assert bool(settings["model_batch_normalisation"]) == ("bn1" in file["layer"].asstr()[:])
        if file.attrs["method"] == "pfedla":
            assert settings["methods_pfedla_hidden_sizes"].dtype == np.int64
        assert "rounds:" in file["provenance/specification"][()].decode()
        for part in ["train", "test"]:
            sizes = file[f"partition/{part}/row_size"][:]
            assert sizes.sum() == len(file[f"partition/{part}/dataset_index"])
            assert np.array_equal(sizes, file[f"{part}_count"][:])
        if "aggregation" in file:
            weights = file["aggregation/weights"][:]
            assert weights.shape[1:] == (clients, len(file["layer"]), clients)
            assert np.allclose(weights.sum(axis=-1), 1, atol=1e-5), "weights of a layer sum to 1"
        if "model" in file:
            for layer in file["layer"].asstr()[:]:
                assert file[f"model/{layer}/weight"].shape[0] == clients


def check_xarray(path, engine):
    with xarray.open_dataset(path, engine=engine) as root:
        assert {"round", "client", "layer"} <= set(root.coords), set(root.coords)
        for name in METRICS:
            assert root[name].dims == ("round", "client"), root[name].dims
        mean = root.test_accuracy_received.mean("client")
        assert mean.isel(round=-1).notnull()
        assert root.participated.dtype == bool, root.participated.dtype
        layers = [str(layer) for layer in root.layer.values]
        assert layers[0] == "conv1", layers
    with h5py.File(path) as file:
        groups = [name for name in
                  ["aggregation", "class_counts", "partition", "partition/train", "model", "audit", "audit/batches",
                   "audit/parameter_layout", "audit/hypernetwork_layout"] if name in file]
        has_confusion = bool(file["settings"].attrs.get("record_class_confusion", 0))
        groups += [f"model/{layer}" for layer in layers if f"model/{layer}" in file]
    for name in groups + ["provenance"]:
        with xarray.open_dataset(path, group=name, engine=engine) as group:
            if name == "aggregation":
                axes = ("recorded_round", "client", "layer", "source_client")
                assert group.weights.dims == axes, group.weights.dims
                assert set(axes) <= set(group.coords), f"{name}: {set(group.coords)}"
                assert [str(layer) for layer in group.layer.values] == layers
            if name == "class_counts":
                assert {"recorded_round", "client", "class"} <= set(group.coords), set(group.coords)
                if has_confusion:
                    check_confusion(group)
            if name == "model/conv1":
                assert group.weight.dims == ("client", "out_channel", "in_channel", "kernel_y",
                                             "kernel_x"), group.weight.dims
            if name == "audit":
                assert group.parameters_after.dims == ("round", "client", "parameter")
            if name == "partition/train":
                assert group.dataset_index.dims == ("sample",)
            group.load()
    with xarray.open_datatree(path, engine=engine) as tree:
        assert tree["test_accuracy_received"].dims == ("round", "client")
        if "aggregation" in groups:
            fc1 = tree["aggregation/weights"].sel(layer="fc1").isel(recorded_round=-1)
            assert fc1.dims == ("client", "source_client"), fc1.dims


def check_confusion(group):
    """Confusion counts have labelled axes, and fit the counts of correct samples."""
    names = [str(name) for name in group["class"].values]
    assert [str(name) for name in group["predicted_class"].values] == names, names
    for model in ["received", "trained"]:
        counts = group[f"confusion_{model}"]
        assert counts.dims == ("recorded_round", "client", "class", "predicted_class"), counts.dims
        assert counts.dtype == np.int32, counts.dtype
        assert (counts.sum("predicted_class") == group.test_count).all(), f"rows of confusion_{model}"
        for name in names:
            correct = counts.sel({"class": name, "predicted_class": name})
            assert (correct == group[f"correct_{model}"].sel({"class": name})).all(), f"confusion_{model}: {name}"


def check_netcdf(path):
    with netCDF4.Dataset(path) as file:
        assert {"round", "client", "layer"} <= set(file.dimensions)
        assert file["test_accuracy_trained"].dimensions == ("round", "client")
        assert file.getncattr("schema_name") == "pfedla_result"


def check_models(program, path, folder):
    """numpy.load finds every client's tensors in `pfedla export --pytorch`, with the result's values."""
    models = folder / "models"
    subprocess.run([program, "export", path, "--pytorch", models], check=True, stdout=subprocess.DEVNULL)
    with h5py.File(path) as file:
        layers = [layer for layer in file["layer"].asstr()[:] if layer in file["model"]]
        expected = {f"{layer}.{name}": tensor for layer in layers
                    for name, tensor in file["model"][layer].items() if tensor.dtype == np.float32}
        for client in range(len(file["client"])):
            state = dict(np.load(models / f"client-{client:04}.npz"))
            counters = {name for name in state if name.endswith(".num_batches_tracked")}
            assert set(state) - counters == set(expected), f"{path.name}: found the arrays {sorted(state)}"
            for name, tensor in expected.items():
                assert np.array_equal(state[name], tensor[client]), f"{path.name}: {name} of client {client} differs"


def make_merged(program, paths, folder):
    """A file of these results and, where they are the two made here, of one with more rounds and another seed."""
    paths = list(paths)
    if (folder / "readers.yaml").exists():
        longer = folder / "longer.h5"
        subprocess.run([program, "run", folder / "readers.yaml", "--set", "method=fedavg", "rounds=4", "seed=1",
                        "--datasets", folder / "data", "--output", longer],
                       check=True, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
        paths.append(longer)
    merged = folder / "merged.h5"
    subprocess.run([program, "merge", *paths, "--output", merged], check=True, stdout=subprocess.DEVNULL)
    return merged, paths


def check_merged(merged, paths, engine):
    """Each result's numbers are in their place, and nothing else is there."""
    with xarray.open_dataset(merged, engine=engine) as all_results:
        axes = ("method", "seed", "setting", "round", "client")
        assert set(axes) | {"method_title", "reported_model"} <= set(all_results.coords), all_results.coords
        found = 0
        for path in paths:
            with xarray.open_dataset(path, engine=engine) as result:
                place = all_results.sel(seed=result.attrs["seed"])
                place = place.isel(method=[str(name).split(",")[0] == result.attrs["method"]
                                           for name in place.method.values])
                places = place.where(place.numbers_sha256 == result.attrs["numbers_sha256"], drop=True)
                assert places.sizes["method"] == 1 and places.sizes["setting"] == 1, f"{path.name}: {places.sizes}"
                place = places.isel(method=0, setting=0)
                for name in [*METRICS, "gradient_computations", "participated", "uplink_bytes", "test_count"]:
                    assert all_results[name].dims[:3] == axes[:3], name
                    expected = result[name].astype(np.float64)
                    assert np.array_equal(place[name].sel({axis: result[axis] for axis in expected.dims}),
                                          expected, equal_nan=True), f"{path.name}: {name}"
                found += int(result.test_accuracy_received.notnull().sum())
        assert int(all_results.test_accuracy_received.notnull().sum()) == found
    with h5py.File(merged) as file:
        check_labels(file)


def check_merged_examples(merged, examples, folder):
    """The scripts draw one curve per method."""
    commands = {"python_merged.py": [*python_command(), EXAMPLES / "python_merged.py"]}
    if "r_hdf5.R" in examples:
        commands["r_merged.R"] = [shutil.which("Rscript"), EXAMPLES / "r_merged.R"]
    for name, command in commands.items():
        subprocess.run([*command, merged, folder / name], check=True)
        pixels = matplotlib.image.imread(folder / name / "methods.png")[..., :3]
        assert len(np.unique(pixels.reshape(-1, 3), axis=0)) > 10, f"{name}: the picture is empty"
    return commands


def python_command():
    """This Python with warnings as errors."""
    return [sys.executable, "-W", "error", "-W", "ignore:numpy.ndarray size changed"]


def find_examples():
    """The scripts in examples/ that can run here: {name: command}."""
    found = {name: [*python_command(), EXAMPLES / name] for name in ["python_xarray.py", "python_h5py.py"]}
    rscript = shutil.which("Rscript")
    has_rhdf5 = rscript and subprocess.run(
        [rscript, "-e", "quit(status = !requireNamespace('rhdf5', quietly = TRUE))"],
        stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL).returncode == 0
    if has_rhdf5:
        found["r_hdf5.R"] = [rscript, EXAMPLES / "r_hdf5.R"]
    else:
        print("examples/r_hdf5.R: skipped, because Rscript with rhdf5 is not installed "
              "(apt install r-base-core r-bioc-rhdf5)")
    if shutil.which("octave-cli") and shutil.which("gs"):
        found["octave_hdf5.m"] = ["octave-cli", "--quiet", EXAMPLES / "octave_hdf5.m"]
    else:
        print("examples/octave_hdf5.m: skipped, because GNU Octave or Ghostscript is not installed "
              "(apt install octave ghostscript)")
    return found


def export_for_octave(program, path, folder):
    """The file that Octave reads in place of the result."""
    exported = folder / f"{path.stem}-octave.h5"
    subprocess.run([program, "export", path, "--octave", exported], check=True, stdout=subprocess.DEVNULL)
    return exported


def check_octave(exported, path, folder):
    """Octave finds the result's numbers, its layers and its settings in the exported file."""
    values = folder / "octave.bin"
    script = ("x = load(argv(){1}); f = fopen(argv(){2}, 'w'); fwrite(f, x.test_accuracy_trained(:), 'single'); "
              "printf('%s\\n', strjoin(cellstr(x.layer)', ' '), x.method, x.data); "
              "printf('%d %.17g\\n', x.settings.rounds, x.settings.learning_rate)")
    code = folder / "octave.m"
    code.write_text(script)
    said = subprocess.run(["octave-cli", "--quiet", code, exported, values],
                          check=True, stdout=subprocess.PIPE, text=True).stdout.splitlines()
    with h5py.File(path) as file:
        settings = file["settings"].attrs
        assert said == [" ".join(file["layer"].asstr()[:]), file.attrs["method"], file.attrs["data"],
                        f"{settings['rounds']} {settings['learning_rate']:.17g}"], said
        expected = file["test_accuracy_trained"][:].ravel()
    assert np.array_equal(np.fromfile(values, "<f4"), expected, equal_nan=True), f"{path.name}: Octave reads other numbers"


def check_example(name, command, read, path, folder):
    """A script draws a learning curve of a result and, if it has weights, their heat map.

    It reads the result, or what was exported of it for its language."""
    output = folder / f"{path.stem}-{name}"
    said = subprocess.run([*command, read, output], capture_output=True, text=True)
    assert said.returncode == 0, f"{name} failed:\n{said.stderr}"
    with h5py.File(path) as file:
        has_weights = "aggregation" in file
    expected = {"learning-curve.png"} | ({"weights-fc1.png"} if has_weights else set())
    assert {picture.name for picture in output.iterdir()} == expected, sorted(output.iterdir())
    assert ("no aggregation weights" in said.stdout) != has_weights, said.stdout
    pictures = {picture: matplotlib.image.imread(output / picture)[..., :3] for picture in expected}
    for picture, pixels in pictures.items():
        assert min(pixels.shape[:2]) >= 400, f"{name}: {picture} has {pixels.shape} pixels"
        coloured = (np.ptp(pixels, axis=-1) > 0.1).mean()  # frame and labels are grey
        colours = len(np.unique(pixels.reshape(-1, 3), axis=0))
        assert colours > 10 and coloured > 0.01, f"{name}: {picture} is empty"
    return pictures


def check_examples(examples, exported, path, folder):
    """All scripts draw, and the two in Python draw the same."""
    drawn = {}
    for name, command in examples.items():
        drawn[name] = check_example(name, command, exported.get(name, path), path, folder)
        print(f"{path.name}: examples/{name} ok")
    for picture, pixels in drawn["python_h5py.py"].items():
        other = drawn["python_xarray.py"][picture]
        assert pixels.shape == other.shape and np.abs(pixels - other).mean() < 0.001, (
            f"python_h5py.py and python_xarray.py draw different plots: {picture}")


def check_notebook(results, folder):
    """The cells of the notebook run one after another, and draw its pictures."""
    copies = folder / "notebook"
    copies.mkdir()
    for path in results:
        shutil.copy2(path, copies)
    cells = json.loads((EXAMPLES / "notebook.ipynb").read_text())["cells"]
    code = "\n".join("".join(cell["source"]) for cell in cells if cell["cell_type"] == "code")
    figures = "\nassert len(plt.get_fignums()) == 3, plt.get_fignums()\n"
    subprocess.run([sys.executable, "-W", "ignore", "-c", code + figures], check=True, stdout=subprocess.DEVNULL,
                   env=os.environ | {"MPLBACKEND": "Agg", "PFEDLA_RESULTS": str(copies)})


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--pfedla", default=".build/release/pfedla")
    parser.add_argument("results", nargs="*", type=pathlib.Path)
    options = parser.parse_args()
    examples = find_examples()
    with tempfile.TemporaryDirectory() as name:
        folder = pathlib.Path(name)
        results = options.results or make_results(options.pfedla, folder)
        for path in results:
            check_h5py(path)
            print(f"{path.name}: h5py {h5py.__version__} ok")
            for engine in ["h5netcdf", "netcdf4"]:
                check_xarray(path, engine)
                print(f"{path.name}: xarray {xarray.__version__} ({engine}) ok")
            check_netcdf(path)
            print(f"{path.name}: netCDF4 {netCDF4.__version__} ok")
            exported = {}
            if "octave_hdf5.m" in examples:
                exported["octave_hdf5.m"] = export_for_octave(options.pfedla, path, folder)
                check_octave(exported["octave_hdf5.m"], path, folder)
                print(f"{path.name}: Octave reads its export")
            check_models(options.pfedla, path, folder)
            print(f"{path.name}: numpy {np.__version__} reads its exported models")
            check_examples(examples, exported, path, folder)
        check_notebook(results, folder)
        print("examples/notebook.ipynb ok")
        merged, results = make_merged(options.pfedla, results, folder)
        for engine in ["h5netcdf", "netcdf4"]:
            check_merged(merged, results, engine)
        scripts = ", ".join(f"examples/{name}" for name in check_merged_examples(merged, examples, folder))
        print(f"{len(results)} merged results: h5py, xarray, {scripts} ok")


if __name__ == "__main__":
    sys.exit(main())
