#!/usr/bin/env node
import { fork } from "node:child_process"
import { availableParallelism } from "node:os"
import { fileURLToPath } from "node:url"
import { parseArgs } from "node:util"
import * as FleetInvariants from "./fleet/invariants.js"
import * as FleetScenario from "./fleet/scenario.js"
import * as Fleet from "./fleet/simulate.js"
import type { LogLine } from "./history.js"
import * as Invariants from "./invariants.js"
import * as Scenario from "./scenario.js"
import { simulate } from "./simulate.js"
import { markdown } from "./writing/comparison/table.js"
import * as WritingInvariants from "./writing/invariants.js"
import * as WritingScenario from "./writing/scenario.js"
import * as Writing from "./writing/simulate.js"

const command = "node --import tsx packages/simulation/src/bin.ts"

const help =
  `Lets histories of reading or writing a stream happen in virtual time, and checks that nothing is lost, repeated or reordered.

${command} [--fleet | --writing] --seeds N [--from M] [--workers W] [--faults]
    N histories, those of the seeds from M on (1 unless told), in W processes (2 at the most, unless told).
    --faults tells how often each kind of fault met the reader. With --fleet those of workers that share a stream, with --writing those
    of a producer.
${command} [--fleet | --writing] --seed N
    The history of one seed, with all that happened at its virtual time.
${command} --writing --compare [--seed N]
    How this library's producer and other policies write the same workloads, as Markdown.

The exit code is 1 if an invariant was violated.
`

type Met = ReadonlyArray<readonly [fault: string, times: number]>

/** The result of one seed. */
interface Result {
  readonly seed: number
  readonly violations: ReadonlyArray<{ readonly invariant: string; readonly text: string }>
  readonly met: Met
  readonly wakeUps: number
}

/** One seed's history, as printed. */
interface Told {
  readonly result: Result
  readonly scenario: { readonly steps: ReadonlyArray<object> }
  readonly epoch: number
  readonly log: ReadonlyArray<LogLine>
  readonly summary: string
}

/** A kind of histories. */
type Play = (seed: number, verbose: boolean) => Told

const reader: Play = (seed, verbose) => {
  const scenario = Scenario.make(seed)
  const history = simulate(scenario, { verbose })
  const { epoch, log, wakeUps } = history
  const violations = Invariants.violations(history)
  const repeats = Invariants.unavoidableRepeats(history)
  const met: Met = [...history.met, ...repeats > 0 ? [["record repeated after a crash", repeats] as const] : []]
  const summary = `${history.written.length} records, ${history.runs.length} runs`
  return { result: { seed, violations, met, wakeUps }, scenario, epoch, log, summary }
}

const fleet: Play = (seed, verbose) => {
  const scenario = FleetScenario.make(seed)
  const history = Fleet.simulate(scenario, { verbose })
  const { epoch, log, wakeUps } = history
  const violations = FleetInvariants.violations(history)
  const repeats = [...FleetInvariants.repeats(history)].map(([reason, times]) =>
    [`repeated: ${reason}`, times] as const
  )
  const summary =
    `${history.written.length} records, ${history.lives.length} workers, ${history.ownerships.length} leases taken`
  return { result: { seed, violations, met: [...history.met, ...repeats], wakeUps }, scenario, epoch, log, summary }
}

const writing: Play = (seed, verbose) => {
  const scenario = WritingScenario.make(seed)
  const history = Writing.simulate(scenario, { verbose })
  const { epoch, log, wakeUps } = history
  const violations = WritingInvariants.violations(history)
  const summary =
    `${history.given.size} records given, ${history.copies.length} in the stream, ${history.requests.length} requests`
  return { result: { seed, violations, met: [...history.met], wakeUps }, scenario, epoch, log, summary }
}

const print = (text: string): void => void process.stdout.write(`${text}\n`)

const whole = (name: string, text: string | undefined, otherwise: number): number => {
  const value = text === undefined ? otherwise : Number(text)
  if (Number.isSafeInteger(value) && value >= 1) return value
  process.stderr.write(`--${name} must be a whole number from 1 on, was ${text}\n`)
  process.exit(2)
}

const printOne = (play: Play, seed: number): number => {
  const { epoch, log, result: { violations }, scenario, summary } = play(seed, true)
  const { steps, ...rest } = scenario
  print(JSON.stringify(rest, undefined, 1))
  print(steps.map((step) => JSON.stringify(step)).join("\n"))
  for (const { at, text } of log) print(`${((at - epoch) / 1000).toFixed(3).padStart(12)}  ${text}`)
  for (const { invariant, text } of violations) print(`VIOLATED ${invariant}: ${text}`)
  print(`seed ${seed}: ${summary}, ${violations.length} violations`)
  return violations.length
}

