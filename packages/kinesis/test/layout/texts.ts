import type { Random } from "../schema/mutations.js"

/** Texts are strings of bytes, a character each, so that they can be invalid UTF-8, too. */
export type Bytes = string

export const bytesOf = (text: string): Bytes => Buffer.from(text).toString("latin1")

/** JSON as most writers print it, or as Python does: with a blank behind each comma and colon. */
export const printed = (value: unknown, isSpaced: boolean): string => {
  if (!isSpaced) return JSON.stringify(value) ?? "null"
  if (typeof value !== "object" || value === null) return JSON.stringify(value) ?? "null"
  return Array.isArray(value)
    ? `[${value.map((each) => printed(each, true)).join(", ")}]`
    : `{${
      Object.entries(value)
        .filter(([, member]) => member !== undefined)
        .map(([key, member]) => `${JSON.stringify(key)}: ${printed(member, true)}`)
        .join(", ")
    }}`
}

/** Values that no schema has asked for. */
export const extras: ReadonlyArray<unknown> = [
  0,
  -1.5e-7,
  "",
  "plain",
  "\"\\/\b\f\n\r\t\u0001",
  "é€😀\ufeff",
  true,
  null,
  [],
  {},
  [[1, "a"], { a: { b: [null, false] } }],
  { "": 0, "__proto__": 1, "a\"b": "c", "ü": -0 }
]

const numbers = [
  "-0",
  "0",
  "-0.0",
  "0.0",
  "00",
  "01",
  "-01",
  "-",
  "--1",
  "+1",
  "1.",
  ".5",
  "1.5.5",
  "1.50",
  "0.1",
  "-7",
  "1E5",
  "1e-7",
  "1e",
  "1e+",
  "1e400",
  "-1e400",
  "1e-400",
  "5e-324",
  "0.000001",
  "0.0000001",
  "999999999999999",
  "123456789012345",
  "1234567890123456",
  "12345678901234567890",
  "9007199254740991",
  "9007199254740992",
  "9007199254740993",
  "-9007199254740993",
  "0.1234567890123456",
  "0.12345678901234567",
  "99999999999.9999",
  "1.7976931348623159e308",
  "123456789.123456",
  "1234567.12345678",
  "12345678.12345678",
  "4.35",
  "0.3",
  "2.675",
  "1_000",
  "0x10",
  "NaN",
  "Infinity",
  "1 2",
  "9".repeat(400),
  `0.${"0".repeat(30)}1`,
  "2147483647",
  "2147483648",
  "-2147483649",
  "4294967296"
] as const

const dates = [
  "2025-11-24T00:00:00.158Z",
  "2025-11-24T00:00:00Z",
  "2024-02-29T23:59:59.999Z",
  "2025-02-29T00:00:00.000Z",
  "2025-02-30T00:00:00.000Z",
  "2025-04-31T00:00:00.000Z",
  "2025-12-31T23:59:59.999Z",
  "2025-13-01T00:00:00.000Z",
  "2025-00-10T00:00:00.000Z",
  "2025-01-00T00:00:00.000Z",
  "2025-01-32T00:00:00.000Z",
  "2025-01-01T24:00:00.000Z",
  "2025-01-01T24:00:00.001Z",
  "2025-01-01T00:60:00.000Z",
  "2025-01-01T00:00:60.000Z",
  "0000-01-01T00:00:00.000Z",
  "0050-01-01T00:00:00.000Z",
  "0099-12-31T00:00:00.000Z",
  "0100-01-01T00:00:00.000Z",
  "9999-12-31T23:59:59.999Z",
  "+010000-01-01T00:00:00.000Z",
  "-000001-01-01T00:00:00.000Z",
  "2025-11-24T00:00:00.158",
  "2025-11-24T00:00:00.15Z",
  "2025-11-24T00:00:00.1589Z",
  "2025-11-24 00:00:00.158Z",
  "2025-11-24t00:00:00.158z",
  "2025-11-24T00:00:00,158Z",
  "2025-11-24T00:00:00.158+01:00",
  "2025-11-24",
  "202{-11-24T00:00:00.158Z",
  "2025-1a-24T00:00:00.158Z",
  "2025-11-24T00:0 :00.158Z",
  "2025-11-24T00:00:00.1:8Z",
  "2025-11-24T00:00:00:158Z",
  "2025/11/24T00:00:00.158Z",
  "1970-01-01T00:00:00.000Z",
  ""
] as const

const characters = [
  "\\\"",
  "\\\\",
  "\\/",
  "\\b",
  "\\n",
  "\\u0041",
  "\\u00e9",
  "\\ud83d\\ude00",
  "\\ud83d",
  "\\u00",
  "\\x",
  "\\",
  "\u0001",
  "\n",
  "\t",
  "\u001f",
  "\u007f",
  "\u0080",
  "\u00ff",
  bytesOf("é"),
  bytesOf("€"),
  bytesOf("😀"),
  bytesOf("\ufeff"),
  "\xc0\x80",
  "\xed\xa0\x80",
  "\xf4\x90\x80\x80",
  "\xe2\x82",
  " ",
  "x".repeat(40),
  "/",
  "'"
] as const

const tokens = [
  "\"",
  "{",
  "}",
  "[",
  "]",
  ",",
  ":",
  " ",
  "  ",
  "\n",
  "\r\n",
  "\t",
  "0",
  "9",
  "-",
  "+",
  ".",
  "e",
  "null",
  "true",
  "false",
  "nul",
  "tru",
  "undefined",
  "{}",
  "[]",
  "\"\"",
  ",,",
  "\"a\":1,",
  "\"id\":1,",
  "\"__proto__\":1,",
  ",\"__proto__\":{\"id\":1}",
  ",\"extra\":[1,{\"a\":01}]",
  "/**/",
  "\u0000",
  "\u000b",
  "\ufeff",
  bytesOf("\ufeff"),
  bytesOf("\u2028"),
  bytesOf("\u00a0")
] as const

