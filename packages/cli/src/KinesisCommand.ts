import * as ServerUsage from "@effect-kinesis/server/ServerUsage"
import * as Command from "@effect/cli/Command"
import * as Options from "@effect/cli/Options"
import * as Position from "effect-kinesis/Position"
import * as Clock from "effect/Clock"
import * as Data from "effect/Data"
import * as Effect from "effect/Effect"
import * as Option from "effect/Option"
import * as Arguments from "./Arguments.js"
import type * as Records from "./Records.js"
import type { Summary } from "./Summary.js"
import { isExact } from "./Summary.js"
import * as Usage from "./Usage.js"
import { UsageError } from "./UsageError.js"

/** Something was lost, duplicated or reordered: the exit code is 1. */
export class NotExact extends Data.TaggedError("NotExact")<{ readonly summary: Summary }> {
  /** The text of the summary. */
  override get message(): string {
    const { duplicates, lost, reordered } = this.summary
    return `not exact: ${lost} lost, ${duplicates} duplicated, ${reordered} reordered`
  }
}

/** The embedded Kinesis would run out of memory. */
const demoMaxMillis = 600_000

const fleetMinMillis = 30_000
const fleetMaxMillis = 600_000

const refuse = (message: string) => Effect.fail(new UsageError({ message }))

/** An option of a command, with its help text. */
const described = <A>(command: Usage.Name, name: string, options: Options.Options<A>): Options.Options<A> => {
  const { alias, text } = Usage.commands[command].options[name]!
  const described = Options.withDescription(options, text)
  return alias === undefined ? described : Options.withAlias(described, alias)
}

const text = (command: Usage.Name, name: string) => described(command, name, Options.optional(Options.text(name)))
const json = (command: Usage.Name) => described(command, "json", Options.boolean("json"))

const millisOf = (given: Option.Option<string>, fallback: string) => {
  const text = Option.getOrElse(given, () => fallback)
  return Option.match(Arguments.duration(text), {
    onNone: () => refuse(`--for must be ${Arguments.durationHelp}${Arguments.was(text)}`),
    onSome: Effect.succeed
  })
}

const startOf = (given: Option.Option<string>) =>
  Effect.flatMap(Clock.currentTimeMillis, (now) => {
    const text = Option.getOrElse(given, () => "trim-horizon")
    const start = Position.fromText(text, now)
    return start === undefined
      ? refuse(`--from must be one of ${Position.textExamples}${Arguments.was(text)}`)
      : Effect.succeed(start)
  })

/** The output formats are listed here; the module that prints them is loaded only when needed. */
const outputs: ReadonlyArray<Records.Output> = ["json", "raw", "none"]

const outputOf = (given: Option.Option<string>): Effect.Effect<Records.Output, UsageError> => {
  const text = Option.getOrElse(given, () => "json")
  const output = outputs.find((output) => output === text)
  return output === undefined
    ? refuse(`--output must be one of ${outputs.join(", ")}${Arguments.was(text)}`)
    : Effect.succeed(output)
}

const exactly = <E, R>(run: Effect.Effect<Summary, E, R>): Effect.Effect<void, E | NotExact, R> =>
  Effect.asVoid(Effect.filterOrFail(run, isExact, (summary) => new NotExact({ summary })))

interface ReadFlags {
  readonly stream: string
  readonly region: Option.Option<string>
  readonly endpoint: Option.Option<string>
  readonly from: Option.Option<string>
  readonly for: Option.Option<string>
  readonly resume: Option.Option<string>
  readonly output: Option.Option<string>
  readonly json: boolean
}

const readStream = (flags: ReadFlags) =>
  Effect.gen(function*() {
    const totalMillis = yield* millisOf(flags.for, "10s")
    const from = yield* startOf(flags.from)
    const output = yield* outputOf(flags.output)
    const ReadStream = yield* Effect.promise(() => import("./ReadStream.js"))
    yield* exactly(ReadStream.run({
      stream: flags.stream,
      region: Option.getOrUndefined(flags.region),
      endpoint: Option.getOrUndefined(flags.endpoint),
      resume: Option.getOrUndefined(flags.resume),
      from,
      output,
      totalMillis,
      json: flags.json
    }))
  })

