import { compare, type Compared, type Pace, type Way } from "../compare.js"
import type { Server } from "../processes.js"
import type { Argument } from "../subjects/reading.js"
import { comparison } from "../table.js"

/**
 * Code that decodes is warm after some seconds of CPU, and V8 shrinks the heap of a process that waits for long: few ways take turns, after
 * a long warm-up.
 */
const pace: Pace = { rounds: 7, millis: 900, warmUpMillis: 5_000 }

const subjects = "./subjects/endtoend.ts"

interface Measured {
  readonly title: string
  readonly stream: string
  readonly baseline: string
  readonly ways: ReadonlyArray<
    readonly [subject: string, title: string, protocol: Argument["protocol"], figure?: string]
  >
}

const schemaOf = (bytes: string, name: string, protocols: ReadonlyArray<Argument["protocol"]>): Measured => ({
  title: `Orders of ${bytes}, decoded by a Schema`,
  stream: `order-${name}`,
  baseline: "sdkValues",
  ways: protocols.flatMap((protocol) => {
    const word = protocol === "json" ? "Json" : "Cbor"
    return [["values", `RecordDecoder.json, ${protocol.toUpperCase()}`, protocol, `schema${word}${name}`] as const]
  })
})

const dataOf = (bytes: string, name: string): Measured => ({
  title: `Bytes alone, ${bytes}`,
  stream: `page-${name}`,
  baseline: "sdkData",
  ways: [
    ["data", "KinesisStream.records, JSON", "json", `dataJson${name}`],
    ["data", "KinesisStream.records, CBOR", "cbor", `dataCbor${name}`]
  ]
})

const measures: ReadonlyArray<Measured> = [
  schemaOf("256 bytes", "256", ["json", "cbor"]),
  schemaOf("1 KiB", "1k", ["json", "cbor"]),
  schemaOf("10 KiB", "10k", ["json", "cbor"]),
  dataOf("256 bytes", "256"),
  dataOf("10 KiB", "10k")
]

/** From the socket to the decoded value, against the loop that everyone writes. */
export const endToEnd = async (
  { h2c, http }: Server,
  print: (text: string) => void
): Promise<Record<string, number>> => {
  const figures: Record<string, number> = {}
  for (const { baseline, stream, title, ways } of measures) {
    const sdk: Way = {
      title: "the AWS SDK as it comes",
      subject: baseline,
      argument: { url: h2c, stream, protocol: "json" }
    }
    const others = ways.map(([subject, title, protocol]): Way => ({
      title,
      subject,
      argument: { url: http, stream, protocol }
    }))
    const compared: ReadonlyArray<Compared> = await compare(subjects, [sdk, ...others], pace)
    print(comparison(title, "records", compared))
    for (const [index, [, , , figure]] of ways.entries()) {
      if (figure !== undefined) figures[figure] = 1 / compared[index + 1]!.cpuRatio.median
    }
  }
  return figures
}
