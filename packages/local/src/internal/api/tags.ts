import { arnOf, findStream } from "../lookup.js"
import type { Account, Stream } from "../model.js"
import type { Refusal } from "../refusal.js"
import { invalid, isRefusal, notInRange } from "../refusal.js"
import * as Resources from "./resources.js"

type Tags = Readonly<Record<string, string>>

const mostTags = 50
const permitted = /^[\p{L}\p{Z}\p{N}_.:/=+\-%@]*$/u

const refuseText = (field: string, text: string, least: number, most: number): Refusal | undefined =>
  text.length < least || text.length > most
    ? notInRange(field, `${least} to ${most} characters`, `${text.length} characters`)
    : permitted.test(text)
    ? undefined
    : notInRange(field, "letters, digits, white space and _ . : / = + - % @", text)

const refuseTag = ([key, value]: readonly [string, string]): Refusal | undefined =>
  refuseText("tags.key", key, 1, 128) ?? refuseText("tags.value", value, 0, 256) ??
    (/^aws:/i.test(key) ? notInRange("tags.key", "a key that does not begin with aws:", key) : undefined)

const first = <A>(values: ReadonlyArray<A>, judge: (value: A) => Refusal | undefined): Refusal | undefined => {
  for (const value of values) {
    const refusal = judge(value)
    if (refusal !== undefined) return refusal
  }
  return undefined
}

/** Why a resource may not have these tags beside those it has. */
export const refuse = (present: Tags, tags: Tags): Refusal | undefined => {
  const bad = first(Object.entries(tags), refuseTag)
  if (bad !== undefined) return bad
  const count = Object.keys({ ...present, ...tags }).length
  return count <= mostTags
    ? undefined
    : invalid("tags", `Failed to add tags: a resource can have ${mostTags} tags, this one would have ${count}.`)
}

const of = (stream: Stream, arn: string): Tags => stream.details.tags[arn] ?? {}

/** Attaches tags to a stream, or to one of its consumers. */
export const set = (stream: Stream, arn: string, tags: Tags): void => {
  stream.details = { ...stream.details, tags: { ...stream.details.tags, [arn]: tags } }
}

/** A resource that gets or loses tags. */
export type Found = Resources.Resource | Refusal

/** By the stream's name or ARN. */
export const ofStream = (account: Account, stream: string, now: number): Found => {
  const found = findStream(account, stream, now)
  return isRefusal(found) ? found : { stream: found, arn: arnOf(account, found.name) }
}

export const ofResource = (account: Account, arn: string, now: number): Found => Resources.find(account, arn, now)

export const add = (found: Found, tags: Tags): Refusal | undefined => {
  if (isRefusal(found)) return found
  const present = of(found.stream, found.arn)
  const refusal = refuse(present, tags)
  if (refusal === undefined) set(found.stream, found.arn, { ...present, ...tags })
  return refusal
}

export const remove = (found: Found, keys: ReadonlyArray<string>): Refusal | undefined => {
  if (isRefusal(found)) return found
  const bad = first(keys, (key) => refuseText("tagKeys", key, 1, 128))
  if (bad !== undefined) return bad
  const left = Object.entries(of(found.stream, found.arn)).filter(([key]) => !keys.includes(key))
  set(found.stream, found.arn, Object.fromEntries(left))
  return undefined
}

/** A tag as listings show it. */
export interface Tag {
  readonly key: string
  readonly value: string
}

/** A page of tags in the order of their keys. */
export const list = (
  found: Found,
  { after = "", limit = mostTags }: { readonly after?: string | undefined; readonly limit?: number | undefined } = {}
): { readonly tags: ReadonlyArray<Tag>; readonly hasMoreTags: boolean } | Refusal => {
  if (isRefusal(found)) return found
  if (!Number.isSafeInteger(limit) || limit < 1 || limit > mostTags) return notInRange("limit", "1 to 50", limit)
  const all = Object.entries(of(found.stream, found.arn)).filter(([key]) => key > after).sort(([a], [b]) =>
    a < b ? -1 : 1
  )
  return {
    tags: all.slice(0, limit).map(([key, value]) => ({ key, value })),
    hasMoreTags: all.length > limit
  }
}
