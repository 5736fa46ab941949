/**
 * Amazon's Kinesis Client Library and this library on one lease table, on a Kinesis and a DynamoDB of this machine. Needs a JVM (17), Maven and Python 3;
 * what it fetches and builds stays in a folder of the system's temporary one. `--help` lists the scenarios.
 */
import { parseArgs } from "node:util"
import { type Scenario, scenarios } from "./scenarios.js"
import { prepare, type Tools } from "./setup.js"
import * as Testbed from "./testbed.js"

const { positionals, values } = parseArgs({
  allowPositionals: true,
  options: {
    help: { type: "boolean", short: "h", default: false },
    "at-once": { type: "string", default: "2" },
    keep: { type: "boolean", default: false }
  }
})

const help = `npm run interop:kcl -- [--at-once N] [--keep] [scenario ...]

  --at-once N   so many scenarios at a time; default 2
  --keep        keep each scenario's ledgers, logs and rows, not only those of one that failed

Scenarios; without any, those that are not optional:
${
  Object.entries(scenarios).map(([name, { isOptional = false, title }]) =>
    `  ${name.padEnd(20)}${title}${isOptional ? " (optional)" : ""}`
  ).join("\n")
}
`

const scenarioMillis = 12 * 60_000

let passed = 0
let failed = 0
const report = (holds: boolean, line: string): void => {
  if (holds) passed++
  else failed++
  process.stdout.write(`${holds ? "ok" : "not ok"}  ${line}\n`)
}

const inTime = async (work: Promise<void>): Promise<void> => {
  let timeout: NodeJS.Timeout | undefined
  const late = new Promise<never>((_, reject) => {
    timeout = setTimeout(() => reject(new Error(`not done in ${scenarioMillis / 60_000} minutes`)), scenarioMillis)
  })
  await Promise.race([work, late]).finally(() => clearTimeout(timeout))
}

const perform = async (name: string, { run }: Scenario, tools: Tools): Promise<void> => {
  let failures = 0
  const check = (what: string, holds: boolean, seen = ""): void => {
    if (!holds) failures++
    report(holds, `${name}: ${what}${holds || seen === "" ? "" : `: ${seen}`}`)
  }
  const gaveUp = (error: unknown): void => check("goes through", false, String(error))
  const bed = await Testbed.make(name, tools).catch(gaveUp)
  if (bed === undefined) return
  await inTime(run(bed, check)).catch(gaveUp)
  const keep = values.keep || failures > 0
  await bed.end(keep)
  if (keep) process.stdout.write(`    its ledgers, logs and rows: ${bed.folder}\n`)
}

if (values.help) {
  process.stdout.write(help)
  process.exit(0)
}
const atOnce = Number(values["at-once"])
const unknown = positionals.find((name) => !Object.hasOwn(scenarios, name))
if (unknown !== undefined || !Number.isInteger(atOnce) || atOnce < 1) {
  process.stderr.write(`${unknown === undefined ? "--at-once takes a number" : `no scenario ${unknown}`}\n\n${help}`)
  process.exit(2)
}
const queue = positionals.length > 0
  ? [...new Set(positionals)]
  : Object.entries(scenarios).filter(([, { isOptional = false }]) => !isOptional).map(([name]) => name)
const tools = await prepare()
const oneAfterTheOther = async (): Promise<void> => {
  for (let name = queue.shift(); name !== undefined; name = queue.shift()) {
    await perform(name, scenarios[name]!, tools)
  }
}
await Promise.all(Array.from({ length: atOnce }, oneAfterTheOther))
process.stdout.write(`${passed} passed, ${failed} failed\n`)
process.exit(failed === 0 ? 0 : 1)
