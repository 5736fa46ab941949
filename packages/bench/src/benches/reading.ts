import { compare, type Compared, type Pace, type Way } from "../compare.js"
import type { Server } from "../processes.js"
import { type PageSize, pageSize } from "../server/pages.js"
import type { Argument } from "../subjects/reading.js"
import { comparison } from "../table.js"

const subjects = "./subjects/reading.ts"
const pace: Pace = { rounds: 5, millis: 900, warmUpMillis: 1_500 }
/** A call that is made a thousand times per second takes long to become fast. */
const idlePace: Pace = { rounds: 7, millis: 1_000, warmUpMillis: 6_000 }

/** The ratios of the targets, compared with the stock SDK. */
export type Ratios = {
  readonly json256: number
  readonly cbor256: number
  readonly json10k: number
  readonly cbor10k: number
  /** CPU per call for empty pages over TLS. */
  readonly idleCpu: number
}

const ways = (server: Server, stream: string): ReadonlyArray<Way> => {
  const over = (url: string, protocol: Argument["protocol"] = "json"): Argument => ({ url, stream, protocol })
  return [
    { title: "the stock AWS SDK", subject: "sdk", argument: over(server.h2c) },
    { title: "the AWS SDK, HTTP/1.1, no logger", subject: "sdkTuned", argument: over(server.http) },
    { title: "KinesisClient.getRecords, JSON", subject: "client", argument: over(server.http) },
    { title: "KinesisStream.pages, JSON", subject: "pages", argument: over(server.http) },
    { title: "KinesisStream.records, JSON", subject: "records", argument: over(server.http) },
    { title: "KinesisClient.getRecords, CBOR", subject: "client", argument: over(server.http, "cbor") },
    { title: "KinesisStream.pages, CBOR", subject: "pages", argument: over(server.http, "cbor") },
    { title: "KinesisStream.records, CBOR", subject: "records", argument: over(server.http, "cbor") },
    { title: "node:http, JSON.parse, base64", subject: "generic", argument: over(server.http) },
    { title: "node:http, cbor-x", subject: "generic", argument: over(server.http, "cbor") },
    { title: "node:http, JSON thrown away", subject: "thrownAway", argument: over(server.http) },
    { title: "node:http, CBOR thrown away", subject: "thrownAway", argument: over(server.http, "cbor") }
  ]
}

/** Lower ratios mean a regression: some two thirds of the measured ones, so that a busy machine does not matter. */
const floors = { json: 2, cbor: 3 }

/** A short check of what must not regress: pages of small records, compared with the stock AWS SDK. */
export const check = async (server: Server, print: (text: string) => void): Promise<Record<string, number>> => {
  const isOfCheck = ({ title }: Way) => title === "the stock AWS SDK" || title.startsWith("KinesisStream.pages")
  const compared = await compare(subjects, ways(server, "page-256").filter(isOfCheck), {
    rounds: 5,
    millis: 500,
    warmUpMillis: 1_500
  })
  print(comparison(titleOf(pageSize("page-256")), "records", compared))
  const [json, cbor] = [compared[1]!.ratio.median, compared[2]!.ratio.median]
  for (const [protocol, ratio] of [["json", json], ["cbor", cbor]] as const) {
    if (ratio < floors[protocol]) {
      process.exitCode = 1
      process.stderr.write(
        `${protocol} is ${ratio.toFixed(2)} times the SDK, at least ${floors[protocol]} is expected\n`
      )
    }
  }
  return { json, cbor }
}

const idleWays = ({ https }: Server): ReadonlyArray<Way> => {
  const argument = (protocol: Argument["protocol"]): Argument => ({ url: https, stream: "page-empty", protocol })
  return [
    { title: "the stock AWS SDK", subject: "sdk", argument: argument("json") },
    { title: "the AWS SDK, HTTP/1.1, no logger", subject: "sdkTuned", argument: argument("json") },
    { title: "KinesisClient.getRecords, JSON", subject: "client", argument: argument("json") },
    { title: "KinesisStream.pages, JSON", subject: "pages", argument: argument("json") },
    { title: "KinesisStream.pages, CBOR", subject: "pages", argument: argument("cbor") }
  ]
}

const titleOf = ({ bytes, records }: PageSize): string =>
  `Pages of ${records.toLocaleString("en-US")} records of ${bytes >= 1024 ? `${bytes / 1024} KiB` : `${bytes} bytes`}`

const of = (compared: ReadonlyArray<Compared>, title: string): Compared => compared.find((way) => way.title === title)!

/** Reading pages through every layer, compared with the stock AWS SDK. */
export const reading = async (server: Server, print: (text: string) => void): Promise<Ratios> => {
  const results = new Map<string, ReadonlyArray<Compared>>()
  for (const name of ["page-256", "page-1k", "page-10k"]) {
    const compared = await compare(subjects, ways(server, name), pace)
    results.set(name, compared)
    print(comparison(titleOf(pageSize(name)), "records", compared))
  }
  const idle = await compare(subjects, idleWays(server), idlePace, { certificateFile: server.certificateFile })
  print(comparison("Empty pages, over TLS", "calls", idle))
  const ratio = (page: string, protocol: string) =>
    of(results.get(page)!, `KinesisStream.pages, ${protocol}`).ratio.median
  return {
    json256: ratio("page-256", "JSON"),
    cbor256: ratio("page-256", "CBOR"),
    json10k: ratio("page-10k", "JSON"),
    cbor10k: ratio("page-10k", "CBOR"),
    idleCpu: of(idle, "KinesisStream.pages, JSON").cpuRatio.median
  }
}
