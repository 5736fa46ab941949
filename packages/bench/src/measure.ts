/** What one run of a subject came to. */
export interface Run {
  /** How much was done, in the subject's own unit: records, calls. */
  readonly units: number
  readonly wallMillis: number
  readonly cpuMillis: number
  /** The most memory that the process ever held. */
  readonly peakMegabytes: number
}

/** Does as much as it can in the time, and tells how much that was. */
export type Subject = (millis: number) => Promise<number>

/** Makes a subject, in the process that is to be measured. */
export type MakeSubject = (name: string, argument: any) => Promise<Subject>

/** Measures what is not a rate, in the process that is to be measured. */
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
