import * as Duration from "effect/Duration"
import * as Option from "effect/Option"

/** The units, as Effect's durations spell them. */
const units: Readonly<Record<string, string>> = { ms: "millis", s: "seconds", m: "minutes", h: "hours" }

const mostMillis = Duration.toMillis("24 hours")

/** `500ms`, `10s`, `2.5m` or `1h` in milliseconds, from one millisecond to one day. */
export const duration = (text: string): Option.Option<number> => {
  const [, value, unit] = /^(\d+(?:\.\d+)?)(ms|s|m|h)$/.exec(text.trim()) ?? []
  return Option.flatMap(Option.fromNullable(unit), (unit) => Duration.decodeUnknown(`${value} ${units[unit]}`)).pipe(
    Option.map(Duration.toMillis),
    Option.filter((millis) => millis >= 1 && millis <= mostMillis)
  )
}

export const durationHelp = "a time such as 500ms, 10s, 2m or 1h, from 1ms to 24h"
