/**
 * The command that starts a server: what `kinesis-server` and `kinesis serve` do.
 *
 * @since 0.1.0
 */
import * as Clock from "effect/Clock"
import * as Data from "effect/Data"
import * as Effect from "effect/Effect"
import * as Logger from "effect/Logger"
import { mkdtempSync, writeFileSync } from "node:fs"
import { tmpdir } from "node:os"
import { join } from "node:path"
import * as Flag from "./internal/command/flags.js"
import * as Settings from "./internal/command/settings.js"
import * as Texts from "./internal/command/texts.js"
import * as KinesisServer from "./KinesisServer.js"

/**
 * The command line is wrong. The message names the option, what it must be, and what it was.
 *
 * @since 0.1.0
 * @category errors
 */
export class UsageError extends Data.TaggedError("UsageError")<{ readonly message: string }> {}

/**
 * The options that were given, by name: values as text, several as a list, switches as `true`.
 *
 * @since 0.1.0
 * @category models
 */
export type Flags = Flag.Flags

const print = (text: string): Effect.Effect<void> => Effect.sync(() => void process.stdout.write(`${text}\n`))

const complain = (text: string): Effect.Effect<void> => Effect.sync(() => void process.stderr.write(`${text}\n`))

/** What is logged goes to standard error: a program reads standard output. */
const logsBeside = Logger.replace(Logger.defaultLogger, Logger.withConsoleError(Logger.logfmtLogger))

const certificateFile = (certificate: string | undefined): string | undefined => {
  if (certificate === undefined) return undefined
  const file = join(mkdtempSync(join(tmpdir(), "kinesis-server-")), "certificate.pem")
  writeFileSync(file, certificate)
  return file
}

/** Until standard input closes, as it does when whoever holds its other end is gone. */
const untilClosed: Effect.Effect<void> = Effect.async((resume) => {
  const ended = () => resume(Effect.void)
  process.stdin.on("end", ended).on("close", ended).on("error", ended).resume()
})

/**
 * Serves until it is interrupted or, with `tether`, until standard input closes. It prints where it listens, and a summary at the end.
 *
 * @example
 * ```ts
 * import { ServerCommand } from "@effect-kinesis/server"
 * import { Effect } from "effect"
 *
 * const program = ServerCommand.run({ stream: ["orders:4"], port: "0" }).pipe(Effect.timeout("1 second"), Effect.ignore)
 *
 * Effect.runPromise(program)
 * ```
 *
 * @since 0.1.0
 * @category constructors
 */
export const run = (flags: Flags): Effect.Effect<void, UsageError | KinesisServer.StartError> =>
  Effect.scoped(Effect.gen(function*() {
    const settings = Settings.of(flags)
    if (Flag.isProblem(settings)) return yield* new UsageError({ message: settings.problem })
    const { isJson, isTethered, server: options } = settings
    const startedAt = yield* Clock.currentTimeMillis
    const server = yield* KinesisServer.make(options)
    yield* Effect.addFinalizer(() =>
      Effect.flatMap(
        Effect.all([Clock.currentTimeMillis, server.counts]),
        ([now, counts]) => isJson ? print(JSON.stringify(counts)) : complain(Texts.summary(counts, now - startedAt))
      )
    )
    const started = {
      server,
      streams: yield* server.streams,
      certificateFile: certificateFile(server.certificate)
    }
    for (const line of Texts.kept(options.streams ?? [], started)) yield* complain(line)
    yield* print(isJson ? Texts.startedJson(started) : Texts.started(started))
    yield* isTethered ? untilClosed : Effect.never
  })).pipe(Effect.provide(logsBeside))

/**
 * Serves by a command line without the command's name. `command` is that name, for the help.
 *
 * @example
 * ```ts
 * import { ServerCommand } from "@effect-kinesis/server"
 * import { Effect } from "effect"
 *
 * Effect.runPromise(ServerCommand.main(["--help"], "kinesis-server"))
 * ```
 *
 * @since 0.1.0
 * @category constructors
 */
export const main = (
  args: ReadonlyArray<string>,
  command: string
): Effect.Effect<void, UsageError | KinesisServer.StartError> => {
  if (args.includes("--help") || args.includes("-h")) return print(Texts.help(command))
  const flags = Flag.parse(args)
  return Flag.isProblem(flags) ? new UsageError({ message: flags.problem }) : run(flags)
}
