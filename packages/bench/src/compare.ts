import { type Run, type Spread, spread } from "./measure.js"
import { startWorker } from "./processes.js"

/** One way to do the same. */
export interface Way {
  readonly title: string
  readonly subject: string
  readonly argument: unknown
  /** Options of Node for this way only. */
  readonly flags?: ReadonlyArray<string>
}

export interface Compared {
  readonly title: string
  /** Units per second. */
  readonly rate: Spread
  /** Microseconds of CPU per unit. */
  readonly cpuMicros: Spread
  readonly peakMegabytes: number
  /** Compared with the first way, pair by pair. */
  readonly ratio: Spread
  readonly cpuRatio: Spread
}

/** How long each way runs, how often, and how long before it counts. */
export interface Pace {
  readonly rounds: number
  readonly millis: number
  readonly warmUpMillis: number
}

const rateOf = ({ units, wallMillis }: Run): number => (units * 1000) / wallMillis
const cpuOf = ({ cpuMillis, units }: Run): number => (cpuMillis * 1000) / units

/** Runs the ways in turn, each in a process of its own: A B C A B C …, so that a change of the machine's speed affects all. */
export const compare = async (
  subjects: string,
  ways: ReadonlyArray<Way>,
  pace: Pace,
  options: Parameters<typeof startWorker>[3] = {}
): Promise<ReadonlyArray<Compared>> => {
  const workers = []
  for (const { argument, flags = [], subject } of ways) {
    workers.push(
      await startWorker(subjects, subject, argument, { ...options, flags: [...options.flags ?? [], ...flags] })
    )
  }
  for (const worker of workers) await worker.run(pace.warmUpMillis)
  const runs: Array<Array<Run>> = ways.map(() => [])
  for (let round = 0; round < pace.rounds; round++) {
    for (const [index, worker] of workers.entries()) runs[index]!.push(await worker.run(pace.millis))
  }
  for (const worker of workers) worker.stop()
  return ways.map(({ title }, index) => {
    const own = runs[index]!
    const pairs = (value: (run: Run) => number) => own.map((run, round) => value(run) / value(runs[0]![round]!))
    return {
      title,
      rate: spread(own.map(rateOf)),
      cpuMicros: spread(own.map(cpuOf)),
      peakMegabytes: Math.max(...own.map(({ peakMegabytes }) => peakMegabytes)),
      ratio: spread(pairs(rateOf)),
      cpuRatio: spread(pairs(cpuOf))
    }
  })
}

/** Measures once, in a process of its own. */
export const once = async (
  subjects: string,
  name: string,
  argument: unknown,
  options: Parameters<typeof startWorker>[3] = {}
): Promise<Readonly<Record<string, number>>> => {
  const worker = await startWorker(subjects, name, argument, options)
  const result = await worker.once()
  worker.stop()
  return result
}
