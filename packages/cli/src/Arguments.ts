import * as Option from "effect/Option"

const units: Record<string, number> = { ms: 1, s: 1000, m: 60_000, h: 3_600_000 }

/** `500ms`, `10s`, `2m` or `1h` in milliseconds, from one second to one day. */
export const duration = (text: string): Option.Option<number> => {
  const [, value, unit] = /^(\d+(?:\.\d+)?)(ms|s|m|h)$/.exec(text.trim()) ?? []
  if (value === undefined || unit === undefined) return Option.none()
  const millis = Number(value) * units[unit]!
  return millis >= 1000 && millis <= 24 * units["h"]! ? Option.some(millis) : Option.none()
}

export const durationHelp = "a time such as 500ms, 10s, 2m or 1h, from 1s to 24h"

/** `trim-horizon`, `latest`, or a date and time with its zone. */
export const from = (text: string): Option.Option<"trim-horizon" | "latest" | Date> => {
  if (text === "trim-horizon" || text === "latest") return Option.some(text)
  if (!/^\d{4}-\d\d-\d\dT\d\d:\d\d(:\d\d(\.\d+)?)?(Z|[+-]\d\d:\d\d)$/.test(text)) return Option.none()
  const date = new Date(text)
  return Number.isNaN(date.getTime()) ? Option.none() : Option.some(date)
}

export const fromHelp = "trim-horizon (the oldest record), latest, or a time with its zone such as 2026-11-23T08:00:00Z"