type Change = (text: Bytes, random: Random) => Bytes

const below = (random: Random, count: number): number => Math.floor(random() * count)

const pick = <A>(random: Random, from: ReadonlyArray<A>): A => from[below(random, from.length)]!

const put = (text: Bytes, at: number, to: number, by: Bytes): Bytes => text.slice(0, at) + by + text.slice(to)

/** The next place of what matches, from a place that is drawn; the first one behind the end. */
const found = (text: Bytes, pattern: RegExp, random: Random): RegExpExecArray | null => {
  pattern.lastIndex = below(random, text.length)
  return pattern.exec(text) ?? pattern.exec(text)
}

/** Replaces the part that is found by one of these. */
const replaced = (pattern: RegExp, by: ReadonlyArray<Bytes>): Change => (text, random) => {
  const part = found(text, pattern, random)
  return part === null ? text : put(text, part.index, part.index + part[0].length, pick(random, by))
}

/** Changes one object of a text that is JSON: its members, in order. */
const ofMembers = (change: (members: Array<[string, unknown]>, random: Random) => void): Change => (text, random) => {
  const isSpaced = text.includes("\": ")
  let count = 0
  const walk = (value: unknown, chosen: number): string => {
    if (typeof value !== "object" || value === null) return JSON.stringify(value)
    const comma = isSpaced ? ", " : ","
    if (Array.isArray(value)) return `[${value.map((each) => walk(each, chosen)).join(comma)}]`
    const members = Object.entries(value)
    if (count++ === chosen) change(members, random)
    return `{${
      members.map(([key, member]) => `${JSON.stringify(key)}:${isSpaced ? " " : ""}${walk(member, chosen)}`).join(comma)
    }}`
  }
  try {
    return bytesOf(walk(JSON.parse(Buffer.from(text, "latin1").toString()), below(random, 4)))
  } catch {
    return text
  }
}

const ofKeys: ReadonlyArray<Change> = [
  ofMembers((members, random) => {
    const [moved] = members.splice(below(random, members.length), 1)
    if (moved !== undefined) members.splice(below(random, members.length + 1), 0, moved)
  }),
  ofMembers((members, random) => {
    if (members.length > 0) members.splice(below(random, members.length + 1), 0, pick(random, members))
  }),
  ofMembers((members, random) => void members.splice(below(random, members.length), 1)),
  ofMembers((members, random) => {
    const key = pick(random, ["extra", "__proto__", "constructor", "a", "", "é"])
    members.splice(below(random, members.length + 1), 0, [key, pick(random, extras)])
  })
]

const changes: ReadonlyArray<Change> = [
  (text, random) => {
    const at = below(random, text.length + 1)
    return put(text, at, at, pick(random, tokens))
  },
  (text, random) => {
    const at = below(random, text.length)
    return put(text, at, at + 1 + below(random, 4), "")
  },
  (text, random) => {
    const at = below(random, text.length)
    return put(text, at, at + below(random, 4), pick(random, tokens))
  },
  (text, random) => {
    const at = below(random, text.length)
    return put(text, at, at + 1, String.fromCharCode(below(random, random() < 0.7 ? 128 : 256)))
  },
  (text, random) => {
    const [from, at] = [below(random, text.length), below(random, text.length)]
    return put(text, at, at, text.slice(from, from + below(random, 30)))
  },
  (text, random) => {
    const [from, at] = [below(random, text.length), below(random, text.length)]
    const length = 1 + below(random, 12)
    return put(
      put(text, at, at + length, text.slice(from, from + length)),
      from,
      from + length,
      text.slice(at, at + length)
    )
  },
  replaced(/-?\d+(\.\d+)?/g, numbers),
  replaced(/(?<=[:,[] ?)-?\d+(\.\d+)?/g, numbers),
  replaced(/(?<=[:,[] ?)-?\d+(\.\d+)?/g, numbers),
  replaced(/\d{4}-\d\d-\d\dT[\d:.]+Z/g, dates),
  replaced(/\d{4}-\d\d-\d\dT[\d:.]+Z/g, dates),
  replaced(/(?<=[^\\]"[^"]*)(?=[^"]*")/g, characters),
  replaced(/(?<=")(?=[^"]*")/g, characters),
  replaced(/"[^"\\]*"/g, ["\"\"", "null", "0", "\"2020-01-01\"", "\"x\"", "\"12\"", "\"1.50\"", "[]", "{}"]),
  replaced(/(?<=: ?)("[^"\\]*"|-?\d+(\.\d+)?|true|false|null)/g, [
    "\"\"",
    "null",
    "0",
    "-0",
    "1.5",
    "true",
    "false",
    "\"a\"",
    "\"7\"",
    "[]",
    "{}",
    "{\"a\":1}",
    "[1]"
  ]),
  (text, random) => text.slice(0, below(random, text.length)),
  (text) => text + text,
  (text, random) =>
    pick(random, [
      `[${text}]`,
      `{"a":${text}}`,
      ` ${text}`,
      `${text} `,
      `${text}\n`,
      bytesOf(`\ufeff`) + text,
      `"${text}"`
    ]),
  (text, random) => pick(random, ofKeys)(text, random)
]

/** Changes a text in one place or, more rarely, in two or three. */
export const mutate = (text: Bytes, random: Random): Bytes => {
  let changed = text
  do changed = pick(random, changes)(changed, random)
  while (random() < 0.3)
  return changed
}
