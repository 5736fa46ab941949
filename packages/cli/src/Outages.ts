import type { KinesisEvent } from "effect-kinesis"

type Service = Extract<KinesisEvent.KinesisEvent, { readonly _tag: "OutageBegan" }>["service"]

/** Of each service, whether its calls fail: the first failure was told, or the whole outage. A service that is not here answers. */
export type Outages = ReadonlyMap<Service, "failing" | "out">

export const none: Outages = new Map()

const serviceOf = ({ error }: { readonly error: { readonly _tag: string } }): Service =>
  error._tag === "LeaseStoreError" ? "lease-store" : "kinesis"

/** The state after an event. */
export const happened = (outages: Outages, event: KinesisEvent.KinesisEvent): Outages => {
  switch (event._tag) {
    case "OutageBegan":
      return new Map(outages).set(event.service, "out")
    case "OutageEnded":
      return without(outages, event.service)
    case "CallFailed": {
      const service = serviceOf(event)
      return outages.has(service) ? outages : new Map(outages).set(service, "failing")
    }
    case "PageRead":
      return outages.get("kinesis") === "failing" ? without(outages, "kinesis") : outages
    default:
      return outages
  }
}

const without = (outages: Outages, service: Service): Outages =>
  new Map([...outages].filter(([other]) => other !== service))

/** Whether an event is an attempt like others before it, which says nothing new: the end of the outage has their number. */
export const isRepetition = (outages: Outages, event: KinesisEvent.KinesisEvent): boolean => {
  switch (event._tag) {
    case "CallFailed":
    case "LeaseStoreFailed":
      return outages.has(serviceOf(event))
    case "ListingFailed":
    case "Throttled":
      return outages.get(serviceOf(event)) === "out"
    default:
      return false
  }
}
