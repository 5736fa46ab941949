/** What the documentation says of options is what they are: the tables, the doc comments, and the variables. */
import { assert, describe, it } from "@effect/vitest"
import { ConfigProvider, Duration, Effect } from "effect"
import { Consumer, KinesisClient, KinesisStream, Producer } from "effect-kinesis"
import { readFileSync } from "node:fs"
import { fileURLToPath } from "node:url"
import * as DynamoDbLeaseStore from "../../packages/dynamodb/src/DynamoDbLeaseStore.js"

const read = (path: string): string => readFileSync(fileURLToPath(new URL(`../../${path}`, import.meta.url)), "utf8")

type Values = Readonly<Record<string, unknown>>

/** Those without a number or a word as default. */
const inWords: Readonly<Record<string, string>> = {
  checkpointInterval: "a third of `leaseDuration`",
  onStreamLost: "`\"continue\"` for several"
}

/** A default as it is written. */
const valueOf = (text: string): unknown => {
  const written = text.trim()
  const bytes = /^(\d+) MiB/.exec(written)
  if (bytes !== null) return Number(bytes[1]) * 1024 * 1024
  const word = /^`?"([\w-]+)"`?/.exec(written)
  if (word !== null) return word[1]
  if (/^(true|false)\b/.test(written)) return written.startsWith("true")
  if (written.startsWith("no limit")) return Infinity
  const duration = /^(\d+) (milli|second|minute)/.exec(written)
  if (duration !== null) return Duration.decode(`${Number(duration[1])} ${duration[2]}s` as Duration.DurationInput)
  const number = /^[\d,]+/.exec(written)
  return number === null ? undefined : Number(number[0].replaceAll(",", ""))
}

const agree = (name: string, text: string, defaults: Values) => {
  const words = inWords[name]
  if (words !== undefined) {
    assert.isTrue(text.trim().startsWith(words), `${name}: ${text}`)
    assert.notProperty(defaults, name)
    return
  }
  const value = valueOf(text)
  assert.isDefined(value, `${name}: ${text}`)
  const given = defaults[name]
  if (Duration.isDuration(given)) {
    assert.strictEqual(Duration.toMillis(value as Duration.Duration), Duration.toMillis(given), name)
  } else assert.strictEqual(value, given, name)
}

/** The rows of the table whose first heading is "option" and second "default". */
const rowsOf = (path: string): ReadonlyArray<ReadonlyArray<string>> => {
  const table = /\| option \| default \|.*\n\|[-|]+\n((?:\|.*\n)+)/.exec(read(path))![1]!
  return table.trim().split("\n").map((row) => row.split("|").slice(1, -1).map((cell) => cell.trim()))
}

const nameOf = (cell: string): string => cell.replaceAll("`", "")

/** Each option of an interface with what its comment says is its default. */
const commentsOf = (path: string): ReadonlyArray<readonly [name: string, text: string]> =>
  [...read(path).matchAll(/\/\*\*((?:(?!\*\/)[^])*?)\*\/\n {2,4}readonly (\w+)\?:/g)].flatMap(([, comment, name]) => {
    const text = /Default: ([^]*)/.exec(comment!.replaceAll(/\s*\n\s*\* ?/g, " "))
    return text === null ? [] : [[name!, text[1]!] as const]
  })

/** Told in words: schedules, functions, and what is none. */
const untold = [
  "until",
  "pace",
  "retry",
  "throttleRetry",
  "transientRetry",
  "resourceRetry",
  "onEvent",
  "fanOut",
  "positions",
  "balancer",
  "stopWhen",
  "onFailure",
  "encoder",
  "retry",
  "pace",
  "records",
  "bytes",
  "floor",
  "maxBytes",
  "by"
]

describe("the defaults of options", () => {
  const documents = [
    ["docs/reading.md", KinesisStream.defaults],
    ["docs/groups.md", Consumer.defaults],
    ["docs/writing.md", Producer.defaults]
  ] as const
  for (const [path, defaults] of documents) {
    it(`are those in the table of ${path}, which has all of them`, () => {
      const rows = rowsOf(path)
      for (const [name, text] of rows) agree(nameOf(name!), text!, defaults)
      const ofReader = path === "docs/groups.md" ? ["deaggregate", "outsideRange", "onTrimmed"] : []
      const missing = Object.keys(defaults).filter((name) =>
        !untold.includes(name) && !ofReader.includes(name) && !rows.some(([cell]) => nameOf(cell!) === name)
      )
      assert.deepStrictEqual(missing, [])
    })
  }

  const lists = [
    ["packages/kinesis/src/internal/reading/settings.ts", KinesisStream.defaults],
    ["packages/kinesis/src/internal/group/settings.ts", Consumer.defaults],
    ["packages/kinesis/src/Consumer.ts", Consumer.defaults],
    ["packages/kinesis/src/internal/producer/settings.ts", Producer.defaults]
  ] as const
  for (const [path, defaults] of lists) {
    it(`are those in the doc comments of ${path}`, () => {
      const parts = Object.keys(Producer.defaults.pace).concat("maxBytes", "by", "encoder")
      const comments = commentsOf(path).filter(([name]) => !untold.includes(name) && !parts.includes(name))
      assert.isNotEmpty(comments)
      for (const [name, text] of comments) agree(name, text, defaults)
    })
  }
})

