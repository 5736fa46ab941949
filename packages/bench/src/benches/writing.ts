import { compare, type Pace, type Way } from "../compare.js"
import type { Server } from "../processes.js"
import type { Argument } from "../subjects/writing.js"
import { comparison } from "../table.js"

/** In milliseconds of CPU. Few ways take turns, after a long warm-up, as from the socket to the decoded value. */
const pace: Pace = { rounds: 9, millis: 400, warmUpMillis: 3_000 }

const subjects = "./subjects/writing.ts"

/** Records of one size, how they are written, and the names of the figures that this gives. */
interface Measured extends Pick<Argument, "bytes" | "records"> {
  readonly title: string
  readonly by: { readonly title: string; readonly subject: string }
  readonly json: string
  readonly cbor: string
}

const byClient = { title: "KinesisClient.putRecords", subject: "client" }

const measures: ReadonlyArray<Measured> = [
  {
    title: "500 records of 256 bytes a request",
    records: 500,
    bytes: 256,
    by: byClient,
    json: "json256",
    cbor: "cbor256"
  },
  { title: "500 records of 1 KiB a request", records: 500, bytes: 1_024, by: byClient, json: "json1k", cbor: "cbor1k" },
  {
    title: "100 records of 10 KiB a request",
    records: 100,
    bytes: 10_240,
    by: byClient,
    json: "json10k",
    cbor: "cbor10k"
  },
  {
    title: "10 records of 256 bytes a request",
    records: 10,
    bytes: 256,
    by: byClient,
    json: "small",
    cbor: "smallCbor"
  },
  {
    title: "putAll of 10,000 records of 256 bytes",
    records: 500,
    bytes: 256,
    by: { title: "Producer.putAll", subject: "producer" },
    json: "producer256",
    cbor: "producerCbor256"
  },
  {
    title: "putAll of 10,000 records of 100 bytes, aggregated",
    records: 500,
    bytes: 100,
    by: { title: "Producer.putAll, aggregated", subject: "aggregating" },
    json: "aggregated100",
    cbor: "aggregatedCbor100"
  }
]

/** Writing by the client and by the producer, against the loop that everyone writes: how much less CPU a record takes. */
export const writing = async ({ http }: Server, print: (text: string) => void): Promise<Record<string, number>> => {
  const figures: Record<string, number> = {}
  for (const { by, bytes, cbor, json, records, title } of measures) {
    const way = (title: string, subject: string, protocol: Argument["protocol"] = "json"): Way => ({
      title,
      subject,
      argument: { url: http, protocol, records, bytes } satisfies Argument
    })
    const compared = await compare(subjects, [
      way("the AWS SDK, HTTP/1.1 with keep-alive", "sdk"),
      way(`${by.title}, JSON`, by.subject),
      way(`${by.title}, CBOR`, by.subject, "cbor")
    ], pace)
    print(comparison(title, "records", compared))
    figures[json] = 1 / compared[1]!.cpuRatio.median
    figures[cbor] = 1 / compared[2]!.cpuRatio.median
  }
  return figures
}
