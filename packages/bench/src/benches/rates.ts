import { compare, type Pace, type Way } from "../compare.js"
import type { Server } from "../processes.js"
import { comparison } from "../table.js"

const pace: Pace = { rounds: 5, millis: 800, warmUpMillis: 1_500 }

const ways = (titles: Readonly<Record<string, string>>): ReadonlyArray<Way> =>
  Object.entries(titles).map(([subject, title]) => ({ subject, title, argument: {} }))

/** Aggregates of the Kinesis Producer Library, against Amazon's own module for Node. */
export const aggregation = async (_: Server, print: (text: string) => void): Promise<Record<string, number>> => {
  const file = "./subjects/aggregation.ts"
  const unpacking = await compare(
    file,
    ways({ peerUnpacks: "aws-kinesis-agg, bytes in and out", unpacks: "effect-kinesis" }),
    pace
  )
  print(comparison("Taking aggregates apart: 100 records of 256 bytes, MD5 verified", "records", unpacking))
  const packing = await compare(file, ways({ peerPacks: "aws-kinesis-agg", packs: "effect-kinesis" }), pace)
  print(comparison("Putting aggregates together: the same", "records", packing))
  return { unpack: unpacking[1]!.ratio.median, pack: packing[1]!.ratio.median }
}

/** JSON by Schema. */
export const decoding = async (_: Server, print: (text: string) => void): Promise<Record<string, number>> => {
  const compared = await compare(
    "./subjects/decoding.ts",
    ways({
      jsonParse: "JSON.parse alone",
      json: "RecordDecoder.json(schema)",
      mapEffect: "Stream.mapEffect(Schema.decodeUnknown)"
    }),
    pace
  )
  print(comparison("Decoding JSON of some 250 bytes by Schema, pages of 10,000", "records", compared))
  return { json: compared[1]!.ratio.median }
}

/** Values as JSON by Schema. */
export const encoding = async (_: Server, print: (text: string) => void): Promise<Record<string, number>> => {
  const compared = await compare(
    "./subjects/encoding.ts",
    ways({
      bare: "compiled schema, JSON.stringify, TextEncoder",
      json: "RecordEncoder.json(schema)",
      bareNull: "the first, of orders with a null",
      jsonNull: "RecordEncoder.json(schema), of orders with a null",
      effect: "Schema.encodeUnknownSync, JSON.stringify, TextEncoder"
    }),
    { ...pace, rounds: 9 }
  )
  print(comparison("Encoding orders of some 250 bytes as JSON by Schema", "records", compared))
  return { json: compared[1]!.cpuRatio.median, jsonNull: compared[3]!.cpuMicros.median / compared[2]!.cpuMicros.median }
}

/** What a producer costs by each of its doors, apart from the requests. */
export const doors = async (_: Server, print: (text: string) => void): Promise<Record<string, number>> => {
  const compared = await compare(
    "./subjects/doors.ts",
    ways({
      bare: "client.putRecords of 500",
      putAll: "producer.putAll of 10,000",
      sink: "producer.sink, chunks of 500",
      offer: "producer.offer, one fiber",
      put: "producer.put, 1,000 fibers",
      fibers: "a fiber that waits, 1,000 at once"
    }),
    pace
  )
  print(comparison("Writing to a service that answers at once", "records", compared))
  return Object.fromEntries(
    ["putAll", "sink", "offer", "put"].map((name, index) => [name, compared[index + 1]!.cpuMicros.median])
  )
}

/** Concurrent calls over TLS: empty pages, by the number of connections. */
export const transport = async (server: Server, print: (text: string) => void): Promise<Record<string, number>> => {
  const at = (concurrency: number, maxSockets: number): Way => ({
    title: `${concurrency} at once, ${maxSockets} connections`,
    subject: "client",
    argument: { url: server.https, stream: "page-empty", concurrency, maxSockets }
  })
  const compared = await compare(
    "./subjects/transport.ts",
    [at(1, 1), at(4, 4), at(16, 16), at(64, 64), at(256, 256), at(256, 16), at(256, 64)],
    pace,
    { certificateFile: server.certificateFile }
  )
  print(comparison("Empty pages at once, HTTP/1.1 over TLS", "calls", compared))
  return { at256: compared[4]!.ratio.median }
}
