/** A source of numbers that a seed decides: the same seed gives the same numbers, on every machine. */
export interface Random {
  /** From 0 up to but not including 1. */
  readonly next: () => number
  /** A whole number, both ends included. */
  readonly int: (from: number, to: number) => number
  /** True this often. */
  readonly chance: (probability: number) => boolean
  readonly pick: <A>(values: ReadonlyArray<A>) => A
  /** One of the values, each as likely as its weight says. */
  readonly weighted: <A>(values: ReadonlyArray<readonly [weight: number, value: A]>) => A
}

/** Spreads neighbouring seeds over all 32 bits (the finalizer of MurmurHash3). */
const scatter = (seed: number): number => {
  let bits = (seed + 0x9e3779b9) | 0
  bits = Math.imul(bits ^ (bits >>> 16), 0x85ebca6b)
  bits = Math.imul(bits ^ (bits >>> 13), 0xc2b2ae35)
  return bits ^ (bits >>> 16)
}

/** The mulberry32 generator. `stream` gives independent numbers for one seed. */
export const make = (seed: number, stream = 0): Random => {
  let state = scatter(scatter(seed) + stream)
  const next = (): number => {
    state = (state + 0x6d2b79f5) | 0
    let bits = Math.imul(state ^ (state >>> 15), 1 | state)
    bits = (bits + Math.imul(bits ^ (bits >>> 7), 61 | bits)) ^ bits
    return ((bits ^ (bits >>> 14)) >>> 0) / 4_294_967_296
  }
  const int = (from: number, to: number): number => from + Math.floor(next() * (to - from + 1))
  return {
    next,
    int,
    chance: (probability) => next() < probability,
    pick: (values) => values[int(0, values.length - 1)]!,
    weighted: (values) => {
      let left = next() * values.reduce((sum, [weight]) => sum + weight, 0)
      return (values.find(([weight]) => (left -= weight) < 0) ?? values.at(-1)!)[1]
    }
  }
}
