import * as Effect from "effect/Effect"
import * as Exit from "effect/Exit"
import * as Option from "effect/Option"
import type { GetRecordsResponse } from "../../KinesisApi.js"
import type { ExpiredIterator, KinesisError } from "../../KinesisError.js"
import { KinesisEvent } from "../../KinesisEvent.js"
import type { KinesisRecord } from "../../KinesisRecord.js"
import type { Page } from "../../Page.js"
import * as RecordsSummary from "../record/recordsSummary.js"
import * as PollState from "../shard/pollState.js"
import * as ReadPacing from "../shard/readPacing.js"
import * as StopRule from "../shard/stopRule.js"
import type { ReadContext } from "./context.js"
import * as EndProof from "./endProof.js"
import * as OutageWatch from "./outageWatch.js"
import * as PageAssembly from "./pageAssembly.js"
import type { PageSource, ShardToRead } from "./pageSource.js"
import * as ReadAhead from "./readAhead.js"
import * as ShardIterator from "./shardIterator.js"

export type Next = Effect.Effect<Page, Option.Option<KinesisError>>

/** A shard that is being polled. */
export interface Poller extends ShardIterator.Polled {
  pacing: ReadPacing.Pacing
  /** The last page, which may end the reading, until it counts as handed on. */
  given: StopRule.PageFacts | undefined
  /** As much was read as was wanted. */
  isEnough: boolean
  /** The shard's end was reached, or the shard has left retention. */
  isAtEnd: boolean
  readonly share: ReadAhead.Share
  /** Made when an answer proves nothing, and released when one does. */
  proof: EndProof.EndProof | undefined
  /** How a request without a source ended that brought no good page: the first attempt of the source's next page. */
  outcome: Exit.Exit<ReadAhead.Fetched, PageFailure> | undefined
  /** The next page, when the shard may be read and there is room; made once for a source, since every poll runs it. */
  page: Next | undefined
}

/** An answer that looks like the shard's end but does not prove it: the state says what to do about it. */
interface Unproven {
  readonly _tag: "Unproven"
  readonly operation: "GetRecords"
}

type PageFailure = KinesisError | ExpiredIterator | Unproven

const unproven: Effect.Effect<never, Unproven> = Effect.fail({ _tag: "Unproven", operation: "GetRecords" })

export const over: Effect.Effect<never, Option.Option<never>> = Effect.fail(Option.none())

export const open = (context: ReadContext, shard: ShardToRead): Poller => ({
  context,
  shard,
  poll: PollState.start(shard.origin, shard.closed),
  pacing: ReadPacing.atOnce,
  given: undefined,
  isEnough: false,
  isAtEnd: false,
  share: context.readAhead.forShard(),
  proof: undefined,
  outcome: undefined,
  page: undefined
})

/** Polls a shard: `PollState` decides, this acts. */
export const source = (self: Poller): PageSource => ({
  next: Effect.suspend(() => nextPage(self)),
  close: Effect.sync(() => ReadAhead.close(self.share))
})

// ---------------------------------------------------------------------------------------------------------------------
// Without a source
//
// A shard whose pages come as they should needs no fiber between them: it is asked when its time has come, and the page
// is handed on. What is left out is what only other cases need: retries, and all that leads to a page or an end without
// a request. So a request that brings no good page is remembered with its outcome, and a source goes on from there as
// if it had made that request itself.
// ---------------------------------------------------------------------------------------------------------------------

/** Counts the last page as handed on. Whether nothing but a request for records is next, at the time that the pacing says. */
export const rests = (self: Poller): boolean => {
  if (isEnough(self)) return false
  if (PollState.command(self.poll, self.context.monotonicMillis())._tag !== "GetRecords") return false
  self.page = undefined
  return true
}

/** The request for the records of a shard that rests and has room for its page. */
export const request = (self: Poller): Effect.Effect<ReadAhead.Fetched, PageFailure> =>
  Effect.suspend(() => getRecords(self))

/** The page that a request brought, if nothing else is to be done about it: otherwise its outcome waits for the source. */
export const answered = (self: Poller, exit: Exit.Exit<ReadAhead.Fetched, PageFailure>): Page | undefined => {
  const { context: { outages }, poll, share } = self
  const isGood = Exit.isSuccess(exit) && OutageWatch.isWell(outages) &&
    !PollState.isSuspect(poll, exit.value.page.millisBehindLatest)
  if (isGood) {
    ReadAhead.keep(share, exit.value)
    return exit.value.page
  }
  self.outcome = exit
  return undefined
}

const step = (self: Poller, event: PollState.PollEvent): void => {
  self.poll = PollState.step(self.poll, event)
}

