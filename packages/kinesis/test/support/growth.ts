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
 * Asserts that sixteen times as much to do takes about sixteen times the processor time, not the 256 times of steps that each go through all. The
 * caches and the garbage collector have their share in it, so it is by far.
 */
export const assertProportional = (work: (size: number) => void, size: number, message: string): void => {
  const part = least(5, () => work(size / 16))
  assert.isBelow(least(3, () => work(size)) / part, 80, message)
}
