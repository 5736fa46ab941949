import { spawnSync } from "node:child_process"
import { mkdtempSync, rmSync } from "node:fs"
import { tmpdir } from "node:os"
import { join } from "node:path"
import { once } from "../compare.js"
import { spread } from "../measure.js"
import { type Server, startEmulators } from "../processes.js"
import { figure, range, table } from "../table.js"

const packages = ["lifion-kinesis@1.3.3", "kinesalite@3.3.3", "dynalite@3.2.2"]
const rounds = 3

const ways = {
  bySdk: "a loop over the AWS SDK",
  byPeer: "lifion-kinesis 1.3.3",
  ours: "effect-kinesis"
}

type Way = keyof typeof ways

const names = Object.keys(ways) as ReadonlyArray<Way>

const shape = { shards: 4, records: 40_000 }

/**
 * Consumers side by side on one emulator: the SDK's loop, the only other Node library that shares shards among workers by itself, and this
 * one. The peer's packages are installed for the run.
 */
export const peer = async (_: Server, print: (text: string) => void): Promise<Record<string, number>> => {
  const folder = mkdtempSync(join(tmpdir(), "kinesis-bench-"))
  process.on("exit", () => rmSync(folder, { recursive: true, force: true }))
  process.stderr.write(`Installing ${packages.join(", ")}.\n`)
  const { status } = spawnSync(
    "npm",
    ["install", "--prefix", folder, "--ignore-scripts", "--no-audit", "--no-fund", "--silent", ...packages],
    { stdio: ["ignore", "inherit", "inherit"] }
  )
  if (status !== 0) throw new Error(`npm ended with ${status}`)
  const file = join(folder, "package.json")
  const [kinesis, dynamo] = await startEmulators(file)
  const rates: Record<Way, Array<number>> = { bySdk: [], byPeer: [], ours: [] }
  const cpus: Record<Way, Array<number>> = { bySdk: [], byPeer: [], ours: [] }
  for (let round = 0; round < rounds; round++) {
    const argument = { folder: file, kinesis, dynamo, stream: `orders-${round}`, ...shape }
    await once("./subjects/peer.ts", "fill", argument)
    for (const way of names) {
      const { cpuMicros, perSecond } = await once("./subjects/peer.ts", way, argument)
      rates[way].push(perSecond!)
      cpus[way].push(cpuMicros!)
    }
  }
  const times = (values: Record<Way, ReadonlyArray<number>>, way: Way): number =>
    spread(values.ours.map((value, round) => value / values[way][round]!)).median
  print(table(
    `Through the same emulator: ${shape.shards} shards, ${
      shape.records.toLocaleString("en-US")
    } records of 256 bytes, from the first record on`,
    ["", "records/s", "µs CPU per record"],
    names.map((way) => [
      ways[way],
      range(spread(rates[way])),
      figure(spread(cpus[way]).median)
    ])
  ))
  return { ratio: times(rates, "byPeer"), cpuBySdk: 1 / times(cpus, "bySdk"), cpuByPeer: 1 / times(cpus, "byPeer") }
}
