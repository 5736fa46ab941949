import { KinesisClient, type KinesisEvent, KinesisStream, type Page, Until } from "effect-kinesis"
import * as Effect from "effect/Effect"
import * as Stream from "effect/Stream"
import { existsSync, readFileSync, writeFileSync } from "node:fs"
import * as Arguments from "./Arguments.js"
import { plural } from "./Format.js"
import * as ReadView from "./ReadView.js"
import * as Records from "./Records.js"
import * as Resume from "./Resume.js"
import * as Screen from "./Screen.js"
import * as Summary from "./Summary.js"
import * as UsageError from "./UsageError.js"

export interface Options {
  readonly stream: string
  readonly region: string | undefined
  readonly endpoint: string | undefined
  readonly from: KinesisStream.Options["from"]
  /** A word that encodes positions, or the name of a file that holds them. */
  readonly resume: string | undefined
  readonly output: Records.Output
  readonly totalMillis: number
  readonly json: boolean
}

/** One run of `kinesis read`. */
interface Reading {
  readonly options: Options
  readonly screen: Screen.Screen
  readonly tally: Summary.Tally
  /** The last record of each shard, used to check its order. */
  readonly last: Map<string, Summary.RecordNumber>
  readonly progress: Resume.Progress
  /** The file that the place is written to at the end. */
  readonly file: string | undefined
}

/** Reads every record of a real stream for a fixed time, and prints them. */
export const run = (options: Options) =>
  Effect.gen(function*() {
    const { json, output, resume, stream, totalMillis } = options
    const positions = yield* positionsAt(resume)
    const screen = yield* Screen.make({
      title: stream,
      totalMillis,
      json,
      isOutputTaken: json || output !== "none",
      isQuiet: output !== "none" && process.stdout.isTTY
    })
    const self: Reading = {
      options,
      screen,
      tally: Summary.begin(),
      last: new Map(),
      progress: Resume.begin(positions),
      file: resume !== undefined && !Resume.isWord(resume) ? resume : undefined
    }
    return yield* pages(self).pipe(
      Stream.runForEach((page) => handle(self, page)),
      Effect.provide(KinesisClient.layer({ region: options.region, endpoint: options.endpoint })),
      Effect.zipRight(Effect.suspend(() => finish(self))),
      Effect.onInterrupt(() => finish(self)),
      Effect.tapError(() => keep(self))
    )
  }).pipe(Effect.scoped)

const positionsAt = (resume: string | undefined): Effect.Effect<Resume.Positions, UsageError.UsageError> =>
  Effect.suspend(() => {
    if (resume === undefined || (!Resume.isWord(resume) && !existsSync(resume))) return Effect.succeed({})
    const positions = Resume.fromText(Resume.isWord(resume) ? resume : readFileSync(resume, "utf8"))
    return positions === undefined
      ? Effect.fail(
        new UsageError.UsageError({
          message: `--resume must be the text of a last line, or a file that holds a place${Arguments.was(resume)}`
        })
      )
      : Effect.succeed(positions)
  })

const pages = ({ options: { from, stream, totalMillis }, progress, screen, tally }: Reading) =>
  KinesisStream.pages({
    stream,
    from,
    positions: progress.positions,
    until: Until.elapsed(totalMillis),
    onEvent: (event: KinesisEvent.KinesisEvent) => {
      Summary.happened(tally, event)
      if (event._tag === "ShardStarted") Resume.started(progress, event)
      return screen.onEvent(event)
    }
  })

const handle = (self: Reading, page: Page.Page): Effect.Effect<void> =>
  Effect.suspend(() => {
    const { last, options, progress, screen, tally } = self
    const text = Records.print(page.records, options.output, process.stdout.isTTY)
    const hasRoom = text === undefined || process.stdout.write(text)
    for (const { sequenceNumber, shardId, subSequenceNumber } of page.records) {
      Summary.readNext(tally, last, shardId, { sequenceNumber, subSequenceNumber })
    }
    Resume.handled(progress, page)
    const record = page.records.at(-1)
    if (record !== undefined) screen.came(page.shardId, Records.describe(record))
    return hasRoom ? Effect.void : drained
  })

/** If the consumer of the output is slower than the stream, reading waits for it. */
const drained = Effect.async<void>((resume) => {
  const done = () => resume(Effect.void)
  process.stdout.once("drain", done)
  return Effect.sync(() => process.stdout.off("drain", done))
})

/** Writes the place to its file, even after a failure, so that printed records are not printed again. */
const keep = ({ file, progress: { positions } }: Reading) =>
  Effect.sync(() => {
    if (file !== undefined) writeFileSync(file, `${JSON.stringify(positions)}\n`)
  })

const finish = (self: Reading): Effect.Effect<Summary.Summary> =>
  Effect.gen(function*() {
    const { file, options, progress, screen, tally } = self
    const { positions } = progress
    const summary = Summary.ofStream(tally)
    yield* keep(self)
    const { endpoint, output, region, stream } = options
    const given = { stream, region, endpoint, output: output === "json" ? undefined : output }
    const [read, judged, met] = ReadView.summary(summary)
    const lines = [
      `${read} from ${plural(Object.keys(positions).length, "shard")}; ${judged}`,
      met!,
      ...Resume.lastLines(progress, Resume.command(given, { file, positions }))
    ]
    yield* screen.finish(lines, { ...summary, ...Resume.left(progress), positions })
    return summary
  })
