/** The result of one run of a subject. */
export interface Run {
  /** How much was done, in the subject's own unit: records, calls. */
  readonly units: number
  readonly wallMillis: number
  readonly cpuMillis: number
  /** The peak memory of the process. */
  readonly peakMegabytes: number
}

/** Does as much as it can in the time, and returns how much that was. */
export type Subject = (millis: number) => Promise<number>

/** Makes a subject, in the process that is measured. */
export type MakeSubject = (name: string, argument: any) => Promise<Subject>

/** Measures something other than a rate, in the process that is measured. */
export type MeasureOnce = (name: string, argument: any) => Promise<Readonly<Record<string, number>>>

export interface Spread {
  readonly min: number
  readonly median: number
  readonly max: number
}

export const spread = (values: ReadonlyArray<number>): Spread => {
  const sorted = [...values].sort((a, b) => a - b)
  return { min: sorted[0]!, median: sorted[Math.floor(sorted.length / 2)]!, max: sorted.at(-1)! }
}
