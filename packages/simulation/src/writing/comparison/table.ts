import { play, type Result } from "./play.js"
import * as EffectKinesis from "./policies/effectKinesis.js"
import * as Fifo from "./policies/fifo.js"
import * as Flink from "./policies/flink.js"
import * as Kpl from "./policies/kpl.js"
import * as ZioKinesis from "./policies/zioKinesis.js"
import type { Maker } from "./policy.js"
import { type Workload, workloads } from "./workloads.js"

/** A row of the table. */
interface Row {
  readonly name: string
  readonly result: Result
}

/** Lets a workload be written by each policy. */
const rowsOf = (workload: Workload, seed: number): ReadonlyArray<Row> => {
  const row = (name: string, make: Maker<any>): Row => ({ name, result: play(make, workload, seed) })
  return [
    row("effect-kinesis", EffectKinesis.make()),
    row("effect-kinesis, without pace", EffectKinesis.make({ hasPace: false })),
    row("effect-kinesis, one bound for all", EffectKinesis.make({ hasOneBound: true })),
    row("FIFO with back-off", Fifo.make),
    row("Flink's sink", Flink.make),
    row("KPL, 150 % of each shard", Kpl.make(1.5)),
    row("KPL without aggregation: no limiter", Kpl.make(1e6)),
    row("zio-kinesis, idealized", ZioKinesis.make)
  ]
}

const whole = (value: number): string => Number.isNaN(value) ? "–" : Math.round(value).toLocaleString("en-US")

const cells = ({ name, result }: Row): ReadonlyArray<string> => [
  name,
  whole(result.recordsPerSecond),
  result.refusedPerAccepted < 10 ? result.refusedPerAccepted.toFixed(3) : whole(result.refusedPerAccepted),
  whole(result.callsPerSecond),
  whole(result.coldMillis),
  whole(result.hotMillis),
  `${whole(result.turnedAway * 100)} %`
]

const header = [
  "policy",
  "records/s",
  "refused per accepted",
  "calls/s",
  "median ms",
  "… of the hot shard",
  "no room"
]

const line = (texts: ReadonlyArray<string>): string => `| ${texts.join(" | ")} |`

/** How each policy writes each workload, as Markdown. */
export const markdown = (seed: number): string =>
  Object.values(workloads).map((workload) =>
    [
      `### ${workload.title}`,
      "",
      line(header),
      line(header.map((_, index) => index === 0 ? "---" : "---:")),
      ...rowsOf(workload, seed).map((row) => line(cells(row)))
    ].join("\n")
  ).join("\n\n")