/** The previous page was handed on: it may have been the last one wanted. */
export const isEnough = (self: Poller): boolean => {
  const { given, share } = self
  share.kept = undefined
  if (given === undefined) return self.isEnough
  const { monotonicMillis, progress, settings: { until } } = self.context
  const isReached = StopRule.pageHandedOn(until, progress, given, monotonicMillis())
  self.given = undefined
  return self.isEnough = isReached && PollState.isOverAfter(self.poll, isClosed(self), until, given)
}

const isClosed = ({ poll, shard: { coordination, shardId } }: Poller): boolean =>
  poll.closed || coordination.hasChildren(shardId)

const nextPage = (self: Poller): Next => self.outcome !== undefined ? page(self) : isEnough(self) ? over : advance(self)

const page = (self: Poller): Next => self.page ??= makePage(self)

const makePage = (self: Poller): Next => {
  const { context, share } = self
  const fetch = ReadAhead.fetching(share, Effect.suspend(() => getRecords(self)))
  const getPage = context.retrying(Effect.suspend(() => {
    const { outcome } = self
    if (outcome !== undefined) {
      self.outcome = undefined
      return ReadAhead.fetched(share, outcome)
    }
    const wait = untilReadable(self)
    return wait === Effect.void ? fetch : Effect.zipRight(wait, fetch)
  }))
  return Effect.matchEffect(getPage, {
    onSuccess: ({ page }) => checked(self, page),
    onFailure: (error) => onPageFailed(self, error)
  })
}

const untilReadable = ({ context, pacing }: Poller): Effect.Effect<void> => {
  const wait = pacing.readableAt - context.monotonicMillis()
  return wait > 0 ? Effect.sleep(wait) : Effect.void
}

/** When the shard may be read its iterator can still be used: idle shards may be read more rarely than that. */
const willBeFresh = ({ pacing: { readableAt }, poll }: Poller): boolean =>
  PollState.command(poll, readableAt)._tag === "GetRecords"

const proof = (self: Poller): EndProof.EndProof => self.proof ??= EndProof.make(self.context, self.shard.shardId)

/**
 * Carries out one command after the other until one of them brings a page, or the end. In the normal case a page takes one step.
 */
const advance = (self: Poller): Next => {
  const command = PollState.command(self.poll, self.context.monotonicMillis())
  switch (command._tag) {
    case "GetRecords":
      return willBeFresh(self) ? page(self) : Effect.zipRight(untilReadable(self), Effect.suspend(() => advance(self)))
    case "GetShardIterator":
      return Effect.matchEffect(ShardIterator.get(self, command.position), {
        onSuccess: () => onIterator(self),
        onFailure: (error) => failed(self, error)
      })
    case "ListShards":
      return Effect.flatMap(proof(self).isOver, (isOver) => {
        step(self, { _tag: "Listed", isOver })
        return advance(self)
      })
    case "Wait":
      return wait(self)
    case "End":
      return end(self, false)
  }
}

const onIterator = (self: Poller): Next => Effect.zipRight(ready(self), Effect.suspend(() => advance(self)))

/** Reading has its place in the shard: tells so the first time. */
export const ready = (self: Poller): Effect.Effect<void> => {
  if (self.poll.announced) return Effect.void
  step(self, { _tag: "Announced" })
  const { coordination, shardId } = self.shard
  return coordination.onReady(shardId)
}

const onPageFailed = (self: Poller, error: PageFailure): Next => {
  if (error._tag === "Unproven") return advance(self)
  if (error._tag !== "ExpiredIterator") return failed(self, error)
  step(self, { _tag: "IteratorExpired" })
  const { context: { emit }, poll, shard: { shardId } } = self
  return Effect.zipRight(
    emit(KinesisEvent.IteratorExpired({ shardId, resumedAt: PollState.position(poll) })),
    Effect.suspend(() => advance(self))
  )
}

/** Not found and not listed, though the stream is: the shard has left retention. */
const failed = (self: Poller, error: KinesisError): Next =>
  error._tag === "ResourceNotFound" && error.shardId === self.shard.shardId
    ? end(self, true)
    : Effect.fail(Option.some(error))

export const end = (self: Poller, lost: boolean): Next => {
  const { context: { emit, outage }, poll, shard: { coordination, shardId } } = self
  if (lost) outage.last = undefined
  self.isAtEnd = true
  const { broughtRecords, childShards } = poll
  return emit(
    lost
      ? KinesisEvent.ShardLost({ shardId, position: PollState.position(poll) })
      : KinesisEvent.ShardEnded({ shardId, childShards: childShards.map((child) => child.shardId) })
  ).pipe(
    Effect.zipRight(Effect.mapError(coordination.onEnd(shardId, { lost, childShards, broughtRecords }), Option.some)),
    Effect.zipRight(over)
  )
}