/** The seeds of one of several processes that share the work. */
const share = (play: Play, first: number, seeds: number, worker: number, workers: number): void => {
  for (let seed = first + worker; seed < first + seeds; seed += workers) process.send!(play(seed, false).result)
  process.disconnect()
}

const printMany = async (
  first: number,
  seeds: number,
  workers: number,
  faults: boolean,
  kind: ReadonlyArray<string>
): Promise<number> => {
  const startedAt = Date.now()
  const results: Array<Result> = []
  const progress = setInterval(() => print(`${results.length} of ${seeds} seeds`), 1000)
  const codes = await Promise.all(Array.from({ length: workers }, (_, worker) =>
    new Promise<number>((resolve) => {
      const shared = [
        ...kind,
        "--seeds",
        String(seeds),
        "--from",
        String(first),
        "--workers",
        String(workers),
        "--share",
        String(worker)
      ]
      const child = fork(fileURLToPath(import.meta.url), shared, {
        execArgv: [...process.execArgv, "--max-semi-space-size=64"]
      })
      child.on("message", (message) => {
        const result = message as Result
        results.push(result)
        const [violation] = result.violations
        if (violation === undefined) return
        print(
          `seed ${result.seed}: ${result.violations.length} violations, the first: ${violation.invariant}: ${violation.text}`
        )
        print(`    again: ${[command, ...kind].join(" ")} --seed ${result.seed}`)
      })
      child.on("exit", (code) => resolve(code ?? 1))
    })))
  clearInterval(progress)
  if (faults) {
    const met = new Map<string, readonly [times: number, seeds: number]>()
    for (const [fault, times] of results.flatMap((result) => result.met)) {
      const [timesBefore, seedsBefore] = met.get(fault) ?? [0, 0]
      met.set(fault, [timesBefore + times, seedsBefore + 1])
    }
    for (const [fault, [times, inSeeds]] of [...met].sort(([a], [b]) => a < b ? -1 : 1)) {
      print(`${String(times).padStart(8)} times in ${String(inSeeds).padStart(5)} seeds  ${fault}`)
    }
  }
  const violated = results.filter(({ violations }) => violations.length > 0)
  const seconds = (Date.now() - startedAt) / 1000
  const wakeUps = results.reduce((sum, result) => sum + result.wakeUps, 0)
  if (violated.length > 0) print(`violating seeds: ${violated.map(({ seed }) => seed).sort((a, b) => a - b).join(" ")}`)
  print(`${seconds.toFixed(1)} s, ${(results.length / seconds).toFixed(1)} seeds/s, ${wakeUps} wake-ups`)
  print(`${results.length} seeds, ${violated.reduce((sum, { violations }) => sum + violations.length, 0)} violations`)
  return violated.length > 0 || results.length < seeds || codes.some((code) => code !== 0) ? 1 : 0
}

const { values } = parseArgs({
  options: {
    seeds: { type: "string" },
    from: { type: "string" },
    seed: { type: "string" },
    workers: { type: "string" },
    share: { type: "string" },
    faults: { type: "boolean" },
    fleet: { type: "boolean" },
    writing: { type: "boolean" },
    compare: { type: "boolean" },
    help: { type: "boolean", short: "h" }
  }
})

const [play, kind] = values.fleet === true
  ? [fleet, ["--fleet"]] as const
  : values.writing === true
  ? [writing, ["--writing"]] as const
  : [reader, []] as const

if (values.writing === true && values.compare === true) {
  print(markdown(whole("seed", values.seed, 1)))
} else if (values.help === true || (values.seed === undefined && values.seeds === undefined)) {
  print(help)
} else if (values.seed !== undefined) {
  process.exitCode = printOne(play, whole("seed", values.seed, 1)) > 0 ? 1 : 0
} else {
  const seeds = whole("seeds", values.seeds, 1)
  const first = whole("from", values.from, 1)
  const workers = whole("workers", values.workers, Math.min(2, availableParallelism(), seeds))
  if (values.share === undefined) {
    process.exitCode = await printMany(first, seeds, workers, values.faults ?? false, kind)
  } else share(play, first, seeds, Number(values.share), workers)
}