/** The comment of each option of a file. */
const hoversOf = (path: string): ReadonlyMap<string, string> =>
  new Map(
    [...read(path).matchAll(/\/\*\*((?:(?!\*\/)[^])*?)\*\/\n +readonly (\w+)\??:/g)]
      .map(([, comment, name]) => [name!, comment!.replaceAll(/\s*\n\s*\* ?/g, " ")])
  )

describe("the comment of an option", () => {
  const settings = ["reading", "group", "producer"].map((folder) =>
    `packages/kinesis/src/internal/${folder}/settings.ts`
  )

  it("names each of the words that it may be, and the form of a name", () => {
    let seen = 0
    for (const path of settings) {
      const hovers = hoversOf(path)
      for (const [, option, words] of read(path).matchAll(/^ {2}(\w+): .*Checks\.oneOf\((.*?)\)/gm)) {
        for (const word of words!.split(", ")) assert.include(hovers.get(option!), word, option)
        seen++
      }
      for (const [, option, form] of read(path).matchAll(/^ {2}(\w+): .*Checks\.text\("(\d+ to \d+) of /gm)) {
        assert.include(hovers.get(option!), form!, option)
        seen++
      }
    }
    assert.isAtLeast(seen, 6)
  })

  it("says what each word of onInvalid does", () => {
    const hover = hoversOf("packages/kinesis/src/internal/decode/options.ts").get("onInvalid")
    const words = /onInvalid\((.*?)\) \}/.exec(read("packages/kinesis/src/internal/decode/optionTables.ts"))![1]!
    for (const word of words.split(", ")) assert.include(hover, `\`${word}\``)
  })
})

const samples: Values = {
  KINESIS_WORKER: "ann",
  KINESIS_DEAGGREGATE: "false",
  KINESIS_IGNORE_POSITIONS: "true",
  KINESIS_PROTOCOL: "cbor",
  KINESIS_RECORD_MEMORY: "own",
  KINESIS_FAN_OUT_TRANSPORT: "http/1.1",
  DYNAMODB_CREATE_TABLE: "false",
  DYNAMODB_CONSISTENT_READS: "true",
  DYNAMODB_WITH_LIVE_KCL: "allow",
  KINESIS_OUTSIDE_RANGE: "keep",
  KINESIS_ON_TRIMMED: "fail",
  KINESIS_ON_STREAM_LOST: "fail",
  KINESIS_ON_FORMER_STREAM: "fail",
  KINESIS_LINGER: "7 seconds",
  KINESIS_RECORD_DEADLINE: "7 seconds",
  KINESIS_ORDER: "key",
  KINESIS_ON_FAILURE: "skip",
  KINESIS_ON_UNKNOWN: "fail",
  KINESIS_AGGREGATE: "true"
}

const sampleOf = (variable: string): string =>
  (samples[variable] as string | undefined) ??
    (/(INTERVAL|DURATION|TIMEOUT|STALENESS|LINGER|DEADLINE)$/.test(variable) ? "7 seconds" : "7")

/** The option that a variable sets. */
const optionOf = (variable: string): string =>
  variable.replace(/^[A-Z]+_/, "").toLowerCase().replaceAll(/_(\w)/g, (_, letter: string) => letter.toUpperCase())

/** The variables in the doc comment of a module's `config`. */
const variablesOf = (door: string): ReadonlyArray<string> => {
  const comment = /\/\*\*((?:(?!\*\/)[^])*?)\*\/\nexport const config\b/.exec(read(door))![1]!.split("@example")[0]!
  return [...comment.matchAll(/`([A-Z]+_[A-Z_]+)`/g)].map(([, variable]) => variable!)
}

const configured = <A>(config: Effect.Effect<A, unknown>, variables: ReadonlyArray<readonly [string, string]>) =>
  Effect.runSync(Effect.withConfigProvider(config, ConfigProvider.fromMap(new Map(variables))) as Effect.Effect<A>)

describe("options from the environment", () => {
  it("are the defaults when nothing is set", () => {
    for (
      const [config, defaults] of [
        [KinesisStream.config, KinesisStream.defaults],
        [Consumer.config, Consumer.defaults],
        [Producer.config, Producer.defaults]
      ] as const
    ) {
      for (const [name, value] of Object.entries(configured<Values>(config, []))) {
        assert.strictEqual(value, (defaults as Values)[name], name)
      }
    }
    for (const config of [KinesisClient.config, DynamoDbLeaseStore.config]) {
      assert.deepStrictEqual(Object.values(configured<Values>(config, [])).filter((value) => value !== undefined), [])
    }
  })

  const connecting = read("docs/connecting.md")

  it("are all that have a plain value, but for what a program is about", () => {
    const isPlain = (value: unknown) =>
      Duration.isDuration(value) || ["number", "string", "boolean"].includes(typeof value)
    for (
      const [config, defaults, without] of [
        [KinesisStream.config, KinesisStream.defaults, []],
        [Consumer.config, Consumer.defaults, ["concurrency"]],
        [Producer.config, Producer.defaults, ["maxRecordBytes"]]
      ] as const
    ) {
      const names = Object.keys(configured<Values>(config, []))
      const plain = Object.entries(defaults).filter(([, value]) => isPlain(value)).map(([name]) => name)
      assert.deepStrictEqual(plain.filter((name) => !names.includes(name)), [...without])
      for (const name of without) assert.include(connecting, `\`${name}\`, since`)
    }
  })

  const clients = [
    ["KinesisClient", KinesisClient.config, "packages/kinesis/src/KinesisClient.ts"],
    ["DynamoDbLeaseStore", DynamoDbLeaseStore.config, "packages/dynamodb/src/DynamoDbLeaseStore.ts"]
  ] as const
  for (const [name, config, door] of clients) {
    it(`are set by the variables in the table of docs/connecting.md and in the doc comment of ${name}.config`, () => {
      const table = new RegExp(`\\| variable \\| option of \`${name}\` \\|\\n\\|[-|]+\\n((?:\\|.*\\n)+)`).exec(
        connecting
      )![1]!
      const ofTable = [...table.matchAll(/^\| (.*?) \|/gm)].flatMap(([, cell]) => nameOf(cell!).split(", "))
      const prefix = `${ofTable[0]!.split("_")[0]}_`
      const ofComment = variablesOf(door).filter((variable) => variable.startsWith(prefix))
      assert.deepStrictEqual(ofTable.toSorted(), ofComment.toSorted())
      const values = configured<Values>(config, ofTable.map((variable) => [variable, sampleOf(variable)]))
      assert.deepStrictEqual(Object.keys(values).toSorted(), ofTable.map(optionOf).toSorted())
      for (const [option, value] of Object.entries(values)) assert.isDefined(value, option)
    })
  }

  const documents = [
    ["docs/reading.md", KinesisStream.config, 2, "packages/kinesis/src/KinesisStream.ts"],
    ["docs/groups.md", Consumer.config, 3, "packages/kinesis/src/Consumer.ts"],
    ["docs/writing.md", Producer.config, 2, "packages/kinesis/src/Producer.ts"]
  ] as const
  for (const [path, config, column, door] of documents) {
    it(`are set by the variables in the table of ${path} and in the doc comment of config`, () => {
      const ofTable = rowsOf(path).map((row) => nameOf(row[column] ?? "")).filter((variable) => variable !== "")
      const variables = variablesOf(door)
      assert.deepStrictEqual(ofTable.filter((variable) => !variables.includes(variable)), [])
      const before = configured<Values>(config, [])
      const values = configured<Values>(config, variables.map((variable) => [variable, sampleOf(variable)]))
      const changed = Object.keys(values).filter((name) => values[name] !== before[name])
      assert.deepStrictEqual(changed.toSorted(), variables.map(optionOf).toSorted())
    })
  }

  it("of a producer are set by the variables in the doc comment of Producer.config", () => {
    const variables = variablesOf("packages/kinesis/src/Producer.ts")
    const before = configured<Values>(Producer.config, [])
    const values = configured<Values>(Producer.config, variables.map((variable) => [variable, sampleOf(variable)]))
    const changed = Object.keys(values).filter((name) => values[name] !== before[name])
    assert.deepStrictEqual(changed.toSorted(), variables.map(optionOf).toSorted())
    assert.deepStrictEqual(Object.keys(values).toSorted(), changed.toSorted())
  })

  it("a value that is none fails, and names the variable", () => {
    const failed = Effect.runSync(Effect.flip(Effect.withConfigProvider(
      Consumer.config,
      ConfigProvider.fromMap(new Map([["KINESIS_LEASE_DURATION", "soon"]]))
    )))
    assert.include(String(failed), "KINESIS_LEASE_DURATION")
  })
})
