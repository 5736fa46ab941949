#!/usr/bin/env node
import { fork } from "node:child_process"
import { availableParallelism } from "node:os"
import { fileURLToPath } from "node:url"
import { parseArgs } from "node:util"
import * as Invariants from "./invariants.js"
import * as Scenario from "./scenario.js"
import { simulate } from "./simulate.js"

const command = "node --import tsx packages/simulation/src/bin.ts"

const help =
  `Lets histories of reading a stream happen in virtual time, and checks that nothing is lost, repeated or reordered.

${command} --seeds N [--from M] [--workers W] [--faults]
    N histories, those of the seeds from M on (1 unless told), in W processes (2 at the most, unless told).
    --faults tells how often each kind of fault met the reader.
${command} --seed N
    The history of one seed, with all that happened at its virtual time.

The exit code is 1 if an invariant was violated.
`

/** What one seed came to. */
interface Result {
  readonly seed: number
  readonly violations: ReadonlyArray<Invariants.Violation>
  readonly met: ReadonlyArray<readonly [fault: string, times: number]>
  readonly wakeUps: number
}

const judge = (seed: number): Result => {
  const history = simulate(Scenario.make(seed))
  const repeats = Invariants.unavoidableRepeats(history)
  return {
    seed,
    violations: Invariants.violations(history),
    met: [...history.met, ...repeats > 0 ? [["record repeated after a crash", repeats] as const] : []],
    wakeUps: history.wakeUps
  }
}

const print = (text: string): void => void process.stdout.write(`${text}\n`)

const whole = (name: string, text: string | undefined, otherwise: number): number => {
  const value = text === undefined ? otherwise : Number(text)
  if (Number.isSafeInteger(value) && value >= 1) return value
  process.stderr.write(`--${name} must be a whole number from 1 on, was ${text}\n`)
  process.exit(2)
}

const printOne = (seed: number): number => {
  const scenario = Scenario.make(seed)
  const history = simulate(scenario, { verbose: true })
  const violations = Invariants.violations(history)
  const { steps, ...rest } = scenario
  print(JSON.stringify(rest, undefined, 1))
  print(steps.map((step) => JSON.stringify(step)).join("\n"))
  for (const { at, text } of history.log) print(`${((at - history.epoch) / 1000).toFixed(3).padStart(12)}  ${text}`)
  for (const { invariant, text } of violations) print(`VIOLATED ${invariant}: ${text}`)
  print(`seed ${seed}: ${history.written.length} records, ${history.runs.length} runs, ${violations.length} violations`)
  return violations.length
}

/** The seeds of one of several processes that share the work. */
const share = (first: number, seeds: number, worker: number, workers: number): void => {
  for (let seed = first + worker; seed < first + seeds; seed += workers) process.send!(judge(seed))
  process.disconnect()
}

const printMany = async (first: number, seeds: number, workers: number, faults: boolean): Promise<number> => {
  const startedAt = Date.now()
  const results: Array<Result> = []
  const progress = setInterval(() => print(`${results.length} of ${seeds} seeds`), 1000)
  const codes = await Promise.all(Array.from({ length: workers }, (_, worker) =>
    new Promise<number>((resolve) => {
      const shared = [
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
        print(`    again: ${command} --seed ${result.seed}`)
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
    help: { type: "boolean", short: "h" }
  }
})

if (values.help === true || (values.seed === undefined && values.seeds === undefined)) {
  print(help)
} else if (values.seed !== undefined) {
  process.exitCode = printOne(whole("seed", values.seed, 1)) > 0 ? 1 : 0
} else {
  const seeds = whole("seeds", values.seeds, 1)
  const first = whole("from", values.from, 1)
  const workers = whole("workers", values.workers, Math.min(2, availableParallelism(), seeds))
  if (values.share === undefined) process.exitCode = await printMany(first, seeds, workers, values.faults ?? false)
  else share(first, seeds, Number(values.share), workers)
}
