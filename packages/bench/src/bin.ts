import { parseArgs } from "node:util"
import { against } from "./benches/against.js"
import { endToEnd } from "./benches/endtoend.js"
import { fanOut } from "./benches/fanOut.js"
import { peer } from "./benches/peer.js"
import { aggregation, decoding, doors, encoding, transport } from "./benches/rates.js"
import { check, reading } from "./benches/reading.js"
import { memory, shards } from "./benches/scale.js"
import { server as ofServer } from "./benches/server.js"
import { writing } from "./benches/writing.js"
import { type Server, startServer, stopAll } from "./processes.js"

/** Each prints its tables, and returns the figures that matter. */
const benches: Readonly<
  Record<string, (server: Server, print: (text: string) => void) => Promise<Record<string, number>>>
> = {
  reading,
  endtoend: endToEnd,
  writing,
  "fan-out": fanOut,
  aggregation,
  decoding,
  encoding,
  doors,
  shards,
  memory,
  transport,
  server: ofServer,
  peer
}

const command = "pnpm bench"
const help = `Measures effect-kinesis side by side with others, interleaved, each in a process of its own.

${command} [NAME ...] [--json]
${command} --check
${command} --against FOLDER [--json]

    reading      pages through every layer, compared with the stock AWS SDK (6 minutes)
    endtoend     from the socket to the decoded value, compared with the stock AWS SDK and a Schema (3 minutes)
    writing      PutRecords and a producer, compared with the loop that everyone writes with the AWS SDK (3 minutes)
    fan-out      subscriptions to shards, compared with the stock AWS SDK (3 minutes)
    aggregation  aggregates of the Kinesis Producer Library, against aws-kinesis-agg
    decoding     JSON by Schema
    encoding     values as JSON by Schema
    doors        what a producer costs by each of its doors
    shards       1,000 busy shards and 10,000 idle ones, and those of a group, the client in memory
    memory       what a program holds that keeps few of many records
    transport    1 to 256 calls at once over TLS
    server       @effect-kinesis/server: starts, and what calls cost it with few and with a million records (1 minute)
    peer         the AWS SDK and lifion-kinesis through an emulator; installs the last two for the run

--check looks for half a minute whether reading is as much faster than the SDK as it should be; its exit code is 1 if not.
--against reads end to end by this checkout and by the one in FOLDER, in turn, in 2 minutes; its exit code is 1 if this one is slower.
All of them, unless named. --json prints a line of JSON for each, with its figures, in place of its tables.
`

const print = (text: string): void => void process.stdout.write(`${text}\n`)

const { positionals, values } = parseArgs({
  allowPositionals: true,
  options: {
    json: { type: "boolean" },
    check: { type: "boolean" },
    against: { type: "string" },
    help: { type: "boolean", short: "h" }
  }
})
const unknown = positionals.find((name) => !(name in benches))
if (values.help === true) print(help)
else if (unknown !== undefined) {
  process.stderr.write(`there is no ${unknown}: NAME is one of ${Object.keys(benches).join(", ")}\n`)
  process.exitCode = 2
} else {
  const server = await startServer()
  try {
    const tables = values.json === true ? () => {} : print
    if (values.check === true) await check(server, print)
    else if (values.against !== undefined) {
      const figures = await against(server, tables, values.against)
      if (values.json === true) print(JSON.stringify(figures))
    } else {
      for (const name of positionals.length > 0 ? positionals : Object.keys(benches)) {
        const figures = await benches[name]!(server, tables)
        if (values.json === true) print(JSON.stringify(figures))
      }
    }
  } finally {
    stopAll()
  }
}
