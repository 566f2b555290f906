import Foundation

/// The script that Slurm runs for every task of an array, written to be read.
struct SbatchScript: Codable {
  /// The job's name.
  var name: String
  /// The program and the list of tasks, as absolute paths.
  var program: String
  var tasks: String
  /// The folder of the logs, as an absolute path.
  var logs: String
  var taskCount: Int
  /// The most tasks that run at a time; nil for no limit.
  var limit: Int?
  /// What finds the job again if the answer to its submission was lost.
  var comment: String
  /// Minutes, megabytes and cores of a task.
  var minutes: Int
  var megabytes: Int
  var cpus: Int
  var partition: String?
  var account: String?
  /// Further options of sbatch, a line each.
  var options: [String]

  /// Seconds between the warning and the end of a task's time. Slurm looks every 30 seconds, so that less might be missed,
  /// and may warn a minute early.
  private var warningSeconds: Int { max(30, min(180, minutes * 15)) }
  /// How often a task may start again because its time was out.
  static let mostRestarts = 50

  /// The script.
  var text: String {
    var lines = [
      "#!/bin/bash",
      "# Written by pfedla cluster submit. Each task of the array computes the runs that tasks.json lists for it.",
      "#SBATCH --job-name=\(name)",
      "#SBATCH --array=0-\(taskCount - 1)" + (limit.map { "%\($0)" } ?? ""),
      "#SBATCH --comment=\(comment)",
      "#SBATCH --nodes=1",
      "#SBATCH --ntasks=1",
      "#SBATCH --cpus-per-task=\(cpus)",
      "#SBATCH --mem=\(megabytes)M",
      "#SBATCH --time=\(Self.time(minutes: minutes))",
      "# A warning to this script before the time is out, and another try on a machine that failed:",
      "#SBATCH --signal=B:USR1@\(warningSeconds)",
      "#SBATCH --requeue",
      "#SBATCH --open-mode=append",
      "#SBATCH --output=\"\(logs)/%A_%a.log\"",
    ]
    if let partition { lines.append("#SBATCH --partition=\(partition)") }
    if let account { lines.append("#SBATCH --account=\(account)") }
    lines += options.map { "#SBATCH \($0)" }
    lines += [
      "",
      "set -u",
      "restarts=${SLURM_RESTART_COUNT:-0}",
      "say() { echo \"$(date -u +%FT%TZ) task $SLURM_ARRAY_TASK_ID: $1\"; }",
      "say \"starts on $(hostname), restart $restarts\"",
      "",
      "# The warning goes on to the program, which saves a checkpoint and ends with 130. TERM it gets from Slurm itself.",
      "warned=no",
      "ended=no",
      "child=",
      "trap 'warned=yes; [ -z \"$child\" ] || kill -USR1 \"$child\" 2>/dev/null' USR1",
      "trap 'ended=yes' TERM",
      "\(Self.quoted(program)) reproduce --tasks \(Self.quoted(tasks)) --task \"$SLURM_ARRAY_TASK_ID\" \\",
      "  --workers \"${SLURM_CPUS_PER_TASK:-1}\" &",
      "child=$!",
      "# A signal ends wait before the program has ended.",
      "while :; do",
      "  wait \"$child\"",
      "  code=$?",
      "  kill -0 \"$child\" 2>/dev/null || break",
      "done",
      "say \"ends with exit code $code\"",
      "",
      "# Out of time, and not cancelled: this task alone goes back into the queue, and resumes from its checkpoint.",
      "if [ \"$warned\" = yes ] && [ \"$ended\" = no ] && [ \"$code\" -ge 128 ]; then",
      "  if [ \"$restarts\" -lt \(Self.mostRestarts) ]; then",
      "    say \"out of time: back into the queue\"",
      "    for _ in 1 2 3; do",
      "      scontrol requeue \"${SLURM_ARRAY_JOB_ID}_${SLURM_ARRAY_TASK_ID}\" && exit 0",
      "      sleep 5",
      "    done",
      "  else",
      "    say \"out of time for the \(Self.mostRestarts)th time: submit again with more --time\"",
      "  fi",
      "fi",
      "exit \"$code\"",
    ]
    return lines.joined(separator: "\n") + "\n"
  }

  /// Days, hours, minutes and seconds as Slurm reads them.
  static func time(minutes: Int) -> String {
    let (days, hours, rest) = (minutes / 1440, minutes % 1440 / 60, minutes % 60)
    return (days > 0 ? "\(days)-" : "") + String(format: "%02d:%02d:00", hours, rest)
  }

  /// A word for the shell, whatever is in it.
  static func quoted(_ text: String) -> String {
    "'" + text.replacingOccurrences(of: "'", with: "'\\''") + "'"
  }
}
