const units: Readonly<Record<string, number>> = { ms: 1, s: 1000, m: 60_000, h: 3_600_000, d: 86_400_000 }

const zoned = /^\d{4}-\d\d-\d\dT\d\d:\d\d(:\d\d(\.\d+)?)?(Z|[+-]\d\d:\d\d)$/
const epochSeconds = /^\d{9,10}(\.\d+)?$/
const epochMillis = /^\d{12,13}$/
const relative = /^-((\d+(\.\d+)?(ms|s|m|h|d))+)$/

export const examples =
  "2026-11-23T08:00:00Z, 2026-11-23T09:00+01:00, 1795420800 (seconds), 1795420800000 (milliseconds) or -2h (ago)"

/**
 * The milliseconds since the epoch that a text means, or undefined when it is not one of the forms of {@link examples}: a time without a
 * zone, a date alone, and a number whose unit cannot be told from its length are ambiguous.
 */
export const parse = (text: string, now: number): number | undefined => {
  const input = text.trim()
  if (zoned.test(input)) {
    const millis = Date.parse(input)
    return Number.isNaN(millis) ? undefined : millis
  }
  if (epochMillis.test(input)) return Number(input)
  if (epochSeconds.test(input)) return Math.round(Number(input) * 1000)
  const ago = relative.exec(input)?.[1]
  if (ago === undefined) return undefined
  let millis = 0
  for (const [, value, unit] of ago.matchAll(/(\d+(?:\.\d+)?)(ms|s|m|h|d)/g)) millis += Number(value) * units[unit!]!
  return Math.round(now - millis)
}
