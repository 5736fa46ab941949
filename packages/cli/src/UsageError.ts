import * as Data from "effect/Data"

/** The command line is wrong: the exit code is 2, and nothing was called. */
export class UsageError extends Data.TaggedError("UsageError")<{ readonly message: string }> {}
