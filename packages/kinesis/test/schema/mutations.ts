/** Numbers from 0 to less than 1. */
export type Random = () => number

/** Random numbers that a seed decides. */
export const randomOf = (seed: number): Random => {
  let state = seed
  return () => {
    state = (Math.imul(state, 1664525) + 1013904223) >>> 0
    return state / 4294967296
  }
}

type Bag = Record<PropertyKey, unknown>

interface Place {
  readonly holder: Bag
  readonly key: string
}

const junk: ReadonlyArray<() => unknown> = [
  null,
  undefined,
  0,
  -1,
  -0,
  1.5,
  1e21,
  NaN,
  "",
  "x",
  "12",
  " a ",
  "2020-01-01",
  "2025-11-24T00:00:00.158Z",
  "12 EUR",
  true,
  false,
  "Created",
  "circle",
  "__proto__",
  "NaN",
  "Infinity",
  10n
].map((value): () => unknown => () => value).concat([
  () => [],
  () => ({}),
  () => [null],
  () => ({ a: 1 }),
  () => ({ _tag: "Paid" }),
  () => ({ _tag: { toString: 1 } }),
  () => [["k", 1]],
  () => Object.create(null) as unknown,
  () => new Date(0),
  () => new Map([["k", 1]]),
  () => () => 1
])

const isObject = (value: unknown): value is Bag => typeof value === "object" && value !== null

const isPlain = (value: unknown): value is Bag => isOwn(value) && !Array.isArray(value)

/** Only what is made for one input is changed: values such as `Option.none()` are shared by the whole process. */
const isOwn = (value: unknown): value is Bag => {
  if (!isObject(value)) return false
  const prototype: unknown = Object.getPrototypeOf(value)
  return Array.isArray(value) || prototype === Object.prototype || prototype === null ||
    String((prototype as { readonly constructor?: unknown }).constructor).startsWith("class ")
}

const define = (holder: Bag, key: PropertyKey, descriptor: PropertyDescriptor): void => {
  Object.defineProperty(holder, key, { enumerable: true, configurable: true, ...descriptor })
}

const put = (holder: Bag, key: PropertyKey, value: unknown): void => define(holder, key, { value, writable: true })

const placesIn = (root: Bag): ReadonlyArray<Place> => {
  const places: Array<Place> = []
  const walk = (holder: Bag, key: string): void => {
    places.push({ holder, key })
    const value = holder[key]
    if (isOwn(value)) { for (const inner of Object.keys(value)) walk(value, inner) }
  }
  walk(root, "root")
  return places
}

/** What a change may do to the value at a place. Some do nothing to some values. */
const changes: ReadonlyArray<(place: Place, pick: <A>(values: ReadonlyArray<A>) => A) => void> = [
  ({ holder, key }, pick) => put(holder, key, pick(junk)()),
  ({ holder, key }) => {
    if (Array.isArray(holder)) holder.splice(Number(key), 1)
    else if (key !== "root") Reflect.deleteProperty(holder, key)
  },
  ({ holder, key }, pick) => {
    const value = holder[key]
    if (isPlain(value)) put(value, pick(["extra", "a", "b", "note", "1"]), pick(junk)())
    if (Array.isArray(value)) value.push(pick(junk)())
  },
  ({ holder, key }) => {
    const value = holder[key]
    if (!isPlain(value)) return
    const entries = Object.entries(value).toReversed()
    for (const [name] of entries) Reflect.deleteProperty(value, name)
    for (const [name, inner] of entries) put(value, name, inner)
  },
  ({ holder, key }, pick) => {
    const value = holder[key]
    if (typeof value === "number") put(holder, key, pick([value + 0.5, -value, String(value), value * 1e18]))
    if (typeof value === "string") {
      put(holder, key, pick([`${value}x`, value.toUpperCase(), Number(value), value.slice(1)]))
    }
  },
  ({ holder, key }, pick) => {
    const value = holder[key]
    if (isPlain(value)) put(value, pick(["__proto__", "constructor", "toString", "length"]), pick(junk)())
  },
  ({ holder, key }) => {
    const value = holder[key]
    if (!Array.isArray(holder)) define(holder, key, { get: () => value })
  },
  ({ holder, key }) => {
    const value = holder[key]
    if (isPlain(value) && Object.getPrototypeOf(value) === Object.prototype) put(holder, key, Object.create(value))
  },
  ({ holder, key }, pick) => {
    const value = holder[key]
    if (isPlain(value)) define(value, Symbol.for("extra"), { value: pick(junk)() })
  }
]

/** Changes a value in one to three places. */
export const mutate = (value: unknown, random: () => number): unknown => {
  const pick = <A>(values: ReadonlyArray<A>): A => values[Math.floor(random() * values.length)]!
  const root: Bag = { root: value }
  for (let times = 1 + Math.floor(random() * 3); times > 0; times--) pick(changes)(pick(placesIn(root)), pick)
  return root["root"]
}
