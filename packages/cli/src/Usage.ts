import * as ServerUsage from "@effect-kinesis/server/ServerUsage"
import * as Arguments from "./Arguments.js"

/** An option of a command: `value` is the placeholder of its value in the help; a switch has none. */
export interface OptionUsage {
  readonly value?: string
  readonly alias?: string
  readonly text: string
  /** It has no meaning without `--stream`. */
  readonly needsStream?: boolean
}

/** A line that can be typed, and what it does. */
export interface Example {
  readonly args: string
  readonly text: string
}

export interface CommandUsage {
  readonly title: string
  readonly text: ReadonlyArray<string>
  readonly options: Readonly<Record<string, OptionUsage>>
  readonly examples: ReadonlyArray<Example>
}

export type Name = "demo" | "read" | "fleet" | "serve"

const places = "trim-horizon, latest, -2h (ago), 2026-11-23T08:00:00Z"

const time = (text: string): OptionUsage => ({ value: "TIME", text })

const ofService = {
  region: {
    value: "REGION",
    text: "The stream's region. Default: as the AWS SDK finds it (AWS_REGION, ~/.aws/config)."
  },
  endpoint: { value: "URL", text: "Another endpoint, such as http://127.0.0.1:4567, that of kinesis serve." },
  from: { value: "PLACE", text: `Where to begin: ${places}. Default: trim-horizon.` }
}

const demo: CommandUsage = {
  title: "Watch an embedded Kinesis being read while things go wrong.",
  text: [
    "Sample orders are written to four shards. Meanwhile the demo injects three faults: it throttles reads, lets an " +
    "iterator expire and splits a shard. The view shows the latest order of each shard. At the end, what was read is " +
    "compared with what was written.",
    "With --stream it shows a real stream instead, as `kinesis read --output none` does."
  ],
  options: {
    for: time(`How long to read: ${Arguments.durationHelp}; at most 10m with the embedded Kinesis. Default: 10s.`),
    json: { text: "Print the summary as one JSON line on standard output; progress goes to standard error." },
    stream: { value: "STREAM", text: "Show this stream instead of the embedded one: its name or ARN." },
    region: { ...ofService.region, needsStream: true },
    endpoint: { ...ofService.endpoint, needsStream: true },
    from: { ...ofService.from, needsStream: true }
  },
  examples: [
    { args: "demo", text: "ten seconds of it" },
    { args: "demo --for 30s", text: "half a minute" },
    { args: "demo --for 5s --json", text: "the summary as JSON" }
  ]
}

const read: CommandUsage = {
  title: "Print the records of a stream, then stop.",
  text: [
    "Records go to standard output, one JSON object per line; progress, events and the last line, which says how many " +
    "shards are behind and how to continue, go to standard error. Credentials and region are those of the AWS SDK.",
    "A record has v (the version of this format), stream, shard, seq, sub (within an aggregate), key, time (its arrival " +
    "in milliseconds), encoding (json, utf8 or base64: how to read data) and data."
  ],
  options: {
    stream: { value: "STREAM", text: "The stream to read: its name or ARN." },
    for: time(`How long to read: ${Arguments.durationHelp}. Default: 10s.`),
    from: ofService.from,
    resume: {
      value: "WHERE",
      text:
        "Continue where another run ended: with the text of its last line, or with a file that holds the place. The file " +
        "is written at the end, and need not exist the first time."
    },
    output: {
      value: "FORM",
      alias: "o",
      text: "What is printed of a record: json, raw (its data and a newline) or none. Default: json."
    },
    json: { text: "Print the summary as one JSON line, last on standard output." },
    region: ofService.region,
    endpoint: ofService.endpoint
  },
  examples: [
    { args: "read --stream orders", text: "from the oldest record on" },
    { args: "read --stream orders --from latest --for 1m", text: "what arrives in a minute" },
    { args: "read --stream orders --from -15m -o raw", text: "data, last 15 minutes" },
    { args: "read --stream orders --resume orders.place", text: "from where it last ended" }
  ]
}

const fleet: CommandUsage = {
  title: "Watch worker processes share a stream.",
  text: [
    "Four workers share eight shards through leases. Each is a program of its own, which uses the Kinesis of `kinesis " +
    "serve` and dynalite on 127.0.0.1 as it would use Kinesis and DynamoDB. While orders are written, one worker is " +
    "killed, one leaves, one joins, and a shard is split. The table shows who has which shards, and how long a shard was " +
    "without a reader.",
    "At the end, what was handled is compared with what was written. dynalite does not come with the published command: " +
    "run npm run start:fleet in a clone of the repository, or install it next to it."
  ],
  options: {
    for: time("How long to write, once the workers share the stream: from 30s to 10m. Default: 60s."),
    "fan-out": { text: "The shards' records are pushed to the workers, which subscribe to them. Default: they poll." },
    json: { text: "Print the summary as one JSON line on standard output; progress goes to standard error." }
  },
  examples: [
    { args: "fleet", text: "a minute of it" },
    { args: "fleet --fan-out", text: "the same by enhanced fan-out" },
    { args: "fleet --for 2m --json", text: "two minutes, with the summary as JSON" }
  ]
}

const serve: CommandUsage = {
  title: ServerUsage.title,
  text: ServerUsage.text,
  options: ServerUsage.options,
  examples: ServerUsage.examples.map(({ args, text }) => ({ args: `serve ${args}`, text }))
}

export const commands: Readonly<Record<Name, CommandUsage>> = { demo, read, serve, fleet }

export const names = Object.keys(commands) as ReadonlyArray<Name>

const isName = (text: string | undefined): text is Name => names.some((name) => name === text)

