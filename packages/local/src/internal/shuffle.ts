import { PCGRandom } from "effect/Utils"

/** A whole number from 0 to the given one, both included. */
export type Draw = (most: number) => number

/** Draws that a seed decides. */
export const drawFrom = (seed: number): Draw => {
  const random = new PCGRandom(seed)
  return (most) => random.integer(most + 1)
}

/** Puts the values in a drawn order, in place. */
export const shuffle = <A>(values: Array<A>, draw: Draw): Array<A> => {
  for (let last = values.length - 1; last > 0; last--) {
    const other = draw(last)
    const kept = values[last]!
    values[last] = values[other]!
    values[other] = kept
  }
  return values
}
