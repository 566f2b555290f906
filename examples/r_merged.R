# Draws the learning curves of several methods from a file of `pfedla merge`, with rhdf5.
#
#     pfedla merge runs/*.h5 --output all.h5
#     Rscript examples/r_merged.R all.h5 OUTPUT_FOLDER
#
# One panel per setting, one line per method: the mean test accuracy over clients, then over seeds.
# Needs rhdf5: apt install r-bioc-rhdf5, or BiocManager::install("rhdf5").
# R shows axes in reverse order: (method, seed, setting, round, client) on the format's page is the reverse here.

suppressPackageStartupMessages(library(rhdf5))

arguments <- commandArgs(trailingOnly = TRUE)
if (length(arguments) != 2) stop("usage: r_merged.R MERGED.h5 OUTPUT_FOLDER", call. = FALSE)
path <- arguments[1]
output <- arguments[2]
dir.create(output, showWarnings = FALSE, recursive = TRUE)

methods <- as.vector(h5read(path, "method"))
settings <- as.vector(h5read(path, "setting"))
rounds <- as.vector(h5read(path, "round"))
reported <- as.vector(h5read(path, "reported_model"))  # whose accuracy each method's paper reports

# Axes (round, setting, method): means over clients, then over seeds; NaN where there is no run or no evaluation.
mean_accuracy <- function(model) {
  accuracy <- h5read(path, paste0("test_accuracy_", model))  # (client, round, setting, seed, method)
  over_clients <- apply(accuracy, c(2, 3, 4, 5), mean, na.rm = TRUE)
  apply(over_clients, c(1, 2, 4), mean, na.rm = TRUE)
}
curves <- list(received = mean_accuracy("received"), trained = mean_accuracy("trained"))

png(file.path(output, "methods.png"), width = 900 * length(settings), height = 700, res = 150)
par(mfrow = c(1, length(settings)), mar = c(4, 4, 3, 1))
colours <- hcl.colors(max(2, length(methods)), "Dark 3")
for (s in seq_along(settings)) {
  values <- sapply(seq_along(methods), function(m) curves[[reported[m]]][, s, m])
  dim(values) <- c(length(rounds), length(methods))  # also for a single round
  plot(range(rounds), range(values, na.rm = TRUE), type = "n", main = settings[s], cex.main = 0.8,
       xlab = "round", ylab = "test accuracy, mean over clients")
  for (m in seq_along(methods)) {
    evaluated <- !is.nan(values[, m])
    lines(rounds[evaluated], values[evaluated, m], type = "o", pch = 20, col = colours[m])
  }
  legend("bottomright", methods, col = colours[seq_along(methods)], lty = 1, pch = 20, bty = "n", cex = 0.7)
}
invisible(dev.off())
