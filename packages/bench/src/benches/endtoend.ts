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

const protocols = ["json", "cbor"] as const

interface Measured {
  readonly title: string
  readonly stream: string
  /** The subject that is the SDK's loop, and ours. */
  readonly baseline: string
  readonly subject: string
  readonly way: string
  /** The name of a figure, without the protocol and the size. */
  readonly figure: string
}

const schemaOf = (bytes: string, name: string): Measured => ({
  title: `Orders of ${bytes}, decoded by a Schema`,
  stream: `order-${name}`,
  baseline: "sdkValues",
  subject: "values",
  way: "RecordDecoder.json",
  figure: "schema"
})

const dataOf = (bytes: string, name: string): Measured => ({
  title: `Bytes alone, ${bytes}`,
  stream: `page-${name}`,
  baseline: "sdkData",
  subject: "data",
  way: "KinesisStream.records",
  figure: "data"
})

const measures: ReadonlyArray<Measured> = [
  schemaOf("256 bytes", "256"),
  schemaOf("1 KiB", "1k"),
  schemaOf("10 KiB", "10k"),
  dataOf("256 bytes", "256"),
  dataOf("10 KiB", "10k")
]

/** Such as `schemaJson256`. */
const nameOf = ({ figure, stream }: Measured, protocol: Argument["protocol"]): string =>
  `${figure}${protocol === "json" ? "Json" : "Cbor"}${stream.split("-")[1]!}`

/** From the socket to the decoded value, against the loop that everyone writes. */
export const endToEnd = async (
  { h2c, http }: Server,
  print: (text: string) => void
): Promise<Record<string, number>> => {
  const figures: Record<string, number> = {}
  for (const measured of measures) {
    const { baseline, stream, subject, title, way } = measured
    const sdk: Way = {
      title: "the AWS SDK as it comes",
      subject: baseline,
      argument: { url: h2c, stream, protocol: "json" }
    }
    const ours = protocols.map((protocol): Way => ({
      title: `${way}, ${protocol.toUpperCase()}`,
      subject,
      argument: { url: http, stream, protocol }
    }))
    const compared: ReadonlyArray<Compared> = await compare(subjects, [sdk, ...ours], pace)
    print(comparison(title, "records", compared))
    for (const [index, protocol] of protocols.entries()) {
      figures[nameOf(measured, protocol)] = 1 / compared[index + 1]!.cpuRatio.median
    }
  }
  return figures
}
