import { quoted } from "../text/describe.js"

/** Why a value is not permitted; `at` is where in it, such as a key. */
export interface Refusal {
  readonly at?: string | undefined
  readonly description: string
}

/** What a value must be, and what it was: quoted, unless `was` says it in words of its own. */
export const refused = (mustBe: string, given: unknown, was: string = quoted(given)): Refusal => ({
  description: `must be ${mustBe}, was ${was}`
})

/** Judges the value of an option, beside the other options. */
export type Check = (given: unknown, options: Readonly<Record<string, unknown>>) => Refusal | undefined

/** The names of all options, also of those that only some members of a union have. */
type NamesOf<Options> = Options extends unknown ? keyof Options & string : never

/** A check for every option: the one place that knows which options there are. */
export type Table<Options> = Readonly<Record<NamesOf<Options>, Check>>

/** An option, and what is wrong with it. */
export interface Fault {
  readonly field: string
  readonly description: string
}

type Fields = Readonly<Record<string, unknown>>

const isFields = (given: unknown): given is Fields =>
  typeof given === "object" && given !== null && !Array.isArray(given)

/** The first thing that is wrong with the options: a name that nobody knows, else a value. Takes anything, and never throws. */
export const faultIn = (table: Readonly<Record<string, Check>>, options: unknown): Fault | undefined => {
  let field = "options"
  try {
    if (!isFields(options)) return { field, ...refused("an object with the options", options) }
    const known = Object.keys(table)
    const unknown = Object.keys(options).find((name) => !known.includes(name) && options[name] !== undefined)
    if (unknown !== undefined) return { field: unknown, description: unheardOf(unknown, known) }
    for (field of known) {
      const refusal = table[field]!(options[field], options)
      if (refusal === undefined) continue
      const { at, description } = refusal
      return { field: at === undefined ? field : `${field}.${at}`, description }
    }
    return undefined
  } catch {
    return { field, description: "cannot be read" }
  }
}

const unheardOf = (name: string, known: ReadonlyArray<string>): string => {
  const meant = nearest(name, known)
  return meant === undefined
    ? `is not an option; the options are ${known.toSorted().join(", ")}`
    : `is not an option; did you mean ${meant}?`
}

/** How many letters must be put in, left out or changed to make one word of another. */
const distance = (one: string, other: string): number => {
  let above = Array.from({ length: other.length + 1 }, (_, column) => column)
  for (let row = 1; row <= one.length; row++) {
    const current = [row]
    for (let column = 1; column <= other.length; column++) {
      const changed = above[column - 1]! + (one[row - 1] === other[column - 1] ? 0 : 1)
      current.push(Math.min(changed, above[column]! + 1, current[column - 1]! + 1))
    }
    above = current
  }
  return above[other.length]!
}

const isWithin = (one: string, other: string): boolean =>
  Math.min(one.length, other.length) > 3 && (one.includes(other) || other.includes(one))

/** The known name that was probably meant, mistyped or cut: undefined where none is like it. */
const nearest = (name: string, known: ReadonlyArray<string>): string | undefined => {
  const lower = name.slice(0, 64).toLowerCase()
  const [first] = known
    .map((each) => ({ each, far: distance(lower, each.toLowerCase()) }))
    .toSorted((a, b) => a.far - b.far)
  return first !== undefined && first.far <= Math.max(2, Math.floor(lower.length / 3))
    ? first.each
    : known.find((each) => isWithin(lower, each.toLowerCase()))
}
