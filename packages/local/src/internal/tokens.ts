/** Iterators and listing tokens: text that only the service can read, and in which a change is detected. */
import type { Refusal } from "./refusal.js"

const checksum = (text: string): string => {
  let hash = 0x811c9dc5
  for (let index = 0; index < text.length; index++) hash = Math.imul(hash ^ text.charCodeAt(index), 0x01000193)
  return (hash >>> 0).toString(16).padStart(8, "0")
}

/** What a token is for. */
type Kind = "iterator" | "shards" | "streams" | "consumers"

export const seal = (kind: Kind, content: unknown): string => {
  const text = JSON.stringify([kind, content])
  return Buffer.from(checksum(text) + text, "utf8").toString("base64")
}

/** The sealed content, or undefined if this is not such a token. */
export const unseal = (kind: Kind, token: unknown): unknown => {
  if (typeof token !== "string") return undefined
  const bytes = Buffer.from(token, "base64")
  const opened = bytes.toString("utf8")
  const text = opened.slice(8)
  if (bytes.toString("base64") !== token || checksum(text) !== opened.slice(0, 8)) return undefined
  const [sealed, content] = JSON.parse(text) as [string, unknown]
  return sealed === kind ? content : undefined
}

/** For 5 minutes, up to but not including the last instant. */
export const lifetime = 300_000

export const isExpired = (issuedAt: number, now: number): boolean => now - issuedAt >= lifetime

const two = (value: number): string => String(value).padStart(2, "0")
const days = ["Sun", "Mon", "Tue", "Wed", "Thu", "Fri", "Sat"]
const months = ["Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec"]

/** An instant as the service writes it in its messages: `Thu Jan 22 01:22:02 UTC 2015`. */
export const instant = (millis: number): string => {
  const date = new Date(millis)
  const time = [date.getUTCHours(), date.getUTCMinutes(), date.getUTCSeconds()].map(two).join(":")
  const day = `${days[date.getUTCDay()]!} ${months[date.getUTCMonth()]!} ${two(date.getUTCDate())}`
  return `${day} ${time} UTC ${date.getUTCFullYear()}`
}

/** The refusal of a listing's token that has expired. */
export const expired = (issuedAt: number, now: number): Refusal => ({
  refused: "ExpiredListToken",
  description: `The NextToken expired. It was created at time ${instant(issuedAt)} while right now it is ${
    instant(now)
  }.`
})
