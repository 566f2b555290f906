# Draws the heat map of a result's aggregation weights (Figure 6) and its learning curve, with rhdf5.
#
#     Rscript examples/r_hdf5.R RESULT.h5 OUTPUT_FOLDER
#
# Needs rhdf5: apt install r-bioc-rhdf5, or BiocManager::install("rhdf5").
# R shows axes in reverse order: (round, client) on the format's page is (client, round) here.

suppressPackageStartupMessages(library(rhdf5))

arguments <- commandArgs(trailingOnly = TRUE)
if (length(arguments) != 2) stop("usage: r_hdf5.R RESULT.h5 OUTPUT_FOLDER", call. = FALSE)
path <- arguments[1]
output <- arguments[2]
dir.create(output, showWarnings = FALSE, recursive = TRUE)
about <- h5readAttributes(path, "/")

# Mean test accuracy over clients; the band is one standard deviation to each side.
draw_learning_curve <- function() {
  models <- c("received", "trained")
  colours <- c("#1f77b4", "#ff7f0e")
  accuracy <- lapply(paste0("test_accuracy_", models), function(name) h5read(path, name))
  evaluated <- !apply(is.nan(accuracy[[1]]), 2, all)  # axis 2 is the round; NaN: not evaluated
  rounds <- as.vector(h5read(path, "round"))[evaluated]
  deviation <- function(x) sqrt(mean((x - mean(x, na.rm = TRUE))^2, na.rm = TRUE))
  mean_of <- sapply(accuracy, function(a) apply(a[, evaluated, drop = FALSE], 2, mean, na.rm = TRUE))
  spread <- sapply(accuracy, function(a) apply(a[, evaluated, drop = FALSE], 2, deviation))
  dim(mean_of) <- dim(spread) <- c(length(rounds), length(models))  # also for a single round
  png(file.path(output, "learning-curve.png"), width = 900, height = 600, res = 150)
  par(mar = c(4, 4, 3, 1))
  plot(range(rounds), range(mean_of - spread, mean_of + spread), type = "n", main = about$title,
       cex.main = 0.9, xaxt = "n", xlab = "round", ylab = "test accuracy, mean over clients")
  axis(1, unique(round(pretty(rounds))))
  for (i in seq_along(models)) {
    polygon(c(rounds, rev(rounds)), c((mean_of - spread)[, i], rev((mean_of + spread)[, i])),
            col = adjustcolor(colours[i], 0.2), border = NA)
  }
  matlines(rounds, mean_of, type = "o", pch = 20, lty = 1, col = colours)
  legend("bottomright", paste(models, "model"), col = colours, lty = 1, pch = 20, bty = "n")
  invisible(dev.off())
}

# The aggregation weights of one layer after the last recorded round.
draw_weights <- function(layer = "fc1") {
  recorded <- as.vector(h5read(path, "aggregation/recorded_round"))
  weights <- h5read(path, "aggregation/weights")  # (source_client, layer, client, recorded_round)
  weights <- weights[, match(layer, h5read(path, "layer")), , length(recorded)]
  clients <- as.vector(h5read(path, "client"))
  palette <- hcl.colors(100, "viridis")
  limits <- range(weights)
  if (diff(limits) == 0) limits <- limits + c(-0.01, 0.01)  # before the first update all weights are equal
  png(file.path(output, paste0("weights-", layer, ".png")), width = 900, height = 700, res = 150)
  layout(matrix(1:2, 1), widths = c(3.6, 1))
  par(mar = c(4, 4, 3, 1))
  # image() puts the first axis, the source clients, along x, so there is no need to transpose.
  image(clients, clients, weights, ylim = rev(range(clients)) + c(0.5, -0.5), zlim = limits, col = palette,
        las = 1, main = sprintf("%s, %s, round %d", about$method_title, layer, max(recorded)),
        xlab = "source client", ylab = "client")
  par(mar = c(4, 0.5, 3, 5))
  scale <- seq(limits[1], limits[2], length.out = 100)
  image(1, scale, t(scale), col = palette, xaxt = "n", yaxt = "n", xlab = "", ylab = "")
  axis(4, las = 1, cex.axis = 0.8)
  mtext("aggregation weight", side = 4, line = 3.8)
  invisible(dev.off())
}

draw_learning_curve()
if ("aggregation" %in% h5ls(path, recursive = FALSE)$name) {
  draw_weights()
} else {
  cat(sprintf("%s has no aggregation weights (method %s): no heat map\n", path, about$method))
}
