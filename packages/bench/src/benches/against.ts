import { build, flagsFor } from "../checkout.js"
import { compare, type Compared, type Pace, type Way } from "../compare.js"
import { spread } from "../measure.js"
import type { Server } from "../processes.js"
import type { Argument } from "../subjects/reading.js"
import { figure, range, table } from "../table.js"

const pace: Pace = { rounds: 3, millis: 500, warmUpMillis: 1_500 }

/** How many processes each side has: the same code is sometimes slower by a third in one process than in the next. */
const processes = 5

/** What may be lost by chance. CPU is compared, since a busy machine takes time from either side. */
const tolerance = 0.05

const subjects: ReadonlyArray<readonly [subject: string, protocol: Argument["protocol"]]> = [
  ["pages", "json"],
  ["pages", "cbor"],
  ["records", "json"],
  ["records", "cbor"]
]

/** Reading end to end, this checkout against another one: the exit code is 1 if this one is slower. */
export const against = async (
  server: Server,
  print: (text: string) => void,
  folder: string
): Promise<Record<string, number>> => {
  build(folder)
  const figures: Record<string, number> = {}
  const rows: Array<ReadonlyArray<string>> = []
  for (const [subject, protocol] of subjects) {
    const argument: Argument = { url: server.http, stream: "page-256", protocol }
    const title = `KinesisStream.${subject}, ${protocol.toUpperCase()}`
    const ways: ReadonlyArray<Way> = [
      { title, subject, argument, flags: flagsFor(folder) },
      { title, subject, argument }
    ]
    const pairs: Array<ReadonlyArray<Compared>> = []
    for (let pair = 0; pair < processes; pair++) pairs.push(await compare("./subjects/reading.ts", ways, pace))
    const [there, here] = [0, 1].map((side) => spread(pairs.map((pair) => pair[side]!.cpuMicros.median)).median)
    const ratios = spread(pairs.map((pair) => 1 / pair[1]!.cpuRatio.median))
    rows.push([title, figure(there!), figure(here!), range(ratios)])
    figures[`${subject}/${protocol}`] = ratios.median
    if (ratios.median < 1 - tolerance) {
      process.exitCode = 1
      process.stderr.write(`${title}: ${ratios.median.toFixed(2)} times ${folder}\n`)
    }
  }
  print(table(
    `Pages of 10,000 records of 256 bytes, µs of CPU per record, the median of ${processes} pairs of processes`,
    ["", folder, "this checkout", "as fast, pair by pair"],
    rows
  ))
  return figures
}
