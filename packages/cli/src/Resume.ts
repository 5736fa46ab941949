import type * as Page from "effect-kinesis/Page"
import type * as Position from "effect-kinesis/Position"
import { deflateRawSync, inflateRawSync } from "node:zlib"
import { plural, seconds } from "./Format.js"

export type Positions = Readonly<Record<string, Position.Position>>

/** How far the records of each shard were handed on, as opposed to fetched. */
export interface Progress {
  /** The position of each shard. */
  readonly positions: Record<string, Position.Position>
  /** How far each shard was behind at its last page; undefined if unknown. */
  readonly behind: Map<string, number | undefined>
}

/** A run that begins at stored positions: shards that were read to their end remain so. */
export const begin = (positions: Positions): Progress => ({ positions: { ...positions }, behind: new Map() })

/** A shard begins. A child's place is that of its parents until its first page arrives. */
export const started = (
  { behind, positions }: Progress,
  { because, from, shardId }: { readonly shardId: string; readonly from: Position.Position; readonly because: string }
): void => {
  if (!behind.has(shardId)) behind.set(shardId, undefined)
  if (because !== "parent") positions[shardId] ??= from
}

/** The records of a page were printed. */
export const handled = ({ behind, positions }: Progress, page: Page.Page): void => {
  positions[page.shardId] = page.position
  behind.set(page.shardId, page.millisBehindLatest)
  if (page.position._tag !== "ShardEnd") return
  behind.delete(page.shardId)
  for (const { shardId } of page.childShards) if (!behind.has(shardId)) behind.set(shardId, undefined)
}

/** How much is left to read, according to the last pages. */
export const left = ({ behind }: Progress) => {
  const open = [...behind.values()]
  const late = open.filter((millis) => millis !== 0)
  return {
    shards: open.length,
    shardsBehind: late.length,
    millisBehind: late.includes(undefined) ? null : Math.max(0, ...late.map((millis) => millis!))
  }
}

const prefix = "p1."

/** Positions as one word, for a command line. */
export const toText = (positions: Positions): string =>
  prefix + deflateRawSync(JSON.stringify(positions)).toString("base64url")

/** The positions of such a word, or of a file's JSON; undefined for anything else. */
export const fromText = (text: string): Positions | undefined => {
  try {
    const json = text.startsWith(prefix)
      ? inflateRawSync(Buffer.from(text.slice(prefix.length), "base64url"), { maxOutputLength: 64 * 1024 * 1024 })
        .toString()
      : text
    return positionsOf(JSON.parse(json))
  } catch {
    return undefined
  }
}

const positionsOf = (json: unknown): Positions | undefined => {
  if (typeof json !== "object" || json === null || Array.isArray(json)) return undefined
  const isPosition = (value: unknown) => typeof value === "object" && value !== null && "_tag" in value
  return Object.values(json).every(isPosition) ? json as Positions : undefined
}

export const isWord = (text: string): boolean => text.startsWith(prefix)

/** A word of the shell, quoted if it has to be. */
const quoted = (text: string): string => /^[\w@%+=:,./-]+$/.test(text) ? text : `'${text.replaceAll("'", `'\\''`)}'`

/** More than this is better kept in a file. */
const mostWord = 2_000

/** The command line that continues the run: the options of this one, and the place. */
export const command = (
  options: Readonly<Record<string, string | undefined>>,
  { file, positions }: { readonly file: string | undefined; readonly positions: Positions }
): string => {
  const word = file ?? toText(positions)
  const resume = word.length <= mostWord ? word : "FILE"
  const words = Object.entries({ ...options, resume }).flatMap(([name, value]) =>
    value === undefined ? [] : [`--${name} ${quoted(value)}`]
  )
  return `kinesis read ${words.join(" ")}`
}

/** The last lines: how many shards are behind, and how to continue. */
export const lastLines = (progress: Progress, commandLine: string): ReadonlyArray<string> => {
  const { millisBehind, shards, shardsBehind } = left(progress)
  const by = millisBehind === null ? "" : ` by at most ${seconds(millisBehind)}`
  const told = shards === 0
    ? "every shard was read to its end"
    : shardsBehind === 0
    ? `${shards === 1 ? "the shard" : `all ${plural(shards, "shard")}`} read to the tip`
    : `${shardsBehind} of ${plural(shards, "shard")} still behind${by}`
  const goOn = commandLine.endsWith(" FILE") ? "to keep such a place, name a file" : "to continue"
  return [`${told}; ${goOn}:`, `  ${commandLine}`]
}
