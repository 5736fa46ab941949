import { build, flagsFor } from "../checkout.js"
import { compare, type Compared, type Pace, type Way } from "../compare.js"
import { spread } from "../measure.js"
import type { Server } from "../processes.js"
import type { Argument } from "../subjects/reading.js"
import { figure, range, table } from "../table.js"

const pace: Pace = { rounds: 3, millis: 500, warmUpMillis: 1_500 }

/** How many processes each side has: the same code is sometimes slower by a third in one process than in the next. */
const processes = 5

/** How much the best process may lose by chance. */
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
    const best = (side: number) => spread(pairs.map((pair) => pair[side]!.rate.median)).max
    const [there, here] = [best(0), best(1)]
    const ratio = here / there
    const ratios = spread(pairs.map((pair) => pair[1]!.ratio.median))
    rows.push([title, figure(there), figure(here), figure(ratio), range(ratios)])
    figures[`${subject}/${protocol}`] = ratio
    if (ratio < 1 - tolerance) {
      process.exitCode = 1
      process.stderr.write(`${title}: ${ratio.toFixed(2)} times ${folder}\n`)
    }
  }
  print(table(
    `Pages of 10,000 records of 256 bytes, records/s of the best of ${processes} processes`,
    ["", folder, "this checkout", "ratio", "ratio, pair by pair"],
    rows
  ))
  return figures
}