const demo = Command.make(
  "demo",
  {
    for: text("demo", "for"),
    json: json("demo"),
    stream: text("demo", "stream"),
    region: text("demo", "region"),
    endpoint: text("demo", "endpoint"),
    from: text("demo", "from")
  },
  Effect.fnUntraced(function*(flags) {
    const { stream } = flags
    if (Option.isSome(stream)) {
      return yield* readStream({ ...flags, stream: stream.value, resume: Option.none(), output: Option.some("none") })
    }
    const totalMillis = yield* millisOf(flags.for, "10s")
    if (totalMillis > demoMaxMillis) {
      const given = Arguments.was(Option.getOrElse(flags.for, () => ""))
      return yield* refuse(
        `--for must be at most 10m without --stream, since the embedded Kinesis is in memory${given}`
      )
    }
    const Demo = yield* Effect.promise(() => import("./Demo.js"))
    yield* exactly(Demo.run({ json: flags.json, totalMillis }))
  })
).pipe(Command.withDescription(Usage.commands.demo.title))

const read = Command.make(
  "read",
  {
    stream: described("read", "stream", Options.text("stream")),
    for: text("read", "for"),
    from: text("read", "from"),
    resume: text("read", "resume"),
    output: text("read", "output"),
    json: json("read"),
    region: text("read", "region"),
    endpoint: text("read", "endpoint")
  },
  readStream
).pipe(Command.withDescription(Usage.commands.read.title))

/** Something was lost or reordered, or handled twice without a reason: the exit code is 1. */
export class NotExactlyShared extends Data.TaggedError("NotExactlyShared")<{ readonly message: string }> {}

const fleet = Command.make(
  "fleet",
  {
    for: text("fleet", "for"),
    "fan-out": described("fleet", "fan-out", Options.boolean("fan-out")),
    json: json("fleet")
  },
  Effect.fnUntraced(function*(flags) {
    const text = Option.getOrElse(flags.for, () => "60s")
    const totalMillis = Option.getOrUndefined(Arguments.duration(text))
    if (totalMillis === undefined || totalMillis < fleetMinMillis || totalMillis > fleetMaxMillis) {
      return yield* refuse(`--for must be a time such as 45s or 2m, from 30s to 10m${Arguments.was(text)}`)
    }
    const FleetDemo = yield* Effect.promise(() => import("./FleetDemo.js"))
    const { isExact, message } = yield* FleetDemo.run({ fanOut: flags["fan-out"], json: flags.json, totalMillis })
    if (!isExact) return yield* new NotExactlyShared({ message })
  })
).pipe(Command.withDescription(Usage.commands.fleet.title))

/** An option of the server, by what it takes. */
const serverOption = (name: string, { isRepeated, value }: ServerUsage.OptionUsage) =>
  value === undefined
    ? described("serve", name, Options.boolean(name))
    : isRepeated === true
    ? described("serve", name, Options.repeated(Options.text(name)))
    : Options.map(text("serve", name), Option.getOrUndefined)

const serve = Command.make(
  "serve",
  Object.fromEntries(
    Object.entries(ServerUsage.options).map(([name, usage]) => [name, serverOption(name, usage)])
  ) as Readonly<Record<string, Options.Options<ReadonlyArray<string> | string | boolean | undefined>>>,
  Effect.fnUntraced(function*(flags) {
    const ServerCommand = yield* Effect.promise(() => import("@effect-kinesis/server/ServerCommand"))
    yield* ServerCommand.run(flags)
  })
).pipe(Command.withDescription(Usage.commands.serve.title))

/** `kinesis` with its subcommands. */
export const kinesis = Command.make("kinesis").pipe(
  Command.withDescription("Reads Amazon Kinesis streams, and serves a Kinesis of your own."),
  Command.withSubcommands([demo, read, serve, fleet])
)
