import * as Cause from "effect/Cause"
import * as Effect from "effect/Effect"
import * as Option from "effect/Option"
import * as Random from "effect/Random"
import type * as Tracer from "effect/Tracer"
import type { PutRecordsResultEntry } from "../../KinesisApi.js"
import { isExpiredCredentials, type KinesisError, ServiceUnavailable } from "../../KinesisError.js"
import { ProducerEvent } from "../../ProducerEvent.js"
import * as RetrySteps from "../reading/retrySteps.js"
import { loggable, printable } from "../text/causes.js"
import { messageOf } from "../text/describe.js"
import { errorType, system } from "../wire/spans.js"
import * as Answers from "../write/answers.js"
import { entriesOf, type Request } from "../write/state.js"
import type { CallEntry } from "./calls.js"
import * as Happenings from "./happenings.js"
import * as Writer from "./writer.js"

type Results = ReadonlyArray<PutRecordsResultEntry>

/** A record in order says after which number of its shard it comes. */
const putInOrder = ({ client, settings: { stream } }: Writer.Writer, { inOrderOf, parcels }: Request) => {
  const { last, shard } = inOrderOf!
  const { data, explicitHashKey, partitionKey } = parcels[0]!
  const sequenceNumberForOrdering = last?.shardId === shard?.shardId ? last?.sequenceNumber : undefined
  return Effect.map(
    client.putRecord({ stream, data, partitionKey, explicitHashKey, sequenceNumberForOrdering }),
    (result): Results => [result]
  )
}

const miscounted = ({ settings: { stream } }: Writer.Writer, { parcels }: Request, { length }: Results) =>
  new ServiceUnavailable({
    operation: "PutRecords",
    stream,
    description: `the answer has ${length} results for ${parcels.length} records: it is not known which is whose`
  })

const putTogether = (self: Writer.Writer, request: Request): Effect.Effect<Results, KinesisError> =>
  Effect.flatMap(
    self.client.putRecords({ stream: self.settings.stream, records: request.parcels }),
    ({ records }) =>
      records?.length === request.parcels.length
        ? Effect.succeed(records)
        : Effect.fail(miscounted(self, request, records ?? []))
  )

/** More links would make a span larger than the request. */
const mostLinks = 32

const linksOf = ({ parcels }: Request): ReadonlyArray<Tracer.SpanLink> => {
  const spans = new Set<Tracer.AnySpan>()
  for (const parcel of parcels) {
    for (const { call } of entriesOf(parcel) as ReadonlyArray<CallEntry>) {
      if (call.span !== undefined) spans.add(call.span)
      if (spans.size === mostLinks) break
    }
  }
  return Array.from(spans, (span) => ({ _tag: "SpanLink", span, attributes: {} }))
}

/** A trace of its own for each request, with links to those of the callers whose records are in it. */
const spanned = <A, E>(self: Writer.Writer, request: Request, call: Effect.Effect<A, E>): Effect.Effect<A, E> => {
  const name = self.settings.stream.slice(self.settings.stream.lastIndexOf("/") + 1)
  return Effect.tapError(call, (error) => Effect.annotateCurrentSpan(errorType(error))).pipe(
    Effect.withSpan(`send ${name}`, {
      kind: "producer",
      root: true,
      captureStackTrace: false,
      links: linksOf(request),
      attributes: {
        ...system,
        "messaging.operation.name": "send",
        "messaging.operation.type": "send",
        "messaging.destination.name": name,
        "messaging.batch.message_count": request.records
      }
    })
  )
}

const call = (self: Writer.Writer, request: Request): Effect.Effect<Results, KinesisError> => {
  const put = Effect.suspend(() =>
    request.inOrderOf === undefined ? putTogether(self, request) : putInOrder(self, request)
  )
  const once = Effect.retry(put, { times: 1, while: isExpiredCredentials })
  return self.isTraced ? spanned(self, request, once) : once
}

/** A client that dies has not said what became of the records. */
const errorOf = ({ settings: { stream } }: Writer.Writer, cause: Cause.Cause<KinesisError>): KinesisError =>
  Option.getOrElse(Cause.failureOption(cause), () => {
    const thrown = Cause.squash(cause)
    return new ServiceUnavailable({
      operation: "PutRecords",
      stream,
      description: `the client did not answer: ${messageOf(thrown)}`,
      cause: printable(thrown)
    })
  })

const answered = (self: Writer.Writer, request: Request, results: Results): Effect.Effect<void> =>
  Effect.flatMap(Random.next, (jitter) => {
    self.metrics.request("ok")
    return Happenings.apply(self, Answers.answered(self.core, request, results, Writer.now(self), jitter))
  })

/** A schedule of the user's that dies is over. */
const died = (cause: Cause.Cause<never>) =>
  Effect.as(Effect.logWarning("the schedule retry died", loggable(cause)), { _tag: "Over" } as const)

const delayOf = (self: Writer.Writer, request: Request, error: KinesisError): Effect.Effect<Answers.Delay> => {
  if (!Answers.asksForDelay(self.core, request, error)) return Effect.succeed(undefined)
  const at = self.clock.unsafeCurrentTimeMillis()
  return Effect.suspend(() => RetrySteps.next(self.settings.retry, self.retry, error, at)).pipe(
    Effect.map(([state, delay]): Answers.Delay => {
      self.retry = state
      return delay
    }),
    Effect.catchAllCause(died)
  )
}

const failed = (self: Writer.Writer, request: Request, error: KinesisError): Effect.Effect<void> =>
  Effect.gen(function*() {
    const delay = yield* delayOf(self, request, error)
    const jitter = yield* Random.next
    self.metrics.request(error._tag)
    self.trouble = error
    const report = Answers.failed(self.core, request, error, Writer.now(self), delay, jitter)
    yield* Happenings.apply(self, report)
    yield* self.emit(ProducerEvent.RequestFailed({ error, records: request.records }))
    const { refusing } = report
    if (refusing !== undefined) yield* self.emit(ProducerEvent.Refusing({ error, retryInMillis: refusing }))
  })

/** Sends a request, and tells the core how it ended. What comes after the end of the producer changes nothing that was told. */
export const send = (self: Writer.Writer, request: Request): Effect.Effect<void> => {
  const settled = (then: Effect.Effect<void>): Effect.Effect<void> =>
    Effect.suspend(() => {
      if (self.isEnded) return Effect.void
      self.requests.delete(request)
      return then
    })
  return Effect.matchCauseEffect(call(self, request), {
    onSuccess: (results) => settled(answered(self, request, results)),
    onFailure: (cause) => settled(failed(self, request, errorOf(self, cause)))
  }).pipe(Effect.ensuring(Effect.sync(() => self.metrics.underWay(self.core.requestsUnderWay))))
}
