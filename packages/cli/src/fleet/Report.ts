import type { KinesisEvent } from "effect-kinesis"

/** A record whose handler has succeeded. */
export interface Handled {
  readonly at: number
  readonly shardId: string
  readonly sequenceNumber: string
  readonly fencingToken: number
  readonly key: string
  readonly number: number
}

/** A worker's report about itself: one line of JSON on standard output. `at` is the time of day in milliseconds. */
export type Report =
  | { readonly _tag: "Started"; readonly at: number; readonly worker: string }
  | { readonly _tag: "Happened"; readonly at: number; readonly event: Told }
  | { readonly _tag: "Handled" } & Handled
  | { readonly _tag: "Left"; readonly at: number; readonly drained: number; readonly cut: number }

type Words<Event> = Event extends { readonly error: unknown }
  ? { readonly [K in keyof Event]: K extends "error" ? string : Event[K] }
  : Event

/** An event, with the message of its error in place of the error. */
export type Told = Words<KinesisEvent.KinesisEvent>

export const ofEvent = (event: KinesisEvent.KinesisEvent): Told =>
  ("error" in event ? { ...event, error: event.error?.message } : event) as Told

export const toLine = (report: Report): string => `${JSON.stringify(report)}\n`

/** Both ends belong to one program: an incomplete line, whose writer was killed, is not a report. */
export const fromLine = (line: string): Report | undefined => {
  try {
    return JSON.parse(line)
  } catch {
    return undefined
  }
}
