import type { LocalKinesis } from "@effect-kinesis/local"
import * as Effect from "effect/Effect"
import type * as KinesisServer from "../../KinesisServer.js"
import * as Authorization from "../http/authorization.js"
import type { State } from "../state.js"
import * as WireKnobs from "../wireKnobs.js"
import * as Errors from "./errors.js"

/** A request to the endpoint for whoever runs the server. */
export interface Asked {
  readonly method: string
  /** What follows `/_admin`, without the query. */
  readonly path: string
  readonly query: URLSearchParams
  readonly body: Buffer
}

/** What it answers, in JSON. */
export interface Told {
  readonly status: number
  readonly value: unknown
}

const told = (value: unknown, status = 200): Told => ({ status, value })

const wrong = (error: string, status = 400): Told => told({ error }, status)

type Knob = (target: any) => Effect.Effect<unknown>

const isKnob = (entry: readonly [string, unknown]): entry is readonly [string, Knob] =>
  entry[0] !== "records" && typeof entry[1] === "function"

/** The knobs of the region's engine and of the wire, by name. */
const knobsOf = (local: LocalKinesis.Service, wire: KinesisServer.WireKnobs): Readonly<Record<string, Knob>> => ({
  ...Object.fromEntries([...Object.entries(local), ...Object.entries(wire)].filter(isKnob)),
  clearFaults: () => Effect.zipRight(local.clearFaults, wire.clearFaults)
})

const targetOf = (body: Buffer): object | string => {
  if (body.length === 0) return {}
  try {
    const target: unknown = JSON.parse(body.toString())
    return typeof target === "object" && target !== null ? target : "the body must be an object of JSON"
  } catch (error) {
    return `the body is no JSON: ${error instanceof Error ? error.message : String(error)}`
  }
}

/** In JSON there is no infinity: `"always"` stands for it. Errors are known by name, operations by the API's name, too: `GetRecords`. */
const completed = (name: string, target: Readonly<Record<string, unknown>>): object | string => {
  const { error, operation, times, ...rest } = target
  const called = typeof operation === "string" ? operation.charAt(0).toLowerCase() + operation.slice(1) : operation
  const counted = {
    ...rest,
    ...(called === undefined ? {} : { operation: called }),
    ...(times === undefined ? {} : { times: times === "always" ? Infinity : times })
  }
  if (name !== "fail" && name !== "breakSubscription") return error === undefined ? counted : { ...counted, error }
  const found = Errors.named(error)
  return found === undefined ? `error must be one of ${Errors.names.join(", ")}` : { ...counted, error: found }
}

const turn = (name: string, knob: Knob, body: Buffer): Effect.Effect<Told> => {
  const target = targetOf(body)
  const given = typeof target === "string" ? target : completed(name, target as Readonly<Record<string, unknown>>)
  return typeof given === "string"
    ? Effect.succeed(wrong(given))
    : knob(given).pipe(
      Effect.map((met) => told(typeof met === "number" ? { subscriptions: met } : {})),
      Effect.catchAllDefect((defect) =>
        Effect.succeed(wrong(defect instanceof Error ? defect.message : String(defect)))
      )
    )
}

const shown = ({ data, ...record }: LocalKinesis.WrittenRecord) => ({
  ...record,
  data: Buffer.from(data).toString("base64")
})

/** What the process takes. */
const costs = () => {
  const { system, user } = process.cpuUsage()
  return {
    cpuMillis: Math.round((system + user) / 1000),
    upMillis: Math.round(process.uptime() * 1000),
    rssBytes: process.memoryUsage.rss()
  }
}

const overview = (self: State, knobs: Readonly<Record<string, Knob>>) => ({
  counts: self.counts,
  process: costs(),
  regions: self.regions(),
  get: ["health", "streams", "calls", "subscriptions", "records?stream=NAME"].map((path) => `/_admin/${path}`),
  post: Object.keys(knobs).sort().map((name) => `/_admin/${name}`),
  errorsOfFail: Errors.names,
  guide: "https://github.com/effect-kinesis/effect-kinesis/blob/main/docs/local-server.md#faults"
})

const look = (self: State, { path, query }: Asked, knobs: Readonly<Record<string, Knob>>): Effect.Effect<Told> => {
  const { local, streams } = self.regionOf(query.get("region") ?? self.home)
  switch (path) {
    case "":
    case "/":
      return Effect.sync(() => told(overview(self, knobs)))
    case "/health":
      return Effect.succeed(told({ status: "ok" }))
    case "/streams":
      return Effect.map(streams, told)
    case "/calls":
      return Effect.map(local.calls, told)
    case "/subscriptions":
      return Effect.map(local.subscriptions, told)
    case "/records": {
      const stream = query.get("stream")
      return stream === null
        ? Effect.succeed(wrong("name the stream: /_admin/records?stream=NAME"))
        : Effect.map(
          Effect.zip(local.records(stream), streams),
          ([records, there]) =>
            records.length > 0 || there.some(({ streamName }) => streamName === stream)
              ? told(records.map(shown))
              : wrong(`there is no stream ${stream}; GET /_admin/streams lists those of a region (?region=NAME)`, 404)
        )
    }
    default:
      return Effect.succeed(
        Object.hasOwn(knobs, path.slice(1))
          ? wrong(`${path.slice(1)} is a knob: POST it, with an object of JSON`, 405)
          : wrong(`there is no ${path}; GET /_admin lists what there is`, 404)
      )
  }
}

/** Shows what is there, and turns knobs. `?region=` names another region than the server's own. */
export const answer = (self: State, asked: Asked): Effect.Effect<Told> => {
  const region = asked.query.get("region") ?? self.home
  if (!Authorization.isRegion(region)) {
    return Effect.succeed(wrong(`region must be one such as eu-west-1, was ${JSON.stringify(region)}`))
  }
  const { local } = self.regionOf(region)
  const knobs = knobsOf(local, WireKnobs.make(self))
  if (asked.method === "GET") return look(self, asked, knobs)
  if (asked.method !== "POST") return Effect.succeed(wrong("GET shows what is there, POST turns a knob", 405))
  const name = asked.path.slice(1)
  const knob = Object.hasOwn(knobs, name) ? knobs[name] : undefined
  return knob === undefined
    ? Effect.succeed(wrong(`there is no knob ${name}; the knobs are ${Object.keys(knobs).sort().join(", ")}`, 404))
    : turn(name, knob, asked.body)
}
