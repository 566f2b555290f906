# Draws the heat map of a result's aggregation weights (Figure 6) and its learning curve, with HDF5.jl and Plots.
#
#     julia examples/julia_hdf5.jl RESULT.h5 OUTPUT_FOLDER
#
# Needs HDF5 (0.16 or newer) and Plots: import Pkg; Pkg.add(["HDF5", "Plots"])
# NOT RUN: written from the packages' documentation. Please report any problems.
# Julia shows axes in reverse order: (round, client) on the format's page is (client, round) here.

ENV["GKSwstype"] = "100"  # writes plots to files; needs no display
using HDF5, Plots, Statistics

"Mean test accuracy over clients; the band is one standard deviation to each side."
function draw_learning_curve(file, output)
    rounds = read(file, "round")
    picture = plot(title = attrs(file)["title"], titlefontsize = 10, xlabel = "round",
                   ylabel = "test accuracy, mean over clients", legend = :bottomright)
    for model in ("received", "trained")
        accuracy = read(file, "test_accuracy_$model")                # (client, round)
        evaluated = findall(column -> !all(isnan, column), collect(eachcol(accuracy)))
        columns = [filter(!isnan, accuracy[:, round]) for round in evaluated]
        plot!(picture, rounds[evaluated], mean.(columns), ribbon = std.(columns; corrected = false),
              fillalpha = 0.2, markershape = :circle, markersize = 2, label = "$model model")
    end
    savefig(picture, joinpath(output, "learning-curve.png"))
end

"The aggregation weights of one layer after the last recorded round."
function draw_weights(file, output; layer = "fc1")
    place = findfirst(==(layer), read(file, "layer"))
    weights = read(file, "aggregation/weights")           # (source_client, layer, client, recorded_round)
    last_round = last(read(file, "aggregation/recorded_round"))
    # heatmap puts the rows of a matrix along y: transpose, so that these are the clients.
    picture = heatmap(read(file, "source_client"), read(file, "client"),
                      permutedims(weights[:, place, :, end]), yflip = true, aspect_ratio = :equal,
                      color = :viridis, xlabel = "source client", ylabel = "client",
                      colorbar_title = "aggregation weight",
                      title = "$(attrs(file)["method_title"]), $layer, round $last_round")
    savefig(picture, joinpath(output, "weights-$layer.png"))
end

function main(path, output)
    mkpath(output)
    h5open(path, "r") do file
        draw_learning_curve(file, output)
        if haskey(file, "aggregation")
            draw_weights(file, output)
        else
            println("$path has no aggregation weights (method $(attrs(file)["method"])): no heat map")
        end
    end
end

length(ARGS) == 2 || (println(stderr, "usage: julia_hdf5.jl RESULT.h5 OUTPUT_FOLDER"); exit(1))
main(ARGS...)
