import * as Command from "@effect/cli/Command"
import * as HelpDoc from "@effect/cli/HelpDoc"
import * as Options from "@effect/cli/Options"
import * as ValidationError from "@effect/cli/ValidationError"
import * as Position from "effect-kinesis/Position"
import * as Clock from "effect/Clock"
import * as Data from "effect/Data"
import * as Effect from "effect/Effect"
import * as Option from "effect/Option"
import * as Arguments from "./Arguments.js"
import type { Summary } from "./Summary.js"
import { isExact } from "./Summary.js"

/** Something was lost, duplicated or reordered: the exit code is 1. */
export class NotExact extends Data.TaggedError("NotExact")<{ readonly summary: Summary }> {
  /** The summary's words. */
  override get message(): string {
    const { duplicates, lost, reordered } = this.summary
    return `not exact: ${lost} lost, ${duplicates} duplicated, ${reordered} reordered`
  }
}

/** The demo would outgrow the memory. */
export class TooLong extends Data.TaggedError("TooLong")<{ readonly message: string }> {}

const demoMaxMillis = 600_000

const totalMillis = Options.text("for").pipe(
  Options.withDefault("10s"),
  Options.filterMap(Arguments.duration, `--for must be ${Arguments.durationHelp}`),
  Options.withDescription(`How long to read: ${Arguments.durationHelp}. Default: 10s.`)
)

const from = Options.text("from").pipe(
  Options.withDefault("trim-horizon"),
  Options.mapEffect((text) =>
    Effect.flatMap(Clock.currentTimeMillis, (now) => {
      const start = Position.fromText(text, now)
      return start === undefined
        ? Effect.fail(ValidationError.invalidValue(HelpDoc.p(`--from must be one of ${Position.textExamples}`)))
        : Effect.succeed(start)
    })
  ),
  Options.withDescription(`Where to begin: ${Position.textExamples}. Default: trim-horizon.`)
)
const json = Options.boolean("json").pipe(
  Options.withDescription(
    "Print the summary as one JSON line, last on standard output; progress goes to standard error."
  )
)
const region = Options.text("region").pipe(
  Options.optional,
  Options.withDescription("The stream's region. Default: as the AWS SDK finds it (AWS_REGION, the shared config).")
)
const endpoint = Options.text("endpoint").pipe(
  Options.optional,
  Options.withDescription("Another endpoint, such as http://127.0.0.1:4567 of an emulator. Default: the service's own.")
)
const stream = Options.text("stream")

interface ReadFlags {
  readonly stream: string
  readonly region: Option.Option<string>
  readonly endpoint: Option.Option<string>
  readonly from: Position.StreamStart
  readonly totalMillis: number
  readonly json: boolean
}

const exactly = <E, R>(run: Effect.Effect<Summary, E, R>): Effect.Effect<void, E | NotExact, R> =>
  Effect.asVoid(Effect.filterOrFail(run, isExact, (summary) => new NotExact({ summary })))

const readStream = (flags: ReadFlags) =>
  Effect.promise(() => import("./ReadStream.js")).pipe(
    Effect.flatMap((ReadStream) =>
      ReadStream.run({
        ...flags,
        region: Option.getOrUndefined(flags.region),
        endpoint: Option.getOrUndefined(flags.endpoint)
      })
    ),
    exactly
  )

const demo = Command.make(
  "demo",
  {
    totalMillis,
    json,
    from,
    region,
    endpoint,
    stream: stream.pipe(
      Options.optional,
      Options.withDescription("Read this stream instead of the embedded one, as `kinesis read` does: its name or ARN.")
    )
  },
  Effect.fnUntraced(function*(flags) {
    if (Option.isSome(flags.stream)) return yield* readStream({ ...flags, stream: flags.stream.value })
    if (flags.totalMillis > demoMaxMillis) {
      const message = "--for must be at most 10m without --stream: the embedded Kinesis is in memory"
      return yield* new TooLong({ message })
    }
    const Demo = yield* Effect.promise(() => import("./Demo.js"))
    yield* exactly(Demo.run(flags))
  })
).pipe(
  Command.withDescription(
    "Watch an embedded Kinesis being read: sample orders are written to four shards while reads are throttled, an iterator " +
      "expires and a shard is split. At the end, what was read is held against what was written. The exit code is 1 if anything " +
      "was lost, duplicated or reordered."
  )
)

const read = Command.make(
  "read",
  {
    totalMillis,
    json,
    from,
    region,
    endpoint,
    stream: stream.pipe(Options.withDescription("The stream to read: its name or ARN."))
  },
  readStream
).pipe(
  Command.withDescription(
    "Read every record of a stream for a set time, and show each shard's progress. Credentials and region are those of the AWS SDK."
  )
)

/** Something was lost or reordered, or handled twice without a reason: the exit code is 1. */
export class NotExactlyShared extends Data.TaggedError("NotExactlyShared")<{ readonly message: string }> {}

const fleetMinMillis = 30_000
const fleetMaxMillis = 600_000

const fleet = Command.make(
  "fleet",
  {
    json,
    totalMillis: Options.text("for").pipe(
      Options.withDefault("60s"),
      Options.filterMap(
        (text) =>
          Option.filter(Arguments.duration(text), (millis) => millis >= fleetMinMillis && millis <= fleetMaxMillis),
        "--for must be a time such as 45s or 2m, from 30s to 10m"
      ),
      Options.withDescription("How long to write, once the workers share the stream: from 30s to 10m. Default: 60s.")
    )
  },
  (flags) =>
    Effect.promise(() => import("./FleetDemo.js")).pipe(
      Effect.flatMap((FleetDemo) => FleetDemo.run(flags)),
      Effect.flatMap(({ isExact, message }) => isExact ? Effect.void : new NotExactlyShared({ message }))
    )
).pipe(
  Command.withDescription(
    "Watch four worker processes share a stream of eight shards through leases. Each is a program of its own, which uses kinesis-local " +
      "and dynalite on 127.0.0.1 as it would use Kinesis and DynamoDB; nothing else is reached. While orders are written one worker is " +
      "killed (SIGKILL), one leaves (SIGTERM), a new one joins, and a shard is split. A table shows who has which shards, and of those " +
      "that change hands it is told for how long nobody read them: after the kill about as long as a lease lasts (5s), after the leave " +
      "less than a second. At the end, what was handled is held against what was written. The exit code is 1 if anything was lost or " +
      "reordered, or handled twice, save for what the killed worker had handled and not stored yet. kinesis-local and dynalite do not " +
      "come with the published command: run npm run start:fleet in a clone of the repository, or install them next to it."
  )
)

/** `kinesis` with its subcommands. */
export const kinesis = Command.make("kinesis").pipe(
  Command.withDescription(HelpDoc.p("Reads Amazon Kinesis streams.")),
  Command.withSubcommands([demo, read, fleet])
)
