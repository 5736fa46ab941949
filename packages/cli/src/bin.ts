#!/usr/bin/env node
import * as Command from "@effect/cli/Command"
import * as ValidationError from "@effect/cli/ValidationError"
import * as NodeContext from "@effect/platform-node/NodeContext"
import * as NodeRuntime from "@effect/platform-node/NodeRuntime"
import * as Cause from "effect/Cause"
import * as Effect from "effect/Effect"
import * as Exit from "effect/Exit"
import * as Logger from "effect/Logger"
import * as LogLevel from "effect/LogLevel"
import * as Option from "effect/Option"
import { readFileSync } from "node:fs"
import * as ErrorText from "./ErrorText.js"
import * as ExitCode from "./ExitCode.js"
import * as Help from "./Help.js"
import { kinesis } from "./KinesisCommand.js"
import * as Npm from "./Npm.js"
import * as Usage from "./Usage.js"
import { UsageError } from "./UsageError.js"
import * as Warnings from "./Warnings.js"

Object.assign(process.env, Warnings.silenced)

const { version } = JSON.parse(readFileSync(new URL("../package.json", import.meta.url), "utf8")) as {
  readonly version: string
}

/** The consumer of the output wants no more of it (`kinesis read | head`), which is not an error. */
for (const out of [process.stdout, process.stderr]) {
  out.on("error", (error: NodeJS.ErrnoException) => process.exit(error.code === "EPIPE" ? 0 : 1))
}

let signal: "SIGINT" | "SIGTERM" = "SIGINT"
let signalledAt: number | undefined

/**
 * The first signal ends the command gracefully, with its summary; the runtime does that. The same Ctrl-C may arrive twice, from the
 * terminal and through npm; a later one ends the command at once.
 */
const onSignal = (name: "SIGINT" | "SIGTERM") => {
  if (signalledAt !== undefined && Date.now() - signalledAt > 1_000) {
    process.exit(ExitCode.of("interrupted", undefined, name))
  }
  signalledAt ??= Date.now()
  signal = name
}
process.on("SIGINT", onSignal).on("SIGTERM", onSignal)

/** The parser has already printed its own errors, which are few, since `Usage.problem` comes first. */
const complain = (error: unknown) =>
  Effect.sync(() => {
    if (ValidationError.isValidationError(error)) return
    process.stderr.write(`kinesis: ${ErrorText.complaint(error)}\n`)
  })

const args = process.argv.slice(2)

const main = Effect.gen(function*() {
  const kept = Npm.advice(process.env, args)
  if (kept !== undefined) return yield* new UsageError({ message: kept })
  const wanted = Usage.helpWanted(args)
  if (wanted !== undefined) {
    const lines = wanted === "overview" ? Help.overview : Help.ofCommand(wanted)
    return yield* Effect.sync(() => void process.stdout.write(`${lines.join("\n")}\n`))
  }
  const message = Usage.problem(args)
  if (message !== undefined) return yield* new UsageError({ message })
  yield* Command.run(kinesis, { name: "kinesis", version })(process.argv)
})

const codeOf = (exit: Exit.Exit<unknown, unknown>): number => {
  if (Exit.isSuccess(exit)) return ExitCode.of("succeeded", undefined, signal)
  if (Cause.isInterruptedOnly(exit.cause)) return ExitCode.of("interrupted", undefined, signal)
  const error = Option.getOrUndefined(Cause.failureOption(exit.cause))
  return ValidationError.isValidationError(error) ? 2 : ExitCode.of("failed", error, signal)
}

/** Standard output is for records: what the library warns of is an event, too, and those are shown. */
main.pipe(
  Logger.withMinimumLogLevel(LogLevel.Error),
  Effect.tapError(complain),
  Effect.provide(NodeContext.layer),
  NodeRuntime.runMain({ disableErrorReporting: true, teardown: (exit, onExit) => onExit(codeOf(exit)) })
)