/** The options of every command, which are the parser's own. */
const shared: Readonly<Record<string, OptionUsage>> = {
  help: { alias: "h", text: "This text." },
  version: { text: "The version." },
  "log-level": { value: "LEVEL", text: "" },
  completions: { value: "SHELL", text: "" },
  wizard: { text: "" }
}

/** The edit distance of two words: the fewest letters to add, remove, change or swap with the next one. */
export const distance = (a: string, b: string): number => {
  const rows = [Array.from({ length: b.length + 1 }, (_, j) => j)]
  for (let i = 1; i <= a.length; i++) {
    const row = [i]
    for (let j = 1; j <= b.length; j++) {
      const isSame = a[i - 1] === b[j - 1]
      const isSwapped = i > 1 && j > 1 && a[i - 1] === b[j - 2] && a[i - 2] === b[j - 1]
      row[j] = Math.min(rows[i - 1]![j]! + 1, row[j - 1]! + 1, rows[i - 1]![j - 1]! + (isSame ? 0 : 1))
      if (isSwapped) row[j] = Math.min(row[j]!, rows[i - 2]![j - 2]! + 1)
    }
    rows.push(row)
  }
  return rows[a.length]![b.length]!
}

/** The nearest words that may be meant: the typed word is a prefix, or has at most a third of its letters wrong. */
export const nearest = (word: string, among: ReadonlyArray<string>): ReadonlyArray<string> => {
  const guesses = among.map((known) => ({ known, away: distance(word.toLowerCase(), known) }))
  const least = Math.min(...guesses.map(({ away }) => away))
  const near = guesses.filter(({ away, known }) => away === least && away <= Math.max(1, Math.floor(known.length / 3)))
  const beginning = word.length >= 2 ? among.filter((known) => known.startsWith(word)) : []
  return near.length > 0 ? near.map(({ known }) => known) : beginning
}

const meant = (guesses: ReadonlyArray<string>, dashes = ""): string =>
  guesses.length === 0 ? "" : `; did you mean ${guesses.map((guess) => `${dashes}${guess}`).join(" or ")}?`

interface Given {
  readonly options: Map<string, string | undefined>
  readonly words: Array<string>
}

/** The options that a command line names, and the words that belong to none; or what is wrong with one of them. */
const given = (name: Name, args: ReadonlyArray<string>): Given | string => {
  const known = { ...commands[name].options, ...shared }
  const found: Given = { options: new Map(), words: [] }
  for (let i = 0; i < args.length; i++) {
    const arg = args[i]!
    if (!arg.startsWith("-") || arg === "-" || arg === "--") {
      found.words.push(arg)
      continue
    }
    const [flag, inline] = split(arg)
    const key = Object.keys(known).find((key) => flag === `--${key}` || flag === `-${known[key]!.alias}`)
    if (key === undefined) {
      return `there is no option ${flag}${meant(nearest(flag.replace(/^-+/, ""), Object.keys(known)), "--")}`
    }
    const { value } = known[key]!
    if (value === undefined) {
      found.options.set(key, inline)
      continue
    }
    const text = inline ?? args[++i]
    if (text === undefined || (inline === undefined && isOption(text, known))) {
      return `${flag} needs a value: ${flag} ${value}`
    }
    found.options.set(key, text)
  }
  return found
}

const split = (arg: string): readonly [string, string | undefined] => {
  const at = arg.startsWith("--") ? arg.indexOf("=") : -1
  return at < 0 ? [arg, undefined] : [arg.slice(0, at), arg.slice(at + 1)]
}

/** A value may begin with a dash (`--from -2h`), but the name of an option is not a value. */
const isOption = (text: string, known: Readonly<Record<string, OptionUsage>>): boolean =>
  Object.keys(known).some((key) => split(text)[0] === `--${key}` || text === `-${known[key]!.alias}`)

/** What the options of a command require of each other. */
const conflict = (name: Name, { options, words }: Given): string | undefined => {
  const [word] = words
  if (word !== undefined) {
    for (const key of ["for", "from"]) {
      const time = Arguments.joined(options.get(key) ?? "", word)
      if (time !== undefined) return `a time is written without a space: --${key} ${time}`
    }
    return "stream" in commands[name].options && !options.has("stream")
      ? `the stream is an option: kinesis ${name} --stream ${word}`
      : `unexpected argument ${JSON.stringify(word)}`
  }
  if (options.has("stream")) return undefined
  if (name === "read") return "--stream is missing: kinesis read --stream STREAM"
  const idle = [...options.keys()].find((key) => commands[name].options[key]?.needsStream)
  return idle === undefined
    ? undefined
    : `--${idle} needs a stream: kinesis ${name} --stream STREAM --${idle} ${options.get(idle)}`
}

/** What is wrong with the form of the arguments, in a line; undefined if nothing is. */
export const problem = (args: ReadonlyArray<string>): string | undefined => {
  const [first, ...rest] = args
  if (first === undefined) return undefined
  if (!isName(first)) {
    const key = first.startsWith("--") ? split(first)[0].slice(2) : undefined
    if (key !== undefined && key in shared) return undefined
    return first.startsWith("-")
      ? `a command comes first: ${names.join(", ")}`
      : `there is no command ${first}${meant(nearest(first, names))}`
  }
  const found = given(first, rest)
  return typeof found === "string" ? found : conflict(first, found)
}

/** Which help is requested: a command's, or the overview; undefined if none is. */
export const helpWanted = (args: ReadonlyArray<string>): Name | "overview" | undefined => {
  const [first, second] = args
  const isAsked = args.includes("--help") || args.includes("-h")
  const name = first === "help" ? second : first
  if (first === undefined || first === "help" || isAsked) return isName(name) ? name : "overview"
  return undefined
}
