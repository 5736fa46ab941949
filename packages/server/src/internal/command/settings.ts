import type { LocalKinesis } from "@effect-kinesis/local"
import type { Options } from "../../KinesisServer.js"
import type { Flags, Problem } from "./flags.js"

/** What the command does. */
export interface Settings {
  readonly server: Options
  readonly isTethered: boolean
  readonly isJson: boolean
}

class Wrong extends Error {}

const refuse = (option: string, must: string, was: string): never => {
  throw new Wrong(`--${option} must be ${must}, was ${JSON.stringify(was)}`)
}

const textOf = (flags: Flags, name: string): string | undefined => {
  const value = flags[name]
  return typeof value === "string" ? value : undefined
}

const port = (flags: Flags, name: string, fallback: number): number => {
  const text = textOf(flags, name)
  if (text === undefined) return fallback
  const value = /^\d{1,5}$/.test(text) ? Number(text) : Number.NaN
  return value <= 65_535 ? value : refuse(name, "a port from 0 to 65535", text)
}

const units: Readonly<Record<string, number>> = { ms: 1, s: 1_000, m: 60_000, h: 3_600_000 }

const time = (flags: Flags, name: string): number | undefined => {
  const text = textOf(flags, name)
  if (text === undefined) return undefined
  const [, amount, unit = "ms"] = /^(\d+(?:\.\d+)?)(ms|s|m|h)?$/.exec(text) ?? []
  const millis = Number(amount) * units[unit]!
  return millis <= 86_400_000 ? millis : refuse(name, "a time such as 20ms, 1.5s or 2m, up to 24h", text)
}

const stream = (text: string): LocalKinesis.StreamOptions => {
  const [, name, shards] = /^([a-zA-Z0-9_.-]{1,128})(?::(\d{1,5}))?$/.exec(text) ?? []
  const shardCount = shards === undefined ? 1 : Number(shards)
  return name !== undefined && shardCount >= 1 && shardCount <= 10_000
    ? { name, shardCount }
    : refuse(
      "stream",
      "a name of 1 to 128 of a-z A-Z 0-9 _ . - and a number of shards from 1 to 10000, such as orders:4",
      text
    )
}

const streams = (flags: Flags): ReadonlyArray<LocalKinesis.StreamOptions> => {
  const given = flags["stream"]
  const found = (Array.isArray(given) ? given as ReadonlyArray<string> : []).map(stream)
  const names = found.map(({ name }) => name)
  const again = names.find((name, index) => names.indexOf(name) !== index)
  if (again !== undefined) throw new Wrong(`--stream ${again} is there twice`)
  return found
}

const limitNames = ["throughput", "calls", "sizes", "scaling", "consumers", "expiry"]

const limits = (flags: Flags): LocalKinesis.LimitOptions | undefined => {
  const text = textOf(flags, "without")
  if (text === undefined) return undefined
  const named = text === "all" ? limitNames : text.split(",")
  const unknown = named.find((name) => !limitNames.includes(name))
  if (unknown !== undefined) return refuse("without", `some of ${limitNames.join(",")}, or all`, text)
  return Object.fromEntries(named.map((name) => [name, false]))
}

const credentials = (flags: Flags): Options["verify"] => {
  const text = textOf(flags, "verify")
  if (text === undefined) return undefined
  const [, accessKeyId, secretAccessKey] = /^([^:]+):(.+)$/.exec(text) ?? []
  return accessKeyId === undefined || secretAccessKey === undefined
    ? refuse("verify", "an access key and its secret, such as local:secret", text)
    : { accessKeyId, secretAccessKey }
}

const matching = (flags: Flags, name: string, pattern: RegExp, must: string): string | undefined => {
  const text = textOf(flags, name)
  return text === undefined || pattern.test(text) ? text : refuse(name, must, text)
}

const settings = (flags: Flags): Settings => {
  const tls = flags["tls"] === true || flags["tls-port"] !== undefined
  return {
    server: {
      host: matching(flags, "host", /^[\w.:-]+$/, "a host's name or address, such as 127.0.0.1"),
      port: port(flags, "port", 4567),
      tls,
      tlsPort: port(flags, "tls-port", 4568),
      region: matching(flags, "region", /^[a-z]+(-[a-z0-9]+)+$/, "a region such as eu-west-1"),
      accountId: matching(flags, "account", /^\d{12}$/, "12 digits"),
      latency: time(flags, "latency"),
      transition: time(flags, "transition"),
      limits: limits(flags),
      streams: streams(flags),
      verify: credentials(flags),
      data: matching(flags, "data", /./s, "the path of a folder, such as ./kinesis-data")
    },
    isTethered: flags["tether"] === true,
    isJson: flags["json"] === true
  }
}

/** What the command does, by what was given; or the option that is wrong, with what it must be. */
export const of = (flags: Flags): Settings | Problem => {
  try {
    return settings(flags)
  } catch (thrown) {
    if (thrown instanceof Wrong) return { problem: thrown.message }
    throw thrown
  }
}
