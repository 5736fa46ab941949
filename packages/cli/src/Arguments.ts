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