/** Waits as after a transient failure, then uses the same iterator again. */
const wait = (self: Poller): Next => {
  const { failure: why, wait } = proof(self)
  const failure = why()
  self.context.outage.last = failure
  return Effect.matchEffect(Effect.zipRight(iteratorMissing(self), wait(failure)), {
    onSuccess: () => {
      step(self, { _tag: "Waited" })
      return advance(self)
    },
    onFailure: (error) => Effect.fail(Option.some(error))
  })
}

const iteratorMissing = ({ context: { emit }, poll, shard: { shardId } }: Poller): Effect.Effect<void> =>
  emit(KinesisEvent.IteratorMissing({ shardId, resumedAt: PollState.position(poll) }))

const getRecords = (self: Poller): Effect.Effect<ReadAhead.Fetched, PageFailure> => {
  const { context, poll, shard: { shardId } } = self
  const { client, epochMillis, monotonicMillis, settings, skew } = context
  const { maxRecords, stream } = settings
  const askedAt = monotonicMillis()
  const askedAtServer = epochMillis() - skew.millis
  self.pacing = ReadPacing.asked(settings, askedAt)
  const request = { stream, shardId, shardIterator: poll.shardIterator!, limit: maxRecords }
  const call = ShardIterator.calling(self, client.getRecords(request))
  return Effect.flatMap(call, (response) => received(self, response, askedAtServer))
}

const received = (
  self: Poller,
  response: GetRecordsResponse,
  askedAtServer: number
): Effect.Effect<ReadAhead.Fetched, PageFailure> => {
  const { childShards, millisBehindLatest, nextShardIterator, records } = response
  if (records === undefined) return ShardIterator.lacking(self, "GetRecords", "has no list of records")
  const summary = RecordsSummary.of(records)
  const { askedAt } = self.pacing
  const { bytes } = summary
  self.pacing = ReadPacing.answered(self.context.settings, self.pacing, { bytes, millisBehindLatest })
  const answer = { records, childShards: childShards ?? [], millisBehindLatest, summary, askedAt, askedAtServer }
  return PageAssembly.withUserRecords(
    self.context,
    self.shard,
    answer,
    (users) => paged(self, answer, nextShardIterator, users)
  )
}

const paged = (
  self: Poller,
  answer: PageAssembly.Answer,
  nextShardIterator: string | undefined,
  userRecords: ReadonlyArray<KinesisRecord>
): Effect.Effect<ReadAhead.Fetched, Unproven> => {
  const { context, shard: { shardId } } = self
  const { childShards, millisBehindLatest } = answer
  const records = PollState.unread(self.poll, userRecords)
  step(self, {
    _tag: "PageReceived",
    lastSequenceNumber: answer.records.at(-1)?.sequenceNumber,
    nextShardIterator,
    isParent: PollState.areChildren(childShards, shardId),
    childShards,
    millisBehindLatest,
    at: context.monotonicMillis()
  })
  const { poll } = self
  if (poll.doubt !== undefined) {
    self.pacing = ReadPacing.doubted(context.settings, self.pacing)
    return unproven
  }
  self.proof = undefined
  const fetched = give(self, answer, records)
  const told = PageAssembly.tell(context, fetched)
  const all = poll.shardIterator === undefined && !poll.ended ? Effect.zipRight(told, iteratorMissing(self)) : told
  return all === Effect.void ? Effect.succeed(fetched) : Effect.as(all, fetched)
}

/** The page of an answer or event that was stepped over, which may end the reading. */
export const give = (
  self: Poller,
  answer: PageAssembly.Answer,
  records: ReadonlyArray<KinesisRecord>
): ReadAhead.Fetched => {
  const { context, poll, shard: { shardId } } = self
  const standing = {
    position: PollState.position(poll),
    isAtTip: PollState.isAtTip(poll, answer.millisBehindLatest),
    closed: isClosed(self) || poll.ended
  }
  const fetched = PageAssembly.page(shardId, answer, records, standing)
  self.given = PageAssembly.factsOf(context, answer, fetched, standing)
  return fetched
}

/** A page that may mean that the position lies before the oldest record is handed on only after a check of the retention. */
export const checked = (self: Poller, page: Page): Next =>
  PollState.isSuspect(self.poll, page.millisBehindLatest)
    ? Effect.mapError(Effect.as(checkRetention(self, page), page), Option.some)
    : Effect.succeed(page)

const checkRetention = (self: Poller, { millisBehindLatest = 0 }: Page): Effect.Effect<void, KinesisError> =>
  Effect.gen(function*() {
    const { client, retrying, settings: { stream } } = self.context
    step(self, { _tag: "RetentionChecked" })
    const { retentionPeriodHours } = yield* retrying(client.describeStreamSummary({ stream }))
    const reason = PollState.whyTrimmed(millisBehindLatest, retentionPeriodHours)
    if (reason === undefined) return
    yield* ShardIterator.onTrimmed(self, self.poll.origin, reason, PollState.floorOf(self.poll))
  }).pipe(Effect.catchTag("AccessDenied", () => Effect.void))
