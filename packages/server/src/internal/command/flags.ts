import * as Usage from "../../ServerUsage.js"

/** What was given: the values of options, switches as `true`. */
export type Flags = Readonly<Record<string, ReadonlyArray<string> | string | boolean | undefined>>

/** What is wrong with a command line, in a sentence. */
export interface Problem {
  readonly problem: string
}

export const isProblem = (value: unknown): value is Problem =>
  typeof value === "object" && value !== null && "problem" in value

/** How many letters two words differ by, by position and length: enough to find what was mistyped. */
const distance = (a: string, b: string): number => {
  let row = Array.from({ length: b.length + 1 }, (_, index) => index)
  for (let i = 1; i <= a.length; i++) {
    const next = [i]
    for (let j = 1; j <= b.length; j++) {
      next.push(Math.min(row[j]! + 1, next[j - 1]! + 1, row[j - 1]! + (a[i - 1] === b[j - 1] ? 0 : 1)))
    }
    row = next
  }
  return row[b.length]!
}

const unknown = (name: string): Problem => {
  const names = Object.keys(Usage.options)
  const [nearest] = names.map((each) => ({ each, away: distance(name, each) })).sort((a, b) => a.away - b.away)
  const meant = nearest !== undefined && nearest.away <= 2 ? `did you mean --${nearest.each}?` : "--help lists them"
  return { problem: `there is no option --${name}; ${meant}` }
}

const unexpected = (arg: string): Problem => {
  if (!arg.startsWith("-")) {
    return {
      problem: `unexpected argument ${JSON.stringify(arg)}; a stream is --stream ${arg}, and --help lists the options`
    }
  }
  const names = Object.keys(Usage.options).filter((name) => name.startsWith(arg.slice(1, 2)))
  const meant = names.length === 1 ? `did you mean --${names[0]}?` : "--help lists them"
  return { problem: `there is no option ${arg}, names begin with two dashes; ${meant}` }
}

/** The options of a command line, without the command's name. */
export const parse = (args: ReadonlyArray<string>): Flags | Problem => {
  const flags: Record<string, ReadonlyArray<string> | string | boolean> = {}
  for (let index = 0; index < args.length; index++) {
    const arg = args[index]!
    if (!arg.startsWith("--")) return unexpected(arg)
    const at = arg.indexOf("=")
    const name = arg.slice(2, at < 0 ? undefined : at)
    const usage = Object.hasOwn(Usage.options, name) ? Usage.options[name] : undefined
    if (usage === undefined) return unknown(name)
    if (usage.value === undefined) {
      if (at >= 0) return { problem: `--${name} takes no value` }
      flags[name] = true
      continue
    }
    const value = at < 0 ? args[++index] : arg.slice(at + 1)
    if (value === undefined || (at < 0 && value.startsWith("--"))) {
      return { problem: `--${name} needs a value: --${name} ${usage.value}` }
    }
    flags[name] = usage.isRepeated === true
      ? [...(flags[name] as ReadonlyArray<string> | undefined ?? []), value]
      : value
  }
  return flags
}
