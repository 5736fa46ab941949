/**
 * The exit code of the command: 0 done, 1 failed or not exact, 2 wrong command line, 128 plus the signal's number after Ctrl-C or SIGTERM.
 */
export const of = (
  outcome: "succeeded" | "failed" | "interrupted",
  error: unknown,
  signal: "SIGINT" | "SIGTERM"
): number => {
  if (outcome === "succeeded") return 0
  if (outcome === "interrupted") return signal === "SIGINT" ? 130 : 143
  return usage.includes(tagOf(error) ?? "") ? 2 : 1
}

/** `InvalidArgument` means an invalid stream name, region or endpoint. */
const usage = ["UsageError", "InvalidArgument"]

const tagOf = (error: unknown): string | undefined =>
  typeof error === "object" && error !== null && "_tag" in error ? String(error._tag) : undefined
