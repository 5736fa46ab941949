import { assert } from "@effect/vitest"

/** The least processor time of some attempts, in microseconds: what others do on this machine is not in it. */
const least = (attempts: number, work: () => void): number => {
  let best = Infinity
  for (let attempt = 0; attempt < attempts; attempt++) {
    const before = process.cpuUsage()
    work()
    const { system, user } = process.cpuUsage(before)
    best = Math.min(best, user + system)
  }
  return best
}

/**
 * Asserts that sixteen times as much to do takes about sixteen times the processor time, not the 256 times of steps that each go through all.
 * Caches and the garbage collector have their share in it, so one round in three must be well below.
 */
export const assertProportional = (work: (size: number) => void, size: number, message: string): void => {
  let growth = Infinity
  for (let round = 0; round < 3 && growth >= 100; round++) {
    const part = least(5, () => work(size / 16))
    growth = Math.min(growth, least(2, () => work(size)) / part)
  }
  assert.isBelow(growth, 100, message)
}
