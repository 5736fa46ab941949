/** What the command ends with: 0 done, 1 failed or not exact, 2 wrong to type, 128 and the signal's number after Ctrl-C or SIGTERM. */
export const of = (
  outcome: "succeeded" | "failed" | "interrupted",
  error: unknown,
  signal: "SIGINT" | "SIGTERM"
): number => {
  if (outcome === "succeeded") return 0
  if (outcome === "interrupted") return signal === "SIGINT" ? 130 : 143
  return usage.includes(tagOf(error) ?? "") ? 2 : 1
}

/** `InvalidArgument` is a stream's name, a region or an endpoint that cannot be. */
const usage = ["UsageError", "InvalidArgument"]

const tagOf = (error: unknown): string | undefined =>
  typeof error === "object" && error !== null && "_tag" in error ? String(error._tag) : undefined
