import * as Position from "effect-kinesis/Position"
import * as Option from "effect/Option"

const mostMillis = 86_400_000

/**
 * `500ms`, `10s`, `2.5m`, `1h` or `1h30m` in milliseconds, from one millisecond to one day. It is written as in `--from -1h30m`, and read by
 * the same parser.
 */
export const duration = (text: string): Option.Option<number> => {
  const ago = Position.fromText(`-${text.trim()}`, 0)
  return Option.filter(
    ago?._tag === "AtTimestamp" ? Option.some(-ago.timestamp) : Option.none(),
    (millis) => millis >= 1 && millis <= mostMillis
  )
}

export const durationHelp = "a time such as 500ms, 10s, 2m or 1h30m, from 1ms to 24h"

/** What was written in place of what must be, for the end of a message. */
export const was = (text: string): string => {
  const most = 60
  return `, was ${JSON.stringify(text.length <= most ? text : `${text.slice(0, most)}…`)}`
}

/** The units of a time, the largest first, with how else people write them. */
const units: ReadonlyArray<readonly [unit: string, words: RegExp]> = [
  ["d", /^d(ays?)?$/i],
  ["h", /^h((ou)?rs?)?$/i],
  ["m", /^m(in(ute)?s?)?$/i],
  ["s", /^s(ec(ond)?s?)?$/i],
  ["ms", /^(ms(ecs?)?|millis(econds?)?)$/i]
]

const rankOf = (unit: string | undefined): number =>
  units.findIndex(([, words]) => unit !== undefined && words.test(unit))

/** The time that was written in two words, such as `5 s` or `1m 30s`, in one; undefined for words that are no time. */
export const joined = (first: string, second: string): string | undefined => {
  const whole = /^-?(?:\d+(?:\.\d+)?(?:ms|[smhd]))*\d+(?:\.\d+)?$/
  if (whole.test(first)) {
    const rank = rankOf(second)
    return rank < 0 ? undefined : `${first}${units[rank]![0]}`
  }
  const before = rankOf(/\d(ms|[smhd])$/.exec(first)?.[1])
  const after = rankOf(/^\d+(?:\.\d+)?(ms|[smhd])$/.exec(second)?.[1])
  return before >= 0 && after > before ? `${first}${second}` : undefined
}
